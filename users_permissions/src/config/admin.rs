//! How long administrators stay signed in to their pages.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::ConfigError;

/// Times of a sign-in to the pages of administrators.
///
/// ```
/// use std::time::Duration;
/// use users_permissions::AdminSession;
///
/// let session: AdminSession = serde_json::from_str(r#"{"idle": 600}"#)?;
/// assert_eq!(session.idle, Duration::from_secs(600));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AdminSession {
    /// It ends when nothing was done for so long (default 30 minutes).
    #[serde(deserialize_with = "seconds")]
    pub idle: Duration,
    /// It ends after so long in any case (default 12 hours).
    #[serde(deserialize_with = "seconds")]
    pub absolute: Duration,
    /// How long a password counts for what needs a recent one (default 10 minutes).
    #[serde(deserialize_with = "seconds")]
    pub recent: Duration,
}

impl Default for AdminSession {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(1_800),
            absolute: Duration::from_secs(43_200),
            recent: Duration::from_secs(600),
        }
    }
}

impl AdminSession {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.idle.is_zero() || self.absolute < self.idle {
            return Err(ConfigError::invalid(
                "UP_ADMIN_SESSION",
                "idle must be at least a second, and absolute no shorter",
            ));
        }
        Ok(())
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}
