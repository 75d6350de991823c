//! Settings an administrator changes while the application runs.

use serde::{Deserialize, Serialize};
use url::Url;

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

/// Is this a page mails and redirects may lead to? http or https, a host, nobody's name or password.
pub(crate) fn is_page_url(text: &str) -> bool {
    let fits = text.len() <= 2_000
        && text
            .chars()
            .all(|c| c.is_ascii_graphic() && !"\"'<>\\`".contains(c));
    fits && Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::is_page_url;

    #[test]
    fn pages_are_plain_web_addresses() {
        for good in [
            "https://app.example/reset",
            "http://localhost:3000/#/reset",
            "https://app.example/r?lang=de",
        ] {
            assert!(is_page_url(good), "{good}");
        }
        for bad in [
            "",
            "/reset",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://app.example",
            "https://",
            "https://evil@app.example",
            "https://a:b@app.example",
            "https://app.example/\"onclick=x",
            "https://app.example/a b",
            "https://app.example/\r\nx",
            "https:\\\\evil",
            "myapp://reset",
        ] {
            assert!(!is_page_url(bad), "{bad}");
        }
    }
}
