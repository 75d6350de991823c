//! How tokens are managed: long-lived ones, or sessions.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::{ConfigError, Environment};

/// What signing in answers (`UP_JWT_MANAGEMENT`).
///
/// ```
/// use users_permissions::{Config, JwtManagement};
///
/// let mut config = Config::new("sqlite://:memory:");
/// assert_eq!(config.jwt_management, JwtManagement::LegacySupport);
/// config.jwt_management = JwtManagement::Refresh;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtManagement {
    /// One long-lived token (`legacy-support`).
    LegacySupport,
    /// A short-lived token and one that renews it, in a session that can be ended (`refresh`, or
    /// Strapi's `jwt-refresh-token`).
    Refresh,
}

/// Sessions of [`JwtManagement::Refresh`] (`UP_SESSIONS`, times in seconds).
///
/// ```
/// use users_permissions::Sessions;
///
/// let sessions: Sessions = serde_json::from_str(r#"{"accessTokenLifespan": 300, "httpOnly": true}"#)?;
/// assert_eq!((sessions.access_token_lifespan.as_secs(), sessions.max_per_user), (300, 50));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Sessions {
    /// Life of an access token (default 10 minutes).
    #[serde(deserialize_with = "seconds")]
    pub access_token_lifespan: Duration,
    /// Life of a session, however active (default 30 days).
    #[serde(deserialize_with = "seconds")]
    pub max_refresh_token_lifespan: Duration,
    /// Life of a session that is not renewed (default 14 days).
    #[serde(deserialize_with = "seconds")]
    pub idle_refresh_token_lifespan: Duration,
    /// Sessions of one user; beyond, the one that was idle longest ends (default 50).
    pub max_per_user: u32,
    /// How long after its renewal a refresh token that comes once more is taken for a client that lost
    /// the answer, and not for a thief (default 10 s). It is refused either way; later, its session ends.
    #[serde(deserialize_with = "seconds")]
    pub reuse_span: Duration,
    /// Answers such a client with the same new token instead of refusing it (default false).
    pub reuse_answers: bool,
    /// Keeps every refresh token in a cookie that scripts cannot read (default false: where the request
    /// header `x-strapi-refresh-cookie: httpOnly` asks for it).
    pub http_only: bool,
    /// The cookie.
    pub cookie: SessionCookie,
}

/// The cookie that refresh tokens are kept in.
///
/// ```
/// use users_permissions::{SameSite, SessionCookie, Sessions};
///
/// let sessions = Sessions {
///     http_only: true,
///     cookie: SessionCookie {
///         same_site: SameSite::Strict,
///         path: "/api/auth".to_owned(),
///         ..SessionCookie::default()
///     },
///     ..Sessions::default()
/// };
/// assert_eq!(sessions.cookie.name, "strapi_up_refresh");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct SessionCookie {
    /// Name (default `strapi_up_refresh`).
    pub name: String,
    /// Sent over https only; none: in production, where `false` is refused.
    pub secure: Option<bool>,
    /// Whether requests from other sites carry it (default `lax`).
    pub same_site: SameSite,
    /// Path (default `/`).
    pub path: String,
    /// Domain (default: the host that sets it, and no other).
    pub domain: Option<String>,
}

/// Whether requests that come from other sites carry a cookie.
///
/// ```
/// use users_permissions::{SameSite, SessionCookie};
///
/// // For a front end on another site.
/// let cookie: SessionCookie = serde_json::from_str(r#"{"sameSite": "none", "secure": true}"#)?;
/// assert_eq!(cookie.same_site, SameSite::None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// Never.
    Strict,
    /// When the user follows a link.
    Lax,
    /// Always; the cookie has to be secure.
    None,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            access_token_lifespan: Duration::from_secs(600),
            max_refresh_token_lifespan: Duration::from_secs(30 * 86_400),
            idle_refresh_token_lifespan: Duration::from_secs(14 * 86_400),
            max_per_user: 50,
            reuse_span: Duration::from_secs(10),
            reuse_answers: false,
            http_only: false,
            cookie: SessionCookie::default(),
        }
    }
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self {
            name: "strapi_up_refresh".to_owned(),
            secure: None,
            same_site: SameSite::Lax,
            path: "/".to_owned(),
            domain: None,
        }
    }
}

