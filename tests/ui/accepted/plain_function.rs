//! Handlers that are given to a route by hand.
use actix_web::{App, HttpRequest, web};
use users_permissions::permission;

/// Says the path.
#[permission("api::echo.path")]
async fn path(req: HttpRequest) -> String {
    req.path().to_owned()
}

#[permission("api::echo.match", auth = false)]
async fn r#match() -> &'static str {
    "matched"
}

#[test]
fn is_accepted() {
    let _ = App::new()
        .route("/path", web::get().to(path))
        .service(web::resource("/match").to(r#match))
        .default_service(web::to(path));

    let found = crate::entry(file!(), "api::echo.echo.path");
    assert_eq!(
        (found.description, found.routes.len()),
        ("Says the path.", 0)
    );
    assert!(
        crate::entry(file!(), "api::echo.echo.match")
            .handler
            .ends_with("::match")
    );
}
