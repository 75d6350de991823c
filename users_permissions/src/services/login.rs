//! Signing in with identifier and password.

use super::{RefreshToken, Services};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{Device, Email, Principal, User, Username};
use crate::store;

/// A finished login: the tokens and whose they are.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) jwt: Option<Secret>,
    /// Where there are sessions.
    pub(crate) refresh: Option<RefreshToken>,
    pub(crate) user: User,
}

/// Somebody who wants to sign in: whom the identifier names, if anybody, and what is counted.
pub(crate) struct Attempt {
    credentials: Option<store::users::Credentials>,
    account: String,
}

impl Attempt {
    /// What attempts at the account are counted by: one and the same for its name and its address.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }
}

/// One text for every way of not being let in.
pub(super) const REFUSED: &str = "Invalid identifier or password";

impl Services {
    /// What attempts at an account are counted by: the canonical address, or, of a name that nobody has,
    /// the name as it is.
    pub(crate) fn account_key(&self, identifier: &str) -> String {
        match Email::parse(identifier) {
            Ok(email) => self.hooks.email_key(&email),
            Err(_) => identifier.to_owned(),
        }
    }

    /// Signs a local user in.
    pub(crate) async fn login(
        &self,
        attempt: Attempt,
        password: Secret,
        device: Device,
    ) -> Result<Login> {
        let user = self.prove(attempt, password).await?;
        let login = self.sign_in(user, device).await?;
        tracing::info!(target: "users_permissions::security", user = login.user.id, "login");
        Ok(login)
    }

    /// Looks up whom an identifier names: with an `@` it is an e-mail address, else a user name. One
    /// statement, whoever is named, and one that a login makes anyway: counting by account costs none.
    pub(crate) async fn attempt(&self, identifier: String) -> Result<Attempt> {
        let (identifier, credentials) = self
            .store
            .run(move |conn| -> store::QueryResult<_> {
                let found = match Email::parse(&identifier) {
                    Ok(email) => store::users::credentials_by_email(conn, &email)?,
                    Err(_) => match Username::parse(&identifier, None) {
                        // Compared as it is: normalising may not turn one name into another's.
                        Ok(username) if username.as_str() == identifier => {
                            store::users::credentials_by_username(conn, &username)?
                        }
                        _ => None,
                    },
                };
                Ok((identifier, found))
            })
            .await?;
        let named = credentials.as_ref().map(|found| found.email.as_str());
        let account = self.account_key(named.unwrap_or(&identifier));
        Ok(Attempt {
            credentials,
            account,
        })
    }

    /// The local user an attempt is at, who has this password and may sign in.
    pub(crate) async fn prove(&self, attempt: Attempt, password: Secret) -> Result<User> {
        let credentials = attempt.credentials;
        let hash = credentials
            .as_ref()
            .and_then(|found| found.password_hash.clone());
        let matches = self.hasher.verify(password.clone(), hash.clone()).await?;
        let Some(known) = credentials.filter(|_| matches) else {
            return Err(Error::validation(REFUSED));
        };
        let user = self
            .store
            .run(move |conn| store::users::find(conn, known.id))
            .await?;
        // A password that was changed while the old one was being checked lets nobody in.
        let current = |user: &User| user.token_version == known.token_version;
        let user = user
            .filter(current)
            .ok_or_else(|| Error::validation(REFUSED))?;
        if self.settings.load().email_confirmation && !user.confirmed {
            return Err(Error::application("Your account email is not confirmed"));
        }
        if user.blocked {
            return Err(Error::application(
                "Your account has been blocked by an administrator",
            ));
        }
        if let Some(hash) = hash.filter(|hash| self.hasher.is_outdated(hash)) {
            self.rehash(&user, hash, password).await;
        }
        Ok(user)
    }

    /// Renews a hash of a lower cost; the login does not depend on it.
    async fn rehash(&self, user: &User, old: String, password: Secret) {
        let id = user.id;
        let renewed = async {
            let new = self.hasher.hash(password).await?;
            self.store
                .run(move |conn| store::users::replace_hash(conn, id, &old, &new))
                .await
        };
        if let Err(error) = renewed.await {
            tracing::warn!(user = id, %error, "the password hash could not be renewed");
        }
    }

    /// The caller a user id stands for, from memory or by one query, two with sessions; `None`: no such user.
    pub(crate) async fn principal(
        &self,
        slot: &super::Slot,
        id: crate::model::UserId,
    ) -> Result<Option<std::sync::Arc<Principal>>> {
        if let Some(known) = slot.current(self.principals.epoch()) {
            return Ok(known.cloned());
        }
        let has_sessions = self.has_sessions();
        let principal = self
            .store
            .run(move |conn| -> store::QueryResult<_> {
                let mut principal = store::users::principal(conn, id)?;
                if let Some(principal) = principal.as_mut().filter(|_| has_sessions) {
                    principal.sessions = store::sessions::ids(conn, id)?;
                }
                Ok(principal)
            })
            .await?;
        Ok(slot.fill(principal).cloned())
    }
}
