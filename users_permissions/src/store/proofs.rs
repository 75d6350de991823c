//! Addresses that users have proven.

use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::{up_proofs, up_users};
use crate::model::{Email, UserId};

/// The user has proven this address; the caller holds a transaction.
pub(crate) fn note(conn: &mut DbConn, user: UserId, address: &str) -> QueryResult<()> {
    diesel::delete(up_proofs::table.find(user)).execute(conn)?;
    diesel::insert_into(up_proofs::table)
        .values((up_proofs::user_id.eq(user), up_proofs::address.eq(address)))
        .execute(conn)
        .map(drop)
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
