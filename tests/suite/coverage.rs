//! The helpers an application tests its own protection with.

use std::process::Command;

use actix_web::test::TestRequest;
use actix_web::{App, HttpRequest, get, post, test, web};
use users_permissions::{Coverage, HasClaim, listed as mark, permission, testing};

use crate::apps::plugin;

#[permission("api::test-cover.listed", grant("public"))]
#[get("/listed")]
async fn listed() -> &'static str {
    "listed"
}

#[permission("api::test-cover.open", auth = false)]
#[get("/open/{id}")]
async fn open() -> &'static str {
    "open"
}

#[permission("api::test-cover.unserved")]
#[get("/unserved")]
#[allow(dead_code)]
async fn unserved() -> &'static str {
    "unserved"
}

#[get("/naked")]
async fn naked() -> &'static str {
    "naked"
}

async fn is_steady(_: HttpRequest) -> bool {
    true
}

#[permission(
    "api::test-cover.judged",
    grant("public"),
    policies(is_steady, HasClaim::new("plan", "gold"))
)]
#[get("/judged")]
async fn judged() -> &'static str {
    "judged"
}

#[permission("api::test-cover.plain")]
async fn plain() -> &'static str {
    "plain"
}

#[get("/below", guard = "users_permissions::listed")]
#[permission("api::test-cover.below")]
async fn below() -> &'static str {
    "below"
}

#[permission("api::test-cover.renamed")]
#[get("/renamed", name = "of-our-choice")]
async fn renamed() -> &'static str {
    "renamed"
}

/// Looks like the protected one.
#[get("/listed")]
async fn naked_namesake() -> &'static str {
    "naked"
}

/// Takes the place of the plugin's.
#[post("/auth/local/register")]
async fn own_register() -> &'static str {
    "registered"
}

fn unlisted(coverage: &Coverage) -> Vec<String> {
    let routes = coverage.unlisted.iter();
    routes
        .map(|route| format!("{} {}", route.method, route.path))
        .collect()
}

macro_rules! app {
    ($up:expr) => {
        test::init_service(
            App::new()
                .wrap($up.middleware())
                .service(
                    web::scope("/api")
                        .configure($up.routes())
                        .service(listed)
                        .service(open)
                        .service(judged)
                        .service(naked),
                )
                .route("/metrics", web::get().to(naked_too)),
        )
        .await
    };
}

async fn naked_too() -> &'static str {
    "metrics"
}

#[actix_web::test]
async fn routes_without_a_permission_are_reported() {
    let (up, _database) = plugin(|_| {}).await;
    let app = app!(up);
    let coverage = testing::coverage(&up, &app).await;
    assert_eq!(unlisted(&coverage), ["GET /api/naked", "GET /metrics"]);
    assert!(
        coverage
            .unlocated
            .contains(&"api::test-cover.test-cover.unserved")
    );
    assert!(
        !coverage
            .unlocated
            .contains(&"api::test-cover.test-cover.listed")
    );
    testing::assert_covered(&coverage, &["GET /api/naked", "GET /metrics"]);
    assert_eq!(up.coverage(), coverage);
}

#[actix_web::test]
#[should_panic(expected = "routes without #[permission]:\n  GET /metrics")]
async fn an_uncovered_route_fails_the_applications_test() {
    let (up, _database) = plugin(|_| {}).await;
    let app = app!(up);
    testing::assert_covered(&testing::coverage(&up, &app).await, &["GET /api/naked"]);
}

#[actix_web::test]
async fn the_surface_has_a_line_per_route_and_action() {
    let (up, _database) = plugin(|_| {}).await;
    let app = app!(up);
    let surface = testing::surface(&up, &app).await;
    let lines: Vec<&str> = surface.lines().collect();
    for line in [
        "api::test-cover.test-cover.listed GET /api/listed grant(public)",
        "api::test-cover.test-cover.open GET /api/open/{id} open",
        r#"api::test-cover.test-cover.judged GET /api/judged grant(public) policies(is_steady, HasClaim::new("plan", "gold"))"#,
        "api::test-cover.test-cover.unserved -",
        "(unprotected) GET /api/naked",
        "(unprotected) GET /metrics",
        "plugin::users-permissions.auth.callback POST /api/auth/local grant(public)",
    ] {
        assert!(lines.contains(&line), "{line}\nis not in\n{surface}");
    }
    assert!(lines.is_sorted() && surface.ends_with('\n'));
    assert_eq!(testing::surface(&up, &app).await, surface);
}

// An API in two versions shares handlers: both are covered.
#[actix_web::test]
async fn a_handler_in_two_scopes_covers_both() {
    let (up, _database) = plugin(|_| {}).await;
    let app = App::new()
        .wrap(up.middleware())
        .service(web::scope("/api").service(listed).configure(up.routes()))
        .service(web::scope("/v2").service(listed).configure(up.routes()));
    let app = test::init_service(app).await;
    testing::assert_covered(&testing::coverage(&up, &app).await, &[]);
    let surface = testing::surface(&up, &app).await;
    for line in [
        "api::test-cover.test-cover.listed GET /api/listed grant(public)",
        "api::test-cover.test-cover.listed GET /v2/listed grant(public)",
        "plugin::users-permissions.auth.callback POST /v2/auth/local grant(public)",
    ] {
        assert!(
            surface.lines().any(|found| found == line),
            "{line}\nis not in\n{surface}"
        );
    }
}

#[actix_web::test]
#[should_panic(expected = "the middleware of this plugin has not seen a request")]
async fn an_application_without_the_middleware_is_not_taken_for_a_covered_one() {
    let (up, _database) = plugin(|_| {}).await;
    let app = test::init_service(App::new().service(naked)).await;
    testing::coverage(&up, &app).await;
}

