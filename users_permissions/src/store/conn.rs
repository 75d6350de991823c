//! Connections: one type for three databases, chosen by the URL's scheme, pooled by r2d2.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, Pool, PooledConnection};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::config::Secret;
use crate::error::Error;

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("enable at least one of the features `sqlite`, `postgres` and `mysql`");

/// A connection to whichever database the URL names; the variants follow the features.
///
/// ```
/// use diesel::connection::SimpleConnection as _;
/// use diesel::prelude::*;
/// use users_permissions::DbConn;
///
/// # #[allow(unreachable_patterns)]
/// fn create_table(conn: &mut DbConn) -> QueryResult<()> {
///     let statement = match conn {
///         # #[cfg(feature = "sqlite")]
///         DbConn::Sqlite(_) => "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text VARCHAR(255))",
///         _ => "CREATE TABLE IF NOT EXISTS notes (id SERIAL PRIMARY KEY, text VARCHAR(255))",
///     };
///     conn.batch_execute(statement)
/// }
/// ```
#[derive(diesel::MultiConnection)]
#[allow(missing_debug_implementations)]
pub enum DbConn {
    /// Embedded SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(diesel::SqliteConnection),
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(diesel::PgConnection),
    /// MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    Mysql(diesel::MysqlConnection),
}

/// Why the database could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("`{0}:` begins no database URL this build understands; write scheme://…, it has: {1}")]
    Scheme(String, String),
    #[error(transparent)]
    Connect(#[from] diesel::ConnectionError),
    #[error(transparent)]
    Query(#[from] DieselError),
    #[error("{0}")]
    Pool(String),
    #[error("migration: {0}")]
    Migrate(String),
    #[error("lock file: {0}")]
    Lock(#[from] std::io::Error),
}

/// The databases this build was compiled with.
fn compiled_in() -> String {
    let all = [
        ("sqlite", cfg!(feature = "sqlite")),
        ("postgres", cfg!(feature = "postgres")),
        ("mysql", cfg!(feature = "mysql")),
    ];
    let names: Vec<_> = all
        .iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| *name)
        .collect();
    names.join(", ")
}

fn connect(url: &str) -> Result<DbConn, StoreError> {
    // Only what stands before a colon is ever shown: the rest may hold a password.
    let (scheme, _rest) = match url.split_once("://") {
        Some(parts) => parts,
        None => (url.split(':').next().unwrap_or_default(), ""),
    };
    if _rest.is_empty() {
        return Err(StoreError::Scheme(
            scheme.chars().take(16).collect(),
            compiled_in(),
        ));
    }
    match scheme {
        #[cfg(feature = "sqlite")]
        "sqlite" => {
            let mut conn = diesel::SqliteConnection::establish(_rest)?;
            // The time a writer waits for another one comes first: WAL itself takes a lock. LIKE minds
            // the case and `lower` knows more than ASCII, as with the server databases.
            diesel::connection::SimpleConnection::batch_execute(
                &mut conn,
                "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                 PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON;",
            )?;
            super::reach::lower_or_null_utils::register_impl(&mut conn, |text: Option<String>| {
                text.map(|text| text.to_lowercase())
            })?;
            Ok(DbConn::Sqlite(conn))
        }
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            let conn = diesel::PgConnection::establish(&noticing_silence(url))?;
            Ok(DbConn::Postgres(conn))
        }
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => {
            let url = url.replacen("mariadb://", "mysql://", 1);
            let mut conn = diesel::MysqlConnection::establish(&url)?;
            // As PostgreSQL has it. The default locks the gaps between rows, on which registrations that
            // come at once would meet in a deadlock.
            diesel::connection::SimpleConnection::batch_execute(
                &mut conn,
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            )?;
            Ok(DbConn::Mysql(conn))
        }
        _ => Err(StoreError::Scheme(scheme.to_owned(), compiled_in())),
    }
}

/// The URL with the times after which a connection counts as lost whose other end is silent; those that it has
/// stay as they are.
#[cfg(feature = "postgres")]
fn noticing_silence(url: &str) -> String {
    const TIMES: [(&str, &str); 3] = [
        ("tcp_user_timeout", "30000"),
        ("keepalives_idle", "15"),
        ("keepalives_interval", "15"),
    ];
    let (_, rest) = url.split_once("://").unwrap_or_default();
    // A password may hold what begins a query elsewhere.
    let place = match rest.split_once(['@', '/']) {
        Some((user, place)) if rest.as_bytes().get(user.len()) == Some(&b'@') => place,
        _ => rest,
    };
    let mut joint = if place.contains('?') { '&' } else { '?' };
    let mut url = url.to_owned();
    for (name, value) in TIMES {
        if !place.contains(&format!("{name}=")) {
            url.push_str(&format!("{joint}{name}={value}"));
            joint = '&';
        }
    }
    url
}

/// A connection of the pool that remembers whether a statement has failed on it.
#[allow(missing_debug_implementations)]
pub(crate) struct Pooled {
    conn: DbConn,
    suspect: Arc<AtomicBool>,
}

impl Deref for Pooled {
    type Target = DbConn;

    fn deref(&self) -> &DbConn {
        &self.conn
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut DbConn {
        &mut self.conn
    }
}

/// Makes connections for the pool and counts the statements they run.
#[derive(Debug)]
pub(crate) struct Manager {
    url: Secret,
    queries: Arc<AtomicU64>,
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = StoreError;

