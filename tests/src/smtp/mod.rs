//! A mail server that writes everything down, and misbehaves on demand.

mod received;
mod session;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::rustls::ServerConfig;

pub use self::received::Received;
use self::session::serve;
use crate::tls;

/// What the server does with the next connections and mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Takes every mail.
    Accept,
    /// Takes connections and says nothing.
    Stall,
    /// Takes the mail and does not say so.
    StallAfterData,
    /// Takes the mail and says so after a while.
    AnswerLate(Duration),
    /// Answers this code to every recipient.
    Refuse(u16),
    /// Answers this code to every mail that was read to its end.
    RefuseData(u16),
    /// Hangs up in the middle of the mail.
    DropInData,
}

/// How connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// After `STARTTLS`, which is offered.
    StartTls,
    /// From the first byte.
    Implicit,
}

/// A running mail server; stops when dropped.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    certificate: String,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    mode: Mutex<Mode>,
    mails: watch::Sender<Vec<Received>>,
    connections: watch::Sender<usize>,
    encryption: Encryption,
    tls: Arc<ServerConfig>,
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpSink {
    /// A server without encryption that takes everything.
    pub async fn start() -> Self {
        Self::start_with(Encryption::None, "localhost").await
    }

    /// A server whose certificate, made by itself, names `host`.
    pub async fn start_with(encryption: Encryption, host: &str) -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"), encryption, host).await
    }

    /// As [`start_with`](Self::start_with), at an address.
    pub async fn start_at(address: SocketAddr, encryption: Encryption, host: &str) -> Self {
        let (tls, certificate) = tls::server_of(host);
        let shared = Arc::new(Shared {
            mode: Mutex::new(Mode::Accept),
            mails: watch::Sender::default(),
            connections: watch::Sender::default(),
            encryption,
            tls,
        });
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.connections.send_modify(|count| *count += 1);
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            address,
            shared,
            certificate,
            task,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `smtp://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The certificate as PEM, for clients that shall trust it.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Changes what it does.
    pub fn set_mode(&self, mode: Mode) {
        *self
            .shared
            .mode
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// The mails so far.
    pub fn mails(&self) -> Vec<Received> {
        self.shared.mails.borrow().clone()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// Waits until so many mails have come, and answers all of them.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut mails = self.shared.mails.subscribe();
        let arrived = mails.wait_for(|mails| mails.len() >= count);
        let arrived = tokio::time::timeout(Duration::from_secs(20), arrived).await;
        arrived
            .expect("mails in time")
            .expect("a running server")
            .clone()
    }

    /// Waits until so many connections were made.
    pub async fn wait_for_connections(&self, count: usize) {
        let mut connections = self.shared.connections.subscribe();
        let made = connections.wait_for(|made| *made >= count);
        let made = tokio::time::timeout(Duration::from_secs(20), made).await;
        made.expect("connections in time")
            .expect("a running server");
    }
}