#[actix_web::test]
async fn a_middleware_around_a_scope_tells_after_a_request_into_it() {
    let (up, _database) = plugin(|_| {}).await;
    let api = web::scope("/api").wrap(up.middleware());
    let api = api.service(listed).service(naked);
    let app = test::init_service(App::new().service(api)).await;
    let answer = testing::call(&app, TestRequest::get().uri("/api/naked")).await;
    assert_eq!(answer.status(), 200);
    let coverage = testing::coverage(&up, &app).await;
    assert_eq!(unlisted(&coverage), ["GET /api/naked"]);
}

#[actix_web::test]
async fn every_application_of_a_plugin_is_covered() {
    let (up, _database) = plugin(|_| {}).await;
    let first = web::scope("/api").service(listed).service(open);
    let first = test::init_service(App::new().wrap(up.middleware()).service(first)).await;
    assert_eq!(unlisted(&testing::coverage(&up, &first).await), [""; 0]);
    let second = web::scope("/api").service(naked_namesake).service(naked);
    let second = test::init_service(App::new().wrap(up.middleware()).service(second)).await;
    let coverage = testing::coverage(&up, &second).await;
    assert_eq!(unlisted(&coverage), ["GET /api/listed", "GET /api/naked"]);
    let surface = testing::surface(&up, &second).await;
    let kept = "api::test-cover.test-cover.listed GET /api/listed grant(public)";
    assert!(surface.lines().any(|line| line == kept), "{surface}");
}

// A worker that starts late reads what the others have read: what was seen since then holds.
#[actix_web::test]
async fn another_worker_of_an_application_changes_nothing() {
    let (up, _database) = plugin(|_| {}).await;
    let app = || {
        let app = App::new().wrap(up.middleware());
        test::init_service(app.route("/plain", web::get().to(plain)))
    };
    let first = app().await;
    let before = testing::coverage(&up, &first).await;
    assert_eq!(unlisted(&before), ["GET /plain"]);
    let answer = testing::call(&first, TestRequest::get().uri("/plain")).await;
    assert_eq!(answer.status(), 403);
    let second = app().await;
    let after = testing::coverage(&up, &second).await;
    assert_eq!(unlisted(&after), [""; 0]);
}

#[actix_web::test]
async fn plain_handlers_count_as_unlisted_until_they_are_called_unless_they_are_marked() {
    let (up, _database) = plugin(|_| {}).await;
    // Which of the two is marked, actix does not tell.
    let both = web::resource("/both")
        .route(web::get().guard(mark).to(plain))
        .route(web::post().to(naked_too));
    let app = App::new()
        .wrap(up.middleware())
        .service(both)
        .service(below)
        .route("/marked", web::get().guard(mark).to(plain))
        .route("/any", web::route().guard(mark).to(plain))
        .route("/unmarked", web::get().to(plain));
    let app = test::init_service(app).await;
    let coverage = testing::coverage(&up, &app).await;
    let expected = ["GET /both", "POST /both", "GET /unmarked"];
    assert_eq!(unlisted(&coverage), expected);
    for path in ["/both", "/unmarked"] {
        let answer = testing::call(&app, TestRequest::get().uri(path)).await;
        assert_eq!(answer.status(), 403, "{path}");
    }
    let coverage = testing::coverage(&up, &app).await;
    assert_eq!(unlisted(&coverage), ["POST /both"]);
}

#[actix_web::test]
async fn a_handler_in_front_of_a_protected_one_is_reported() {
    let (up, _database) = plugin(|_| {}).await;
    let api = web::scope("/api")
        .service(own_register)
        .service(renamed)
        .configure(up.routes());
    let app = test::init_service(App::new().wrap(up.middleware()).service(api)).await;
    let coverage = testing::coverage(&up, &app).await;
    assert_eq!(unlisted(&coverage), ["POST /api/auth/local/register"]);
}

/// Runs as a process of its own, for it needs variables of its own.
#[actix_web::test]
#[ignore = "run by the_snapshot_is_written_when_asked_for_and_compared_otherwise"]
async fn snapshot_in_a_process_of_its_own() {
    let Ok(file) = std::env::var("SNAPSHOT") else {
        return;
    };
    let (up, _database) = plugin(|_| {}).await;
    let app = app!(up);
    testing::assert_surface(&testing::surface(&up, &app).await, file);
}

#[::core::prelude::v1::test]
fn the_snapshot_is_written_when_asked_for_and_compared_otherwise() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("permissions.snap");
    let run = |update: bool| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "--ignored",
            "--exact",
            "coverage::snapshot_in_a_process_of_its_own",
        ]);
        command
            .env("SNAPSHOT", &file)
            .env_remove("UPDATE_SNAPSHOTS");
        if update {
            command.env("UPDATE_SNAPSHOTS", "1");
        }
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("running 1 test"), "{text}");
        (output.status.success(), text)
    };
    let (passed, text) = run(false);
    assert!(
        !passed && text.contains("the ACL surface changed"),
        "a missing file is a difference: {text}"
    );
    assert!(!file.exists());
    assert!(run(true).0);
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("api::test-cover.test-cover.listed GET /api/listed grant(public)\n"));
    assert!(run(false).0);
    std::fs::write(&file, written.replace(" grant(public)", "")).unwrap();
    let (passed, text) = run(false);
    assert!(!passed && text.contains("UPDATE_SNAPSHOTS=1"), "{text}");
    assert!(run(true).0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
}
