//! The keys that sign tokens.

use super::{ConfigError, Secret};

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
    /// Parses one bare secret or a comma list of `kid:secret`, whose first may be bare.
    ///
    /// A secret may hold commas: it ends where `,kid:` follows, and nowhere else. So a bare one behind
    /// another would be a part of that, and has to be given a name to be kept; tokens without a `kid`
    /// are tried with every key.
    ///
    /// # Errors
    /// [`ConfigError`] for an empty secret or a repeated `kid`.
    ///
    /// ```
    /// use users_permissions::{Config, SigningKeys};
    ///
    /// let mut config = Config::new("sqlite://:memory:");
    /// config.signing_keys = Some(SigningKeys::parse("2026:the new secret,2025:the former secret")?);
    /// assert!(SigningKeys::parse("2026:one,2026:another").is_err());
    ///
    /// let one = SigningKeys::parse("2026:the new secret,the former secret")?;
    /// assert_eq!(one.signing().secret.expose(), "the new secret,the former secret");
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
    fn a_bare_secret_stands_in_front_of_others_and_not_behind_them() {
        let keys = |text: &str| {
            let keys = SigningKeys::parse(text).unwrap();
            let key = |key: &SigningKey| (key.kid.clone(), key.secret.expose().to_owned());
            keys.all().map(key).collect::<Vec<_>>()
        };
        let named = |kid: &str, secret: &str| (Some(kid.to_owned()), secret.to_owned());
        let bare = (None, "old".to_owned());
        assert_eq!(keys("old,k2:new"), [bare, named("k2", "new")]);
        assert_eq!(
            keys("k2:new,k1:old"),
            [named("k2", "new"), named("k1", "old")]
        );
        assert_eq!(keys("k2:new,old"), [named("k2", "new,old")]);
    }
}
