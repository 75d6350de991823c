//! What an application is asked at each login with a provider, and what it answers.

use serde_json::Value;

use super::profile::Profile;
use crate::model::User;

/// Somebody who has signed in with a provider, for [`Provider::on_login`](super::Provider::on_login).
///
/// ```
/// use users_permissions::oauth::{Provider, ProviderLogin, UserChanges};
///
/// let provider = Provider::openid("https://id.example").on_login(async |login: ProviderLogin| {
///     if login.user.is_none() {
///         println!("{} is new here, by {}", login.profile.subject(), login.provider);
///     }
///     match login.claims["staff"].as_bool() {
///         Some(true) => Ok(UserChanges::none().role("editor")),
///         _ => Ok(UserChanges::none()),
///     }
/// });
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProviderLogin {
    /// Name of the provider.
    pub provider: String,
    /// Who they are there.
    pub profile: Profile,
    /// Who they are here; `None` at the first login.
    pub user: Option<User>,
    /// The claims of the id token; of a provider that makes none, the first answer its profile was read from.
    /// Null where that is longer than some 50 kB.
    pub claims: Value,
}

/// What a login changes of its user; see [`Provider::on_login`](super::Provider::on_login).
///
/// ```
/// use users_permissions::oauth::UserChanges;
///
/// let changes = UserChanges::none().confirmed(true).role("authenticated");
/// # let _ = changes;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChanges {
    pub(crate) confirmed: Option<bool>,
    pub(crate) blocked: Option<bool>,
    pub(crate) role: Option<String>,
}

impl UserChanges {
    /// Leaves the user as it is.
    ///
    /// ```
    /// # use users_permissions::oauth::UserChanges;
    /// assert_eq!(UserChanges::none(), UserChanges::default());
    /// ```
    pub fn none() -> Self {
        Self::default()
    }

    /// Is the address proven?
    ///
    /// ```
    /// # use users_permissions::oauth::UserChanges;
    /// let changes = UserChanges::none().confirmed(true);
    /// ```
    pub fn confirmed(self, confirmed: bool) -> Self {
        let confirmed = Some(confirmed);
        Self { confirmed, ..self }
    }

    /// Is the user kept out?
    ///
    /// ```
    /// # use users_permissions::oauth::UserChanges;
    /// let changes = UserChanges::none().blocked(true);
    /// ```
    pub fn blocked(self, blocked: bool) -> Self {
        let blocked = Some(blocked);
        Self { blocked, ..self }
    }

    /// The type of the user's only role: all others are taken away.
    ///
    /// ```
    /// # use users_permissions::oauth::UserChanges;
    /// let changes = UserChanges::none().role("editor");
    /// ```
    pub fn role(self, role_type: impl Into<String>) -> Self {
        let role = Some(role_type.into());
        Self { role, ..self }
    }
}
