//! A fresh database per test: a file, or a database of a server that `tests/run` has started.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::prelude::*;
use diesel::sql_types::Text;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file in a temporary directory.
    Sqlite,
    /// A database of the server at `UP_TEST_POSTGRES_URL`.
    Postgres,
    /// A database of the server at `UP_TEST_MYSQL_URL`.
    Mysql,
}

impl Kind {
    /// Is there a server of this kind?
    pub fn is_available(self) -> bool {
        let available = match self {
            Self::Sqlite => true,
            Self::Postgres => {
                cfg!(feature = "postgres") && server("UP_TEST_POSTGRES_URL").is_some()
            }
            Self::Mysql => cfg!(feature = "mysql") && server("UP_TEST_MYSQL_URL").is_some(),
        };
        if !available {
            eprintln!("skipped: no {self:?} server");
        }
        available
    }
}

/// URL of a server without a database at its end.
fn server(variable: &str) -> Option<String> {
    std::env::var(variable)
        .ok()
        .map(|url| url.trim_end_matches('/').to_owned())
}

/// A database that goes away with the value.
#[derive(Debug)]
pub struct TestDatabase {
    kind: Kind,
    name: String,
    directory: Option<tempfile::TempDir>,
}

impl TestDatabase {
    /// Makes an empty database.
    pub fn create(kind: Kind) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "up_test_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let directory = (kind == Kind::Sqlite).then(|| tempfile::tempdir().expect("a directory"));
        let database = Self {
            kind,
            name,
            directory,
        };
        match kind {
            Kind::Sqlite => {}
            Kind::Postgres => database.on_server(&format!("CREATE DATABASE {}", database.name)),
            Kind::Mysql => database.on_server(&format!(
                "CREATE DATABASE {} CHARACTER SET utf8mb4",
                database.name
            )),
        }
        database
    }

    /// URL for `DATABASE_URL`.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Sqlite => {
                let directory = self.directory.as_ref().expect("a directory");
                format!("sqlite://{}", directory.path().join("test.db").display())
            }
            Kind::Postgres => format!(
                "{}/{}",
                server("UP_TEST_POSTGRES_URL").expect("a server"),
                self.name
            ),
            Kind::Mysql => format!(
                "{}/{}",
                server("UP_TEST_MYSQL_URL").expect("a server"),
                self.name
            ),
        }
    }

    /// Which kind of database this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The column `line`, a text, of a query from outside of the plugin.
    pub fn lines(&self, sql: &str) -> Vec<String> {
        with_connection(self.kind, &self.url(), |conn| conn.lines(sql))
    }

    /// The one number that `sql` selects.
    pub fn number(&self, sql: &str) -> i64 {
        let text = if self.kind == Kind::Mysql {
            "CHAR"
        } else {
            "TEXT"
        };
        let lines = self.lines(&format!("SELECT CAST(({sql}) AS {text}) AS line"));
        lines
            .first()
            .and_then(|line| line.parse().ok())
            .unwrap_or_else(|| panic!("no number: {sql}"))
    }

    /// Runs a statement from outside of the plugin, in the database's own dialect.
    pub fn execute(&self, sql: &str) {
        with_connection(self.kind, &self.url(), |conn| conn.execute(sql));
    }

    /// Lets nobody change rights or users until it is let go, when these statements have been run.
    pub fn hold_changes(&self, statements: &[String]) -> HeldChanges {
        let count = "UPDATE up_revision SET value = value + 1 WHERE id = 1";
        let mut begin = vec!["BEGIN".to_owned(), count.to_owned()];
        begin.extend_from_slice(statements);
        self.hold(begin, "COMMIT")
    }

    /// Keeps whoever so much as reads the count of changes waiting, until it is let go. Servers only.
    pub fn hold_revision(&self) -> HeldChanges {
        match self.kind {
            Kind::Mysql => {
                let lock = "LOCK TABLES up_revision WRITE";
                self.hold(vec![lock.to_owned()], "UNLOCK TABLES")
            }
            Kind::Sqlite | Kind::Postgres => {
                let lock = "LOCK TABLE up_revision IN ACCESS EXCLUSIVE MODE";
                self.hold(vec!["BEGIN".to_owned(), lock.to_owned()], "COMMIT")
            }
        }
    }

    /// Runs statements and, on the same connection, the last one when it is let go.
    fn hold(&self, statements: Vec<String>, end: &'static str) -> HeldChanges {
        let (kind, url) = (self.kind, self.url());
        let (held, holds) = std::sync::mpsc::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let holder = std::thread::spawn(move || {
            with_connection(kind, &url, |conn| {
                for statement in &statements {
                    conn.execute(statement);
                }
                held.send(()).expect("somebody waits");
                let _ = released.recv();
                conn.execute(end);
            });
        });
        holds.recv().expect("what is to be held is held");
        HeldChanges {
            release: Some(release),
            holder: Some(holder),
        }
    }

    /// Every row of the plugin's tables as text, by table: the proof that nothing happened.
    pub fn dump(&self) -> BTreeMap<&'static str, Vec<String>> {
        const TABLES: [(&str, &str); 24] = [
            (
                "up_users",
                "id, document_id, username, email, coalesce(email_key, '-'), provider, coalesce(password_hash, '-'), confirmed, blocked, token_version, updated_at",
            ),
            (
                "up_profiles",
                "user_id, name, coalesce(text_value, '-'), coalesce(integer_value, 0), coalesce(boolean_value, FALSE), coalesce(time_value, '2000-01-01')",
            ),
            ("up_user_roles", "user_id, place, role_id"),
            (
                "up_roles",
                "id, document_id, name, coalesce(description, '-'), role_type, updated_at",
            ),
            ("up_actions", "id, action"),
            ("up_removed_actions", "action"),
            ("up_permissions", "role_id, action_id"),
            ("up_settings", "name, value"),
            (
                "up_user_codes",
                "user_id, purpose, code_hash, address, coalesce(used_at, created_at)",
            ),
            (
                "up_codes",
                "purpose, code_hash, coalesce(used_at, created_at)",
            ),
            (
                "up_sessions",
                "session_id, user_id, token_hash, coalesce(device_id, '-'), in_cookie, expires_at, ends_at",
            ),
            ("up_used_tokens", "session_id, token_hash"),
            ("up_endings", "revision, user_id"),
            (
                "up_identities",
                "user_id, provider, issuer, subject, coalesce(email, '-')",
            ),
            ("up_departures", "person, gone_at"),
            ("up_changes", "actor, kind, target, changes"),
            ("up_tickets", "ticket_hash, provider"),
            ("up_states", "state_hash"),
            ("up_ended_sign_ins", "sign_in"),
            ("up_proofs", "user_id, address"),
            ("up_claims", "user_id"),
            ("up_unproven", "user_id"),
            (
                "up_outbox",
                "message_id, kind, recipient, subject, state, attempts",
            ),
            ("up_mail_requests", "purpose, address, attempts"),
        ];
        let mut dump = BTreeMap::new();
        for (table, columns) in TABLES {
            let row = match self.kind {
                Kind::Mysql => format!("CAST(CONCAT_WS('|', {columns}) AS CHAR)"),
                Kind::Postgres => format!("CONCAT_WS('|', {columns})"),
                Kind::Sqlite => {
                    columns
                        .split(", ")
                        .fold((String::new(), 0usize), join_columns)
                        .0
                }
            };
            let sql = format!("SELECT {row} AS line FROM {table} ORDER BY 1");
            dump.insert(
                table,
                with_connection(self.kind, &self.url(), |conn| conn.lines(&sql)),
            );
        }
        dump
    }

    fn on_server(&self, sql: &str) {
        let url = match self.kind {
            Kind::Sqlite => return,
            Kind::Postgres => format!(
                "{}/postgres",
                server("UP_TEST_POSTGRES_URL").expect("a server")
            ),
            Kind::Mysql => format!("{}/mysql", server("UP_TEST_MYSQL_URL").expect("a server")),
        };
        with_connection(self.kind, &url, |conn| conn.execute(sql));
    }
}

