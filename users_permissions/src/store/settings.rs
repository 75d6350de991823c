//! Settings: named JSON documents.

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

pub(crate) fn create(conn: &mut DbConn, name: &str, value: &str) -> QueryResult<usize> {
    diesel::insert_into(up_settings::table)
        .values((
            up_settings::name.eq(name),
            up_settings::value.eq(value),
            up_settings::updated_at.eq(to_db(now())),
        ))
        .execute(conn)
}
