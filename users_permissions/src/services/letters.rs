//! Mails with a code, and mails that tell of a change: written in the transaction of what they are about.

use std::sync::Arc;

use rand::Rng as _;
use sha2::{Digest, Sha256};

use super::Mails;
use crate::config::{CodeLife, Secret};
use crate::error::Result;
use crate::model::{CodePurpose, Email, MailKind, NewMail, User};
use crate::store::user_codes::NewUserCode;
use crate::store::{self, DbConn};

/// Writes the mails of the account flows. Cheap to clone into a transaction.
#[derive(Debug, Clone)]
pub(crate) struct Letters {
    mails: Arc<Mails>,
    life: CodeLife,
}

impl Letters {
    pub(super) fn new(mails: Arc<Mails>, life: CodeLife) -> Self {
        Self { mails, life }
    }

    /// Makes a code, voids the older one of its purpose, and mails it to the stored address.
    pub(super) fn send_code(
        &self,
        conn: &mut DbConn,
        purpose: CodePurpose,
        user: &User,
    ) -> Result<()> {
        let (kind, life) = match purpose {
            CodePurpose::Reset => (MailKind::ResetPassword, self.life.reset),
            CodePurpose::Confirmation => (MailKind::Confirmation, self.life.confirmation),
        };
        let code = new_code(purpose.bytes());
        let new = NewUserCode {
            user: user.id,
            purpose,
            hash: &digest(code.expose()),
            address: &user.email,
            life,
        };
        store::user_codes::replace(conn, new)?;
        self.mails.queue(conn, NewMail::new(kind, user).code(&code))
    }

    /// Voids the codes of a user whose password was changed, and tells the user.
    pub(super) fn password_changed(&self, conn: &mut DbConn, user: &User) -> Result<()> {
        store::user_codes::void(conn, user.id)?;
        self.mails
            .queue(conn, NewMail::new(MailKind::PasswordChanged, user))
    }

    /// Voids the codes of a user whose address was changed, tells the old address, and asks the new
    /// one for a proof, unless it was vouched for: without one no password can be reset.
    pub(super) fn email_changed(
        &self,
        conn: &mut DbConn,
        user: &User,
        before: &User,
    ) -> Result<()> {
        store::user_codes::void(conn, user.id)?;
        // An imported address that nothing can be mailed to is no reason to keep it.
        if let Ok(old) = Email::parse(&before.email) {
            let notice = NewMail::new(MailKind::EmailChanged, user).to(&old);
            self.mails.queue(conn, notice)?;
        }
        if !user.confirmed {
            self.send_code(conn, CodePurpose::Confirmation, user)?;
        }
        Ok(())
    }

    /// Has the mails sent; call it after the commit.
    pub(super) fn post(&self) {
        self.mails.wake();
    }
}

/// A code of so many random bytes, in hexadecimal digits.
pub(super) fn new_code(bytes: usize) -> Secret {
    let mut random = [0u8; 64];
    rand::rng().fill_bytes(&mut random);
    Secret::from(hex(random.get(..bytes).unwrap_or(&random)))
}

/// What is stored of a code.
pub(super) fn digest(code: &str) -> String {
    hex(&Sha256::digest(code.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_long_hexadecimal_and_never_the_same() {
        let mut seen = std::collections::HashSet::new();
        for purpose in [CodePurpose::Reset, CodePurpose::Confirmation] {
            for _ in 0..50_000 {
                let code = new_code(purpose.bytes());
                let code = code.expose();
                assert_eq!(code.len(), purpose.bytes() * 2);
                assert!(code.bytes().all(|byte| byte.is_ascii_hexdigit()));
                assert!(seen.insert(code.to_owned()));
            }
        }
        assert_eq!(digest("").len(), 64);
    }
}
