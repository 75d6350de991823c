//! `/auth/identities`: the providers a user has linked.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde_json::{Value, json};

use super::auth_user::AuthUser;
use super::dto::{IdentitiesView, ok};
use super::input::{self, Checker};
use super::limits::{self, limited, limited_body};
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::sessions::session_of;
use super::worker::Worker;
use crate::config::Secret;
use crate::error::Error;
use crate::permission;
use crate::services::{NewLink, SignedIn};

/// The providers the caller has linked, oldest first.
#[cfg_attr(feature = "openapi", utoipa::path(
    responses((status = 200, description = "The identities", body = IdentitiesView)),
))]
#[permission("plugin::users-permissions.identities.find", grant("authenticated"))]
#[get("/auth/identities")]
pub(super) async fn find(req: HttpRequest, user: AuthUser) -> Result<HttpResponse, Error> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    Ok(ok(IdentitiesView::new(
        services.identities(user.id()).await?,
    )))
}

/// Links a provider: after a login there, with the `access_token` the front end was called with.
///
/// Whoever has a password has to send it; whoever has none has to have signed in within the last ten minutes.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::LinkBody,
    responses(
        (status = 200, description = "The identities", body = IdentitiesView),
        doc::BadBody,
        doc::Limited,
    ),
))]
#[permission("plugin::users-permissions.identities.link", grant("authenticated"))]
#[post("/auth/identities")]
pub(super) async fn link(req: HttpRequest, user: AuthUser, payload: web::Payload) -> HttpResponse {
    limited_body(&req, payload, &limits::LINK, async |counted, content| {
        counted.account(&user.id().to_string()).await?;
        let allowed = [
            "provider",
            "access_token",
            "code_verifier",
            "currentPassword",
        ];
        let fields = input::only(content, &allowed)?;
        let mut checker = Checker::default();
        let provider = checker.text(&fields, "provider");
        let ticket = checker.text(&fields, "access_token");
        checker.finish()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let link = NewLink {
            provider,
            ticket: Some(ticket),
            verifier: text("code_verifier").map(str::to_owned),
            password: text("currentPassword").map(Secret::from),
            signed_in: signed_in(&user),
        };
        let worker = Worker::of(&req)?;
        let services = &worker.shared.services;
        let identities = services.link_identity(user.id(), link).await?;
        Ok(ok(IdentitiesView::new(identities)))
    })
    .await
}

/// Unlinks a provider; never the last way to sign in.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("identity" = i32, Path, description = "Id of the identity")),
    responses(
        (status = 200, description = "It is unlinked", body = doc::Ended),
        doc::BadRequest,
        doc::Missing,
        doc::Limited,
    ),
))]
#[permission("plugin::users-permissions.identities.unlink", grant("authenticated"))]
#[delete("/auth/identities/{identity}")]
pub(super) async fn unlink(
    req: HttpRequest,
    user: AuthUser,
    identity: web::Path<String>,
) -> HttpResponse {
    limited(&req, &limits::LINK, async |_| {
        let id = input::id(&identity).ok_or(Error::NotFound("Identity not found"))?;
        let worker = Worker::of(&req)?;
        let services = &worker.shared.services;
        services.unlink_identity(None, user.id(), id).await?;
        Ok(ok(json!({ "data": {} })))
    })
    .await
}

/// By what the caller is signed in. A token of ours without a session is made by a login; an issuer renews its
/// tokens, and says in `auth_time` when somebody signed in.
fn signed_in(user: &AuthUser) -> SignedIn {
    let number = |name: &str| user.claims().get(name).and_then(Value::as_u64);
    let text = |name: &str| user.claims().get(name).and_then(Value::as_str);
    match (user.issuer(), session_of(user)) {
        (Some(issuer), _) => SignedIn::Attested {
            issuer: issuer.to_owned(),
            subject: text("sub").unwrap_or_default().to_owned(),
            since: number("auth_time"),
        },
        (None, Some(session)) => SignedIn::Session(session),
        (None, None) => SignedIn::Token {
            version: number("ver")
                .and_then(|ver| i32::try_from(ver).ok())
                .unwrap_or_default(),
            since: number("iat"),
        },
    }
}
