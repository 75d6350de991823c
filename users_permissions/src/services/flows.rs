//! Social logins on their way, kept in Redis where instances share one: sealed, under the hash of a name
//! that only the browser has.

use std::sync::Arc;
use std::time::Duration;

use super::Sealer;
use super::letters::{digest, new_code};
use crate::config::Secret;
use crate::limits::Limits;
#[cfg(feature = "redis")]
use crate::limits::Shared;

/// Where logins wait for their browser.
#[derive(Debug)]
pub(crate) struct Flows {
    sealer: Arc<Sealer>,
    #[cfg(feature = "redis")]
    shared: Option<Arc<Shared>>,
}

impl Flows {
    pub(super) fn new(limits: &Limits, sealer: &Arc<Sealer>) -> Self {
        #[cfg(not(feature = "redis"))]
        let _ = limits;
        Self {
            sealer: Arc::clone(sealer),
            #[cfg(feature = "redis")]
            shared: limits.shared(),
        }
    }

    /// Keeps a state for a while, and names it; `None`: it cannot be kept here.
    pub(crate) async fn keep(&self, state: &str, life: Duration) -> Option<Secret> {
        let name = new_code(32);
        let place = place(name.expose());
        let sealed = self.sealer.seal(&place, state.as_bytes()).ok()?;
        self.put(&place, &sealed, life).await?;
        Some(name)
    }

    /// What was kept under a name.
    pub(crate) async fn kept(&self, name: &str) -> Option<String> {
        let place = place(name);
        let sealed = self.get(&place).await?;
        let plain = self.sealer.open(&place, &sealed)?;
        String::from_utf8(plain).ok()
    }

    #[cfg(feature = "redis")]
    async fn put(&self, place: &str, sealed: &[u8], life: Duration) -> Option<()> {
        self.shared.as_ref()?.put(place, sealed, life).await
    }

    #[cfg(feature = "redis")]
    async fn get(&self, place: &str) -> Option<Vec<u8>> {
        self.shared.as_ref()?.get(place).await?
    }

    /// Forgets what was kept under a name.
    #[cfg(feature = "redis")]
    pub(crate) async fn forget(&self, name: &str) {
        if let Some(shared) = &self.shared {
            // What stays ends by itself.
            let _ = shared.remove(&place(name)).await;
        }
    }

    #[cfg(not(feature = "redis"))]
    async fn put(&self, _: &str, _: &[u8], _: Duration) -> Option<()> {
        None
    }

    #[cfg(not(feature = "redis"))]
    async fn get(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    #[cfg(not(feature = "redis"))]
    pub(crate) async fn forget(&self, _: &str) {}
}

fn place(name: &str) -> String {
    format!("users_permissions:flow:{}", digest(name))
}
