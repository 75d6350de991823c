//! Sessions; of their refresh tokens the hashes only. A row that is gone is a session that has ended. All times
//! are by the database's clock, for one instance writes and another judges.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::{up_sessions, up_used_tokens, up_users};
use super::time::{from_db, shared_now, to_db};
use crate::model::{Device, Session, SessionId, UserId};

/// Rows that are swept away at a time.
const SWEEP: i64 = 100;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = up_sessions)]
struct SessionRow {
    session_id: String,
    user_id: i32,
    token_hash: String,
    device_id: Option<String>,
    device_name: Option<String>,
    in_cookie: bool,
    created_at: NaiveDateTime,
    last_active_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    ends_at: NaiveDateTime,
}

impl SessionRow {
    fn new(session: Session) -> Self {
        Self {
            session_id: session.id.to_string(),
            user_id: session.user,
            token_hash: session.token_hash,
            device_id: session.device.id,
            device_name: session.device.name,
            in_cookie: session.device.in_cookie,
            created_at: to_db(session.created_at),
            last_active_at: to_db(session.last_active_at),
            expires_at: to_db(session.expires_at),
            ends_at: to_db(session.ends_at),
        }
    }

    /// `None` for a row that is none of ours.
    fn session(self) -> Option<Session> {
        Some(Session {
            id: self.session_id.parse().ok()?,
            user: self.user_id,
            device: Device {
                id: self.device_id,
                name: self.device_name,
                in_cookie: self.in_cookie,
            },
            token_hash: self.token_hash,
            created_at: from_db(self.created_at),
            last_active_at: from_db(self.last_active_at),
            expires_at: from_db(self.expires_at),
            ends_at: from_db(self.ends_at),
        })
    }
}

/// A refresh token that takes the place of another.
#[derive(Debug)]
pub(crate) struct Rotation<'a> {
    pub(crate) session: SessionId,
    pub(crate) old_hash: &'a str,
    pub(crate) new_hash: &'a str,
    pub(crate) in_cookie: bool,
    pub(crate) time: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Puts a token in the place of the one it was got with, in a transaction; false when that one is not the present
/// one any more, or the session has ended. One statement decides, so that of several racing requests one wins.
pub(crate) fn rotate(conn: &mut DbConn, rotation: &Rotation<'_>) -> QueryResult<bool> {
    let present = up_sessions::table
        .find(rotation.session.to_string())
        .filter(up_sessions::token_hash.eq(rotation.old_hash))
        .filter(up_sessions::expires_at.gt(to_db(rotation.time)));
    let changed = diesel::update(present)
        .set((
            up_sessions::token_hash.eq(rotation.new_hash),
            up_sessions::last_active_at.eq(to_db(rotation.time)),
            up_sessions::expires_at.eq(to_db(rotation.expires_at)),
            up_sessions::in_cookie.eq(rotation.in_cookie),
        ))
        .execute(conn)?;
    if changed != 1 {
        return Ok(false);
    }
    diesel::insert_into(up_used_tokens::table)
        .values((
            up_used_tokens::token_hash.eq(rotation.old_hash),
            up_used_tokens::session_id.eq(rotation.session.to_string()),
            up_used_tokens::used_at.eq(to_db(rotation.time)),
        ))
        .execute(conn)?;
    Ok(true)
}

/// When this token of the session was exchanged; `None` as well for one that was so before the
/// [last sweep](sweep_used).
pub(crate) fn used_at(
    conn: &mut DbConn,
    session: SessionId,
    hash: &str,
) -> QueryResult<Option<DateTime<Utc>>> {
    let time: Option<NaiveDateTime> = up_used_tokens::table
        .find(hash)
        .filter(up_used_tokens::session_id.eq(session.to_string()))
        .select(up_used_tokens::used_at)
        .first(conn)
        .optional()?;
    Ok(time.map(from_db))
}

/// Forgets tokens of the session that were exchanged before this time.
pub(crate) fn sweep_used(
    conn: &mut DbConn,
    session: SessionId,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let old = up_used_tokens::table
        .filter(up_used_tokens::session_id.eq(session.to_string()))
        .filter(up_used_tokens::used_at.lt(to_db(before)));
    diesel::delete(old).execute(conn)
}

