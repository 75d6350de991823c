//! Users as administrators manage them.

use std::sync::Arc;

use super::changes::{note, user_differences};
use super::expected_user::ExpectedUser;
use super::register::name_message;
use super::user_roles::{first_roles, no_role};
use super::{Actor, Letters, Services, passwords, settings};
use crate::config::Secret;
use crate::error::{Error, Field, Result};
use crate::model::{
    ADMINISTRATOR, ChangeKind, Difference, Email, NameError, NewUser, ProfileChange, Role, RoleRef,
    RolesChange, User, UserId, UserPatch, Username,
};
use crate::store::{self, Conflict, DbConn, transaction};

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

const NOT_FOUND: Error = Error::NotFound("User not found");
const EMAIL_TAKEN: &str = "Email already taken";
const CHANGED_MEANWHILE: &str = "The user was changed meanwhile";
/// Times a change is judged anew because its user was changed between judgement and write.
const TRIES: usize = 3;

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
        let roles = self.check_may_give(&actor, roles)?;
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
            return self.user(id).await;
        }
        let judge_and_write = async || {
            let before = self.user(id).await?;
            self.check_may_manage(&actor, &before.roles)?;
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
            self.check_may_manage(&actor, &before.roles)?;
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
        let username = match change.username {
            Some(name) if name == before.username => None,
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

/// Runs a change and fails, so that it is undone, when it leaves nobody who can sign in as an
/// administrator; the caller holds the line and the transaction.
pub(super) fn keep_an_administrator<T>(
    conn: &mut DbConn,
    confirming: bool,
    change: impl FnOnce(&mut DbConn) -> Result<T>,
) -> Result<T> {
    let remains = |conn: &mut DbConn| -> Result<bool> {
        match store::roles::find_by_type(conn, ADMINISTRATOR)? {
            Some(role) => Ok(store::memberships::has_active_member(
                conn, role.id, confirming,
            )?),
            None => Ok(false),
        }
    };
    let before = remains(conn)?;
    let changed = change(conn)?;
    if before && !remains(conn)? {
        return Err(Error::application(
            "The last administrator cannot be deleted, blocked or demoted",
        ));
    }
    Ok(changed)
}

/// What of a change the user is told.
struct News {
    password: bool,
    email: bool,
}

/// Voids the codes that a change outdates and writes the mails that tell of it.
fn tell(
    conn: &mut DbConn,
    letters: &Letters,
    before: &User,
    user: &User,
    news: News,
) -> Result<()> {
    if news.email {
        letters.email_changed(conn, user, before)?;
    }
    if news.password {
        letters.password_changed(conn, user)?;
    }
    Ok(())
}

fn insert(conn: &mut DbConn, new: NewUser) -> Result<Account> {
    let (username, email_key) = (new.username.clone(), new.email_key.clone());
    let user = store::users::create(conn, new).map_err(|error| match store::conflict(&error) {
        Some(Conflict::Taken) => taken(
            conn,
            None,
            Some(&username),
            email_key.as_deref(),
            "This attribute must be unique",
        ),
        Some(Conflict::MissingReference) => no_role(),
        None => error.into(),
    })?;
    find_account(conn, user.id)
}

/// Writes a judged change; a value that was taken meanwhile is named.
fn write(conn: &mut DbConn, id: UserId, patch: UserPatch) -> Result<Account> {
    let (username, email_key) = (patch.username.clone(), patch.email_key.clone());
    // A savepoint: PostgreSQL gives a transaction up after a violated constraint.
    let user = transaction(conn, |conn| store::users::update(conn, id, patch));
    let user = user.map_err(|error| match store::conflict(&error) {
        Some(Conflict::Taken) => taken(
            conn,
            Some(id),
            username.as_ref(),
            email_key.as_deref(),
            "Username already taken",
        ),
        Some(Conflict::MissingReference) => no_role(),
        None => error.into(),
    })?;
    find_account(conn, user.ok_or(NOT_FOUND)?.id)
}

pub(super) fn find_account(conn: &mut DbConn, id: UserId) -> Result<Account> {
    // A role may be deleted, and its users moved, between the two reads.
    for _ in 0..3 {
        let user = store::users::find(conn, id)?.ok_or(NOT_FOUND)?;
        let roles = store::roles::find_each(conn, user.roles.iter())?;
        if roles.len() == user.roles.iter().count() {
            let roles = roles.into_iter().map(Arc::new).collect();
            return Ok(Account { user, roles });
        }
    }
    Err(Error::unavailable("the roles of a user keep changing"))
}

/// The user as it is now, unless what a change was judged by is not what it was: who may manage the user, the roles
/// that others are added to, and the name and address that rules compare. The caller holds the line.
pub(super) fn unchanged(conn: &mut DbConn, before: &Account) -> Result<Account> {
    let now = find_account(conn, before.user.id)?;
    let judged = |user: &User| {
        (
            user.roles.clone(),
            user.username.clone(),
            user.email.clone(),
        )
    };
    if judged(&now.user) == judged(&before.user) {
        Ok(now)
    } else {
        Err(Error::Conflict(CHANGED_MEANWHILE))
    }
}

/// Judges and writes anew where [`unchanged`] finds that the user was changed between the two.
async fn until_unchanged<T>(judge_and_write: impl AsyncFn() -> Result<T>) -> Result<T> {
    for _ in 1..TRIES {
        match judge_and_write().await {
            Err(Error::Conflict(CHANGED_MEANWHILE)) => {}
            other => return other,
        }
    }
    judge_and_write().await
}

/// Says which of the unique values was the taken one.
fn taken(
    conn: &mut DbConn,
    id: Option<UserId>,
    username: Option<&Username>,
    email_key: Option<&str>,
    name_text: &str,
) -> Error {
    let name_taken = username
        .map(|name| store::users::username_taken(conn, name, id))
        .transpose();
    let email_taken = email_key
        .map(|key| store::users::email_key_taken(conn, key, id))
        .transpose();
    match (name_taken, email_taken) {
        (Ok(Some(true)), _) => Error::refused(Field::Username, name_text),
        (_, Ok(Some(true))) => Error::refused(Field::Email, EMAIL_TAKEN),
        (Err(error), _) | (_, Err(error)) => error.into(),
        _ => Error::refused(Field::Username, name_text),
    }
}

fn name_error(error: NameError) -> Error {
    let field = match error {
        NameError::InvalidEmail => Field::Email,
        NameError::UsernameTooShort
        | NameError::UsernameTooLong
        | NameError::UsernameCharacters
        | NameError::UsernameLikeEmail => Field::Username,
    };
    Error::refused(field, name_message(error))
}
