//! A signed-in user's new password.

use acceptance::{PASSWORD, Server, TestDatabase, config, on_every_database};
use futures_util::future::join_all;
use serde_json::{Value, json};

const CHANGE: &str = "/api/auth/change-password";
const NEW: &str = "Another1!";

fn body(current: &str, new: &str) -> Value {
    json!({ "currentPassword": current, "password": new, "passwordConfirmation": new })
}

on_every_database! {
    async fn a_change_ends_older_tokens_and_codes_and_tells_the_user(kind) {
        let database = TestDatabase::create(kind);
        let servers = [Server::with_config(config(&database)).await, Server::with_config(config(&database)).await];
        let server = &servers[0];
        let ann = server.register("ann").await;
        let other_device = server.login("ann", PASSWORD).await;
        let elsewhere = acceptance::Client::new(servers[1].base(), other_device.jwt.clone());
        elsewhere.get("/api/users/me").await.expect(200);
        let code = server.reset_code("ann@example.com", 1).await;
        let answer = ann.client.post(CHANGE, body(PASSWORD, NEW)).await.expect(200);
        assert_eq!(answer["user"]["username"], "ann");
        assert!(answer["user"].get("password").is_none());
        let fresh = ann.client.with_token(answer["jwt"].as_str().unwrap());
        fresh.get("/api/users/me").await.expect(200);
        for old in [&ann.client, &other_device] {
            old.get("/api/users/me").await.expect_error(401, "UnauthorizedError", "Invalid credentials");
        }
        // The other instance learns of it within its interval.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while elsewhere.get("/api/users/me").await.status != 401 {
            assert!(kind != acceptance::Kind::Sqlite || std::time::Instant::now() < deadline);
            if kind == acceptance::Kind::Sqlite {
                break; // A database of one process: nobody polls.
            }
            assert!(std::time::Instant::now() < deadline, "an old token lives on elsewhere");
            actix_web::rt::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        server.anonymous().post("/api/auth/local", json!({ "identifier": "ann", "password": PASSWORD })).await.expect(400);
        server.login("ann", NEW).await;
        let reset = json!({ "code": code, "password": "Third111!", "passwordConfirmation": "Third111!" });
        let answer = server.anonymous().post("/api/auth/reset-password", reset).await;
        answer.expect_error(400, "ValidationError", "Incorrect code provided");
        let notice = server.mail_to("ann@example.com", "Your password was changed", 1).await;
        assert!(!notice.html.contains(NEW) && !notice.html.contains(PASSWORD));
    }

    async fn without_the_current_password_nothing_happens(kind) {
        let server = Server::start(kind).await;
        let ann = server.register("ann").await;
        let before = server.database().dump();
        for (body, text) in [
            (body("wrong!!", NEW), "The provided current password is invalid"),
            (body(&format!("{PASSWORD} "), NEW), "The provided current password is invalid"),
            (body(&"x".repeat(100), NEW), "The provided current password is invalid"),
            (body(PASSWORD, PASSWORD), "Your new password must be different than your current password"),
            (body(PASSWORD, "12345"), "password must be at least 6 characters"),
            (body(PASSWORD, &"x".repeat(73)), "Password must be less than 73 bytes"),
            (json!({ "password": NEW, "passwordConfirmation": NEW }), "currentPassword is a required field"),
            (json!({ "currentPassword": PASSWORD, "password": NEW, "passwordConfirmation": "other!!" }), "Passwords do not match"),
            (json!({ "currentPassword": PASSWORD, "password": NEW, "passwordConfirmation": NEW, "userId": 1 }), "this field has unspecified keys: userId"),
        ] {
            ann.client.post(CHANGE, body).await.expect_error(400, "ValidationError", text);
        }
        for value in [json!({}), json!([]), json!(null), json!(true), json!(0), json!({ "$ne": "" })] {
            let body = json!({ "currentPassword": value, "password": NEW, "passwordConfirmation": NEW });
            ann.client.post(CHANGE, body).await.expect_refusal();
        }
        server.anonymous().post(CHANGE, body(PASSWORD, NEW)).await.expect_forbidden();
        assert_eq!(server.database().dump(), before);
        assert!(server.mails().await.is_empty());
        // Nor by the way of administrators, which a plain user has not.
        let own = format!("/api/users/{}", ann.id);
        ann.client.put(&own, json!({ "password": NEW })).await.expect_forbidden();
        assert_eq!(server.database().dump(), before);
    }

    async fn a_user_without_password_is_told_so(kind) {
        let server = Server::start(kind).await;
        let ann = server.register("ann").await;
        server.database().execute("UPDATE up_users SET password_hash = NULL, provider = 'google' WHERE username = 'ann'");
        let answer = ann.client.post(CHANGE, body(PASSWORD, NEW)).await;
        answer.expect_error(400, "ApplicationError", "This account has no password: it signs in with its provider");
    }

    async fn of_parallel_changes_from_one_password_one_succeeds(kind) {
        let server = Server::start(kind).await;
        let ann = server.register("ann").await;
        let answers = join_all((0..10).map(|index| {
            let client = ann.client.clone();
            async move { client.post(CHANGE, body(PASSWORD, &format!("Another{index}!"))).await }
        }));
        let answers = answers.await;
        let won: Vec<_> = (0..10).filter(|index| answers[*index].status == 200).collect();
        assert_eq!(won.len(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            // Refused by the old password, or by the token that the winner has ended.
            answer.expect_refusal();
        }
        server.login("ann", &format!("Another{}!", won[0])).await;
        assert_eq!(server.mails().await.len(), 1);
    }

    // Whoever sets a password, the user's older tokens and codes end and the user is told.
    async fn an_administrators_change_counts_as_much(kind) {
        let server = Server::start(kind).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await);
        let code = server.reset_code("ann@example.com", 1).await;
        admin.put(&format!("/api/users/{}", ann.id), json!({ "password": NEW })).await.expect(200);
        ann.client.get("/api/users/me").await.expect(401);
        let reset = json!({ "code": code, "password": "Third111!", "passwordConfirmation": "Third111!" });
        let answer = server.anonymous().post("/api/auth/reset-password", reset).await;
        answer.expect_error(400, "ValidationError", "Incorrect code provided");
        server.mail_to("ann@example.com", "Your password was changed", 1).await;
        server.login("ann", NEW).await;
    }
}
