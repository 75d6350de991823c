//! How often, and how long.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::ConfigError;

/// Limits of the account routes, with Strapi's names and defaults (`UP_RATELIMIT`).
///
/// ```
/// use users_permissions::RateLimit;
///
/// let limits: RateLimit = serde_json::from_str(r#"{"enabled": true, "interval": 60000, "max": 5}"#)?;
/// assert_eq!((limits.max, limits.interval.as_secs(), limits.mails), (5, 60, 100));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// `false` turns every limit off, those of accounts and of mails too.
    pub enabled: bool,
    /// Length of a window (default one minute; milliseconds in `UP_RATELIMIT`).
    #[serde(deserialize_with = "millis")]
    pub interval: Duration,
    /// Requests per window, route and client network, and per route and account (default 10).
    pub max: u32,
    /// Mails per window that strangers may cause, over all accounts (default 100).
    pub mails: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: Duration::from_secs(60),
            max: 10,
            mails: 100,
        }
    }
}

impl RateLimit {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let day = Duration::from_secs(86_400);
        if self.max == 0 || self.interval.is_zero() || self.interval > day {
            return Err(ConfigError::invalid(
                "UP_RATELIMIT",
                "max must be at least 1 and interval between 1 ms and a day; enabled=false turns limits off",
            ));
        }
        Ok(())
    }
}

/// How long mailed codes work (`UP_CODE_TTL`, in seconds).
///
/// ```
/// use users_permissions::CodeLife;
///
/// let life: CodeLife = serde_json::from_str(r#"{"reset": 600}"#)?;
/// assert_eq!((life.reset.as_secs(), life.confirmation.as_secs()), (600, 259_200));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodeLife {
    /// Codes that set a new password (default one hour).
    #[serde(deserialize_with = "seconds")]
    pub reset: Duration,
    /// Codes that confirm an address (default 72 hours).
    #[serde(deserialize_with = "seconds")]
    pub confirmation: Duration,
}

impl Default for CodeLife {
    fn default() -> Self {
        Self {
            reset: Duration::from_secs(3_600),
            confirmation: Duration::from_secs(72 * 3_600),
        }
    }
}

impl CodeLife {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let month = Duration::from_secs(31 * 86_400);
        if [self.reset, self.confirmation]
            .iter()
            .any(|life| life.is_zero() || *life > month)
        {
            return Err(ConfigError::invalid(
                "UP_CODE_TTL",
                "must be between one second and 31 days",
            ));
        }
        Ok(())
    }
}

pub(super) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}
