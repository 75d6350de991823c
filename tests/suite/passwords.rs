//! Passwords count whole, to the byte, or are refused.

use std::time::Duration;

use acceptance::{Browser, Html, Kind, PASSWORD, Server, TestDatabase, on_every_database};
use futures_util::future::join_all;
use serde_json::{Value, json};
use users_permissions::{Config, PasswordPolicy};

const REGISTER: &str = "/api/auth/local/register";
const TOO_LONG: &str = "Password must be less than 73 bytes";

fn account(name: &str, password: &str) -> Value {
    json!({ "username": name, "email": format!("{name}@example.com"), "password": password })
}

fn login(name: &str, password: &str) -> Value {
    json!({ "identifier": name, "password": password })
}

fn hash_of(database: &TestDatabase, name: &str) -> String {
    let sql = format!("SELECT password_hash AS line FROM up_users WHERE username = '{name}'");
    database.lines(&sql).pop().expect("a hash")
}

on_every_database! {
    // Bcrypt reads 72 bytes; whoever writes more must not be told that all of it counts.
    async fn more_than_72_bytes_are_refused_on_every_write_path(kind) {
        let server = Server::start(kind).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await);
        let before = server.database().dump();
        for password in ["x".repeat(73), "😀".repeat(25), "😀".repeat(18) + "x", "é".repeat(37), "x".repeat(10_000)] {
            let answers = [
                server.anonymous().post(REGISTER, account("mallory", &password)).await,
                admin.post("/api/users", account("mallory", &password)).await,
                admin.put(&format!("/api/users/{}", ann.id), json!({ "password": password })).await,
            ];
            for answer in answers {
                assert_eq!(answer.expect(400)["error"]["message"], TOO_LONG);
            }
        }
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let long = "x".repeat(73);
        for path in ["/admin/users/new".to_owned(), format!("/admin/users/{}", ann.id)] {
            browser.page(&path).await;
            let fields = [("username", "mallory"), ("email", "mallory@example.com"), ("password", long.as_str())];
            let answer = browser.post(&path, &fields).await;
            assert_eq!(answer.status, 400, "{path}");
            Html(answer.text).has(TOO_LONG);
        }
        assert_eq!(server.database().dump(), before);
    }

    async fn all_72_bytes_count_and_nothing_beyond_is_cut_off(kind) {
        let server = Server::start(kind).await;
        let anonymous = server.anonymous();
        for (index, password) in ["x".repeat(72), "😀".repeat(18), "é".repeat(36)].into_iter().enumerate() {
            let name = format!("user{index}");
            anonymous.post(REGISTER, account(&name, &password)).await.expect(200);
            anonymous.post("/api/auth/local", login(&name, &password)).await.expect(200);
            let mut shorter = password.clone();
            shorter.pop();
            for wrong in [password.clone() + "j", password.clone() + "junk", password.repeat(2), shorter] {
                let answer = anonymous.post("/api/auth/local", login(&name, &wrong)).await;
                answer.expect_error(400, "ValidationError", "Invalid identifier or password");
            }
        }
    }

    async fn a_nul_does_not_end_a_password(kind) {
        let server = Server::start(kind).await;
        let anonymous = server.anonymous();
        anonymous.post(REGISTER, account("ann", "abc\u{0}def")).await.expect(200);
        anonymous.post("/api/auth/local", login("ann", "abc\u{0}def")).await.expect(200);
        for wrong in ["abc\u{0}xyz", "abc", "abc\u{0}", "abc\u{0}de"] {
            anonymous.post("/api/auth/local", login("ann", wrong)).await.expect_refusal();
        }
    }

    // The prefixes of other implementations, and costs that would stop a thread for hours.
    async fn imported_hashes_verify_unless_they_cost_too_much(kind) {
        let server = Server::start(kind).await;
        server.register("ann").await;
        let hash = hash_of(server.database(), "ann");
        let set = |hash: &str| {
            server.database().execute(&format!("UPDATE up_users SET password_hash = '{hash}' WHERE username = 'ann'"));
        };
        for prefix in ["$2a$", "$2b$", "$2y$"] {
            set(&hash.replacen("$2b$", prefix, 1));
            server.anonymous().post("/api/auth/local", login("ann", PASSWORD)).await.expect(200);
            server.anonymous().post("/api/auth/local", login("ann", "wrong!!")).await.expect_refusal();
        }
        set(&hash.replacen("$04$", "$31$", 1));
        server.anonymous().post("/api/auth/local", login("ann", PASSWORD)).await.expect_refusal();
    }

    // Whatever stands in the column: nobody is told that it is special.
    async fn a_malformed_hash_is_answered_as_a_wrong_password(kind) {
        let server = Server::start(kind).await;
        server.register("ann").await;
        let hash = hash_of(server.database(), "ann");
        let salt_of_other_letters = hash.replacen(&hash[7..12], "!!!!!", 1);
        for broken in [hash.replacen("$04$", "$00$", 1), hash[..50].to_owned(), salt_of_other_letters, hash.clone() + "x"] {
            let sql = format!("UPDATE up_users SET password_hash = '{broken}' WHERE username = 'ann'");
            server.database().execute(&sql);
            let answer = server.anonymous().post("/api/auth/local", login("ann", PASSWORD)).await;
            answer.expect_error(400, "ValidationError", "Invalid identifier or password");
        }
    }

    async fn a_raised_cost_renews_the_hash_at_the_next_login_and_a_wrong_password_does_not(kind) {
        let database = TestDatabase::create(kind);
        let server = Server::with_config(acceptance::config(&database)).await;
        let ann = server.register("ann").await;
        let old = hash_of(&database, "ann");
        assert!(old.starts_with("$2b$04$"), "{old}");
        drop(server);
        let mut config = acceptance::config(&database);
        config.bcrypt_cost = 5;
        let server = Server::with_config(config).await;
        server.anonymous().post("/api/auth/local", login("ann", "wrong!!")).await.expect_refusal();
        assert_eq!(hash_of(&database, "ann"), old);
        server.login("ann", PASSWORD).await;
        assert!(hash_of(&database, "ann").starts_with("$2b$05$"));
        server.login("ann", PASSWORD).await;
        // The password is the same one: tokens live on.
        let again = acceptance::Client::new(server.base(), ann.client.jwt.clone());
        again.get("/api/users/me").await.expect(200);
    }
}

