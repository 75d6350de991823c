//! Id tokens (OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::{Algorithm, Header, Validation};
use serde_json::Value;
use url::Url;

use super::effective::Asking;
use super::profile::{ProviderError, text};
use crate::clock::unix_now;
use crate::config::Config;
use crate::outbound::OutboundClient;
use crate::published_keys::{Place, PublishedKeys, Times};

/// Signatures with a key that only the provider has; never a shared secret.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// Keys that cannot be read again are believed for so long.
const LIMIT: Duration = Duration::from_secs(86_400);
const LEEWAY: u64 = 60;

/// What a token has to say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    /// `None`: the provider does not repeat it.
    pub(super) nonce: Option<&'a str>,
}

/// Keys of providers, by their URL.
#[derive(Debug)]
pub(super) struct Keys {
    times: Times,
    client: Arc<OutboundClient>,
    known: Mutex<HashMap<String, Arc<PublishedKeys>>>,
}

impl Keys {
    pub(super) fn new(client: Arc<OutboundClient>, config: &Config) -> Self {
        let times = Times {
            age: config.provider_key_age,
            limit: LIMIT,
            pause: config.provider_key_pause,
        };
        Self {
            times,
            client,
            known: Mutex::default(),
        }
    }

    /// Those that are published there.
    pub(super) fn at(&self, url: &Url) -> Arc<PublishedKeys> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let place = Place::At(url.to_string());
            let client = Arc::clone(&self.client);
            PublishedKeys::new(place, self.times, ALGORITHMS.to_vec(), client)
        };
        let keys = known
            .entry(url.to_string())
            .or_insert_with(|| Arc::new(new()));
        Arc::clone(keys)
    }

    /// What a key that is published there has signed; a token that no known one has signed has the keys read
    /// anew, as far as that was not done lately.
    async fn claims(
        &self,
        url: &Url,
        token: &str,
        header: &Header,
        expected: &Expected<'_>,
    ) -> Result<Value, ProviderError> {
        let keys = self.at(url);
        let validation = validation(header.alg, expected);
        let claims = keys.verify(header, |key| {
            let read = jsonwebtoken::decode::<Value>(token, key, &validation);
            read.ok().map(|data| data.claims)
        });
        let claims = claims.await.ok_or("the keys cannot be read")?;
        claims.ok_or_else(|| "the id token does not verify".into())
    }
}

/// The claims of a token that the provider has made for us and for this login.
pub(super) async fn verify(
    token: &str,
    keys: &Url,
    expected: &Expected<'_>,
    asking: &Asking,
) -> Result<Value, ProviderError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| "the id token is malformed")?;
    if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() {
        return Err("the id token is signed in a way that is not accepted".into());
    }
    let claims = asking.keys.claims(keys, token, &header, expected).await?;
    check(&claims, expected)?;
    Ok(claims)
}

fn validation(algorithm: Algorithm, expected: &Expected<'_>) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY;
    // Looked at below, by our clock.
    validation.validate_exp = false;
    validation.validate_nbf = true;
    validation.set_audience(&[expected.client]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    if !expected.issuer.contains("{tid}") {
        validation.set_issuer(&[expected.issuer]);
    }
    validation
}

/// What the library leaves open.
fn check(claims: &Value, expected: &Expected<'_>) -> Result<(), ProviderError> {
    if expected.issuer.contains("{tid}") {
        let tenant = text(claims, "/tid").unwrap_or_default();
        let issuer = expected.issuer.replace("{tid}", &tenant);
        if tenant.is_empty() || text(claims, "/iss") != Some(issuer) {
            return Err("the id token is of another issuer".into());
        }
    }
    // Nobody else is trusted with our tokens.
    let several = claims
        .get("aud")
        .and_then(Value::as_array)
        .is_some_and(|all| all.len() > 1);
    let party = text(claims, "/azp");
    if several || party.is_some_and(|party| party != expected.client) {
        return Err("the id token is for another client".into());
    }
    let now = unix_now();
    let ends = claims.get("exp").and_then(Value::as_f64);
    // By a clock that is not set back, and remembers that it was asked.
    if ends.is_none_or(|ends| (ends as u64).saturating_add(LEEWAY) < now) {
        return Err("the id token is over".into());
    }
    let issued = claims
        .get("iat")
        .and_then(Value::as_u64)
        .ok_or("the id token has no iat")?;
    if issued > now + LEEWAY {
        return Err("the id token is of the future".into());
    }
    match expected.nonce {
        Some(nonce) if text(claims, "/nonce").as_deref() != Some(nonce) => {
            Err("the id token is of another login".into())
        }
        _ => Ok(()),
    }
}
