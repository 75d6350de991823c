use actix_web::{HttpResponse, get};
use users_permissions::permission;

#[permission("api::article.find")]
#[get("/articles")]
#[permission("api::article.list")]
async fn find() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[permission("api::article.one")]
#[users_permissions::permission("api::article.two")]
async fn plain() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = actix_web::App::new().service(find);
}
