//! Users as the account flows see them: found by address, changed only if they still are what they were.

use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::{up_unproven, up_users};
use super::time::{now, to_db};
use super::{proofs, sessions, users};
use crate::model::{Email, User, UserId};

/// A change that holds only while the user is as it was when the change was judged.
#[derive(Debug)]
pub(crate) struct PasswordChange<'a> {
    pub(crate) hash: &'a str,
    /// The hash it replaces; `None`: whichever, but of a user who may recover the account.
    pub(crate) old_hash: Option<&'a str>,
}

/// The local user who may have a new password mailed to this address: not one whose address was changed to
/// it and is unproven. The oldest, where several share one.
pub(crate) fn recoverable(conn: &mut DbConn, email: &Email) -> QueryResult<Option<UserId>> {
    up_users::table
        .filter(up_users::email.eq(email.as_str()))
        .filter(up_users::provider.eq("local"))
        .filter(up_users::blocked.eq(false))
        .filter(up_users::id.ne_all(up_unproven::table.select(up_unproven::user_id)))
        .order(up_users::id.asc())
        .select(up_users::id)
        .first(conn)
        .optional()
}

/// The user who has yet to prove this address; the oldest, where several share one.
pub(crate) fn unconfirmed(conn: &mut DbConn, email: &Email) -> QueryResult<Option<UserId>> {
    up_users::table
        .filter(up_users::email.eq(email.as_str()))
        .filter(up_users::confirmed.eq(false))
        .filter(up_users::blocked.eq(false))
        .order(up_users::id.asc())
        .select(up_users::id)
        .first(conn)
        .optional()
}

/// The stored hash; the outer `None`: no such user.
pub(crate) fn password_hash(conn: &mut DbConn, id: UserId) -> QueryResult<Option<Option<String>>> {
    up_users::table
        .find(id)
        .select(up_users::password_hash)
        .first(conn)
        .optional()
}

/// Sets a password and ends every token and session so far; `None` when the user has changed meanwhile.
pub(crate) fn set_password(
    conn: &mut DbConn,
    id: UserId,
    change: PasswordChange<'_>,
) -> QueryResult<Option<User>> {
    let values = (
        up_users::password_hash.eq(Some(change.hash)),
        up_users::token_version.eq(up_users::token_version + 1),
        up_users::updated_at.eq(to_db(now())),
    );
    let user = up_users::table.find(id);
    let changed = match change.old_hash {
        Some(old) => diesel::update(user.filter(up_users::password_hash.eq(old)))
            .set(values)
            .execute(conn)?,
        None => diesel::update(
            user.filter(up_users::blocked.eq(false))
                .filter(up_users::provider.eq("local"))
                .filter(up_users::id.ne_all(up_unproven::table.select(up_unproven::user_id))),
        )
        .set(values)
        .execute(conn)?,
    };
    if changed == 0 {
        return Ok(None);
    }
    sessions::end_all(conn, id)?;
    users::find(conn, id)
}

/// Takes the password away and ends every token and session so far.
pub(crate) fn drop_password(conn: &mut DbConn, id: UserId) -> QueryResult<()> {
    diesel::update(up_users::table.find(id))
        .set((
            up_users::password_hash.eq(None::<String>),
            up_users::token_version.eq(up_users::token_version + 1),
            up_users::updated_at.eq(to_db(now())),
        ))
        .execute(conn)?;
    sessions::end_all(conn, id).map(drop)
}

/// Addresses of users of higher ids than `after`, in their order.
pub(crate) fn addresses(conn: &mut DbConn, after: UserId) -> QueryResult<Vec<(UserId, String)>> {
    up_users::table
        .filter(up_users::id.gt(after))
        .order(up_users::id.asc())
        .select((up_users::id, up_users::email))
        .limit(1_000)
        .load(conn)
}

/// Reserves an address by its key.
pub(crate) fn set_email_key(conn: &mut DbConn, id: UserId, key: &str) -> QueryResult<usize> {
    diesel::update(up_users::table.find(id))
        .set(up_users::email_key.eq(key))
        .execute(conn)
}

/// Notes that an address is proven; false when it is no longer the user's.
pub(crate) fn confirm(conn: &mut DbConn, id: UserId, address: &str) -> QueryResult<bool> {
    let user = up_users::table.find(id).filter(up_users::email.eq(address));
    let confirmed = diesel::update(user)
        .set((
            up_users::confirmed.eq(true),
            up_users::updated_at.eq(to_db(now())),
        ))
        .execute(conn)?;
    if confirmed == 1 {
        proofs::note(conn, id, address)?;
    }
    Ok(confirmed == 1)
}
