//! Chooses at the start how mails leave.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::mail_requests::RequestWorker;
use super::outbox::Outbox;
use super::{Delivery, MailThread, Mails, Settings};
use crate::config::{Config, ConfigError, Environment};
use crate::error::StartError;
use crate::mail::{Mailer, SmtpMailer};

/// The way out for mails, if there is one, with the runtime it works in.
pub(super) struct WayOut {
    mailer: Option<Arc<dyn Mailer>>,
    runtime: Runtime,
}

impl WayOut {
    /// The application's mailer, or the server of `SMTP_URL`.
    pub(super) fn find(config: &Config, own: Option<Arc<dyn Mailer>>) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let entered = runtime.enter();
        let mailer = match (own, &config.mail.smtp_url) {
            (None, Some(url)) => Some(Arc::new(SmtpMailer::new(config, url)?) as Arc<dyn Mailer>),
            (own, _) => own,
        };
        drop(entered);
        Ok(Self { mailer, runtime })
    }

    pub(super) fn exists(&self) -> bool {
        self.mailer.is_some()
    }

    /// Starts to write the mails that were asked for, and to send what lies in the outbox.
    pub(super) fn open(
        self,
        mails: &Arc<Mails>,
        worker: RequestWorker,
    ) -> Result<MailThread, StartError> {
        let outbox = self.mailer.map(|mailer| Outbox {
            store: worker.store.clone(),
            mails: Arc::clone(mails),
            mailer,
            config: worker.config.clone(),
        });
        MailThread::start(self.runtime, Arc::clone(mails), worker, outbox)
            .map_err(StartError::Thread)
    }
}

/// Says what is likely to be forgotten.
pub(super) fn warn_about(config: &Config) {
    let local = config
        .mail
        .from
        .trim_end_matches('>')
        .ends_with("@localhost");
    if config.environment == Environment::Production && config.mail.smtp_url.is_some() && local {
        tracing::warn!("MAIL_FROM is not set; mail servers will hardly take mails from localhost");
    }
}

/// In production, users who could never confirm their address are a reason not to start.
pub(super) fn check(mails: &Mails, settings: &Settings) -> Result<(), StartError> {
    if mails.delivery() != Delivery::None {
        return Ok(());
    }
    if settings.load().email_confirmation {
        return Err(StartError::Config(ConfigError::invalid(
            "SMTP_URL",
            "is required in production while email_confirmation is on",
        )));
    }
    tracing::warn!("SMTP_URL is not set: no mail is sent, forgotten passwords cannot be reset");
    Ok(())
}
