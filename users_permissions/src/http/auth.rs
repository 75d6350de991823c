//! `/auth/local…`.

use actix_web::{HttpRequest, HttpResponse, post, routes, web};

use super::connect;
use super::device::device;
#[cfg(feature = "openapi")]
use super::dto::LoginView;
use super::input;
use super::limits::{self, limited_body};
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::sessions::signed_in;
use super::worker::Worker;
use crate::model::new_document_id;
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
        Some(provider) if provider != "local" => connect::redeem(&req, provider).await,
        _ => local(req, payload).await,
    }
}

async fn local(req: HttpRequest, payload: web::Payload) -> HttpResponse {
    limited_body(&req, payload, &limits::LOGIN, async |counted, content| {
        let worker = Worker::of(&req)?;
        let services = &worker.shared.services;
        let (identifier, password, device_id) = input::login(content)?;
        let attempt = services.attempt(identifier).await?;
        counted.account(attempt.account()).await?;
        let device = device(&req, &services.config, device_id)?;
        let login = services.login(attempt, password, device).await?;
        Ok(signed_in(login, services))
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
            let worker = Worker::of(&req)?;
            let services = &worker.shared.services;
            services.check_registration_open()?;
            let registration = input::registration(content, &services.config)?;
            let account = services.account_key(registration.email.as_str());
            counted.account(&account).await?;
            // As Strapi does: no client names the device it registers from.
            let device = device(&req, &services.config, Some(new_document_id()))?;
            let login = services.register(registration, device).await?;
            Ok(signed_in(login, services))
        },
    )
    .await
}
