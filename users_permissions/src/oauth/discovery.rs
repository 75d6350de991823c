//! What an OpenID Connect issuer tells of itself (OpenID Connect Discovery 1.0).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::effective::{Asking, rebase};
use super::profile::ProviderError;

const KEPT: Duration = Duration::from_secs(3_600);

#[derive(Debug, Deserialize)]
pub(super) struct Discovery {
    issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) introspection_endpoint: Option<String>,
    pub(super) jwks_uri: String,
}

/// Documents of an hour, by issuer.
#[derive(Debug, Default)]
pub(super) struct Discoveries(Mutex<HashMap<String, (Instant, Arc<Discovery>)>>);

impl Discoveries {
    pub(super) async fn of(
        &self,
        issuer: &str,
        asking: &Asking,
    ) -> Result<Arc<Discovery>, ProviderError> {
        if let Some((time, known)) = self.lock().get(issuer)
            && time.elapsed() < KEPT
        {
            return Ok(Arc::clone(known));
        }
        let place = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let url = rebase(&place, asking.base.as_deref())?;
        let answer = asking
            .client
            .get(&url, &[("accept", "application/json")])
            .await?;
        let found: Option<Discovery> = (answer.status == 200)
            .then(|| serde_json::from_slice(&answer.body).ok())
            .flatten();
        let found = found.ok_or("the issuer describes itself wrongly")?;
        if found.issuer != issuer {
            return Err("the issuer calls itself otherwise".into());
        }
        let found = Arc::new(found);
        self.lock()
            .insert(issuer.to_owned(), (Instant::now(), Arc::clone(&found)));
        Ok(found)
    }

    /// Forgets what an issuer has told.
    #[cfg(feature = "admin")]
    pub(super) fn forget(&self, issuer: &str) {
        self.lock().remove(issuer);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Arc<Discovery>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
