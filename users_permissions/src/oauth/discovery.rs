//! What an OpenID Connect issuer tells of itself (OpenID Connect Discovery 1.0).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::effective::{Asking, rebase};
use super::profile::ProviderError;
use super::provider::ClientAuth;

const KEPT: Duration = Duration::from_secs(3_600);

#[derive(Debug, Deserialize)]
pub(super) struct Discovery {
    issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) introspection_endpoint: Option<String>,
    pub(super) jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Of RFC 8414.
    introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Discovery {
    /// How key and secret are shown to the token endpoint.
    pub(super) fn token_auth(&self) -> ClientAuth {
        auth_by(self.token_endpoint_auth_methods_supported.as_deref())
    }

    /// How they are shown to the introspection: as to the token endpoint, where nothing is said of it.
    pub(super) fn introspection_auth(&self) -> ClientAuth {
        match &self.introspection_endpoint_auth_methods_supported {
            Some(methods) => auth_by(Some(methods)),
            None => self.token_auth(),
        }
    }
}

/// HTTP Basic where there is a choice. It is also what clients are registered for, and issuers take, where
/// neither says anything (section 3).
fn auth_by(methods: Option<&[String]>) -> ClientAuth {
    let takes = |methods: &[String]| methods.iter().any(|method| method == "client_secret_basic");
    match methods.is_none_or(takes) {
        true => ClientAuth::Basic,
        false => ClientAuth::Body,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn key_and_secret_are_shown_as_the_issuer_says() {
        const TOKEN: &str = "token_endpoint_auth_methods_supported";
        const INTROSPECTION: &str = "introspection_endpoint_auth_methods_supported";
        let (basic, body) = (
            json!(["client_secret_basic"]),
            json!(["client_secret_post"]),
        );
        let both = json!(["client_secret_post", "client_secret_basic"]);
        let shown = |more: &[(&str, &Value)]| {
            let mut told = json!({
                "issuer": "https://id.example", "authorization_endpoint": "https://id.example/authorize",
                "token_endpoint": "https://id.example/token", "jwks_uri": "https://id.example/keys",
            });
            for (name, methods) in more {
                told[*name] = (*methods).clone();
            }
            let found: Discovery = serde_json::from_value(told).unwrap();
            (found.token_auth(), found.introspection_auth())
        };
        let (by_basic, in_body) = (ClientAuth::Basic, ClientAuth::Body);
        for methods in [&Value::Null, &basic, &both] {
            assert_eq!(
                shown(&[(TOKEN, methods)]),
                (by_basic, by_basic),
                "{methods}"
            );
        }
        assert_eq!(shown(&[]), (by_basic, by_basic));
        assert_eq!(shown(&[(TOKEN, &body)]), (in_body, in_body));
        assert_eq!(shown(&[(INTROSPECTION, &body)]), (by_basic, in_body));
        assert_eq!(
            shown(&[(TOKEN, &body), (INTROSPECTION, &both)]),
            (in_body, by_basic)
        );
    }
}
