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
    /// The configured key first, then those of the application, then those that sign tokens, which are the
    /// keys while none is configured: setting one later loses nothing, and a former one opens what it has
    /// sealed as long as it is listed.
    pub(crate) fn new(config: &Config, keys: &SigningKeys) -> Self {
        let signing = keys.all().map(|key| key.secret.clone());
        let configured = config.encryption_key.iter().chain(&config.app_keys);
        Self {
            secrets: configured.cloned().chain(signing).collect(),
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
        self.open_by(place, sealed).map(|(_, plain)| plain)
    }

    /// Seals by the first secret what a former one has sealed; `None` where there is nothing to do.
    pub(super) fn renew(&self, place: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.open_by(place, sealed) {
            None | Some((0, _)) => Ok(None),
            Some((_, plain)) => self.seal(place, &plain).map(Some),
        }
    }

    /// What was sealed, and the number of the secret it was sealed with.
    fn open_by(&self, place: &str, sealed: &[u8]) -> Option<(usize, Vec<u8>)> {
        let (salt, rest) = sealed.split_at_checked(SALT)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN)?;
        self.secrets
            .iter()
            .enumerate()
            .find_map(|(number, secret)| {
                let mut plain = sealed.to_vec();
                let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
                let length = key(secret, salt)?
                    .open_in_place(nonce, Aad::from(place), &mut plain)
                    .ok()?
                    .len();
                plain.truncate(length);
                Some((number, plain))
            })
    }
}

/// Keys of a cookie: the first seals, all open.
pub(crate) struct CookieKeys(Vec<[u8; 64]>);

impl CookieKeys {
    pub(crate) fn all(&self) -> &[[u8; 64]] {
        &self.0
    }
}

impl std::fmt::Debug for CookieKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Keys of a cookie, made of the configured ones; each purpose has its own. Where keys are configured for
/// cookies, no others open them.
pub(super) fn cookie_keys(
    config: &Config,
    keys: &SigningKeys,
    purpose: &str,
) -> Result<CookieKeys> {
    let secrets: Vec<&Secret> = match (config.app_keys.as_slice(), &config.encryption_key) {
        ([], None) => keys.all().map(|key| &key.secret).collect(),
        ([], Some(key)) => vec![key],
        (configured, _) => configured.iter().collect(),
    };
    let made = secrets.into_iter().map(|secret| {
        let mut bytes = [0; 64];
        Hkdf::<Sha256>::new(None, secret.expose().as_bytes())
            .expand_multi_info(
                &[b"users_permissions cookie, version 1, ", purpose.as_bytes()],
                &mut bytes,
            )
            .map_err(|_| Error::internal("no key could be derived"))?;
        Ok(bytes)
    });
    made.collect::<Result<_>>().map(CookieKeys)
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
    #[test]
    fn what_a_former_key_has_sealed_is_sealed_anew() {
        let sealed = sealer(&["old"]).seal("a", b"x").unwrap();
        let both = sealer(&["new", "old"]);
        let renewed = both.renew("a", &sealed).unwrap().unwrap();
        assert_eq!(
            sealer(&["new"]).open("a", &renewed).as_deref(),
            Some(b"x".as_slice())
        );
        assert_eq!(both.renew("a", &renewed).unwrap(), None);
        assert_eq!(sealer(&["new"]).renew("a", &sealed).unwrap(), None);
    }
}
