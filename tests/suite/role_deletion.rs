//! Deleting a role leaves nobody without one.

use acceptance::{Client, PASSWORD, Server, TestDatabase, config, on_every_database};
use futures_util::future::{join, join3};
use serde_json::json;

const ROLES: &str = "/api/users-permissions/roles";
const PING: &str = "api::article.article.ping";

on_every_database! {
    async fn the_roles_others_depend_on_cannot_be_deleted(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let before = server.database().dump();
        for (role, message) in [
            ("public", "Cannot delete public role"),
            ("administrator", "Cannot delete administrator role"),
            ("authenticated", "Cannot delete the default role"),
        ] {
            let id = admin.role_id(role).await;
            admin.delete(&format!("{ROLES}/{id}")).await.expect_error(400, "ApplicationError", message);
            for id in [format!("0{id}"), format!("+{id}"), format!("{id}.0"), format!("%30{id}")] {
                admin.delete(&format!("{ROLES}/{id}")).await.expect_error(404, "NotFoundError", "Role not found");
            }
        }
        assert_eq!(server.database().dump(), before);
        server.register("ann").await;
    }

    async fn the_default_role_is_the_one_that_is_set(kind) {
        let editors = |config: &mut users_permissions::Config| config.advanced_settings.default_role = "editor".into();
        let server = Server::start_with(kind, editors).await;
        let admin = server.admin().await;
        let body = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
        let answer = server.anonymous().post("/api/auth/local/register", body.clone()).await;
        answer.expect_error(400, "ApplicationError", "Impossible to find the default role");
        let editor = admin.create_role("Editor", &[]).await;
        let answer = admin.delete(&format!("{ROLES}/{editor}")).await;
        answer.expect_error(400, "ApplicationError", "Cannot delete the default role");
        server.anonymous().post("/api/auth/local/register", body).await.expect(200);
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_user_roles WHERE role_id = (SELECT id FROM up_roles WHERE role_type = 'editor')"), 1);
    }

    async fn users_of_a_deleted_role_are_the_publics_and_keep_their_tokens(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[PING]).await;
        let people = [admin.create_user("ann", role).await, admin.create_user("bob", role).await];
        for person in &people {
            person.client.get("/api/ping").await.expect(200);
        }
        admin.delete(&format!("{ROLES}/{role}")).await.expect(200);
        for person in &people {
            person.client.get("/api/ping").await.expect_forbidden();
            person.client.get("/api/connect/none").await.expect(400);
        }
        admin.get(&format!("{ROLES}/{role}")).await.expect_error(404, "NotFoundError", "Role not found");
        admin.delete(&format!("{ROLES}/{role}")).await.expect_error(404, "NotFoundError", "Role not found");
        assert_eq!(orphans(server.database()), 0);
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_permissions WHERE role_id NOT IN (SELECT id FROM up_roles)"), 0);
        // The name is free again, and nothing of the old role comes back with it.
        let again = admin.create_role("Editor", &[]).await;
        assert_eq!(admin.grants(again).await, Vec::<String>::new());
        people[0].client.get("/api/ping").await.expect_forbidden();
    }

    async fn a_role_deleted_while_it_is_given_away_leaves_everybody_with_a_role(kind) {
        let database = TestDatabase::create(kind);
        let servers = [Server::with_config(config(&database)).await, Server::with_config(config(&database)).await];
        let admins = [servers[0].admin().await, servers[1].admin().await];
        let ann = servers[0].register("ann").await;
        for round in 0..15 {
            let role = admins[0].create_role(&format!("Role {round}"), &[PING]).await;
            let newcomer = json!({
                "username": format!("newcomer{round}"), "email": format!("newcomer{round}@example.com"),
                "password": PASSWORD, "role": role,
            });
            let (created, moved, deleted) = join3(
                admins[1].post("/api/users", newcomer),
                move_to(&admins[1], ann.id, role),
                admins[0].delete(&format!("{ROLES}/{role}")),
            ).await;
            assert!([201, 400, 403].contains(&created.status.as_u16()), "{}", created.text);
            assert!([200, 400, 403].contains(&moved.status.as_u16()), "{}", moved.text);
            assert!([200, 503].contains(&deleted.status.as_u16()), "{}", deleted.text);
            assert_eq!(orphans(&database), 0);
            if created.status == 201 {
                // Of the public, or of the role where its deletion was not to be had.
                let newcomer = servers[0].login(&format!("newcomer{round}"), PASSWORD).await;
                let (path, status) = match deleted.status.as_u16() {
                    200 => ("/api/connect/none", 400),
                    _ => ("/api/ping", 200),
                };
                newcomer.get(path).await.expect(status);
            }
        }
        let public = admins[0].role_id("public").await;
        move_to(&admins[0], ann.id, public).await.expect(200);
        ann.client.get("/api/connect/none").await.expect(400);
    }

    async fn registrations_during_deletions_all_get_a_role(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let anonymous = server.anonymous();
        let register = async {
            for index in 0..20 {
                let body = json!({ "username": format!("user{index}"), "email": format!("user{index}@example.com"), "password": PASSWORD });
                anonymous.post("/api/auth/local/register", body).await.expect(200);
            }
        };
        let delete = async {
            for index in 0..10 {
                let role = admin.create_role(&format!("Role {index}"), &[PING]).await;
                admin.delete(&format!("{ROLES}/{role}")).await.expect(200);
            }
        };
        join(register, delete).await;
        assert_eq!(orphans(server.database()), 0);
    }
}

async fn move_to(admin: &Client, user: i64, role: i64) -> acceptance::Answer {
    admin
        .put(&format!("/api/users/{user}"), json!({ "role": role }))
        .await
}

/// Memberships of no role, and users without a primary one.
fn orphans(database: &TestDatabase) -> i64 {
    [
        "SELECT COUNT(*) FROM up_user_roles WHERE role_id NOT IN (SELECT id FROM up_roles)",
        "SELECT COUNT(*) FROM up_users WHERE id NOT IN (SELECT user_id FROM up_user_roles WHERE place = 0)",
    ]
    .map(|sql| database.number(sql))
    .iter()
    .sum()
}
