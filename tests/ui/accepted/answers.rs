//! Whatever actix-web can answer with.
use std::fmt;

use actix_web::{App, Either, HttpResponse, Responder, ResponseError, get, post, web};
use users_permissions::permission;

#[derive(Debug)]
struct AppError;

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl ResponseError for AppError {}

#[permission("api::answer.plain")]
#[get("/plain")]
async fn plain() -> impl Responder {
    "text"
}

#[permission("api::answer.fallible")]
#[get("/fallible")]
async fn fallible() -> Result<HttpResponse, actix_web::Error> {
    let id: u32 = "7".parse().map_err(actix_web::error::ErrorBadRequest)?;
    Ok(HttpResponse::Ok().body(id.to_string()))
}

#[permission("api::answer.own")]
#[get("/own")]
async fn own(early: web::Query<Vec<(String, String)>>) -> Result<impl Responder, AppError> {
    if early.is_empty() {
        return Err(AppError);
    }
    Ok(HttpResponse::Ok())
}

#[permission("api::answer.either")]
#[post("/either")]
async fn either(body: Either<web::Bytes, String>) -> Either<HttpResponse, web::Bytes> {
    match body {
        Either::Left(bytes) => Either::Right(bytes),
        Either::Right(_) => Either::Left(HttpResponse::NoContent().finish()),
    }
}

#[test]
fn is_accepted() {
    let _ = App::new()
        .service(plain)
        .service(fallible)
        .service(own)
        .service(either);
}
