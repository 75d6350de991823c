//! Mails on their way. A row is tried by whoever moves its time forward first: that is its lease. What is due
//! is told by the database's clock, so that no instance takes a mail early whose own clock is ahead.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::up_outbox;
use super::time::{from_db, now, shared_now, to_db};
use crate::model::OutboxMail;

/// Where a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailState {
    /// Waits, or is being tried.
    Queued,
    /// A mail server took it.
    Sent,
    /// Given up.
    Dead,
    /// Written where there is no mail server: for developers to read.
    Kept,
}

impl MailState {
    /// The state of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Queued, Self::Sent, Self::Dead, Self::Kept]
            .into_iter()
            .find(|state| state.as_str() == name)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Kept => "kept",
        }
    }
}

/// A mail to be stored.
#[derive(Debug)]
pub(crate) struct NewOutboxMail<'a> {
    pub(crate) message_id: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) recipient: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) sealed: Option<&'a [u8]>,
    pub(crate) state: MailState,
    pub(crate) last_error: Option<&'a str>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = up_outbox)]
struct OutboxRow {
    id: i32,
    message_id: String,
    kind: String,
    recipient: String,
    subject: String,
    state: String,
    attempts: i32,
    due_at: NaiveDateTime,
    last_error: Option<String>,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl From<OutboxRow> for OutboxMail {
    fn from(row: OutboxRow) -> Self {
        Self {
            id: row.id,
            message_id: row.message_id,
            kind: row.kind,
            recipient: row.recipient,
            subject: row.subject,
            state: row.state,
            attempts: row.attempts,
            last_error: row.last_error,
            due_at: from_db(row.due_at),
            created_at: from_db(row.created_at),
            updated_at: from_db(row.updated_at),
        }
    }
}

/// What somebody who claimed a mail needs.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = up_outbox)]
pub(crate) struct ClaimedMail {
    pub(crate) id: i32,
    pub(crate) message_id: String,
    pub(crate) attempts: i32,
    pub(crate) sealed: Option<Vec<u8>>,
}

pub(crate) fn insert(conn: &mut DbConn, mail: NewOutboxMail<'_>) -> QueryResult<()> {
    let time = to_db(shared_now(conn)?);
    diesel::insert_into(up_outbox::table)
        .values((
            up_outbox::message_id.eq(mail.message_id),
            up_outbox::kind.eq(mail.kind),
            up_outbox::recipient.eq(mail.recipient),
            up_outbox::subject.eq(mail.subject),
            up_outbox::sealed.eq(mail.sealed),
            up_outbox::state.eq(mail.state.as_str()),
            up_outbox::attempts.eq(0),
            up_outbox::due_at.eq(time),
            up_outbox::last_error.eq(mail.last_error),
            up_outbox::created_at.eq(time),
            up_outbox::updated_at.eq(time),
        ))
        .execute(conn)?;
    Ok(())
}

/// Ids of the mails that are due, the longest waiting first.
pub(crate) fn due(conn: &mut DbConn, limit: i64) -> QueryResult<Vec<i32>> {
    let time = to_db(shared_now(conn)?);
    up_outbox::table
        .filter(up_outbox::state.eq(MailState::Queued.as_str()))
        .filter(up_outbox::due_at.le(time))
        .order((up_outbox::due_at.asc(), up_outbox::id.asc()))
        .select(up_outbox::id)
        .limit(limit)
        .load(conn)
}

/// How long until the next mail is due; negative when it has been for a while.
pub(crate) fn next_due(conn: &mut DbConn) -> QueryResult<Option<TimeDelta>> {
    let present = shared_now(conn)?;
    let time: Option<NaiveDateTime> = up_outbox::table
        .filter(up_outbox::state.eq(MailState::Queued.as_str()))
        .order(up_outbox::due_at.asc())
        .select(up_outbox::due_at)
        .first(conn)
        .optional()?;
    Ok(time.map(|time| from_db(time) - present))
}

/// Takes a mail for this long; `None` when it is somebody else's. One statement decides, whatever
/// the number of instances.
pub(crate) fn claim(
    conn: &mut DbConn,
    id: i32,
    claim: &str,
    lease: TimeDelta,
) -> QueryResult<Option<ClaimedMail>> {
    let present = shared_now(conn)?;
    let time = to_db(present);
    let free = up_outbox::table
        .find(id)
        .filter(up_outbox::state.eq(MailState::Queued.as_str()))
        .filter(up_outbox::due_at.le(time));
    let taken = diesel::update(free)
        .set((
            up_outbox::due_at.eq(to_db(present + lease)),
            up_outbox::claim.eq(Some(claim)),
            up_outbox::attempts.eq(up_outbox::attempts + 1),
            up_outbox::updated_at.eq(time),
        ))
        .execute(conn)?;
    if taken == 0 {
        return Ok(None);
    }
    up_outbox::table
        .find(id)
        .filter(up_outbox::claim.eq(claim))
        .select(ClaimedMail::as_select())
        .first(conn)
        .optional()
}

/// Notes that a mail was sent and forgets its content.
pub(crate) fn sent(conn: &mut DbConn, id: i32, claim: &str) -> QueryResult<usize> {
    diesel::update(claimed(id, claim))
        .set((
            up_outbox::state.eq(MailState::Sent.as_str()),
            up_outbox::sealed.eq(None::<Vec<u8>>),
            up_outbox::claim.eq(None::<String>),
            up_outbox::last_error.eq(None::<String>),
            up_outbox::updated_at.eq(to_db(now())),
        ))
        .execute(conn)
}

/// Puts a mail back for this long.
pub(crate) fn postpone(
    conn: &mut DbConn,
    id: i32,
    claim: &str,
    pause: TimeDelta,
    error: &str,
) -> QueryResult<usize> {
    let due_at = shared_now(conn)? + pause;
    diesel::update(claimed(id, claim))
        .set((
            up_outbox::due_at.eq(to_db(due_at)),
            up_outbox::claim.eq(None::<String>),
            up_outbox::last_error.eq(Some(error)),
            up_outbox::updated_at.eq(to_db(now())),
        ))
        .execute(conn)
}

/// Gives a mail up.
pub(crate) fn bury(conn: &mut DbConn, id: i32, claim: &str, error: &str) -> QueryResult<usize> {
    diesel::update(claimed(id, claim))
        .set((
            up_outbox::state.eq(MailState::Dead.as_str()),
            up_outbox::claim.eq(None::<String>),
            up_outbox::last_error.eq(Some(error)),
            up_outbox::updated_at.eq(to_db(now())),
        ))
        .execute(conn)
}

#[diesel::dsl::auto_type]
fn claimed<'a>(id: i32, claim: &'a str) -> _ {
    let row: diesel::dsl::Find<up_outbox::table, i32> = up_outbox::table.find(id);
    row.filter(up_outbox::claim.eq(claim))
}

