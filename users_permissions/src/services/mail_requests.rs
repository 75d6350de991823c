//! Mails that anybody may ask for. The wish is written down before the answer, whoever has the address, so
//! that the answer's time tells nothing and no wish is lost; who it is for is found out afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Letters, Services, pauses};
use crate::config::MailConfig;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::model::{CodePurpose, Email, UserId};
use crate::store::mail_requests::MailRequest;
use crate::store::{self, DbConn, Store, transaction};

/// Requests claimed at once.
const BATCH: i64 = 50;
/// Requests that may wait; whoever asks beyond is told to come back.
const MOST_WAITING: i64 = 10_000;

/// Between a request and what it causes. Work for somebody known takes longer, and whoever asks next may have
/// to wait for it where a database has one writer: which request that is shall be chance.
fn pause() -> Duration {
    Duration::from_millis(rand::random_range(50..150))
}

/// What handlers and the worker share.
#[derive(Debug, Default)]
pub(crate) struct MailRequests {
    /// As many as there were at the last look, and those that came since.
    waiting: AtomicI64,
    wake: Notify,
}

impl MailRequests {
    /// Has the requests looked at now.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }
}

impl Services {
    /// Notes that a code is to be mailed to whoever may have one at this address. The same statements,
    /// whoever that is.
    pub(super) async fn ask_for_code(&self, email: Email, purpose: CodePurpose) -> Result<()> {
        let waiting = &self.mail_requests.waiting;
        if waiting.load(Ordering::Relaxed) >= MOST_WAITING {
            return Err(Error::unavailable("too many mails wait to be written"));
        }
        let note = move |conn: &mut DbConn| store::mail_requests::insert(conn, purpose, &email);
        self.store.run(note).await?;
        waiting.fetch_add(1, Ordering::Relaxed);
        self.mail_requests.wake();
        Ok(())
    }
}

/// Turns requests into mails, or into nothing where nobody may have one.
pub(super) struct RequestWorker {
    pub(super) store: Store,
    pub(super) requests: Arc<MailRequests>,
    pub(super) letters: Letters,
    pub(super) limits: Arc<Limits>,
    pub(super) config: MailConfig,
}

impl RequestWorker {
    pub(super) async fn run(self, stopped: &AtomicBool) {
        while !stopped.load(Ordering::Acquire) {
            let wait = match self.work_off(stopped).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(%error, "requests for mails cannot be read; trying again");
                    self.config.poll_interval
                }
            };
            // Woken or not, the requests are looked at.
            let woken = tokio::time::timeout(wait, self.requests.wake.notified()).await;
            if woken.is_ok() && !stopped.load(Ordering::Acquire) {
                tokio::time::sleep(pause()).await;
            }
        }
    }

    /// Works on what is due and tells how long nothing will be.
    async fn work_off(&self, stopped: &AtomicBool) -> Result<Duration> {
        while !stopped.load(Ordering::Acquire) {
            let claim = pauses::new_claim();
            let lease = pauses::lease(&self.config);
            let mut conn = self.store.conn()?;
            let batch = store::mail_requests::claim(&mut conn, &claim, lease, BATCH)?;
            drop(conn);
            if batch.is_empty() {
                break;
            }
            for request in batch {
                self.settle(&claim, &request).await;
                // A mail that was taken meanwhile is noted first.
                tokio::task::yield_now().await;
            }
        }
        let (waiting, next) = store::mail_requests::queue(&mut *self.store.conn()?)?;
        self.requests.waiting.store(waiting, Ordering::Relaxed);
        Ok(pauses::until(&self.config, next))
    }

    /// One request; what fails comes back later, so that it is in nobody's way.
    async fn settle(&self, claim: &str, request: &MailRequest) {
        let attempts = request.attempts.unsigned_abs();
        let settled = if attempts > self.config.attempts {
            Err(Error::unavailable("every attempt ended early"))
        } else {
            self.write(claim, request).await
        };
        let Err(error) = settled else { return };
        let put_back = self.store.conn().map_err(Error::from).and_then(|mut conn| {
            if attempts < self.config.attempts {
                let pause = pauses::next_attempt(&self.config, attempts);
                store::mail_requests::postpone(&mut conn, request.id, claim, pause)?;
                tracing::warn!(attempts, %error, "a mail that was asked for cannot be written yet");
            } else {
                store::mail_requests::take(&mut conn, request.id, claim)?;
                tracing::error!(attempts, %error, "a mail that was asked for is given up");
            }
            Ok(())
        });
        if let Err(error) = put_back {
            // The claim runs out by itself.
            tracing::warn!(%error, "a request for a mail cannot be put back");
        }
    }

    /// Writes the mail, if there is one to write, and deletes the request: both or neither.
    async fn write(&self, claim: &str, request: &MailRequest) -> Result<()> {
        let wanted = Wanted::read(request);
        let known = match &wanted {
            Some(wanted) => wanted.recipient(&mut *self.store.conn()?)?,
            None => {
                tracing::error!(request = request.id, "a request for a mail makes no sense");
                None
            }
        };
        // What is tried again was counted the first time.
        let may = known.is_some() && (request.attempts > 1 || self.limits.spend_mail().await);
        let wanted = wanted.filter(|_| may);
        let mut conn = self.store.conn()?;
        let written = insist(|| {
            transaction(&mut conn, |conn| {
                if !store::mail_requests::take(conn, request.id, claim)? {
                    return Ok(None);
                }
                match &wanted {
                    Some(wanted) => wanted.write(conn, &self.letters),
                    None => Ok(None),
                }
            })
        })?;
        if let Some(user) = written {
            self.letters.post();
            tracing::info!(target: "users_permissions::security", user, purpose = request.purpose, "code asked for");
        }
        Ok(())
    }
}

/// What a request asks for.
struct Wanted {
    purpose: CodePurpose,
    email: Email,
}

impl Wanted {
    /// Rows may have been written by another version, or by hand.
    fn read(request: &MailRequest) -> Option<Self> {
        let purpose = CodePurpose::of(&request.purpose)?;
        let email = Email::parse(&request.address).ok()?;
        Some(Self { purpose, email })
    }

    /// Who the mail may go to.
    fn recipient(&self, conn: &mut DbConn) -> store::QueryResult<Option<UserId>> {
        match self.purpose {
            CodePurpose::Reset => store::accounts::recoverable(conn, &self.email),
            CodePurpose::Confirmation => store::accounts::unconfirmed(conn, &self.email),
        }
    }

    /// Writes code and mail. The recipient is looked up once more, in the transaction: who was blocked
    /// meanwhile gets none, nor does an address that has just become the user's.
    fn write(&self, conn: &mut DbConn, letters: &Letters) -> Result<Option<UserId>> {
        let Some(id) = self.recipient(conn)? else {
            return Ok(None);
        };
        let user = store::users::find(conn, id)?;
        let Some(user) = user.filter(|user| user.email == self.email.as_str()) else {
            return Ok(None);
        };
        letters.send_code(conn, self.purpose, &user)?;
        Ok(Some(id))
    }
}

/// Databases end one of two transactions that wait for each other; that is no reason for a pause.
fn insist<T>(mut work: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 0..2 {
        match work() {
            Err(Error::Unavailable(cause)) => {
                tracing::debug!(%cause, "a mail with a code is written again")
            }
            other => return other,
        }
    }
    work()
}
