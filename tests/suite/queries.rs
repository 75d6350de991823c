//! The hot path asks no database; a cold caller costs one statement.

use acceptance::{Kind, Server, TestDatabase, config, on_every_database};
use actix_web::{App, get, web};
use users_permissions::{AuthUser, Caller, Config, permission};

/// Other instances are asked for so rarely that no such question falls into a test.
fn alone(config: &mut Config) {
    config.sync_interval = std::time::Duration::from_secs(3_600);
    config.mail.poll_interval = std::time::Duration::from_secs(3_600);
    config.initial_grants = true;
}

fn alone_by_sessions(config: &mut Config) {
    alone(config);
    crate::tokens_of::by_sessions(config);
}

#[permission("api::test-queries.open", auth = false)]
#[get("/open")]
async fn open(_: Caller) -> web::Json<&'static str> {
    web::Json("open")
}

#[get("/unlisted")]
async fn unlisted(_: AuthUser) -> web::Json<&'static str> {
    web::Json("unlisted")
}

/// Before its handlers stands no check; they ask themselves who calls.
async fn open_server(kind: Kind, change: fn(&mut Config)) -> Server {
    let (up, database) = crate::apps::plugin_over(kind, change).await;
    let inside = up.clone();
    let app = move || {
        let api = web::scope("/api").service(open).service(unlisted);
        let api = api.configure(inside.routes());
        App::new().wrap(inside.middleware()).service(api)
    };
    Server::serve(up, app).await.owning(database)
}

on_every_database! {
    async fn permission_checked_requests_run_no_statement(kind) {
        let server = Server::start_with(kind, alone).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await.client);
        let anonymous = server.anonymous();
        for client in [&admin, &ann, &anonymous] {
            client.get("/api/ping").await.expect(200);
        }
        let before = server.up.query_count();
        for _ in 0..50 {
            // Allowed, forbidden, no token, a broken one, an open route, an unknown one.
            anonymous.get("/api/ping").await.expect(200);
            ann.get("/api/ping").await.expect(200);
            admin.get("/api/users-permissions/permissions").await.expect(200);
            ann.get("/api/users-permissions/roles").await.expect_forbidden();
            anonymous.get("/api/users/me").await.expect_forbidden();
            anonymous.with_token("a.b.c").get("/api/ping").await.expect_bad_token();
            anonymous.get("/health").await.expect(200);
            anonymous.get("/api/nowhere").await.expect(404);
        }
        assert_eq!(server.up.query_count(), before);
    }

    async fn a_cold_caller_costs_one_statement_and_a_forged_one_none(kind) {
        let server = Server::start_with(kind, alone).await;
        let ann = server.register("ann").await;
        let before = server.up.query_count();
        for _ in 0..20 {
            ann.client.get("/api/ping").await.expect(200);
        }
        assert_eq!(server.up.query_count(), before + 1);
        // 8725 3.3: nothing of a token is used before its signature was verified.
        let forged = crate::forge::sign_text(
            r#"{"alg":"HS256"}"#, &crate::forge::claims(ann.id).to_string(), b"another secret", jsonwebtoken::Algorithm::HS256,
        );
        for _ in 0..20 {
            server.anonymous().with_token(&forged).get("/api/ping").await.expect_bad_token();
        }
        assert_eq!(server.up.query_count(), before + 1);
    }

    async fn a_cold_caller_costs_no_more_where_the_handler_asks(kind) {
        // The user; with sessions those, too.
        let cases = [(alone as fn(&mut Config), 1), (alone_by_sessions, 2)];
        for (change, cost) in cases {
            let server = open_server(kind, change).await;
            for (name, path) in [("ann", "/api/open"), ("ben", "/api/unlisted")] {
                let caller = server.register(name).await.client;
                let before = server.up.query_count();
                for _ in 0..20 {
                    caller.get(path).await.expect(200);
                }
                assert_eq!(server.up.query_count(), before + cost, "{path}");
            }
        }
    }

    async fn with_sessions_a_warm_caller_costs_nothing_either(kind) {
        let server = Server::start_with(kind, alone_by_sessions).await;
        let ann = server.register("ann").await.client;
        let second = server.login("ann", acceptance::PASSWORD).await;
        let before = server.up.query_count();
        for _ in 0..20 {
            ann.get("/api/ping").await.expect(200);
            second.get("/api/ping").await.expect(200);
        }
        assert_eq!(server.up.query_count(), before + 2, "the user and its sessions, once");
        // An ended session is known to have ended: on each of the two workers it is asked for at first.
        second.post("/api/auth/logout", serde_json::json!({})).await.expect(200);
        for _ in 0..20 {
            ann.get("/api/ping").await.expect(200);
            assert_eq!(second.get("/api/ping").await.status, 401);
        }
        let before = server.up.query_count();
        for _ in 0..20 {
            ann.get("/api/ping").await.expect(200);
            assert_eq!(second.get("/api/ping").await.status, 401);
        }
        assert_eq!(server.up.query_count(), before);
    }

    async fn a_change_makes_callers_be_read_again_once(kind) {
        let database = TestDatabase::create(kind);
        let mut config = config(&database);
        alone(&mut config);
        let server = Server::with_config(config).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await);
        admin.get("/api/ping").await.expect(200);
        ann.client.get("/api/ping").await.expect(200);
        admin.put(&format!("/api/users/{}", ann.id), serde_json::json!({ "confirmed": true })).await.expect(200);
        let before = server.up.query_count();
        for _ in 0..20 {
            ann.client.get("/api/ping").await.expect(200);
            admin.get("/api/ping").await.expect(200);
        }
        assert_eq!(server.up.query_count(), before + 1, "Ann is read again, the administrator is not");
    }
}
