//! What the process is started with: URLs, secrets, lifetimes. Variables are read in [`env`] and, beside a file of
//! settings, in `file`.

mod admin;
mod env;
#[cfg(feature = "toml")]
mod file;
mod issuers;
mod key_pairs;
mod limits;
mod mail;
mod secret;
mod secret_file;
mod sessions;
mod signing;
mod span;
mod strength;
mod validate;

use std::collections::BTreeMap;
use std::time::Duration;

pub use admin::AdminSession;
#[cfg(feature = "toml")]
pub use file::SettingsFile;
pub use ipnet::IpNet;
pub use issuers::{IssuerUsers, TrustedIssuer};
pub use key_pairs::KeyPair;
pub use limits::{CodeLife, RateLimit};
pub use mail::MailConfig;
pub use secret::Secret;
pub use sessions::{JwtManagement, SameSite, SessionCookie, Sessions};
pub use signing::{SigningKey, SigningKeys};
pub use span::parse_span;

use crate::model::{AdvancedSettings, ProfileField, ProviderSettings};

/// Why a configuration was refused. The text names the variable and never the value of a secret.
///
/// ```
/// use users_permissions::{Config, ConfigError};
///
/// let refused = Config::from_lookup(|name| match name {
///     "UP_JWT_EXPIRES_IN" => Some("soon".to_owned()),
///     _ => None,
/// });
/// assert!(matches!(refused, Err(ConfigError::Invalid { .. })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A value that cannot be used.
    #[error("{name}: {reason}")]
    Invalid {
        /// The variable or setting.
        name: String,
        /// What is wrong and what to write instead.
        reason: String,
    },
}

impl ConfigError {
    pub(crate) fn invalid(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid {
            name: name.into(),
            reason: reason.into(),
        }
    }
}

/// Where the application runs; production turns the strict checks on.
///
/// ```
/// use users_permissions::{Config, Environment};
///
/// let mut config = Config::new("postgres://shop@localhost/shop");
/// assert_eq!(config.environment, Environment::Development);
/// config.environment = Environment::Production;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Secrets may be generated, plain HTTP is fine.
    Development,
    /// Missing or weak secrets stop the start.
    Production,
}

/// Rules a new password has to meet; both kinds refuse more than 72 bytes, where bcrypt would cut.
///
/// ```
/// use users_permissions::{Config, PasswordPolicy};
///
/// let mut config = Config::new("sqlite://:memory:");
/// assert_eq!(config.password_policy, PasswordPolicy::Recommended);
/// config.password_policy = PasswordPolicy::Strapi;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordPolicy {
    /// At least 8 characters, not a common password, no username or e-mail in it.
    Recommended,
    /// At least 6 characters, as Strapi.
    Strapi,
}

/// The first administrator, created when there is none.
///
/// ```
/// use users_permissions::{Config, FirstAdmin};
///
/// let mut config = Config::new("sqlite://:memory:");
/// config.first_admin = Some(FirstAdmin {
///     email: "admin@example.com".to_owned(),
///     username: "admin".to_owned(),
///     password: "correct horse battery".into(),
/// });
/// ```
#[derive(Debug, Clone)]
pub struct FirstAdmin {
    /// E-mail address.
    pub email: String,
    /// User name.
    pub username: String,
    /// Password; the 72-byte rule holds.
    pub password: Secret,
}

