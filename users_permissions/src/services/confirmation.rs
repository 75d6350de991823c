//! Addresses, proven by whoever reads what is mailed to them.

use super::Services;
use super::letters::digest;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{CodePurpose, Email};
use crate::store::{self, DbConn, transaction};

impl Services {
    /// Notes that an address is proven; signs nobody in.
    ///
    /// A used code of an address that is still proven is fine: mail scanners open links before people
    /// do, and nothing happens the second time.
    pub(crate) async fn confirm_email(&self, code: Secret) -> Result<()> {
        let hash = digest(code.expose());
        let wanted = hash.clone();
        let found = self
            .store
            .run(move |conn| -> Result<_> {
                let Some(code) = store::user_codes::find(conn, CodePurpose::Confirmation, &wanted)?
                else {
                    return Ok(None);
                };
                let user = store::users::find(conn, code.user)?;
                Ok(user
                    .filter(|user| user.email == code.address)
                    .map(|user| (code, user)))
            })
            .await?;
        let (code, user) = found.ok_or_else(invalid)?;
        if code.is_used {
            return if user.confirmed {
                Ok(())
            } else {
                Err(invalid())
            };
        }
        let confirm = move |conn: &mut DbConn| -> Result<()> {
            store::roles::line_up(conn)?;
            let proven = store::user_codes::consume(conn, CodePurpose::Confirmation, &hash)?
                && store::accounts::confirm(conn, code.user, &code.address)?;
            if proven { Ok(()) } else { Err(invalid()) }
        };
        self.change_user(user.id, move |conn| transaction(conn, confirm))
            .await?;
        tracing::info!(target: "users_permissions::security", user = user.id, "address confirmed");
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

fn invalid() -> Error {
    Error::validation("Invalid token")
}
