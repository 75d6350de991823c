//! Key pairs that sign access tokens, so that others can verify them.

use super::{ConfigError, Secret};

/// A private key for RS256, ES256 or EdDSA in PEM (PKCS#8), or a public one that only verifies
/// (`UP_JWT_KEYS`). The kind of the key decides the algorithm.
///
/// ```
/// use users_permissions::{Config, KeyPair};
///
/// let mut config = Config::new("sqlite://:memory:");
/// let pem = "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----";
/// config.jwt_keys = vec![KeyPair::new("2026-11", pem)];
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// Key id; tokens and the published key set carry it.
    pub kid: String,
    /// The key.
    pub pem: Secret,
}

impl KeyPair {
    /// A key of this id, in PEM. Nothing is parsed here: a key that is none stops the start.
    ///
    /// ```
    /// use users_permissions::KeyPair;
    ///
    /// let pair = KeyPair::new("2026-11", "-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----");
    /// assert_eq!(pair.kid, "2026-11");
    /// assert!(pair.pem.expose().starts_with("-----BEGIN"));
    /// ```
    pub fn new(kid: impl Into<String>, pem: impl Into<String>) -> Self {
        Self {
            kid: kid.into(),
            pem: Secret::from(pem.into()),
        }
    }

    /// Parses a comma list of `kid:file` or `kid:PEM`, in which `\n` may stand for line breaks.
    pub(super) fn parse_list(
        text: &str,
        read: impl Fn(&str) -> std::io::Result<String>,
    ) -> Result<Vec<Self>, ConfigError> {
        let invalid = |reason: String| ConfigError::invalid("UP_JWT_KEYS", reason);
        let mut keys: Vec<Self> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (kid, value) = part
                .split_once(':')
                .filter(|(kid, _)| super::signing::is_kid(kid))
                .ok_or_else(|| invalid("must be a comma list of `kid:file`".to_owned()))?;
            let value = value.trim();
            let pem = if value.starts_with("-----BEGIN") {
                value.replace("\\n", "\n")
            } else {
                read(value).map_err(|error| invalid(format!("{value}: {error}")))?
            };
            if keys.iter().any(|key| key.kid == kid) {
                return Err(invalid("two keys carry the same kid".to_owned()));
            }
            keys.push(Self::new(kid, pem));
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_files_or_stand_in_the_variable() {
        let read = |path: &str| match path {
            "/keys/new.pem" => Ok("pem of a file".to_owned()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        };
        let text =
            r"new:/keys/new.pem, old:-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----";
        let keys = KeyPair::parse_list(text, read).unwrap();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0], KeyPair::new("new", "pem of a file"));
        assert_eq!(
            keys[1].pem.expose().lines().nth(1),
            Some("abc"),
            "line breaks"
        );
        for bad in [
            "/keys/new.pem",
            "a b:/keys/new.pem",
            "a:/keys/other.pem",
            "",
        ] {
            assert!(KeyPair::parse_list(bad, read).is_err(), "{bad}");
        }
        assert!(KeyPair::parse_list("a:/keys/new.pem,a:/keys/new.pem", read).is_err());
    }
}
