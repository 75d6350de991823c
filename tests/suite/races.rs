//! Several instances over one database: constraints decide, not look-ups.

use acceptance::{PASSWORD, Server, TestDatabase, config, on_every_database};
use futures_util::future::join_all;
use serde_json::json;

on_every_database! {
    async fn of_fifty_registrations_of_one_address_over_two_instances_one_succeeds(kind) {
        let database = TestDatabase::create(kind);
        let servers = [Server::with_config(config(&database)).await, Server::with_config(config(&database)).await];
        let answers = join_all((0..50).map(|index| {
            let client = servers[index % 2].anonymous();
            let email = if index % 3 == 0 { "Wanted@Example.com" } else { "wanted@example.com" };
            let body = json!({ "username": format!("user{index}"), "email": email, "password": PASSWORD });
            async move { client.post("/api/auth/local/register", body).await }
        }));
        let answers = answers.await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            lost.expect_error(400, "ApplicationError", "Email or Username are already taken");
        }
        assert_eq!(database.number("SELECT COUNT(*) FROM up_users WHERE email = 'wanted@example.com'"), 1);
    }

    async fn of_fifty_registrations_of_one_name_over_two_instances_one_succeeds(kind) {
        let database = TestDatabase::create(kind);
        let servers = [Server::with_config(config(&database)).await, Server::with_config(config(&database)).await];
        let answers = join_all((0..50).map(|index| {
            let client = servers[index % 2].anonymous();
            let name = if index % 3 == 0 { "\u{ff57}anted" } else { "wanted" };
            let body = json!({ "username": name, "email": format!("user{index}@example.com"), "password": PASSWORD });
            async move { client.post("/api/auth/local/register", body).await }
        }));
        for answer in answers.await.iter().filter(|answer| answer.status != 200) {
            answer.expect_error(400, "ApplicationError", "Email or Username are already taken");
        }
        assert_eq!(database.number("SELECT COUNT(*) FROM up_users WHERE username = 'wanted'"), 1);
    }

    async fn of_twenty_users_moved_to_one_address_one_gets_it(kind) {
        let database = TestDatabase::create(kind);
        let servers = [Server::with_config(config(&database)).await, Server::with_config(config(&database)).await];
        let admins = [servers[0].admin().await, servers[1].admin().await];
        let mut people = Vec::new();
        for index in 0..20 {
            people.push(servers[0].register(&format!("user{index}")).await.id);
        }
        let answers = join_all(people.iter().enumerate().map(|(index, id)| {
            let (client, path) = (&admins[index % 2], format!("/api/users/{id}"));
            async move { client.put(&path, json!({ "email": "wanted@example.com" })).await }
        }));
        let answers = answers.await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            lost.expect_error(400, "ApplicationError", "Email already taken");
        }
        assert_eq!(database.number("SELECT COUNT(*) FROM up_users WHERE email = 'wanted@example.com'"), 1);
    }

    async fn with_unique_addresses_off_an_address_may_be_shared_and_the_oldest_account_answers(kind) {
        let shared = |config: &mut users_permissions::Config| config.advanced_settings.unique_email = false;
        let server = Server::start_with(kind, shared).await;
        let admin = server.admin().await;
        for index in 0..3 {
            let body = json!({ "username": format!("user{index}"), "email": "shared@example.com", "password": PASSWORD });
            let answer = server.anonymous().post("/api/auth/local/register", body.clone()).await;
            // Strangers get no second account of an address; whoever manages users gives it.
            if index == 0 {
                answer.expect(200);
            } else {
                answer.expect_error(400, "ApplicationError", "Email or Username are already taken");
                admin.post("/api/users", body).await.expect(201);
            }
        }
        let client = server.login("shared@example.com", PASSWORD).await;
        assert_eq!(client.get("/api/users/me").await.expect(200)["username"], "user0");
    }

    async fn of_twenty_roles_of_one_type_over_two_instances_one_is_made(kind) {
        let database = TestDatabase::create(kind);
        let servers = [Server::with_config(config(&database)).await, Server::with_config(config(&database)).await];
        let admins = [servers[0].admin().await, servers[1].admin().await];
        let answers = join_all((0..20).map(|index| {
            let client = &admins[index % 2];
            async move { client.post("/api/users-permissions/roles", json!({ "name": "Editor" })).await }
        }));
        let answers = answers.await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            lost.expect_error(400, "ApplicationError", "A role of this type already exists");
        }
        assert_eq!(database.number("SELECT COUNT(*) FROM up_roles WHERE role_type = 'editor'"), 1);
    }
}
