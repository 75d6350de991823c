//! Users that no index leads to: found by walking over all of them, stretch by stretch, for as long as
//! somebody waits.

use std::time::Instant;

use diesel::prelude::*;

use super::conn::DbConn;
use super::reach::{BoxedCondition, BoxedOrder, constant};
use super::schema::{up_user_roles, up_users};
use super::users::{self, UserRow};
use super::users_query::{self, ID, Reach, UNIQUE, UserFields};
use crate::model::{RoleId, User, UserId};
use crate::query::{Condition, FieldRef, Operator, Order, Query, Reachable as _, Sort, Value};

/// Users of the first stretch, enough for what many satisfy; the next ones are longer.
const FIRST: i64 = 1_000;
const LONGEST: i64 = 32_000;

/// A place in an order: behind the user of this id, among those who share a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    /// Of the field that is ordered by; nothing in the order of ids.
    pub(crate) value: Option<Value>,
    /// Without one: before all who share the value.
    pub(crate) id: Option<UserId>,
}

impl Place {
    /// The place of a user.
    pub(crate) fn of(user: &User, by: Sort) -> Self {
        let value = (by.field != ID).then(|| value_of(user, by.field));
        Self {
            value: value.flatten(),
            id: Some(user.id),
        }
    }
}

/// Which way, from where, and until when.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    /// A field of users, and a direction; of equal ones, ids go the same way.
    pub(crate) by: Sort,
    /// Against the order.
    pub(crate) is_back: bool,
    /// Where it begins; what is there was seen.
    pub(crate) from: Option<Place>,
    pub(crate) until: Instant,
}

/// What a walk has found, and where it stopped because of the time.
#[derive(Debug)]
pub(crate) struct Found<T> {
    pub(crate) found: T,
    pub(crate) stopped: Option<Place>,
}

/// Where a walk goes on. A stretch lies among those who share a value or between two values, and never across:
/// so each is one range of an index of the value and the id, in every database.
#[derive(Debug, Clone)]
enum At {
    /// Among those who share the value, or everybody in the order of ids; beyond an id.
    Among(Option<Value>, Option<UserId>),
    /// Beyond all who share the value, or before everybody.
    Beyond(Option<Value>),
}

/// Some users who follow one another.
struct Stretch {
    bounds: Vec<BoxedCondition<up_users::table>>,
    keys: Vec<BoxedOrder<up_users::table>>,
}

/// A user's value of a field that is a column, by the positions of [`UserFields`].
fn value_of(user: &User, field: FieldRef) -> Option<Value> {
    let FieldRef::Own(at) = field else {
        return None;
    };
    Some(match at {
        0 => Value::Integer(user.id),
        1 => Value::Text(user.document_id.clone()),
        2 => Value::Text(user.username.clone()),
        3 => Value::Text(user.email.clone()),
        4 => Value::Text(user.provider.clone()),
        5 => Value::Boolean(user.confirmed),
        6 => Value::Boolean(user.blocked),
        7 | 9 => Value::Time(user.created_at),
        8 => Value::Time(user.updated_at),
        _ => return None,
    })
}

fn compare(field: FieldRef, operator: Operator, value: Value) -> BoxedCondition<up_users::table> {
    let condition = Condition {
        operator,
        values: vec![value],
        negated: false,
    };
    // What is no column, or a value of another type, fits nobody.
    UserFields::condition(field, &condition).unwrap_or_else(|| constant(false))
}

impl Walk {
    /// The direction in which users are passed.
    fn direction(&self) -> Order {
        match (self.by.order, self.is_back) {
            (Order::Ascending, false) | (Order::Descending, true) => Order::Ascending,
            (Order::Ascending, true) | (Order::Descending, false) => Order::Descending,
        }
    }

    /// Strictly beyond, and strictly before, in that direction.
    fn beyond(&self) -> Operator {
        match self.direction() {
            Order::Ascending => Operator::Greater,
            Order::Descending => Operator::Less,
        }
    }

    fn before(&self) -> Operator {
        match self.direction() {
            Order::Ascending => Operator::Less,
            Order::Descending => Operator::Greater,
        }
    }

    fn up_to(&self) -> Operator {
        match self.direction() {
            Order::Ascending => Operator::LessOrEqual,
            Order::Descending => Operator::GreaterOrEqual,
        }
    }

