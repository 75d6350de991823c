//! What administrators do for users beside changing them.

use super::changes::note;
use super::letters::new_code;
use super::users::find_account;
use super::{Account, Actor, Delivery, NewAccount, Services};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{ChangeKind, CodePurpose, UserId, UserPatch};
use crate::store::{self, DbConn, transaction};

impl Services {
    /// Creates a user who chooses the password by a mailed link; the one given here is replaced by one
    /// that nobody knows.
    pub(crate) async fn invite_user(&self, actor: Actor, new: NewAccount) -> Result<Account> {
        self.check_mail()?;
        let unknown = format!("Aa1-{}", new_code(24).expose());
        let new = NewAccount {
            password: Secret::from(unknown),
            ..new
        };
        let account = self.create_user(actor, new).await?;
        self.mail_code(account.user.id, CodePurpose::Reset).await?;
        Ok(account)
    }

    /// Mails a code to a user: to choose a password, or to prove the address.
    pub(crate) async fn mail_code(&self, id: UserId, purpose: CodePurpose) -> Result<()> {
        self.check_mail()?;
        let user = self.user(id).await?.user;
        let doubted = move |conn: &mut DbConn| store::proofs::is_doubted(conn, id);
        let is_doubted = self.store.run(doubted).await?;
        let refusal = match purpose {
            _ if user.blocked => Some("The user is blocked"),
            CodePurpose::Confirmation if user.confirmed => Some("The address is confirmed already"),
            CodePurpose::Reset if user.provider != "local" => {
                Some("The user signs in with a provider and has no password")
            }
            CodePurpose::Reset if is_doubted => {
                Some("The address was changed and is not confirmed yet")
            }
            _ => None,
        };
        if let Some(refusal) = refusal {
            return Err(Error::application(refusal));
        }
        let letters = self.letters.clone();
        let write = move |conn: &mut DbConn| letters.send_code(conn, purpose, &user);
        self.store.run(move |conn| transaction(conn, write)).await?;
        self.letters.post();
        tracing::info!(target: "users_permissions::security", user = id, ?purpose, "code sent by an administrator");
        Ok(())
    }

    fn check_mail(&self) -> Result<()> {
        match self.mails.delivery() {
            Delivery::None => Err(Error::application("There is no mail server")),
            _ => Ok(()),
        }
    }

    /// How many users there are.
    pub(crate) async fn user_total(&self) -> Result<i64> {
        self.store.run(store::counts::total).await
    }

    /// Unlinks a provider from a user, unless it is the last way in.
    pub(crate) async fn unlink_identity_of(
        &self,
        actor: Actor,
        user: UserId,
        id: i32,
    ) -> Result<()> {
        self.check_may_manage(&actor, &self.user(user).await?.roles)?;
        self.unlink_identity(Some(actor), user, id).await
    }

    /// Ends every token and session of a user.
    pub(crate) async fn end_sessions_of(&self, actor: Actor, id: UserId) -> Result<()> {
        self.check_may_manage(&actor, &self.user(id).await?.roles)?;
        let by = actor.id();
        let end = move |conn: &mut DbConn| -> Result<()> {
            store::roles::line_up(conn)?;
            let account = find_account(conn, id)?;
            let patch = UserPatch {
                end_tokens: true,
                ..UserPatch::default()
            };
            store::users::update(conn, id, patch)?;
            let target = (Some(id), account.user.username.as_str());
            note(conn, &actor, ChangeKind::SessionsEnded, target, &[])
        };
        let ended = self.store.run(move |conn| transaction(conn, end)).await;
        self.principals.forget(id);
        ended?;
        tracing::info!(target: "users_permissions::security", user = id, actor = by, "sessions ended");
        Ok(())
    }
}
