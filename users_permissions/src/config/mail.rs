//! How mails leave.

use std::time::Duration;

use serde::Deserialize;

use super::limits::millis;
use super::{ConfigError, Secret};
use crate::model::Email;

/// Where mails go and how hard it is tried (`UP_MAIL`, times in milliseconds; the server and the sender
/// are variables of their own).
///
/// ```
/// use users_permissions::{Config, MailConfig};
///
/// let mut config = Config::new("sqlite://:memory:");
/// config.mail = MailConfig {
///     smtp_url: Some("smtp://user:secret@mail.example.com?tls=required".into()),
///     from: "Example <no-reply@example.com>".into(),
///     ..MailConfig::default()
/// };
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// `smtp://…?tls=required|opportunistic|none` or `smtps://…`. None: in development mails are kept
    /// to be read, in production none is sent.
    #[serde(skip)]
    pub smtp_url: Option<Secret>,
    /// Sender where a template names none: `address` or `Name <address>`.
    #[serde(skip)]
    pub from: String,
    /// Longest time one attempt may take; not 0 (default 30 s).
    #[serde(deserialize_with = "millis")]
    pub timeout: Duration,
    /// Connections to the mail server (default 4).
    pub connections: u32,
    /// Attempts before a mail is given up, at least 1 (default 12, over some two hours).
    pub attempts: u32,
    /// Pause after the first failed attempt; doubles each time (default 5 s).
    #[serde(deserialize_with = "millis")]
    pub first_pause: Duration,
    /// Longest pause (default one hour).
    #[serde(deserialize_with = "millis")]
    pub longest_pause: Duration,
    /// How long a mail belongs to the instance that tries it; longer than `timeout`. Mails of an
    /// instance that died are sent by another one after it (default 2 min).
    #[serde(deserialize_with = "millis")]
    pub lease: Duration,
    /// How often the outbox, and what was asked to be mailed, is looked at without a reason: mails of other
    /// instances (default 5 s).
    #[serde(deserialize_with = "millis")]
    pub poll_interval: Duration,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            smtp_url: None,
            from: "no-reply@localhost".to_owned(),
            timeout: Duration::from_secs(30),
            connections: 4,
            attempts: 12,
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(3_600),
            lease: Duration::from_secs(120),
            poll_interval: Duration::from_secs(5),
        }
    }
}

impl MailConfig {
    /// Name and address of `from`.
    pub(crate) fn sender(&self) -> Result<(String, Email), ConfigError> {
        let (name, address) = match self
            .from
            .strip_suffix('>')
            .and_then(|from| from.split_once('<'))
        {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", self.from.as_str()),
        };
        match Email::parse(address.trim()) {
            Ok(email) if !name.chars().any(char::is_control) => Ok((name.to_owned(), email)),
            _ => Err(ConfigError::invalid(
                "MAIL_FROM",
                "must be one address, or `Name <address>`",
            )),
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        self.sender()?;
        if self.attempts == 0 {
            return Err(ConfigError::invalid(
                "UP_MAIL",
                "attempts must be at least 1, or no mail is ever sent",
            ));
        }
        if self.timeout.is_zero() {
            return Err(ConfigError::invalid(
                "UP_MAIL",
                "timeout must not be 0, or no attempt succeeds",
            ));
        }
        if self.lease <= self.timeout {
            return Err(ConfigError::invalid(
                "UP_MAIL",
                "lease must be longer than timeout, or a mail that takes its time is sent twice",
            ));
        }
        if self.poll_interval.is_zero() {
            return Err(ConfigError::invalid(
                "UP_MAIL",
                "poll_interval must not be 0, or nothing else is done",
            ));
        }
        Ok(())
    }
}
