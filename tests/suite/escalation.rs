//! Nobody hands out what they lack.

use acceptance::{Client, PASSWORD, Server, on_every_database, tree};
use futures_util::future::join;
use serde_json::{Value, json};

const ROLES: &str = "/api/users-permissions/roles";
const UPDATE_ROLE: &str = "plugin::users-permissions.role.updateRole";
const CREATE_ROLE: &str = "plugin::users-permissions.role.createRole";
const FIND_ROLE: &str = "plugin::users-permissions.role.find";
const CREATE_USER: &str = "plugin::users-permissions.user.create";
const UPDATE_USER: &str = "plugin::users-permissions.user.update";
const DESTROY_USER: &str = "plugin::users-permissions.user.destroy";
const PING: &str = "api::article.article.ping";
const FIND: &str = "api::article.article.find";

fn account(name: &str, role: Value) -> Value {
    json!({ "username": name, "email": format!("{name}@example.com"), "password": PASSWORD, "role": role, "confirmed": true })
}

async fn manager(admin: &Client, actions: &[&str]) -> (i64, Client, i64) {
    let role = admin.create_role("Manager", actions).await;
    let person = admin.create_user("manager", role).await;
    (role, person.client, person.id)
}

on_every_database! {
    async fn who_may_change_roles_grants_only_what_the_own_role_holds(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (own, manager, _) = manager(&admin, &[UPDATE_ROLE, FIND_ROLE, PING]).await;
        let other = admin.create_role("Other", &[]).await;
        let before = server.database().dump();
        let (public, authenticated) = (admin.role_id("public").await, admin.role_id("authenticated").await);
        for role in [own, other, public, authenticated] {
            for missing in [FIND, CREATE_ROLE, UPDATE_USER, "plugin::users-permissions.user.find"] {
                manager.set_grants(role, &[UPDATE_ROLE, FIND_ROLE, PING, missing]).await.expect_forbidden();
                manager.set_grants(role, &[missing]).await.expect_forbidden();
            }
        }
        let whole = admin.get(&format!("{ROLES}/{}", admin.role_id("administrator").await)).await.expect(200);
        let whole = json!({ "permissions": whole["role"]["permissions"] });
        manager.put(&format!("{ROLES}/{own}"), whole).await.expect_forbidden();
        assert_eq!(server.database().dump(), before);

        manager.set_grants(other, &[PING]).await.expect(200);
        assert_eq!(admin.grants(other).await, [PING]);
        // What a role held before is no gift.
        admin.set_grants(other, &[FIND]).await.expect(200);
        manager.set_grants(other, &[FIND, PING]).await.expect(200);
        // A right that was lost is not handed out any more, not even by the same token.
        admin.set_grants(own, &[UPDATE_ROLE]).await.expect(200);
        manager.set_grants(own, &[UPDATE_ROLE, PING]).await.expect_forbidden();
    }

    async fn who_may_create_roles_creates_none_stronger_than_the_own(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (_, manager, _) = manager(&admin, &[CREATE_ROLE, FIND_ROLE, PING]).await;
        let before = server.database().dump();
        for missing in [FIND, UPDATE_ROLE, "plugin::users-permissions.setup.page"] {
            let body = json!({ "name": "Strong", "permissions": tree(&[PING, missing]) });
            manager.post(ROLES, body).await.expect_forbidden();
        }
        assert_eq!(server.database().dump(), before);
        manager.post(ROLES, json!({ "name": "Weak", "permissions": tree(&[PING, CREATE_ROLE]) })).await.expect(200);
        manager.post(ROLES, json!({ "name": "Empty" })).await.expect(200);
    }

    async fn reserved_names_make_no_role_and_rename_none(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let editor = admin.create_role("Editor", &[]).await;
        let before = server.database().dump();
        for name in ["Public", "public", "PUBLIC", "Públic", "public ", "Authenticated", "authenticated", "Administrator", "ADMINISTRATOR", "'public'", "Pub'lic", "public!"] {
            for body in [json!({ "name": name }), json!({ "name": name, "type": "other" })] {
                assert_eq!(admin.post(ROLES, body).await.status, 400, "{name}");
            }
            assert_eq!(admin.put(&format!("{ROLES}/{editor}"), json!({ "name": name })).await.status, 400, "{name}");
        }
        for role_type in ["public", "PUBLIC", "Public", "authenticated", "administrator", "Administrator", "public ", " public"] {
            let answer = admin.post(ROLES, json!({ "name": "Harmless", "type": role_type })).await;
            assert_eq!(answer.status, 400, "{role_type}: {}", answer.text);
            let answer = admin.put(&format!("{ROLES}/{editor}"), json!({ "type": role_type })).await;
            assert_eq!(answer.status, 400, "{role_type}: {}", answer.text);
        }
        assert_eq!(server.database().dump(), before);
    }

    // Tokens of an issuer may name roles: there a new name hands the role to whoever has such a token.
    async fn who_may_change_roles_gives_none_stronger_than_the_own_a_name_that_tokens_have(kind) {
        let issuer = crate::issuer::Issuer::start().await;
        let mut claims = issuer.claims("ann");
        claims["roles"] = json!(["Team"]);
        for names_roles in [true, false] {
            let mut trusted = issuer.trusted();
            trusted.role_claim = names_roles.then(|| "roles".to_owned());
            let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
            let admin = server.admin().await;
            let (_, manager, _) = manager(&admin, &[UPDATE_ROLE, FIND_ROLE, PING]).await;
            let (strong, weak) = (admin.create_role("Strong", &[PING, FIND]).await, admin.create_role("Weak", &[PING]).await);
            let rename = async |client: &Client, role: i64, name: &str| {
                client.put(&format!("{ROLES}/{role}"), json!({ "name": name })).await
            };
            let stranger = Client::new(server.base(), Some(issuer.token(&claims)));
            stranger.get("/api/articles").await.expect_forbidden();
            if names_roles {
                let before = server.database().dump();
                rename(&manager, strong, "Team").await.expect_forbidden();
                // What it is granted in the same breath changes nothing.
                let both = json!({ "name": "Team", "permissions": tree(&[PING]) });
                manager.put(&format!("{ROLES}/{strong}"), both).await.expect_forbidden();
                assert_eq!(server.database().dump(), before);
                stranger.get("/api/articles").await.expect_forbidden();
                rename(&manager, strong, "Strong").await.expect(200);
                rename(&admin, strong, "Team").await.expect(200);
                stranger.get("/api/articles").await.expect(200);
            } else {
                rename(&manager, strong, "Team").await.expect(200);
                stranger.get("/api/articles").await.expect_forbidden();
            }
            rename(&manager, weak, "Group").await.expect(200);
        }
    }

    async fn who_may_create_users_gives_none_a_stronger_role(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (own, manager, _) = manager(&admin, &[CREATE_USER, PING]).await;
        let strong = admin.create_role("Strong", &[PING, FIND]).await;
        let administrator = admin.role_id("administrator").await;
        let before = server.database().dump();
        for role in [administrator, strong] {
            let document = document_id(&admin, role).await;
            for role in [
                json!(role), json!(role.to_string()), json!(document), json!({ "id": role }), json!({ "connect": [role] }),
                json!({ "connect": [{ "id": role }] }), json!({ "set": [{ "id": role }] }), json!({ "set": { "id": role } }),
                json!({ "connect": [{ "id": own }, { "id": role }] }), json!({ "connect": [{ "documentId": document }] }),
            ] {
                let answer = manager.post("/api/users", account("puppet", role.clone())).await;
                assert!([400, 403].contains(&answer.status.as_u16()), "{role}: {}", answer.text);
            }
        }
        assert_eq!(server.database().dump(), before);
        manager.post("/api/users", account("puppet", json!(own))).await.expect(201);
        let default = json!({ "username": "common", "email": "common@example.com", "password": PASSWORD });
        manager.post("/api/users", default).await.expect(201);
        assert_eq!(database_role(&server, "common"), "authenticated");
    }

    async fn who_may_change_users_touches_nobody_stronger_and_makes_nobody_stronger(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (own, manager, id) = manager(&admin, &[UPDATE_USER, DESTROY_USER, PING]).await;
        let strong = admin.create_role("Strong", &[PING, FIND]).await;
        let strong_user = admin.create_user("strong", strong).await;
        let ann = server.register("ann").await;
        let administrator = admin.role_id("administrator").await;
        let admin_id = admin.get("/api/users/me").await.expect(200)["id"].as_i64().unwrap();
        let before = server.database().dump();
        for user in [id, ann.id] {
            for role in [administrator, strong] {
                for role in [json!(role), json!({ "connect": [{ "id": role }] }), json!({ "set": [role] })] {
                    let answer = manager.put(&format!("/api/users/{user}"), json!({ "role": role })).await;
                    assert!([400, 403].contains(&answer.status.as_u16()), "{role}: {}", answer.text);
                }
            }
        }
        for user in [admin_id, strong_user.id] {
            for body in [
                json!({ "password": "taken over!" }), json!({ "email": "mine@example.com" }), json!({ "blocked": true }),
                json!({ "role": own }), json!({ "username": "renamed" }), json!({ "confirmed": false }), json!({}),
            ] {
                manager.put(&format!("/api/users/{user}"), body).await.expect_forbidden();
            }
            manager.delete(&format!("/api/users/{user}")).await.expect_forbidden();
        }
        assert_eq!(server.database().dump(), before);
        manager.put(&format!("/api/users/{}", ann.id), json!({})).await.expect(200);
        manager.put(&format!("/api/users/{}", ann.id), json!({ "role": own, "username": "annabel" })).await.expect(200);
        assert_eq!(database_role(&server, "annabel"), "manager");
    }

    // A role, or what it holds, may be the work of another instance a moment ago, or of another version of the program.
    async fn what_a_role_holds_is_asked_of_the_database(kind) {
        let server = Server::start(kind).await;
        let (admin, database) = (server.admin().await, server.database());
        let settings = "plugin::users-permissions.settings.updateAdvancedSettings";
        let (_, manager, id) = manager(&admin, &[CREATE_USER, UPDATE_USER, DESTROY_USER, settings, PING]).await;
        let insert = |role_type: &str, action: &str| {
            database.execute(&format!("INSERT INTO up_roles (document_id, name, role_type, created_at, updated_at) VALUES ('of {role_type}', '{role_type}', '{role_type}', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"));
            database.execute(&format!("INSERT INTO up_permissions (role_id, action_id, created_at) SELECT r.id, a.id, r.created_at FROM up_roles r, up_actions a WHERE r.role_type = '{role_type}' AND a.action = '{action}'"));
            database.number(&format!("SELECT id FROM up_roles WHERE role_type = '{role_type}'"))
        };
        database.execute("INSERT INTO up_actions (action, created_at) VALUES ('api::gone.gone.find', '2026-01-01 00:00:00')");
        let (strong, weak) = (insert("strong", FIND), insert("weak", PING));
        let other_version = insert("other_version", "api::gone.gone.find");
        let ann = server.register("ann").await.id;
        for (role, role_type) in [(strong, "strong"), (other_version, "other_version")] {
            let before = database.dump();
            for user in [id, ann] {
                manager.put(&format!("/api/users/{user}"), json!({ "role": role })).await.expect_forbidden();
            }
            manager.post("/api/users", account("puppet", json!(role))).await.expect_forbidden();
            let default_role = json!({ "default_role": role_type });
            manager.put("/api/users-permissions/advanced", default_role).await.expect_forbidden();
            assert_eq!(database.dump(), before);

            admin.put(&format!("/api/users/{ann}"), json!({ "role": role })).await.expect(200);
            manager.put(&format!("/api/users/{ann}"), json!({ "username": "renamed" })).await.expect_forbidden();
            manager.delete(&format!("/api/users/{ann}")).await.expect_forbidden();
        }
        admin.put(&format!("/api/users/{ann}"), json!({ "role": weak })).await.expect(200);
        manager.put(&format!("/api/users/{ann}"), json!({ "username": "renamed" })).await.expect(200);
        manager.put(&format!("/api/users/{id}"), json!({ "role": weak })).await.expect(200);
    }

    // Between the judgement of a change and its write lies the hashing of a password.
    async fn whoever_became_stronger_meanwhile_is_judged_anew(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (_, manager, _) = manager(&admin, &[UPDATE_USER, DESTROY_USER]).await;
        let administrator = admin.role_id("administrator").await;
        for (name, deletes) in [("ann", false), ("bob", true)] {
            let id = server.register(name).await.id;
            let promotion = format!("INSERT INTO up_user_roles (user_id, place, role_id) VALUES ({id}, 1, {administrator})");
            let held = server.database().hold_changes(&[promotion]);
            let path = format!("/api/users/{id}");
            let change = async {
                match deletes {
                    true => manager.delete(&path).await,
                    false => manager.put(&path, json!({ "password": "taken over 1!" })).await,
                }
            };
            join(change, held.release_soon()).await.0.expect_forbidden();
            let login = json!({ "identifier": name, "password": PASSWORD });
            server.anonymous().post("/api/auth/local", login).await.expect(200);
        }
    }

    // The public role may be given such rights; it still hands out no more than it holds.
    async fn callers_without_a_token_hand_out_no_more_than_public_holds(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let public = admin.role_id("public").await;
        let mut held = admin.grants(public).await;
        held.extend([CREATE_USER, UPDATE_USER, UPDATE_ROLE, PING].map(str::to_owned));
        admin.set_grants(public, &held.iter().map(String::as_str).collect::<Vec<_>>()).await.expect(200);
        let anonymous = server.anonymous();
        anonymous.set_grants(public, &[FIND]).await.expect_forbidden();
        let administrator = admin.role_id("administrator").await;
        anonymous.post("/api/users", account("puppet", json!(administrator))).await.expect_forbidden();
        anonymous.put("/api/users/1", json!({ "password": "taken over!" })).await.expect_forbidden();
        server.admin().await.get(ROLES).await.expect(200);
    }
}

async fn document_id(admin: &Client, role: i64) -> String {
    let role = admin.get(&format!("{ROLES}/{role}")).await.expect(200);
    role["role"]["documentId"].as_str().unwrap().to_owned()
}

fn database_role(server: &Server, username: &str) -> String {
    let sql = format!(
        "SELECT r.role_type AS line FROM up_roles r JOIN up_user_roles m ON m.role_id = r.id JOIN up_users u ON u.id = m.user_id WHERE u.username = '{username}'"
    );
    server.database().lines(&sql).pop().expect("a role")
}
