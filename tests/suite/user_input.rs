//! What may be written of users by those who manage them.

use acceptance::{PASSWORD, Server, on_every_database};
use serde_json::json;

on_every_database! {
    async fn no_column_but_those_of_managers_is_written_on_either_route(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let path = format!("/api/users/{}", server.register("ann").await.id);
        let before = server.database().dump();
        for key in [
            "resetPasswordToken", "confirmationToken", "provider", "id", "documentId", "createdAt", "updatedAt", "publishedAt",
            "createdBy", "updatedBy", "locale", "password_hash", "email_key", "token_version", "tokenVersion", "Username",
        ] {
            for value in [json!(1), json!("x"), json!("2020-01-01T00:00:00.000Z"), json!(true), json!({}), json!(null)] {
                let refused = format!("Invalid parameters: {key}");
                let mut new = json!({ "username": "mallory", "email": "mallory@example.com", "password": PASSWORD });
                new[key] = value.clone();
                admin.post("/api/users", new).await.expect_error(400, "ValidationError", &refused);
                let mut change = json!({ "username": "changed", "email": "changed@example.com", "blocked": true });
                change[key] = value.clone();
                admin.put(&path, change).await.expect_error(400, "ValidationError", &refused);
                admin.put(&path, json!({ key: value })).await.expect_error(400, "ValidationError", &refused);
            }
        }
        assert_eq!(server.database().dump(), before);
    }

    // Where addresses need not be unique, nothing compares them; and still they are written one way.
    async fn a_changed_address_is_kept_in_lower_case_whether_it_is_unique_or_not(kind) {
        for unique in [true, false] {
            let server = Server::start_with(kind, |config| config.advanced_settings.unique_email = unique).await;
            let admin = server.admin().await;
            let (ann, bob) = (server.register("ann").await.id, server.register("bob").await.id);
            let body = json!({ "email": "Ann.NEW@Example.COM", "confirmed": true });
            let changed = admin.put(&format!("/api/users/{ann}"), body).await.expect(200);
            assert_eq!(changed["email"], "ann.new@example.com", "{unique}");
            let stored = server.database().lines("SELECT email AS line FROM up_users WHERE username = 'ann'");
            assert_eq!(stored, ["ann.new@example.com"], "{unique}");
            for identifier in ["ann.new@example.com", "Ann.NEW@Example.COM", "ANN.NEW@EXAMPLE.COM"] {
                server.login(identifier, PASSWORD).await;
            }
            let same = admin.put(&format!("/api/users/{bob}"), json!({ "email": "ann.new@EXAMPLE.com" })).await;
            if unique {
                same.expect_error(400, "ApplicationError", "Email already taken");
            } else {
                assert_eq!(same.expect(200)["email"], "ann.new@example.com");
            }
        }
    }
}
