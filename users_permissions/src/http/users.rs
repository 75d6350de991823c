//! `/users/…`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};

use super::auth_user::{AuthUser, Caller};
use super::body::{Body, SMALL};
use super::dto::{UserView, json, ok};
use super::input;
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::shape::{UserRequest, may_see_roles};
use super::worker::Worker;
use crate::error::{Error, Result};
use crate::model::{ProfileField, UserId};
use crate::permission;
use crate::services::{Account, Actor};

const NOT_FOUND: Error = Error::NotFound("User not found");

/// The calling user.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(doc::UserShape),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The user", body = doc::ShownUser),
        doc::BadRequest,
        doc::Missing,
    ),
))]
#[permission("plugin::users-permissions.user.me", grant("authenticated"))]
#[get("/users/me")]
pub(super) async fn me(req: HttpRequest, caller: AuthUser) -> Result<HttpResponse> {
    let id = caller.id();
    answer_one(&req, id, &Caller::User(caller)).await
}

/// The number of users a filter finds.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(doc::UserCount),
    responses(
        (status = 200, description = "The number", body = i64, content_type = "application/json"),
        doc::BadRequest,
    ),
))]
#[permission("plugin::users-permissions.user.count")]
#[get("/users/count")]
pub(super) async fn count(req: HttpRequest, caller: Caller) -> Result<HttpResponse> {
    let request = UserRequest::parse(&req, &caller)?;
    Ok(ok(Worker::of(&req)?
        .shared
        .services
        .count_users(request.query)
        .await?))
}

/// Lists users.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(doc::UserList),
    responses((status = 200, description = "Users", body = Vec<doc::ShownUser>), doc::BadRequest),
))]
#[permission("plugin::users-permissions.user.find")]
#[get("/users")]
pub(super) async fn find(req: HttpRequest, caller: Caller) -> Result<HttpResponse> {
    let request = UserRequest::parse(&req, &caller)?;
    let users = Worker::of(&req)?
        .shared
        .services
        .users(request.query.clone())
        .await?;
    let shown: Result<Vec<_>> = users
        .into_iter()
        .map(|account| request.show(account))
        .collect();
    Ok(ok(shown?))
}

/// One user.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("id" = i32, Path, minimum = 1, description = "Id of the user"), doc::UserShape),
    responses(
        (status = 200, description = "The user", body = doc::ShownUser),
        doc::BadRequest,
        doc::Missing,
    ),
))]
#[permission("plugin::users-permissions.user.findOne")]
#[get("/users/{id}")]
pub(super) async fn find_one(
    req: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse> {
    answer_one(&req, user_id(&id)?, &caller).await
}

async fn answer_one(req: &HttpRequest, id: UserId, caller: &Caller) -> Result<HttpResponse> {
    let request = UserRequest::parse(req, caller)?;
    let worker = Worker::of(req)?;
    let services = &worker.shared.services;
    let account = services.user(id).await?;
    if !services.user_matches(id, request.query.clone()).await? {
        return Err(NOT_FOUND);
    }
    Ok(ok(request.show(account)?))
}

/// Creates a user.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::NewUserBody,
    responses((status = 201, description = "The new user", body = UserView), doc::BadBody),
))]
#[permission("plugin::users-permissions.user.create")]
#[post("/users")]
pub(super) async fn create(
    req: HttpRequest,
    caller: Caller,
    body: Body<SMALL>,
) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let declared = &services.config.profile_fields;
    let account = input::new_account(body.0, declared)?;
    let created = services.create_user(actor(&caller), account).await?;
    Ok(json(
        StatusCode::CREATED,
        written(created, &caller, declared),
    ))
}

/// Changes a user.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("id" = i32, Path, minimum = 1, description = "Id of the user")),
    request_body = doc::UserBody,
    responses(
        (status = 200, description = "The changed user", body = UserView),
        doc::BadBody,
        doc::Missing,
        doc::Outdated,
    ),
))]
#[permission("plugin::users-permissions.user.update")]
#[put("/users/{id}")]
pub(super) async fn update(
    req: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
    body: Body<SMALL>,
) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let declared = &services.config.profile_fields;
    let (id, change) = (user_id(&id)?, input::user_change(body.0, declared)?);
    let changed = services.update_user(actor(&caller), id, change).await?;
    Ok(ok(written(changed, &caller, declared)))
}

/// Deletes a user.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("id" = i32, Path, minimum = 1, description = "Id of the user")),
    responses(
        (status = 200, description = "The deleted user", body = UserView),
        doc::BadRequest,
        doc::Missing,
        doc::Outdated,
    ),
))]
#[permission("plugin::users-permissions.user.destroy")]
#[delete("/users/{id}")]
pub(super) async fn destroy(
    req: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let deleted = services.delete_user(actor(&caller), user_id(&id)?).await?;
    Ok(ok(UserView::new(
        deleted.user,
        &services.config.profile_fields,
    )))
}

/// Who acts, for the rules about handing out rights.
pub(super) fn actor(caller: &Caller) -> Actor {
    caller.actor()
}

fn user_id(text: &str) -> Result<UserId> {
    input::id(text).ok_or(NOT_FOUND)
}

/// Writes answer the roles unasked, to those who may read roles.
fn written(account: Account, caller: &Caller, declared: &[ProfileField]) -> UserView {
    let view = UserView::new(account.user, declared);
    if may_see_roles(caller) {
        view.with_roles(&account.roles)
    } else {
        view
    }
}