/// SQLite's `||`, keeping commas inside of parentheses together.
fn join_columns((mut sql, depth): (String, usize), part: &str) -> (String, usize) {
    let opened = part.matches('(').count();
    let closed = part.matches(')').count();
    if !sql.is_empty() {
        sql.push_str(if depth > 0 { ", " } else { " || '|' || " });
    }
    sql.push_str(part);
    (sql, (depth + opened).saturating_sub(closed))
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        match self.kind {
            Kind::Sqlite => {}
            Kind::Postgres => self.on_server(&format!(
                "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                self.name
            )),
            Kind::Mysql => self.on_server(&format!("DROP DATABASE IF EXISTS {}", self.name)),
        }
    }
}

trait Conn {
    fn execute(&mut self, sql: &str);
    fn lines(&mut self, sql: &str) -> Vec<String>;
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

macro_rules! conn {
    ($type:ty) => {
        impl Conn for $type {
            fn execute(&mut self, sql: &str) {
                diesel::connection::SimpleConnection::batch_execute(self, sql).expect(sql);
            }

            fn lines(&mut self, sql: &str) -> Vec<String> {
                let rows: Vec<Line> = diesel::sql_query(sql).load(self).expect(sql);
                rows.into_iter().map(|row| row.line).collect()
            }
        }
    };
}

#[cfg(feature = "sqlite")]
conn!(diesel::SqliteConnection);
#[cfg(feature = "postgres")]
conn!(diesel::PgConnection);
#[cfg(feature = "mysql")]
conn!(diesel::MysqlConnection);

fn with_connection<T>(kind: Kind, url: &str, work: impl FnOnce(&mut dyn Conn) -> T) -> T {
    match kind {
        #[cfg(feature = "sqlite")]
        Kind::Sqlite => {
            let mut conn = diesel::SqliteConnection::establish(url).expect("a connection");
            // The server writes, too.
            let patient = "PRAGMA busy_timeout = 10000";
            diesel::connection::SimpleConnection::batch_execute(&mut conn, patient)
                .expect("patience");
            work(&mut conn)
        }
        #[cfg(feature = "postgres")]
        Kind::Postgres => work(&mut diesel::PgConnection::establish(url).expect("a connection")),
        #[cfg(feature = "mysql")]
        Kind::Mysql => work(&mut diesel::MysqlConnection::establish(url).expect("a connection")),
        #[allow(unreachable_patterns)]
        other => panic!("{other:?} is not compiled in"),
    }
}

/// See [`TestDatabase::hold_changes`] and [`TestDatabase::hold_revision`].
#[derive(Debug)]
pub struct HeldChanges {
    release: Option<std::sync::mpsc::Sender<()>>,
    holder: Option<std::thread::JoinHandle<()>>,
}

impl HeldChanges {
    /// Lets go once the change of whoever has begun one waits. From outside nobody sees that it does: it is given
    /// some time.
    pub async fn release_soon(self) {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        tokio::task::spawn_blocking(move || drop(self))
            .await
            .expect("the changes are let go");
    }
}

impl Drop for HeldChanges {
    fn drop(&mut self) {
        drop(self.release.take());
        if let Some(holder) = self.holder.take() {
            drop(holder.join());
        }
    }
}