    fn connect(&self) -> Result<Pooled, StoreError> {
        let mut conn = connect(self.url.expose())?;
        let queries = Arc::clone(&self.queries);
        let suspect = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&suspect);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => {
                queries.fetch_add(1, Ordering::Relaxed);
            }
            InstrumentationEvent::FinishQuery { error: Some(_), .. } => {
                noted.store(true, Ordering::Relaxed)
            }
            _ => {}
        });
        Ok(Pooled { conn, suspect })
    }

    fn is_valid(&self, conn: &mut Pooled) -> Result<(), StoreError> {
        diesel::connection::SimpleConnection::batch_execute(&mut conn.conn, "SELECT 1")
            .map_err(StoreError::Query)
    }

    /// Diesel does not notice a lost connection, so one on which a statement has failed is asked.
    fn has_broken(&self, conn: &mut Pooled) -> bool {
        std::thread::panicking()
            || diesel::r2d2::R2D2Connection::is_broken(&mut conn.conn)
            || (conn.suspect.swap(false, Ordering::Relaxed) && self.is_valid(conn).is_err())
    }
}

/// The pool of the plugin's connections.
#[derive(Clone)]
pub(crate) struct Store {
    pool: Pool<Manager>,
    url: Secret,
    queries: Arc<AtomicU64>,
}

impl Store {
    /// Opens the pool; fails when the first connection cannot be made.
    pub(crate) fn open(url: &Secret, size: u32, timeout: Duration) -> Result<Self, StoreError> {
        // A direct attempt first: the pool would retry until its timeout and swallow the cause.
        drop(connect(url.expose())?);
        let queries = Arc::new(AtomicU64::new(0));
        // Each connection to `:memory:` is a database of its own.
        let size = if url.expose().ends_with(":memory:") {
            1
        } else {
            size.max(1)
        };
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(timeout)
            .test_on_check_out(false)
            .build(Manager {
                url: url.clone(),
                queries: Arc::clone(&queries),
            })
            .map_err(|error| StoreError::Pool(error.to_string()))?;
        Ok(Self {
            pool,
            url: url.clone(),
            queries,
        })
    }

    /// Statements run so far over this pool.
    pub(crate) fn query_count(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    /// Is this a database that only one process uses?
    pub(crate) fn is_embedded(&self) -> bool {
        self.url.expose().starts_with("sqlite:")
    }

    pub(super) fn url(&self) -> &str {
        self.url.expose()
    }

    /// A connection; blocks, so call it off the request threads.
    pub(crate) fn conn(&self) -> Result<PooledConnection<Manager>, StoreError> {
        self.pool
            .get()
            .map_err(|error| StoreError::Pool(error.to_string()))
    }

    /// Runs `work` with a connection on a thread that may block.
    pub(crate) async fn run<T, E>(
        &self,
        work: impl FnOnce(&mut DbConn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        E: Into<Error> + Send + 'static,
    {
        let store = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let mut conn = store.conn().map_err(Error::from)?;
            work(&mut conn).map_err(Into::into)
        });
        task.await.map_err(Error::internal)?
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("pool", &self.pool.state())
            .finish_non_exhaustive()
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Query(error) => error.into(),
            other => Error::unavailable(other),
        }
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match &error {
            // Constraints that no use case expects are faults of ours; the rest is the database's state.
            DieselError::DatabaseError(kind, _) => match kind {
                DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation => Error::internal(error),
                _ => Error::unavailable(error),
            },
            DieselError::BrokenTransactionManager => Error::unavailable(error),
            _ => Error::internal(error),
        }
    }
}

/// A constraint that a use case expects to meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// The value is another row's.
    Taken,
    /// The row referred to is not there, or still referred to.
    MissingReference,
}

/// Which constraint a statement met, if any; the databases' texts are never looked at.
pub(crate) fn conflict(error: &DieselError) -> Option<Conflict> {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Some(Conflict::Taken),
        DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => {
            Some(Conflict::MissingReference)
        }
        _ => None,
    }
}

/// Runs `work` as one transaction: everything or nothing.
pub(crate) fn transaction<T, E>(
    conn: &mut DbConn,
    work: impl FnOnce(&mut DbConn) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<DieselError>,
{
    conn.transaction(work)
}

#[cfg(all(test, any(feature = "sqlite", feature = "postgres")))]
mod tests {
    #[cfg(feature = "sqlite")]
    use super::super::reach::{lower, lower_or_null};
    use super::*;

    #[test]
    #[cfg(feature = "postgres")]
    fn a_silent_connection_is_noticed_by_the_times_of_the_url_or_ours() {
        let ours = "tcp_user_timeout=30000&keepalives_idle=15&keepalives_interval=15";
        for (url, joint) in [
            ("postgres://up@127.0.0.1:5432/shop", '?'),
            ("postgres://up:a?b@127.0.0.1/shop", '?'),
            ("postgres://127.0.0.1", '?'),
            ("postgresql:///shop?host=/run/postgresql", '&'),
            ("postgres://up:a@b.example/shop?sslmode=require", '&'),
        ] {
            assert_eq!(noticing_silence(url), format!("{url}{joint}{ours}"));
        }
        let own = "postgres://h/shop?keepalives_idle=5&tcp_user_timeout=1";
        assert_eq!(
            noticing_silence(own),
            format!("{own}&keepalives_interval=15")
        );
    }

    #[test]
    #[cfg(feature = "sqlite")]
    fn nothing_in_lower_case_is_nothing() {
        let mut conn = connect("sqlite://:memory:").unwrap();
        let nothing: Option<String> = None;
        let lowered = diesel::select(lower_or_null(nothing)).get_result(&mut conn);
        assert_eq!(lowered, Ok(None::<String>));
        let lowered = diesel::select(lower("ÄB")).get_result::<String>(&mut conn);
        assert_eq!(lowered.as_deref(), Ok("äb"));
    }
}
