//! Mails as they leave, and what takes them away.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::model::Email;

/// A mail an application sends through the plugin's outbox.
///
/// ```
/// use users_permissions::{Email, Mail};
///
/// let mail = Mail::new(Email::parse("ann@example.com")?, "Your order", "It is on its way.")
///     .html("<p>It is on its way.</p>");
/// assert_eq!(mail.subject, "Your order");
/// # Ok::<(), users_permissions::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// The one recipient.
    pub to: Email,
    /// One line without control characters.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part. What stands in it has to be escaped already.
    pub html: Option<String>,
}

impl Mail {
    /// A mail of text.
    ///
    /// ```
    /// use users_permissions::{Email, Mail};
    ///
    /// let mail = Mail::new(Email::parse("ann@example.com")?, "Your order", "It is on its way.");
    /// assert_eq!(mail.html, None);
    /// # Ok::<(), users_permissions::NameError>(())
    /// ```
    pub fn new(to: Email, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            to,
            subject: subject.into(),
            text: text.into(),
            html: None,
        }
    }

    /// The same mail with an HTML part beside its text, as it is: what comes from people has to be escaped.
    ///
    /// ```
    /// use users_permissions::{Email, Mail};
    ///
    /// let mail = Mail::new(Email::parse("ann@example.com")?, "Hello", "Good day.").html("<h1>Good day.</h1>");
    /// assert_eq!(mail.html.as_deref(), Some("<h1>Good day.</h1>"));
    /// # Ok::<(), users_permissions::NameError>(())
    /// ```
    pub fn html(self, html: impl Into<String>) -> Self {
        Self {
            html: Some(html.into()),
            ..self
        }
    }
}

/// An address with the name shown beside it.
///
/// ```
/// use users_permissions::OutgoingMail;
///
/// fn sender(mail: &OutgoingMail) -> String {
///     match mail.from.name.as_str() {
///         "" => mail.from.email.clone(),
///         name => format!("{name} <{}>", mail.from.email),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MailAddress {
    /// Name, or empty.
    pub name: String,
    /// One address.
    pub email: String,
}

impl MailAddress {
    pub(crate) fn new(name: impl Into<String>, email: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            email: email.into(),
        }
    }
}

/// A mail as a [`Mailer`] gets it: one recipient, no line breaks in what becomes a header.
///
/// ```
/// use users_permissions::OutgoingMail;
///
/// fn body(mail: &OutgoingMail) -> serde_json::Value {
///     serde_json::json!({
///         "id": mail.message_id,
///         "from": mail.from.email,
///         "to": [mail.to],
///         "subject": mail.subject,
///         "text": mail.text,
///         "html": mail.html,
///     })
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutgoingMail {
    /// `<…@…>`, the same at every attempt: a mail that arrives twice is known by it.
    pub message_id: String,
    /// Sender.
    pub from: MailAddress,
    /// Where answers go, unless to the sender.
    pub reply_to: Option<String>,
    /// The one recipient.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: Option<String>,
}

/// Shows no content: it may hold codes.
impl Debug for OutgoingMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutgoingMail")
            .field("message_id", &self.message_id)
            .field("to", &self.to)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Why a mail was not taken. The texts are shown to administrators and logged.
///
/// ```
/// use users_permissions::MailError;
///
/// /// What the status of a service's answer means.
/// fn judge(status: u16) -> Result<(), MailError> {
///     match status {
///         200..300 => Ok(()),
///         429 | 500.. => Err(MailError::Temporary(format!("answered {status}"))),
///         _ => Err(MailError::Permanent(format!("answered {status}"))),
///     }
/// }
/// assert!(matches!(judge(503), Err(MailError::Temporary(_))));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// Worth trying again.
    #[error("{0}")]
    Temporary(String),
    /// Will never be taken.
    #[error("{0}")]
    Permanent(String),
}

/// What [`Mailer::send`] returns.
///
/// ```
/// use users_permissions::{MailFuture, OutgoingMail};
///
/// fn discard(_: &OutgoingMail) -> MailFuture<'_> {
///     Box::pin(async { Ok(()) })
/// }
/// ```
pub type MailFuture<'a> = Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>>;

/// Takes mails away: SMTP is built in, other ways implement this
/// ([`Builder::mailer`](crate::Builder::mailer)).
///
/// Runs on a thread of the plugin's own. A temporary error brings the mail back later, with growing
/// pauses; a permanent one ends it. A mail is given to one mailer at a time, whatever the number of
/// instances, and may come twice when a process dies after it was taken and before that was noted.
///
/// ```
/// use users_permissions::{MailError, MailFuture, Mailer, OutgoingMail};
///
/// #[derive(Debug)]
/// struct Printer;
///
/// impl Mailer for Printer {
///     fn send<'a>(&'a self, mail: &'a OutgoingMail) -> MailFuture<'a> {
///         Box::pin(async move {
///             if mail.to.ends_with("@example.invalid") {
///                 return Err(MailError::Permanent("no such domain".into()));
///             }
///             println!("{}: {}", mail.to, mail.subject);
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait Mailer: Debug + Send + Sync + 'static {
    /// Hands one mail over; `Ok` once it has been taken.
    ///
    /// ```
    /// use users_permissions::{MailError, MailFuture, Mailer, OutgoingMail};
    ///
    /// #[derive(Debug)]
    /// struct Closed;
    ///
    /// impl Mailer for Closed {
    ///     fn send<'a>(&'a self, _: &'a OutgoingMail) -> MailFuture<'a> {
    ///         Box::pin(async { Err(MailError::Temporary("come back later".into())) })
    ///     }
    /// }
    /// ```
    fn send<'a>(&'a self, mail: &'a OutgoingMail) -> MailFuture<'a>;
}

/// Characters of a Message-ID that a database keeps.
const MESSAGE_ID_LENGTH: usize = 128;

/// A new Message-ID of this host.
pub(crate) fn message_id(host: &str) -> String {
    let id: u128 = rand::random();
    let host = short_host(host, MESSAGE_ID_LENGTH - "<@>".len() - 32);
    format!("<{id:032x}@{host}>")
}

/// The host, or of a long name as many of its last labels as there is room for.
fn short_host(host: &str, room: usize) -> &str {
    let mut rest = host;
    while rest.len() > room {
        match rest.split_once('.') {
            Some((_, parent)) => rest = parent,
            None => return "localhost",
        }
    }
    match rest {
        "" => "localhost",
        rest => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_kept_whole_whatever_the_host_is_called() {
        let label = "a".repeat(63);
        let long = format!("{label}.{label}.{label}.example.com");
        for (host, right) in [
            ("api.example.com", "api.example.com"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            (&long, &format!("{label}.example.com")),
            (&"a".repeat(94), "localhost"),
            (&"a".repeat(93), &"a".repeat(93)),
            (&format!("{}.", "a".repeat(94)), "localhost"),
        ] {
            let id = message_id(host);
            assert!(id.len() <= MESSAGE_ID_LENGTH, "{id}");
            let (left, host) = id.split_once('@').unwrap();
            assert_eq!((left.len(), host), (33, format!("{right}>").as_str()));
        }
    }
}
