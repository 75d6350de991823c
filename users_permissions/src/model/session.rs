//! Sessions: where a user is signed in.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::UserId;

/// Names a session in tokens, lists and paths: 128 random bits, as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(u128);

impl SessionId {
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The text is no session id; one spelling only is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSessionId;

impl FromStr for SessionId {
    type Err = NoSessionId;

    fn from_str(text: &str) -> Result<Self, NoSessionId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(NoSessionId);
        }
        u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| NoSessionId)
    }
}

/// Where somebody signs in from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Device {
    /// As the client names it.
    pub(crate) id: Option<String>,
    /// Browser and system, to be shown.
    pub(crate) name: Option<String>,
    /// The refresh token goes into a cookie.
    pub(crate) in_cookie: bool,
}

/// A session that lives.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) device: Device,
    pub(crate) token_hash: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_active_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
}

#[cfg(test)]
impl Session {
    /// A session of user 7 that has just begun and lives for a minute.
    pub(crate) fn sample() -> Self {
        let now = crate::clock::now();
        let later = now + chrono::TimeDelta::seconds(60);
        Self {
            id: SessionId::random(),
            user: 7,
            device: Device::default(),
            token_hash: String::new(),
            created_at: now,
            last_active_at: now,
            expires_at: later,
            ends_at: later,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = SessionId::random();
        let text = id.to_string();
        assert_eq!((text.len(), text.parse()), (32, Ok(id)));
        let zeros = "0".repeat(32);
        assert_eq!(zeros.parse::<SessionId>().unwrap().to_string(), zeros);
        for other in [
            "",
            "nope",
            &"A".repeat(32),
            &format!("+{}", "1".repeat(31)),
            &"1".repeat(33),
            &format!("{text} "),
        ] {
            assert!(other.parse::<SessionId>().is_err(), "{other}");
        }
    }
}
