//! `/users-permissions/roles/…`.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde_json::{Value, json};

use super::auth_user::Caller;
use super::body::{Body, Content, Fields, LARGE};
use super::dto::{RoleListView, RoleView, ok};
use super::input::{self, Checker};
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::tree;
use super::users::actor;
use super::worker::Worker;
use crate::acl::Catalog;
use crate::error::{Error, Result};
use crate::model::RoleId;
use crate::permission;
use crate::services::RoleInput;

/// Lists the roles with their number of users.
#[cfg_attr(feature = "openapi", utoipa::path(
    responses((status = 200, description = "Roles", body = doc::RolesAnswer)),
))]
#[permission("plugin::users-permissions.role.find")]
#[get("/users-permissions/roles")]
pub(super) async fn find(req: HttpRequest) -> Result<HttpResponse> {
    let roles = Worker::of(&req)?.shared.services.list_roles().await?;
    Ok(ok(
        json!({ "roles": roles.iter().map(RoleListView::new).collect::<Vec<_>>() }),
    ))
}

/// One role with its permission tree.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("id" = i32, Path, minimum = 1, description = "Id of the role")),
    responses((status = 200, description = "The role", body = doc::RoleAnswer), doc::Missing),
))]
#[permission("plugin::users-permissions.role.findOne")]
#[get("/users-permissions/roles/{id}")]
pub(super) async fn find_one(req: HttpRequest, id: web::Path<String>) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let detail = services.role(role_id(&id)?).await?;
    let mut role = serde_json::to_value(RoleView::new(&detail.role)).map_err(Error::internal)?;
    role["permissions"] = tree::render(&services.catalog, |action| {
        detail.holds.get(action).copied().unwrap_or(false)
    });
    Ok(ok(json!({ "role": role })))
}

/// Creates a role.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::NewRoleBody,
    responses((status = 200, description = "Created", body = doc::Done), doc::BadBody),
))]
#[permission("plugin::users-permissions.role.createRole")]
#[post("/users-permissions/roles")]
pub(super) async fn create(
    req: HttpRequest,
    caller: Caller,
    body: Body<LARGE>,
) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let input = role_input(&services.catalog, body.0)?;
    services.create_role(actor(&caller), input).await?;
    Ok(ok(json!({ "ok": true })))
}

/// Changes a role: name, description, and, where the tree is sent, all that it holds.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("id" = i32, Path, minimum = 1, description = "Id of the role")),
    request_body = doc::RoleBody,
    responses(
        (status = 200, description = "Changed", body = doc::Done),
        doc::BadBody,
        doc::Missing,
    ),
))]
#[permission("plugin::users-permissions.role.updateRole")]
#[put("/users-permissions/roles/{id}")]
pub(super) async fn update(
    req: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
    body: Body<LARGE>,
) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let input = role_input(&services.catalog, body.0)?;
    services
        .update_role(actor(&caller), role_id(&id)?, input)
        .await?;
    Ok(ok(json!({ "ok": true })))
}

/// Deletes a role; its users move to the public role.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("id" = i32, Path, minimum = 1, description = "Id of the role")),
    responses(
        (status = 200, description = "Deleted", body = doc::Done),
        doc::BadRequest,
        doc::Missing,
    ),
))]
#[permission("plugin::users-permissions.role.deleteRole")]
#[delete("/users-permissions/roles/{id}")]
pub(super) async fn delete(
    req: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse> {
    Worker::of(&req)?
        .shared
        .services
        .delete_role(actor(&caller), role_id(&id)?)
        .await?;
    Ok(ok(json!({ "ok": true })))
}

fn role_id(text: &str) -> Result<RoleId> {
    input::id(text).ok_or(Error::NotFound("Role not found"))
}

/// Keys beside these are ignored: clients send whole roles back.
fn role_input(catalog: &Catalog, content: Content) -> Result<RoleInput> {
    let fields = input::object(content)?;
    if fields.is_empty() {
        return Err(Error::validation("Request body cannot be empty"));
    }
    let mut checker = Checker::default();
    let name = optional_text(&mut checker, &fields, "name");
    let role_type = optional_text(&mut checker, &fields, "type");
    let description = match fields.get("description") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text.clone())),
        Some(_) => {
            checker.fail(&["description"], "description must be a `string` type");
            None
        }
    };
    checker.finish()?;
    let granted = fields
        .get("permissions")
        .map(|tree| tree::parse(catalog, tree))
        .transpose()?;
    Ok(RoleInput {
        name,
        description,
        role_type,
        granted,
    })
}

fn optional_text(checker: &mut Checker, fields: &Fields, name: &str) -> Option<String> {
    fields
        .contains_key(name)
        .then(|| checker.text(fields, name))
}
