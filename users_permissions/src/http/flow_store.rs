//! Where the session of a social login is: in Redis, where instances share one, and else in its encrypted
//! cookie. While Redis does not answer, the cookie has to do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_session::storage::{
    CookieSessionStore, LoadError, SaveError, SessionKey, SessionStore, UpdateError,
};
use actix_web::cookie::time;

use crate::services::Flows;

type State = HashMap<String, String>;

pub(super) struct FlowStore {
    flows: Arc<Flows>,
    cookie: CookieSessionStore,
}

impl FlowStore {
    pub(super) fn new(flows: Arc<Flows>) -> Self {
        Self {
            flows,
            cookie: CookieSessionStore::default(),
        }
    }
}

/// A cookie holds a state, or the name of one.
fn is_state(key: &SessionKey) -> bool {
    key.as_ref().starts_with('{')
}

impl SessionStore for FlowStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        if is_state(key) {
            return self.cookie.load(key).await;
        }
        let kept = self.flows.kept(key.as_ref()).await;
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn save(&self, state: State, ttl: &time::Duration) -> Result<SessionKey, SaveError> {
        let text = serde_json::to_string(&state)
            .map_err(|error| SaveError::Serialization(error.into()))?;
        let life = Duration::from_secs(ttl.whole_seconds().unsigned_abs());
        match self.flows.keep(&text, life).await {
            Some(name) => SessionKey::try_from(name.expose().to_owned())
                .map_err(|error| SaveError::Other(error.into())),
            None => self.cookie.save(state, ttl).await,
        }
    }

    /// Under a new name: what was known before a login began is of no use afterwards.
    async fn update(
        &self,
        key: SessionKey,
        state: State,
        ttl: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        if !is_state(&key) {
            self.flows.forget(key.as_ref()).await;
        }
        self.save(state, ttl).await.map_err(|error| match error {
            SaveError::Serialization(error) => UpdateError::Serialization(error),
            SaveError::Other(error) => UpdateError::Other(error),
        })
    }

    async fn update_ttl(&self, _: &SessionKey, _: &time::Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        if !is_state(key) {
            self.flows.forget(key.as_ref()).await;
        }
        Ok(())
    }
}
