//! Who a user is at providers: listed, linked, unlinked.

use std::sync::Arc;

use chrono::TimeDelta;

use super::changes::note;
use super::claims::recognise;
use super::recovery::{GONE, WRONG_CURRENT};
use super::social_login::person;
use super::{Actor, Services};
use crate::clock::unix_now;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{ChangeKind, Difference, Identity, MailKind, NewMail, SessionId, User, UserId};
use crate::store::{self, Conflict, DbConn, transaction};

/// A login that may stand for a password is not older.
const RECENT: TimeDelta = TimeDelta::minutes(10);

/// A login at a provider that shall be the user's, and what shows who asks.
#[derive(Debug)]
pub(crate) struct NewLink {
    pub(crate) provider: String,
    pub(crate) ticket: Option<String>,
    pub(crate) verifier: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) signed_in: SignedIn,
}

/// By what the caller is signed in, and since when, in seconds since 1970; `None`: nobody knows.
#[derive(Debug, Clone)]
pub(crate) enum SignedIn {
    /// Since the session began.
    Session(SessionId),
    /// A token without a session, made by a login.
    Token { version: i32, since: Option<u64> },
    /// A token of a trusted issuer.
    Attested {
        issuer: String,
        subject: String,
        since: Option<u64>,
    },
}

impl Services {
    /// Who the user is at providers.
    pub(crate) async fn identities(&self, user: UserId) -> Result<Vec<Identity>> {
        self.store
            .run(move |conn| store::identities::of_user(conn, user))
            .await
    }

    /// Links a finished login at a provider with a user who is signed in.
    pub(crate) async fn link_identity(&self, user: UserId, link: NewLink) -> Result<Vec<Identity>> {
        let provider = self.enabled_provider(&link.provider)?;
        let version = self
            .prove_again(user, link.password, link.signed_in)
            .await?;
        let arrived = self
            .redeem(&provider, link.ticket.as_deref(), link.verifier.as_deref())
            .await?;
        let (person, profile) = (person(&provider, &arrived.profile), arrived.profile);
        let (mails, display) = (Arc::clone(&self.mails), provider.provider.display.clone());
        let write = move |conn: &mut DbConn| -> Result<()> {
            // What has ended every token meanwhile has ended this request, too.
            if !store::sessions::hold_user(conn, user, version)? {
                return Err(GONE);
            }
            let owner = store::identities::user_of(
                conn,
                &person.provider,
                &person.issuer,
                &person.subject,
            )?;
            match owner {
                Some(owner) if owner == user => return Ok(()),
                Some(_) => return Err(taken()),
                None => {}
            }
            let found = store::users::find(conn, user)?.ok_or(GONE)?;
            store::identities::insert(conn, user, &person, store::now()).map_err(|error| {
                match store::conflict(&error) {
                    Some(Conflict::Taken) => taken(),
                    _ => error.into(),
                }
            })?;
            recognise(conn, &found, &profile)?;
            mails.queue(
                conn,
                NewMail::new(MailKind::ProviderLinked, &found).provider(&display),
            )
        };
        self.store.run(move |conn| transaction(conn, write)).await?;
        self.mails.wake();
        tracing::info!(target: "users_permissions::security", user, provider = provider.name, "provider linked");
        self.identities(user).await
    }

    /// Whoever has a password has to know it, and whoever has none to have signed in lately: a session
    /// that was left open links nothing. The version of the tokens that this holds for.
    async fn prove_again(
        &self,
        user: UserId,
        password: Option<Secret>,
        signed_in: SignedIn,
    ) -> Result<i32> {
        let read = move |conn: &mut DbConn| -> Result<(User, Option<String>, bool)> {
            let found = store::users::find(conn, user)?.ok_or(GONE)?;
            let hash = store::accounts::password_hash(conn, user)?.flatten();
            let is_recent = match hash {
                Some(_) => false,
                None => is_recent(conn, &found, &signed_in)?,
            };
            Ok((found, hash, is_recent))
        };
        let (found, hash, is_recent) = self.store.run(read).await?;
        let Some(hash) = hash else {
            return match is_recent {
                true => Ok(found.token_version),
                false => Err(Error::Denied(SIGN_IN_AGAIN.to_owned())),
            };
        };
        let password = password.ok_or_else(|| {
            Error::field("currentPassword", "currentPassword is a required field")
        })?;
        match self.hasher.verify(password, Some(hash)).await? {
            true => Ok(found.token_version),
            false => Err(Error::validation(WRONG_CURRENT)),
        }
    }

