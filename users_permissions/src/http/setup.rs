//! The page behind the one-time set-up link.

#[cfg(feature = "admin")]
use actix_web::http::header::{ACCEPT, LOCATION};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;

use super::body::Content;
use super::dto::{UserView, ok};
use super::input::{self, Checker};
use super::limits::{self, limited_body};
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::worker::Worker;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::Email;
use crate::permission;

#[derive(Deserialize)]
struct Link {
    token: Option<String>,
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:10vh auto;padding:0 1rem}\
label{display:block;margin:1rem 0}input{display:block;width:100%;box-sizing:border-box;padding:.5rem;font:inherit}\
button{padding:.5rem 1rem;font:inherit}";

/// Shows the form of the first administrator; opening it uses nothing up.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("token" = Option<String>, Query, description = "The code of the link")),
    responses(
        (status = 200, description = "The form", body = String, content_type = "text/html"),
        doc::BadRequest,
    ),
))]
#[permission("plugin::users-permissions.setup.page", auth = false)]
#[get("/users-permissions/setup")]
pub(super) async fn page(_req: HttpRequest, link: web::Query<Link>) -> HttpResponse {
    // Hexadecimal or nothing: what comes from the URL goes into the page.
    let token = link
        .token
        .as_deref()
        .filter(|token| token.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .unwrap_or_default();
    #[cfg(feature = "admin")]
    if let Some(page) = nicer_page(&_req) {
        return HttpResponse::SeeOther()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((REFERRER_POLICY, "no-referrer"))
            .insert_header((LOCATION, format!("{page}?token={token}")))
            .finish();
    }
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ))
        .body(format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>First administrator</title><style>{STYLE}</style><h1>First administrator</h1><form method=\"post\">\
<input type=\"hidden\" name=\"token\" value=\"{token}\">\
<label>User name<input name=\"username\" autocomplete=\"username\" minlength=\"3\" required></label>\
<label>E-mail<input name=\"email\" type=\"email\" autocomplete=\"email\" required></label>\
<label>Password<input name=\"password\" type=\"password\" autocomplete=\"new-password\" required></label>\
<button>Create</button></form></html>"
        ))
}

/// The page among those for administrators, for a browser and where they are served.
#[cfg(feature = "admin")]
fn nicer_page(req: &HttpRequest) -> Option<String> {
    const ACTION: &str = "plugin::users-permissions.admin.setUp";
    let accepted = req.headers().get(ACCEPT)?.to_str().ok()?;
    let worker = Worker::of(req).ok()?;
    let found = worker
        .shared
        .routes
        .with(|map| map.path_of(ACTION))
        .flatten();
    found.filter(|_| accepted.contains("text/html"))
}

/// Creates the first administrator for whoever holds the link.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::SetupBody,
    responses(
        (status = 200, description = "The administrator", body = UserView),
        doc::BadBody,
        doc::Limited,
        doc::Unavailable,
    ),
))]
#[permission("plugin::users-permissions.setup.submit", auth = false)]
#[post("/users-permissions/setup")]
pub(super) async fn submit(req: HttpRequest, payload: web::Payload) -> HttpResponse {
    limited_body(&req, payload, &limits::SET_UP, async |_, content| {
        set_up(&req, content).await
    })
    .await
}

async fn set_up(req: &HttpRequest, content: Content) -> Result<HttpResponse> {
    let fields = input::only(content, &["token", "username", "email", "password"])?;
    let mut checker = Checker::default();
    let (token, username) = (
        checker.text(&fields, "token"),
        checker.text(&fields, "username"),
    );
    let (email, password) = (
        checker.text(&fields, "email"),
        checker.text(&fields, "password"),
    );
    checker.finish()?;
    let email =
        Email::parse(&email).map_err(|_| Error::field("email", "email must be a valid email"))?;
    let worker = Worker::of(req)?;
    let services = &worker.shared.services;
    let user = services
        .set_up(Secret::from(token), username, email, Secret::from(password))
        .await?;
    Ok(ok(UserView::new(user, &services.config.profile_fields)))
}
