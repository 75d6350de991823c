//! The two tokens of a session: one that is shown with every request, and one that renews it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::key_pairs::{ACCESS_TYPE, is_access};
use super::letters::digest;
use super::shared_time::seconds;
use super::tokens::{Proof, Tokens, VerifiedToken};
use crate::clock::{is_over, unix_now};
use crate::config::Secret;
use crate::error::Result;
use crate::model::{Session, SessionId, UserId};

/// Tokens of an admin panel, should it have the same secret, are for another audience.
pub(super) const AUDIENCE: &str = "content-api";

/// `typ` of tokens that renew sessions (RFC 8725, section 3.11): whoever verifies access tokens, here or
/// elsewhere, knows by the header that it is none.
const REFRESH_TYPE: &str = "up-refresh+jwt";

/// What a token is for; it is taken for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Access,
    Refresh,
}

impl Use {
    fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// Strapi's claims, and those that tell tokens of one secret apart (RFC 8725, section 3).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
    user_id: String,
    session_id: String,
    r#type: &'static str,
    iat: u64,
    exp: u64,
    iss: &'a str,
    aud: &'static str,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'a str>,
}

/// Whose session a refresh token belongs to, as its signature proves. Its time may be over.
#[derive(Debug, Clone, Copy)]
pub(super) struct VerifiedRefresh {
    pub(super) user: UserId,
    pub(super) session: SessionId,
    expires_at: u64,
}

impl VerifiedRefresh {
    /// Is its time over, by the clock that sessions are judged by?
    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        is_over(self.expires_at, seconds(now))
    }
}

impl Tokens {
    /// A token for requests; it ends before its session does.
    pub(super) fn access(&self, session: &Session, life: u64) -> Result<Secret> {
        let now = unix_now();
        let exp = seconds_up(session.expires_at).min(now + life);
        self.of_session(session, Use::Access, (now, exp), None)
    }

    /// The token that renews the session from its present times on; `id` makes it unlike any other.
    pub(super) fn refresh(&self, session: &Session, id: &str) -> Result<Secret> {
        let issued = u64::try_from(session.last_active_at.timestamp()).unwrap_or_default();
        let times = (issued, seconds_up(session.expires_at));
        self.of_session(session, Use::Refresh, times, Some(id))
    }

    fn of_session(
        &self,
        session: &Session,
        purpose: Use,
        (iat, exp): (u64, u64),
        jti: Option<&str>,
    ) -> Result<Secret> {
        let claims = Claims {
            user_id: session.user.to_string(),
            session_id: session.id.to_string(),
            r#type: purpose.name(),
            iat,
            exp,
            iss: &self.issuer,
            aud: AUDIENCE,
            sub: subject(session.user),
            jti,
        };
        match purpose {
            Use::Access => self.sign_access(Some(ACCESS_TYPE), &claims),
            // Nobody else's business.
            Use::Refresh => self.sign_as(Some(REFRESH_TYPE), &claims),
        }
    }

    pub(super) fn verify_access(&self, token: &str) -> Option<VerifiedToken> {
        let (claims, _) = self.decode_access(token, |typ| typ.is_some_and(is_access))?;
        let (user_id, session) = self.claimed(&claims, Use::Access)?;
        Some(VerifiedToken {
            user_id,
            proof: Proof::Session(session),
            expires_at: claims.get("exp").and_then(Value::as_u64)?,
            claims: Arc::new(claims),
        })
    }

    /// A refresh token of ours, whether or not its time is over: for that there are the session and the clock of
    /// the database, which the clock of this process may be far from.
    pub(super) fn verify_refresh(&self, token: &str) -> Option<VerifiedRefresh> {
        let claims = self.decode_secret(token, |typ| typ == Some(REFRESH_TYPE))?;
        let (user, session) = self.claimed(&claims, Use::Refresh)?;
        Some(VerifiedRefresh {
            user,
            session,
            expires_at: claims.get("exp").and_then(Value::as_u64)?,
        })
    }

