//! Roles as an administrator edits them: all of a change or nothing.

use acceptance::{Kind, Server, TestDatabase, config, on_every_database, tree};
use futures_util::future::join;
use serde_json::{Value, json};

const ROLES: &str = "/api/users-permissions/roles";
const PING: &str = "api::article.article.ping";
const FIND: &str = "api::article.article.find";
const CREATE: &str = "api::article.article.create";
const DELETE: &str = "api::article.article.delete";

/// Trees of another shape.
fn malformed() -> Vec<Value> {
    let ping = |value: Value| json!({ "api::article": { "controllers": { "article": { "ping": value } } } });
    let half = |second: Value| json!({ "api::article": { "controllers": { "article": { "ping": { "enabled": true }, "zzz": second } } } });
    vec![
        json!(null),
        json!([]),
        json!("all"),
        json!(true),
        json!(1),
        json!({ "api::article": null }),
        json!({ "api::article": [] }),
        json!({ "api::article": "x" }),
        json!({ "api::article": { "controllers": null } }),
        json!({ "api::article": { "controllers": [] } }),
        json!({ "api::article": { "controllers": { "article": null } } }),
        json!({ "api::article": { "controllers": { "article": [PING] } } }),
        // A level was left out: ignored, it would take every right of the unit away.
        json!({ "api::article": { "article": { "ping": { "enabled": true } } } }),
        ping(json!(true)),
        ping(json!(null)),
        ping(json!("enabled")),
        ping(json!([])),
        ping(json!({ "enabled": "true" })),
        ping(json!({ "enabled": 1 })),
        ping(json!({ "enabled": null })),
        ping(json!({ "enabled": {} })),
        half(json!({ "enabled": true })),
        half(json!({ "enabled": false })),
        half(json!({})),
        tree(&["api::article.article.Ping"]),
        tree(&["api::article.articles.ping"]),
        tree(&["api::articles.article.ping"]),
        tree(&["plugin::users-permissions.auth.callbacks"]),
        tree(&["api::article.article."]),
        tree(&["x.y.z"]),
    ]
}

