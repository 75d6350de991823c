//! Settings an administrator changes while the application runs.

use serde::{Deserialize, Serialize};

use super::AUTHENTICATED;

/// The advanced settings, with Strapi's names and defaults.
///
/// ```
/// use users_permissions::AdvancedSettings;
///
/// let settings: AdvancedSettings = serde_json::from_str(r#"{"allow_register": false}"#)?;
/// assert!(!settings.allow_register && settings.unique_email);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdvancedSettings {
    /// One account per e-mail address.
    pub unique_email: bool,
    /// Strangers may register.
    pub allow_register: bool,
    /// New users have to confirm their address before they may sign in.
    pub email_confirmation: bool,
    /// Page a password-reset mail links to.
    pub email_reset_password: Option<String>,
    /// Page a confirmed user is sent to.
    pub email_confirmation_redirection: Option<String>,
    /// Type of the role of new users.
    pub default_role: String,
}

impl Default for AdvancedSettings {
    fn default() -> Self {
        Self {
            unique_email: true,
            allow_register: true,
            email_confirmation: false,
            email_reset_password: None,
            email_confirmation_redirection: None,
            default_role: AUTHENTICATED.to_owned(),
        }
    }
}