    fn begin(&self) -> At {
        match &self.from {
            Some(place) => At::Among(place.value.clone(), place.id),
            None if self.by.field == ID => At::Among(None, None),
            None => At::Beyond(None),
        }
    }

    /// What has to hold from a place on.
    fn bounds(&self, at: &At) -> Vec<BoxedCondition<up_users::table>> {
        let (value, id) = match at {
            At::Among(value, id) => {
                let value = value.clone().map(|value| (Operator::Equal, value));
                (value, id.map(|id| (self.beyond(), Value::Integer(id))))
            }
            At::Beyond(value) => (value.clone().map(|value| (self.beyond(), value)), None),
        };
        let value = value.map(|(operator, value)| compare(self.by.field, operator, value));
        let id = id.map(|(operator, id)| compare(ID, operator, id));
        value.into_iter().chain(id).collect()
    }

    /// The order in which users are passed from a place on.
    fn keys(&self, at: &At) -> Vec<BoxedOrder<up_users::table>> {
        let by = self.by.field;
        let keys = match at {
            At::Among(..) => vec![ID],
            At::Beyond(_) if UNIQUE.contains(&by) => vec![by],
            At::Beyond(_) => vec![by, ID],
        };
        let keys = keys.into_iter();
        keys.filter_map(|field| UserFields::order(field, self.direction()))
            .collect()
    }

    /// The id of the user this far beyond a place, if there are that many.
    fn nth(&self, conn: &mut DbConn, at: &At, length: i64) -> QueryResult<Option<UserId>> {
        let mut ids = up_users::table.select(up_users::id).into_boxed();
        for condition in self.bounds(at) {
            ids = ids.filter(condition);
        }
        for key in self.keys(at) {
            ids = ids.then_order_by(key);
        }
        ids.limit(1).offset(length - 1).first(conn).optional()
    }

    /// The next users, some of this number, and where it goes on behind them.
    fn stretch(
        &self,
        conn: &mut DbConn,
        at: &At,
        length: i64,
    ) -> QueryResult<(Stretch, Option<At>)> {
        let end = self.nth(conn, at, length)?;
        let mut bounds = self.bounds(at);
        let next = match (at, end) {
            (At::Among(value, _), Some(end)) => {
                bounds.push(compare(ID, self.up_to(), Value::Integer(end)));
                Some(At::Among(value.clone(), Some(end)))
            }
            (At::Among(value, _), None) => value.clone().map(|value| At::Beyond(Some(value))),
            (At::Beyond(_), Some(end)) => {
                // Gone by now: then this stretch has no end.
                let user = users::find(conn, end)?;
                let value = user.and_then(|user| value_of(&user, self.by.field));
                bounds.extend(
                    value
                        .clone()
                        .map(|value| compare(self.by.field, self.before(), value)),
                );
                value.map(|value| At::Among(Some(value), None))
            }
            (At::Beyond(_), None) => None,
        };
        let keys = self.keys(at);
        Ok((Stretch { bounds, keys }, next))
    }

    /// Goes over stretches while `each` says so and there is time; tells where it stopped because there was
    /// none left.
    fn go(
        &self,
        conn: &mut DbConn,
        mut each: impl FnMut(&mut DbConn, Stretch) -> QueryResult<bool>,
    ) -> QueryResult<Option<Place>> {
        let (mut at, mut length) = (self.begin(), FIRST);
        loop {
            let (stretch, next) = self.stretch(conn, &at, length)?;
            let goes_on = each(conn, stretch)?;
            at = match next {
                None => return Ok(None),
                Some(_) if !goes_on => return Ok(None),
                Some(At::Among(value, id)) if Instant::now() >= self.until => {
                    return Ok(Some(Place { value, id }));
                }
                Some(next) => next,
            };
            length = (length * 4).min(LONGEST);
        }
    }
}

/// The next users that satisfy a query, at most `limit`.
pub(crate) fn list(
    conn: &mut DbConn,
    walk: &Walk,
    query: &Query,
    reach: &Reach,
    limit: usize,
) -> QueryResult<Found<Vec<User>>> {
    let mut rows: Vec<UserRow> = Vec::new();
    let stopped = walk.go(conn, |conn, stretch| {
        let mut select = up_users::table.select(UserRow::as_select()).into_boxed();
        let condition = users_query::condition(query, reach);
        for condition in stretch.bounds.into_iter().chain(condition) {
            select = select.filter(condition);
        }
        for key in stretch.keys {
            select = select.then_order_by(key);
        }
        let left = i64::try_from(limit - rows.len()).unwrap_or(i64::MAX);
        rows.extend(select.limit(left).load::<UserRow>(conn)?);
        Ok(rows.len() < limit)
    })?;
    let found = users::complete(conn, rows)?;
    Ok(Found { found, stopped })
}

