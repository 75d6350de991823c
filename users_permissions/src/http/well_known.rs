//! What others read to verify our tokens, at the place where they look for it.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, get, web};

use super::worker::Worker;
use crate::error::Result;
use crate::permission;

/// Registers the public documents at the root of an application.
pub(crate) fn configure_root(config: &mut web::ServiceConfig) {
    config.service(key_set);
}

/// The public keys that verify access tokens (RFC 7517); none unless key pairs are configured.
#[cfg_attr(feature = "openapi", utoipa::path(responses((status = 200, description = "The key set", body = Object))))]
#[permission("plugin::users-permissions.keys.getJwks", auth = false)]
#[get("/.well-known/jwks.json")]
pub(super) async fn key_set(req: HttpRequest) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let keys = worker.shared.services.tokens.key_set();
    Ok(HttpResponse::Ok()
        .content_type("application/json; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(keys.to_owned()))
}
