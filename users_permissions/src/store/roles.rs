//! Roles and their grants.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::{up_actions, up_permissions, up_revision, up_roles};
use super::time::{from_db, now, to_db};
use crate::model::{Role, RoleId, RoleRef, new_document_id};

#[derive(Queryable, Selectable)]
#[diesel(table_name = up_roles)]
struct RoleRow {
    id: i32,
    document_id: String,
    name: String,
    description: Option<String>,
    role_type: String,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl From<RoleRow> for Role {
    fn from(row: RoleRow) -> Self {
        Self {
            id: row.id,
            document_id: row.document_id,
            name: row.name,
            description: row.description,
            role_type: row.role_type,
            created_at: from_db(row.created_at),
            updated_at: from_db(row.updated_at),
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = up_roles)]
struct RoleInsert<'a> {
    document_id: String,
    name: &'a str,
    description: Option<&'a str>,
    role_type: &'a str,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

#[derive(AsChangeset)]
#[diesel(table_name = up_roles)]
struct RoleChange<'a> {
    name: Option<&'a str>,
    description: Option<Option<&'a str>>,
    updated_at: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = up_permissions)]
struct PermissionInsert {
    role_id: i32,
    action_id: i32,
    created_at: NaiveDateTime,
}

/// Takes the row that puts changes of rights in line; first statement of such a transaction.
///
/// On SQLite it also makes the transaction a writing one from its start, so that it never has to be
/// upgraded, which SQLite would refuse without waiting.
pub(crate) fn line_up(conn: &mut DbConn) -> QueryResult<()> {
    diesel::update(up_revision::table.find(1))
        .set(up_revision::value.eq(up_revision::value + 1))
        .execute(conn)?;
    Ok(())
}

/// How many writes have lined up so far, of any instance: of rights and of whatever else takes that row.
pub(crate) fn revision(conn: &mut DbConn) -> QueryResult<i64> {
    up_revision::table
        .find(1)
        .select(up_revision::value)
        .first(conn)
}

/// Makes the row [`line_up`] takes.
pub(crate) fn prepare_line(conn: &mut DbConn) -> QueryResult<()> {
    if up_revision::table
        .find(1)
        .select(up_revision::id)
        .first::<i32>(conn)
        .optional()?
        .is_none()
    {
        diesel::insert_into(up_revision::table)
            .values((up_revision::id.eq(1), up_revision::value.eq(0i64)))
            .execute(conn)?;
    }
    Ok(())
}

pub(crate) fn list(conn: &mut DbConn) -> QueryResult<Vec<Role>> {
    let rows = up_roles::table
        .order(up_roles::id.asc())
        .select(RoleRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Role::from).collect())
}

pub(crate) fn find(conn: &mut DbConn, id: RoleId) -> QueryResult<Option<Role>> {
    Ok(up_roles::table
        .find(id)
        .select(RoleRow::as_select())
        .first(conn)
        .optional()?
        .map(Role::from))
}

/// The roles with these ids, in this order; those that are gone are left out.
pub(crate) fn find_each(
    conn: &mut DbConn,
    ids: impl Iterator<Item = RoleId>,
) -> QueryResult<Vec<Role>> {
    let ids: Vec<RoleId> = ids.collect();
    let rows = up_roles::table
        .filter(up_roles::id.eq_any(ids.clone()))
        .select(RoleRow::as_select())
        .load(conn)?;
    let mut roles: Vec<Role> = rows.into_iter().map(Role::from).collect();
    roles.sort_by_key(|role| ids.iter().position(|id| *id == role.id));
    Ok(roles)
}

pub(crate) fn find_ref(conn: &mut DbConn, role: &RoleRef) -> QueryResult<Option<Role>> {
    match role {
        RoleRef::Id(id) => find(conn, *id),
        RoleRef::Document(id) => {
            let query = up_roles::table
                .filter(up_roles::document_id.eq(id))
                .select(RoleRow::as_select());
            Ok(query.first(conn).optional()?.map(Role::from))
        }
    }
}

pub(crate) fn find_by_type(conn: &mut DbConn, role_type: &str) -> QueryResult<Option<Role>> {
    let query = up_roles::table
        .filter(up_roles::role_type.eq(role_type))
        .select(RoleRow::as_select());
    let found = query.first(conn).optional()?.map(Role::from);
    // MariaDB finds a name also where spaces follow it.
    Ok(found.filter(|role| role.role_type == role_type))
}

pub(crate) fn create(
    conn: &mut DbConn,
    role_type: &str,
    name: &str,
    description: Option<&str>,
) -> QueryResult<Role> {
    let time = to_db(now());
    let document_id = new_document_id();
    let row = RoleInsert {
        document_id: document_id.clone(),
        name,
        description,
        role_type,
        created_at: time,
        updated_at: time,
    };
    conn.transaction(|conn| {
        diesel::insert_into(up_roles::table)
            .values(row)
            .execute(conn)?;
        let created = up_roles::table
            .filter(up_roles::document_id.eq(&document_id))
            .select(RoleRow::as_select());
        Ok(created.first(conn)?.into())
    })
}

/// Changes name and description; `None` keeps, `Some(None)` empties.
pub(crate) fn update(
    conn: &mut DbConn,
    id: RoleId,
    name: Option<&str>,
    description: Option<Option<&str>>,
) -> QueryResult<usize> {
    let change = RoleChange {
        name,
        description,
        updated_at: to_db(now()),
    };
    diesel::update(up_roles::table.find(id))
        .set(&change)
        .execute(conn)
}

pub(crate) fn delete(conn: &mut DbConn, id: RoleId) -> QueryResult<usize> {
    diesel::delete(up_roles::table.find(id)).execute(conn)
}

/// Names of the actions a role holds, known to the code or not.
pub(crate) fn granted(conn: &mut DbConn, id: RoleId) -> QueryResult<Vec<String>> {
    up_permissions::table
        .inner_join(up_actions::table)
        .filter(up_permissions::role_id.eq(id))
        .select(up_actions::action)
        .load(conn)
}

/// All grants, by role.
pub(crate) fn all_granted(conn: &mut DbConn) -> QueryResult<HashMap<RoleId, Vec<String>>> {
    let rows: Vec<(i32, String)> = up_permissions::table
        .inner_join(up_actions::table)
        .select((up_permissions::role_id, up_actions::action))
        .load(conn)?;
    let mut grants: HashMap<RoleId, Vec<String>> = HashMap::new();
    for (role, action) in rows {
        grants.entry(role).or_default().push(action);
    }
    Ok(grants)
}

pub(crate) fn grant(conn: &mut DbConn, role_id: RoleId, action_id: i32) -> QueryResult<()> {
    let row = PermissionInsert {
        role_id,
        action_id,
        created_at: to_db(now()),
    };
    diesel::insert_into(up_permissions::table)
        .values(row)
        .execute(conn)?;
    Ok(())
}

pub(crate) fn revoke(conn: &mut DbConn, role_id: RoleId, action_ids: &[i32]) -> QueryResult<usize> {
    let grants = up_permissions::table
        .filter(up_permissions::role_id.eq(role_id))
        .filter(up_permissions::action_id.eq_any(action_ids.to_vec()));
    diesel::delete(grants).execute(conn)
}
