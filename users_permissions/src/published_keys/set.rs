//! The published keys of an issuer.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

/// More than any issuer has; the rest is not read.
const MAX_KEYS: usize = 64;
/// Least base64 digits of an RSA modulus of 2048 bits.
const MIN_RSA_DIGITS: usize = 342;

/// A key and what it may be used for.
pub(crate) struct Key {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    pub(crate) key: DecodingKey,
    jwk: Jwk,
}

/// The keys that can be used, in the order they are published.
#[derive(Default)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    /// Reads a key set (RFC 7517); keys that are not understood, or for something else, are left out.
    /// `None` without any.
    pub(crate) fn parse(body: &[u8], allowed: &[Algorithm]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let listed = value.get("keys")?.as_array()?;
        let keys: Vec<Key> = listed
            .iter()
            .take(MAX_KEYS)
            .filter_map(|key| Key::parse(key, allowed))
            .collect();
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// Keys for a token of this key id and algorithm. A token without an id may be of any key.
    pub(super) fn fit<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a Key> {
        self.keys.iter().filter(move |key| {
            key.algorithms.contains(&algorithm) && (kid.is_none() || key.kid.as_deref() == kid)
        })
    }

    #[cfg(feature = "admin")]
    pub(super) fn count(&self) -> usize {
        self.keys.len()
    }

    /// Is a key of this id among them? A token without an id asks for no new keys.
    pub(super) fn knows(&self, kid: Option<&str>) -> bool {
        kid.is_none() || self.keys.iter().any(|key| key.kid.as_deref() == kid)
    }

    /// Is every key of the other set in this one, too?
    pub(super) fn holds_all_of(&self, other: &Self) -> bool {
        let mut others = other.keys.iter();
        others.all(|key| self.keys.iter().any(|own| own.jwk == key.jwk))
    }
}

impl Key {
    fn parse(value: &Value, allowed: &[Algorithm]) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let common = &jwk.common;
        let is_for_signatures = match &common.public_key_use {
            None => true,
            Some(purpose) => *purpose == PublicKeyUse::Signature,
        };
        let verifies = match &common.key_operations {
            None => true,
            Some(operations) => operations.contains(&KeyOperations::Verify),
        };
        if !is_for_signatures || !verifies {
            return None;
        }
        let by_kind = by_kind(&jwk.algorithm)?;
        let named = common.key_algorithm.map(|name| name.to_string());
        let algorithms: Vec<_> = by_kind
            .iter()
            .copied()
            .filter(|algorithm| allowed.contains(algorithm))
            .filter(|algorithm| {
                let name = named.as_deref();
                name.is_none_or(|name| name.parse().ok() == Some(*algorithm))
            })
            .collect();
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let kid = common.key_id.clone();
        (!algorithms.is_empty()).then_some(Self {
            kid,
            algorithms,
            key,
            jwk,
        })
    }
}

/// What a kind of key can verify.
fn by_kind(parameters: &AlgorithmParameters) -> Option<&'static [Algorithm]> {
    match parameters {
        AlgorithmParameters::RSA(key) if key.n.len() >= MIN_RSA_DIGITS => Some(&[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ]),
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => Some(&[Algorithm::ES256]),
            EllipticCurve::P384 => Some(&[Algorithm::ES384]),
            _ => None,
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Some(&[Algorithm::EdDSA])
        }
        // A secret has no place in a published set.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn set(keys: Value) -> Option<KeySet> {
        let body = json!({ "keys": keys }).to_string();
        KeySet::parse(body.as_bytes(), &[Algorithm::EdDSA, Algorithm::RS256])
    }

    fn ed(more: Value) -> Value {
        let mut key = json!({ "kty": "OKP", "crv": "Ed25519", "x": X, "kid": "a" });
        let (Some(key_map), Some(more)) = (key.as_object_mut(), more.as_object()) else {
            unreachable!()
        };
        key_map.extend(more.clone());
        key
    }

    #[test]
    fn keys_of_2048_bits_are_long_enough() {
        let rsa = |digits: usize| json!([{ "kty": "RSA", "n": "q".repeat(digits - 1) + "A", "e": "AQAB" }]);
        assert!(set(rsa(MIN_RSA_DIGITS)).is_some());
        assert!(set(rsa(MIN_RSA_DIGITS - 2)).is_none());
    }

    #[test]
    fn a_set_holds_another_while_no_key_is_gone() {
        let key = |kid: &str| ed(json!({ "kid": kid }));
        let of = |kids: &[&str]| set(kids.iter().map(|kid| key(kid)).collect()).unwrap();
        let both = of(&["a", "b"]);
        assert!(both.holds_all_of(&of(&["b", "a"])) && both.holds_all_of(&of(&["a"])));
        assert!(!of(&["a"]).holds_all_of(&both) && !both.holds_all_of(&of(&["c"])));
    }

    #[test]
    fn what_is_not_for_signatures_of_allowed_algorithms_is_left_out() {
        for good in [
            json!({}),
            json!({"use": "sig"}),
            json!({"alg": "EdDSA"}),
            json!({"key_ops": ["verify"]}),
        ] {
            assert!(set(json!([ed(good.clone())])).is_some(), "{good}");
        }
        for bad in [
            json!([]),
            json!([ed(json!({"use": "enc"}))]),
            json!([ed(json!({"key_ops": ["sign"]}))]),
            json!([ed(json!({"alg": "RS256"}))]),
            json!([ed(json!({"alg": "HS256"}))]),
            json!([ed(json!({"alg": "none"}))]),
            json!([ed(json!({"crv": "X25519"}))]),
            json!([ed(json!({"crv": "P-256"}))]),
            json!([{"kty": "EC", "crv": "P-256", "x": X, "y": X, "kid": "a"}]),
            json!([{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]),
            json!([{"kty": "RSA", "n": "c2hvcnQ", "e": "AQAB", "kid": "a"}]),
            json!([{"kty": "new"}]),
            json!(["key"]),
            json!({}),
        ] {
            assert!(set(bad.clone()).is_none(), "{bad}");
        }
        let mixed = json!([{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "EC", "crv": "secp256k1"}, ed(json!({}))]);
        assert_eq!(set(mixed).unwrap().keys.len(), 1);
        for body in ["", "<html>", "[]", "null", r#"{"keys":null}"#] {
            assert!(KeySet::parse(body.as_bytes(), &[Algorithm::EdDSA]).is_none());
        }
    }

    #[test]
    fn keys_are_found_by_id_and_algorithm() {
        let set = set(json!([ed(json!({})), ed(json!({"kid": "b"}))])).unwrap();
        let count = |kid, algorithm| set.fit(kid, algorithm).count();
        assert_eq!(count(Some("a"), Algorithm::EdDSA), 1);
        assert_eq!(count(None, Algorithm::EdDSA), 2);
        assert_eq!(count(Some("a"), Algorithm::RS256), 0);
        assert_eq!(count(Some("c"), Algorithm::EdDSA), 0);
        assert!(set.knows(None) && set.knows(Some("b")) && !set.knows(Some("c")));
    }
}
