//! Users by the query language.

use diesel::prelude::*;

use super::conn::DbConn;
use super::reach::{BoxedCondition, BoxedOrder, both, compile, of_column};
use super::schema::{up_roles, up_user_roles, up_users};
use super::users::{self, UserRow};
use super::{counts, memberships, profiles};
use crate::model::{RoleId, User};
use crate::query::{Condition, FieldKind, FieldRef, Order, Query, Reachable as _};

crate::reachable! {
    /// What a list of users may be asked for.
    pub(crate) struct UserFields: up_users::table {
        "id" => Integer(up_users::id),
        "documentId" => Text(up_users::document_id),
        "username" => Text(up_users::username) searched,
        "email" => Text(up_users::email) searched,
        "provider" => Text(up_users::provider),
        "confirmed" => Boolean(up_users::confirmed),
        "blocked" => Boolean(up_users::blocked),
        "createdAt" => Time(up_users::created_at),
        "updatedAt" => Time(up_users::updated_at),
        "publishedAt" => Time(up_users::created_at),
    }
}

/// Position of the relation `role` among those of the schema; the other one is `roles`.
const PRIMARY_ROLE: usize = 0;

/// Position of the id.
pub(crate) const ID: FieldRef = FieldRef::Own(0);
/// Positions of what no two users share: id, documentId, username.
pub(super) const UNIQUE: [FieldRef; 3] = [ID, FieldRef::Own(1), FieldRef::Own(2)];

/// What queries reach beyond the columns of users.
pub(crate) struct Reach {
    /// Profile fields; their positions follow those of the columns.
    pub(crate) profile: Vec<(String, FieldKind)>,
    /// Ids of the roles that satisfy a condition on one of their fields, or its opposite: roles are few and in
    /// memory, so users never have to be joined with them.
    pub(crate) roles: RolesWhere,
    /// Users are passed one after the other, so that the members of a role need not be gathered first.
    pub(crate) is_walked: bool,
}

type RolesWhere = Box<dyn Fn(usize, &Condition) -> Vec<RoleId> + Send>;

impl Reach {
    fn profile(&self, at: usize) -> Option<&(String, FieldKind)> {
        self.profile.get(at.checked_sub(COLUMNS)?)
    }

    /// The users whose primary role satisfies a condition.
    fn by_role(&self, at: usize, condition: &Condition) -> BoxedCondition<up_users::table> {
        self.members(true, (self.roles)(at, condition))
    }

    /// The users any of whose roles satisfies a condition; its opposite holds of those who have no such role.
    fn by_roles(&self, at: usize, condition: &Condition) -> BoxedCondition<up_users::table> {
        let positive = Condition {
            negated: false,
            ..condition.clone()
        };
        let members = self.members(false, (self.roles)(at, &positive));
        if condition.negated {
            Box::new(diesel::dsl::not(members))
        } else {
            members
        }
    }

    fn members(&self, primary: bool, roles: Vec<RoleId>) -> BoxedCondition<up_users::table> {
        if self.is_walked {
            has_any(primary, roles)
        } else {
            members(primary, roles)
        }
    }
}

/// Number of columns in [`UserFields`].
const COLUMNS: usize = 10;

/// Rows from which on a page is deep: what lies before it is skipped without being read.
const DEEP: i64 = 1_000;

/// The users a query asks for.
pub(crate) fn list(conn: &mut DbConn, query: &Query, reach: &Reach) -> QueryResult<Vec<User>> {
    let mut page = query.page;
    let mut condition = condition(query, reach);
    if page.start >= DEEP
        && let Some(order) = order_of_ids(query)
    {
        let Some(start) = counts::find(conn, page.start, order)? else {
            return Ok(Vec::new());
        };
        page.start = start.rest;
        condition = bound(start.bound, order);
    }
    // SQLite and MySQL know no OFFSET without a LIMIT.
    let limit = page.limit.unwrap_or(i64::MAX);
    // Of a deep page the ids are found first, for which an index is enough.
    let ids = if page.start >= DEEP {
        let mut ids = up_users::table.select(up_users::id).into_boxed();
        if let Some(condition) = condition.take() {
            ids = ids.filter(condition);
        }
        for key in order(query, reach) {
            ids = ids.then_order_by(key);
        }
        Some(ids.limit(limit).offset(page.start).load::<i32>(conn)?)
    } else {
        None
    };
    let mut select = up_users::table.select(UserRow::as_select()).into_boxed();
    for key in order(query, reach) {
        select = select.then_order_by(key);
    }
    let rows = match (ids, condition) {
        (Some(ids), _) => select.filter(up_users::id.eq_any(ids)).load(conn)?,
        (None, Some(condition)) => {
            let select = select.filter(condition);
            select.limit(limit).offset(page.start).load(conn)?
        }
        (None, None) => select.limit(limit).offset(page.start).load(conn)?,
    };
    users::complete(conn, rows)
}

/// The direction, if all users are listed in the order of their ids.
fn order_of_ids(query: &Query) -> Option<Order> {
    let everybody = query.filter.is_none() && query.search.is_none();
    match query.sort.as_slice() {
        _ if !everybody => None,
        [] => Some(Order::Ascending),
        [by] if by.field == ID => Some(by.order),
        _ => None,
    }
}

fn bound(id: i64, order: Order) -> Option<BoxedCondition<up_users::table>> {
    // Beyond the highest id there is nothing to compare with.
    let id = i32::try_from(id).ok()?;
    Some(match order {
        Order::Ascending => Box::new(up_users::id.ge(id)),
        Order::Descending => Box::new(up_users::id.lt(id)),
    })
}

