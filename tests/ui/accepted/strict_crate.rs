//! Generated code keeps the rules of a strict crate.
#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    unused,
    rust_2018_idioms,
    unreachable_pub,
    unused_qualifications
)]
#![deny(
    missing_debug_implementations,
    let_underscore_drop,
    elided_lifetimes_in_paths
)]

use actix_web::{App, HttpResponse, get, post, web};
use users_permissions::permission;

/// Articles.
///
/// With an example: `GET /articles`.
#[permission("api::article.find")]
#[get("/articles")]
async fn find() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[doc = "Makes an article."]
#[permission("api::article.create")]
#[post("/articles")]
#[allow(unused_variables)]
async fn create(body: web::Json<String>) -> HttpResponse {
    HttpResponse::Created().finish()
}

/// Nobody serves this one.
#[permission("api::article.forgotten")]
#[allow(dead_code)]
async fn forgotten() -> HttpResponse {
    HttpResponse::Created().finish()
}

/// Serves generic things.
#[permission("api::article.generic")]
#[expect(unused_mut, reason = "levels of lints reach the original function")]
async fn generic<T: Clone>(mut body: web::Data<T>) -> HttpResponse {
    drop(T::clone(&body));
    HttpResponse::Ok().finish()
}

#[test]
fn is_accepted() {
    drop(
        App::new()
            .service(find)
            .service(create)
            .route("/g", web::get().to(generic::<u32>)),
    );
}
