//! A scope attribute expands first, so its prefix is part of the recorded route.
use actix_web::{App, web};
use users_permissions::__private::{ActionEntry, Registration, inventory};

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

fn entry(action: &str) -> &'static ActionEntry {
    let mut entries = inventory::iter::<Registration>
        .into_iter()
        .map(|registration| registration.0);
    entries.find(|entry| entry.action == action).unwrap()
}

fn main() {
    let _ = App::new().service(
        web::scope("/api")
            .service(articles::find)
            .service(articles::create),
    );

    let found = entry("api::article.article.find");
    assert!(
        found.handler.ends_with("::articles::find"),
        "{}",
        found.handler
    );
    assert_eq!(found.routes[0].path, "/articles");
    assert!(entry("api::article.article.create").routes.is_empty());
}
