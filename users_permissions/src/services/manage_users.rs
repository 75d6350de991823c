//! What administrators do for users beside changing them.

use super::changes::note;
use super::letters::new_code;
use super::user_writes::{unchanged, until_unchanged};
use super::{Account, Actor, Delivery, Letters, NewAccount, Services};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{ChangeKind, CodePurpose, Difference, User, UserId, UserPatch};
use crate::store::{self, DbConn, transaction};

impl Services {
    /// Creates a user who chooses the password by a mailed link; the one given here is replaced by one
    /// that nobody knows.
    pub(crate) async fn invite_user(&self, actor: Actor, new: NewAccount) -> Result<Account> {
        self.spend_mail().await?;
        let unknown = format!("Aa1-{}", new_code(24).expose());
        let new = NewAccount {
            password: Secret::from(unknown),
            ..new
        };
        let (letters, sender) = (self.letters.clone(), actor.clone());
        let invite = move |conn: &mut DbConn, user: &User| {
            let user = may_have_code(conn, user.id, CodePurpose::Reset)?;
            send_code(conn, &letters, &sender, CodePurpose::Reset, &user)
        };
        let account = self.create_user_and(actor, new, invite).await?;
        self.letters.post();
        Ok(account)
    }

    /// Mails a code to a user: to choose a password, or to prove the address.
    pub(crate) async fn mail_code(
        &self,
        actor: Actor,
        id: UserId,
        purpose: CodePurpose,
    ) -> Result<()> {
        self.check_may_manage(&actor, self.user(id).await?.roles)
            .await?;
        let judge = move |conn: &mut DbConn| may_have_code(conn, id, purpose).map(drop);
        self.store.run(judge).await?;
        self.spend_mail().await?;
        self.write_code(actor, id, purpose).await
    }

    async fn write_code(&self, actor: Actor, id: UserId, purpose: CodePurpose) -> Result<()> {
        let (letters, by) = (self.letters.clone(), actor.id());
        let write = move |conn: &mut DbConn| -> Result<()> {
            // The first statement writes, and holds the user as it is.
            if !store::users::hold(conn, id)? {
                return Err(Error::NotFound("User not found"));
            }
            let user = may_have_code(conn, id, purpose)?;
            send_code(conn, &letters, &actor, purpose, &user)
        };
        self.store.run(move |conn| transaction(conn, write)).await?;
        self.letters.post();
        tracing::info!(target: "users_permissions::security", user = id, actor = by, ?purpose, "code sent by an administrator");
        Ok(())
    }

    /// Counts a mail in the budget of all accounts.
    async fn spend_mail(&self) -> Result<()> {
        self.check_mail()?;
        match self.limits.spend_mail().await {
            true => Ok(()),
            false => Err(Error::RateLimited),
        }
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
        self.check_may_manage(&actor, self.user(user).await?.roles)
            .await?;
        self.unlink_identity(Some(actor), user, id).await
    }

    /// Ends every token and session of a user.
    pub(crate) async fn end_sessions_of(&self, actor: Actor, id: UserId) -> Result<()> {
        let judge_and_write = async || {
            let before = self.user(id).await?;
            self.check_may_manage(&actor, before.roles.clone()).await?;
            self.write_end_of_sessions(actor.clone(), before).await
        };
        until_unchanged(judge_and_write).await?;
        tracing::info!(target: "users_permissions::security", user = id, actor = actor.id(), "sessions ended");
        Ok(())
    }

    async fn write_end_of_sessions(&self, actor: Actor, before: Account) -> Result<()> {
        let id = before.user.id;
        let end = move |conn: &mut DbConn| -> Result<()> {
            store::roles::line_up(conn)?;
            let account = unchanged(conn, &before)?;
            let patch = UserPatch {
                end_tokens: true,
                ..UserPatch::default()
            };
            store::users::update(conn, id, patch)?;
            let target = (Some(id), account.user.username.as_str());
            note(conn, &actor, ChangeKind::SessionsEnded, target, &[])
        };
        self.change_user(id, move |conn| transaction(conn, end))
            .await
    }
}

/// Mails a code and notes who had it mailed.
fn send_code(
    conn: &mut DbConn,
    letters: &Letters,
    actor: &Actor,
    purpose: CodePurpose,
    user: &User,
) -> Result<()> {
    letters.send_code(conn, purpose, user)?;
    let kind = match purpose {
        CodePurpose::Reset => ChangeKind::PasswordLinkSent,
        CodePurpose::Confirmation => ChangeKind::ConfirmationSent,
    };
    let told = Difference::between("email", None, Some(user.email.clone()));
    let target = (Some(user.id), user.username.as_str());
    note(conn, actor, kind, target, told.as_slice())
}

/// The user, if it is one that a code of this purpose is of use to.
fn may_have_code(conn: &mut DbConn, id: UserId, purpose: CodePurpose) -> Result<User> {
    let user = store::users::find(conn, id)?.ok_or(Error::NotFound("User not found"))?;
    let refusal = match purpose {
        _ if user.blocked => Some("The user is blocked"),
        CodePurpose::Confirmation if user.confirmed => Some("The address is confirmed already"),
        CodePurpose::Reset if user.provider != "local" => {
            Some("The user signs in with a provider and has no password")
        }
        CodePurpose::Reset if store::proofs::is_doubted(conn, id)? => {
            Some("The address was changed and is not confirmed yet")
        }
        _ => None,
    };
    match refusal {
        Some(refusal) => Err(Error::application(refusal)),
        None => Ok(user),
    }
}
