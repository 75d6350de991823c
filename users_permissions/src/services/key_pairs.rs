//! Key pairs: what they sign, others verify by the key set we publish.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::{ConfigError, KeyPair, Secret};
use crate::error::{Error, Result};

/// What access tokens are called that are no Strapi's (RFC 9068, section 2.1).
pub(super) const ACCESS_TYPE: &str = "at+jwt";

/// The `typ` of tokens that are for requests and for nothing else.
pub(super) fn is_access(typ: &str) -> bool {
    typ.eq_ignore_ascii_case(ACCESS_TYPE)
}

/// Least bytes of an RSA modulus.
const MIN_RSA_BYTES: usize = 256;

/// The key pairs, built once; the first signs unless there are none.
#[derive(Default)]
pub(crate) struct KeyPairs {
    signing: Option<(Header, EncodingKey)>,
    verifying: Vec<Verifying>,
    key_set: String,
}

/// A key and the one algorithm it is for.
struct Verifying {
    kid: String,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl KeyPairs {
    pub(crate) fn new(pairs: &[KeyPair]) -> Result<Self, ConfigError> {
        let invalid = |kid: &str, reason: &str| {
            ConfigError::invalid("UP_JWT_KEYS", format!("the key `{kid}` {reason}"))
        };
        let mut built = Self::default();
        let mut public = Vec::new();
        for (place, KeyPair { kid, pem }) in pairs.iter().enumerate() {
            let read = Read::pem(pem).ok_or_else(|| {
                invalid(
                    kid,
                    "is no PEM of an RSA (2048 bits or more), P-256 or Ed25519 key in PKCS#8",
                )
            })?;
            match (place, read.private) {
                (0, None) => return Err(invalid(kid, "comes first and cannot sign")),
                (0, Some(key)) => {
                    let mut header = Header::new(read.algorithm);
                    header.typ = Some(ACCESS_TYPE.to_owned());
                    header.kid = Some(kid.clone());
                    built.signing = Some((header, key));
                }
                _ => {}
            }
            let key = DecodingKey::from_jwk(&read.public)
                .map_err(|_| invalid(kid, "cannot be used to verify"))?;
            built.verifying.push(Verifying {
                kid: kid.clone(),
                algorithm: read.algorithm,
                key,
            });
            let mut jwk = read.public;
            jwk.common.key_id = Some(kid.clone());
            jwk.common.public_key_use = Some(PublicKeyUse::Signature);
            public.push(jwk);
        }
        let set = serde_json::json!({ "keys": public });
        Ok(Self {
            key_set: set.to_string(),
            ..built
        })
    }

    /// Does a key pair sign access tokens?
    pub(super) fn sign_access(&self) -> bool {
        self.signing.is_some()
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> Option<Result<Secret>> {
        let (header, key) = self.signing.as_ref()?;
        let token = jsonwebtoken::encode(header, claims, key);
        Some(token.map(Secret::from).map_err(Error::internal))
    }

    /// The claims of a token that the key of its `kid` has signed by its own algorithm.
    pub(super) fn decode(
        &self,
        header: &Header,
        token: &str,
        validation: &Validation,
    ) -> Option<Map<String, Value>> {
        if !header.typ.as_deref().is_some_and(is_access) {
            return None;
        }
        let kid = header.kid.as_deref()?;
        let found = self.verifying.iter().find(|key| key.kid == kid)?;
        if found.algorithm != header.alg {
            return None;
        }
        let mut validation = validation.clone();
        validation.algorithms = vec![found.algorithm];
        jsonwebtoken::decode(token, &found.key, &validation)
            .ok()
            .map(|data| data.claims)
    }

    /// The public keys as JSON (RFC 7517).
    pub(super) fn key_set(&self) -> &str {
        &self.key_set
    }
}

/// An algorithm, and how its keys are read.
type Kind<T> = (
    Algorithm,
    fn(&[u8]) -> Result<T, jsonwebtoken::errors::Error>,
);

/// A PEM, understood.
struct Read {
    algorithm: Algorithm,
    private: Option<EncodingKey>,
    public: Jwk,
}

impl Read {
    fn pem(pem: &Secret) -> Option<Self> {
        let text = pem.expose().trim();
        let bytes = text.as_bytes();
        // PKCS#1 texts of both kinds are taken for either otherwise.
        if text.contains("PRIVATE KEY-----") {
            let kinds: [Kind<_>; 3] = [
                (Algorithm::RS256, EncodingKey::from_rsa_pem),
                (Algorithm::ES256, EncodingKey::from_ec_pem),
                (Algorithm::EdDSA, EncodingKey::from_ed_pem),
            ];
            return kinds.into_iter().find_map(|(algorithm, read)| {
                let key = read(bytes).ok()?;
                let public = Jwk::from_encoding_key(&key, algorithm).ok()?;
                Self::checked(algorithm, Some(key), public)
            });
        }
        let kinds: [Kind<_>; 3] = [
            (Algorithm::RS256, DecodingKey::from_rsa_pem),
            (Algorithm::ES256, DecodingKey::from_ec_pem),
            (Algorithm::EdDSA, DecodingKey::from_ed_pem),
        ];
        kinds.into_iter().find_map(|(algorithm, read)| {
            let public = Jwk::from_decoding_key(&read(bytes).ok()?, Some(algorithm)).ok()?;
            Self::checked(algorithm, None, public)
        })
    }

    fn checked(algorithm: Algorithm, private: Option<EncodingKey>, public: Jwk) -> Option<Self> {
        let fits = match (&public.algorithm, algorithm) {
            (AlgorithmParameters::RSA(key), Algorithm::RS256) => {
                key.n.len() * 3 / 4 >= MIN_RSA_BYTES
            }
            (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => {
                key.curve == EllipticCurve::P256
            }
            (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => {
                key.curve == EllipticCurve::Ed25519
            }
            _ => false,
        };
        fits.then_some(Self {
            algorithm,
            private,
            public,
        })
    }
}
