//! Who a user is at providers: listed, linked, unlinked.

use std::sync::Arc;

use super::changes::note;
use super::recovery::WRONG_CURRENT;
use super::social_login::person;
use super::{Actor, Services};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{ChangeKind, Difference, Identity, MailKind, NewMail, UserId};
use crate::store::{self, Conflict, DbConn, transaction};

/// A login at a provider that shall be the user's, and the password that shows who asks.
#[derive(Debug)]
pub(crate) struct NewLink {
    pub(crate) provider: String,
    pub(crate) ticket: Option<String>,
    pub(crate) verifier: Option<String>,
    pub(crate) password: Option<Secret>,
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
        self.prove_again(user, link.password).await?;
        let arrived = self
            .redeem(&provider, link.ticket.as_deref(), link.verifier.as_deref())
            .await?;
        let person = person(&provider, &arrived.profile);
        let (mails, display) = (Arc::clone(&self.mails), provider.provider.display.clone());
        let write = move |conn: &mut DbConn| -> Result<()> {
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
            let found = store::users::find(conn, user)?.ok_or(Error::NotFound("User not found"))?;
            store::identities::insert(conn, user, &person, store::now()).map_err(|error| {
                match store::conflict(&error) {
                    Some(Conflict::Taken) => taken(),
                    _ => error.into(),
                }
            })?;
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

    /// Whoever has a password has to know it: a session that was left open links nothing.
    async fn prove_again(&self, user: UserId, password: Option<Secret>) -> Result<()> {
        let hash = self
            .store
            .run(move |conn| -> store::QueryResult<_> {
                Ok(store::accounts::password_hash(conn, user)?.flatten())
            })
            .await?;
        let Some(hash) = hash else { return Ok(()) };
        let password = password.ok_or_else(|| {
            Error::field("currentPassword", "currentPassword is a required field")
        })?;
        match self.hasher.verify(password, Some(hash)).await? {
            true => Ok(()),
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
        let providers = self.settings.providers_full();
        let registry = Arc::clone(&self.hooks.providers);
        let is_usable = move |name: &str| match providers.get(name) {
            Some(stored) => stored.settings.enabled,
            None => registry
                .get(name)
                .is_some_and(|known| known.defaults.enabled),
        };
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

fn taken() -> Error {
    Error::application("This account of the provider belongs to another user")
}
