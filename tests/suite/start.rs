//! What the builder asks of the program before anything is served.

use std::sync::mpsc::TryRecvError;

use acceptance::{Kind, TestDatabase, config};
use actix_web::{App, get, test, web};
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use users_permissions::{StartError, UsersPermissions};

#[get("/naked")]
async fn naked() -> &'static str {
    "naked"
}

#[actix_web::test]
async fn expected_actions_are_found_in_both_forms_and_a_missing_one_stops_the_start() {
    let database = TestDatabase::create(Kind::Sqlite);
    let present = [
        "api::article.find",
        "api::article.article.update",
        "plugin::users-permissions.user.me",
    ];
    let builder = || UsersPermissions::builder().config(config(&database));
    builder()
        .expect_actions(present)
        .build()
        .await
        .expect("all are linked");
    for missing in [
        "api::article.gone",
        "api::feature.feature.find",
        "article.find",
        "",
    ] {
        let error = builder()
            .expect_actions(present)
            .expect_actions([missing])
            .build()
            .await
            .map(drop)
            .expect_err(missing);
        let text = error.to_string();
        assert!(
            matches!(error, StartError::Catalog(_)) && text.contains(&format!("`{missing}`")),
            "{text}"
        );
        assert!(!text.contains('\n'), "{text}");
    }
}

// A transaction of the start that read before it wrote would be refused whenever somebody wrote between the two.
#[actix_web::test]
async fn a_start_waits_for_whoever_writes() {
    let database = TestDatabase::create(Kind::Sqlite);
    let start = async || {
        let builder = UsersPermissions::builder().config(config(&database));
        builder.build().await.map(drop)
    };
    start().await.expect("the first start");
    let (writes, more) = std::sync::mpsc::channel::<()>();
    let url = database.url();
    let writer = std::thread::spawn(move || {
        let mut conn = diesel::SqliteConnection::establish(&url).expect("a connection");
        conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        while more.try_recv() != Err(TryRecvError::Disconnected) {
            let write = "UPDATE up_revision SET value = value + 1";
            conn.batch_execute(write).expect("a write");
        }
    });
    for _ in 0..20 {
        start().await.expect("a start beside a writer");
    }
    drop(writes);
    writer.join().expect("a writer");
}

#[actix_web::test]
async fn the_builders_word_on_unlisted_routes_counts_more_than_the_configurations() {
    for (configured, built, status) in [
        (true, Some(false), 200),
        (false, Some(true), 403),
        (true, None, 403),
        (false, None, 200),
    ] {
        let database = TestDatabase::create(Kind::Sqlite);
        let mut config = config(&database);
        config.deny_unlisted = configured;
        let mut builder = UsersPermissions::builder().config(config);
        if let Some(deny) = built {
            builder = builder.deny_unlisted(deny);
        }
        let up = builder.build().await.expect("the plugin starts");
        let api = web::scope("/api").configure(up.routes()).service(naked);
        let app = test::init_service(App::new().wrap(up.middleware()).service(api)).await;
        let request = test::TestRequest::get().uri("/api/naked").to_request();
        let answered = match test::try_call_service(&app, request).await {
            Ok(response) => response.status().as_u16(),
            Err(error) => error.as_response_error().status_code().as_u16(),
        };
        assert_eq!(answered, status, "{configured} {built:?}");
    }
}

// Two plugins with different databases live in one process; neither knows the other's people.
#[actix_web::test]
async fn two_plugins_in_one_process_share_nothing() {
    let (one, other) = (
        acceptance::Server::start(Kind::Sqlite).await,
        acceptance::Server::start(Kind::Sqlite).await,
    );
    let admin = one.admin().await;
    admin
        .set_grants(
            admin.role_id("public").await,
            &["api::article.article.ping"],
        )
        .await
        .expect(200);
    one.anonymous().get("/api/ping").await.expect(200);
    other.anonymous().get("/api/ping").await.expect_forbidden();
    other.register("ann").await;
    assert_eq!(
        other.admin().await.get("/api/users/me").await.expect(200)["username"],
        "admin"
    );
    let body = serde_json::json!({ "identifier": "ann", "password": acceptance::PASSWORD });
    assert!(
        [400, 401, 403].contains(
            &one.anonymous()
                .post("/api/auth/local", body)
                .await
                .status
                .as_u16()
        )
    );
}
