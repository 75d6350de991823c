//! How many users there are in each stretch of ids, so that deep pages need no walk over all before them.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::conn::{Conflict, DbConn, conflict};
use super::schema::{up_user_counts, up_users};
use crate::model::UserId;
use crate::query::Order;

/// Ids of one stretch.
const STRETCH: i32 = 4_096;
/// Ids read at once when everybody is counted.
const BATCH: i64 = 50_000;

/// Counts a new user; the last statement of its transaction, for everybody who is added waits here.
pub(super) fn add(conn: &mut DbConn, id: UserId) -> QueryResult<()> {
    let stretch = id / STRETCH;
    if change(conn, stretch, 1)? > 0 {
        return Ok(());
    }
    // A savepoint: PostgreSQL gives a transaction up after a violated constraint.
    let first = conn.transaction(|conn| insert(conn, stretch, 1));
    match first {
        Err(error) if conflict(&error) == Some(Conflict::Taken) => {
            change(conn, stretch, 1).map(drop)
        }
        other => other,
    }
}

/// Counts a user no more; the last statement of its transaction.
pub(super) fn remove(conn: &mut DbConn, id: UserId) -> QueryResult<()> {
    change(conn, id / STRETCH, -1).map(drop)
}

fn change(conn: &mut DbConn, stretch: i32, by: i32) -> QueryResult<usize> {
    diesel::update(up_user_counts::table.find(stretch))
        .set(up_user_counts::users.eq(up_user_counts::users + by))
        .execute(conn)
}

fn insert(conn: &mut DbConn, stretch: i32, users: i32) -> QueryResult<()> {
    diesel::insert_into(up_user_counts::table)
        .values((
            up_user_counts::stretch.eq(stretch),
            up_user_counts::users.eq(users),
        ))
        .execute(conn)
        .map(drop)
}

/// Where to begin reading, in the order of ids, so that `skip` users lie behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// First id of the stretch when ascending; the first id beyond it when descending.
    pub(super) bound: i64,
    /// Users of the stretch that are still to be skipped.
    pub(super) rest: i64,
}

/// `None`: there are not that many users.
pub(super) fn find(conn: &mut DbConn, skip: i64, order: Order) -> QueryResult<Option<Start>> {
    let mut counts: Vec<(i32, i32)> = up_user_counts::table
        .order(up_user_counts::stretch.asc())
        .load(conn)?;
    if order == Order::Descending {
        counts.reverse();
    }
    let mut rest = skip;
    for (stretch, users) in counts {
        if rest < i64::from(users) {
            let (stretch, size) = (i64::from(stretch), i64::from(STRETCH));
            let bound = match order {
                Order::Ascending => stretch * size,
                Order::Descending => (stretch + 1) * size,
            };
            return Ok(Some(Start { bound, rest }));
        }
        rest -= i64::from(users);
    }
    Ok(None)
}

/// How many users there are, without reading any of them.
pub(crate) fn total(conn: &mut DbConn) -> QueryResult<i64> {
    let counted: Vec<i32> = up_user_counts::table
        .select(up_user_counts::users)
        .load(conn)?;
    Ok(counted.into_iter().map(i64::from).sum())
}

/// Counts everybody again where users were added past the plugin, for example by an import.
pub(crate) fn check(conn: &mut DbConn) -> QueryResult<()> {
    conn.transaction(|conn| {
        // Whoever adds or deletes a user elsewhere waits for these rows until the count is right.
        diesel::update(up_user_counts::table)
            .set(up_user_counts::users.eq(up_user_counts::users))
            .execute(conn)?;
        let counted: Vec<i32> = up_user_counts::table
            .select(up_user_counts::users)
            .load(conn)?;
        let counted: i64 = counted.into_iter().map(i64::from).sum();
        let there: i64 = up_users::table.count().get_result(conn)?;
        if counted == there {
            return Ok(());
        }
        tracing::info!(counted, there, "users are counted anew");
        let counts = count_all(conn)?;
        diesel::delete(up_user_counts::table).execute(conn)?;
        counts
            .into_iter()
            .try_for_each(|(stretch, users)| insert(conn, stretch, users))
    })
}

fn count_all(conn: &mut DbConn) -> QueryResult<BTreeMap<i32, i32>> {
    let mut counts = BTreeMap::new();
    let mut last = i32::MIN;
    loop {
        let ids: Vec<UserId> = up_users::table
            .filter(up_users::id.gt(last))
            .order(up_users::id.asc())
            .limit(BATCH)
            .select(up_users::id)
            .load(conn)?;
        let Some(end) = ids.last() else {
            return Ok(counts);
        };
        last = *end;
        for id in ids {
            *counts.entry(id / STRETCH).or_default() += 1;
        }
    }
}