/// The keys of the order. Pages need one that is total: unless a key is unique, the id is the last one, in
/// the direction of the one before, as an index has it.
fn order(query: &Query, reach: &Reach) -> Vec<BoxedOrder<up_users::table>> {
    let keys = query.sort.iter();
    let mut keys: Vec<_> = keys
        .filter_map(|by| key(by.field, by.order, reach))
        .collect();
    if !query.sort.iter().any(|by| UNIQUE.contains(&by.field)) {
        keys.push(match query.sort.last().map(|by| by.order) {
            None | Some(Order::Ascending) => Box::new(up_users::id.asc()),
            Some(Order::Descending) => Box::new(up_users::id.desc()),
        });
    }
    keys
}

/// How many there are, whatever the page.
pub(crate) fn count(conn: &mut DbConn, query: &Query, reach: &Reach) -> QueryResult<i64> {
    let mut select = up_users::table.count().into_boxed();
    if let Some(condition) = condition(query, reach) {
        select = select.filter(condition);
    }
    select.get_result(conn)
}

/// Ids of users who satisfy the query, some of them where there are more than `limit`.
#[cfg(feature = "admin")]
pub(crate) fn ids(
    conn: &mut DbConn,
    query: &Query,
    reach: &Reach,
    limit: i64,
) -> QueryResult<Vec<i32>> {
    let mut select = up_users::table.select(up_users::id).into_boxed();
    if let Some(condition) = condition(query, reach) {
        select = select.filter(condition);
    }
    select.limit(limit).load(conn)
}

/// Does the user with this id satisfy the query?
pub(crate) fn matches(
    conn: &mut DbConn,
    id: i32,
    query: &Query,
    reach: &Reach,
) -> QueryResult<bool> {
    let mut select = up_users::table
        .filter(up_users::id.eq(id))
        .count()
        .into_boxed();
    if let Some(condition) = condition(query, reach) {
        select = select.filter(condition);
    }
    Ok(select.get_result::<i64>(conn)? > 0)
}

/// What a query's filter and search ask of a user.
pub(super) fn condition(query: &Query, reach: &Reach) -> Option<BoxedCondition<up_users::table>> {
    let field =
        |field: FieldRef, condition: &Condition| -> Option<BoxedCondition<up_users::table>> {
            match field {
                FieldRef::Own(at) => match reach.profile(at) {
                    Some((name, kind)) => profiles::condition(name, *kind, condition),
                    None => of_column::<UserFields>(field, condition),
                },
                FieldRef::Related(PRIMARY_ROLE, at) => Some(reach.by_role(at, condition)),
                FieldRef::Related(_, at) => Some(reach.by_roles(at, condition)),
            }
        };
    let filter = query.filter.as_ref().map(|filter| compile(filter, &field));
    both(filter, query.search.as_deref().map(UserFields::search))
}

/// Has one of these roles, as the primary one or at all.
fn members(primary: bool, roles: Vec<RoleId>) -> BoxedCondition<up_users::table> {
    let members = up_user_roles::table
        .filter(up_user_roles::role_id.eq_any(roles))
        .select(up_user_roles::user_id);
    if primary {
        let members = members.filter(up_user_roles::place.eq(memberships::PRIMARY));
        Box::new(up_users::id.eq_any(members))
    } else {
        Box::new(up_users::id.eq_any(members))
    }
}

/// As [`members`], looked up for each user.
fn has_any(primary: bool, roles: Vec<RoleId>) -> BoxedCondition<up_users::table> {
    let own = up_user_roles::table
        .filter(up_user_roles::user_id.eq(up_users::id))
        .filter(up_user_roles::role_id.eq_any(roles));
    if primary {
        let own = own.filter(up_user_roles::place.eq(memberships::PRIMARY));
        Box::new(diesel::dsl::exists(own))
    } else {
        Box::new(diesel::dsl::exists(own))
    }
}

/// `None` for a position no schema has.
pub(crate) fn key(
    field: FieldRef,
    order: Order,
    reach: &Reach,
) -> Option<BoxedOrder<up_users::table>> {
    let at = match field {
        FieldRef::Related(_, at) => at,
        FieldRef::Own(at) => {
            return match reach.profile(at) {
                Some((name, kind)) => Some(profiles::order(name, *kind, order)),
                None => UserFields::order(field, order),
            };
        }
    };
    let own_role = up_user_roles::table
        .inner_join(up_roles::table)
        .filter(up_user_roles::user_id.eq(up_users::id))
        .filter(up_user_roles::place.eq(memberships::PRIMARY));
    macro_rules! by {
        ($column:expr) => {
            match order {
                Order::Ascending => Some(Box::new(own_role.select($column).single_value().asc())),
                Order::Descending => Some(Box::new(own_role.select($column).single_value().desc())),
            }
        };
    }
    // The order of `role_schema`, a test of which asks for each.
    match at {
        0 => by!(up_roles::id),
        1 => by!(up_roles::document_id),
        2 => by!(up_roles::name),
        3 => by!(up_roles::description),
        4 => by!(up_roles::role_type),
        5 | 7 => by!(up_roles::created_at),
        6 => by!(up_roles::updated_at),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_fields_follow_the_columns() {
        let last = UserFields::schema().name(FieldRef::Own(COLUMNS - 1));
        assert_eq!(last.as_deref(), Some("publishedAt"));
        assert_eq!(UserFields::schema().name(FieldRef::Own(COLUMNS)), None);
    }
}
