//! `/auth/forgot-password`, `/auth/reset-password`, `/auth/change-password`.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde_json::json;

use super::account_input as input;
use super::auth_user::AuthUser;
use super::device::device;
#[cfg(feature = "openapi")]
use super::dto::LoginView;
use super::dto::ok;
use super::limits::{self, limited_body};
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::sessions::{session_of, signed_in};
use super::worker::Worker;
use crate::permission;

/// Mails a link that sets a new password; answers the same whoever has the address.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::AddressBody,
    responses((status = 200, description = "Taken", body = doc::Done), doc::BadBody, doc::Limited),
))]
#[permission("plugin::users-permissions.auth.forgotPassword", grant("public"))]
#[post("/auth/forgot-password")]
pub(super) async fn forgot_password(req: HttpRequest, payload: web::Payload) -> HttpResponse {
    limited_body(
        &req,
        payload,
        &limits::FORGOT_PASSWORD,
        async |counted, content| {
            let worker = Worker::of(&req)?;
            let services = &worker.shared.services;
            let email = input::forgot_password(content)?;
            counted
                .account(&services.account_key(email.as_str()))
                .await?;
            services.forgot_password(email).await?;
            Ok(ok(json!({ "ok": true })))
        },
    )
    .await
}

/// Sets a new password with a mailed code.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::NewPasswordBody,
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
#[permission("plugin::users-permissions.auth.resetPassword", grant("public"))]
#[post("/auth/reset-password")]
pub(super) async fn reset_password(req: HttpRequest, payload: web::Payload) -> HttpResponse {
    limited_body(
        &req,
        payload,
        &limits::RESET_PASSWORD,
        async |_, content| {
            let worker = Worker::of(&req)?;
            let services = &worker.shared.services;
            let (code, password) = input::reset_password(content)?;
            let device = device(&req, &services.config, None)?;
            let login = services.reset_password(code, password, device).await?;
            Ok(signed_in(login, services))
        },
    )
    .await
}

/// Changes the caller's password.
#[cfg_attr(feature = "openapi", utoipa::path(
    security(("bearer" = [])),
    request_body = doc::PasswordBody,
    responses(
        (status = 200, description = "The user with a new token", body = LoginView),
        doc::BadBody,
        doc::Limited,
    ),
))]
#[permission(
    "plugin::users-permissions.auth.changePassword",
    grant("authenticated")
)]
#[post("/auth/change-password")]
pub(super) async fn change_password(
    req: HttpRequest,
    user: AuthUser,
    payload: web::Payload,
) -> HttpResponse {
    limited_body(
        &req,
        payload,
        &limits::CHANGE_PASSWORD,
        async |counted, content| {
            let worker = Worker::of(&req)?;
            let services = &worker.shared.services;
            let update = input::change_password(content)?;
            counted.account(&user.id().to_string()).await?;
            let device = device(&req, &services.config, None)?;
            let login = services
                .change_password(user.id(), update, device, session_of(&user))
                .await?;
            Ok(signed_in(login, services))
        },
    )
    .await
}
