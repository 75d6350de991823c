//! Grants written in code are given once, and several instances may give them at once.

use acceptance::{Client, Server, TestDatabase, config, on_every_database};
use futures_util::future::join_all;
use serde_json::json;
use users_permissions::Config;

const PING: &str = "api::article.article.ping";
const FIND: &str = "api::article.article.find";
const FIND_ONE: &str = "api::article.article.findOne";
const CREATE: &str = "api::article.article.create";
const UPDATE: &str = "api::article.article.update";
const DELETE: &str = "api::article.article.delete";

fn granting(database: &TestDatabase) -> Config {
    let mut config = config(database);
    config.initial_grants = true;
    config
}

/// The grants of the articles.
async fn of_articles(admin: &Client, role: &str) -> Vec<String> {
    let grants = admin.grants(admin.role_id(role).await).await;
    grants
        .into_iter()
        .filter(|action| action.starts_with("api::article."))
        .collect()
}

on_every_database! {
    async fn a_grant_is_given_once_and_stays_away_when_it_was_taken(kind) {
        let database = TestDatabase::create(kind);
        let server = Server::with_config(granting(&database)).await;
        let admin = server.admin().await;
        assert_eq!(of_articles(&admin, "public").await, [FIND, FIND_ONE, PING]);
        assert_eq!(of_articles(&admin, "authenticated").await, [CREATE, DELETE, FIND, FIND_ONE, PING, UPDATE]);
        server.anonymous().get("/api/articles").await.expect(200);

        let public = admin.role_id("public").await;
        let without_find: Vec<String> = admin.grants(public).await.into_iter().filter(|action| action != FIND).collect();
        let without_find: Vec<&str> = without_find.iter().map(String::as_str).collect();
        admin.set_grants(public, &without_find).await.expect(200);
        drop(server);

        for _ in 0..2 {
            let server = Server::with_config(granting(&database)).await;
            let admin = server.admin().await;
            assert_eq!(of_articles(&admin, "public").await, [FIND_ONE, PING]);
            server.anonymous().get("/api/articles").await.expect_forbidden();
            server.anonymous().get("/api/ping").await.expect(200);
        }
    }

    async fn without_first_grants_the_plugins_own_stay(kind) {
        let database = TestDatabase::create(kind);
        let server = Server::with_config(config(&database)).await;
        let admin = server.admin().await;
        for role in ["public", "authenticated"] {
            assert!(of_articles(&admin, role).await.is_empty());
        }
        server.anonymous().get("/api/ping").await.expect_forbidden();
        server.anonymous().get("/api/connect/none").await.expect(400);
        server.register("ann").await.client.get("/api/users/me").await.expect(200);
        drop(server);
        // Seen is seen: turning the switch on later grants nothing behind an administrator's back.
        let server = Server::with_config(granting(&database)).await;
        server.anonymous().get("/api/ping").await.expect_forbidden();
    }

    async fn an_action_that_appears_later_is_granted_then_and_held_by_administrators(kind) {
        let database = TestDatabase::create(kind);
        let server = Server::with_config(granting(&database)).await;
        let admin = server.admin().await;
        let kept = [PING, "plugin::users-permissions.auth.callback"];
        admin.set_grants(admin.role_id("public").await, &kept).await.expect(200);
        drop((server, admin));
        // An older version of the application had no `ping`.
        database.execute(&format!("DELETE FROM up_permissions WHERE action_id = (SELECT id FROM up_actions WHERE action = '{PING}')"));
        database.execute(&format!("DELETE FROM up_actions WHERE action = '{PING}'"));
        let server = Server::with_config(granting(&database)).await;
        let admin = server.admin().await;
        admin.get("/api/ping").await.expect(200);
        assert_eq!(of_articles(&admin, "public").await, [PING]);
        server.anonymous().get("/api/ping").await.expect(200);
        server.anonymous().get("/api/articles").await.expect_forbidden();
    }

    async fn an_action_that_was_removed_and_comes_back_was_seen_before(kind) {
        let database = TestDatabase::create(kind);
        drop(Server::with_config(granting(&database)).await);
        let rename = |from: &str, to: &str| {
            database.execute(&format!("UPDATE up_actions SET action = '{to}' WHERE action = '{from}'"));
            database.execute(&format!("UPDATE up_removed_actions SET action = '{to}' WHERE action = '{from}'"));
        };
        // As if another version of the application had carried it, and this one did not.
        let gone = "api::gone.gone.find";
        rename(FIND, gone);
        let server = Server::with_config(config(&database)).await;
        let path = format!("/api/users-permissions/permissions/{gone}");
        server.admin().await.delete(&path).await.expect(200);
        drop(server);
        database.execute(&format!("DELETE FROM up_actions WHERE action = '{FIND}'"));
        rename(gone, FIND);
        let server = Server::with_config(granting(&database)).await;
        let admin = server.admin().await;
        assert_eq!(of_articles(&admin, "public").await, [FIND_ONE, PING]);
        server.anonymous().get("/api/articles").await.expect_forbidden();
        // Administrators hold it, and give it again.
        admin.get("/api/articles").await.expect(200);
        let public = admin.role_id("public").await;
        admin.set_grants(public, &[FIND]).await.expect(200);
        server.anonymous().get("/api/articles").await.expect(200);
    }

    async fn instances_that_start_at_once_on_an_empty_database_share_one_set_of_everything(kind) {
        let database = TestDatabase::create(kind);
        let servers = join_all((0..4).map(|_| Server::with_config(granting(&database)))).await;
        assert_eq!(database.number("SELECT COUNT(*) FROM up_roles"), 3);
        assert_eq!(database.number("SELECT COUNT(*) FROM up_users"), 1);
        assert_eq!(database.number("SELECT COUNT(*) FROM up_settings"), 1);
        let actions = database.number("SELECT COUNT(*) FROM up_actions");
        assert_eq!(actions, database.number("SELECT COUNT(DISTINCT action) FROM up_actions"));
        assert_eq!(actions, servers[0].up.catalog().len() as i64);
        for server in &servers {
            let admin = server.admin().await;
            assert_eq!(of_articles(&admin, "public").await, [FIND, FIND_ONE, PING]);
            server.anonymous().get("/api/articles").await.expect(200);
        }
        // Accounts are shared, secrets are the same: a token of one is good at the other.
        let ann = servers[0].register("ann").await;
        let there = Client::new(servers[3].base(), ann.client.jwt.clone());
        there.get("/api/users/me").await.expect(200);
    }

    async fn a_restart_changes_nothing(kind) {
        let database = TestDatabase::create(kind);
        drop(Server::with_config(granting(&database)).await);
        let before = database.dump();
        for _ in 0..2 {
            let mut config = granting(&database);
            // Nor is a second administrator made, whatever is configured meanwhile.
            config.first_admin.as_mut().unwrap().username = "another".into();
            config.first_admin.as_mut().unwrap().email = "another@example.com".into();
            drop(Server::with_config(config).await);
            assert_eq!(database.dump(), before);
        }
    }

    async fn advanced_settings_of_the_first_start_stay(kind) {
        let database = TestDatabase::create(kind);
        let mut closed = config(&database);
        closed.advanced_settings.allow_register = false;
        drop(Server::with_config(closed).await);
        let server = Server::with_config(config(&database)).await;
        let body = json!({ "username": "ann", "email": "ann@example.com", "password": acceptance::PASSWORD });
        let answer = server.anonymous().post("/api/auth/local/register", body).await;
        answer.expect_error(400, "ApplicationError", "Register action is currently disabled");
        // The first of all checks: a malformed body is told the same.
        for body in [json!({}), json!({ "role": 1 })] {
            let answer = server.anonymous().post("/api/auth/local/register", body).await;
            answer.expect_error(400, "ApplicationError", "Register action is currently disabled");
        }
    }
}