    /// Unlinks a provider, unless it is the last way in. Who does that for another is in the log of changes.
    pub(crate) async fn unlink_identity(
        &self,
        actor: Option<Actor>,
        user: UserId,
        id: i32,
    ) -> Result<()> {
        let by = actor.as_ref().map_or(Some(user), Actor::id);
        // Those a login would take: not one that lacks a setting, or whose secret cannot be opened any more.
        let usable = self.enabled_providers();
        let is_usable = move |name: &str| usable.iter().any(|provider| provider.name == name);
        let write = move |conn: &mut DbConn| -> Result<()> {
            // In line: of two who unlink at once the second sees what the first has left.
            store::roles::line_up(conn)?;
            let all = store::identities::of_user(conn, user)?;
            let unlinked = all.iter().find(|identity| identity.id == id);
            let unlinked = unlinked.ok_or(Error::NotFound("Identity not found"))?;
            let found = store::users::find(conn, user)?.ok_or(Error::NotFound("User not found"))?;
            let has_password = found.provider == "local"
                && store::accounts::password_hash(conn, user)?
                    .flatten()
                    .is_some();
            let other = all
                .iter()
                .any(|identity| identity.id != id && is_usable(&identity.person.provider));
            if !has_password && !other {
                return Err(Error::application(
                    "The last way to sign in cannot be removed",
                ));
            }
            store::identities::delete(conn, user, id)?;
            let Some(actor) = &actor else { return Ok(()) };
            let told = Difference {
                field: "identity".to_owned(),
                old: Some(unlinked.person.provider.clone()),
                new: None,
            };
            let target = (Some(user), found.username.as_str());
            note(conn, actor, ChangeKind::IdentityUnlinked, target, &[told])
        };
        // Tokens of an issuer that was unlinked are looked at anew.
        self.change_user(user, move |conn| transaction(conn, write))
            .await?;
        tracing::info!(target: "users_permissions::security", user, actor = by, "provider unlinked");
        Ok(())
    }
}

const SIGN_IN_AGAIN: &str =
    "To link a provider, sign in again with one that is linked, and return within ten minutes";

/// Has the caller signed in within a few minutes, by what is still a way in? Other instances may have ended it,
/// so the database is asked. Sessions are of its clock, tokens of ours.
fn is_recent(conn: &mut DbConn, user: &User, signed_in: &SignedIn) -> Result<bool> {
    let since = match signed_in {
        SignedIn::Session(id) => {
            let now = store::shared_now(conn)?;
            let session = store::sessions::find(conn, *id, now)?;
            let session = session.filter(|session| session.user == user.id);
            return Ok(session.is_some_and(|session| now - session.created_at <= RECENT));
        }
        SignedIn::Token { version, since } => since.filter(|_| *version == user.token_version),
        SignedIn::Attested {
            issuer,
            subject,
            since,
        } => {
            let owner = store::identities::user_of_subject(conn, issuer, subject)?;
            since.filter(|_| owner == Some(user.id))
        }
    };
    let (now, life) = (unix_now(), RECENT.num_seconds().unsigned_abs());
    // A clock that was set back must not stretch anything.
    Ok(since.is_some_and(|since| since <= now + 60 && now.saturating_sub(since) <= life))
}

fn taken() -> Error {
    Error::application("This account of the provider belongs to another user")
}
