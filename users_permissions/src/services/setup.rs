//! The first administrator, by a one-time link.

use chrono::TimeDelta;

use super::Services;
use super::letters::{self, digest};
use super::register::name_message;
use super::settings;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{ADMINISTRATOR, Email, NewUser, User, UserRoles, Username};
use crate::store::{self, DbConn, StoreError, transaction};

const PURPOSE: &str = "setup";
/// Life of a set-up link; every start makes a new one.
const LINK_LIFE: TimeDelta = TimeDelta::hours(24);

/// Makes the code of a new set-up link and voids older ones; only its hash is stored.
pub(super) fn new_code(conn: &mut DbConn) -> Result<Secret, StoreError> {
    let code = letters::new_code(32);
    transaction(conn, |conn| {
        let hash = digest(code.expose());
        store::codes::replace(conn, PURPOSE, &hash, LINK_LIFE)
    })?;
    Ok(code)
}

impl Services {
    /// Creates the first administrator for whoever holds the link.
    pub(crate) async fn set_up(
        &self,
        code: Secret,
        username: String,
        email: Email,
        password: Secret,
    ) -> Result<User> {
        let username = Username::parse(&username, Some(&email))
            .map_err(|error| Error::field("username", name_message(error)))?;
        self.check_password(&password, username.as_str(), email.as_str())
            .await?;
        let password_hash = self.hasher.hash(password).await?;
        let email_key = self.hooks.email_key(&email);
        let user = self
            .store
            .run(move |conn| {
                transaction(conn, |conn| -> Result<_> {
                    store::roles::line_up(conn)?;
                    if !store::codes::consume(conn, PURPOSE, &digest(code.expose()))? {
                        return Err(Error::validation("Invalid token"));
                    }
                    let unique_email = settings::in_force(conn)?.unique_email;
                    let email_key = unique_email.then_some(email_key);
                    create_admin(conn, username, email, email_key, password_hash)
                })
            })
            .await?;
        tracing::info!(target: "users_permissions::security", user = user.id, "first administrator created");
        Ok(user)
    }
}

/// Creates an administrator when there is none.
pub(super) fn create_admin(
    conn: &mut DbConn,
    username: Username,
    email: Email,
    email_key: Option<String>,
    password_hash: String,
) -> Result<User> {
    let role = store::roles::find_by_type(conn, ADMINISTRATOR)?
        .ok_or_else(|| Error::internal("no administrator role"))?;
    if store::memberships::has_active_member(conn, role.id, false)? {
        return Err(Error::application("There is an administrator already"));
    }
    let new = NewUser {
        username,
        email,
        email_key,
        password_hash: Some(password_hash),
        confirmed: true,
        blocked: false,
        roles: UserRoles::new(role.id, []),
        profile: Default::default(),
    };
    store::users::create(conn, new).map_err(|error| match store::conflict(&error) {
        Some(_) => Error::application("Email or Username are already taken"),
        None => error.into(),
    })
}
