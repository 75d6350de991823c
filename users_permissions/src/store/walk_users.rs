//! Users that no index leads to: found by walking over all of them, stretch by stretch, for as long as
//! somebody waits.

use std::time::Instant;

use diesel::prelude::*;

use super::conn::DbConn;
use super::reach::BoxedCondition;
use super::schema::{up_user_roles, up_users};
use super::users::{self, UserRow};
use super::users_query::{self, Reach};
use crate::model::{RoleId, User, UserId};
use crate::query::Query;

/// Users of the first stretch, enough for what many satisfy; the next ones are longer.
const FIRST: i64 = 1_000;
const LONGEST: i64 = 32_000;

/// A place in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Id(UserId),
    Name(String),
}

/// Which way, from where, and until when.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    /// In the order of names; else the newest come first.
    pub(crate) by_name: bool,
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

impl Walk {
    fn descends(&self) -> bool {
        self.by_name == self.is_back
    }

    /// Users beyond a place.
    fn beyond(&self, place: &Place) -> BoxedCondition<up_users::table> {
        match (place, self.descends()) {
            (Place::Id(id), true) => Box::new(up_users::id.lt(*id)),
            (Place::Id(id), false) => Box::new(up_users::id.gt(*id)),
            (Place::Name(name), true) => Box::new(up_users::username.lt(name.clone())),
            (Place::Name(name), false) => Box::new(up_users::username.gt(name.clone())),
        }
    }

    /// Users up to a place.
    fn up_to(&self, place: &Place) -> BoxedCondition<up_users::table> {
        match (place, self.descends()) {
            (Place::Id(id), true) => Box::new(up_users::id.ge(*id)),
            (Place::Id(id), false) => Box::new(up_users::id.le(*id)),
            (Place::Name(name), true) => Box::new(up_users::username.ge(name.clone())),
            (Place::Name(name), false) => Box::new(up_users::username.le(name.clone())),
        }
    }

    /// The last place of a stretch of this length; `None` where there are not that many users.
    fn end(
        &self,
        conn: &mut DbConn,
        from: Option<&Place>,
        length: i64,
    ) -> QueryResult<Option<Place>> {
        macro_rules! end_by {
            ($column:expr, $place:path) => {{
                let mut places = up_users::table.select($column).into_boxed();
                if let Some(from) = from {
                    places = places.filter(self.beyond(from));
                }
                places = match self.descends() {
                    true => places.order($column.desc()),
                    false => places.order($column.asc()),
                };
                let end = places.limit(1).offset(length - 1).first(conn).optional()?;
                end.map($place)
            }};
        }
        Ok(match self.by_name {
            true => end_by!(up_users::username, Place::Name),
            false => end_by!(up_users::id, Place::Id),
        })
    }

    /// Goes over stretches (what lies between two places) while `each` says so and there is time; tells
    /// where it stopped because there was none left.
    fn go(
        &self,
        conn: &mut DbConn,
        mut each: impl FnMut(&mut DbConn, Vec<BoxedCondition<up_users::table>>) -> QueryResult<bool>,
    ) -> QueryResult<Option<Place>> {
        let (mut from, mut length) = (self.from.clone(), FIRST);
        loop {
            let end = self.end(conn, from.as_ref(), length)?;
            let bounds = from.iter().map(|place| self.beyond(place));
            let bounds = bounds.chain(end.iter().map(|place| self.up_to(place)));
            let goes_on = each(conn, bounds.collect())?;
            match end {
                None => return Ok(None),
                Some(_) if !goes_on => return Ok(None),
                Some(end) if Instant::now() >= self.until => return Ok(Some(end)),
                end => from = end,
            }
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
    let stopped = walk.go(conn, |conn, bounds| {
        let mut select = up_users::table.select(UserRow::as_select()).into_boxed();
        let condition = users_query::condition(query, reach);
        for condition in bounds.into_iter().chain(condition) {
            select = select.filter(condition);
        }
        select = match (walk.by_name, walk.descends()) {
            (true, true) => select.order(up_users::username.desc()),
            (true, false) => select.order(up_users::username.asc()),
            (false, true) => select.order(up_users::id.desc()),
            (false, false) => select.order(up_users::id.asc()),
        };
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
    let stopped = walk.go(conn, |conn, bounds| {
        let mut select = up_users::table.count().into_boxed();
        let condition = users_query::condition(query, reach);
        for condition in bounds.into_iter().chain(condition) {
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
    members = match (&walk.from, walk.descends()) {
        (Some(Place::Id(id)), true) => members.filter(up_user_roles::user_id.lt(*id)),
        (Some(Place::Id(id)), false) => members.filter(up_user_roles::user_id.gt(*id)),
        _ => members,
    };
    members = match walk.descends() {
        true => members.order(up_user_roles::user_id.desc()),
        false => members.order(up_user_roles::user_id.asc()),
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
