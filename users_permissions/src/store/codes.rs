//! One-time codes, kept as hashes.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::up_codes;
use super::time::{shared_now, to_db};

/// Stores a code for so long and voids the older ones of its purpose.
pub(crate) fn replace(
    conn: &mut DbConn,
    purpose: &str,
    hash: &str,
    life: TimeDelta,
) -> QueryResult<usize> {
    diesel::delete(up_codes::table.filter(up_codes::purpose.eq(purpose))).execute(conn)?;
    let present = shared_now(conn)?;
    diesel::insert_into(up_codes::table)
        .values((
            up_codes::purpose.eq(purpose),
            up_codes::code_hash.eq(hash),
            up_codes::expires_at.eq(to_db(present + life)),
            up_codes::created_at.eq(to_db(present)),
        ))
        .execute(conn)
}

/// Uses a code up; false when it is unknown, used or expired. One statement, so that of several
/// racing requests one wins.
pub(crate) fn consume(conn: &mut DbConn, purpose: &str, hash: &str) -> QueryResult<bool> {
    let time = to_db(shared_now(conn)?);
    let live = up_codes::table
        .filter(up_codes::purpose.eq(purpose))
        .filter(up_codes::code_hash.eq(hash))
        .filter(up_codes::used_at.is_null())
        .filter(up_codes::expires_at.gt(time));
    Ok(diesel::update(live)
        .set(up_codes::used_at.eq(Some(time)))
        .execute(conn)?
        == 1)
}
