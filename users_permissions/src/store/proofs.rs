//! Addresses that users have proven, and new ones that they have yet to prove.

use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::{up_claims, up_proofs, up_unproven, up_users};
use crate::model::{Email, UserId};

/// The user has a new address, which may be a mistyped one; the caller holds a transaction.
pub(super) fn doubt(conn: &mut DbConn, user: UserId) -> QueryResult<()> {
    trust(conn, user)?;
    diesel::insert_into(up_unproven::table)
        .values(up_unproven::user_id.eq(user))
        .execute(conn)
        .map(drop)
}

/// The address is the user's: proven, or vouched for by an administrator.
pub(super) fn trust(conn: &mut DbConn, user: UserId) -> QueryResult<()> {
    diesel::delete(up_unproven::table.find(user))
        .execute(conn)
        .map(drop)
}

/// Was the address changed, and not proven since?
pub(crate) fn is_doubted(conn: &mut DbConn, user: UserId) -> QueryResult<bool> {
    let row: Option<UserId> = up_unproven::table
        .find(user)
        .select(up_unproven::user_id)
        .first(conn)
        .optional()?;
    Ok(row.is_some())
}

/// The user has proven this address; the caller holds a transaction. Somebody else may have a way in.
pub(crate) fn note(conn: &mut DbConn, user: UserId, address: &str) -> QueryResult<()> {
    trust(conn, user)?;
    if has(conn, user, address)? {
        return Ok(());
    }
    diesel::delete(up_claims::table.find(user)).execute(conn)?;
    diesel::delete(up_proofs::table.find(user)).execute(conn)?;
    diesel::insert_into(up_proofs::table)
        .values((up_proofs::user_id.eq(user), up_proofs::address.eq(address)))
        .execute(conn)
        .map(drop)
}

/// The user has proven this address, and nobody else has a way in; the caller holds a transaction.
pub(crate) fn claim(conn: &mut DbConn, user: UserId, address: &str) -> QueryResult<()> {
    note(conn, user, address)?;
    diesel::delete(up_claims::table.find(user)).execute(conn)?;
    diesel::insert_into(up_claims::table)
        .values(up_claims::user_id.eq(user))
        .execute(conn)
        .map(drop)
}

/// Was this address proven by who holds every way in?
pub(crate) fn is_claimed(conn: &mut DbConn, user: UserId, address: &str) -> QueryResult<bool> {
    let row: Option<UserId> = up_claims::table
        .find(user)
        .select(up_claims::user_id)
        .first(conn)
        .optional()?;
    Ok(row.is_some() && has(conn, user, address)?)
}

/// The only user with this address, if it has proven it and may sign in.
pub(crate) fn owner(conn: &mut DbConn, email: &Email) -> QueryResult<Option<UserId>> {
    let users: Vec<UserId> = up_users::table
        .filter(up_users::email.eq(email.as_str()))
        .select(up_users::id)
        .limit(2)
        .load(conn)?;
    let [user] = users.as_slice() else {
        return Ok(None);
    };
    Ok(has(conn, *user, email.as_str())?.then_some(*user))
}

/// Has the user proven this address?
pub(crate) fn has(conn: &mut DbConn, user: UserId, address: &str) -> QueryResult<bool> {
    let proven: Option<String> = up_proofs::table
        .find(user)
        .select(up_proofs::address)
        .first(conn)
        .optional()?;
    Ok(proven.is_some_and(|proven| proven == address))
}
