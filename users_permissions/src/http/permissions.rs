//! The catalog over HTTP: the tree, the routes, what is stale.

use actix_web::{HttpRequest, HttpResponse, delete, get, web};
use serde_json::{Value, json};

use super::auth_user::Caller;
use super::catalog::ServedRoute;
use super::dto::ok;
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::users::actor;
use super::worker::Worker;
use crate::error::Result;
use crate::permission;

/// The tree of every action, nothing enabled.
#[cfg_attr(feature = "openapi", utoipa::path(
    responses((status = 200, description = "The tree", body = doc::PermissionsAnswer)),
))]
#[permission("plugin::users-permissions.permissions.getPermissions")]
#[get("/users-permissions/permissions")]
pub(super) async fn permissions(req: HttpRequest) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    Ok(ok(
        json!({ "permissions": super::tree::render(&services.catalog, |_| false) }),
    ))
}

/// Every action with the URLs it is served under, the routes without one, and stale actions.
#[cfg_attr(feature = "openapi", utoipa::path(
    responses((status = 200, description = "Actions and routes", body = doc::RoutesAnswer)),
))]
#[permission("plugin::users-permissions.permissions.getRoutes")]
#[get("/users-permissions/routes")]
pub(super) async fn routes(req: HttpRequest) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let shared = &worker.shared;
    let known = shared.services.known_actions().await?;
    let map = shared.routes.snapshot();
    let route = |route: &ServedRoute| json!({ "method": route.method, "path": route.path });
    let served = map.served(&shared.services.catalog);
    let actions: Vec<Value> = served
        .iter()
        .map(|served| {
            json!({
                "action": served.action.name(),
                "description": served.action.description(),
                "open": served.action.is_open(),
                "known": known.contains(served.action.name()),
                "handler": served.action.handler(),
                "file": served.action.file(),
                "line": served.action.line(),
                "routes": served.routes.iter().map(route).collect::<Vec<_>>(),
            })
        })
        .collect();
    let coverage = map.coverage(&shared.services.catalog);
    let stale: Vec<_> = known
        .iter()
        .filter(|action| shared.services.catalog.position(action).is_none())
        .collect();
    Ok(ok(json!({
        "actions": actions,
        "unlisted": coverage.unlisted.iter().map(route).collect::<Vec<_>>(),
        "unlocated": coverage.unlocated,
        "stale": stale,
    })))
}

/// Removes a stale action and every grant of it.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("action" = String, Path, description = "The stale action, in its long form")),
    responses(
        (status = 200, description = "Removed", body = doc::Done),
        doc::BadRequest,
        doc::Missing,
    ),
))]
#[permission("plugin::users-permissions.permissions.deleteStale")]
#[delete("/users-permissions/permissions/{action}")]
pub(super) async fn delete_stale(
    req: HttpRequest,
    action: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse> {
    Worker::of(&req)?
        .shared
        .services
        .delete_stale_action(actor(&caller), action.into_inner())
        .await?;
    Ok(ok(json!({ "ok": true })))
}
