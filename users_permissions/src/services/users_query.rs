//! Users by the query language.

use std::sync::Arc;

use super::{Account, Services};
use crate::acl::Snapshot;
use crate::error::Result;
use crate::model::{ProfileField, ProfileKind, Role, RoleId, User, UserId};
use crate::query::{Condition, FieldKind, Query, Reachable as _, Schema, Value};
use crate::store::{self, UserFields};

/// Most users of one answer; who wants more asks for pages.
const MAX_ROWS: i64 = 10_000;

/// What queries for users may name; `role` only for those who may read roles.
pub(crate) fn user_schema(roles_readable: bool, profile: &[ProfileField]) -> Schema {
    const PRIVATE: [&str; 5] = [
        "password",
        "resetPasswordToken",
        "confirmationToken",
        "createdBy",
        "updatedBy",
    ];
    let hide = |schema: Schema| {
        PRIVATE
            .iter()
            .fold(schema, |schema, name| schema.private(*name))
    };
    // The users of a role are never shown; the relation is known so that errors below it are Strapi's.
    let role = role_schema().relation("users", hide(Schema::new()), false);
    let fields = hide(UserFields::schema());
    let fields = profile.iter().fold(fields, |schema, field| {
        if field.private {
            schema.private(&*field.name)
        } else {
            schema.field(&*field.name, kind(field.kind))
        }
    });
    fields
        .relation("role", role.clone(), roles_readable)
        .to_many("roles", role, roles_readable)
}

fn kind(kind: ProfileKind) -> FieldKind {
    match kind {
        ProfileKind::Text => FieldKind::Text,
        ProfileKind::Integer => FieldKind::Integer,
        ProfileKind::Boolean => FieldKind::Boolean,
        ProfileKind::Time => FieldKind::Time,
    }
}

/// The profile fields a query may name, in the order of [`user_schema`].
fn reachable_profile(profile: &[ProfileField]) -> Vec<(String, FieldKind)> {
    let public = profile.iter().filter(|field| !field.private);
    public
        .map(|field| (field.name.clone(), kind(field.kind)))
        .collect()
}

/// The fields of a role; [`role_value`] answers by position.
pub(crate) fn role_schema() -> Schema {
    Schema::new()
        .field("id", FieldKind::Integer)
        .field("documentId", FieldKind::Text)
        .field("name", FieldKind::Text)
        .field("description", FieldKind::Text)
        .field("type", FieldKind::Text)
        .field("createdAt", FieldKind::Time)
        .field("updatedAt", FieldKind::Time)
        .field("publishedAt", FieldKind::Time)
}

fn role_value(role: &Role, field: usize) -> Option<Value> {
    Some(match field {
        0 => Value::Integer(role.id),
        1 => Value::Text(role.document_id.clone()),
        2 => Value::Text(role.name.clone()),
        3 => Value::Text(role.description.clone()?),
        4 => Value::Text(role.role_type.clone()),
        5 | 7 => Value::Time(role.created_at),
        6 => Value::Time(role.updated_at),
        _ => return None,
    })
}

/// The roles that satisfy a condition on one of their fields.
fn roles_where(snapshot: &Snapshot, field: usize, condition: &Condition) -> Vec<RoleId> {
    let roles = snapshot.roles().iter().map(|grants| grants.role());
    roles
        .filter(|role| condition.holds(role_value(role, field).as_ref()))
        .map(|role| role.id)
        .collect()
}

/// The query for no more users than one answer holds. The pages after it begin where this one ends.
fn bounded(query: Query) -> Query {
    Query {
        page: query.page.within(MAX_ROWS, MAX_ROWS),
        ..query
    }
}

impl Services {
    /// What lies beyond the columns of users.
    pub(super) fn reach(&self, snapshot: Arc<Snapshot>) -> store::users_query::Reach {
        store::users_query::Reach {
            profile: reachable_profile(&self.config.profile_fields),
            roles: Box::new(move |at, condition| roles_where(&snapshot, at, condition)),
            is_walked: false,
        }
    }

    /// The users a query asks for, with their roles.
    pub(crate) async fn users(&self, query: Query) -> Result<Vec<Account>> {
        let query = bounded(query);
        let snapshot = self.rights.load_full();
        let reach = self.reach(Arc::clone(&snapshot));
        let list = move |conn: &mut _| store::users_query::list(conn, &query, &reach);
        let users = self.store.run(list).await?;
        let account = |user: User| Account {
            roles: snapshot.roles_of(&user.roles),
            user,
        };
        Ok(users.into_iter().map(account).collect())
    }

    /// How many users a query finds, whatever the page.
    pub(crate) async fn count_users(&self, query: Query) -> Result<i64> {
        let reach = self.reach(self.rights.load_full());
        let count = move |conn: &mut _| store::users_query::count(conn, &query, &reach);
        self.store.run(count).await
    }

    /// Does a user satisfy a query's filter?
    pub(crate) async fn user_matches(&self, id: UserId, query: Query) -> Result<bool> {
        if query.filter.is_none() && query.search.is_none() {
            return Ok(true);
        }
        let reach = self.reach(self.rights.load_full());
        let find = move |conn: &mut _| store::users_query::matches(conn, id, &query, &reach);
        self.store.run(find).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{FieldRef, Order};
    use crate::store::users_query::{Reach, key};

    /// Every field of a position on, while the schema has names for them.
    fn fields(schema: &Schema, at: impl Fn(usize) -> FieldRef) -> Vec<FieldRef> {
        let fields = (0..).map(at);
        fields
            .take_while(|field| schema.name(*field).is_some())
            .collect()
    }

    #[test]
    fn pages_that_are_too_large_leave_nobody_out() {
        let page = |number: i64, size: i64| {
            let query = format!("pagination[page]={number}&pagination[pageSize]={size}");
            let query = bounded(Query::parse(&query, &Schema::new()).unwrap());
            (query.page.start, query.page.limit)
        };
        let last = MAX_ROWS * 2;
        assert_eq!(page(1, 20_000), (0, Some(MAX_ROWS)));
        assert_eq!(page(2, 20_000), (MAX_ROWS, Some(MAX_ROWS)));
        assert_eq!(page(3, MAX_ROWS + 1), (last, Some(MAX_ROWS)));
        assert_eq!(page(3, MAX_ROWS), (last, Some(MAX_ROWS)));
        assert_eq!(page(3, 7), (14, Some(7)));
        let all = bounded(Query::parse("", &Schema::new()).unwrap());
        assert_eq!((all.page.start, all.page.limit), (0, Some(MAX_ROWS)));
        let rest = bounded(Query::parse("start=5", &Schema::new()).unwrap());
        assert_eq!((rest.page.start, rest.page.limit), (5, Some(MAX_ROWS)));
    }

    #[test]
    fn whatever_can_be_sorted_by_is_sorted_by() {
        let profile = [ProfileField::text("nickname"), ProfileField::time("birth")];
        let schema = user_schema(true, &profile);
        let reach = Reach {
            profile: reachable_profile(&profile),
            roles: Box::new(|_, _| Vec::new()),
            is_walked: false,
        };
        let own = fields(&schema, FieldRef::Own);
        let role = fields(&schema, |at| FieldRef::Related(0, at));
        assert_eq!((own.len(), role.len()), (12, 8));
        for field in own.into_iter().chain(role) {
            for order in [Order::Ascending, Order::Descending] {
                let name = schema.name(field);
                assert!(key(field, order, &reach).is_some(), "{name:?}");
            }
        }
    }
}
