//! Mails: their kinds, and what one is made of.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Email, User};
use crate::config::Secret;

/// The mails the plugin writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum MailKind {
    /// A code that sets a new password.
    ResetPassword,
    /// A code that proves the address.
    Confirmation,
    /// Tells that the password was changed.
    PasswordChanged,
    /// Tells that the address was changed; goes to the old one.
    EmailChanged,
    /// Tells that a provider was linked.
    ProviderLinked,
}

impl MailKind {
    pub(crate) const ALL: [Self; 5] = [
        Self::ResetPassword,
        Self::Confirmation,
        Self::PasswordChanged,
        Self::EmailChanged,
        Self::ProviderLinked,
    ];

    /// Key of its template; Strapi's where Strapi has the mail.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset_password",
            Self::Confirmation => "email_confirmation",
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged => "email_changed",
            Self::ProviderLinked => "provider_linked",
        }
    }

    pub(crate) fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    pub(crate) fn carries_code(self) -> bool {
        matches!(self, Self::ResetPassword | Self::Confirmation)
    }
}

/// A mail to be written from its template.
#[derive(Debug, Clone)]
pub(crate) struct NewMail<'a> {
    pub(crate) kind: MailKind,
    /// Where it goes.
    pub(crate) to: &'a str,
    /// Whom it concerns.
    pub(crate) username: &'a str,
    pub(crate) email: &'a str,
    pub(crate) code: Option<&'a Secret>,
    pub(crate) provider: Option<&'a str>,
}

impl<'a> NewMail<'a> {
    /// A mail to the user's stored address.
    pub(crate) fn new(kind: MailKind, user: &'a User) -> Self {
        Self {
            kind,
            to: &user.email,
            username: &user.username,
            email: &user.email,
            code: None,
            provider: None,
        }
    }

    /// The code a mail of a kind with a code carries.
    pub(crate) fn code(self, code: &'a Secret) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// Sends it to another address than the present one: the old one, after a change.
    pub(crate) fn to(self, address: &'a Email) -> Self {
        Self {
            to: address.as_str(),
            ..self
        }
    }

    /// The provider that was linked.
    pub(crate) fn provider(self, name: &'a str) -> Self {
        Self {
            provider: Some(name),
            ..self
        }
    }
}

/// A mail of the outbox as lists show it, without its content.
#[derive(Debug)]
pub(crate) struct OutboxMail {
    pub(crate) id: i32,
    pub(crate) message_id: String,
    pub(crate) kind: String,
    pub(crate) recipient: String,
    pub(crate) subject: String,
    pub(crate) state: String,
    pub(crate) attempts: i32,
    pub(crate) last_error: Option<String>,
    pub(crate) due_at: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A mail template as it is stored and shown, with Strapi's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailTemplate {
    /// Sender.
    pub(crate) from: MailSender,
    /// Address answers go to; empty: the sender's.
    #[serde(default)]
    pub(crate) response_email: String,
    /// Subject.
    pub(crate) object: String,
    /// HTML.
    pub(crate) message: String,
}

/// Name and address of a sender; empty ones are those of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailSender {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) email: String,
}
