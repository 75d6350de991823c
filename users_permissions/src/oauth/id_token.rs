//! Id tokens (OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use url::Url;

use super::effective::Asking;
use super::profile::{ProviderError, text};

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
const KEPT: Duration = Duration::from_secs(3_600);
/// An unknown key is looked for no more often.
const PAUSE: Duration = Duration::from_secs(30);
const LEEWAY: u64 = 60;

/// What a token has to say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    /// `None`: the provider does not repeat it.
    pub(super) nonce: Option<&'a str>,
}

/// Keys of providers, by their URL.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<HashMap<String, (Instant, Arc<JwkSet>)>>);

impl Keys {
    async fn at(
        &self,
        url: &Url,
        kid: Option<&str>,
        asking: &Asking,
    ) -> Result<Arc<JwkSet>, ProviderError> {
        let known = self.lock().get(url.as_str()).cloned();
        if let Some((time, keys)) = known {
            let has_key = kid.is_none_or(|kid| keys.find(kid).is_some());
            if time.elapsed() < if has_key { KEPT } else { PAUSE } {
                return Ok(keys);
            }
        }
        self.read(url, asking).await
    }

    /// Reads the keys, whatever is remembered.
    pub(super) async fn read(
        &self,
        url: &Url,
        asking: &Asking,
    ) -> Result<Arc<JwkSet>, ProviderError> {
        let answer = asking
            .client
            .get(url, &[("accept", "application/json")])
            .await?;
        let keys = (answer.status == 200)
            .then(|| parse(&answer.body))
            .flatten();
        let keys = Arc::new(keys.ok_or("the keys cannot be read")?);
        self.lock()
            .insert(url.to_string(), (Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Arc<JwkSet>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keys of kinds nobody here knows are left out.
fn parse(body: &[u8]) -> Option<JwkSet> {
    let set: Value = serde_json::from_slice(body).ok()?;
    let keys = set.get("keys")?.as_array()?.iter();
    let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
    let keys = keys.filter(|key| !matches!(key.algorithm, AlgorithmParameters::OctetKey(_)));
    Some(JwkSet {
        keys: keys.collect(),
    })
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
    let set = asking.keys.at(keys, header.kid.as_deref(), asking).await?;
    let fits = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
    let claims = set.keys.iter().filter(fits).find_map(|key| {
        let key = DecodingKey::from_jwk(key).ok()?;
        let read = jsonwebtoken::decode::<Value>(token, &key, &validation(header.alg, expected));
        read.ok().map(|data| data.claims)
    });
    let claims = claims.ok_or("the id token does not verify")?;
    check(&claims, expected)?;
    Ok(claims)
}

fn validation(algorithm: Algorithm, expected: &Expected<'_>) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY;
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
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |span| span.as_secs());
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
