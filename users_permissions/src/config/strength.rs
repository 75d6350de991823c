//! Secrets nobody guesses.

use std::collections::HashSet;

use super::{ConfigError, Secret};

/// Least length of a secret in production (RFC 7518, section 3.2: the hash's size).
const MIN_BYTES: usize = 32;
/// A random secret of that length has more different bytes, in whatever alphabet it is written.
const MIN_DIFFERENT: usize = 8;

/// Texts that stand in documentation and templates, and so in attackers' lists.
const PLACEHOLDERS: [&str; 5] = [
    "tobemodified",
    "secret",
    "changeme",
    "replaceme",
    "placeholder",
];

/// Refuses what is too short, repeats itself or stands in documentation; `name` is the variable's.
pub(super) fn check_strength(name: &str, secret: &Secret) -> Result<(), ConfigError> {
    let secret = secret.expose();
    if secret.len() < MIN_BYTES {
        return Err(ConfigError::invalid(
            name,
            "holds a secret shorter than 32 bytes; production needs a random one",
        ));
    }
    let letters: String = secret
        .to_ascii_lowercase()
        .chars()
        .filter(char::is_ascii_alphabetic)
        .collect();
    let different: HashSet<u8> = secret.bytes().collect();
    if different.len() < MIN_DIFFERENT || PLACEHOLDERS.iter().any(|word| letters.contains(word)) {
        return Err(ConfigError::invalid(
            name,
            "holds a placeholder; production needs a random secret",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_secrets_are_found() {
        for weak in [
            "short",
            "tobemodified",
            "toBeModified1toBeModified1toBeModified1",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            let error = check_strength("APP_KEYS", &weak.into()).expect_err(weak);
            assert!(error.to_string().starts_with("APP_KEYS: "), "{error}");
        }
        assert!(check_strength("APP_KEYS", &"pQ7vX2mK9rT4wZ8nB1cD6fG3hJ5kL0sA!".into()).is_ok());
    }
}
