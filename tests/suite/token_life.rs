//! A token lives as long as nothing happened to its user that ends it.

use acceptance::{Client, PASSWORD, Person, Server, TestDatabase, config, on_every_database};
use serde_json::json;
use users_permissions::SigningKeys;

async fn expect_dead(client: &Client) {
    let answer = client.get("/api/users/me").await;
    answer.expect_error(401, "UnauthorizedError", "Invalid credentials");
    // Not the public's rights either.
    let answer = client.get("/api/connect/none").await;
    answer.expect_error(401, "UnauthorizedError", "Invalid credentials");
}

async fn change(admin: &Client, person: &Person, body: serde_json::Value) {
    admin
        .put(&format!("/api/users/{}", person.id), body)
        .await
        .expect(200);
}

on_every_database! {
    async fn a_new_password_ends_every_older_token_and_no_newer_one(kind) {
        let server = Server::start(kind).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await);
        let second = server.login("ann", PASSWORD).await;
        let never_used = server.login("ann", PASSWORD).await;
        for client in [&ann.client, &second] {
            client.get("/api/users/me").await.expect(200);
        }
        change(&admin, &ann, json!({ "password": "another password" })).await;
        for client in [&ann.client, &second, &never_used] {
            expect_dead(client).await;
        }
        let body = json!({ "identifier": "ann", "password": PASSWORD });
        server.anonymous().post("/api/auth/local", body).await.expect_refusal();
        let new = server.login("ann", "another password").await;
        new.get("/api/users/me").await.expect(200);
        // Setting the very same password again is a new password, too.
        change(&admin, &ann, json!({ "password": "another password" })).await;
        expect_dead(&new).await;
        server.login("ann", "another password").await.get("/api/users/me").await.expect(200);
    }

    async fn an_administrator_who_changes_the_own_password_has_to_sign_in_again(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let id = admin.get("/api/users/me").await.expect(200)["id"].clone();
        admin.put(&format!("/api/users/{id}"), json!({ "password": "another password" })).await.expect(200);
        expect_dead(&admin).await;
        server.login("admin", "another password").await.get("/api/users/me").await.expect(200);
    }

    async fn blocking_ends_tokens_and_unblocking_does_not_revive_them(kind) {
        let server = Server::start(kind).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await);
        ann.client.get("/api/users/me").await.expect(200);
        change(&admin, &ann, json!({ "blocked": true })).await;
        expect_dead(&ann.client).await;
        let body = json!({ "identifier": "ann", "password": PASSWORD });
        let answer = server.anonymous().post("/api/auth/local", body).await;
        answer.expect_error(400, "ApplicationError", "Your account has been blocked by an administrator");
        change(&admin, &ann, json!({ "blocked": false })).await;
        expect_dead(&ann.client).await;
        server.login("ann", PASSWORD).await.get("/api/users/me").await.expect(200);
    }

    async fn what_changes_no_credential_ends_no_token(kind) {
        let server = Server::start(kind).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await);
        let before = server.database().dump();
        change(&admin, &ann, json!({})).await;
        assert_eq!(server.database().dump(), before);
        change(&admin, &ann, json!({ "username": "annabel", "confirmed": true, "blocked": false })).await;
        assert_eq!(ann.client.get("/api/users/me").await.expect(200)["username"], "annabel");
    }

    // SQLite gives the highest id away again unless told otherwise.
    async fn the_token_of_a_deleted_user_is_not_the_next_users(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let mut seen = std::collections::BTreeSet::new();
        for round in 0..3 {
            let old = server.register(&format!("old{round}")).await;
            assert!(seen.insert(old.id), "id {} was given twice", old.id);
            if round != 1 {
                old.client.get("/api/users/me").await.expect(200);
            }
            admin.delete(&format!("/api/users/{}", old.id)).await.expect(200);
            let new = server.register(&format!("new{round}")).await;
            assert!(seen.insert(new.id), "id {} was given twice", new.id);
            expect_dead(&old.client).await;
            assert_eq!(new.client.get("/api/users/me").await.expect(200)["id"], new.id);
        }
    }

    async fn role_ids_are_not_given_twice_either(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let first = admin.create_role("First", &[]).await;
        admin.delete(&format!("/api/users-permissions/roles/{first}")).await.expect(200);
        let second = admin.create_role("Second", &[]).await;
        assert!(second > first, "{first} {second}");
    }

    async fn an_unconfirmed_user_is_refused_while_confirmation_is_asked_for(kind) {
        let confirming = |config: &mut users_permissions::Config| config.advanced_settings.email_confirmation = true;
        let server = Server::start_with(kind, confirming).await;
        let admin = server.admin().await;
        let body = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
        let answer = server.anonymous().post("/api/auth/local/register", body).await.expect(200);
        assert!(answer.get("jwt").is_none() && answer["user"]["confirmed"] == false, "{answer}");
        let login = json!({ "identifier": "ann", "password": PASSWORD });
        let answer = server.anonymous().post("/api/auth/local", login).await;
        answer.expect_error(400, "ApplicationError", "Your account email is not confirmed");
        let path = format!("/api/users/{}", admin.get("/api/users/me").await.expect(200)["id"].as_i64().unwrap() + 1);
        admin.put(&path, json!({ "confirmed": true })).await.expect(200);
        let ann = server.login("ann", PASSWORD).await;
        ann.get("/api/users/me").await.expect(200);
        // A new address is unproven.
        let moved = admin.put(&path, json!({ "email": "moved@example.com" })).await.expect(200);
        assert_eq!(moved["confirmed"], false);
        expect_dead(&ann).await;
    }

    // Old tokens verify while their key is listed, the first one signs.
    async fn secrets_are_changed_without_signing_anybody_out(kind) {
        let database = TestDatabase::create(kind);
        let with_keys = async |keys: &str| {
            let mut config = config(&database);
            config.signing_keys = Some(SigningKeys::parse(keys).unwrap());
            Server::with_config(config).await
        };
        let (old, new) = ("k1:an old secret of thirty-two bytes!", "k2:a new secret of thirty-two bytes!");
        let server = with_keys(old).await;
        let first = server.register("ann").await.client.jwt.unwrap();
        drop(server);

        let server = with_keys(&format!("{new},{old}")).await;
        server.anonymous().with_token(&first).get("/api/users/me").await.expect(200);
        let second = server.login("ann", PASSWORD).await.jwt.unwrap();
        assert_eq!(jsonwebtoken::decode_header(&first).unwrap().kid.as_deref(), Some("k1"));
        assert_eq!(jsonwebtoken::decode_header(&second).unwrap().kid.as_deref(), Some("k2"));
        drop(server);

        let server = with_keys(new).await;
        server.anonymous().with_token(&first).get("/api/users/me").await.expect_bad_token();
        server.anonymous().with_token(&second).get("/api/users/me").await.expect(200);
        drop(server);

        // Another secret under a known name is another key.
        let server = with_keys("k2:quite another secret of many bytes").await;
        server.anonymous().with_token(&second).get("/api/users/me").await.expect_bad_token();
    }

    // Instances restart one after another: each meets tokens of the step before and of the step after its own.
    async fn a_bare_secret_is_replaced_while_instances_restart_one_by_one(kind) {
        let database = TestDatabase::create(kind);
        let (old, new) = ("an old secret of thirty-two bytes!", "a new secret of thirty-two bytes!");
        let steps = [old.to_owned(), format!("{old},k2:{new}"), format!("k2:{new},k1:{old}")];
        let (mut servers, mut tokens) = (Vec::new(), Vec::new());
        for keys in &steps {
            let mut config = config(&database);
            config.signing_keys = Some(SigningKeys::parse(keys).unwrap());
            servers.push(Server::with_config(config).await);
        }
        servers[0].register("ann").await;
        for server in &servers {
            tokens.push(server.login("ann", PASSWORD).await.jwt.unwrap());
        }
        let kid = |token: &String| jsonwebtoken::decode_header(token).unwrap().kid;
        let kids: Vec<_> = tokens.iter().map(kid).collect();
        assert_eq!(kids, [None, None, Some("k2".to_owned())]);
        for (place, server) in servers.iter().enumerate() {
            for (step, token) in tokens.iter().enumerate() {
                let answer = server.anonymous().with_token(token).get("/api/users/me").await;
                // Only who has never heard of the new key refuses its tokens.
                match (place, step) {
                    (0, 2) => answer.expect_bad_token(),
                    _ => drop(answer.expect(200)),
                }
            }
        }
        drop((servers, database));
    }

    async fn a_token_ends_at_its_time_though_it_is_remembered(kind) {
        let short = |config: &mut users_permissions::Config| config.jwt_expires_in = std::time::Duration::from_secs(2);
        let server = Server::start_with(kind, short).await;
        let ann = server.register("ann").await;
        ann.client.get("/api/users/me").await.expect(200);
        let asked = std::time::Instant::now();
        let answer = loop {
            let answer = ann.client.get("/api/users/me").await;
            if answer.status != 200 || asked.elapsed().as_secs() > 20 {
                break answer;
            }
        };
        answer.expect_bad_token();
    }
}
