//! Users by what a person types.

use super::form;
use super::visit::Visit;
use crate::error::Result;
use crate::query::{Query, Schema};
use crate::services::{Account, user_schema};

/// What queries of these pages may name.
pub(super) fn schema(visit: &Visit) -> Schema {
    user_schema(true, &visit.services().config.profile_fields)
}

/// A query, of names and values as they are.
pub(super) fn query(visit: &Visit, parts: &[(&str, &str)]) -> Result<Query> {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parts {
        text.append_pair(name, value);
    }
    Query::parse(&text.finish(), &schema(visit))
}

/// The user of this name, address or id.
pub(super) async fn find_user(visit: &Visit, who: &str) -> Result<Option<Account>> {
    let by = match form::id(who) {
        Some(_) => "filters[id][$eq]",
        None if who.contains('@') => "filters[email][$eqi]",
        None => "filters[username][$eq]",
    };
    let query = query(visit, &[(by, who), ("limit", "1")])?;
    Ok(visit.services().users(query).await?.pop())
}
