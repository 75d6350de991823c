//! Helpers for an application's own tests: nothing stays unprotected, and no change of who may do
//! what goes unseen.

use std::path::Path;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, call_service};

use crate::{CatalogAction, Coverage, UsersPermissions};
use actix_http::Request;

/// What is protected in `app` and what is not, and in the plugin's other applications that have met a
/// request.
///
/// # Panics
/// When no request has reached the plugin's middleware: it is missing, stands around a scope only, or
/// something in front of it answered. Where that is meant, [`call`] something behind it first.
///
/// ```no_run
/// use actix_web::{App, test, web};
/// use users_permissions::{Config, UsersPermissions, testing};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let up = UsersPermissions::builder().config(Config::new("sqlite://:memory:")).build().await?;
/// let app = App::new().wrap(up.middleware()).service(web::scope("/api").configure(up.routes()));
/// let app = test::init_service(app).await;
/// testing::assert_covered(&testing::coverage(&up, &app).await, &["GET /health"]);
/// # Ok(())
/// # }
/// ```
pub async fn coverage<S, B>(up: &UsersPermissions, app: &S) -> Coverage
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    // Any request makes the plugin learn the routes; this one reaches no handler.
    let probe = TestRequest::with_uri("/__coverage_probe")
        .method(actix_web::http::Method::TRACE)
        .to_request();
    drop(app.call(probe).await);
    assert!(
        up.has_seen_a_request(),
        "the middleware of this plugin has not seen a request: add `.wrap(up.middleware())` to the App; \
         where it stands around a scope only, or something in front of it answers, send a request through it \
         first (testing::call)"
    );
    up.coverage()
}

/// Fails when a route carries no `#[permission]` and is not among `allowed` (`"GET /health"`).
///
/// # Panics
/// With the list of unprotected routes.
///
/// ```
/// use users_permissions::{Coverage, testing::assert_covered};
///
/// assert_covered(&Coverage::default(), &["GET /health"]);
/// ```
pub fn assert_covered(coverage: &Coverage, allowed: &[&str]) {
    let open: Vec<String> = coverage
        .unlisted
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .filter(|route| !allowed.contains(&route.as_str()))
        .collect();
    assert!(
        open.is_empty(),
        "routes without #[permission]:\n  {}",
        open.join("\n  ")
    );
}

/// The ACL surface as text: a line per route and action with who gets it at first and the policies that
/// are asked, sorted, fit to be committed.
///
/// # Panics
/// As [`coverage`].
///
/// ```no_run
/// use actix_web::{App, test, web};
/// use users_permissions::{Config, UsersPermissions, testing};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let up = UsersPermissions::builder().config(Config::new("sqlite://:memory:")).build().await?;
/// let app = App::new().wrap(up.middleware()).service(web::scope("/api").configure(up.routes()));
/// let app = test::init_service(app).await;
/// let surface = testing::surface(&up, &app).await;
/// assert!(surface.contains("plugin::users-permissions.user.me GET /api/users/me"));
/// # Ok(())
/// # }
/// ```
pub async fn surface<S, B>(up: &UsersPermissions, app: &S) -> String
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let coverage = coverage(up, app).await;
    let mut lines = Vec::new();
    for served in up.catalog() {
        let rights = rights(&served.action);
        if served.routes.is_empty() {
            lines.push(format!("{} -{rights}", served.action.name()));
        }
        for route in served.routes {
            lines.push(format!(
                "{} {} {}{rights}",
                served.action.name(),
                route.method,
                route.path
            ));
        }
    }
    for route in coverage.unlisted {
        lines.push(format!("(unprotected) {} {}", route.method, route.path));
    }
    lines.sort();
    lines.join("\n") + "\n"
}

/// Who may, as code says it.
fn rights(action: &CatalogAction) -> String {
    let mut rights = String::new();
    if action.is_open() {
        rights.push_str(" open");
    }
    for (word, said) in [
        ("grant", action.first_grants()),
        ("policies", action.policies()),
    ] {
        if !said.is_empty() {
            rights.push_str(&format!(" {word}({})", said.join(", ")));
        }
    }
    rights
}

/// Compares the ACL surface with a committed file; `UPDATE_SNAPSHOTS=1` writes it.
///
/// # Panics
/// When they differ, with both texts, or when the file cannot be read or written.
///
/// ```no_run
/// # use actix_web::{App, test, web};
/// use users_permissions::{Config, UsersPermissions, testing};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let up = UsersPermissions::builder().config(Config::new("sqlite://:memory:")).build().await?;
/// # let app = App::new().wrap(up.middleware()).service(web::scope("/api").configure(up.routes()));
/// # let app = test::init_service(app).await;
/// testing::assert_surface(&testing::surface(&up, &app).await, "tests/permissions.snap");
/// # Ok(())
/// # }
/// ```
pub fn assert_surface(surface: &str, file: impl AsRef<Path>) {
    let file = file.as_ref();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(file, surface).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        return;
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == surface,
        "the ACL surface changed; review it and run again with UPDATE_SNAPSHOTS=1\n--- {}\n{committed}\n--- now\n{surface}",
        file.display()
    );
}

/// Sends a request and panics on an error of the service itself, for short tests.
///
/// ```no_run
/// use actix_web::test::TestRequest;
/// use users_permissions::testing::call;
/// # use actix_web::{App, test, web};
/// # use users_permissions::{Config, UsersPermissions};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let up = UsersPermissions::builder().config(Config::new("sqlite://:memory:")).build().await?;
/// # let app = App::new().wrap(up.middleware()).service(web::scope("/api").configure(up.routes()));
/// # let app = test::init_service(app).await;
/// let answer = call(&app, TestRequest::get().uri("/api/users/me")).await;
/// assert_eq!(answer.status(), 403);
/// # Ok(())
/// # }
/// ```
pub async fn call<S, B>(app: &S, request: TestRequest) -> ServiceResponse<B>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    call_service(app, request.to_request()).await
}
