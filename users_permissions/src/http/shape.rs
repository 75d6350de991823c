//! `fields` and `populate`: how much of a user an answer shows.

use std::collections::HashSet;

use actix_web::HttpRequest;
use serde_json::{Map, Value};

use super::auth_user::Caller;
use super::dto::{RoleView, UserView};
use super::worker::Worker;
use crate::error::{Error, QueryError, Result};
use crate::model::{ProfileField, Role};
use crate::query::{FieldRef, Params, Query, Schema};
use crate::services::{Account, role_schema, user_schema};

const SEE_ROLES: &str = "plugin::users-permissions.role.find";

/// A parsed query for users and what of them the caller gets to see.
#[derive(Debug)]
pub(super) struct UserRequest {
    pub(super) query: Query,
    chosen: Chosen,
    populate: Populate,
    declared: Vec<ProfileField>,
}

/// Which relations are shown.
#[derive(Debug, Clone, Default)]
struct Populate {
    role: Option<RoleShape>,
    roles: Option<RoleShape>,
}

/// Which fields of a role are shown.
#[derive(Debug, Clone, Default)]
struct RoleShape {
    chosen: Chosen,
}

/// Names of the fields that are shown, looked up once for all that is; `None`: all.
#[derive(Debug, Clone, Default)]
struct Chosen(Option<HashSet<String>>);

impl Chosen {
    fn new(schema: &Schema, fields: Option<&[FieldRef]>) -> Self {
        let names = |fields: &[FieldRef]| {
            let names = fields.iter().filter_map(|field| schema.name(*field));
            names.collect()
        };
        Self(fields.map(names))
    }

    /// Drops what was not chosen; the ids always come along.
    fn cut(&self, shown: &mut Map<String, Value>) {
        if let Some(names) = &self.0 {
            shown.retain(|key, _| key == "id" || key == "documentId" || names.contains(key));
        }
    }
}

impl UserRequest {
    /// Parses the query string as far as the caller may go.
    pub(super) fn parse(req: &HttpRequest, caller: &Caller) -> Result<Self> {
        let may_see_roles = may_see_roles(caller);
        let worker = Worker::of(req)?;
        let declared = &worker.shared.services.config.profile_fields;
        let schema = user_schema(may_see_roles, declared);
        let params = Params::parse(req.query_string())?;
        let query = Query::from_params(&params, &schema)?;
        let populate = match params.get("populate") {
            Some(node) => Populate::parse(node)?,
            None => Populate::default(),
        };
        // A relation the caller may not read is left out, as Strapi does.
        let populate = if may_see_roles {
            populate
        } else {
            Populate::default()
        };
        Ok(Self {
            chosen: Chosen::new(&schema, query.fields.as_deref()),
            query,
            populate,
            declared: declared.clone(),
        })
    }

    /// The user as far as it was asked for.
    pub(super) fn show(&self, account: Account) -> Result<Value> {
        let mut shown = object(serde_json::to_value(UserView::new(
            account.user,
            &self.declared,
        )))?;
        self.chosen.cut(&mut shown);
        if let (Some(shape), Some(role)) = (&self.populate.role, account.roles.first()) {
            shown.insert("role".to_owned(), shape.show(role)?);
        }
        if let Some(shape) = &self.populate.roles {
            let roles: Result<_> = account.roles.iter().map(|role| shape.show(role)).collect();
            shown.insert("roles".to_owned(), Value::Array(roles?));
        }
        Ok(Value::Object(shown))
    }
}

impl RoleShape {
    fn show(&self, role: &Role) -> Result<Value> {
        let mut shown = object(serde_json::to_value(RoleView::new(role)))?;
        self.chosen.cut(&mut shown);
        Ok(Value::Object(shown))
    }
}

/// May the caller see which role somebody has?
pub(super) fn may_see_roles(caller: &Caller) -> bool {
    match caller {
        Caller::Public => false,
        Caller::User(user) => user.can(SEE_ROLES),
        Caller::Issuer(caller) => caller.can(SEE_ROLES),
    }
}

fn object(value: serde_json::Result<Value>) -> Result<Map<String, Value>> {
    match value {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Error::internal("a view that is no object")),
        Err(error) => Err(Error::internal(error)),
    }
}

impl Populate {
    /// `populate=role`, `roles`, `*`, a list, or `populate[role]=true|[fields]=…`.
    fn parse(node: &Value) -> Result<Self> {
        let mut populate = Self::default();
        match node {
            Value::String(names) => {
                for name in names.split(',') {
                    populate.name(name)?;
                }
            }
            Value::Array(names) => {
                for name in names.iter().filter(|name| !name.is_null()) {
                    populate.name(name.as_str().ok_or_else(|| unknown("populate"))?)?;
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    *populate.place(key)? = RoleShape::parse(value)?;
                }
            }
            _ => {}
        }
        Ok(populate)
    }

    fn name(&mut self, name: &str) -> Result<()> {
        // `role.users` and the like: what lies behind the role is never shown.
        match name.trim().split('.').next().unwrap_or_default() {
            "" => {}
            "*" => {
                self.role = Some(RoleShape::default());
                self.roles = Some(RoleShape::default());
            }
            name => *self.place(name)? = Some(RoleShape::default()),
        }
        Ok(())
    }

    fn place(&mut self, name: &str) -> Result<&mut Option<RoleShape>> {
        match name {
            "role" => Ok(&mut self.role),
            "roles" => Ok(&mut self.roles),
            other => Err(unknown(other)),
        }
    }
}

impl RoleShape {
    /// The value of `populate[role]`.
    fn parse(node: &Value) -> Result<Option<Self>> {
        match node {
            Value::Object(inner) => {
                let schema = role_schema();
                let fields = inner
                    .get("fields")
                    .map(|fields| Query::parse_fields(fields, &schema));
                let fields = fields.transpose()?.flatten();
                Ok(Some(Self {
                    chosen: Chosen::new(&schema, fields.as_deref()),
                }))
            }
            Value::String(text) if text == "false" => Ok(None),
            _ => Ok(Some(Self::default())),
        }
    }
}

fn unknown(key: &str) -> Error {
    Error::Query(QueryError {
        param: "populate",
        key: key.to_owned(),
        path: Some(key.to_owned()),
    })
}
