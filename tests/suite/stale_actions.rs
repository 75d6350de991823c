//! Actions the database knows and the program does not: another version's, or gone.

use acceptance::{Client, Server, TestDatabase, config, on_every_database};
use serde_json::Value;

const STALE: &str = "api::gone.gone.find";
const OTHER: &str = "api::gone.gone.create";
const PING: &str = "api::article.article.ping";
const PERMISSIONS: &str = "/api/users-permissions/permissions";

/// A role that was granted `STALE`, `OTHER` and `PING`, the first two by another version of the app.
async fn start(database: &TestDatabase) -> (Server, Client, i64) {
    let server = Server::with_config(config(database)).await;
    let role = server.admin().await.create_role("Editor", &[PING]).await;
    drop(server);
    let (now, of) = ("'2026-01-01 00:00:00'", |action: &str| {
        format!("(SELECT id FROM up_actions WHERE action = '{action}')")
    });
    for action in [STALE, OTHER] {
        database.execute(&format!(
            "INSERT INTO up_actions (action, created_at) VALUES ('{action}', {now})"
        ));
        let values = format!("({role}, {}, {now})", of(action));
        database.execute(&format!(
            "INSERT INTO up_permissions (role_id, action_id, created_at) VALUES {values}"
        ));
    }
    let server = Server::with_config(config(database)).await;
    let admin = server.admin().await;
    (server, admin, role)
}

async fn stale(admin: &Client) -> Vec<Value> {
    let report = admin.get("/api/users-permissions/routes").await.expect(200);
    report["stale"].as_array().unwrap().clone()
}

fn stored(database: &TestDatabase, role: i64) -> Vec<String> {
    let mut actions = database.lines(&format!(
        "SELECT a.action AS line FROM up_actions a JOIN up_permissions p ON p.action_id = a.id WHERE p.role_id = {role}"
    ));
    actions.sort();
    actions
}

on_every_database! {
    async fn stale_actions_are_listed_and_not_shown_as_permissions(kind) {
        let database = TestDatabase::create(kind);
        let (_server, admin, role) = start(&database).await;
        assert_eq!(stale(&admin).await, [OTHER, STALE]);
        assert!(!admin.get(PERMISSIONS).await.text.contains("api::gone"));
        assert_eq!(admin.grants(role).await, [PING]);
        assert_eq!(stored(&database, role), [PING, OTHER, STALE]);
    }

    // In a rolling deploy the old version does not take the new one's grants away.
    async fn a_new_tree_keeps_the_grants_of_stale_actions(kind) {
        let database = TestDatabase::create(kind);
        let (server, admin, role) = start(&database).await;
        admin.set_grants(role, &["api::article.article.find"]).await.expect(200);
        assert_eq!(stored(&database, role), ["api::article.article.find", OTHER, STALE]);
        admin.set_grants(role, &[]).await.expect(200);
        assert_eq!(stored(&database, role), [OTHER, STALE]);
        // Nobody grants what the program does not know.
        admin.set_grants(role, &[STALE]).await.expect(400);
        assert_eq!(stored(&database, role), [OTHER, STALE]);
        drop(server);
        let server = Server::with_config(config(&database)).await;
        assert_eq!(stale(&server.admin().await).await, [OTHER, STALE]);
    }

    async fn an_administrator_removes_a_stale_action_with_every_grant_of_it(kind) {
        let database = TestDatabase::create(kind);
        let (server, admin, role) = start(&database).await;
        let remove = async |action: &str| admin.delete(&format!("{PERMISSIONS}/{action}")).await;
        server.register("ann").await.client.delete(&format!("{PERMISSIONS}/{STALE}")).await.expect_forbidden();
        let before = database.dump();
        remove(PING).await.expect_error(400, "ApplicationError", "The action is in use");
        for unknown in ["api::never.never.was", "api::article.ping", "x", "%20", "api::GONE.gone.find"] {
            remove(unknown).await.expect_error(404, "NotFoundError", "Action not found");
        }
        assert_eq!(database.dump(), before);

        remove(STALE).await.expect(200);
        assert_eq!(stale(&admin).await, [OTHER]);
        assert_eq!(stored(&database, role), [PING, OTHER]);
        remove(STALE).await.expect_error(404, "NotFoundError", "Action not found");
        assert_eq!(database.number(&format!("SELECT COUNT(*) FROM up_actions WHERE action = '{STALE}'")), 0);
        drop(server);
        let server = Server::with_config(config(&database)).await;
        assert_eq!(stale(&server.admin().await).await, [OTHER]);
    }
}
