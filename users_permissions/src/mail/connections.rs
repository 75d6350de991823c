//! Connections to the mail server, kept for the next mail while nothing went wrong on them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Tls};
use lettre::transport::smtp::extension::ClientId;

/// How long a connection is kept that no mail needs.
const IDLE: Duration = Duration::from_secs(30);
/// How long the server is listened to when it is told good-bye.
const FAREWELL: Duration = Duration::from_secs(5);

/// How the server is reached.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) host: String,
    pub(super) port: u16,
    /// Of connecting alone.
    pub(super) timeout: Duration,
    pub(super) hello: ClientId,
    pub(super) tls: Tls,
    pub(super) credentials: Option<Credentials>,
}

impl Route {
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let server = (self.host.as_str(), self.port);
        let (timeout, hello) = (Some(self.timeout), &self.hello);
        let from_the_start = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, timeout, hello, from_the_start, None)
                .await?;
        match &self.tls {
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), hello).await?;
            }
            Tls::Required(parameters) => connection.starttls(parameters.clone(), hello).await?,
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

/// A connection on which every question has its answer.
struct Parked {
    connection: AsyncSmtpConnection,
    since: Instant,
}

/// Connects as often as mails are sent at once, and keeps a few.
pub(super) struct Connections {
    route: Route,
    kept: usize,
    parked: Mutex<Vec<Parked>>,
}

/// Connections cannot be shown.
impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

impl Connections {
    /// Connects to nothing yet. Needs the runtime that will send.
    pub(super) fn new(route: Route, kept: usize) -> Arc<Self> {
        let connections = Arc::new(Self {
            route,
            kept,
            parked: Mutex::default(),
        });
        tokio::spawn(end_idle(Arc::downgrade(&connections)));
        connections
    }

    /// Sends over a connection that is nobody else's meanwhile, and keeps it only if all went well. Where
    /// this future is given up, the connection ends with it: an answer that comes too late must not be
    /// read as the answer to another mail (lettre's own pool would keep the connection).
    pub(super) async fn send(&self, message: &Message) -> Result<(), Error> {
        let mut connection = self.take().await?;
        connection
            .send(message.envelope(), &message.formatted())
            .await?;
        self.park(connection);
        Ok(())
    }

    async fn take(&self) -> Result<AsyncSmtpConnection, Error> {
        loop {
            // The youngest; so those that are too many grow old.
            let parked = self.parked().pop();
            let Some(mut parked) = parked else {
                return self.route.connect().await;
            };
            // The server may have hung up; then the next one is tried.
            if parked.connection.test_connected().await {
                return Ok(parked.connection);
            }
        }
    }

    fn park(&self, connection: AsyncSmtpConnection) {
        let mut parked = self.parked();
        if parked.len() < self.kept {
            let since = Instant::now();
            parked.push(Parked { connection, since });
        }
    }

    fn take_idle(&self) -> Vec<Parked> {
        let mut parked = self.parked();
        let all = std::mem::take(&mut *parked);
        let (idle, young) = all
            .into_iter()
            .partition(|parked| parked.since.elapsed() >= IDLE);
        *parked = young;
        idle
    }

    fn parked(&self) -> MutexGuard<'_, Vec<Parked>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends connections nobody needs, as long as there is somebody who might.
async fn end_idle(connections: Weak<Connections>) {
    loop {
        tokio::time::sleep(IDLE).await;
        let Some(connections) = connections.upgrade() else {
            return;
        };
        for mut parked in connections.take_idle() {
            // Whatever it says, and if it says nothing: the connection ends here.
            let _ = tokio::time::timeout(FAREWELL, parked.connection.quit()).await;
        }
    }
}
