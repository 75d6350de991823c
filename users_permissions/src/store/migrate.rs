//! Brings the schema up to date, one instance at a time.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::{DbConn, Store, StoreError};

#[cfg(feature = "sqlite")]
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
#[cfg(feature = "mysql")]
const MYSQL: EmbeddedMigrations = embed_migrations!("migrations/mysql");

/// Key of the advisory lock; any number that nobody else uses.
#[cfg(feature = "postgres")]
const POSTGRES_LOCK: i64 = 0x7570_5f6d_6967;

/// Migrates and then runs `work`, while no other instance does the same on this database.
pub(crate) fn with_schema_lock<T>(
    store: &Store,
    work: impl FnOnce(&mut DbConn) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut conn = store.conn()?;
    let _file = lock(&mut conn, store.url())?;
    let result = migrate(&mut conn).and_then(|()| work(&mut conn));
    unlock(&mut conn)?;
    result
}

fn migrate(conn: &mut DbConn) -> Result<(), StoreError> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Migrate(error.to_string());
    match conn {
        #[cfg(feature = "sqlite")]
        DbConn::Sqlite(conn) => conn
            .run_pending_migrations(SQLITE)
            .map(drop)
            .map_err(failed),
        #[cfg(feature = "postgres")]
        DbConn::Postgres(conn) => conn
            .run_pending_migrations(POSTGRES)
            .map(drop)
            .map_err(failed),
        #[cfg(feature = "mysql")]
        DbConn::Mysql(conn) => conn.run_pending_migrations(MYSQL).map(drop).map_err(failed),
    }
}

/// Server databases lock by session; SQLite by a file beside the database, held while it is open.
fn lock(conn: &mut DbConn, _url: &str) -> Result<Option<std::fs::File>, StoreError> {
    match conn {
        #[cfg(feature = "sqlite")]
        DbConn::Sqlite(_) => {
            let path = _url.trim_start_matches("sqlite://");
            if path == ":memory:" {
                return Ok(None);
            }
            let file = std::fs::OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(format!("{path}.lock"))?;
            file.lock()?;
            Ok(Some(file))
        }
        #[cfg(feature = "postgres")]
        DbConn::Postgres(conn) => {
            use diesel::RunQueryDsl as _;
            diesel::sql_query("SELECT pg_advisory_lock($1)")
                .bind::<diesel::sql_types::BigInt, _>(POSTGRES_LOCK)
                .execute(conn)?;
            Ok(None)
        }
        #[cfg(feature = "mysql")]
        DbConn::Mysql(conn) => {
            use diesel::RunQueryDsl as _;
            // The name is bound to the schema: the lock is one of the whole server.
            let query =
                diesel::sql_query("SELECT GET_LOCK(CONCAT('up_', SHA1(DATABASE())), 120) AS taken");
            match query.get_result::<Taken>(conn)?.taken {
                Some(1) => {}
                _ => {
                    return Err(StoreError::Migrate(
                        "another instance keeps the schema locked".to_owned(),
                    ));
                }
            }
            Ok(None)
        }
    }
}

/// MySQL's answer to a request for a lock.
#[cfg(feature = "mysql")]
#[derive(diesel::QueryableByName)]
struct Taken {
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::BigInt>)]
    taken: Option<i64>,
}

fn unlock(conn: &mut DbConn) -> Result<(), StoreError> {
    match conn {
        #[cfg(feature = "sqlite")]
        DbConn::Sqlite(_) => Ok(()),
        #[cfg(feature = "postgres")]
        DbConn::Postgres(conn) => {
            use diesel::RunQueryDsl as _;
            diesel::sql_query("SELECT pg_advisory_unlock($1)")
                .bind::<diesel::sql_types::BigInt, _>(POSTGRES_LOCK)
                .execute(conn)?;
            Ok(())
        }
        #[cfg(feature = "mysql")]
        DbConn::Mysql(conn) => Ok(diesel::connection::SimpleConnection::batch_execute(
            conn,
            "DO RELEASE_LOCK(CONCAT('up_', SHA1(DATABASE())))",
        )?),
    }
}
