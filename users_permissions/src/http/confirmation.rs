//! `/auth/email-confirmation` and `/auth/send-email-confirmation`.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, get, post, web};
use serde_json::json;

use super::account_input as input;
use super::dto::ok;
use super::limits::{self, limited, limited_body};
use super::middleware::AskedByHead;
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::worker::Worker;
use crate::permission;

/// Confirms an e-mail address with a mailed code; signs nobody in. HEAD does nothing: those who look
/// at links before people do use it.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("confirmation" = String, Query, min_length = 1, description = "The code of the link")),
    responses(
        (
            status = 302,
            description = "Confirmed",
            headers(("Location" = String, description = "Page of the settings")),
        ),
        doc::BadRequest,
        doc::Limited,
    ),
))]
#[permission("plugin::users-permissions.auth.emailConfirmation", grant("public"))]
#[get("/auth/email-confirmation")]
pub(super) async fn email_confirmation(req: HttpRequest) -> HttpResponse {
    limited(&req, &limits::EMAIL_CONFIRMATION, async |_| {
        if req.extensions().get::<AskedByHead>().is_some() {
            return Ok(HttpResponse::Ok().finish());
        }
        let worker = Worker::of(&req)?;
        let services = &worker.shared.services;
        services
            .confirm_email(input::confirmation(req.query_string())?)
            .await?;
        Ok(HttpResponse::Found()
            .insert_header((LOCATION, services.confirmation_target()))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish())
    })
    .await
}

/// Mails the confirmation link again; answers the same whoever has the address.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::ConfirmationBody,
    responses(
        (status = 200, description = "Taken", body = doc::SentAnswer),
        doc::BadBody,
        doc::Limited,
    ),
))]
#[permission(
    "plugin::users-permissions.auth.sendEmailConfirmation",
    grant("public")
)]
#[post("/auth/send-email-confirmation")]
pub(super) async fn send_email_confirmation(
    req: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    limited_body(
        &req,
        payload,
        &limits::SEND_EMAIL_CONFIRMATION,
        async |counted, content| {
            let worker = Worker::of(&req)?;
            let services = &worker.shared.services;
            let (sent, email) = input::send_confirmation(content)?;
            counted
                .account(&services.account_key(email.as_str()))
                .await?;
            services.send_confirmation(email).await?;
            Ok(ok(json!({ "email": sent, "sent": true })))
        },
    )
    .await
}
