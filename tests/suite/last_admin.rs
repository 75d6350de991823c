//! There is always somebody who can manage the rest.

use acceptance::{Client, Server, TestDatabase, config, on_every_database};
use futures_util::future::join;
use serde_json::json;

const LAST: &str = "The last administrator cannot be deleted, blocked or demoted";

async fn own_path(client: &Client) -> String {
    format!(
        "/api/users/{}",
        client.get("/api/users/me").await.expect(200)["id"]
    )
}

fn administrators(database: &TestDatabase) -> i64 {
    database.number(
        "SELECT COUNT(*) FROM up_users u JOIN up_user_roles m ON m.user_id = u.id JOIN up_roles r ON r.id = m.role_id
         WHERE r.role_type = 'administrator' AND NOT u.blocked",
    )
}

on_every_database! {
    async fn the_last_administrator_cannot_be_deleted_blocked_or_demoted(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (path, public) = (own_path(&admin).await, admin.role_id("public").await);
        let authenticated = admin.role_id("authenticated").await;
        // A blocked administrator is no help.
        let administrator = admin.role_id("administrator").await;
        let other = admin.create_user("other", administrator).await;
        admin.put(&format!("/api/users/{}", other.id), json!({ "blocked": true })).await.expect(200);
        let before = server.database().dump();
        admin.delete(&path).await.expect_error(400, "ApplicationError", LAST);
        for body in [
            json!({ "blocked": true }),
            json!({ "role": public }),
            json!({ "role": authenticated }),
            json!({ "role": { "connect": [{ "id": public }] } }),
            json!({ "role": { "set": [{ "id": public }] } }),
            json!({ "blocked": true, "role": administrator }),
            json!({ "username": "renamed", "password": "another password", "role": public }),
        ] {
            admin.put(&path, body).await.expect_error(400, "ApplicationError", LAST);
        }
        for body in [json!({ "role": { "disconnect": [{ "id": administrator }] } }), json!({ "role": null }), json!({ "role": { "connect": [] } })] {
            admin.put(&path, body).await.expect_refusal();
        }
        admin.delete(&format!("/api/users-permissions/roles/{administrator}")).await.expect(400);
        admin.set_grants(administrator, &[]).await.expect(400);
        assert_eq!(server.database().dump(), before);
        admin.get("/api/users-permissions/roles").await.expect(200);
    }

    async fn with_two_administrators_one_may_go_and_the_other_then_not(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let administrator = admin.role_id("administrator").await;
        for body in [Some(json!({ "blocked": true })), Some(json!({ "role": admin.role_id("public").await })), None] {
            let other = admin.create_user("other", administrator).await;
            other.client.get("/api/users-permissions/roles").await.expect(200);
            let path = format!("/api/users/{}", other.id);
            match body {
                Some(body) => drop(admin.put(&path, body).await.expect(200)),
                None => drop(admin.delete(&path).await.expect(200)),
            }
            admin.delete(&own_path(&admin).await).await.expect_error(400, "ApplicationError", LAST);
            admin.delete(&path).await;
        }
    }

    // Who cannot sign in because the address is unproven is no administrator either.
    async fn the_last_administrator_stays_confirmed_while_confirmation_is_asked_for(kind) {
        let confirming = |config: &mut users_permissions::Config| config.advanced_settings.email_confirmation = true;
        let server = Server::start_with(kind, confirming).await;
        let admin = server.admin().await;
        let path = own_path(&admin).await;
        let unconfirmed = json!({
            "username": "other", "email": "other@example.com", "password": acceptance::PASSWORD,
            "role": admin.role_id("administrator").await, "confirmed": false,
        });
        admin.post("/api/users", unconfirmed).await.expect(201);
        let before = server.database().dump();
        for body in [json!({ "confirmed": false }), json!({ "email": "moved@example.com" }), json!({ "blocked": true })] {
            let answer = admin.put(&path, body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        }
        admin.delete(&path).await.expect(400);
        assert_eq!(server.database().dump(), before);
        admin.put(&path, json!({ "email": "moved@example.com", "confirmed": true })).await.expect(200);
        server.admin().await.get("/api/users-permissions/roles").await.expect(200);
    }

    async fn of_two_administrators_who_remove_each_other_at_once_one_fails(kind) {
        let database = TestDatabase::create(kind);
        let servers = [Server::with_config(config(&database)).await, Server::with_config(config(&database)).await];
        let first = servers[0].admin().await;
        let first_path = own_path(&first).await;
        let administrator = first.role_id("administrator").await;
        let public = first.role_id("public").await;
        for round in 0..12 {
            // Whoever survived makes a new second one.
            let name = format!("second{round}");
            let survivor = servers[0].login("admin", "AdminPass1").await;
            let second = survivor.create_user(&name, administrator).await;
            let second_there = Client::new(servers[1].base(), second.client.jwt.clone());
            let second_path = format!("/api/users/{}", second.id);
            let remove = async |client: &Client, path: &str| match round % 3 {
                0 => client.put(path, json!({ "role": public })).await,
                1 => client.put(path, json!({ "blocked": true })).await,
                _ => client.delete(path).await,
            };
            second_there.get("/api/users/me").await.expect(200);
            let (one, other) = join(remove(&survivor, &second_path), remove(&second_there, &first_path)).await;
            let statuses = [one.status.as_u16(), other.status.as_u16()];
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{} {}", one.text, other.text);
            let lost = if statuses[0] == 200 { &other } else { &one };
            assert!([400, 401, 403].contains(&lost.status.as_u16()), "{}", lost.text);
            assert_eq!(administrators(&database), 1);
            if statuses[0] != 200 {
                return;
            }
        }
    }
}
