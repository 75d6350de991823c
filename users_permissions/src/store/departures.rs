//! People of issuers whose users were deleted, by hashes of who they are.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::up_departures;
use super::time::{from_db, shared_now, to_db};

/// Notes that these people have gone now, and forgets who went longer ago than that; the caller holds the line of
/// changes.
pub(crate) fn note(conn: &mut DbConn, people: &[String], memory: TimeDelta) -> QueryResult<()> {
    let now = shared_now(conn)?;
    let old = up_departures::table.filter(up_departures::gone_at.lt(to_db(now - memory)));
    diesel::delete(old).execute(conn)?;
    for person in people {
        diesel::delete(up_departures::table.find(person)).execute(conn)?;
        diesel::insert_into(up_departures::table)
            .values((
                up_departures::person.eq(person),
                up_departures::gone_at.eq(to_db(now)),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// When this person last went.
pub(crate) fn of(conn: &mut DbConn, person: &str) -> QueryResult<Option<DateTime<Utc>>> {
    let gone_at: Option<NaiveDateTime> = up_departures::table
        .find(person)
        .select(up_departures::gone_at)
        .first(conn)
        .optional()?;
    Ok(gone_at.map(from_db))
}
