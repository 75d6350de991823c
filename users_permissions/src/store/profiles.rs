//! The fields of users that an application has declared.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::conn::DbConn;
use super::reach::{BoxedCondition, BoxedOrder, like_text, lower};
use super::schema::{up_profiles, up_users};
use super::time::{from_db, to_db};
use crate::model::{ProfileChange, ProfileValue, UserId};
use crate::query::{Condition, FieldKind, Operator, Order, Value};

#[derive(Queryable, Selectable)]
#[diesel(table_name = up_profiles)]
struct ProfileRow {
    user_id: i32,
    name: String,
    text_value: Option<String>,
    integer_value: Option<i32>,
    boolean_value: Option<bool>,
    time_value: Option<NaiveDateTime>,
}

impl ProfileRow {
    fn value(self) -> Option<ProfileValue> {
        let text = self.text_value.map(ProfileValue::Text);
        let integer = self.integer_value.map(ProfileValue::Integer);
        let boolean = self.boolean_value.map(ProfileValue::Boolean);
        let time = self
            .time_value
            .map(|time| ProfileValue::Time(from_db(time)));
        text.or(integer).or(boolean).or(time)
    }
}

#[derive(Insertable)]
#[diesel(table_name = up_profiles)]
struct ProfileInsert<'a> {
    user_id: i32,
    name: &'a str,
    text_value: Option<&'a str>,
    integer_value: Option<i32>,
    boolean_value: Option<bool>,
    time_value: Option<NaiveDateTime>,
}

/// The values of these users, by user and name.
pub(super) fn of(
    conn: &mut DbConn,
    users: &[UserId],
) -> QueryResult<HashMap<UserId, BTreeMap<String, ProfileValue>>> {
    let rows: Vec<ProfileRow> = up_profiles::table
        .filter(up_profiles::user_id.eq_any(users.to_vec()))
        .select(ProfileRow::as_select())
        .load(conn)?;
    let mut profiles: HashMap<UserId, BTreeMap<String, ProfileValue>> = HashMap::new();
    for row in rows {
        let (user, name) = (row.user_id, row.name.clone());
        if let Some(value) = row.value() {
            profiles.entry(user).or_default().insert(name, value);
        }
    }
    Ok(profiles)
}

/// Changes the values of a user; the caller holds a transaction.
pub(super) fn change(conn: &mut DbConn, user: UserId, change: &ProfileChange) -> QueryResult<()> {
    for name in change.keys() {
        diesel::delete(up_profiles::table.find((user, name))).execute(conn)?;
    }
    add(conn, user, change)
}

/// Writes the values of a user who has none of these; the caller holds a transaction.
pub(super) fn add(conn: &mut DbConn, user: UserId, values: &ProfileChange) -> QueryResult<()> {
    for (name, value) in values {
        let Some(value) = value else { continue };
        let mut row = ProfileInsert {
            user_id: user,
            name,
            text_value: None,
            integer_value: None,
            boolean_value: None,
            time_value: None,
        };
        match value {
            ProfileValue::Text(text) => row.text_value = Some(text),
            ProfileValue::Integer(number) => row.integer_value = Some(*number),
            ProfileValue::Boolean(flag) => row.boolean_value = Some(*flag),
            ProfileValue::Time(time) => row.time_value = Some(to_db(*time)),
        }
        diesel::insert_into(up_profiles::table)
            .values(row)
            .execute(conn)?;
    }
    Ok(())
}