on_every_database! {
    async fn a_malformed_tree_is_400_and_nothing_is_written(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[FIND, CREATE]).await;
        let before = server.database().dump();
        for tree in malformed() {
            let answer = admin.post(ROLES, json!({ "name": "Other", "permissions": tree })).await;
            assert_eq!(answer.status, 400, "{tree}: {}", answer.text);
            answer.expect_refusal();
            let body = json!({ "name": "Renamed", "description": "x", "permissions": tree });
            let answer = admin.put(&format!("{ROLES}/{role}"), body).await;
            assert_eq!(answer.status, 400, "{tree}: {}", answer.text);
        }
        assert_eq!(server.database().dump(), before);
    }

    async fn a_tree_replaces_and_its_absence_keeps(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[FIND, CREATE]).await;
        let path = format!("{ROLES}/{role}");
        // Section 3, 26: a rename wiped every right.
        for body in [json!({ "name": "Author" }), json!({ "description": "Writes" }), json!({ "name": "Author", "users": [] })] {
            admin.put(&path, body).await.expect(200);
            assert_eq!(admin.grants(role).await, [CREATE, FIND]);
        }
        let shown = admin.get(&path).await.expect(200)["role"].clone();
        assert_eq!((&shown["name"], &shown["description"], &shown["type"]), (&json!("Author"), &json!("Writes"), &json!("editor")));
        admin.set_grants(role, &[PING, FIND]).await.expect(200);
        assert_eq!(admin.grants(role).await, [FIND, PING]);
        // What a client read is what it may write back.
        let read = admin.get(&path).await.expect(200)["role"].clone();
        admin.put(&path, read).await.expect(200);
        assert_eq!(admin.grants(role).await, [FIND, PING]);
        let empty = admin.get("/api/users-permissions/permissions").await.expect(200);
        admin.put(&path, json!({ "permissions": empty["permissions"], "description": null })).await.expect(200);
        assert_eq!(admin.grants(role).await, Vec::<String>::new());
        assert!(admin.get(&path).await.expect(200)["role"]["description"].is_null());
    }

    async fn names_types_and_ids_are_checked_before_anything_is_written(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[FIND]).await;
        let before = server.database().dump();
        for body in [
            json!({}), json!({ "name": "" }), json!({ "name": "ab" }), json!({ "name": null }), json!({ "name": 7 }),
            json!({ "name": ["Other"] }), json!({ "name": {} }), json!({ "name": " Other" }), json!({ "name": "Ot\nher" }),
            json!({ "name": "???" }), json!({ "name": "Other", "type": "" }), json!({ "name": "Other", "type": "a b" }),
            json!({ "name": "Other", "type": 1 }), json!({ "name": "Other", "type": "a'b" }),
            json!({ "name": "Other", "description": 7 }), json!({ "name": "Other", "type": "editor" }),
            json!({ "name": "Editor" }), json!({ "description": "no name" }), json!({ "permissions": tree(&[FIND]) }),
        ] {
            let answer = admin.post(ROLES, body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
            answer.expect_refusal();
        }
        for body in [json!({}), json!({ "name": "" }), json!({ "name": null }), json!({ "type": "other" }), json!({ "description": [] })] {
            let answer = admin.put(&format!("{ROLES}/{role}"), body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        }
        // Section 3, 28: `02` is no way to write 2.
        for id in ["02", "+2", "2.0", "2e0", "0x2", "%32%20", "-1", "0", "999999", "2147483648", "9999999999999", "public", "２", "2;3"] {
            let path = format!("{ROLES}/{id}");
            admin.get(&path).await.expect_error(404, "NotFoundError", "Role not found");
            admin.put(&path, json!({ "name": "Other" })).await.expect_error(404, "NotFoundError", "Role not found");
            admin.delete(&path).await.expect_error(404, "NotFoundError", "Role not found");
        }
        assert_eq!(server.database().dump(), before);
    }

    // The last writer wins as a whole: a mixture is a role nobody asked for.
    async fn of_two_trees_written_at_once_one_is_stored_whole(kind) {
        let database = TestDatabase::create(kind);
        let servers = [Server::with_config(config(&database)).await, Server::with_config(config(&database)).await];
        let admins = [servers[0].admin().await, servers[1].admin().await];
        let role = admins[0].create_role("Editor", &[]).await;
        let mut mixtures = Vec::new();
        for _ in 0..30 {
            admins[0].set_grants(role, &[]).await.expect(200);
            let (one, other) = join(
                admins[0].set_grants(role, &[PING, FIND]),
                admins[1].set_grants(role, &[CREATE, DELETE]),
            ).await;
            assert!(one.status == 200 && other.status == 200, "{} {}", one.text, other.text);
            let stored = admins[0].grants(role).await;
            if stored != [FIND, PING] && stored != [CREATE, DELETE] {
                mixtures.push(stored);
            }
        }
        assert!(mixtures.is_empty(), "{} of 30 are mixtures, as {:?}", mixtures.len(), mixtures[0]);
    }

    async fn a_tree_written_twice_at_once_is_stored_once(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[]).await;
        for _ in 0..20 {
            let (one, other) = join(admin.set_grants(role, &[PING, FIND]), admin.set_grants(role, &[PING, FIND])).await;
            assert!(one.status == 200 && other.status == 200, "{} {}", one.text, other.text);
            assert_eq!(admin.grants(role).await, [FIND, PING]);
            admin.set_grants(role, &[]).await.expect(200);
        }
    }

    async fn the_list_counts_users(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        server.register("ann").await;
        server.register("bob").await;
        let roles = admin.get(ROLES).await.expect(200);
        let counts: Vec<_> = roles["roles"].as_array().unwrap().iter().map(|role| (&role["type"], &role["nb_users"])).collect();
        let expected = [(json!("authenticated"), json!(2)), (json!("public"), json!(0)), (json!("administrator"), json!(1))];
        for (role, count) in &expected {
            assert!(counts.contains(&(role, count)), "{counts:?}");
        }
    }
}

#[actix_web::test]
async fn the_administrator_role_cannot_be_narrowed() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let role = admin.role_id("administrator").await;
    let before = server.database().dump();
    for actions in [
        &[][..],
        &[FIND],
        &["plugin::users-permissions.role.updateRole"],
    ] {
        admin.set_grants(role, actions).await.expect_error(
            400,
            "ApplicationError",
            "The administrator role holds every action",
        );
    }
    assert_eq!(server.database().dump(), before);
    let whole = admin.get(&format!("{ROLES}/{role}")).await.expect(200)["role"].clone();
    admin
        .put(&format!("{ROLES}/{role}"), whole)
        .await
        .expect(200);
    admin.get(ROLES).await.expect(200);
}
