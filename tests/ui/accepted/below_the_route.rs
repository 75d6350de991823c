//! Below its route attribute the permission stands on a plain function inside of actix-web's code.
use actix_web::{App, HttpResponse, get, routes, web};
use users_permissions::permission;

/// Lists articles.
#[get("/articles")]
#[permission("api::article.find")]
pub async fn find() -> HttpResponse {
    HttpResponse::Ok().finish()
}

const FIND_LINE: u32 = line!() - 4;

#[routes]
#[permission("api::article.delete")]
#[delete("/articles/{id}")]
#[delete("/articles/by-id/{id}")]
async fn delete_one(id: web::Path<u32>) -> String {
    id.to_string()
}

#[test]
fn is_accepted() {
    let _ = App::new().service(find).service(delete_one);

    assert_eq!(
        crate::entry(file!(), "api::article.article.find").line,
        FIND_LINE
    );
    assert!(
        crate::entry(file!(), "api::article.article.find")
            .routes
            .is_empty()
    );
    assert!(
        crate::entry(file!(), "api::article.article.delete")
            .routes
            .is_empty()
    );
}
