//! Reads the keys of an issuer: by age and for unknown ones, one reading at a time, old keys kept on error.

use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::Issuer;
use super::keys::KeySet;
use crate::outbound::{OutboundAnswer, OutboundClient};

/// First pause after a reading that failed; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Keys, and when they were read.
pub(super) struct Known {
    pub(super) keys: KeySet,
    read_at: Instant,
}

/// How readings went so far.
#[derive(Default)]
pub(super) struct Progress {
    succeeded_at: Option<Instant>,
    failures: u32,
    not_before: Option<Instant>,
    /// Where discovery said the keys are.
    discovered: Option<Url>,
}

impl Issuer {
    /// The keys that are believed now; a reading is begun when they are old.
    pub(super) fn known(self: &Arc<Self>) -> Option<Arc<Known>> {
        let are_believed = self.keep_fresh();
        self.known.load_full().filter(|_| are_believed)
    }

    /// Are there keys that are believed? Those that could not be read again for too long are not. Begins a
    /// reading when they are old; waits for nothing.
    pub(super) fn keep_fresh(self: &Arc<Self>) -> bool {
        let known = self.known.load();
        let Some(age) = known.as_ref().map(|known| known.read_at.elapsed()) else {
            return false;
        };
        // Whoever holds the turn is reading.
        if age >= self.config.key_age
            && let Ok(progress) = Arc::clone(&self.progress).try_lock_owned()
            && progress.may_read(Instant::now())
        {
            tokio::spawn(Arc::clone(self).read(progress));
        }
        age < self.config.key_limit
    }

    /// The keys after a reading, where one is due: there are none yet, or the key of this id is unknown.
    pub(super) async fn renewed(self: &Arc<Self>, kid: Option<&str>) -> Option<Arc<Known>> {
        let progress = Arc::clone(&self.progress).lock_owned().await;
        // Somebody may have read while this one waited.
        let known = self.known();
        let now = Instant::now();
        let is_due = match &known {
            None => true,
            Some(known) => {
                let pause = self.config.unknown_key_pause;
                let rested = progress
                    .succeeded_at
                    .is_none_or(|time| now.duration_since(time) >= pause);
                !known.keys.knows(kid) && rested
            }
        };
        if !is_due || !progress.may_read(now) {
            return known;
        }
        // A task of its own, so that clients who hang up do not start one reading after another.
        if let Err(error) = tokio::spawn(Arc::clone(self).read(progress)).await {
            tracing::warn!(%error, issuer = self.config.issuer, "a reading of keys was ended");
        }
        self.known()
    }

    async fn read(self: Arc<Self>, mut progress: tokio::sync::OwnedMutexGuard<Progress>) {
        let found = self.fetch(progress.discovered.as_ref()).await;
        match found {
            Ok((keys, url)) => {
                progress.succeeded_at = Some(Instant::now());
                progress.failures = 0;
                progress.not_before = None;
                progress.discovered = Some(url);
                self.publish(keys);
            }
            Err(reason) => {
                let doublings = progress.failures.min(8);
                let pause = FIRST_PAUSE
                    .saturating_mul(1 << doublings)
                    .min(LONGEST_PAUSE);
                progress.failures = progress.failures.saturating_add(1);
                progress.not_before = Some(Instant::now() + pause);
                // Keys may have moved.
                progress.discovered = None;
                tracing::warn!(issuer = self.config.issuer, %reason, "the keys of an issuer cannot be read; those that are known stay");
            }
        }
    }

    /// Tokens that were verified by a key that is gone are to be verified again.
    fn publish(&self, keys: KeySet) {
        let before = self.known.swap(Some(Arc::new(Known {
            keys,
            read_at: Instant::now(),
        })));
        let after = self.known.load();
        if let (Some(before), Some(after)) = (before, after.as_ref())
            && !after.keys.holds_all_of(&before.keys)
        {
            self.forget_tokens();
        }
    }

    async fn fetch(&self, discovered: Option<&Url>) -> Result<(KeySet, Url), String> {
        let url = match (&self.config.jwks_url, discovered) {
            (Some(url), _) => Url::parse(url).map_err(|error| error.to_string())?,
            (None, Some(url)) => url.clone(),
            (None, None) => discover(&self.outbound, &self.config.issuer).await?,
        };
        let body = ask(&self.outbound, &url).await?;
        let keys = KeySet::parse(&body, &self.algorithms);
        Ok((keys.ok_or("there is no usable key in the answer")?, url))
    }
}

impl Progress {
    fn may_read(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|time| time <= now)
    }
}

/// Where an issuer says that its keys are (OpenID Connect Discovery 1.0, section 4).
async fn discover(outbound: &OutboundClient, issuer: &str) -> Result<Url, String> {
    let place = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let place = Url::parse(&place).map_err(|error| error.to_string())?;
    let body = ask(outbound, &place).await?;
    let document: serde_json::Value =
        serde_json::from_slice(&body).map_err(|_| "its configuration is no JSON")?;
    let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str);
    if text("issuer") != Some(issuer) {
        return Err("its configuration is another issuer's".to_owned());
    }
    let url = text("jwks_uri").ok_or("its configuration names no keys")?;
    Url::parse(url).map_err(|error| error.to_string())
}

async fn ask(outbound: &OutboundClient, url: &Url) -> Result<Vec<u8>, String> {
    let answer = outbound.get(url, &[("accept", "application/json")]).await;
    match answer.map_err(|error| error.to_string())? {
        OutboundAnswer {
            status: 200, body, ..
        } => Ok(body),
        OutboundAnswer { status, .. } => Err(format!("status {status}")),
    }
}
