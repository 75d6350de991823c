//! Every kind of token is good for its own use and for no other (rows 57, 66).

use acceptance::{PASSWORD, Server, TestDatabase, config, on_every_database};
use serde_json::{Value, json};

use crate::tokens_of::{by_sessions, caller, me, refresh, sign_in};

/// What a token may be shown as, and the field it then stands in.
const USES: [&str; 6] = [
    "bearer with sessions",
    "bearer without",
    "refresh",
    "reset",
    "confirmation",
    "set-up",
];

async fn is_taken(as_what: &str, token: &str, sessions: &Server, legacy: &Server) -> bool {
    let anonymous = sessions.anonymous();
    let answer = match as_what {
        "bearer with sessions" => me(sessions, token).await,
        "bearer without" => me(legacy, token).await,
        "refresh" => refresh(sessions, token).await,
        "reset" => {
            let body =
                json!({ "code": token, "password": PASSWORD, "passwordConfirmation": PASSWORD });
            anonymous.post("/api/auth/reset-password", body).await
        }
        "confirmation" => {
            anonymous
                .get(&format!(
                    "/api/auth/email-confirmation?confirmation={token}"
                ))
                .await
        }
        _ => {
            let body = json!({ "token": token, "username": "mallory", "email": "m@example.com", "password": PASSWORD });
            anonymous.post("/api/users-permissions/setup", body).await
        }
    };
    let status = answer.status.as_u16();
    if as_what.starts_with("bearer") || as_what == "refresh" {
        assert!([200, 401].contains(&status), "{as_what}: {}", answer.text);
    }
    (200..400).contains(&status)
}

on_every_database! {
    async fn no_kind_of_token_passes_for_another(kind) {
        let database = TestDatabase::create(kind);
        let legacy = Server::with_config(config(&database)).await;
        let long_lived = legacy.register("ann").await.client.jwt.unwrap();
        let mut by = config(&database);
        by_sessions(&mut by);
        let sessions = Server::with_config(by).await;
        let admin = sessions.admin().await;
        let pair = sign_in(&sessions, "ann").await;
        // Bob has yet to confirm an address, Ann wants a new password.
        let body = json!({ "username": "bob", "email": "bob@example.com", "password": PASSWORD });
        admin.post("/api/users", body).await.expect(201);
        for (path, address) in [("forgot-password", "ann@example.com"), ("send-email-confirmation", "bob@example.com")] {
            sessions.anonymous().post(&format!("/api/auth/{path}"), json!({ "email": address })).await.expect(200);
        }
        let reset = sessions.mail_to("ann@example.com", "Reset password", 1).await.code();
        let confirmation = sessions.mail_to("bob@example.com", "Account confirmation", 1).await.code();
        let session = caller(&sessions, &pair.jwt).get("/api/auth/sessions").await.expect(200);
        let session_id = session["data"][0]["id"].as_str().unwrap().to_owned();
        // In this order: what is taken, uses the token up, and a reset ends the others.
        let tokens: [(&str, String, &[&str]); 6] = [
            ("session id", session_id, &[]),
            ("long-lived", long_lived, &["bearer without"]),
            ("access", pair.jwt, &["bearer with sessions"]),
            ("refresh", pair.refresh, &["refresh"]),
            ("confirmation", confirmation, &["confirmation"]),
            ("reset", reset, &["reset"]),
        ];
        for (name, token, good) in &tokens {
            for use_of in USES {
                let taken = is_taken(use_of, token, &sessions, &legacy).await;
                assert_eq!(taken, good.contains(&use_of), "a token of kind `{name}` as {use_of}");
            }
        }
    }
}

#[actix_web::test]
async fn claims_decide_and_not_the_signature_alone() {
    let server = crate::tokens_of::server(acceptance::Kind::Sqlite).await;
    server.register("ann").await;
    let pair = sign_in(&server, "ann").await;
    let claims = crate::forge::payload(&pair.jwt);
    let as_bearer = async |claims: &Value| {
        me(&server, &crate::forge::token(claims))
            .await
            .status
            .as_u16()
    };
    assert_eq!(as_bearer(&claims).await, 200);
    let id = claims["userId"].as_str().unwrap();
    for (name, value) in [
        ("type", json!("refresh")),
        ("userId", json!(id.parse::<i64>().unwrap())),
        ("userId", json!("1")),
        ("userId", json!(format!("0{id}"))),
        ("sessionId", json!("0".repeat(32))),
        ("sessionId", json!("")),
        ("sub", json!("admin:1")),
        ("aud", json!("admin")),
        ("iss", json!("somebody")),
    ] {
        let mut forged = claims.clone();
        forged[name] = value.clone();
        assert_eq!(as_bearer(&forged).await, 401, "{name}: {value}");
    }
}
