//! Passwords: changed by who knows the old one, or reset by who reads the user's mail.

use super::claims::keep_out_others;
use super::letters::digest;
use super::{Login, Services};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{CodePurpose, Device, Email, SessionId, User, UserId};
use crate::store::accounts::PasswordChange;
use crate::store::{self, DbConn, transaction};

/// A new password and the old one.
#[derive(Debug)]
pub(crate) struct PasswordUpdate {
    pub(crate) current: Secret,
    pub(crate) new: Secret,
}

impl Services {
    /// Changes the password of a signed-in user: ends every token and session, tells the user, and signs it
    /// in anew. What the session it calls from knows of its device is kept.
    pub(crate) async fn change_password(
        &self,
        id: UserId,
        update: PasswordUpdate,
        device: Device,
        session: Option<SessionId>,
    ) -> Result<Login> {
        let PasswordUpdate { current, new } = update;
        let (user, old, device) = self
            .store
            .run(move |conn| -> Result<_> {
                let user = store::users::find(conn, id)?.ok_or(GONE)?;
                let old = store::accounts::password_hash(conn, id)?.flatten();
                Ok((user, old, same_device(conn, session, device)?))
            })
            .await?;
        let Some(old) = old else {
            return Err(Error::application(
                "This account has no password: it signs in with its provider",
            ));
        };
        let matches = self
            .hasher
            .verify(current.clone(), Some(old.clone()))
            .await?;
        if !matches {
            tracing::warn!(target: "users_permissions::security", user = id, "change of a password refused");
            return Err(Error::validation(WRONG_CURRENT));
        }
        if current.expose() == new.expose() {
            return Err(Error::validation(
                "Your new password must be different than your current password",
            ));
        }
        let hash = self.judge_and_hash(&user, new).await?;
        let letters = self.letters.clone();
        let change = move |conn: &mut DbConn| -> Result<User> {
            store::roles::line_up(conn)?;
            let change = PasswordChange {
                hash: &hash,
                old_hash: Some(&old),
            };
            let user = store::accounts::set_password(conn, id, change)?;
            // Somebody else was faster; the old password is the old one's no more.
            let user = user.ok_or_else(|| Error::validation(WRONG_CURRENT))?;
            letters.password_changed(conn, &user)?;
            Ok(user)
        };
        let user = self
            .change_user(id, move |conn| transaction(conn, change))
            .await;
        self.finish_password_change(id, user, device).await
    }

    /// Mails a code to the local user of this address. What is answered, and when, does not depend on
    /// whether there is one.
    pub(crate) async fn forgot_password(&self, email: Email) -> Result<()> {
        self.ask_for_code(email, CodePurpose::Reset).await
    }

    /// Sets a password for whoever holds the code, ends every token, and signs the user in.
    pub(crate) async fn reset_password(
        &self,
        code: Secret,
        new: Secret,
        device: Device,
    ) -> Result<Login> {
        let hash_of_code = digest(code.expose());
        let wanted = hash_of_code.clone();
        // Whoever guesses is turned away before a password is hashed.
        let owner = self
            .store
            .run(move |conn| code_owner(conn, CodePurpose::Reset, &wanted))
            .await?;
        let user = owner.ok_or_else(incorrect_code)?;
        let id = user.id;
        let hash = self.judge_and_hash(&user, new).await?;
        let letters = self.letters.clone();
        let change = move |conn: &mut DbConn| -> Result<User> {
            store::roles::line_up(conn)?;
            if !store::user_codes::consume(conn, CodePurpose::Reset, &hash_of_code)? {
                return Err(incorrect_code());
            }
            let change = PasswordChange {
                hash: &hash,
                old_hash: None,
            };
            let user = store::accounts::set_password(conn, id, change)?;
            let user = user.ok_or_else(incorrect_code)?;
            keep_out_others(conn, &user)?;
            letters.password_changed(conn, &user)?;
            Ok(user)
        };
        let user = self
            .change_user(id, move |conn| transaction(conn, change))
            .await;
        self.finish_password_change(id, user, device).await
    }

    async fn judge_and_hash(&self, user: &User, new: Secret) -> Result<String> {
        self.check_password(&new, &user.username, &user.email)
            .await?;
        self.hasher.hash(new).await
    }

    async fn finish_password_change(
        &self,
        id: UserId,
        changed: Result<User>,
        device: Device,
    ) -> Result<Login> {
        let user = changed?;
        self.letters.post();
        tracing::info!(target: "users_permissions::security", user = id, "password changed");
        self.sign_in(user, device).await
    }
}

/// The device with what is known of it where the caller is signed in.
fn same_device(conn: &mut DbConn, session: Option<SessionId>, device: Device) -> Result<Device> {
    let session = match session {
        Some(id) => {
            let now = store::shared_now(conn)?;
            store::sessions::find(conn, id, now)?
        }
        None => None,
    };
    Ok(match session {
        Some(session) => Device {
            id: session.device.id,
            name: device.name,
            in_cookie: device.in_cookie || session.device.in_cookie,
        },
        None => device,
    })
}

pub(super) const GONE: Error = Error::Unauthorized("Invalid credentials");
pub(super) const WRONG_CURRENT: &str = "The provided current password is invalid";

fn incorrect_code() -> Error {
    Error::validation("Incorrect code provided")
}

/// The user a live code belongs to, if it is one that may use it.
fn code_owner(conn: &mut DbConn, purpose: CodePurpose, hash: &str) -> Result<Option<User>> {
    let code = store::user_codes::find(conn, purpose, hash)?.filter(|code| !code.is_used);
    let Some(code) = code else { return Ok(None) };
    if store::proofs::is_doubted(conn, code.user)? {
        return Ok(None);
    }
    let user = store::users::find(conn, code.user)?;
    Ok(user.filter(|user| !user.blocked && user.provider == "local" && user.email == code.address))
}
