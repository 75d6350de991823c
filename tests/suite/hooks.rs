//! What an application has a say in.

use std::sync::{Arc, Mutex};

use acceptance::providers::Simulators;
use acceptance::{PASSWORD, Server, TestDatabase, config, on_every_database};
use serde_json::{Value, json};
use users_permissions::{Builder, Email, NewPassword, RegistrationRequest, User, UsersPermissions};

use crate::social::{Browser, enable};

const REGISTER: &str = "/api/auth/local/register";

fn builder(database: &TestDatabase) -> Builder {
    UsersPermissions::builder().config(config(database))
}

fn account(name: &str, email: &str, password: &str) -> Value {
    json!({ "username": name, "email": email, "password": password })
}

/// Answers no, a text, or a failure of its own by what the password holds.
async fn judge(new: NewPassword) -> Result<bool, String> {
    if new.password().contains("told") {
        return Err(format!("{} <{}> was told", new.username(), new.email()));
    }
    Ok(!new.password().contains("refused"))
}

on_every_database! {
    async fn the_validator_judges_a_password_on_every_way_in(kind) {
        let database = TestDatabase::create(kind);
        let server = Server::with_builder(builder(&database).password_validator(judge)).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await);
        let code = server.reset_code("ann@example.com", 1).await;
        let before = database.dump();
        for (password, text) in [("refused password", "Password validation failed."), ("told password", "was told")] {
            let changed = json!({ "currentPassword": PASSWORD, "password": password, "passwordConfirmation": password });
            let reset = json!({ "code": code, "password": password, "passwordConfirmation": password });
            let answers = [
                server.anonymous().post(REGISTER, account("mallory", "mallory@example.com", password)).await,
                admin.post("/api/users", account("mallory", "mallory@example.com", password)).await,
                admin.put(&format!("/api/users/{}", ann.id), json!({ "password": password })).await,
                ann.client.post("/api/auth/change-password", changed).await,
                server.anonymous().post("/api/auth/reset-password", reset).await,
            ];
            for answer in answers {
                let message = answer.expect(400)["error"]["message"].as_str().unwrap().to_owned();
                assert!(message.contains(text), "{message}");
            }
        }
        assert_eq!(database.dump(), before);
        let told = server.anonymous().post(REGISTER, account("mallory", "M@Example.com", "told password")).await;
        told.expect_error(400, "ValidationError", "mallory <m@example.com> was told");
        server.anonymous().post(REGISTER, account("mallory", "m@example.com", "72 bytes at most")).await.expect(200);
        let long = "x".repeat(73);
        let answer = server.anonymous().post(REGISTER, account("nora", "nora@example.com", &long)).await;
        answer.expect_error(400, "ValidationError", "Password must be less than 73 bytes");
    }

    async fn a_registration_is_refused_before_anything_is_written(kind) {
        let database = TestDatabase::create(kind);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let builder = builder(&database)
            .before_registration(|request: RegistrationRequest| {
                if request.email.ends_with("@example.com") { Ok(()) } else { Err("By invitation only.".to_owned()) }
            })
            .after_registration(move |user: User| noted.lock().unwrap().push(user.username));
        let server = Server::with_builder(builder).await;
        let admin = server.admin().await;
        let before = database.dump();
        let answer = server.anonymous().post(REGISTER, account("eve", "eve@elsewhere.example", PASSWORD)).await;
        answer.expect_error(400, "ApplicationError", "By invitation only.");
        assert_eq!(database.dump(), before);
        // Administrators are not strangers.
        admin.post("/api/users", account("gus", "gus@elsewhere.example", PASSWORD)).await.expect(201);
        server.register("ann").await;
        // A refused one is not told of.
        server.anonymous().post(REGISTER, account("ann", "other@example.com", PASSWORD)).await.expect(400);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while seen.lock().unwrap().is_empty() && std::time::Instant::now() < deadline {
            actix_web::rt::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(*seen.lock().unwrap(), ["ann"]);
    }

    async fn a_registration_is_judged_by_what_is_stored(kind) {
        let simulators = Simulators::start().await;
        let database = TestDatabase::create(kind);
        let mut config = config(&database);
        enable(&mut config, &simulators, "github");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let reserved = "This name is reserved.";
        let builder = UsersPermissions::builder().config(config).before_registration(move |request: RegistrationRequest| {
            let is_reserved = request.username == "support";
            noted.lock().unwrap().push((request.username, request.email));
            if is_reserved { Err(reserved.to_owned()) } else { Ok(()) }
        });
        let server = Server::with_builder(builder).await;
        let last = || asked.lock().unwrap().last().cloned().unwrap();
        let before = database.dump();
        let answer = server.anonymous().post(REGISTER, account("ｓｕｐｐｏｒｔ", "eve@example.com", PASSWORD)).await;
        answer.expect_error(400, "ApplicationError", reserved);
        assert_eq!(database.dump(), before);
        let answer = server.anonymous().post(REGISTER, account("ﬁona", "Fiona@Example.com", PASSWORD)).await;
        assert_eq!(answer.expect(200)["user"]["username"], "fiona");
        assert_eq!(last(), ("fiona".to_owned(), "fiona@example.com".to_owned()));
        // What is wrong with a name is told as without a hook.
        let answer = server.anonymous().post(REGISTER, account("ab", "ab@example.com", PASSWORD)).await;
        answer.expect_error(400, "ValidationError", "username must be at least 3 characters");
        // At a provider people are called as they like, and here a little different.
        let mut browser = Browser::new(&server);
        for name in ["ｓｕｐｐｏｒｔ", "@support"] {
            simulators.person("1", "eve@example.com", name);
            browser.sign_in("github").await.expect_error(400, "ApplicationError", reserved);
        }
        simulators.person("2", "second@example.com", "fiona");
        let second = browser.sign_in("github").await.expect(200)["user"]["username"].clone();
        assert_ne!(second, "fiona");
        assert_eq!(second, last().0.as_str());
    }

    async fn addresses_that_the_application_calls_one_are_one(kind) {
        let database = TestDatabase::create(kind);
        let without_tag = |email: &Email| {
            let (local, domain) = email.as_str().split_once('@').unwrap();
            format!("{}@{domain}", local.split('+').next().unwrap())
        };
        let server = Server::with_builder(builder(&database).email_canonicalizer(without_tag)).await;
        let admin = server.admin().await;
        server.anonymous().post(REGISTER, account("ann", "Ann+one@example.com", PASSWORD)).await.expect(200);
        for taken in ["ann@example.com", "ann+two@example.com", "ANN+one@example.com"] {
            let answer = server.anonymous().post(REGISTER, account("eve", taken, PASSWORD)).await;
            answer.expect_error(400, "ApplicationError", "Email or Username are already taken");
            let answer = admin.post("/api/users", account("eve", taken, PASSWORD)).await;
            answer.expect_error(400, "ApplicationError", "Email already taken");
        }
        let bob = server.register("bob").await;
        let bobs = format!("/api/users/{}", bob.id);
        let answer = admin.put(&bobs, json!({ "email": "ann+three@example.com" })).await;
        answer.expect_error(400, "ApplicationError", "Email already taken");
        admin.put(&bobs, json!({ "email": "bob+new@example.com" })).await.expect(200);
        // The address itself stays what it is: mails go there, and nobody signs in by another one.
        server.login("ann+one@example.com", PASSWORD).await;
        let body = json!({ "identifier": "ann@example.com", "password": PASSWORD });
        server.anonymous().post("/api/auth/local", body).await.expect(400);
        assert_eq!(server.reset_code("ann+one@example.com", 1).await.len(), 128);
        // Switched off and on again, the same addresses are one.
        let path = "/api/users-permissions/advanced";
        for unique in [false, true] {
            admin.put(path, json!({ "unique_email": unique })).await.expect(200);
        }
        let answer = server.anonymous().post(REGISTER, account("eve", "ann+four@example.com", PASSWORD)).await;
        answer.expect_error(400, "ApplicationError", "Email or Username are already taken");
    }

    async fn example_app_keeps_a_reserved_name_in_every_spelling(kind) {
        let server = Server::start(kind).await;
        for name in ["support", "Support", "ｓｕｐｐｏｒｔ"] {
            let answer = server.anonymous().post(REGISTER, account(name, "eve@example.com", PASSWORD)).await;
            answer.expect_error(400, "ApplicationError", "This name is reserved.");
        }
    }

    // example_app shows how: what is behind a plus sign is a mailbox's own business.
    async fn example_app_gives_one_account_to_one_mailbox(kind) {
        let server = Server::start(kind).await;
        server.register("ann").await;
        for taken in ["ann+news@example.com", "Ann+1+2@Example.com"] {
            let answer = server.anonymous().post(REGISTER, account("eve", taken, PASSWORD)).await;
            answer.expect_error(400, "ApplicationError", "Email or Username are already taken");
        }
        // Somebody else's address is none of theirs, and mails go where they were asked for.
        let bob = "bob+shop@example.com";
        server.anonymous().post(REGISTER, account("bob", bob, PASSWORD)).await.expect(200);
        server.login(bob, PASSWORD).await;
        assert_eq!(server.reset_code(bob, 1).await.len(), 128);
    }
}
