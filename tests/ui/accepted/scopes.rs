//! A scope attribute expands first, so its prefix is part of the recorded route.
use actix_web::{App, web};

/// Articles.
#[actix_web::scope("/articles")]
pub mod articles {
    use actix_web::{HttpResponse, get, post};
    use users_permissions::permission;

    /// Lists articles.
    #[permission("api::article.find")]
    #[get("")]
    pub async fn find() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    #[post("", name = "create")]
    #[permission("api::article.create")]
    pub async fn create() -> HttpResponse {
        HttpResponse::Created().finish()
    }
}

#[test]
fn is_accepted() {
    let _ = App::new().service(
        web::scope("/api")
            .service(articles::find)
            .service(articles::create),
    );

    let found = crate::entry(file!(), "api::article.article.find");
    assert!(
        found.handler.ends_with("::articles::find"),
        "{}",
        found.handler
    );
    assert_eq!(found.routes[0].path, "/articles");
    assert!(
        crate::entry(file!(), "api::article.article.create")
            .routes
            .is_empty()
    );
}
