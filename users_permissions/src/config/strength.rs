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
    if is_pattern(secret) {
        return Err(ConfigError::invalid(
            name,
            "holds a block that repeats itself, or a row of characters; production needs a random secret",
        ));
    }
    Ok(())
}

/// Does it go on as it began? What repeats is compared by the steps from byte to byte, which are the same in a row like
/// `abcdef`, too; one of four may be another, as in `passwordpassword1`. Of random ones next to none are.
fn is_pattern(secret: &str) -> bool {
    let bytes = secret.as_bytes();
    let next = bytes.iter().skip(1);
    let steps: Vec<u8> = bytes
        .iter()
        .zip(next)
        .map(|(byte, next)| next.wrapping_sub(*byte))
        .collect();
    (1..=bytes.len() / 2).any(|period| {
        let pairs = steps.iter().zip(steps.iter().skip(period));
        let (all, same) = (pairs.len(), pairs.filter(|(a, b)| a == b).count());
        4 * same >= 3 * all
    })
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
            "0123456789abcdef0123456789abcdef",
            "12345678901234567890123456789012",
            "passwordpasswordpasswordpassword1",
            "correct-horse-correct-horse-corr",
            "abcdefghijklmnopqrstuvwxyz012345",
            "zyxwvutsrqponmlkjihgfedcba987654",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        ] {
            let error = check_strength("APP_KEYS", &weak.into()).expect_err(weak);
            assert!(error.to_string().starts_with("APP_KEYS: "), "{error}");
        }
        assert!(check_strength("APP_KEYS", &"pQ7vX2mK9rT4wZ8nB1cD6fG3hJ5kL0sA!".into()).is_ok());
    }

    #[test]
    fn random_secrets_of_every_alphabet_pass() {
        for alphabet in [
            "0123456789",
            "0123456789abcdef",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        ] {
            for length in [32, 33, 64] {
                for _ in 0..200 {
                    let pick = |_| alphabet.as_bytes()[rand::random_range(0..alphabet.len())];
                    let secret: String = (0..length).map(pick).map(char::from).collect();
                    assert!(!is_pattern(&secret), "{secret}");
                }
            }
        }
    }
}
