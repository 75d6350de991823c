//! The description over HTTP, and Swagger UI to read it with, all of it from the binary.

use std::sync::Arc;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ContentEncoding, REFERRER_POLICY,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, routes};

use super::Missing;
use crate::error::{Error, Result};
use crate::http::worker::Worker;
use crate::permission;

const HTML: &str = include_str!("page/page.html");
const SCRIPT: &str = include_str!("page/page.js");
const STYLE: &str = include_str!("page/page.css");

/// Nothing but what comes from here, and nobody may frame it. Images may be part of style sheets.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The files of Swagger UI the page is made of.
const SWAGGER_UI: [&str; 3] = [
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "favicon-32x32.png",
];
/// They change with a release of the application only.
const A_DAY: &str = "public, max-age=86400";

/// This description.
///
/// In development everybody may read it from the first start on.
#[utoipa::path(responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
#[permission("plugin::users-permissions.openapi.getDocument")]
#[get("/openapi.json")]
pub(in crate::http) async fn document(req: HttpRequest) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let shared = &worker.shared;
    let services = &shared.services;
    let json = shared
        .api
        .json(&shared.routes, &services.catalog, &services.config)?;
    Ok(HttpResponse::Ok()
        .content_type("application/json; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(json))
}

/// A page that shows the description and tries operations out.
///
/// It tells nothing itself: where the description may not be read without a token, it asks to sign in.
#[utoipa::path(
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
)]
#[permission("plugin::users-permissions.openapi.getPage", auth = false)]
#[routes]
#[get("/docs")]
#[get("/docs/{file:.*}")]
pub(in crate::http) async fn page(req: HttpRequest) -> Result<HttpResponse> {
    match req.match_info().get("file") {
        None => Ok(html("docs/")),
        Some("" | "index.html") => Ok(html("")),
        Some("page.js") => Ok(text("text/javascript; charset=utf-8", SCRIPT)),
        Some("page.css") => Ok(text("text/css; charset=utf-8", STYLE)),
        Some(name) if SWAGGER_UI.contains(&name) => swagger_ui(name),
        Some(_) => Err(Error::NotFound("Not Found")),
    }
}

/// A file of the page.
#[utoipa::path(
    get,
    path = "/docs/{file}",
    params(("file" = String, Path, description = "Name of the file", example = "page.js")),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/html"),
            (String = "text/javascript"),
            (String = "text/css"),
            (Vec<u8> = "image/png"),
        )),
        Missing,
    )
)]
#[allow(dead_code)] // Described only: the handler of the page serves its files, too.
pub(super) fn page_file() {}

/// The page; its files are found from its own URL, which may or may not end with a slash.
fn html(files: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(HTML.replace("{files}", files))
}

fn text(media_type: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(Bytes::from_static(text.as_bytes()))
}

fn swagger_ui(name: &str) -> Result<HttpResponse> {
    let found = utoipa_swagger_ui::serve(name, Arc::default());
    let file = found
        .map_err(|error| Error::internal(error.to_string()))?
        .ok_or(Error::NotFound("Not Found"))?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(file.content_type)
        .insert_header((CACHE_CONTROL, A_DAY));
    // Kept compressed in the binary; every browser takes it so.
    if file.gzpipped {
        response.insert_header((CONTENT_ENCODING, ContentEncoding::Gzip));
    }
    Ok(response.body(match file.bytes {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    }))
}
