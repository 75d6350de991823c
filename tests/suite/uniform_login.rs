//! A refused login tells nothing about who exists.

use acceptance::{Answer, Server, on_every_database};
use serde_json::json;

/// Everything of an answer but the time it was given.
fn told(answer: &Answer) -> (u16, Vec<(String, Vec<u8>)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let mut headers: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    headers.sort();
    (answer.status.as_u16(), headers, answer.text.clone())
}

on_every_database! {
    async fn unknown_users_and_wrong_passwords_get_the_same_bytes(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let people = [
            "blocked", "unconfirmed", "social", "other_provider", "costly", "known",
        ];
        for name in people {
            server.register(name).await;
        }
        let set = |change: &str, name: &str| {
            server.database().execute(&format!("UPDATE up_users SET {change} WHERE username = '{name}'"));
        };
        set("blocked = TRUE", "blocked");
        set("confirmed = FALSE", "unconfirmed");
        set("password_hash = NULL", "social");
        set("provider = 'google'", "other_provider");
        set("password_hash = '$2b$31$abcdefghijklmnopqrstuuR0X5uBZCMUgF8g1l5sTtJ0n5hYhJr4y'", "costly");
        admin.get("/api/users/me").await.expect(200);
        let mut identifiers: Vec<String> = people.iter().flat_map(|name| [(*name).to_owned(), format!("{name}@example.com")]).collect();
        identifiers.extend(["nobody", "nobody@example.com", "no such name!", "@", "\u{202e}", "a b@c", "'--"].map(str::to_owned));
        identifiers.push("x".repeat(1_000));
        let mut answers = Vec::new();
        for identifier in &identifiers {
            for password in ["wrong password", "x", &"x".repeat(100), "\u{0}"] {
                let body = json!({ "identifier": identifier, "password": password });
                answers.push((identifier, told(&server.anonymous().post("/api/auth/local", body).await)));
            }
        }
        // The right password of an account that has none of its own, or one of another provider.
        for identifier in ["social", "other_provider", "costly", "other_provider@example.com"] {
            let body = json!({ "identifier": identifier, "password": acceptance::PASSWORD });
            answers.push((&identifiers[0], told(&server.anonymous().post("/api/auth/local", body).await)));
        }
        let (_, first) = &answers[0];
        assert_eq!(first.0, 400);
        for (identifier, told) in &answers {
            assert_eq!(told, first, "{identifier}");
        }
    }

    async fn a_taken_address_and_a_taken_name_get_the_same_bytes(kind) {
        let server = Server::start(kind).await;
        server.register("ann").await;
        let mut answers = Vec::new();
        for (username, email) in [("ann", "new@example.com"), ("new", "ann@example.com"), ("ann", "ann@example.com"), ("new", "ANN@example.com")] {
            let body = json!({ "username": username, "email": email, "password": acceptance::PASSWORD });
            answers.push(told(&server.anonymous().post("/api/auth/local/register", body).await));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    }
}
