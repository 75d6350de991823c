//! The recommended place: the route is read and its resource named.
use actix_web::{App, HttpResponse, get, put, web};
use users_permissions::permission;

/// Lists articles.
///
/// All of them.
#[permission("api::article.find", grant("public", "authenticated"))]
#[get("/articles")]
async fn find() -> HttpResponse {
    HttpResponse::Ok().finish()
}

const FIND_LINE: u32 = line!() - 4;

#[permission("api::article.article.findOne")]
#[actix_web::get("/articles/{id}")]
async fn find_one(id: web::Path<u32>) -> String {
    id.to_string()
}

#[permission("plugin::my-plugin.article.update", auth = false)]
#[put("/articles/{id}", name = "update-article", guard = "always")]
async fn update(id: web::Path<u32>, mut title: String) -> String {
    title.push_str(&id.to_string());
    title
}

fn always(_: &actix_web::guard::GuardContext<'_>) -> bool {
    true
}

#[test]
fn is_accepted() {
    let _ = App::new().service(find).service(find_one).service(update);

    let found = crate::entry(file!(), "api::article.article.find");
    assert!(found.handler.ends_with("::find"), "{}", found.handler);
    assert_eq!((found.file, found.line), (file!(), FIND_LINE));
    assert_eq!(found.description, "Lists articles.\n\nAll of them.");
    assert_eq!(
        (found.open, found.grants),
        (false, ["public", "authenticated"].as_slice())
    );
    let route = found.routes[0];
    assert_eq!(
        (route.methods, route.path),
        (["GET"].as_slice(), "/articles")
    );
    assert_eq!(route.name, "api::article.article.find");

    let updated = crate::entry(file!(), "plugin::my-plugin.article.update");
    assert_eq!((updated.description, updated.open), ("", true));
    assert_eq!(updated.routes[0].name, "update-article");
}
