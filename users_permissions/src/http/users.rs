//! `/users/…`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};

use super::auth_user::{AuthUser, Caller};
use super::body::{Body, SMALL};
use super::dto::{UserView, json, ok};
use super::input;
use super::worker::Worker;
use crate::error::{Error, Result};
use crate::model::{Role, User, UserId};
use crate::permission;
use crate::services::Actor;

const NOT_FOUND: Error = Error::NotFound("User not found");

/// The calling user.
#[permission("plugin::users-permissions.user.me", grant("authenticated"))]
#[get("/users/me")]
pub(super) async fn me(req: HttpRequest, caller: AuthUser) -> Result<HttpResponse> {
    let (user, role) = Worker::of(&req)?.shared.services.user(caller.id()).await?;
    let shown = (asks_for_role(&req) && may_see_role(&caller)).then_some(&role);
    Ok(ok(UserView::new(user, shown)))
}

/// The number of users.
#[permission("plugin::users-permissions.user.count")]
#[get("/users/count")]
pub(super) async fn count() -> Result<HttpResponse> {
    Err(Error::NotFound("Not Found"))
}

/// Lists users.
#[permission("plugin::users-permissions.user.find")]
#[get("/users")]
pub(super) async fn find() -> Result<HttpResponse> {
    Err(Error::NotFound("Not Found"))
}

/// One user.
#[permission("plugin::users-permissions.user.findOne")]
#[get("/users/{id}")]
pub(super) async fn find_one(
    req: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse> {
    let (user, role) = Worker::of(&req)?
        .shared
        .services
        .user(user_id(&id)?)
        .await?;
    let may_see = caller.user().is_some_and(may_see_role);
    Ok(ok(UserView::new(
        user,
        (asks_for_role(&req) && may_see).then_some(&role),
    )))
}

/// Creates a user.
#[permission("plugin::users-permissions.user.create")]
#[post("/users")]
pub(super) async fn create(
    req: HttpRequest,
    caller: Caller,
    body: Body<SMALL>,
) -> Result<HttpResponse> {
    let services = &Worker::of(&req)?.shared.services;
    let created = services
        .create_user(actor(&caller), input::new_account(body.0)?)
        .await?;
    Ok(json(StatusCode::CREATED, written(created, &caller)))
}

/// Changes a user.
#[permission("plugin::users-permissions.user.update")]
#[put("/users/{id}")]
pub(super) async fn update(
    req: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
    body: Body<SMALL>,
) -> Result<HttpResponse> {
    let services = &Worker::of(&req)?.shared.services;
    let changed = services
        .update_user(actor(&caller), user_id(&id)?, input::user_change(body.0)?)
        .await?;
    Ok(ok(written(changed, &caller)))
}

/// Deletes a user.
#[permission("plugin::users-permissions.user.destroy")]
#[delete("/users/{id}")]
pub(super) async fn destroy(
    req: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse> {
    let services = &Worker::of(&req)?.shared.services;
    let (user, _) = services.delete_user(actor(&caller), user_id(&id)?).await?;
    Ok(ok(UserView::new(user, None)))
}

/// Who acts, for the rules about handing out rights.
pub(super) fn actor(caller: &Caller) -> Actor {
    caller
        .user()
        .map_or(Actor::Public, |user| Actor::User(user.role().id))
}

fn user_id(text: &str) -> Result<UserId> {
    input::id(text).ok_or(NOT_FOUND)
}

/// Writes answer the role unasked, to those who may read roles.
fn written((user, role): (User, Role), caller: &Caller) -> UserView {
    UserView::new(
        user,
        caller.user().is_some_and(may_see_role).then_some(&role),
    )
}

fn may_see_role(user: &AuthUser) -> bool {
    user.can("plugin::users-permissions.role.find")
}

/// `populate=role`, `populate=*`, `populate[0]=role`, `populate[role]=…`.
fn asks_for_role(req: &HttpRequest) -> bool {
    url::form_urlencoded::parse(req.query_string().as_bytes()).any(|(key, value)| {
        let named = value.split(',').any(|part| part == "role" || part == "*");
        key.starts_with("populate[role]")
            || ((key == "populate" || key.starts_with("populate[")) && named)
    })
}
