//! What a user was when somebody made up a change of it.

use super::changes::shown;
use crate::error::{Error, Result};
use crate::model::{RoleId, User};

const MOVED: Error = Error::Conflict("The user was changed by somebody else meanwhile");

/// The fields a change was made from; `None` insists on nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExpectedUser {
    pub(crate) username: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) confirmed: Option<bool>,
    pub(crate) blocked: Option<bool>,
    /// The primary role first.
    pub(crate) roles: Option<Vec<RoleId>>,
    /// Names and values as text; empty where there is none.
    pub(crate) profile: Vec<(String, String)>,
}

impl ExpectedUser {
    /// Fails where the user is no longer what was read.
    pub(super) fn check(&self, user: &User) -> Result<()> {
        let is_text = |expected: &Option<String>, text: &str| {
            expected
                .as_ref()
                .is_none_or(|expected| is_same(expected, text))
        };
        let is_flag =
            |expected: Option<bool>, flag: bool| expected.is_none_or(|expected| expected == flag);
        let has_roles = self.roles.as_ref().is_none_or(|roles| {
            roles.first() == Some(&user.roles.primary()) && sorted(roles) == sorted_of(user)
        });
        let has_profile = self.profile.iter().all(|(name, text)| {
            let value = user.profile.get(name).map(shown);
            is_same(text, &value.unwrap_or_default())
        });
        let is_as_read = is_text(&self.username, &user.username)
            && is_text(&self.email, &user.email)
            && is_flag(self.confirmed, user.confirmed)
            && is_flag(self.blocked, user.blocked)
            && has_roles
            && has_profile;
        if is_as_read { Ok(()) } else { Err(MOVED) }
    }
}

/// Browsers send line ends of their own.
fn is_same(one: &str, other: &str) -> bool {
    one.replace("\r\n", "\n") == other.replace("\r\n", "\n")
}

fn sorted(roles: &[RoleId]) -> Vec<RoleId> {
    let mut roles = roles.to_vec();
    roles.sort_unstable();
    roles
}

fn sorted_of(user: &User) -> Vec<RoleId> {
    sorted(&user.roles.iter().collect::<Vec<_>>())
}
