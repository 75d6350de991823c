use actix_web::HttpResponse;
use users_permissions::permission;

#[permission("api::article.find")]
pub fn find() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[permission("api::article.create")]
unsafe fn create() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {}
