//! Which user has which roles.

use std::collections::HashMap;

use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::{up_user_roles, up_users};
use crate::model::{RoleId, UserId, UserRoles};

/// Place of the primary role; the others follow.
pub(super) const PRIMARY: i32 = 0;

/// Gives a user these roles and no others; the caller holds a transaction.
pub(super) fn replace(conn: &mut DbConn, user: UserId, roles: &UserRoles) -> QueryResult<()> {
    let old = up_user_roles::table.filter(up_user_roles::user_id.eq(user));
    diesel::delete(old).execute(conn)?;
    add(conn, user, roles)
}

/// Gives these roles to a user without any; the caller holds a transaction.
pub(super) fn add(conn: &mut DbConn, user: UserId, roles: &UserRoles) -> QueryResult<()> {
    for (place, role) in (PRIMARY..).zip(roles.iter()) {
        diesel::insert_into(up_user_roles::table)
            .values((
                up_user_roles::user_id.eq(user),
                up_user_roles::place.eq(place),
                up_user_roles::role_id.eq(role),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// The roles of these users.
pub(super) fn of(conn: &mut DbConn, users: &[UserId]) -> QueryResult<HashMap<UserId, UserRoles>> {
    let rows: Vec<(UserId, RoleId)> = up_user_roles::table
        .filter(up_user_roles::user_id.eq_any(users.to_vec()))
        .order((up_user_roles::user_id.asc(), up_user_roles::place.asc()))
        .select((up_user_roles::user_id, up_user_roles::role_id))
        .load(conn)?;
    let groups = rows.chunk_by(|one, next| one.0 == next.0);
    let roles = groups.filter_map(|rows| {
        let user = rows.first()?.0;
        UserRoles::from_places(rows.iter().map(|row| row.1)).map(|roles| (user, roles))
    });
    Ok(roles.collect())
}

/// Takes a role from everybody; those whose primary role it was get `instead` for it. Their tokens
/// stay valid.
pub(crate) fn replace_role(conn: &mut DbConn, role: RoleId, instead: RoleId) -> QueryResult<()> {
    let members = up_user_roles::table.filter(up_user_roles::role_id.eq(role));
    diesel::delete(members.filter(up_user_roles::place.ne(PRIMARY))).execute(conn)?;
    diesel::update(members)
        .set(up_user_roles::role_id.eq(instead))
        .execute(conn)?;
    Ok(())
}

/// Is there a user of the role who may sign in? While `confirming`, unconfirmed ones may not.
pub(crate) fn has_active_member(
    conn: &mut DbConn,
    role: RoleId,
    confirming: bool,
) -> QueryResult<bool> {
    let mut members = up_user_roles::table
        .inner_join(up_users::table)
        .filter(up_user_roles::role_id.eq(role))
        .filter(up_users::blocked.eq(false))
        .select(up_users::id)
        .limit(1)
        .into_boxed();
    if confirming {
        members = members.filter(up_users::confirmed.eq(true));
    }
    Ok(members.first::<i32>(conn).optional()?.is_some())
}

/// Number of users by role.
pub(crate) fn count_by_role(conn: &mut DbConn) -> QueryResult<Vec<(RoleId, i64)>> {
    // Distinct: a deleted role may have left its users the public one twice.
    up_user_roles::table
        .group_by(up_user_roles::role_id)
        .select((
            up_user_roles::role_id,
            diesel::dsl::count(up_user_roles::user_id).aggregate_distinct(),
        ))
        .load(conn)
}
