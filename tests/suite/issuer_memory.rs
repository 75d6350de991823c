//! What is remembered of callers of trusted issuers, before handlers that ask nothing themselves.

use std::time::{Duration, Instant};

use acceptance::{Answer, Server};
use actix_web::{App, get, web};
use futures_util::future::join_all;
use serde_json::json;
use users_permissions::{Caller, IssuerUsers, TrustedIssuer, permission};

use crate::forge::now;
use crate::issuer::{Issuer, until};

/// Nothing but the check stands before it.
#[permission("api::test-issuer-memory.plain")]
#[get("/plain")]
async fn plain() -> &'static str {
    "plain"
}

/// No check stands before it, and it asks who calls.
#[get("/open")]
async fn open(_: Caller) -> &'static str {
    "open"
}

async fn server(trusted: TrustedIssuer) -> Server {
    let issuers = vec![trusted];
    let (up, database) = crate::apps::plugin(|config| config.trusted_issuers = issuers).await;
    let inside = up.clone();
    let app = move || {
        let api = web::scope("/api").service(plain).service(open);
        let api = api.configure(inside.routes());
        App::new().wrap(inside.middleware()).service(api)
    };
    let server = Server::serve(up, app).await.owning(database);
    let action = "api::test-issuer-memory.test-issuer-memory.plain";
    crate::apps::grant(&server.admin().await, "authenticated", &[action]).await;
    server
}

async fn call(server: &Server, token: &str) -> Answer {
    let client = server.anonymous().with_token(token);
    client.get("/api/plain").await
}

#[actix_web::test]
async fn whoever_is_remembered_costs_no_query() {
    let issuer = Issuer::start().await;
    let mut trusted = issuer.trusted();
    trusted.users = IssuerUsers::Link;
    let server = server(trusted).await;
    let token = issuer.token(&issuer.claims_of_user("ann"));
    let caller = server.anonymous().with_token(&token);
    let started = Instant::now();
    // Until every worker remembers her.
    loop {
        let queries = server.up.query_count();
        let paths = ["/api/plain", "/api/open"].into_iter().cycle().take(16);
        let answers = join_all(paths.map(|path| caller.get(path))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        if server.up.query_count() == queries {
            break;
        }
        assert!(started.elapsed().as_secs() < 20, "every request is a query");
    }
}

#[actix_web::test]
async fn a_token_ends_with_its_time() {
    let issuer = Issuer::start().await;
    for users in [IssuerUsers::None, IssuerUsers::Link] {
        let mut trusted = issuer.trusted();
        (trusted.users, trusted.leeway) = (users, Duration::ZERO);
        let server = server(trusted).await;
        let mut claims = issuer.claims_of_user("ann");
        claims["exp"] = json!(now() + 4);
        let token = issuer.token(&claims);
        let caller = server.anonymous().with_token(&token);
        for _ in 0..2 {
            assert_eq!(call(&server, &token).await.text, "plain");
            assert_eq!(caller.get("/api/open").await.text, "open");
        }
        until(401, async || call(&server, &token).await).await;
        caller.get("/api/open").await.expect_bad_token();
        assert!(now() >= claims["exp"].as_i64().unwrap());
    }
}

#[actix_web::test]
async fn a_token_ends_with_its_key() {
    for users in [IssuerUsers::None, IssuerUsers::Link] {
        let issuer = Issuer::start().await;
        let mut trusted = issuer.trusted();
        (trusted.users, trusted.key_age) = (users, Duration::from_millis(200));
        let server = server(trusted).await;
        let (old, header) = (
            issuer.token(&issuer.claims_of_user("ann")),
            issuer.header("k2"),
        );
        for _ in 0..4 {
            assert_eq!(call(&server, &old).await.text, "plain");
        }
        issuer.make("k2");
        issuer.publish(&["k2"]);
        until(401, async || call(&server, &old).await).await;
        let new = issuer.sign("k2", &header, &issuer.claims_of_user("ann"));
        assert_eq!(call(&server, &new).await.text, "plain");
    }
}

#[actix_web::test]
async fn a_role_counts_as_it_is_now() {
    let issuer = Issuer::start().await;
    for users in [IssuerUsers::None, IssuerUsers::Link] {
        let mut trusted = issuer.trusted();
        trusted.users = users;
        let server = server(trusted).await;
        let admin = server.admin().await;
        let token = issuer.token(&issuer.claims_of_user("ann"));
        for _ in 0..2 {
            assert_eq!(call(&server, &token).await.text, "plain");
        }
        let role = admin.role_id("authenticated").await;
        admin.set_grants(role, &[]).await.expect(200);
        for _ in 0..2 {
            call(&server, &token).await.expect_forbidden();
        }
    }
}
