//! Users as administrators manage them.

use std::sync::Arc;

use super::changes::{note, user_differences};
use super::expected_user::ExpectedUser;
use super::user_roles::first_roles;
use super::user_writes::{
    News, find_account, insert, keep_an_administrator, name_error, tell, unchanged,
    until_unchanged, write,
};
use super::{Actor, Services, departures, passwords, settings};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{
    ChangeKind, Difference, Email, NameError, NewUser, ProfileChange, Role, RoleRef, RolesChange,
    User, UserId, UserPatch, Username,
};
use crate::store::{self, DbConn, transaction};

/// A user and its roles, the primary one first.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) user: User,
    pub(crate) roles: Vec<Arc<Role>>,
}

/// A user to be created; well formed, not yet judged.
#[derive(Debug)]
pub(crate) struct NewAccount {
    pub(crate) username: String,
    pub(crate) email: Email,
    pub(crate) password: Secret,
    /// The default role when empty.
    pub(crate) roles: RolesChange<RoleRef>,
    pub(crate) confirmed: bool,
    pub(crate) blocked: bool,
    pub(crate) profile: ProfileChange,
}

/// A change of a user; `None` keeps what is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct UserChange {
    pub(crate) username: Option<String>,
    pub(crate) email: Option<Email>,
    pub(crate) password: Option<Secret>,
    pub(crate) roles: RolesChange<RoleRef>,
    pub(crate) confirmed: Option<bool>,
    pub(crate) blocked: Option<bool>,
    pub(crate) profile: ProfileChange,
    /// What it was made from.
    pub(crate) expected: ExpectedUser,
}

impl UserChange {
    fn is_empty(&self) -> bool {
        let Self {
            username,
            email,
            password,
            roles,
            confirmed,
            blocked,
            profile,
            expected: _,
        } = self;
        username.is_none()
            && email.is_none()
            && password.is_none()
            && roles.is_empty()
            && confirmed.is_none()
            && blocked.is_none()
            && profile.is_empty()
    }
}

impl Services {
    /// The user and its roles.
    pub(crate) async fn user(&self, id: UserId) -> Result<Account> {
        self.store.run(move |conn| find_account(conn, id)).await
    }

    pub(crate) async fn create_user(&self, actor: Actor, new: NewAccount) -> Result<Account> {
        self.create_user_and(actor, new, |_, _| Ok(())).await
    }

    /// Creates a user together with what belongs to it: both or neither.
    pub(super) async fn create_user_and(
        &self,
        actor: Actor,
        new: NewAccount,
        belonging: impl FnOnce(&mut DbConn, &User) -> Result<()> + Send + 'static,
    ) -> Result<Account> {
        let settings = self.settings.load_full();
        let (roles, default_role) = (new.roles, settings.default_role.clone());
        let roles = self
            .store
            .run(move |conn| first_roles(conn, roles, &default_role))
            .await?;
        let roles = self.check_may_give(&actor, roles).await?;
        let username = Username::parse(&new.username, Some(&new.email)).map_err(name_error)?;
        self.check_password(&new.password, username.as_str(), new.email.as_str())
            .await
            .map_err(passwords::without_path)?;
        let new = NewUser {
            username,
            email_key: Some(self.hooks.email_key(&new.email)),
            email: new.email,
            password_hash: Some(self.hasher.hash(new.password).await?),
            confirmed: new.confirmed,
            blocked: new.blocked,
            roles,
            profile: new.profile,
        };
        let (private, by) = (self.private_fields(), actor.id());
        let create = move |conn: &mut DbConn| -> Result<Account> {
            // In line with the deletion of roles: nobody is given one that is going away.
            store::roles::line_up(conn)?;
            let unique_email = settings::in_force(conn)?.unique_email;
            let account = insert(
                conn,
                NewUser {
                    email_key: new.email_key.filter(|_| unique_email),
                    ..new
                },
            )?;
            let told = user_differences(None, &account, &private, true);
            let target = (Some(account.user.id), account.user.username.as_str());
            note(conn, &actor, ChangeKind::UserCreated, target, &told)?;
            belonging(conn, &account.user)?;
            Ok(account)
        };
        let account = self
            .store
            .run(move |conn| transaction(conn, create))
            .await?;
        tracing::info!(target: "users_permissions::security", user = account.user.id, actor = by, "user created");
        Ok(account)
    }

    /// Changes a user. A new password or a block ends its tokens; new roles count at once.
    pub(crate) async fn update_user(
        &self,
        actor: Actor,
        id: UserId,
        change: UserChange,
    ) -> Result<Account> {
        if change.is_empty() {
            let account = self.user(id).await?;
            self.check_may_manage(&actor, account.roles.clone()).await?;
            return Ok(account);
        }
        let judge_and_write = async || {
            let before = self.user(id).await?;
            self.check_may_manage(&actor, before.roles.clone()).await?;
            let expected = change.expected.clone();
            let patch = self.judge(&actor, &before, change.clone()).await?;
            self.write_update(actor.clone(), before, expected, patch)
                .await
        };
        let changed = until_unchanged(judge_and_write).await?;
        self.letters.post();
        tracing::info!(target: "users_permissions::security", user = id, actor = actor.id(), "user changed");
        Ok(changed)
    }