/// Everything the plugin is started with.
///
/// ```
/// use users_permissions::Config;
///
/// let mut config = Config::new("sqlite://:memory:");
/// config.public_url = "https://api.example.com".into();
/// assert_eq!(config.bcrypt_cost, 10);
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    /// `sqlite://path`, `sqlite://:memory:`, `postgres://…` or `mysql://…`.
    pub database_url: Secret,
    /// Connections in the pool (default 10).
    pub pool_size: u32,
    /// How long a request waits for a connection before it is answered 503 (default 5 s).
    pub pool_timeout: Duration,
    /// Absolute base of every link the plugin makes; a slash at its end counts for nothing.
    pub public_url: String,
    /// Development or production.
    pub environment: Environment,
    /// Keys that sign and verify tokens; generated when absent in development.
    pub signing_keys: Option<SigningKeys>,
    /// Key pairs that sign access tokens in the place of the secrets; the first signs, all verify
    /// (default none).
    pub jwt_keys: Vec<KeyPair>,
    /// Who issues tokens of sessions and of key pairs, their `iss` (default `users-permissions`).
    pub jwt_issuer: String,
    /// Identity services whose access tokens are accepted (default none).
    pub trusted_issuers: Vec<TrustedIssuer>,
    /// Where development keeps its generated secret (default `.jwt_secret`).
    pub secret_file: std::path::PathBuf,
    /// Long-lived tokens (default), or sessions.
    pub jwt_management: JwtManagement,
    /// Life of a long-lived token (default 30 days).
    pub jwt_expires_in: Duration,
    /// Sessions, where tokens are managed so.
    pub sessions: Sessions,
    /// Origins of front ends on other hosts that may use the session cookie (default none).
    pub cors_origins: Vec<String>,
    /// bcrypt cost, 4 to 15 (default 10).
    pub bcrypt_cost: u32,
    /// Threads that hash passwords (default: one per core).
    pub hash_threads: usize,
    /// Password rules.
    pub password_policy: PasswordPolicy,
    /// How often a client and an account may try, and how many mails strangers may cause.
    pub ratelimit: RateLimit,
    /// Networks of proxies whose `X-Forwarded-For` is believed (default none).
    pub trusted_proxies: Vec<IpNet>,
    /// `redis://…` or `rediss://…`: limits and social logins shared by all instances. Needs the feature `redis`.
    pub redis_url: Option<Secret>,
    /// How long mailed codes work.
    pub code_life: CodeLife,
    /// The first administrator; none: a one-time set-up link is logged.
    pub first_admin: Option<FirstAdmin>,
    /// Advanced settings of the first start.
    pub advanced_settings: AdvancedSettings,
    /// Fields users have beside those every user has.
    pub profile_fields: Vec<ProfileField>,
    /// Names of profile fields that may be sent on registration, beside those declared so.
    pub register_allowed_fields: Vec<String>,
    /// Honour the `grant(…)` lists of the application's handlers (default true).
    pub initial_grants: bool,
    /// Answer 403 on routes without `#[permission]` (default false).
    pub deny_unlisted: bool,
    /// How often changes made by other instances are looked for (default 1 s).
    pub sync_interval: Duration,
    /// Key that stored secrets are sealed with; none: the first of `app_keys`, else the signing keys. At
    /// least 32 bytes and no placeholder in production.
    pub encryption_key: Option<Secret>,
    /// A PEM file of certificate authorities to trust beside the system's.
    pub extra_ca_file: Option<std::path::PathBuf>,
    /// Hosts that providers and issuers may have on private addresses and over plain http in production
    /// too (default none; development allows all).
    pub allow_private_hosts: Vec<String>,
    /// Keys of the cookies that administrators sign in with and social logins keep their state in, and of
    /// stored secrets: the first seals, all open; none: the key of stored secrets. At least 32 bytes and no
    /// placeholders in production.
    pub app_keys: Vec<Secret>,
    /// How long administrators stay signed in.
    pub admin_session: AdminSession,
    /// Settings of providers of the first start, by name.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// Stands in front of every URL a provider is asked at; for tests.
    #[doc(hidden)]
    pub provider_base: Option<String>,
    /// Keys of providers are read again after so long (default an hour); for tests.
    #[doc(hidden)]
    pub provider_key_age: Duration,
    /// An unknown key of a provider is looked for no more often (default a minute); for tests.
    #[doc(hidden)]
    pub provider_key_pause: Duration,
    /// For how long callers are remembered while nobody can tell what other instances change (default 30 s); for
    /// tests.
    #[doc(hidden)]
    pub blind_span: Duration,
    /// How mails leave.
    pub mail: MailConfig,
    /// Verified tokens remembered per worker thread (default 8192).
    pub token_cache: usize,
    /// Callers remembered per process (default 65536).
    pub principal_cache: usize,
}

