//! Mails that somebody asked for, for whoever has the address. A row is worked on by whoever moves its time
//! forward first, by the database's clock.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::up_mail_requests;
use super::time::{from_db, shared_now, to_db};
use crate::model::{CodePurpose, Email};

/// What somebody who claimed a request needs.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = up_mail_requests)]
pub(crate) struct MailRequest {
    pub(crate) id: i32,
    pub(crate) purpose: String,
    pub(crate) address: String,
    pub(crate) attempts: i32,
}

pub(crate) fn insert(conn: &mut DbConn, purpose: CodePurpose, email: &Email) -> QueryResult<()> {
    let time = to_db(shared_now(conn)?);
    diesel::insert_into(up_mail_requests::table)
        .values((
            up_mail_requests::purpose.eq(purpose.as_str()),
            up_mail_requests::address.eq(email.as_str()),
            up_mail_requests::attempts.eq(0),
            up_mail_requests::due_at.eq(time),
            up_mail_requests::created_at.eq(time),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes requests that are due for this long, the longest waiting first. One statement decides which of
/// several instances has them.
pub(crate) fn claim(
    conn: &mut DbConn,
    claim: &str,
    lease: TimeDelta,
    limit: i64,
) -> QueryResult<Vec<MailRequest>> {
    let present = shared_now(conn)?;
    let time = to_db(present);
    let due: Vec<i32> = up_mail_requests::table
        .filter(up_mail_requests::due_at.le(time))
        .order((up_mail_requests::due_at.asc(), up_mail_requests::id.asc()))
        .select(up_mail_requests::id)
        .limit(limit)
        .load(conn)?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let free = up_mail_requests::table
        .filter(up_mail_requests::id.eq_any(&due))
        .filter(up_mail_requests::due_at.le(time));
    diesel::update(free)
        .set((
            up_mail_requests::due_at.eq(to_db(present + lease)),
            up_mail_requests::claim.eq(Some(claim)),
            up_mail_requests::attempts.eq(up_mail_requests::attempts + 1),
        ))
        .execute(conn)?;
    up_mail_requests::table
        .filter(up_mail_requests::id.eq_any(&due))
        .filter(up_mail_requests::claim.eq(claim))
        .order(up_mail_requests::id.asc())
        .select(MailRequest::as_select())
        .load(conn)
}

/// Deletes a claimed request; false when the claim has run out and another instance has it.
pub(crate) fn take(conn: &mut DbConn, id: i32, claim: &str) -> QueryResult<bool> {
    let row = up_mail_requests::table
        .find(id)
        .filter(up_mail_requests::claim.eq(claim));
    Ok(diesel::delete(row).execute(conn)? == 1)
}

/// Puts a claimed request back for this long.
pub(crate) fn postpone(
    conn: &mut DbConn,
    id: i32,
    claim: &str,
    pause: TimeDelta,
) -> QueryResult<usize> {
    let due_at = shared_now(conn)? + pause;
    let row = up_mail_requests::table
        .find(id)
        .filter(up_mail_requests::claim.eq(claim));
    diesel::update(row)
        .set((
            up_mail_requests::due_at.eq(to_db(due_at)),
            up_mail_requests::claim.eq(None::<String>),
        ))
        .execute(conn)
}

/// How many requests there are, and how long until the next one is due.
pub(crate) fn queue(conn: &mut DbConn) -> QueryResult<(i64, Option<TimeDelta>)> {
    let present = shared_now(conn)?;
    let (count, next): (i64, Option<NaiveDateTime>) = up_mail_requests::table
        .select((
            diesel::dsl::count_star(),
            diesel::dsl::min(up_mail_requests::due_at),
        ))
        .first(conn)?;
    Ok((count, next.map(|time| from_db(time) - present)))
}