/// Users whose value of a field satisfies a condition; of no value neither a comparison holds nor its opposite, only
/// that there is none.
pub(super) fn condition(
    name: &str,
    kind: FieldKind,
    condition: &Condition,
) -> Option<BoxedCondition<up_users::table>> {
    let valued = up_profiles::table
        .filter(up_profiles::name.eq(name.to_owned()))
        .select(up_profiles::user_id);
    // A subselect rather than a join: the index finds the few users.
    macro_rules! users_where {
        ($test:expr) => {
            if condition.negated {
                Some(Box::new(
                    up_users::id.eq_any(valued.filter(diesel::dsl::not($test))),
                ))
            } else {
                Some(Box::new(up_users::id.eq_any(valued.filter($test))))
            }
        };
    }
    macro_rules! compare {
        ($column:expr, $values:expr) => {{
            let mut values = $values;
            match (condition.operator, values.len()) {
                (Operator::In, _) => users_where!($column.eq_any(values)),
                (Operator::Between, 2) => {
                    let (high, low) = (values.pop()?, values.pop()?);
                    users_where!($column.between(low, high))
                }
                (Operator::Equal, 1) => users_where!($column.eq(values.pop()?)),
                (Operator::Less, 1) => users_where!($column.lt(values.pop()?)),
                (Operator::LessOrEqual, 1) => users_where!($column.le(values.pop()?)),
                (Operator::Greater, 1) => users_where!($column.gt(values.pop()?)),
                (Operator::GreaterOrEqual, 1) => users_where!($column.ge(values.pop()?)),
                _ => None,
            }
        }};
    }
    macro_rules! values {
        ($kind:ident, $convert:expr) => {
            condition
                .values
                .iter()
                .filter_map(|value| match value {
                    Value::$kind(value) => Some(($convert)(value)),
                    _ => None,
                })
                .collect::<Vec<_>>()
        };
    }
    if condition.operator == Operator::Null {
        let has_one = up_users::id.eq_any(valued);
        if condition.negated {
            return Some(Box::new(has_one));
        }
        return Some(Box::new(diesel::dsl::not(has_one)));
    }
    match kind {
        FieldKind::Integer => compare!(
            up_profiles::integer_value.assume_not_null(),
            values!(Integer, |value: &i32| *value)
        ),
        FieldKind::Boolean => compare!(
            up_profiles::boolean_value.assume_not_null(),
            values!(Boolean, |value: &bool| *value)
        ),
        FieldKind::Time => compare!(
            up_profiles::time_value.assume_not_null(),
            values!(Time, |value: &DateTime<Utc>| value.naive_utc())
        ),
        FieldKind::Text => {
            let column = up_profiles::text_value.assume_not_null();
            let texts = values!(Text, String::clone);
            let wanted = like_text(texts.first().map_or("", String::as_str));
            let folded = wanted.to_lowercase();
            match condition.operator {
                Operator::EqualIgnoringCase => {
                    users_where!(lower(column).eq(texts.first()?.to_lowercase()))
                }
                Operator::Contains => {
                    users_where!(column.like(format!("%{wanted}%")).escape('!'))
                }
                Operator::StartsWith => users_where!(column.like(format!("{wanted}%")).escape('!')),
                Operator::EndsWith => users_where!(column.like(format!("%{wanted}")).escape('!')),
                Operator::ContainsIgnoringCase => {
                    users_where!(lower(column).like(format!("%{folded}%")).escape('!'))
                }
                Operator::StartsWithIgnoringCase => {
                    users_where!(lower(column).like(format!("{folded}%")).escape('!'))
                }
                Operator::EndsWithIgnoringCase => {
                    users_where!(lower(column).like(format!("%{folded}")).escape('!'))
                }
                _ => compare!(column, texts),
            }
        }
    }
}

/// The value of a field as a key of an order.
pub(super) fn order(name: &str, kind: FieldKind, order: Order) -> BoxedOrder<up_users::table> {
    let own = up_profiles::table
        .filter(up_profiles::user_id.eq(up_users::id))
        .filter(up_profiles::name.eq(name.to_owned()));
    macro_rules! by {
        ($column:expr) => {
            match order {
                Order::Ascending => Box::new(own.select($column).single_value().asc()),
                Order::Descending => Box::new(own.select($column).single_value().desc()),
            }
        };
    }
    match kind {
        FieldKind::Text => by!(up_profiles::text_value),
        FieldKind::Integer => by!(up_profiles::integer_value),
        FieldKind::Boolean => by!(up_profiles::boolean_value),
        FieldKind::Time => by!(up_profiles::time_value),
    }
}
