//! Sends what lies in the outbox, and shows it to administrators.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{FutureExt as _, StreamExt as _};

use super::{Delivery, Mails, Services, pauses};
use crate::config::MailConfig;
use crate::error::{Error, Result};
use crate::mail::{MailError, Mailer, OutgoingMail};
use crate::model::OutboxMail;
use crate::store::outbox::{ClaimedMail, MailState};
use crate::store::{self, DbConn, Store};

/// Characters kept of what a mailer said.
const MAX_ERROR: usize = 300;
/// Mails looked up at once.
const BATCH: i64 = 50;
/// How long sent mails are remembered (without their content), and those that were given up or kept.
const REMEMBER_SENT: TimeDelta = TimeDelta::days(7);
const REMEMBER_OTHERS: TimeDelta = TimeDelta::days(30);
/// Pause between two clearings.
const CLEARING: Duration = Duration::from_secs(3_600);

/// What sending works with.
pub(super) struct Outbox {
    pub(super) store: Store,
    pub(super) mails: Arc<Mails>,
    pub(super) mailer: Arc<dyn Mailer>,
    pub(super) config: MailConfig,
}

impl Outbox {
    /// Sends until it is stopped.
    pub(super) async fn run(self, stopped: &AtomicBool) {
        let mut cleared = std::time::Instant::now();
        while !stopped.load(Ordering::Acquire) {
            let wait = match self.send_due(stopped).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read; trying again");
                    self.config.poll_interval
                }
            };
            if cleared.elapsed() > CLEARING {
                cleared = std::time::Instant::now();
                if let Err(error) = self
                    .store
                    .conn()
                    .map_err(Error::from)
                    .and_then(|mut conn| clear(&mut conn))
                {
                    tracing::warn!(%error, "the outbox cannot be cleared");
                }
            }
            // Woken or not, the outbox is looked at.
            let _ = tokio::time::timeout(wait, self.mails.wake.notified()).await;
        }
    }

    /// Sends what is due and tells how long nothing will be.
    async fn send_due(&self, stopped: &AtomicBool) -> Result<Duration> {
        while !stopped.load(Ordering::Acquire) {
            let due = store::outbox::due(&mut *self.store.conn()?, BATCH)?;
            if due.is_empty() {
                break;
            }
            let attempts = futures_util::stream::iter(due).map(|id| self.attempt(id));
            let outcomes: Vec<Result<bool>> = attempts
                .buffer_unordered(self.config.connections.max(1) as usize)
                .collect()
                .await;
            let mut claimed = false;
            for outcome in outcomes {
                claimed |= outcome?;
            }
            if !claimed {
                // Everything that was due is another instance's.
                break;
            }
        }
        let next = store::outbox::next_due(&mut *self.store.conn()?)?;
        Ok(pauses::until(&self.config, next))
    }

    /// Tries one mail; false when it is another instance's.
    async fn attempt(&self, id: i32) -> Result<bool> {
        let claim = pauses::new_claim();
        let lease = pauses::lease(&self.config);
        let Some(mail) = store::outbox::claim(&mut *self.store.conn()?, id, &claim, lease)? else {
            return Ok(false);
        };
        let outcome = self.hand_over(&mail).await;
        self.note(&mail, &claim, outcome).await?;
        Ok(true)
    }

    async fn hand_over(&self, mail: &ClaimedMail) -> Result<(), MailError> {
        let sealed = mail.sealed.as_deref().unwrap_or_default();
        let Some(content) = self.mails.open(&mail.message_id, sealed) else {
            // Another instance may have the key.
            let text = "the content is sealed with another key";
            return Err(MailError::Temporary(text.to_owned()));
        };
        // Called within what is caught: a mailer may panic before it has a future to show, too.
        let send = async { self.mailer.send(&content).await };
        let send = std::panic::AssertUnwindSafe(send).catch_unwind();
        match tokio::time::timeout(self.config.timeout, send).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(MailError::Temporary("the mailer panicked".to_owned())),
            Err(_) => Err(MailError::Temporary(
                "the mail server took too long".to_owned(),
            )),
        }
    }

    /// Writes down what became of a mail. One that was taken would be sent again if that got lost, so
    /// a database that is away is waited for as long as the mail is ours.
    async fn note(
        &self,
        mail: &ClaimedMail,
        claim: &str,
        outcome: Result<(), MailError>,
    ) -> Result<()> {
        let pause = Duration::from_millis(500);
        let mut left = self.config.lease.as_millis() / pause.as_millis().max(1);
        loop {
            let noted = self
                .store
                .conn()
                .map_err(Error::from)
                .and_then(|mut conn| self.write_outcome(&mut conn, mail, claim, &outcome));
            match noted {
                Err(error) if left > 0 && outcome.is_ok() => {
                    tracing::warn!(%error, message_id = %mail.message_id, "a sent mail cannot be noted; trying again");
                    left -= 1;
                    tokio::time::sleep(pause).await;
                }
                other => return other,
            }
        }
    }

    fn write_outcome(
        &self,
        conn: &mut DbConn,
        mail: &ClaimedMail,
        claim: &str,
        outcome: &Result<(), MailError>,
    ) -> Result<()> {
        let ClaimedMail {
            id,
            message_id,
            attempts,
            ..
        } = mail;
        let told = match outcome {
            Ok(()) => String::new(),
            Err(MailError::Temporary(error) | MailError::Permanent(error)) => one_line(error),
        };
        let error = told.as_str();
        match outcome {
            Ok(()) => {
                store::outbox::sent(conn, *id, claim)?;
                tracing::info!(target: "users_permissions::mail", message_id, attempts, "mail sent");
            }
            Err(MailError::Temporary(_)) if attempts.unsigned_abs() < self.config.attempts => {
                let pause = pauses::next_attempt(&self.config, attempts.unsigned_abs());
                store::outbox::postpone(conn, *id, claim, pause, error)?;
                tracing::warn!(target: "users_permissions::mail", message_id, attempts, error, "mail not taken yet");
            }
            Err(MailError::Temporary(_) | MailError::Permanent(_)) => {
                store::outbox::bury(conn, *id, claim, error)?;
                tracing::error!(target: "users_permissions::mail", message_id, attempts, error, "mail given up");
            }
        }
        Ok(())
    }
}

