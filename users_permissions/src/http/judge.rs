//! Whether a verified token is still good for its user.

use std::sync::Arc;

use crate::clock::is_over;
use crate::error::Error;
use crate::model::Principal;
use crate::services::{Proof, VerifiedToken};

/// A token that does not verify, or none where one is needed.
pub(super) const MISSING: Error = Error::Unauthorized("Missing or invalid credentials");
/// A good token of a user who is gone, blocked or unconfirmed.
pub(super) const INVALID: Error = Error::Unauthorized("Invalid credentials");

/// The user, unless its token is over at this time, or was ended. `is_confirming`: do addresses have to be
/// confirmed?
#[inline]
pub(super) fn judge<'a>(
    token: &VerifiedToken,
    principal: Option<&'a Arc<Principal>>,
    is_confirming: impl FnOnce() -> bool,
    now: u64,
) -> Result<&'a Arc<Principal>, Error> {
    if is_over(token.expires_at, now) {
        return Err(MISSING);
    }
    let principal = match (principal, token.proof) {
        (Some(principal), _) => principal,
        (None, Proof::Version(_) | Proof::Attested) => return Err(INVALID),
        // As Strapi says it.
        (None, Proof::Session(_)) => return Err(MISSING),
    };
    let is_outdated = match token.proof {
        Proof::Version(version) => principal.token_version != version,
        Proof::Session(_) | Proof::Attested => false,
    };
    if principal.blocked || is_outdated {
        return Err(INVALID);
    }
    if !knows(principal, token) {
        return Err(MISSING);
    }
    if !principal.confirmed && is_confirming() {
        return Err(INVALID);
    }
    Ok(principal)
}

/// Does the session of the token live? Tokens without one know no such end.
#[inline]
pub(super) fn knows(principal: &Principal, token: &VerifiedToken) -> bool {
    match token.proof {
        Proof::Version(_) | Proof::Attested => true,
        Proof::Session(id) => principal.sessions.contains(&id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SessionId, UserRoles};

    fn token(proof: Proof) -> VerifiedToken {
        VerifiedToken {
            user_id: 7,
            proof,
            expires_at: 1_000,
            claims: Arc::default(),
        }
    }

    fn user(change: impl FnOnce(&mut Principal)) -> Arc<Principal> {
        let mut user = Principal {
            id: 7,
            username: "ann".to_owned(),
            email: "ann@example.com".to_owned(),
            roles: UserRoles::new(1, []),
            blocked: false,
            confirmed: true,
            token_version: 3,
            sessions: Vec::new(),
        };
        change(&mut user);
        Arc::new(user)
    }

    /// The words of the refusal; nothing where there is none.
    fn refusal(token: &VerifiedToken, user: Option<&Arc<Principal>>, confirming: bool) -> String {
        match judge(token, user, || confirming, 999) {
            Ok(user) => format!("user {}", user.id),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_reason_to_refuse_is_one_for_itself() {
        let session = SessionId::random();
        let signed_in = |user: &mut Principal| user.sessions = vec![SessionId::random(), session];
        let (missing, invalid, good) = (MISSING.to_string(), INVALID.to_string(), "user 7");
        for proof in [Proof::Version(3), Proof::Session(session), Proof::Attested] {
            let token = token(proof);
            let with = |change: fn(&mut Principal)| {
                user(|user| {
                    signed_in(user);
                    change(user);
                })
            };
            assert_eq!(refusal(&token, Some(&with(|_| {})), true), good);
            assert_eq!(
                refusal(&token, Some(&with(|user| user.blocked = true)), false),
                invalid
            );
            let unconfirmed = with(|user| user.confirmed = false);
            assert_eq!(refusal(&token, Some(&unconfirmed), true), invalid);
            assert_eq!(refusal(&token, Some(&unconfirmed), false), good);
            let gone = match proof {
                Proof::Session(_) => &missing,
                _ => &invalid,
            };
            assert_eq!(refusal(&token, None, false), *gone);
            // A new password: the version moves, and the sessions go.
            let renewed = with(|user| (user.token_version, user.sessions) = (4, Vec::new()));
            let ended = match proof {
                Proof::Version(_) => invalid.as_str(),
                Proof::Session(_) => missing.as_str(),
                Proof::Attested => good,
            };
            assert_eq!(refusal(&token, Some(&renewed), false), ended);
        }
    }

    #[test]
    fn a_token_is_over_at_its_time() {
        let (token, user) = (token(Proof::Version(3)), user(|_| {}));
        for (now, is_good) in [(0, true), (999, true), (1_000, false), (1_001, false)] {
            let judged = judge(&token, Some(&user), || true, now);
            assert_eq!(judged.is_ok(), is_good, "{now}");
            assert!(is_good || judged.is_err_and(|error| error.to_string() == MISSING.to_string()));
        }
    }
}