impl Config {
    /// The defaults over the given database.
    ///
    /// ```
    /// use users_permissions::Config;
    ///
    /// let config = Config::new("sqlite://shop.db");
    /// assert_eq!(config.public_url, "http://localhost:1337");
    /// assert_eq!(config.jwt_expires_in.as_secs(), 30 * 86_400);
    /// ```
    pub fn new(database_url: impl Into<String>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            database_url: Secret::from(database_url.into()),
            pool_size: 10,
            pool_timeout: Duration::from_secs(5),
            public_url: "http://localhost:1337".to_owned(),
            environment: Environment::Development,
            signing_keys: None,
            jwt_keys: Vec::new(),
            jwt_issuer: "users-permissions".to_owned(),
            trusted_issuers: Vec::new(),
            secret_file: ".jwt_secret".into(),
            jwt_management: JwtManagement::LegacySupport,
            jwt_expires_in: Duration::from_secs(30 * 86_400),
            sessions: Sessions::default(),
            cors_origins: Vec::new(),
            bcrypt_cost: 10,
            hash_threads: cores,
            password_policy: PasswordPolicy::Recommended,
            ratelimit: RateLimit::default(),
            trusted_proxies: Vec::new(),
            redis_url: None,
            code_life: CodeLife::default(),
            first_admin: None,
            advanced_settings: AdvancedSettings::default(),
            profile_fields: Vec::new(),
            register_allowed_fields: Vec::new(),
            initial_grants: true,
            deny_unlisted: false,
            sync_interval: Duration::from_secs(1),
            encryption_key: None,
            extra_ca_file: None,
            allow_private_hosts: Vec::new(),
            app_keys: Vec::new(),
            admin_session: AdminSession::default(),
            providers: BTreeMap::new(),
            provider_base: None,
            provider_key_age: Duration::from_secs(3_600),
            provider_key_pause: Duration::from_secs(60),
            blind_span: Duration::from_secs(30),
            mail: MailConfig::default(),
            token_cache: 8_192,
            principal_cache: 65_536,
        }
    }

    /// Reads the variables of the README's settings table from the process environment.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that cannot be used.
    ///
    /// ```
    /// use users_permissions::Config;
    ///
    /// let config = Config::from_env()?;
    /// # Ok::<(), users_permissions::ConfigError>(())
    /// ```
    pub fn from_env() -> Result<Self, ConfigError> {
        env::read(|name| std::env::var(name).ok())
    }

    /// As [`Config::from_env`], with a lookup of one's own.
    ///
    /// # Errors
    /// [`ConfigError`] naming the variable that cannot be used.
    ///
    /// ```
    /// use users_permissions::Config;
    ///
    /// let config = Config::from_lookup(|name| match name {
    ///     "UP_JWT_EXPIRES_IN" => Some("7d".to_owned()),
    ///     _ => None,
    /// })?;
    /// assert_eq!(config.jwt_expires_in.as_secs(), 604_800);
    /// # Ok::<(), users_permissions::ConfigError>(())
    /// ```
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        env::read(lookup)
    }

    /// The configuration as it is used: what links are made from ends without a slash.
    pub(crate) fn tidy(mut self) -> Self {
        self.public_url = self.public_url.trim().trim_end_matches('/').to_owned();
        self
    }

    /// May the field be sent on registration?
    pub(crate) fn allows_on_registration(&self, field: &ProfileField) -> bool {
        field.on_registration || self.register_allowed_fields.contains(&field.name)
    }
}
