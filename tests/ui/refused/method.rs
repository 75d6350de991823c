use actix_web::HttpResponse;
use users_permissions::permission;

struct Articles;

impl Articles {
    #[permission("api::article.find")]
    async fn find(&self) -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    #[permission("api::article.take")]
    async fn take(self: Box<Self>, _id: actix_web::web::Path<u32>) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
}

trait Finds {
    #[permission("api::article.find")]
    async fn find(&self) -> HttpResponse;
}

fn main() {}
