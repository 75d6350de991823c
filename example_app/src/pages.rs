//! A front end without a build step: the files of `pages/`, out of the binary.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpResponse, Responder, get, web};
use serde::Serialize;
use users_permissions::openapi::Missing;
use users_permissions::openapi::utoipa::{self, ToSchema};
use users_permissions::{Error, UsersPermissions, permission};

/// Everything is our own and in files: nothing inline, nothing from elsewhere, no form that leaves without script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

macro_rules! files {
    ($($name:literal: $kind:expr),* $(,)?) => {
        &[$(($name, $kind, include_str!(concat!("../pages/", $name)))),*]
    };
}

/// Name, type and content.
const FILES: &[(&str, &str, &str)] = files! {
    "login.html": HTML, "register.html": HTML, "forgot-password.html": HTML, "reset-password.html": HTML,
    "redirect.html": HTML, "profile.html": HTML, "pages.css": STYLE,
    "api.js": SCRIPT, "form.js": SCRIPT, "providers.js": SCRIPT, "login.js": SCRIPT, "register.js": SCRIPT,
    "forgot-password.js": SCRIPT, "reset-password.js": SCRIPT, "redirect.js": SCRIPT, "profile.js": SCRIPT,
};

/// What the application serves.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(redirect).service(buttons).service(file);
}

/// Where a login at a provider returns to.
#[utoipa::path(
    params(("provider" = String, Path, description = "Name of the provider", example = "github")),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"), Missing),
)]
#[permission("api::page.redirect", auth = false)]
#[get("/connect/{provider}/redirect")]
async fn redirect() -> Result<impl Responder, Error> {
    answer("redirect")
}

/// The providers that can be signed in with now; the pages have buttons for them.
#[utoipa::path(responses((status = 200, description = "The providers", body = Vec<Button>)))]
#[permission("api::page.buttons", auth = false)]
#[get("/pages/providers.json")]
async fn buttons(up: web::Data<UsersPermissions>) -> impl Responder {
    let enabled = up.enabled_providers().into_iter();
    let buttons = enabled.map(|provider| Button {
        name: provider.name,
        display_name: provider.display_name,
        icon: provider.icon,
    });
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .json(buttons.collect::<Vec<_>>())
}

/// A provider that can be signed in with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Button {
    #[schema(example = "github")]
    name: String,
    #[schema(example = "GitHub")]
    display_name: String,
    #[schema(example = "github")]
    icon: String,
}

/// The pages of an account (`login`, `register`, `forgot-password`, `reset-password`, `profile`), their scripts and style.
#[utoipa::path(
    params(("file" = String, Path, description = "Name of the file", example = "login")),
    responses(
        (status = 200, description = "The file", content((String = "text/css"), (String = "text/javascript"), (String = "text/html"))),
        Missing,
    ),
)]
#[permission("api::page.file", auth = false)]
#[get("/pages/{file}")]
async fn file(name: web::Path<String>) -> Result<impl Responder, Error> {
    answer(&name)
}

fn answer(name: &str) -> Result<HttpResponse, Error> {
    let found = FILES
        .iter()
        .find(|(known, ..)| known.strip_suffix(".html").unwrap_or(known) == name);
    let (_, kind, content) = found.ok_or(Error::NotFound("Not Found"))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, *kind))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(*content))
}
