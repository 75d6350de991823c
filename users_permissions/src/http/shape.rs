//! `fields` and `populate`: how much of a user an answer shows.

use actix_web::HttpRequest;
use serde_json::{Map, Value};

use super::auth_user::Caller;
use super::dto::{RoleView, UserView};
use crate::error::{Error, QueryError, Result};
use crate::model::{Role, User};
use crate::query::{FieldRef, Params, Query, Schema};
use crate::services::{role_schema, user_schema};

const SEE_ROLES: &str = "plugin::users-permissions.role.find";

/// A parsed query for users and what of them the caller gets to see.
#[derive(Debug)]
pub(super) struct UserRequest {
    pub(super) query: Query,
    schema: Schema,
    role: Option<RoleShape>,
}

/// Which fields of the role are shown.
#[derive(Debug, Clone)]
struct RoleShape {
    fields: Option<Vec<FieldRef>>,
}

impl UserRequest {
    /// Parses the query string as far as the caller may go.
    pub(super) fn parse(req: &HttpRequest, caller: &Caller) -> Result<Self> {
        let may_see_roles = may_see_roles(caller);
        let schema = user_schema(may_see_roles);
        let params = Params::parse(req.query_string())?;
        let query = Query::from_params(&params, &schema)?;
        let role = params.get("populate").map(populate).transpose()?.flatten();
        // A relation the caller may not read is left out, as Strapi does.
        Ok(Self {
            query,
            schema,
            role: role.filter(|_| may_see_roles),
        })
    }

    /// The user as far as it was asked for.
    pub(super) fn show(&self, user: User, role: Option<&Role>) -> Result<Value> {
        let mut shown = object(serde_json::to_value(UserView::new(user, None)))?;
        choose(&mut shown, &self.schema, self.query.fields.as_deref());
        if let (Some(shape), Some(role)) = (&self.role, role) {
            let mut role = object(serde_json::to_value(RoleView::new(role)))?;
            choose(&mut role, &role_schema(), shape.fields.as_deref());
            shown.insert("role".to_owned(), Value::Object(role));
        }
        Ok(Value::Object(shown))
    }
}

/// May the caller see which role somebody has?
pub(super) fn may_see_roles(caller: &Caller) -> bool {
    caller.user().is_some_and(|user| user.can(SEE_ROLES))
}

fn object(value: serde_json::Result<Value>) -> Result<Map<String, Value>> {
    match value {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Error::internal("a view that is no object")),
        Err(error) => Err(Error::internal(error)),
    }
}

/// Drops what was not chosen; the ids always come along.
fn choose(shown: &mut Map<String, Value>, schema: &Schema, fields: Option<&[FieldRef]>) {
    if let Some(fields) = fields {
        let names: Vec<String> = fields
            .iter()
            .filter_map(|field| schema.name(*field))
            .collect();
        shown.retain(|key, _| key == "id" || key == "documentId" || names.contains(key));
    }
}

/// `populate=role`, `*`, a list, or `populate[role]=true|[fields]=…`.
fn populate(node: &Value) -> Result<Option<RoleShape>> {
    let unknown = |key: &str| {
        Error::Query(QueryError {
            param: "populate",
            key: key.to_owned(),
            path: Some(key.to_owned()),
        })
    };
    let by_name = |name: &str| match name.trim() {
        "role" | "*" => Ok(Some(RoleShape { fields: None })),
        "" => Ok(None),
        // `role.users` and the like: what lies behind the role is never shown.
        other if other.starts_with("role.") => Ok(Some(RoleShape { fields: None })),
        other => Err(unknown(other)),
    };
    match node {
        Value::String(names) => names
            .split(',')
            .try_fold(None, |shape, name| Ok(by_name(name)?.or(shape))),
        Value::Array(names) => names
            .iter()
            .filter(|name| !name.is_null())
            .try_fold(None, |shape, name| {
                Ok(by_name(name.as_str().ok_or_else(|| unknown("populate"))?)?.or(shape))
            }),
        Value::Object(map) => {
            let mut shape = None;
            for (key, value) in map {
                if key != "role" {
                    return Err(unknown(key));
                }
                shape = match value {
                    Value::Object(inner) => {
                        let fields = inner
                            .get("fields")
                            .map(|fields| Query::parse_fields(fields, &role_schema()));
                        Some(RoleShape {
                            fields: fields.transpose()?.flatten(),
                        })
                    }
                    Value::String(text) if text == "false" => None,
                    _ => Some(RoleShape { fields: None }),
                };
            }
            Ok(shape)
        }
        _ => Ok(None),
    }
}
