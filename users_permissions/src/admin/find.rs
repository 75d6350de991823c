//! Users by what a person types.

use super::form;
use super::visit::Visit;
use crate::error::{Error, Result};
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
    let services = visit.services();
    let id = match form::id(who) {
        Some(id) => Some(id),
        None => services.user_called(who.to_owned()).await?,
    };
    match id {
        Some(id) => match services.user(id).await {
            Err(Error::NotFound(_)) => Ok(None),
            other => other.map(Some),
        },
        None => Ok(None),
    }
}
