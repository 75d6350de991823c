//! The keys that sign tokens, and the development secret.

use std::io::{self, Read, Write};
use std::path::Path;

use super::{ConfigError, Secret};

/// Least length of a signing secret in production (RFC 7518, section 3.2: the hash's size).
const MIN_SECRET_BYTES: usize = 32;

/// Texts that stand in documentation and templates, and so in attackers' lists.
const PLACEHOLDERS: [&str; 5] = [
    "tobemodified",
    "secret",
    "changeme",
    "replaceme",
    "placeholder",
];

/// One HS256 secret, with the `kid` it is known by.
///
/// ```
/// use users_permissions::SigningKeys;
///
/// let keys = SigningKeys::parse("k1:a secret of at least thirty-two bytes")?;
/// let key = keys.signing();
/// assert_eq!(key.kid.as_deref(), Some("k1"));
/// assert_eq!(key.secret.expose(), "a secret of at least thirty-two bytes");
/// # Ok::<(), users_permissions::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Key id; `None` for a bare secret, whose tokens carry none (as Strapi's).
    pub kid: Option<String>,
    /// The raw secret.
    pub secret: Secret,
}

/// The secrets of `JWT_SECRET`: the first signs, all verify.
///
/// ```
/// use users_permissions::SigningKeys;
///
/// let keys = SigningKeys::parse("k2:new-secret-new-secret-new-secret!,k1:old-secret-old-secret-old-secret!")?;
/// assert_eq!(keys.signing().kid.as_deref(), Some("k2"));
/// # Ok::<(), users_permissions::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeys {
    first: SigningKey,
    others: Vec<SigningKey>,
}

impl SigningKeys {
    /// Parses one bare secret or a comma list of `kid:secret`.
    ///
    /// # Errors
    /// [`ConfigError`] for an empty secret, a repeated `kid`, or a bare secret that is not the last.
    ///
    /// ```
    /// use users_permissions::{Config, SigningKeys};
    ///
    /// let mut config = Config::new("sqlite://:memory:");
    /// config.signing_keys = Some(SigningKeys::parse("2026:the new secret,2025:the former secret")?);
    /// assert!(SigningKeys::parse("2026:one,2026:another").is_err());
    /// # Ok::<(), users_permissions::ConfigError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let invalid = |reason: &str| ConfigError::invalid("JWT_SECRET", reason);
        let mut keys: Vec<SigningKey> = Vec::new();
        for part in split_keys(text) {
            let key = match part.split_once(':') {
                Some((kid, secret)) if is_kid(kid) => SigningKey {
                    kid: Some(kid.to_owned()),
                    secret: Secret::from(secret),
                },
                _ => SigningKey {
                    kid: None,
                    secret: Secret::from(part),
                },
            };
            if key.secret.expose().is_empty() {
                return Err(invalid("must not be empty"));
            }
            if keys.iter().any(|known| known.kid == key.kid) {
                return Err(invalid("two keys carry the same kid"));
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or_else(|| invalid("must not be empty"))?;
        Ok(Self {
            first,
            others: keys.collect(),
        })
    }

    /// The key that signs new tokens.
    ///
    /// ```
    /// # use users_permissions::SigningKeys;
    /// assert_eq!(SigningKeys::parse("a bare secret")?.signing().kid, None);
    /// # Ok::<(), users_permissions::ConfigError>(())
    /// ```
    pub fn signing(&self) -> &SigningKey {
        &self.first
    }

    /// Every key that verifies, the signing one first.
    ///
    /// ```
    /// # use users_permissions::SigningKeys;
    /// let keys = SigningKeys::parse("2026:new,2025:old")?;
    /// let ids: Vec<_> = keys.all().filter_map(|key| key.kid.as_deref()).collect();
    /// assert_eq!(ids, ["2026", "2025"]);
    /// # Ok::<(), users_permissions::ConfigError>(())
    /// ```
    pub fn all(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.first).chain(&self.others)
    }

    pub(super) fn check_strength(&self) -> Result<(), ConfigError> {
        for key in self.all() {
            let secret = key.secret.expose();
            if secret.len() < MIN_SECRET_BYTES {
                return Err(ConfigError::invalid(
                    "JWT_SECRET",
                    "is shorter than 32 bytes; production needs a random secret",
                ));
            }
            let plain: String = secret
                .to_ascii_lowercase()
                .chars()
                .filter(char::is_ascii_alphabetic)
                .collect();
            let repeated = secret
                .bytes()
                .collect::<std::collections::HashSet<_>>()
                .len()
                < 8;
            if repeated || PLACEHOLDERS.iter().any(|word| plain.contains(word)) {
                return Err(ConfigError::invalid(
                    "JWT_SECRET",
                    "is a placeholder; production needs a random secret",
                ));
            }
        }
        Ok(())
    }

    /// Reads the development secret from `path`, or makes one there that only its owner may read.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn load_or_generate(path: &Path) -> io::Result<Self> {
        match read_secret(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        let bytes: [u8; 48] = rand::random();
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                tracing::warn!(
                    file = %path.display(),
                    "JWT_SECRET is not set: a secret was generated for development; set JWT_SECRET in production"
                );
                read_secret(path)
            }
            // Another process was quicker: its secret counts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_secret(path),
            Err(error) => Err(error),
        }
    }
}

fn read_secret(path: &Path) -> io::Result<SigningKeys> {
    let mut text = String::new();
    std::fs::File::open(path)?.read_to_string(&mut text)?;
    SigningKeys::parse(text.trim())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}

/// Splits at commas only where a `kid:` follows, so that a bare secret may hold a comma.
fn split_keys(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(',') {
        let rest = text.get(at + 1..).unwrap_or_default();
        if rest.split_once(':').is_some_and(|(kid, _)| is_kid(kid)) {
            parts.push(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

pub(super) fn is_kid(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_secret_has_no_kid() {
        let keys = SigningKeys::parse("just, a secret").unwrap();
        assert_eq!(keys.signing().kid, None);
        assert_eq!(keys.signing().secret.expose(), "just, a secret");
    }

    #[test]
    fn the_first_of_several_signs() {
        let keys = SigningKeys::parse("b:two,a:one").unwrap();
        assert_eq!(
            keys.all()
                .filter_map(|key| key.kid.as_deref())
                .collect::<Vec<_>>(),
            ["b", "a"]
        );
        assert!(SigningKeys::parse("a:one,a:two").is_err());
        assert!(SigningKeys::parse("").is_err());
    }

    #[test]
    fn weak_secrets_are_found() {
        for weak in [
            "short",
            "tobemodified",
            "toBeModified1toBeModified1toBeModified1",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert!(
                SigningKeys::parse(weak).unwrap().check_strength().is_err(),
                "{weak}"
            );
        }
        assert!(
            SigningKeys::parse("pQ7vX2mK9rT4wZ8nB1cD6fG3hJ5kL0sA!")
                .unwrap()
                .check_strength()
                .is_ok()
        );
    }
}
