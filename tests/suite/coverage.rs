//! The helpers an application tests its own protection with.

use std::process::Command;

use actix_web::{App, get, test, web};
use users_permissions::{permission, testing};

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
    let unlisted: Vec<_> = coverage
        .unlisted
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(unlisted, ["GET /api/naked", "GET /metrics"]);
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
