//! Sign-ins to the pages of administrators that were ended. They live in cookies, so that the ended ones are
//! what has to be remembered.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::conn::{Conflict, DbConn, conflict};
use super::schema::up_ended_sign_ins;
use super::time::{shared_now, to_db};

/// Notes that a sign-in, whose cookie lasts no longer than `life` from now, has ended; forgets those that are too
/// old by now.
pub(crate) fn end(conn: &mut DbConn, id: &str, life: TimeDelta) -> QueryResult<()> {
    let now = shared_now(conn)?;
    let over = up_ended_sign_ins::table.filter(up_ended_sign_ins::expires_at.lt(to_db(now)));
    diesel::delete(over).execute(conn)?;
    let noted = diesel::insert_into(up_ended_sign_ins::table)
        .values((
            up_ended_sign_ins::sign_in.eq(id),
            up_ended_sign_ins::expires_at.eq(to_db(now + life)),
        ))
        .execute(conn);
    match noted {
        Err(error) if conflict(&error) == Some(Conflict::Taken) => Ok(()),
        other => other.map(drop),
    }
}

/// Was the sign-in ended?
pub(crate) fn has_ended(conn: &mut DbConn, id: &str) -> QueryResult<bool> {
    let found = up_ended_sign_ins::table
        .find(id)
        .select(up_ended_sign_ins::sign_in)
        .first::<String>(conn)
        .optional()?;
    Ok(found.is_some())
}
