//! What is no business of `#[permission]` stays with the original function or is obeyed.
use actix_web::{App, HttpResponse, get, web};
use users_permissions::permission;

macro_rules! handler {
    ($name:ident, $action:literal, $path:literal) => {
        #[permission($action)]
        #[get($path)]
        async fn $name() -> HttpResponse {
            HttpResponse::Ok().finish()
        }
    };
}

handler!(one, "api::made.one", "/one");
handler!(two, "api::made.two", "/two");

#[permission("api::made.absent")]
#[cfg(any())]
#[get("/absent")]
async fn absent() -> DoesNotExist {}

#[permission("api::made.present")]
#[cfg_attr(all(), get("/present"))]
#[inline]
#[must_use]
async fn present(#[allow(unused_variables)] id: web::Query<Vec<(String, String)>>) -> HttpResponse {
    #![allow(unused_mut)]
    let mut response = HttpResponse::Ok();
    response.finish()
}

#[permission("api::made.recursive")]
async fn recursive(depth: web::Path<u32>) -> String {
    match *depth {
        0 => String::new(),
        depth => Box::pin(recursive((depth - 1).into())).await,
    }
}

#[test]
fn is_accepted() {
    let _ = App::new()
        .service(one)
        .service(two)
        .service(present)
        .route("/recursive/{depth}", web::get().to(recursive));
}
