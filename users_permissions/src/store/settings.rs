//! Settings: named JSON documents.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::up_settings;
use super::time::{now, to_db};

pub(crate) fn get(conn: &mut DbConn, name: &str) -> QueryResult<Option<String>> {
    up_settings::table
        .find(name)
        .select(up_settings::value)
        .first(conn)
        .optional()
}

/// All settings by name.
pub(crate) fn all(conn: &mut DbConn) -> QueryResult<BTreeMap<String, String>> {
    let rows: Vec<(String, String)> = up_settings::table
        .select((up_settings::name, up_settings::value))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

pub(crate) fn create(conn: &mut DbConn, name: &str, value: &str) -> QueryResult<usize> {
    diesel::insert_into(up_settings::table)
        .values((
            up_settings::name.eq(name),
            up_settings::value.eq(value),
            up_settings::updated_at.eq(to_db(now())),
        ))
        .execute(conn)
}

/// Writes a setting, whether it was there or not; the caller holds the line of changes.
pub(crate) fn put(conn: &mut DbConn, name: &str, value: &str) -> QueryResult<usize> {
    let updated = diesel::update(up_settings::table.find(name))
        .set((
            up_settings::value.eq(value),
            up_settings::updated_at.eq(to_db(now())),
        ))
        .execute(conn)?;
    if updated > 0 {
        return Ok(updated);
    }
    create(conn, name, value)
}

/// Forgets a setting; the caller holds the line of changes.
pub(crate) fn delete(conn: &mut DbConn, name: &str) -> QueryResult<usize> {
    diesel::delete(up_settings::table.find(name)).execute(conn)
}

/// Reads a setting and keeps it from being changed until the transaction ends; readers do not wait
/// for each other. First statement of a transaction.
pub(crate) fn hold(conn: &mut DbConn, name: &str) -> QueryResult<Option<String>> {
    match conn {
        // Makes the transaction a writing one from its start; SQLite lets one write at a time.
        #[cfg(feature = "sqlite")]
        DbConn::Sqlite(conn) => {
            diesel::update(up_settings::table.find(name))
                .set(up_settings::name.eq(name))
                .execute(conn)?;
        }
        #[cfg(feature = "postgres")]
        DbConn::Postgres(conn) => {
            up_settings::table
                .find(name)
                .select(up_settings::name)
                .for_share()
                .first::<String>(conn)
                .optional()?;
        }
        // MariaDB knows the older words only.
        #[cfg(feature = "mysql")]
        DbConn::Mysql(conn) => {
            diesel::sql_query("SELECT name FROM up_settings WHERE name = ? LOCK IN SHARE MODE")
                .bind::<diesel::sql_types::Text, _>(name)
                .execute(conn)?;
        }
    }
    get(conn, name)
}
