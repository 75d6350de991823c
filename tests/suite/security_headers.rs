//! What every answer tells browsers and caches, over all operations of the catalog.

use acceptance::{Answer, Server, on_every_database};
use serde_json::{Value, json};

use crate::default_rights::{call, served};
use crate::tokens_of::{Pair, by_sessions, caller, sign_in};

/// What anybody may have and everybody has alike.
const FOR_CACHES: [&str; 5] = [
    "api::page.page.file",
    "api::page.page.redirect",
    "api::page.page.buttons",
    "plugin::users-permissions.keys.getJwks",
    "plugin::users-permissions.openapi.getPage",
];

/// Articles are the application's own business, and of no user; refusals of them are ours.
fn may_be_stored(action: &str, answer: &Answer) -> bool {
    let is_applications = action.starts_with("api::");
    FOR_CACHES.contains(&action) || (is_applications && answer.status.is_success())
}

fn header(answer: &Answer, name: &str) -> String {
    let value = answer.headers.get(name);
    value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

#[track_caller]
fn expect_headers(what: &str, answer: &Answer, may_be_stored: bool) {
    assert_eq!(
        header(answer, "x-content-type-options"),
        "nosniff",
        "{what}"
    );
    assert_eq!(header(answer, "referrer-policy"), "no-referrer", "{what}");
    let policy = header(answer, "content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    let stored = header(answer, "cache-control");
    assert!(may_be_stored || stored == "no-store", "{what}: {stored}");
    // Nothing tells by what it is served.
    for name in ["server", "x-powered-by"] {
        assert_eq!(header(answer, name), "", "{what}");
    }
    if !answer.text.is_empty() {
        assert!(header(answer, "content-type").contains('/'), "{what}");
    }
}

on_every_database! {
    async fn every_operation_answers_everybody_with_the_headers(kind) {
        let server = Server::start_with(kind, by_sessions).await;
        let (admin, anonymous) = (server.admin().await, server.anonymous());
        let ann = server.register("ann").await.client;
        let broken = anonymous.with_token("a.b.c");
        for (action, method, path) in served(&admin).await {
            // The one that would end the administrator's own session comes last.
            if action.ends_with(".logout") {
                continue;
            }
            for (who, client) in [("anonymous", &anonymous), ("a bad token", &broken), ("ann", &ann), ("admin", &admin)] {
                let answer = call(client, &method, &path).await;
                let what = format!("{who} {method} {path}: {}", answer.status);
                expect_headers(&what, &answer, may_be_stored(&action, &answer));
            }
        }
        // What is not there, and what cannot be read.
        for (method, path) in [("GET", "/api/none"), ("GET", "/none"), ("PATCH", "/api/users/me"), ("TRACE", "/api/auth/local")] {
            let answer = call(&admin, method, path).await;
            assert!(answer.status.is_client_error(), "{method} {path}: {}", answer.status);
            expect_headers(&format!("{method} {path}"), &answer, false);
        }
        let answer = anonymous.post_raw("/api/auth/local", "application/json", "{").await;
        expect_headers("a broken body", &answer, false);
        expect_headers("logout", &call(&admin, "POST", "/api/auth/logout").await, false);
    }

    async fn answers_with_a_token_or_a_user_are_stored_by_nobody(kind) {
        let server = Server::start_with(kind, by_sessions).await;
        let (admin, anonymous) = (server.admin().await, server.anonymous());
        let register = json!({ "username": "ann", "email": "ann@example.com", "password": acceptance::PASSWORD });
        let login = json!({ "identifier": "ann", "password": acceptance::PASSWORD });
        let mut answers = vec![
            anonymous.post("/api/auth/local/register", register).await,
            anonymous.post("/api/auth/local", login.clone()).await,
        ];
        let pair = sign_in(&server, "ann").await;
        let ann = caller(&server, &pair.jwt);
        let id = ann.get("/api/users/me").await.expect(200)["id"].clone();
        let renewed = anonymous.post("/api/auth/refresh", json!({ "refreshToken": pair.refresh })).await;
        let present = Pair::of(&renewed.expect(200));
        answers.extend([renewed, ann.get("/api/users/me").await, ann.get("/api/auth/sessions").await]);
        for path in ["/api/users", "/api/users/count", &format!("/api/users/{id}"), "/api/users-permissions/roles"] {
            answers.push(admin.get(path).await);
        }
        answers.push(admin.put(&format!("/api/users/{id}"), json!({ "username": "anne" })).await);
        let code = server.reset_code("ann@example.com", 1).await;
        let new = "Another1!";
        let reset = json!({ "code": code, "password": new, "passwordConfirmation": new });
        answers.push(anonymous.post("/api/auth/reset-password", reset).await);
        let ann = server.login("anne", new).await;
        let change: Value = json!({ "currentPassword": new, "password": acceptance::PASSWORD, "passwordConfirmation": acceptance::PASSWORD });
        answers.push(ann.post("/api/auth/change-password", change).await);
        answers.push(admin.delete(&format!("/api/users/{id}")).await);
        for answer in &answers {
            assert_eq!(answer.status, 200, "{}", answer.text);
            expect_headers(&answer.text, answer, false);
        }
        // What has ended is told by nobody, either.
        for answer in [caller(&server, &present.jwt).get("/api/users/me").await, anonymous.post("/api/auth/local", login).await] {
            assert!(answer.status.is_client_error());
            expect_headers(&answer.text, &answer, false);
        }
    }
}