impl SessionCookie {
    /// Whether the cookie is sent over https only.
    pub(crate) fn is_secure(&self, environment: Environment) -> bool {
        self.secure
            .unwrap_or(environment == Environment::Production)
    }

    fn fault(&self, environment: Environment) -> Option<&'static str> {
        let is_token = |text: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !text.is_empty() && text.bytes().all(is_plain)
        };
        let is_path = |byte: u8| byte.is_ascii_graphic() && byte != b';';
        if !is_token(&self.name) {
            return Some("cookie.name must be letters, digits, `-`, `_` and `.`");
        }
        if !self.path.starts_with('/') || !self.path.bytes().all(is_path) {
            return Some("cookie.path must start with /");
        }
        if self.domain.as_deref().is_some_and(|name| !is_token(name)) {
            return Some("cookie.domain must be a host name");
        }
        if environment == Environment::Production && self.secure == Some(false) {
            return Some("cookie.secure cannot be false in production");
        }
        if self.same_site == SameSite::None && !self.is_secure(environment) {
            return Some("cookie.sameSite none needs cookie.secure");
        }
        None
    }
}

impl Sessions {
    pub(super) fn validate(&self, environment: Environment) -> Result<(), ConfigError> {
        let lives = [
            self.access_token_lifespan,
            self.max_refresh_token_lifespan,
            self.idle_refresh_token_lifespan,
        ];
        let longest = Duration::from_secs(5 * 366 * 86_400);
        let fault = if lives.iter().any(|life| life.is_zero() || *life > longest) {
            Some("lifespans must be between one second and five years")
        } else if !(1..=1_000).contains(&self.max_per_user) {
            Some("maxPerUser must be between 1 and 1000")
        } else if self.reuse_span > Duration::from_secs(60) {
            Some("reuseSpan must be at most 60")
        } else {
            self.cookie.fault(environment)
        };
        match fault {
            Some(fault) => Err(ConfigError::invalid("UP_SESSIONS", fault)),
            None => Ok(()),
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str, environment: Environment) -> Option<String> {
        let sessions: Sessions = serde_json::from_str(json).unwrap();
        sessions
            .validate(environment)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn the_cookie_is_secure_in_production_whatever_is_asked_for() {
        use Environment::{Development, Production};
        let plain = r#"{"cookie":{"secure":false}}"#;
        assert_eq!(fault("{}", Production), None);
        assert!(fault(plain, Production).unwrap().contains("cookie.secure"));
        assert_eq!(fault(plain, Development), None);
        assert!(SessionCookie::default().is_secure(Production));
        assert!(!SessionCookie::default().is_secure(Development));
        let cross_site = r#"{"cookie":{"sameSite":"none"}}"#;
        assert!(fault(cross_site, Development).is_some());
        assert_eq!(fault(cross_site, Production), None);
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        for json in [
            r#"{"accessTokenLifespan":0}"#,
            r#"{"maxPerUser":0}"#,
            r#"{"reuseSpan":3600}"#,
            r#"{"cookie":{"name":"a b"}}"#,
            r#"{"cookie":{"name":""}}"#,
            r#"{"cookie":{"path":"api"}}"#,
            r#"{"cookie":{"path":"/;Domain=evil"}}"#,
            r#"{"cookie":{"domain":"a;b"}}"#,
        ] {
            assert!(fault(json, Environment::Development).is_some(), "{json}");
        }
        assert!(serde_json::from_str::<Sessions>(r#"{"idle":3}"#).is_err());
    }
}
