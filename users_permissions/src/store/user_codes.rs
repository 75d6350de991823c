//! Codes mailed to users, kept as hashes: one per user and purpose.

use std::time::Duration;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::{Conflict, DbConn, conflict};
use super::schema::up_user_codes;
use super::time::{shared_now, to_db};
use crate::model::{CodePurpose, UserId};

/// A code to be stored.
#[derive(Debug)]
pub(crate) struct NewUserCode<'a> {
    pub(crate) user: UserId,
    pub(crate) purpose: CodePurpose,
    pub(crate) hash: &'a str,
    pub(crate) address: &'a str,
    /// By the database's clock: another instance may judge it.
    pub(crate) life: Duration,
}

/// A code that has not expired.
#[derive(Debug)]
pub(crate) struct FoundCode {
    pub(crate) user: UserId,
    pub(crate) address: String,
    pub(crate) is_used: bool,
}

#[derive(AsChangeset)]
#[diesel(table_name = up_user_codes, treat_none_as_null = true)]
struct CodeChange<'a> {
    code_hash: &'a str,
    address: &'a str,
    expires_at: NaiveDateTime,
    used_at: Option<NaiveDateTime>,
    created_at: NaiveDateTime,
}

/// Stores a code; the older one of its user and purpose is void.
///
/// Inserts first: an update that finds nothing would make MySQL lock the gap, in which parallel requests
/// of other users then wait for each other. In a savepoint, since PostgreSQL gives a transaction up
/// after a violated constraint.
pub(crate) fn replace(conn: &mut DbConn, code: NewUserCode<'_>) -> QueryResult<()> {
    let present = shared_now(conn)?;
    let change = CodeChange {
        code_hash: code.hash,
        address: code.address,
        expires_at: to_db(present + code.life),
        used_at: None,
        created_at: to_db(present),
    };
    let inserted = conn.transaction(|conn| {
        diesel::insert_into(up_user_codes::table)
            .values((
                up_user_codes::user_id.eq(code.user),
                up_user_codes::purpose.eq(code.purpose.as_str()),
                up_user_codes::code_hash.eq(change.code_hash),
                up_user_codes::address.eq(change.address),
                up_user_codes::expires_at.eq(change.expires_at),
                up_user_codes::created_at.eq(change.created_at),
            ))
            .execute(conn)
    });
    match inserted {
        Err(error) if conflict(&error) == Some(Conflict::Taken) => {
            let present = up_user_codes::table
                .filter(up_user_codes::user_id.eq(code.user))
                .filter(up_user_codes::purpose.eq(code.purpose.as_str()));
            diesel::update(present).set(&change).execute(conn).map(drop)
        }
        other => other.map(drop),
    }
}

/// Whose code it is, if it has not expired.
pub(crate) fn find(
    conn: &mut DbConn,
    purpose: CodePurpose,
    hash: &str,
) -> QueryResult<Option<FoundCode>> {
    let present = to_db(shared_now(conn)?);
    let row: Option<(i32, String, Option<NaiveDateTime>)> = up_user_codes::table
        .filter(up_user_codes::code_hash.eq(hash))
        .filter(up_user_codes::purpose.eq(purpose.as_str()))
        .filter(up_user_codes::expires_at.gt(present))
        .select((
            up_user_codes::user_id,
            up_user_codes::address,
            up_user_codes::used_at,
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|(user, address, used_at)| FoundCode {
        user,
        address,
        is_used: used_at.is_some(),
    }))
}

/// Uses a code up; false when it is unknown, void, used or expired. One statement, so that of several
/// racing requests one wins.
pub(crate) fn consume(conn: &mut DbConn, purpose: CodePurpose, hash: &str) -> QueryResult<bool> {
    let time = to_db(shared_now(conn)?);
    let live = up_user_codes::table
        .filter(up_user_codes::code_hash.eq(hash))
        .filter(up_user_codes::purpose.eq(purpose.as_str()))
        .filter(up_user_codes::used_at.is_null())
        .filter(up_user_codes::expires_at.gt(time));
    Ok(diesel::update(live)
        .set(up_user_codes::used_at.eq(Some(time)))
        .execute(conn)?
        == 1)
}

/// Voids every code of a user.
pub(crate) fn void(conn: &mut DbConn, user: UserId) -> QueryResult<usize> {
    diesel::delete(up_user_codes::table.filter(up_user_codes::user_id.eq(user))).execute(conn)
}
