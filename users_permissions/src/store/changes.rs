//! The log of changes: rows are added and read, never changed or deleted.

use chrono::{NaiveDateTime, NaiveTime};
use diesel::prelude::*;

use super::conn::DbConn;
use super::reach::{Backend, like_text};
use super::schema::up_changes;
use super::time::{from_db, now, to_db};
use crate::model::{Change, ChangeFilter, ChangeKind, UserId};

/// An entry to be added.
#[derive(Debug)]
pub(crate) struct NewChange<'a> {
    pub(crate) actor_id: Option<UserId>,
    pub(crate) actor: &'a str,
    pub(crate) origin: &'a str,
    pub(crate) kind: ChangeKind,
    pub(crate) target_id: Option<i32>,
    pub(crate) target: &'a str,
    pub(crate) changes: &'a str,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = up_changes)]
struct ChangeRow {
    id: i32,
    actor_id: Option<i32>,
    actor: String,
    origin: String,
    kind: String,
    target_id: Option<i32>,
    target: String,
    changes: String,
    created_at: NaiveDateTime,
}

impl From<ChangeRow> for Change {
    fn from(row: ChangeRow) -> Self {
        Self {
            id: row.id,
            actor_id: row.actor_id,
            actor: row.actor,
            origin: row.origin,
            kind: row.kind,
            target_id: row.target_id,
            target: row.target,
            differences: serde_json::from_str(&row.changes).unwrap_or_default(),
            created_at: from_db(row.created_at),
        }
    }
}

pub(crate) fn add(conn: &mut DbConn, new: NewChange<'_>) -> QueryResult<()> {
    diesel::insert_into(up_changes::table)
        .values((
            up_changes::actor_id.eq(new.actor_id),
            up_changes::actor.eq(new.actor),
            up_changes::origin.eq(new.origin),
            up_changes::kind.eq(new.kind.name()),
            up_changes::target_id.eq(new.target_id),
            up_changes::target.eq(new.target),
            up_changes::changes.eq(new.changes),
            up_changes::created_at.eq(to_db(now())),
        ))
        .execute(conn)
        .map(drop)
}

/// The newest entries first.
pub(crate) fn list(
    conn: &mut DbConn,
    filter: &ChangeFilter,
    limit: i64,
) -> QueryResult<Vec<Change>> {
    let mut rows = up_changes::table
        .select(ChangeRow::as_select())
        .order(up_changes::id.desc())
        .limit(limit)
        .into_boxed::<Backend>();
    if let Some(kind) = filter.kind {
        rows = rows.filter(up_changes::kind.eq(kind.name()));
    }
    if let Some(actor) = &filter.actor {
        rows = rows.filter(up_changes::actor.eq(actor.clone()));
    }
    if let Some(text) = &filter.text {
        let pattern = format!("%{}%", like_text(text));
        let hit = up_changes::target
            .like(pattern.clone())
            .escape('!')
            .or(up_changes::changes.like(pattern).escape('!'));
        rows = rows.filter(hit);
    }
    if let Some(user) = filter.user {
        let kinds = ChangeKind::ALL.into_iter();
        let kinds = kinds.filter(|kind| kind.is_of_user()).map(ChangeKind::name);
        rows = rows
            .filter(up_changes::target_id.eq(user))
            .filter(up_changes::kind.eq_any(kinds));
    }
    if let Some(from) = filter.from {
        rows = rows.filter(up_changes::created_at.ge(from.and_time(NaiveTime::MIN)));
    }
    if let Some(next) = filter.to.and_then(|to| to.succ_opt()) {
        rows = rows.filter(up_changes::created_at.lt(next.and_time(NaiveTime::MIN)));
    }
    if let Some(before) = filter.before {
        rows = rows.filter(up_changes::id.lt(before));
    }
    let rows: Vec<ChangeRow> = rows.load(conn)?;
    Ok(rows.into_iter().map(Change::from).collect())
}
