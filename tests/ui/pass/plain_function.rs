//! Handlers that are given to a route by hand.
use actix_web::{App, HttpRequest, web};
use users_permissions::__private::{ActionEntry, Registration, inventory};
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

fn entry(action: &str) -> &'static ActionEntry {
    let mut entries = inventory::iter::<Registration>
        .into_iter()
        .map(|registration| registration.0);
    entries.find(|entry| entry.action == action).unwrap()
}

fn main() {
    let _ = App::new()
        .route("/path", web::get().to(path))
        .service(web::resource("/match").to(r#match))
        .default_service(web::to(path));

    let found = entry("api::echo.echo.path");
    assert_eq!(
        (found.description, found.routes),
        ("Says the path.", [].as_slice())
    );
    assert!(entry("api::echo.echo.match").handler.ends_with("::match"));
}
