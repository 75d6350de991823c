//! Sign-ins to the pages of administrators that were ended. They live in cookies, so that the ended ones are
//! what has to be remembered.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::conn::{Conflict, DbConn, conflict};
use super::schema::up_ended_sign_ins;
use super::time::{now, to_db};

/// Notes that a sign-in has ended, and forgets those that are too old by now.
pub(crate) fn end(conn: &mut DbConn, id: &str, expires_at: DateTime<Utc>) -> QueryResult<()> {
    let over = up_ended_sign_ins::table.filter(up_ended_sign_ins::expires_at.lt(to_db(now())));
    diesel::delete(over).execute(conn)?;
    let noted = diesel::insert_into(up_ended_sign_ins::table)
        .values((
            up_ended_sign_ins::sign_in.eq(id),
            up_ended_sign_ins::expires_at.eq(to_db(expires_at)),
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
