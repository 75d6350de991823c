//! Somebody whose first visit makes a user: with a social login, or with the token of a trusted issuer.

use super::{Services, settings};
use crate::error::{Error, Result};
use crate::model::{Email, NewIdentity, NewUser, ProfileChange, User, UserRoles, Username};
use crate::store::{self, Conflict, DbConn};

/// Who has come, as far as others vouch for it.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) person: NewIdentity,
    /// One that was free when the hook was asked about it, and no other is stored.
    pub(super) name: Username,
    pub(super) email: Email,
    /// What is unique about the address, while addresses are.
    pub(super) email_key: String,
    /// Does somebody vouch for the address? Else it is as good as one that is typed in.
    pub(super) is_vouched_for: bool,
    /// Where addresses need not be unique: may it be that of somebody who signs in with a password?
    pub(super) may_share: bool,
}

/// Why no user is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody may register.
    Closed,
    /// The address is somebody else's. Of two first visits at once one wins; the other may try again.
    Taken,
    /// The settings name a role for new users that is not there.
    NoRole,
}

impl Refusal {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Closed => "Register action is currently disabled",
            Self::Taken => "Email is already taken.",
            Self::NoRole => "Impossible to find the default role",
        }
    }
}

impl Services {
    /// The first of the names that nobody has: chosen before the hook is asked, so that it judges what is stored.
    pub(super) async fn free_name(&self, names: Vec<Username>) -> Result<Username> {
        let first = move |conn: &mut DbConn| -> Result<Option<Username>> {
            for name in names {
                if !store::users::username_taken(conn, &name, None)? {
                    return Ok(Some(name));
                }
            }
            Ok(None)
        };
        let free = self.store.run(first).await?;
        free.ok_or_else(|| Error::unavailable("no user name is free"))
    }
}

/// Makes the user, by the settings as they are now: nobody must slip through while they change. First in a
/// transaction; `refused` puts a refusal into the words of the caller.
pub(super) fn admit(
    conn: &mut DbConn,
    newcomer: Newcomer,
    refused: impl Fn(Refusal) -> Error,
) -> Result<User> {
    let settings = settings::held(conn)?;
    if !settings.allow_register {
        return Err(refused(Refusal::Closed));
    }
    let role = store::roles::find_by_type(conn, &settings.default_role)?;
    let role = role.ok_or_else(|| refused(Refusal::NoRole))?;
    let Newcomer { person, email, .. } = newcomer;
    let key = settings.unique_email.then_some(newcomer.email_key);
    let may_share = key.is_none() && newcomer.may_share;
    if !may_share && store::users::email_taken(conn, &email, key.as_deref())? {
        return Err(refused(Refusal::Taken));
    }
    if store::users::username_taken(conn, &newcomer.name, None)? {
        return Err(Error::unavailable("the user name was taken meanwhile"));
    }
    let new = NewUser {
        username: newcomer.name,
        email_key: key,
        email,
        password_hash: None,
        confirmed: newcomer.is_vouched_for || !settings.email_confirmation,
        blocked: false,
        roles: UserRoles::new(role.id, []),
        profile: ProfileChange::default(),
    };
    let lost = |error| match store::conflict(&error) {
        Some(Conflict::Taken) => refused(Refusal::Taken),
        _ => error.into(),
    };
    let user = store::users::create_of(conn, new, &person.provider).map_err(lost)?;
    store::identities::insert(conn, user.id, &person, store::now()).map_err(lost)?;
    Ok(user)
}
