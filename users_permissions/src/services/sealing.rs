//! Seals what has to be stored and must not be read from a copy of the database.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use hkdf::Hkdf;
use sha2::Sha256;

use crate::config::{Config, Secret, SigningKeys};
use crate::error::{Error, Result};

const SALT: usize = 16;
const INFO: &[u8] = b"users_permissions sealed value, version 1";

/// Seals with the first secret, opens with each.
#[derive(Debug)]
pub(crate) struct Sealer {
    secrets: Vec<Secret>,
}

impl Sealer {
    /// The configured key first, then those that sign tokens, which are the keys while none is
    /// configured: setting one later loses nothing.
    pub(crate) fn new(config: &Config, keys: &SigningKeys) -> Self {
        let signing = keys.all().map(|key| key.secret.clone());
        Self {
            secrets: config
                .encryption_key
                .clone()
                .into_iter()
                .chain(signing)
                .collect(),
        }
    }

    /// Seals a value for one place; it opens in no other.
    ///
    /// A key of its own for each value (HKDF over a random salt), so that random nonces never meet.
    pub(crate) fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let secret = self
            .secrets
            .first()
            .ok_or_else(|| Error::internal("no key to seal with"))?;
        let salt: [u8; SALT] = rand::random();
        let key = key(secret, &salt).ok_or_else(|| Error::internal("no key could be derived"))?;
        let mut sealed = plain.to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(place), &mut sealed)
            .map_err(|_| Error::internal("a value could not be sealed"))?;
        Ok([salt.as_slice(), nonce.as_ref(), &sealed].concat())
    }

    /// Opens what was sealed for this place; `None` when the key has changed or a byte was.
    pub(crate) fn open(&self, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = sealed.split_at_checked(SALT)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN)?;
        self.secrets.iter().find_map(|secret| {
            let mut plain = sealed.to_vec();
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let length = key(secret, salt)?
                .open_in_place(nonce, Aad::from(place), &mut plain)
                .ok()?
                .len();
            plain.truncate(length);
            Some(plain)
        })
    }
}

/// Key material of a cookie.
pub(crate) struct CookieKey(pub(crate) [u8; 64]);

impl std::fmt::Debug for CookieKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Key of a cookie, made of the first configured key; each purpose has one of its own.
pub(super) fn cookie_key(config: &Config, keys: &SigningKeys, purpose: &str) -> Result<CookieKey> {
    let signing = keys.all().map(|key| &key.secret);
    let secret = config
        .app_keys
        .iter()
        .chain(&config.encryption_key)
        .chain(signing)
        .next()
        .ok_or_else(|| Error::internal("no key for cookies"))?;
    let mut bytes = [0; 64];
    Hkdf::<Sha256>::new(None, secret.expose().as_bytes())
        .expand_multi_info(
            &[b"users_permissions cookie, version 1, ", purpose.as_bytes()],
            &mut bytes,
        )
        .map_err(|_| Error::internal("no key could be derived"))?;
    Ok(CookieKey(bytes))
}

fn key(secret: &Secret, salt: &[u8]) -> Option<RandomizedNonceKey> {
    let mut bytes = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), secret.expose().as_bytes())
        .expand(INFO, &mut bytes)
        .ok()?;
    RandomizedNonceKey::new(&AES_256_GCM, &bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(secrets: &[&str]) -> Sealer {
        Sealer {
            secrets: secrets.iter().map(|secret| Secret::from(*secret)).collect(),
        }
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_only() {
        let old = sealer(&["old"]);
        let sealed = old.seal("a", b"the code").unwrap();
        assert!(!sealed.windows(3).any(|window| window == b"cod"));
        assert_ne!(old.seal("a", b"the code").unwrap(), sealed);
        assert_eq!(
            old.open("a", &sealed).as_deref(),
            Some(b"the code".as_slice())
        );
        assert_eq!(old.open("b", &sealed), None);
        assert_eq!(sealer(&["other"]).open("a", &sealed), None);
        assert_eq!(
            sealer(&["new", "old"]).open("a", &sealed).as_deref(),
            Some(b"the code".as_slice())
        );
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(old.open("a", &changed), None, "{index}");
        }
        assert_eq!(old.open("a", &sealed[..20]), None);
    }
}
