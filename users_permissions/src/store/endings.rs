//! Steps of the line of changes that concern one user, so that other instances forget nobody else.

use diesel::prelude::*;

use super::conn::DbConn;
use super::roles;
use super::schema::up_endings;
use crate::model::UserId;

/// Steps that are kept; an instance that is further behind forgets everybody.
const KEPT: i64 = 1_000;

/// Notes whose tokens the step ends that was taken with [`line_up`](roles::line_up) in this transaction.
pub(crate) fn note(conn: &mut DbConn, user: UserId) -> QueryResult<()> {
    let revision = roles::revision(conn)?;
    diesel::insert_into(up_endings::table)
        .values((
            up_endings::revision.eq(revision),
            up_endings::user_id.eq(user),
        ))
        .execute(conn)?;
    let old = up_endings::table.filter(up_endings::revision.le(revision - KEPT));
    diesel::delete(old).execute(conn).map(drop)
}

/// Whom the steps after `seen`, up to `revision`, concern; `None`: some of them are about more than that.
pub(crate) fn between(
    conn: &mut DbConn,
    seen: i64,
    revision: i64,
) -> QueryResult<Option<Vec<UserId>>> {
    let steps = revision - seen;
    if !(1..=KEPT).contains(&steps) {
        return Ok(None);
    }
    let users: Vec<UserId> = up_endings::table
        .filter(up_endings::revision.gt(seen))
        .filter(up_endings::revision.le(revision))
        .order(up_endings::revision.asc())
        .select(up_endings::user_id)
        .load(conn)?;
    let is_all = i64::try_from(users.len()).is_ok_and(|found| found == steps);
    Ok(is_all.then_some(users))
}
