//! `/auth/…` and `/connect/…`.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, routes, web};

use super::body::{Body, SMALL};
use super::dto::{LoginView, ok};
use super::input;
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
    ),
))]
#[permission("plugin::users-permissions.auth.callback", grant("public"))]
#[routes]
#[post("/auth/local")]
#[get("/auth/{provider}/callback")]
pub(super) async fn callback(req: HttpRequest, body: Body<SMALL>) -> Result<HttpResponse> {
    if let Some(provider) = req.match_info().get("provider")
        && provider != "local"
    {
        return Err(Error::application("This provider is disabled"));
    }
    let (identifier, password) = input::login(body.0)?;
    let login = Worker::of(&req)?
        .shared
        .services
        .login(identifier, password)
        .await?;
    Ok(ok(LoginView::new(login)))
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
    ),
))]
#[permission("plugin::users-permissions.auth.register", grant("public"))]
#[post("/auth/local/register")]
pub(super) async fn register(req: HttpRequest, body: Body<SMALL>) -> Result<HttpResponse> {
    let services = &Worker::of(&req)?.shared.services;
    services.check_registration_open()?;
    let login = services.register(input::registration(body.0)?).await?;
    Ok(ok(LoginView::new(login)))
}

/// Starts a social login.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("provider" = String, Path, description = "Name of the provider")),
    responses(doc::BadRequest),
))]
#[permission("plugin::users-permissions.auth.connect", grant("public"))]
#[get("/connect/{provider:.*}")]
pub(super) async fn connect(_provider: web::Path<String>) -> Result<HttpResponse> {
    Err(Error::application("This provider is disabled"))
}

/// Routes whose use case is not there yet answer so after the permission check.
const NOT_YET: Error = Error::NotFound("Not Found");

/// Mails a link that sets a new password.
#[permission("plugin::users-permissions.auth.forgotPassword", grant("public"))]
#[post("/auth/forgot-password")]
pub(super) async fn forgot_password() -> Result<HttpResponse> {
    Err(NOT_YET)
}

/// Sets a new password with a mailed code.
#[permission("plugin::users-permissions.auth.resetPassword", grant("public"))]
#[post("/auth/reset-password")]
pub(super) async fn reset_password() -> Result<HttpResponse> {
    Err(NOT_YET)
}

/// Changes the caller's password.
#[permission(
    "plugin::users-permissions.auth.changePassword",
    grant("authenticated")
)]
#[post("/auth/change-password")]
pub(super) async fn change_password() -> Result<HttpResponse> {
    Err(NOT_YET)
}

/// Confirms an e-mail address with a mailed code.
#[permission("plugin::users-permissions.auth.emailConfirmation", grant("public"))]
#[get("/auth/email-confirmation")]
pub(super) async fn email_confirmation() -> Result<HttpResponse> {
    Err(NOT_YET)
}

/// Mails the confirmation link again.
#[permission(
    "plugin::users-permissions.auth.sendEmailConfirmation",
    grant("public")
)]
#[post("/auth/send-email-confirmation")]
pub(super) async fn send_email_confirmation() -> Result<HttpResponse> {
    Err(NOT_YET)
}

/// Exchanges a refresh token for a new pair; refresh mode only.
#[permission("plugin::users-permissions.auth.refresh", grant("public"))]
#[post("/auth/refresh")]
pub(super) async fn refresh() -> Result<HttpResponse> {
    Err(NOT_YET)
}

/// Ends sessions; refresh mode only.
#[permission("plugin::users-permissions.auth.logout", grant("authenticated"))]
#[post("/auth/logout")]
pub(super) async fn logout() -> Result<HttpResponse> {
    Err(NOT_YET)
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
