//! The actions the database has seen.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::{up_actions, up_permissions, up_removed_actions};
use super::time::{now, to_db};

/// Ids of all known actions, by name.
pub(crate) fn all(conn: &mut DbConn) -> QueryResult<HashMap<String, i32>> {
    let rows: Vec<(String, i32)> = up_actions::table
        .select((up_actions::action, up_actions::id))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Remembers an action and returns its id.
pub(crate) fn create(conn: &mut DbConn, action: &str) -> QueryResult<i32> {
    diesel::insert_into(up_actions::table)
        .values((
            up_actions::action.eq(action),
            up_actions::created_at.eq(to_db(now())),
        ))
        .execute(conn)?;
    up_actions::table
        .filter(up_actions::action.eq(action))
        .select(up_actions::id)
        .first(conn)
}

/// Forgets an action and every grant of it, but not that it was seen.
pub(crate) fn remove(conn: &mut DbConn, id: i32, action: &str) -> QueryResult<()> {
    diesel::delete(up_permissions::table.filter(up_permissions::action_id.eq(id))).execute(conn)?;
    diesel::delete(up_actions::table.find(id)).execute(conn)?;
    diesel::delete(up_removed_actions::table.find(action)).execute(conn)?;
    diesel::insert_into(up_removed_actions::table)
        .values((
            up_removed_actions::action.eq(action),
            up_removed_actions::removed_at.eq(to_db(now())),
        ))
        .execute(conn)?;
    Ok(())
}

/// Names of the actions that were removed at some time.
pub(crate) fn removed(conn: &mut DbConn) -> QueryResult<HashSet<String>> {
    let names: Vec<String> = up_removed_actions::table
        .select(up_removed_actions::action)
        .load(conn)?;
    Ok(names.into_iter().collect())
}
