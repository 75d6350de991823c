//! The thread that writes the mails that were asked for, and sends what lies in the outbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::mail_requests::RequestWorker;
use super::outbox::Outbox;
use super::{MailRequests, Mails};

/// Ends the thread when dropped, once it has finished what it is sending.
#[derive(Debug)]
pub(crate) struct MailThread {
    mails: Arc<Mails>,
    requests: Arc<MailRequests>,
    stopped: Arc<AtomicBool>,
}

impl MailThread {
    /// Starts it; without an outbox, mails are written only. It has a runtime of its own, which outlives
    /// that of whoever built the plugin.
    pub(super) fn start(
        runtime: tokio::runtime::Runtime,
        mails: Arc<Mails>,
        worker: RequestWorker,
        outbox: Option<Outbox>,
    ) -> std::io::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let thread = Self {
            mails,
            requests: Arc::clone(&worker.requests),
            stopped: Arc::clone(&stopped),
        };
        // Takes the outbox along: the mailer may need the runtime to end, too.
        let work = async move {
            let sending = async {
                if let Some(outbox) = outbox {
                    outbox.run(&stopped).await;
                }
            };
            futures_util::future::join(worker.run(&stopped), sending).await;
        };
        std::thread::Builder::new()
            .name("up-mail".to_owned())
            .spawn(move || runtime.block_on(work))?;
        Ok(thread)
    }
}

impl Drop for MailThread {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        self.mails.wake();
        self.requests.wake();
    }
}