/// What a mailer said, as every database takes it (PostgreSQL keeps no NUL): a mail whose failure cannot
/// be noted would be tried for ever.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_ERROR)
        .collect()
}

/// Deletes what nobody asks for any more.
pub(super) fn clear(conn: &mut DbConn) -> Result<()> {
    let now = store::now();
    store::outbox::prune(conn, MailState::Sent, now - REMEMBER_SENT)?;
    store::outbox::prune(conn, MailState::Dead, now - REMEMBER_OTHERS)?;
    store::outbox::prune(conn, MailState::Kept, now - REMEMBER_OTHERS)?;
    Ok(())
}

impl Services {
    /// How many mails were given up.
    #[cfg(feature = "admin")]
    pub(crate) async fn dead_mails(&self) -> Result<i64> {
        self.store
            .run(|conn| store::outbox::count_dead(conn).map_err(Error::from))
            .await
    }

    /// The newest mails without their contents, of one state or of all.
    pub(crate) async fn list_mails(
        &self,
        state: Option<String>,
        start: i64,
        limit: i64,
    ) -> Result<Vec<OutboxMail>> {
        // Not every database takes every text.
        let known = |name: String| MailState::of(&name).ok_or(());
        let state = state.map(known).transpose().map_err(|()| {
            Error::validation("state must be one of the following values: queued, sent, dead, kept")
        })?;
        let list = move |conn: &mut DbConn| store::outbox::list(conn, state, start, limit);
        self.store.run(list).await
    }

    /// Queues a mail again that was given up.
    pub(crate) async fn retry_mail(&self, id: i32) -> Result<()> {
        if self.mails.delivery() != Delivery::Sent {
            return Err(Error::application("There is no mail server"));
        }
        self.store
            .run(move |conn| -> Result<_> {
                if !store::outbox::exists(conn, id)? {
                    return Err(Error::NotFound("Mail not found"));
                }
                match store::outbox::revive(conn, id)? {
                    0 => Err(Error::application(
                        "Only mails that were given up and have a content can be tried again",
                    )),
                    _ => Ok(()),
                }
            })
            .await?;
        self.mails.wake();
        tracing::info!(target: "users_permissions::security", mail = id, "mail queued again");
        Ok(())
    }

    /// The mails kept for developers, oldest first.
    ///
    /// # Errors
    /// 404 where mails are sent, and in production.
    pub(crate) async fn kept_mails(&self) -> Result<Vec<OutgoingMail>> {
        if self.mails.delivery() != Delivery::Kept {
            return Err(Error::NotFound("Not Found"));
        }
        let rows = self
            .store
            .run(|conn| store::outbox::kept(conn, 500))
            .await?;
        let open = |(id, sealed): (String, Option<Vec<u8>>)| self.mails.open(&id, &sealed?);
        Ok(rows.into_iter().filter_map(open).collect())
    }
}
