//! What mails are made of and how they leave: templates, texts, transports. No database, no HTTP.

mod connections;
mod markup;
mod message;
mod smtp;
mod template;
mod templates;
mod text;

pub(crate) use message::message_id;
pub use message::{Mail, MailAddress, MailError, MailFuture, Mailer, OutgoingMail};
pub(crate) use smtp::SmtpMailer;
pub(crate) use template::{Values, escape};
#[cfg(feature = "admin")]
pub(crate) use templates::shipped;
pub(crate) use templates::{CompiledTemplate, MailTemplates};
