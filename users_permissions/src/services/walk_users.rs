//! Lists of users for people: of a million as of a hundred, nobody waits for longer than a moment.

use std::time::{Duration, Instant};

use super::{Account, Services};
use crate::error::Result;
use crate::model::{RoleId, User, UserId};
use crate::query::{Order, Query, Sort};
use crate::store;
use crate::store::walk_users::{Found, Walk};

pub(crate) use crate::store::walk_users::Place;

/// How long users are looked for, and how long they are counted.
const PATIENCE: Duration = Duration::from_millis(250);
/// From here on users are not counted.
const MOST: i64 = 10_000;

/// The order of ids, downwards.
pub(crate) const NEWEST_FIRST: Sort = Sort {
    field: store::users_query::ID,
    order: Order::Descending,
};

/// What leads to the users of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
    /// An index of users, which has their order, too.
    Index,
    /// The members of this role.
    Role(RoleId),
    /// Nothing: they are walked over.
    Nothing,
}

/// A part of a list of users.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// A column of users, and its direction.
    pub(crate) by: Sort,
    /// Against the order.
    pub(crate) is_back: bool,
    /// Where it begins; who is there was shown.
    pub(crate) from: Option<Place>,
    pub(crate) limit: usize,
}

impl Part {
    fn walk(&self) -> Walk {
        Walk {
            by: self.by,
            is_back: self.is_back,
            from: self.from.clone(),
            until: Instant::now() + PATIENCE,
        }
    }
}

/// A number of users, as far as they were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    All(i64),
    AtLeast(i64),
    MoreThan(i64),
}

impl Counted {
    fn new(found: i64, is_all: bool) -> Self {
        match is_all {
            _ if found > MOST => Self::MoreThan(MOST),
            true => Self::All(found),
            false => Self::AtLeast(found),
        }
    }
}

impl Services {
    /// The users of a part, and where the search stopped because it took too long.
    pub(crate) async fn walk_users(
        &self,
        query: Query,
        lead: Lead,
        part: Part,
    ) -> Result<(Vec<Account>, Option<Place>)> {
        let snapshot = self.rights.load_full();
        let reach = self.walking_reach();
        let limit = part.limit;
        let find = move |conn: &mut _| {
            let walk = part.walk();
            match lead {
                Lead::Role(role) => {
                    let found = store::walk_users::of_role(conn, role, &walk, limit)?;
                    let stopped = None;
                    Ok::<_, store::QueryError>(Found { found, stopped })
                }
                Lead::Index | Lead::Nothing => {
                    store::walk_users::list(conn, &walk, &query, &reach, limit)
                }
            }
        };
        let Found { found, stopped } = self.store.run(find).await?;
        let account = |user: User| Account {
            roles: snapshot.roles_of(&user.roles),
            user,
        };
        Ok((found.into_iter().map(account).collect(), stopped))
    }

    /// How many users a query finds, as far as that is known within a moment.
    pub(crate) async fn count_at_most(&self, query: Query, lead: Lead) -> Result<Counted> {
        let reach = match lead {
            Lead::Nothing => self.walking_reach(),
            Lead::Index | Lead::Role(_) => self.reach(self.rights.load_full()),
        };
        let part = Part {
            by: NEWEST_FIRST,
            is_back: false,
            from: None,
            limit: 0,
        };
        let count = move |conn: &mut _| -> store::QueryResult<Counted> {
            let number = |found: usize| i64::try_from(found).unwrap_or(i64::MAX);
            Ok(match lead {
                Lead::Index => {
                    let found = store::users_query::ids(conn, &query, &reach, MOST + 1)?;
                    Counted::new(number(found.len()), true)
                }
                Lead::Role(role) => {
                    let found = store::walk_users::count_of_role(conn, role, MOST)?;
                    Counted::new(number(found), true)
                }
                Lead::Nothing => {
                    let found = store::walk_users::count(conn, &part.walk(), &query, &reach, MOST)?;
                    Counted::new(found.found, found.stopped.is_none())
                }
            })
        };
        self.store.run(count).await
    }

    /// Roles are looked up for each user that is passed, not gathered before.
    fn walking_reach(&self) -> store::users_query::Reach {
        store::users_query::Reach {
            is_walked: true,
            ..self.reach(self.rights.load_full())
        }
    }

    /// The id of the user of this name or address.
    pub(crate) async fn user_called(&self, who: String) -> Result<Option<UserId>> {
        // PostgreSQL takes no NUL in a query.
        if who.contains('\0') {
            return Ok(None);
        }
        self.store
            .run(move |conn| store::walk_users::called(conn, &who))
            .await
    }
}
