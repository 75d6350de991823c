//! Mails are written into the outbox, in the transaction of what they tell about; the worker sends
//! them later. So an answer never waits for a mail server, and no mail tells what was undone.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Sealer, Settings};
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::mail::{Mail, MailAddress, OutgoingMail, Values, message_id};
use crate::model::{Email, MailKind, NewMail};
use crate::store::outbox::{MailState, NewOutboxMail};
use crate::store::{self, DbConn};

/// What becomes of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// They are sent.
    Sent,
    /// There is no mail server, and developers want to read them.
    Kept,
    /// There is no mail server.
    None,
}

/// Writes mails. Cheap to share; `queue` works in the caller's transaction.
#[derive(Debug)]
pub(crate) struct Mails {
    settings: Arc<Settings>,
    sealer: Arc<Sealer>,
    delivery: Delivery,
    from: MailAddress,
    public_url: String,
    host: String,
    pub(super) wake: Notify,
}

impl Mails {
    pub(super) fn new(
        config: &Config,
        settings: Arc<Settings>,
        sealer: Arc<Sealer>,
        has_mailer: bool,
    ) -> Result<Self, crate::config::ConfigError> {
        let (name, email) = config.mail.sender()?;
        let delivery = match config.environment {
            _ if has_mailer => Delivery::Sent,
            Environment::Development => Delivery::Kept,
            Environment::Production => Delivery::None,
        };
        let host = url::Url::parse(&config.public_url).ok();
        let host = host.as_ref().and_then(url::Url::host_str);
        Ok(Self {
            settings,
            sealer,
            delivery,
            from: MailAddress::new(name, email.as_str()),
            public_url: config.public_url.clone(),
            host: host.unwrap_or("localhost").to_owned(),
            wake: Notify::new(),
        })
    }

    pub(crate) fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Writes a mail from its template into the outbox, in the caller's transaction. Call
    /// [`wake`](Self::wake) after the commit.
    ///
    /// A template that was broken from outside ends as a mail that was given up, with the reason, and
    /// not as an error: the caller's answer must not tell whether there was a mail to write.
    pub(crate) fn queue(&self, conn: &mut DbConn, mail: NewMail<'_>) -> Result<()> {
        let id = message_id(&self.host);
        match self.compose(&id, &mail) {
            Ok(composed) => {
                self.store(conn, mail.kind.key(), &composed)?;
                self.show(&composed, mail.code.map(|code| code.expose()));
                Ok(())
            }
            Err(reason) => {
                tracing::error!(mail = mail.kind.key(), %reason, "a mail could not be written");
                let row = NewOutboxMail {
                    message_id: &id,
                    kind: mail.kind.key(),
                    recipient: mail.to,
                    subject: "",
                    sealed: None,
                    state: MailState::Dead,
                    last_error: Some(&reason),
                };
                Ok(store::outbox::insert(conn, row)?)
            }
        }
    }

    /// Writes a mail of the application's own.
    pub(crate) fn queue_own(&self, conn: &mut DbConn, mail: &Mail) -> Result<()> {
        if mail.subject.is_empty() || mail.subject.chars().any(char::is_control) {
            return Err(Error::validation("a subject is one line of text"));
        }
        let outgoing = OutgoingMail {
            message_id: message_id(&self.host),
            from: self.from.clone(),
            reply_to: None,
            to: mail.to.as_str().to_owned(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
        };
        self.store(conn, "application", &outgoing)?;
        self.show(&outgoing, None);
        Ok(())
    }

    /// Has the outbox looked at now; without it, the next poll finds the mail.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    fn compose(&self, id: &str, mail: &NewMail<'_>) -> Result<OutgoingMail, String> {
        let templates = self.settings.templates();
        let template = templates.get(mail.kind).ok_or("no template")?;
        let broken = |part: &str, error: &dyn std::fmt::Display| format!("{part}: {error}");
        let subject = template
            .subject
            .as_ref()
            .map_err(|error| broken("object", error))?;
        let message = template
            .message
            .as_ref()
            .map_err(|error| broken("message", error))?;
        let text = template
            .text
            .as_ref()
            .map_err(|error| broken("message", error))?;
        let url = self.url(mail.kind);
        let admin_url = format!("{}/admin", self.public_url);
        let values = Values {
            url: &url,
            server_url: &self.public_url,
            admin_url: &admin_url,
            username: mail.username,
            email: mail.email,
            code: mail.code.map(|code| code.expose()).unwrap_or_default(),
            provider: mail.provider.unwrap_or_default(),
        };
        let subject = subject.plain(&values);
        if subject.chars().any(char::is_control) {
            return Err("object: a control character came in with a value".to_owned());
        }
        let to = Email::parse(mail.to).map_err(|_| "the recipient is no plain address")?;
        let source = &template.source;
        let from = match source.from.email.as_str() {
            "" if source.from.name.is_empty() => self.from.clone(),
            "" => MailAddress::new(&source.from.name, &self.from.email),
            email => MailAddress::new(&source.from.name, email),
        };
        Ok(OutgoingMail {
            message_id: id.to_owned(),
            from,
            reply_to: Some(source.response_email.clone()).filter(|address| !address.is_empty()),
            to: to.as_str().to_owned(),
            subject,
            text: text.plain(&values),
            html: Some(message.html(&values)),
        })
    }

    /// What `URL` stands for: from the settings and the configuration, never from a request.
    fn url(&self, kind: MailKind) -> String {
        match kind {
            MailKind::ResetPassword => {
                let settings = self.settings.load();
                settings.email_reset_password.clone().unwrap_or_default()
            }
            MailKind::Confirmation => format!("{}/api/auth/email-confirmation", self.public_url),
            _ => self.public_url.clone(),
        }
    }

    fn store(&self, conn: &mut DbConn, kind: &str, mail: &OutgoingMail) -> Result<()> {
        let content = serde_json::to_vec(mail).map_err(Error::internal)?;
        let sealed = self.sealer.seal(&mail.message_id, &content)?;
        let (state, last_error) = match self.delivery {
            Delivery::Sent => (MailState::Queued, None),
            Delivery::Kept => (MailState::Kept, None),
            Delivery::None => (
                MailState::Dead,
                Some("there is no mail server; set SMTP_URL"),
            ),
        };
        let row = NewOutboxMail {
            message_id: &mail.message_id,
            kind,
            recipient: &mail.to,
            subject: &mail.subject,
            sealed: Some(&sealed),
            state,
            last_error,
        };
        Ok(store::outbox::insert(conn, row)?)
    }

    /// The content of a stored mail.
    pub(super) fn open(&self, message_id: &str, sealed: &[u8]) -> Option<OutgoingMail> {
        serde_json::from_slice(&self.sealer.open(message_id, sealed)?).ok()
    }

    /// Tells the log of a mail; of one that is kept for developers, its link too.
    fn show(&self, mail: &OutgoingMail, code: Option<&str>) {
        let link = match (self.delivery, code) {
            (Delivery::Kept, Some(code)) => mail
                .text
                .split(|c: char| c.is_whitespace() || "<>".contains(c))
                .find(|word| word.contains(code)),
            _ => None,
        };
        tracing::info!(target: "users_permissions::mail", to = %mail.to, subject = %mail.subject, link, "mail written");
    }
}
