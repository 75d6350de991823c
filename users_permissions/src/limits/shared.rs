//! What all instances share in Redis: windows, and social logins on their way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, Client, RedisResult, Script};

use crate::config::{ConfigError, Secret};

/// A login shall not wait longer for a counter.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long Redis is left alone after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// One step for Redis, so that no two requests see one number and no counter is left without an end.
const COUNT: &str = "\
local used = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    left = tonumber(ARGV[1])
end
return {used, left}";

/// What is shared.
pub(crate) struct Shared {
    connection: ConnectionManager,
    script: Script,
    started: Instant,
    /// Milliseconds after `started` until which Redis is left alone; zero while it answers.
    paused_until: AtomicU64,
}

impl Shared {
    /// Reads the URL; the connection is made when it is first needed and again whenever it is lost.
    pub(super) fn new(url: &Secret) -> Result<Self, ConfigError> {
        // The library's words may repeat the URL, which holds a password.
        let invalid =
            |_| ConfigError::invalid("REDIS_URL", "cannot be used; write redis://host:port");
        if url.expose().starts_with("rediss:") {
            // Fails only where the application has chosen a provider already.
            drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        }
        let client = Client::open(url.expose()).map_err(invalid)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config).map_err(invalid)?,
            script: Script::new(COUNT),
            started: Instant::now(),
            paused_until: AtomicU64::new(0),
        })
    }

    /// Counts one more; `None` while Redis does not answer.
    pub(super) async fn count(&self, key: &str, interval: Duration) -> Option<(u64, Duration)> {
        let key = format!("users_permissions:limit:{key}");
        let count = async |mut connection: ConnectionManager| {
            let interval = interval.as_millis() as u64;
            let mut step = self.script.key(key);
            step.arg(interval).invoke_async(&mut connection).await
        };
        let (used, left): (u64, u64) = self.ask(count).await?;
        Some((used, Duration::from_millis(left)))
    }

    /// Keeps a value for a while; `None` while Redis does not answer.
    pub(crate) async fn put(&self, key: &str, value: &[u8], life: Duration) -> Option<()> {
        let seconds = life.as_secs().max(1);
        self.ask(async |mut connection: ConnectionManager| {
            connection.set_ex(key, value, seconds).await
        })
        .await
    }

    /// The value, if there is one; the outer `None`: Redis does not answer.
    pub(crate) async fn get(&self, key: &str) -> Option<Option<Vec<u8>>> {
        self.ask(async |mut connection: ConnectionManager| connection.get(key).await)
            .await
    }

    /// Forgets a value; `None` while Redis does not answer.
    pub(crate) async fn remove(&self, key: &str) -> Option<()> {
        self.ask(async |mut connection: ConnectionManager| connection.del(key).await)
            .await
    }

    async fn ask<T>(
        &self,
        ask: impl AsyncFnOnce(ConnectionManager) -> RedisResult<T>,
    ) -> Option<T> {
        let now = self.started.elapsed().as_millis() as u64;
        let paused_until = self.paused_until.load(Ordering::Relaxed);
        if now < paused_until {
            return None;
        }
        match ask(self.connection.clone()).await {
            Ok(answer) => {
                if self.paused_until.swap(0, Ordering::Relaxed) > 0 {
                    tracing::info!("redis answers again; limits and social logins are shared");
                }
                Some(answer)
            }
            Err(error) => {
                let until = self.started.elapsed() + PAUSE;
                let before = self
                    .paused_until
                    .swap(until.as_millis() as u64, Ordering::Relaxed);
                if before == 0 {
                    tracing::warn!(%error, "redis does not answer; each instance counts for itself until it does");
                }
                None
            }
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
