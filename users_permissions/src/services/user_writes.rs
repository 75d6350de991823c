//! How changes of users are written: judged by what is still so, and never leaving the last administrator out.

use std::sync::Arc;

use super::register::name_message;
use super::user_roles::no_role;
use super::{Account, Letters};
use crate::error::{Error, Field, Result};
use crate::model::{ADMINISTRATOR, NameError, NewUser, User, UserId, UserPatch, Username};
use crate::store::{self, Conflict, DbConn, transaction};

const NOT_FOUND: Error = Error::NotFound("User not found");
const EMAIL_TAKEN: &str = "Email already taken";
const CHANGED_MEANWHILE: &str = "The user was changed meanwhile";
/// Times a change is judged anew because its user was changed between judgement and write.
const TRIES: usize = 3;

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
pub(super) struct News {
    pub(super) password: bool,
    pub(super) email: bool,
}

/// Voids the codes that a change outdates and writes the mails that tell of it.
pub(super) fn tell(
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

pub(super) fn insert(conn: &mut DbConn, new: NewUser) -> Result<Account> {
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
pub(super) fn write(conn: &mut DbConn, id: UserId, patch: UserPatch) -> Result<Account> {
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
pub(super) async fn until_unchanged<T>(judge_and_write: impl AsyncFn() -> Result<T>) -> Result<T> {
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

pub(super) fn name_error(error: NameError) -> Error {
    let field = match error {
        NameError::InvalidEmail => Field::Email,
        NameError::UsernameTooShort
        | NameError::UsernameTooLong
        | NameError::UsernameCharacters
        | NameError::UsernameLikeEmail => Field::Username,
    };
    Error::refused(field, name_message(error))
}