    /// User and session, of claims that are ours, complete, and for this use.
    fn claimed(&self, claims: &Map<String, Value>, purpose: Use) -> Option<(UserId, SessionId)> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("type") != Some(purpose.name()) {
            return None;
        }
        if !claims.get("iat").is_some_and(Value::is_u64) {
            return None;
        }
        let id = text("userId")?;
        let user: UserId = id.parse().ok().filter(|user| *user > 0)?;
        // One spelling only: no sign, no zeros before it.
        if user.to_string() != id || !self.are_of_here(claims, user) {
            return None;
        }
        let session = text("sessionId")?.parse().ok()?;
        Some((user, session))
    }
}

/// What makes the successor of a token: from the token alone, so that it can be made again.
pub(super) fn successor(token: &str) -> String {
    digest(&format!("successor of {token}"))
}

pub(super) fn subject(user: UserId) -> String {
    format!("up:{user}")
}

/// Whole seconds that hold the time; the database knows it exactly.
fn seconds_up(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or_default()
        + u64::from(time.timestamp_subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SigningKeys;
    use chrono::TimeDelta;
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    const SECRET: &str = "unit-test-secret-unit-test-secret";

    fn tokens() -> Tokens {
        Tokens::new(&SigningKeys::parse(SECRET).unwrap(), 600).of_sessions()
    }

    #[test]
    fn each_token_is_for_its_use_only() {
        let (tokens, session) = (tokens(), Session::sample());
        let access = tokens.access(&session, 600).unwrap();
        let refresh = tokens.refresh(&session, "a").unwrap();
        let verified = tokens.verify(access.expose()).unwrap();
        assert_eq!(verified.user_id, 7);
        assert_eq!(verified.proof, Proof::Session(session.id));
        // The session ends sooner than the token would.
        assert!(verified.expires_at <= unix_now() + 61);
        let verified = tokens.verify_refresh(refresh.expose()).unwrap();
        assert_eq!((verified.user, verified.session), (7, session.id));
        assert!(tokens.verify(refresh.expose()).is_none());
        assert!(tokens.verify_refresh(access.expose()).is_none());
        let header = jsonwebtoken::decode_header(refresh.expose()).unwrap();
        assert_eq!(header.typ.as_deref(), Some(REFRESH_TYPE));
        let legacy = Tokens::new(&SigningKeys::parse(SECRET).unwrap(), 600);
        for token in [&access, &refresh] {
            assert!(legacy.verify(token.expose()).is_none());
        }
        assert!(
            tokens
                .verify(legacy.issue(7, 0).unwrap().expose())
                .is_none()
        );
    }

    #[test]
    fn an_access_token_lives_as_long_as_it_may_and_its_session_does() {
        let (tokens, now) = (tokens(), unix_now());
        let ends = |seconds: i64, life: u64| {
            let expires_at = crate::store::now() + TimeDelta::seconds(seconds);
            let session = Session {
                expires_at,
                ..Session::sample()
            };
            let token = tokens.access(&session, life).unwrap();
            tokens.verify(token.expose()).unwrap().expires_at
        };
        assert!(ends(3_600, 600).abs_diff(now + 600) <= 2);
        assert!(ends(600, 3_600).abs_diff(now + 600) <= 2);
    }

    #[test]
    fn a_refresh_token_that_is_over_says_so_and_no_more() {
        let tokens = tokens();
        let expires_at = crate::store::now() - TimeDelta::seconds(60);
        let session = Session {
            expires_at,
            ..Session::sample()
        };
        let refresh = tokens.refresh(&session, "a").unwrap();
        let proven = tokens.verify_refresh(refresh.expose()).unwrap();
        assert_eq!((proven.user, proven.session), (7, session.id));
        assert!(proven.is_over(expires_at + TimeDelta::seconds(1)));
        assert!(!proven.is_over(expires_at - TimeDelta::seconds(1)));
        let access = tokens.access(&session, 600).unwrap();
        assert!(tokens.verify(access.expose()).is_none());
        // A time it has to have.
        let verify = |exp: Value| {
            let mut claims = json!({
                "userId": "7", "sessionId": session.id.to_string(), "type": "refresh", "iat": 0,
                "iss": "users-permissions", "aud": AUDIENCE, "sub": "up:7",
            });
            claims["exp"] = exp;
            let token = tokens.sign_as(Some(REFRESH_TYPE), &claims).unwrap();
            tokens.verify_refresh(token.expose()).is_some()
        };
        assert!(verify(json!(1)));
        for exp in [json!(null), json!("1"), json!(-1), json!([1]), json!(1.5)] {
            assert!(!verify(exp.clone()), "{exp}");
        }
    }

    #[test]
    fn a_time_within_a_second_is_held_by_the_next() {
        let time = |nanos: u32| DateTime::from_timestamp(1_000, nanos).unwrap();
        assert_eq!(seconds_up(time(0)), 1_000);
        assert_eq!(
            [seconds_up(time(1)), seconds_up(time(999_999_999))],
            [1_001; 2]
        );
        assert_eq!(seconds_up(DateTime::from_timestamp(-5, 0).unwrap()), 0);
    }

    #[test]
    fn a_successor_can_be_made_again_and_differs_from_its_like() {
        let (tokens, session) = (tokens(), Session::sample());
        let make = |id: &str| tokens.refresh(&session, id).unwrap().expose().to_owned();
        assert_eq!(make(&successor("a")), make(&successor("a")));
        assert_ne!(make(&successor("a")), make(&successor("b")));
    }

    #[test]
    fn claims_that_are_not_ours_are_refused() {
        let good = json!({
            "userId": "7", "sessionId": SessionId::random().to_string(), "type": "access",
            "iat": unix_now(), "exp": unix_now() + 60, "iss": "users-permissions", "aud": AUDIENCE, "sub": "up:7",
        });
        let verify_as = |typ: Option<&str>, claims: &Value| {
            let key = EncodingKey::from_secret(SECRET.as_bytes());
            let header = Header {
                typ: typ.map(str::to_owned),
                ..Header::default()
            };
            let token = jsonwebtoken::encode(&header, claims, &key).unwrap();
            tokens().verify(&token).is_some()
        };
        let verify = |claims: &Value| verify_as(Some(ACCESS_TYPE), claims);
        assert!(verify(&good) && verify_as(Some("AT+JWT"), &good));
        for typ in [None, Some("JWT"), Some(REFRESH_TYPE), Some("at+jwt ")] {
            assert!(!verify_as(typ, &good), "{typ:?}");
        }
        let bad = [
            ("userId", json!(7)),
            ("userId", json!("07")),
            ("userId", json!("+7")),
            ("userId", json!("7 ")),
            ("userId", json!("8")),
            ("userId", json!("-7")),
            ("userId", json!("0")),
            ("sub", json!("7")),
            ("sub", json!("admin:7")),
            ("sessionId", json!("x")),
            ("sessionId", json!(null)),
            ("sessionId", json!(["a"])),
            ("type", json!("refresh")),
            ("type", json!("Access")),
            ("type", json!(["access"])),
            ("aud", json!("admin")),
            ("aud", json!([AUDIENCE])),
            ("iss", json!("https://evil.example")),
            ("iat", json!("0")),
            ("iat", json!(null)),
            ("exp", json!(unix_now() - 1)),
            ("exp", json!("9999999999")),
        ];
        for (name, value) in bad {
            let mut claims = good.clone();
            claims[name] = value.clone();
            if value == "0" && name == "userId" {
                claims["sub"] = json!("up:0");
            }
            assert!(!verify(&claims), "{name}: {value}");
        }
        for name in [
            "userId",
            "sessionId",
            "type",
            "iat",
            "exp",
            "iss",
            "aud",
            "sub",
        ] {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(name);
            assert!(!verify(&claims), "without {name}");
        }
    }
}