/// How many satisfy a query; no longer counted when there are more than `most`.
pub(crate) fn count(
    conn: &mut DbConn,
    walk: &Walk,
    query: &Query,
    reach: &Reach,
    most: i64,
) -> QueryResult<Found<i64>> {
    let mut found = 0i64;
    let stopped = walk.go(conn, |conn, stretch| {
        let mut select = up_users::table.count().into_boxed();
        let condition = users_query::condition(query, reach);
        for condition in stretch.bounds.into_iter().chain(condition) {
            select = select.filter(condition);
        }
        found += select.get_result::<i64>(conn)?;
        Ok(found <= most)
    })?;
    Ok(Found { found, stopped })
}

/// The next users of a role in the order of ids, to which an index leads.
pub(crate) fn of_role(
    conn: &mut DbConn,
    role: RoleId,
    walk: &Walk,
    limit: usize,
) -> QueryResult<Vec<User>> {
    // Distinct: a deleted role may have left its users the public one twice.
    let mut members = up_user_roles::table
        .filter(up_user_roles::role_id.eq(role))
        .select(up_user_roles::user_id)
        .distinct()
        .into_boxed();
    let (from, direction) = (
        walk.from.as_ref().and_then(|place| place.id),
        walk.direction(),
    );
    members = match (from, direction) {
        (Some(id), Order::Descending) => members.filter(up_user_roles::user_id.lt(id)),
        (Some(id), Order::Ascending) => members.filter(up_user_roles::user_id.gt(id)),
        (None, _) => members,
    };
    members = match direction {
        Order::Descending => members.order(up_user_roles::user_id.desc()),
        Order::Ascending => members.order(up_user_roles::user_id.asc()),
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let ids: Vec<UserId> = members.limit(limit).load(conn)?;
    let rows: Vec<UserRow> = up_users::table
        .filter(up_users::id.eq_any(&ids))
        .select(UserRow::as_select())
        .load(conn)?;
    let mut users = users::complete(conn, rows)?;
    users.sort_by_key(|user| ids.iter().position(|id| *id == user.id));
    Ok(users)
}

/// How many users have a role; no longer counted when there are more than `most`.
pub(crate) fn count_of_role(conn: &mut DbConn, role: RoleId, most: i64) -> QueryResult<usize> {
    let members: Vec<UserId> = up_user_roles::table
        .filter(up_user_roles::role_id.eq(role))
        .select(up_user_roles::user_id)
        .distinct()
        .limit(most + 1)
        .load(conn)?;
    Ok(members.len())
}

/// The user of exactly this name, or of this address; the oldest, where several may share it.
pub(crate) fn called(conn: &mut DbConn, who: &str) -> QueryResult<Option<UserId>> {
    let users = up_users::table.select(up_users::id).into_boxed();
    let users = match who.contains('@') {
        true => users.filter(up_users::email.eq(who.to_lowercase())),
        false => users.filter(up_users::username.eq(who.to_owned())),
    };
    users.order(up_users::id.asc()).first(conn).optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_fields() {
        let schema = UserFields::schema();
        let names = (0..).map_while(|at| schema.name(FieldRef::Own(at)));
        let time = chrono::DateTime::UNIX_EPOCH;
        let user = User {
            id: 7,
            document_id: "documentId".to_owned(),
            username: "username".to_owned(),
            email: "email".to_owned(),
            provider: "provider".to_owned(),
            confirmed: true,
            blocked: false,
            roles: crate::model::UserRoles::new(1, []),
            profile: Default::default(),
            token_version: 0,
            created_at: time,
            updated_at: time + chrono::TimeDelta::days(1),
        };
        for (at, name) in names.enumerate() {
            let expected = match name.as_str() {
                "id" => Value::Integer(7),
                "confirmed" => Value::Boolean(true),
                "blocked" => Value::Boolean(false),
                "createdAt" | "publishedAt" => Value::Time(user.created_at),
                "updatedAt" => Value::Time(user.updated_at),
                text => Value::Text(text.to_owned()),
            };
            assert_eq!(value_of(&user, FieldRef::Own(at)), Some(expected), "{name}");
        }
    }
}
