//! What is remembered of callers of trusted issuers, before handlers that ask nothing themselves.

use std::time::Duration;

use acceptance::{Answer, Server};
use actix_web::{App, get, web};
use serde_json::{Value, json};
use users_permissions::{IssuerUsers, TrustedIssuer, permission};

use crate::forge::now;
use crate::issuer::Issuer;

/// Nothing but the check stands before it.
#[permission("api::test-issuer-memory.plain")]
#[get("/plain")]
async fn plain() -> &'static str {
    "plain"
}

async fn server(trusted: TrustedIssuer) -> Server {
    let issuers = vec![trusted];
    let (up, database) = crate::apps::plugin(|config| config.trusted_issuers = issuers).await;
    let inside = up.clone();
    let app = move || {
        let api = web::scope("/api").service(plain).configure(inside.routes());
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

/// Asks until the answer has this status.
async fn until(server: &Server, token: &str, status: u16) {
    for _ in 0..400 {
        if call(server, token).await.status == status {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never {status}");
}

fn claims(issuer: &Issuer) -> Value {
    let mut claims = issuer.claims("ann");
    claims["email"] = json!("ann@example.com");
    claims["email_verified"] = json!(true);
    claims
}

#[actix_web::test]
async fn a_token_ends_with_its_time() {
    let issuer = Issuer::start().await;
    for users in [IssuerUsers::None, IssuerUsers::Link] {
        let mut trusted = issuer.trusted();
        (trusted.users, trusted.leeway) = (users, Duration::ZERO);
        let server = server(trusted).await;
        let mut claims = claims(&issuer);
        claims["exp"] = json!(now() + 4);
        let token = issuer.token(&claims);
        for _ in 0..4 {
            assert_eq!(call(&server, &token).await.text, "plain");
        }
        until(&server, &token, 401).await;
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
        let (old, header) = (issuer.token(&claims(&issuer)), issuer.header("k2"));
        for _ in 0..4 {
            assert_eq!(call(&server, &old).await.text, "plain");
        }
        issuer.make("k2");
        issuer.publish(&["k2"]);
        until(&server, &old, 401).await;
        let new = issuer.sign("k2", &header, &claims(&issuer));
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
        let token = issuer.token(&claims(&issuer));
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
