//! Counts what may not happen too often: in fixed windows, as Strapi does, in this process or in Redis.
//! Social logins that are on their way may wait in the same Redis. No HTTP, no SQL; who counts what is told in `http::limits` and in the services.

mod memory;
mod network;
#[cfg(feature = "redis")]
mod shared;

#[cfg(feature = "redis")]
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::config::{Config, ConfigError, RateLimit};

pub(crate) use network::{client_address, client_network};
#[cfg(feature = "redis")]
pub(crate) use shared::Shared;

/// What a window has seen, the present request included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) limit: u32,
    pub(crate) used: u64,
    /// Until the window ends.
    pub(crate) left: Duration,
}

impl Count {
    pub(crate) fn is_exceeded(&self) -> bool {
        self.used > u64::from(self.limit)
    }

    /// The first one too many: the one worth a line in the log.
    pub(crate) fn is_first_beyond(&self) -> bool {
        self.used == u64::from(self.limit) + 1
    }

    pub(crate) fn remaining(&self) -> u64 {
        u64::from(self.limit).saturating_sub(self.used)
    }

    /// The end of the window in seconds since the epoch.
    pub(crate) fn reset(&self) -> u64 {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        (now + self.left).as_millis().div_ceil(1_000) as u64
    }

    /// Seconds until the window ends, at least one.
    pub(crate) fn retry_after(&self) -> u64 {
        (self.left.as_millis().div_ceil(1_000) as u64).max(1)
    }
}

/// The counters of a plugin.
#[derive(Debug)]
pub(crate) struct Limits {
    config: RateLimit,
    memory: memory::Memory,
    #[cfg(feature = "redis")]
    shared: Option<Arc<Shared>>,
}

impl Limits {
    /// Connects to nothing yet; call it inside of a runtime.
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        Ok(Self {
            config: config.ratelimit.clone(),
            memory: memory::Memory::default(),
            #[cfg(feature = "redis")]
            shared: config
                .redis_url
                .as_ref()
                .map(Shared::new)
                .transpose()?
                .map(Arc::new),
        })
    }

    /// What is shared with other instances, where anything is.
    #[cfg(feature = "redis")]
    pub(crate) fn shared(&self) -> Option<Arc<Shared>> {
        self.shared.clone()
    }

    pub(crate) fn are_on(&self) -> bool {
        self.config.enabled
    }

    /// Requests per window that one account, or one client on most routes, may make.
    pub(crate) fn max(&self) -> u32 {
        self.config.max
    }

    /// Counts one mail that a stranger causes; false when the budget of all accounts is used up.
    pub(crate) async fn spend_mail(&self) -> bool {
        if !self.are_on() {
            return true;
        }
        let count = self.count("mails", self.config.mails).await;
        if count.is_first_beyond() {
            tracing::warn!(target: "users_permissions::security", limit = count.limit, "the mail budget is used up; mails are refused until the window ends");
        }
        !count.is_exceeded()
    }

    /// Counts one more in the window of `key`.
    ///
    /// Without its Redis an instance counts for itself: a limit per instance is better than none, and
    /// than nobody being able to sign in.
    pub(crate) async fn count(&self, key: &str, limit: u32) -> Count {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared
            && let Some((used, left)) = shared.count(key, self.config.interval).await
        {
            return Count { limit, used, left };
        }
        let (used, left) = self.memory.count(key, self.config.interval);
        Count { limit, used, left }
    }
}

/// A short name of a text of any length, for keys.
pub(crate) fn short(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_count() {
        let count = |used| Count {
            limit: 10,
            used,
            left: Duration::from_millis(1_500),
        };
        assert!(!count(10).is_exceeded() && count(11).is_exceeded());
        assert!(count(11).is_first_beyond() && !count(12).is_first_beyond());
        assert_eq!((count(1).remaining(), count(12).remaining()), (9, 0));
        assert_eq!(count(1).retry_after(), 2);
        assert!(count(1).reset() > 1_500_000_000);
    }
}