/// Holds a user's row for the transaction, so that nothing ends the user's sessions and no other session
/// begins meanwhile; false when the user is blocked or its tokens were ended since it was read.
pub(crate) fn hold_user(conn: &mut DbConn, id: UserId, version: i32) -> QueryResult<bool> {
    let unchanged = up_users::table
        .find(id)
        .filter(up_users::token_version.eq(version))
        .filter(up_users::blocked.eq(false));
    let held = diesel::update(unchanged)
        .set(up_users::token_version.eq(version))
        .execute(conn)?;
    Ok(held == 1)
}

pub(crate) fn create(conn: &mut DbConn, session: Session) -> QueryResult<()> {
    diesel::insert_into(up_sessions::table)
        .values(SessionRow::new(session))
        .execute(conn)
        .map(drop)
}

/// The session, if it has not ended by now.
pub(crate) fn find(
    conn: &mut DbConn,
    id: SessionId,
    now: DateTime<Utc>,
) -> QueryResult<Option<Session>> {
    let row: Option<SessionRow> = up_sessions::table
        .find(id.to_string())
        .filter(up_sessions::expires_at.gt(to_db(now)))
        .select(SessionRow::as_select())
        .first(conn)
        .optional()?;
    Ok(row.and_then(SessionRow::session))
}

/// Removes a session whose time is over, so that no clock makes it one again.
pub(crate) fn end_over(conn: &mut DbConn, id: SessionId, now: DateTime<Utc>) -> QueryResult<usize> {
    let over = up_sessions::table
        .find(id.to_string())
        .filter(up_sessions::expires_at.le(to_db(now)));
    diesel::delete(over).execute(conn)
}

/// The sessions of a user, the latest active first.
pub(crate) fn of(conn: &mut DbConn, user: UserId) -> QueryResult<Vec<Session>> {
    let now = shared_now(conn)?;
    let rows: Vec<SessionRow> = up_sessions::table
        .filter(up_sessions::user_id.eq(user))
        .filter(up_sessions::expires_at.gt(to_db(now)))
        .order(up_sessions::last_active_at.desc())
        .select(SessionRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().filter_map(SessionRow::session).collect())
}

/// Ids of a user's sessions that live, the longest idle first.
pub(crate) fn living(
    conn: &mut DbConn,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<SessionId>> {
    let ids: Vec<String> = up_sessions::table
        .filter(up_sessions::user_id.eq(user))
        .filter(up_sessions::expires_at.gt(to_db(now)))
        .order(up_sessions::last_active_at.asc())
        .select(up_sessions::session_id)
        .load(conn)?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

/// Ids of a user's sessions that have not been ended; their tokens tell when their time is over.
pub(crate) fn ids(conn: &mut DbConn, user: UserId) -> QueryResult<Vec<SessionId>> {
    let ids: Vec<String> = up_sessions::table
        .filter(up_sessions::user_id.eq(user))
        .select(up_sessions::session_id)
        .load(conn)?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

/// Ends one session of a user; false when it has ended already.
pub(crate) fn end(conn: &mut DbConn, user: UserId, id: SessionId) -> QueryResult<bool> {
    let session = up_sessions::table
        .find(id.to_string())
        .filter(up_sessions::user_id.eq(user));
    Ok(diesel::delete(session).execute(conn)? == 1)
}

/// Ends the sessions of a user on one device.
pub(crate) fn end_on_device(conn: &mut DbConn, user: UserId, device: &str) -> QueryResult<usize> {
    let sessions = up_sessions::table
        .filter(up_sessions::user_id.eq(user))
        .filter(up_sessions::device_id.eq(device));
    diesel::delete(sessions).execute(conn)
}

/// Ends every session of a user.
pub(crate) fn end_all(conn: &mut DbConn, user: UserId) -> QueryResult<usize> {
    diesel::delete(up_sessions::table.filter(up_sessions::user_id.eq(user))).execute(conn)
}

/// Removes sessions whose time is over, a bounded number of them.
pub(crate) fn sweep(conn: &mut DbConn, now: DateTime<Utc>) -> QueryResult<usize> {
    let over: Vec<String> = up_sessions::table
        .filter(up_sessions::expires_at.le(to_db(now)))
        .order(up_sessions::expires_at.asc())
        .select(up_sessions::session_id)
        .limit(SWEEP)
        .load(conn)?;
    if over.is_empty() {
        return Ok(0);
    }
    diesel::delete(up_sessions::table.filter(up_sessions::session_id.eq_any(over))).execute(conn)
}
