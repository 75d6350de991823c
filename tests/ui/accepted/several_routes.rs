//! One handler, one action, several paths and methods.
use actix_web::{App, HttpResponse, Responder, route, routes};
use users_permissions::permission;

#[permission("api::article.find")]
#[routes]
#[get("/articles")]
#[get("/posts", name = "posts")]
#[head("/articles")]
async fn find() -> impl Responder {
    HttpResponse::Ok()
}

#[permission("api::article.count")]
#[route("/articles/count", method = "GET", method = "HEAD", method = "PURGE")]
async fn count() -> impl Responder {
    "0"
}

#[test]
fn is_accepted() {
    let _ = App::new().service(find).service(count);

    let routes = |action| -> Vec<_> {
        let routes = crate::entry(file!(), action).routes.iter();
        routes
            .map(|route| (route.methods.join("|"), route.path, route.name))
            .collect()
    };
    assert_eq!(
        routes("api::article.article.find"),
        [
            ("GET".to_owned(), "/articles", "api::article.article.find"),
            ("GET".to_owned(), "/posts", "posts"),
            (
                "HEAD".to_owned(),
                "/articles",
                "api::article.article.find~1"
            ),
        ]
    );
    assert_eq!(
        routes("api::article.article.count"),
        [(
            "GET|HEAD|PURGE".to_owned(),
            "/articles/count",
            "api::article.article.count"
        )]
    );
}
