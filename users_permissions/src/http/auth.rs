//! `/auth/…` and `/connect/…`.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, routes, web};

use super::dto::{LoginView, ok};
use super::input;
use super::limits::{self, limited, limited_body};
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::worker::Worker;
use crate::error::{Error, Result};
use crate::permission;

/// Signs a user in by password, or finishes a social login.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::LoginBody,
    responses(
        (status = 200, description = "The user with a token", body = LoginView),
        doc::BadBody,
        doc::Limited,
    ),
))]
#[permission("plugin::users-permissions.auth.callback", grant("public"))]
#[routes]
#[post("/auth/local")]
#[get("/auth/{provider}/callback")]
pub(super) async fn callback(req: HttpRequest, payload: web::Payload) -> HttpResponse {
    match req.match_info().get("provider") {
        Some(provider) if provider != "local" => {
            limited(&req, &limits::PROVIDER_LOGIN, async |_| {
                Err(provider_disabled())
            })
            .await
        }
        _ => local(req, payload).await,
    }
}

async fn local(req: HttpRequest, payload: web::Payload) -> HttpResponse {
    limited_body(&req, payload, &limits::LOGIN, async |counted, content| {
        let services = &Worker::of(&req)?.shared.services;
        let (identifier, password) = input::login(content)?;
        counted.account(&services.account_key(&identifier)).await?;
        let login = services.login(identifier, password).await?;
        Ok(ok(LoginView::new(login, &services.config.profile_fields)))
    })
    .await
}

/// Registers a new user.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::RegistrationBody,
    responses(
        (
            status = 200,
            description = "The user, with a token unless the address has to be confirmed",
            body = LoginView,
        ),
        doc::BadBody,
        doc::Limited,
    ),
))]
#[permission("plugin::users-permissions.auth.register", grant("public"))]
#[post("/auth/local/register")]
pub(super) async fn register(req: HttpRequest, payload: web::Payload) -> HttpResponse {
    limited_body(
        &req,
        payload,
        &limits::REGISTER,
        async |counted, content| {
            let services = &Worker::of(&req)?.shared.services;
            services.check_registration_open()?;
            let registration = input::registration(content, &services.config)?;
            let account = services.account_key(registration.email.as_str());
            counted.account(&account).await?;
            let login = services.register(registration).await?;
            Ok(ok(LoginView::new(login, &services.config.profile_fields)))
        },
    )
    .await
}

/// Starts a social login.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("provider" = String, Path, description = "Name of the provider")),
    responses(doc::BadRequest, doc::Limited),
))]
#[permission("plugin::users-permissions.auth.connect", grant("public"))]
#[get("/connect/{provider:.*}")]
pub(super) async fn connect(req: HttpRequest, _provider: web::Path<String>) -> HttpResponse {
    limited(&req, &limits::CONNECT, async |_| Err(provider_disabled())).await
}

fn provider_disabled() -> Error {
    Error::application("This provider is disabled")
}

/// Routes whose use case is not there yet answer so after the permission check.
const NOT_YET: Error = Error::NotFound("Not Found");

/// Exchanges a refresh token for a new pair; refresh mode only.
#[permission("plugin::users-permissions.auth.refresh", grant("public"))]
#[post("/auth/refresh")]
pub(super) async fn refresh(req: HttpRequest) -> HttpResponse {
    limited(&req, &limits::REFRESH, async |_| Err(NOT_YET)).await
}

/// Ends sessions; refresh mode only.
#[permission("plugin::users-permissions.auth.logout", grant("authenticated"))]
#[post("/auth/logout")]
pub(super) async fn logout(req: HttpRequest) -> HttpResponse {
    limited(&req, &limits::LOGOUT, async |_| Err(NOT_YET)).await
}

/// Lists the caller's sessions; refresh mode only.
#[permission("plugin::users-permissions.auth.getSessions", grant("authenticated"))]
#[get("/auth/sessions")]
pub(super) async fn get_sessions() -> Result<HttpResponse> {
    Err(NOT_YET)
}

/// Ends one of the caller's sessions; refresh mode only.
#[permission("plugin::users-permissions.auth.revokeSession", grant("authenticated"))]
#[delete("/auth/sessions/{session}")]
pub(super) async fn revoke_session(_session: web::Path<String>) -> Result<HttpResponse> {
    Err(NOT_YET)
}