/// Queues a mail that was given up, unless its content is gone.
pub(crate) fn revive(conn: &mut DbConn, id: i32) -> QueryResult<usize> {
    let time = to_db(shared_now(conn)?);
    let dead = up_outbox::table
        .find(id)
        .filter(up_outbox::state.eq(MailState::Dead.as_str()))
        .filter(up_outbox::sealed.is_not_null());
    diesel::update(dead)
        .set((
            up_outbox::state.eq(MailState::Queued.as_str()),
            up_outbox::attempts.eq(0),
            up_outbox::due_at.eq(time),
            up_outbox::updated_at.eq(time),
        ))
        .execute(conn)
}

pub(crate) fn exists(conn: &mut DbConn, id: i32) -> QueryResult<bool> {
    let row = up_outbox::table.find(id).select(up_outbox::id);
    Ok(row.first::<i32>(conn).optional()?.is_some())
}

/// How many mails were given up.
#[cfg(feature = "admin")]
pub(crate) fn count_dead(conn: &mut DbConn) -> QueryResult<i64> {
    up_outbox::table
        .filter(up_outbox::state.eq(MailState::Dead.as_str()))
        .count()
        .get_result(conn)
}

/// The newest mails, of one state or of all.
pub(crate) fn list(
    conn: &mut DbConn,
    state: Option<MailState>,
    start: i64,
    limit: i64,
) -> QueryResult<Vec<OutboxMail>> {
    let mut query = up_outbox::table
        .order(up_outbox::id.desc())
        .select(OutboxRow::as_select())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(up_outbox::state.eq(state.as_str()));
    }
    let rows: Vec<OutboxRow> = query.offset(start).limit(limit).load(conn)?;
    Ok(rows.into_iter().map(OutboxMail::from).collect())
}

/// Contents of the mails that were kept, oldest first.
pub(crate) fn kept(conn: &mut DbConn, limit: i64) -> QueryResult<Vec<(String, Option<Vec<u8>>)>> {
    let mut newest: Vec<(String, Option<Vec<u8>>)> = up_outbox::table
        .filter(up_outbox::state.eq(MailState::Kept.as_str()))
        .order(up_outbox::id.desc())
        .select((up_outbox::message_id, up_outbox::sealed))
        .limit(limit)
        .load(conn)?;
    newest.reverse();
    Ok(newest)
}

/// Deletes what is no longer of interest: mails of a state that last changed before `before`.
pub(crate) fn prune(
    conn: &mut DbConn,
    state: MailState,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let old = up_outbox::table
        .filter(up_outbox::state.eq(state.as_str()))
        .filter(up_outbox::updated_at.lt(to_db(before)));
    diesel::delete(old).execute(conn)
}
