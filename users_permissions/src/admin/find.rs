//! Users by what a person types, and routes by a path.

use actix_web::dev::ResourceDef;

use super::form;
use super::visit::Visit;
use crate::error::{Error, Result};
use crate::model::UserId;
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

/// The user of this name or address, or else of this id: a name may consist of digits.
pub(super) async fn user_called(visit: &Visit, who: &str) -> Result<Option<Account>> {
    let called = visit.services().user_called(who.to_owned()).await?;
    match called.or_else(|| form::id(who)) {
        Some(id) => user(visit, id).await,
        None => Ok(None),
    }
}

/// The user of this id.
pub(super) async fn user(visit: &Visit, id: UserId) -> Result<Option<Account>> {
    match visit.services().user(id).await {
        Err(Error::NotFound(_)) => Ok(None),
        other => other.map(Some),
    }
}

/// The route that serves a path with this method, and its action, if it carries one.
pub(super) fn route(
    visit: &Visit,
    method: &str,
    path: &str,
) -> Option<(String, Option<&'static str>)> {
    let map = visit.admin.shared.routes.snapshot();
    let first = pattern(visit, path);
    if let Some(owner) = map.action_at(&first, method) {
        return Some((first, owner));
    }
    let mut others = map.patterns_of(method);
    others
        .find(|(pattern, _)| ResourceDef::new(*pattern).is_match(path))
        .map(|(pattern, owner)| (pattern.to_owned(), owner))
}

/// The first pattern that fits a path, or nothing. The resource map knows no guards: the method may be another
/// pattern's, which fits it, too.
pub(super) fn pattern(visit: &Visit, path: &str) -> String {
    let map = visit.req.resource_map();
    map.match_pattern(path).unwrap_or_default()
}