#[actix_web::test]
async fn the_recommended_policy_refuses_what_is_guessed_first() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.password_policy = PasswordPolicy::Recommended;
        config.first_admin.as_mut().unwrap().password = "staple battery 9".into();
    });
    let server = server.await;
    let admin = server.login("admin", "staple battery 9").await;
    let before = server.database().dump();
    let weak_ones = [
        "short 1",
        "password",
        "password123",
        "12345678",
        "qwertyuiop",
        "annabel-2024",
        "my BELLE xx",
        "aaaaaaaaaa",
    ];
    for weak in weak_ones {
        let body = json!({ "username": "annabel", "email": "belle@example.com", "password": weak });
        assert_eq!(
            server.anonymous().post(REGISTER, body.clone()).await.status,
            400,
            "{weak}"
        );
        assert_eq!(admin.post("/api/users", body).await.status, 400, "{weak}");
    }
    assert_eq!(server.database().dump(), before);
    // Nothing is trimmed and no character is required.
    let body = json!({ "username": "annabel", "email": "belle@example.com", "password": " correct horse battery " });
    let user = server.anonymous().post(REGISTER, body).await.expect(200)["user"]["id"].clone();
    let before = server.database().dump();
    for weak in weak_ones {
        let answer = admin
            .put(&format!("/api/users/{user}"), json!({ "password": weak }))
            .await;
        assert_eq!(answer.status, 400, "{weak}: {}", answer.text);
    }
    assert_eq!(server.database().dump(), before);
    server.login("annabel", " correct horse battery ").await;
    let trimmed = login("annabel", "correct horse battery");
    server
        .anonymous()
        .post("/api/auth/local", trimmed)
        .await
        .expect_refusal();
}

// Whoever configures nothing is protected.
#[actix_web::test]
async fn the_policy_of_an_application_that_names_none_is_the_recommended_one() {
    let unset = Config::from_lookup(|_| None).unwrap();
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.password_policy = unset.password_policy;
        config.first_admin = None;
    })
    .await;
    let register = server.anonymous();
    let weak = register.post(REGISTER, account("ann", "password123")).await;
    weak.expect_error(400, "ValidationError", "password is too common");
    let good = account("ann", "staple battery 9");
    register.post(REGISTER, good).await.expect(200);
}

#[actix_web::test]
async fn a_megabyte_of_password_reaches_no_hash() {
    let server = Server::start_with(Kind::Sqlite, |config| config.bcrypt_cost = 14).await;
    let body = login("admin", &"x".repeat(1 << 20));
    // A hash of this cost takes longer than all of these answers together.
    let many = (0..20).map(|_| async {
        server
            .anonymous()
            .post("/api/auth/local", body.clone())
            .await
    });
    let answers = actix_web::rt::time::timeout(Duration::from_secs(30), join_all(many))
        .await
        .expect("fast answers");
    for answer in answers {
        answer.expect_error(413, "PayloadTooLargeError", "request entity too large");
    }
}

// More logins than the queue takes; whoever is turned away is told to come back.
#[actix_web::test]
async fn a_storm_of_logins_is_answered_or_turned_away_and_the_rest_goes_on() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.bcrypt_cost = 9;
        config.hash_threads = 1;
    });
    let server = server.await;
    let anonymous = server.anonymous();
    let logins = join_all((0..300).map(|index| {
        let password = if index % 3 == 0 {
            "AdminPass1"
        } else {
            "wrong password"
        };
        let anonymous = anonymous.clone();
        async move {
            anonymous
                .post("/api/auth/local", login("admin", password))
                .await
        }
    }));
    let health = async {
        let mut took = Vec::new();
        for _ in 0..1_000 {
            let asked = std::time::Instant::now();
            anonymous.get("/health").await.expect(200);
            took.push(asked.elapsed());
        }
        took
    };
    let (logins, mut took) = futures_util::future::join(logins, health).await;
    took.sort_unstable();
    let slow = took[took.len() * 99 / 100];
    assert!(
        slow < Duration::from_millis(500),
        "99 of 100 within {slow:?}"
    );
    let mut turned_away = 0;
    for answer in &logins {
        match answer.status.as_u16() {
            200 | 400 => {}
            429 | 503 => {
                assert!(
                    answer.headers.contains_key("retry-after"),
                    "{:?}",
                    answer.headers
                );
                turned_away += 1;
            }
            other => panic!("{other}: {}", answer.text),
        }
    }
    assert!(
        turned_away > 0 && turned_away < 300,
        "{turned_away} of 300 were turned away"
    );
    server.admin().await.get("/api/users/me").await.expect(200);
}
