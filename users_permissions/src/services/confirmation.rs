//! Addresses, proven by whoever reads what is mailed to them.

use super::Services;
use super::letters::digest;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{CodePurpose, Email, User};
use crate::store::user_codes::FoundCode;
use crate::store::{self, DbConn, transaction};

impl Services {
    /// Notes that an address is proven; signs nobody in.
    ///
    /// A used code of an address that is still proven is fine: mail scanners open links before people
    /// do, and nothing happens the second time.
    pub(crate) async fn confirm_email(&self, code: Secret) -> Result<()> {
        let hash = digest(code.expose());
        let wanted = hash.clone();
        let found = self.store.run(move |conn| find(conn, &wanted)).await?;
        let (code, user) = found.ok_or_else(invalid)?;
        if code.is_used {
            return still_proven(&user);
        }
        let confirm = move |conn: &mut DbConn| -> Result<bool> {
            store::roles::line_up(conn)?;
            if store::user_codes::consume(conn, CodePurpose::Confirmation, &hash)? {
                return match store::accounts::confirm(conn, code.user, &code.address)? {
                    true => Ok(true),
                    false => Err(invalid()),
                };
            }
            // Somebody has opened the same link at the same moment, and was quicker.
            let (code, user) = find(conn, &hash)?.ok_or_else(invalid)?;
            match code.is_used {
                true => still_proven(&user).map(|()| false),
                false => Err(invalid()),
            }
        };
        let is_new = self
            .change_user(user.id, move |conn| transaction(conn, confirm))
            .await?;
        if is_new {
            tracing::info!(target: "users_permissions::security", user = user.id, "address confirmed");
        }
        Ok(())
    }

    /// Mails the confirmation link again, to whoever has yet to prove this address. The answer tells
    /// nothing of who that is.
    pub(crate) async fn send_confirmation(&self, email: Email) -> Result<()> {
        self.ask_for_code(email, CodePurpose::Confirmation).await
    }

    /// Page a confirmed user is sent to.
    pub(crate) fn confirmation_target(&self) -> String {
        let settings = self.settings.load();
        let target = settings.email_confirmation_redirection.clone();
        target
            .filter(|target| !target.is_empty())
            .unwrap_or_else(|| "/".to_owned())
    }
}

/// A code that proves the address its user has now, used or not.
fn find(conn: &mut DbConn, hash: &str) -> Result<Option<(FoundCode, User)>> {
    let Some(code) = store::user_codes::find(conn, CodePurpose::Confirmation, hash)? else {
        return Ok(None);
    };
    let user = store::users::find(conn, code.user)?;
    let user = user.filter(|user| user.email == code.address);
    Ok(user.map(|user| (code, user)))
}

/// The answer to a code that is used up.
fn still_proven(user: &User) -> Result<()> {
    match user.confirmed {
        true => Ok(()),
        false => Err(invalid()),
    }
}

fn invalid() -> Error {
    Error::validation("Invalid token")
}