    async fn write_update(
        &self,
        actor: Actor,
        before: Account,
        expected: ExpectedUser,
        patch: UserPatch,
    ) -> Result<Account> {
        let (letters, private) = (self.letters.clone(), self.private_fields());
        let id = before.user.id;
        let write = move |conn: &mut DbConn| -> Result<Account> {
            store::roles::line_up(conn)?;
            let old = unchanged(conn, &before)?;
            expected.check(&old.user)?;
            let settings = settings::in_force(conn)?;
            let patch = UserPatch {
                email_key: patch.email_key.filter(|_| settings.unique_email),
                ..patch
            };
            let news = News {
                password: patch.password_hash.is_some(),
                email: patch.email.is_some(),
            };
            let new_password = news.password;
            keep_an_administrator(conn, settings.email_confirmation, |conn| {
                let changed = write(conn, id, patch)?;
                tell(conn, &letters, &old.user, &changed.user, news)?;
                let told = user_differences(Some(&old), &changed, &private, new_password);
                if !told.is_empty() {
                    let target = (Some(id), old.user.username.as_str());
                    note(conn, &actor, ChangeKind::UserChanged, target, &told)?;
                }
                Ok(changed)
            })
        };
        self.change_user(id, move |conn| transaction(conn, write))
            .await
    }

    /// Deletes a user and answers what it was.
    pub(crate) async fn delete_user(&self, actor: Actor, id: UserId) -> Result<Account> {
        let judge_and_write = async || {
            let before = self.user(id).await?;
            self.check_may_manage(&actor, before.roles.clone()).await?;
            self.write_deletion(actor.clone(), before).await
        };
        let deleted = until_unchanged(judge_and_write).await?;
        tracing::info!(target: "users_permissions::security", user = id, actor = actor.id(), "user deleted");
        Ok(deleted)
    }

    async fn write_deletion(&self, actor: Actor, before: Account) -> Result<Account> {
        let id = before.user.id;
        let write = move |conn: &mut DbConn| -> Result<Account> {
            store::roles::line_up(conn)?;
            let account = unchanged(conn, &before)?;
            let confirming = settings::in_force(conn)?.email_confirmation;
            keep_an_administrator(conn, confirming, |conn| {
                // No provider is linked from here on that would be missing in the note.
                store::users::hold(conn, id)?;
                departures::note(conn, id)?;
                store::users::delete(conn, id)?;
                let name = account.user.username.as_str();
                let gone = Difference::between("username", Some(name.to_owned()), None);
                let (target, told) = ((Some(id), name), gone.as_slice());
                note(conn, &actor, ChangeKind::UserDeleted, target, told)?;
                Ok(account)
            })
        };
        self.change_user(id, move |conn| transaction(conn, write))
            .await
    }

    /// Applies the rules to a change and hashes what has to be hashed.
    async fn judge(
        &self,
        actor: &Actor,
        account: &Account,
        change: UserChange,
    ) -> Result<UserPatch> {
        let before = &account.user;
        let email = match change.email {
            Some(email) if email.as_str() == before.email => None,
            other => other,
        };
        let own_email = match &email {
            Some(email) => email.clone(),
            None => Email::parse(&before.email)
                .map_err(|_| Error::internal("a stored address is malformed"))?,
        };
        // A name that is sent as it is already counts as not sent.
        let username = match change.username.filter(|name| *name != before.username) {
            Some(name) => Some(Username::parse(&name, Some(&own_email)).map_err(name_error)?),
            // A name that was the old address must not stay behind as somebody else's.
            None if before.username.contains('@') && email.is_some() => {
                return Err(name_error(NameError::UsernameLikeEmail));
            }
            None => None,
        };
        let roles = self.changed_roles(actor, account, change.roles).await?;
        let new_password = change.password.is_some();
        let password_hash = match change.password {
            Some(password) => {
                let name = username
                    .as_ref()
                    .map_or(before.username.as_str(), Username::as_str);
                self.check_password(&password, name, own_email.as_str())
                    .await
                    .map_err(passwords::without_path)?;
                Some(self.hasher.hash(password).await?)
            }
            None => None,
        };
        Ok(UserPatch {
            username,
            // A new address is unproven, unless the administrator vouches for it in the same change.
            confirmed: change.confirmed.or(email.is_some().then_some(false)),
            email_key: email.as_ref().map(|email| self.hooks.email_key(email)),
            end_tokens: new_password || change.blocked == Some(true),
            email,
            password_hash,
            blocked: change.blocked,
            roles,
            profile: change.profile,
        })
    }
}
