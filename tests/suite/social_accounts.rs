//! Whose account a social login is, and the providers a user has linked.

use acceptance::providers::Simulators;
use acceptance::{PASSWORD, Server, on_every_database};
use serde_json::{Value, json};

use crate::social::{Browser, enable};

on_every_database! {
    async fn accounts_follow_the_settings(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            enable(config, &simulators, "github");
            enable(config, &simulators, "facebook");
            config.providers.get_mut("github").unwrap().link_by_verified_email = true;
            config.providers.get_mut("facebook").unwrap().link_by_verified_email = true;
        }).await;
        let admin = server.admin().await;
        // Confirmed only because nobody had to: not proven, so never joined.
        let ann = server.register("ann").await;
        simulators.person("1", "ann@example.com", "annie");
        let mut browser = Browser::new(&server);
        let taken = "Email is already taken.";
        for name in ["github", "facebook"] {
            browser.sign_in(name).await.expect_error(400, "ApplicationError", taken);
        }
        // Shared addresses make a user of its own.
        admin.put("/api/users-permissions/advanced", json!({ "unique_email": false })).await.expect(200);
        let second = browser.sign_in("github").await.expect(200);
        assert_ne!(second["user"]["id"], ann.id);
        // Blocked, registration closed.
        let path = format!("/api/users/{}", second["user"]["id"]);
        admin.put(&path, json!({ "blocked": true })).await.expect(200);
        let back = browser.login("github").await;
        let blocked = "Your account has been blocked by an administrator";
        browser.redeem("github", &back["access_token"]).await.expect_error(400, "ApplicationError", blocked);
        admin.put("/api/users-permissions/advanced", json!({ "allow_register": false })).await.expect(200);
        simulators.person("2", "bob@example.com", "bob");
        let back = browser.login("github").await;
        let closed = "Register action is actually not available.";
        browser.redeem("github", &back["access_token"]).await.expect_error(400, "ApplicationError", closed);
    }

    async fn identities_are_linked_and_the_last_way_in_stays(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            for name in ["github", "google", "instagram"] {
                enable(config, &simulators, name);
            }
        }).await;
        let ann = server.register("ann").await;
        let identities = "/api/auth/identities";
        server.anonymous().get(identities).await.expect_forbidden();
        assert_eq!(ann.client.get(identities).await.expect(200), json!({ "data": [] }));
        let mut browser = Browser::new(&server);
        // Instagram tells no address: a link is the way.
        let ticket = browser.login("instagram").await["access_token"].clone();
        let link = |ticket: &str, password: Value| json!({ "provider": "instagram", "access_token": ticket, "currentPassword": password });
        ann.client.post(identities, link(&ticket, Value::Null)).await.expect_error(400, "ValidationError", "currentPassword is a required field");
        let wrong = "The provided current password is invalid";
        ann.client.post(identities, link(&ticket, json!("wrong"))).await.expect_error(400, "ValidationError", wrong);
        let linked = ann.client.post(identities, link(&ticket, json!(PASSWORD))).await.expect(200);
        assert_eq!(linked["data"][0]["provider"], "instagram");
        let login = browser.sign_in("instagram").await.expect(200);
        assert_eq!(login["user"]["id"], ann.id);
        // It is ann's, and nobody else's.
        let bob = server.register("bob").await;
        let ticket = browser.login("instagram").await["access_token"].clone();
        let other = "This account of the provider belongs to another user";
        bob.client.post(identities, link(&ticket, json!(PASSWORD))).await.expect_error(400, "ApplicationError", other);
        let mine = format!("{identities}/{}", linked["data"][0]["id"]);
        bob.client.delete(&mine).await.expect_error(404, "NotFoundError", "Identity not found");
        ann.client.delete(&mine).await.expect(200);
        ann.client.delete(&mine).await.expect_error(404, "NotFoundError", "Identity not found");
        // Somebody without a password.
        simulators.person("77", "cat@example.com", "cat");
        let login = browser.sign_in("github").await.expect(200);
        let cat = server.anonymous().with_token(login["jwt"].as_str().unwrap());
        let first = cat.get(identities).await.expect(200)["data"][0]["id"].clone();
        let last = "The last way to sign in cannot be removed";
        cat.delete(&format!("{identities}/{first}")).await.expect_error(400, "ApplicationError", last);
        let ticket = browser.login("google").await["access_token"].clone();
        let linked = cat.post(identities, json!({ "provider": "google", "access_token": ticket })).await.expect(200);
        assert_eq!(linked["data"].as_array().unwrap().len(), 2);
        // A way in that is disabled is none.
        let admin = server.admin().await;
        admin.put("/api/users-permissions/providers", json!({ "providers": { "google": { "enabled": false } } })).await.expect(200);
        cat.delete(&format!("{identities}/{first}")).await.expect_error(400, "ApplicationError", last);
        admin.put("/api/users-permissions/providers", json!({ "providers": { "google": { "enabled": true } } })).await.expect(200);
        cat.delete(&format!("{identities}/{first}")).await.expect(200);
        let mails = admin.get("/api/users-permissions/outbox").await;
        assert!(mails.text.contains("provider_linked"), "{}", mails.text);
    }

    async fn whoever_reads_the_mail_of_an_account_is_alone_in_it(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| enable(config, &simulators, "github")).await;
        // Somebody else has registered with this address, and linked themselves.
        let taker = server.register("ann").await;
        simulators.person("5", "taker@example.com", "taker");
        let mut browser = Browser::new(&server);
        let link = async |client: &acceptance::Client, browser: &mut Browser, password: &str| {
            let ticket = browser.login("github").await["access_token"].clone();
            let body = json!({ "provider": "github", "access_token": ticket, "currentPassword": password });
            client.post("/api/auth/identities", body).await.expect(200);
        };
        link(&taker.client, &mut browser, PASSWORD).await;
        let reset = async |count: usize| {
            let code = server.reset_code("ann@example.com", count).await;
            let body = json!({ "code": code, "password": "Another1!", "passwordConfirmation": "Another1!" });
            let answer = server.anonymous().post("/api/auth/reset-password", body).await.expect(200);
            server.anonymous().with_token(answer["jwt"].as_str().unwrap())
        };
        let ann = reset(1).await;
        assert_eq!(ann.get("/api/auth/identities").await.expect(200), json!({ "data": [] }));
        let login = browser.sign_in("github").await.expect(200);
        assert_ne!(login["user"]["id"], taker.id);
        // What she links afterwards, she keeps.
        simulators.person("6", "elsewhere@example.com", "ann");
        link(&ann, &mut browser, "Another1!").await;
        let ann = reset(2).await;
        assert_eq!(ann.get("/api/auth/identities").await.expect(200)["data"].as_array().unwrap().len(), 1);
    }

    async fn an_address_that_was_only_stated_is_joined_by_nobody(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            enable(config, &simulators, "facebook");
            enable(config, &simulators, "github");
            config.providers.get_mut("github").unwrap().link_by_verified_email = true;
        }).await;
        let mut browser = Browser::new(&server);
        browser.sign_in("facebook").await.expect(200);
        let back = browser.login("github").await;
        let taken = "Email is already taken.";
        browser.redeem("github", &back["access_token"]).await.expect_error(400, "ApplicationError", taken);
    }

    async fn an_address_that_both_sides_have_proven_joins_where_the_settings_say_so(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            for name in ["google", "github", "facebook"] {
                enable(config, &simulators, name);
                config.providers.get_mut(name).unwrap().link_by_verified_email = true;
            }
            config.providers.get_mut("google").unwrap().link_by_verified_email = false;
        }).await;
        let mut browser = Browser::new(&server);
        let first = browser.sign_in("google").await.expect(200);
        // Facebook gives no word on an address, and promises nothing of it.
        let back = browser.login("facebook").await;
        let taken = "Email is already taken.";
        browser.redeem("facebook", &back["access_token"]).await.expect_error(400, "ApplicationError", taken);
        let back = browser.login("github").await;
        let ticket = &back["access_token"];
        // What is good for one thing is good for no other.
        server.anonymous().with_token(ticket.as_str()).get("/api/users/me").await.expect_bad_token();
        let joined = browser.redeem("github", ticket).await.expect(200);
        assert_eq!(joined["user"]["id"], first["user"]["id"]);
        let octo = server.anonymous().with_token(joined["jwt"].as_str().unwrap());
        let linked = octo.get("/api/auth/identities").await.expect(200);
        let names: Vec<_> = linked["data"].as_array().unwrap().iter().map(|one| &one["provider"]).collect();
        assert_eq!(names, ["google", "github"]);
        // A new address is not proven by the old one.
        let admin = server.admin().await;
        let path = format!("/api/users/{}", first["user"]["id"]);
        admin.put(&path, json!({ "email": "moved@example.com", "confirmed": true })).await.expect(200);
        simulators.person("99", "moved@example.com", "somebody");
        browser.sign_in("github").await.expect_error(400, "ApplicationError", taken);
    }
}
