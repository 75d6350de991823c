//! Nobody tries too often: counted by handler, client network and account.

use acceptance::{Answer, Client, Kind, PASSWORD, Server, on_every_database};
use futures_util::future::join_all;
use serde_json::{Value, json};
use users_permissions::Config;

use crate::tokens_of::{by_sessions, expect_refused, refresh, sign_in};

const LOGIN: &str = "/api/auth/local";
const FORGOT: &str = "/api/auth/forgot-password";
const TEXT: &str = "Too many requests, please try again later.";

/// Few tries and the test's own machine as a trusted proxy.
fn limited(config: &mut Config) {
    config.ratelimit.enabled = true;
    config.ratelimit.max = 3;
    config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
}

fn wrong(identifier: &str) -> Value {
    json!({ "identifier": identifier, "password": "wrong password" })
}

/// A request that came to the trusted proxy from `client`.
async fn from(caller: &Client, client: &str, path: &str, body: &Value) -> Answer {
    let request = caller
        .request("POST".parse().unwrap(), path)
        .header("x-forwarded-for", client)
        .json(body);
    caller.send(request).await
}

#[track_caller]
fn number(answer: &Answer, header: &str) -> u64 {
    let value = answer.headers.get(header);
    let value = value.unwrap_or_else(|| panic!("no {header}: {:?}", answer.headers));
    value.to_str().unwrap().parse().unwrap()
}

#[track_caller]
fn expect_too_many(answer: &Answer) {
    answer.expect_error(429, "RateLimitError", TEXT);
    assert_eq!(number(answer, "x-ratelimit-remaining"), 0);
    assert!((1..=60).contains(&number(answer, "retry-after")));
}

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs()
}

#[actix_web::test]
async fn every_limited_answer_tells_where_its_client_stands() {
    let server = Server::start_with(Kind::Sqlite, limited).await;
    let anonymous = server.anonymous();
    for remaining in [2, 1, 0] {
        let answer = anonymous.post(LOGIN, wrong("nobody")).await;
        answer.expect_error(400, "ValidationError", "Invalid identifier or password");
        assert_eq!(number(&answer, "x-ratelimit-limit"), 3);
        assert_eq!(number(&answer, "x-ratelimit-remaining"), remaining);
        assert!((now()..=now() + 61).contains(&number(&answer, "x-ratelimit-reset")));
        assert!(!answer.headers.contains_key("retry-after"));
    }
    let right = json!({ "identifier": "admin", "password": "AdminPass1" });
    expect_too_many(&anonymous.post(LOGIN, right).await);
    // Others have counts of their own, or none.
    let answer = anonymous
        .post(FORGOT, json!({ "email": "nobody@example.com" }))
        .await;
    answer.expect(200);
    let answer = anonymous.get("/api/users/me").await;
    answer.expect_forbidden();
    assert!(!answer.headers.contains_key("x-ratelimit-limit"));
}

#[actix_web::test]
async fn a_window_ends() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        limited(config);
        config.ratelimit.interval = std::time::Duration::from_millis(1_500);
    });
    let server = server.await;
    let anonymous = server.anonymous();
    let refused = async || loop {
        let answer = anonymous.post(LOGIN, wrong("nobody")).await;
        if answer.status == 429 {
            return answer;
        }
    };
    let answer = refused().await;
    let pause = std::time::Duration::from_secs(number(&answer, "retry-after"));
    actix_web::rt::time::sleep(pause).await;
    let answer = anonymous.post(LOGIN, wrong("nobody")).await;
    assert_eq!(answer.status, 400, "whoever comes back when told is let in");
}

// The limit is the handler's, so there is no path around it.
#[actix_web::test]
async fn no_spelling_of_the_path_leads_around_the_limit() {
    let server = Server::start_with(Kind::Sqlite, limited).await;
    let anonymous = server.anonymous();
    for _ in 0..3 {
        anonymous.post(LOGIN, wrong("admin")).await.expect(400);
    }
    for path in [
        "/api/auth/local",
        "/api/auth/local/",
        "/api/auth/local//",
        "/api/AUTH/LOCAL",
        "//api/auth/local",
        "/api//auth/local",
        "/api/auth//local",
        "/api/auth/%6cocal",
        "/api/auth%2flocal",
        "/api/auth/local;x",
        "/api/./auth/local",
        "/api/auth/local?x=1",
        "/api/auth/local/callback",
    ] {
        for body in [wrong("admin"), wrong("other"), json!({}), json!([1])] {
            let answer = anonymous.post(path, body).await;
            assert!(
                [404, 405, 429].contains(&answer.status.as_u16()),
                "{path}: {} {}",
                answer.status,
                answer.text
            );
        }
        let answer = anonymous.post_raw(path, "text/plain", "{").await;
        assert!([404, 405, 429].contains(&answer.status.as_u16()), "{path}");
    }
}

// What stands in the body gives nobody a fresh count.
#[actix_web::test]
async fn varying_the_body_does_not_lead_around_the_limit() {
    let server = Server::start_with(Kind::Sqlite, limited).await;
    let anonymous = server.anonymous();
    let mut passed = [0, 0, 0, 0];
    for index in 0..20 {
        let email = format!("u{index}@example.com");
        let login =
            json!({ "identifier": format!("n{index}"), "password": "wrong!!", "email": email });
        let register =
            json!({ "username": format!("user{index}"), "email": email, "password": PASSWORD });
        let bodies = [
            (LOGIN, login),
            (FORGOT, json!({ "email": email })),
            (
                "/api/auth/send-email-confirmation",
                json!({ "email": email }),
            ),
            ("/api/auth/local/register", register),
        ];
        for ((path, body), passed) in bodies.into_iter().zip(&mut passed) {
            match anonymous.post(path, body).await.status.as_u16() {
                429 => {}
                200 | 400 => *passed += 1,
                other => panic!("{path}: {other}"),
            }
        }
    }
    // Where Strapi counts by address, one client has twice as many tries as one address.
    assert_eq!(passed, [3, 6, 6, 6]);
}

// Many clients and one account.
#[actix_web::test]
async fn one_account_is_not_tried_from_everywhere() {
    let server = Server::start_with(Kind::Sqlite, limited).await;
    server.register("ann").await;
    let anonymous = server.anonymous();
    for (path, field, status) in [(LOGIN, "identifier", 400), (FORGOT, "email", 200)] {
        let mut passed = 0;
        for index in 0..50 {
            let spelling = ["ann@example.com", "ANN@example.com", "Ann@Example.Com"][index % 3];
            let body = json!({ field: spelling, "password": "wrong!!" });
            let body = if field == "email" {
                json!({ "email": spelling })
            } else {
                body
            };
            let answer = from(&anonymous, &format!("198.51.100.{index}"), path, &body).await;
            if answer.status == status {
                passed += 1;
            } else {
                expect_too_many(&answer);
            }
        }
        assert_eq!(passed, 3, "{path}");
    }
    // It was a delay for that account; nobody else is concerned.
    server.register("bob").await;
    let body = json!({ "identifier": "bob", "password": PASSWORD });
    from(&anonymous, "198.51.100.77", LOGIN, &body)
        .await
        .expect(200);
}

#[actix_web::test]
async fn the_addresses_of_one_client_share_one_count() {
    let server = Server::start_with(Kind::Sqlite, limited).await;
    let anonymous = server.anonymous();
    let passes = async |clients: Vec<String>| {
        let mut passed = 0;
        for (index, client) in clients.iter().enumerate() {
            let answer = from(
                &anonymous,
                client,
                LOGIN,
                &wrong(&format!("{client} {index}")),
            )
            .await;
            passed += usize::from(answer.status == 400);
        }
        passed
    };
    let of_one_network = (0..20).map(|index| format!("2001:db8:1:2:{index:x}::{index:x}"));
    assert_eq!(passes(of_one_network.collect()).await, 3);
    let of_many = (0..20).map(|index| format!("2001:db8:7:{index:x}::1"));
    assert_eq!(passes(of_many.collect()).await, 20);
    let spellings = [
        "203.0.113.5",
        "::ffff:203.0.113.5",
        "203.0.113.5:4711",
        "::ffff:cb00:7105",
    ];
    assert_eq!(passes(spellings.map(str::to_owned).to_vec()).await, 3);
    // What the client wrote itself stands further left.
    let lies = (0..20).map(|index| format!("192.0.2.{index}, 203.0.113.6"));
    assert_eq!(passes(lies.collect()).await, 3);
}

#[actix_web::test]
async fn an_untrusted_peer_does_not_choose_its_address() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        limited(config);
        config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    });
    let server = server.await;
    let anonymous = server.anonymous();
    let mut passed = 0;
    for index in 0..20 {
        let client = format!("203.0.113.{index}");
        let answer = from(&anonymous, &client, LOGIN, &wrong(&format!("n{index}"))).await;
        passed += usize::from(answer.status == 400);
    }
    assert_eq!(passed, 3);
}

on_every_database! {
    // Counted before the hash, so no two of many parallel tries see one number.
    async fn of_a_hundred_parallel_guesses_few_reach_the_password(kind) {
        let server = Server::start_with(kind, limited).await;
        let anonymous = server.anonymous();
        let answers = join_all((0..100).map(|index| {
            let anonymous = anonymous.clone();
            async move { from(&anonymous, &format!("198.51.100.{index}"), LOGIN, &wrong("admin")).await }
        }));
        let answers = answers.await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 400).count(), 3);
        for answer in answers.iter().filter(|answer| answer.status != 400) {
            expect_too_many(answer);
        }
    }

    // The answer stays the same, whoever has the address; the mails do not.
    async fn the_mail_budget_refuses_mails_and_tells_nobody(kind) {
        let server = Server::start_with(kind, |config| {
            config.ratelimit.enabled = true;
            config.ratelimit.max = 1_000;
            config.ratelimit.mails = 2;
        });
        let server = server.await;
        for name in ["ann", "bob", "cyd", "dee"] {
            server.register(name).await;
        }
        let told = |answer: Answer| (answer.status, answer.text);
        let mut answers = Vec::new();
        for name in ["ann", "bob", "cyd", "dee", "nobody"] {
            let body = json!({ "email": format!("{name}@example.com") });
            answers.push(told(server.anonymous().post(FORGOT, body).await));
            if name == "bob" {
                server.mail_to("ann@example.com", "Reset password", 1).await;
                server.mail_to("bob@example.com", "Reset password", 1).await;
            }
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(server.mails().await.len(), 2);
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_user_codes"), 2);
    }

    async fn a_registration_without_mail_budget_writes_nothing_and_may_come_back(kind) {
        let server = Server::start_with(kind, |config| {
            config.ratelimit.enabled = true;
            config.ratelimit.mails = 0;
            config.advanced_settings.email_confirmation = true;
        });
        let server = server.await;
        let before = server.database().dump();
        let body = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
        let answer = server.anonymous().post("/api/auth/local/register", body).await;
        answer.expect_error(429, "RateLimitError", TEXT);
        assert!((1..=60).contains(&number(&answer, "retry-after")));
        assert_eq!(server.database().dump(), before);
    }
}

#[actix_web::test]
async fn switched_off_nothing_is_counted_or_told() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.ratelimit.enabled = false;
        config.ratelimit.max = 1;
        config.ratelimit.mails = 0;
    });
    let server = server.await;
    server.register("ann").await;
    for _ in 0..5 {
        let answer = server.anonymous().post(LOGIN, wrong("ann")).await;
        answer.expect(400);
        assert!(
            !answer
                .headers
                .keys()
                .any(|name| name.as_str().contains("ratelimit"))
        );
    }
    server.reset_code("ann@example.com", 1).await;
}

#[actix_web::test]
async fn guessing_the_current_password_is_counted_by_account() {
    let server = Server::start_with(Kind::Sqlite, limited).await;
    let ann = server.register("ann").await;
    let body = json!({ "currentPassword": "wrong!!", "password": "Another1!", "passwordConfirmation": "Another1!" });
    let mut passed = 0;
    for index in 0..10 {
        let client = format!("198.51.100.{index}");
        let answer = from(&ann.client, &client, "/api/auth/change-password", &body).await;
        passed += usize::from(answer.status == 400);
    }
    assert_eq!(passed, 3);
}

// Sessions are renewed by everybody behind one address: ten times as often as others are let in.
#[actix_web::test]
async fn renewals_and_logouts_are_counted_too() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        limited(config);
        by_sessions(config);
    });
    let server = server.await;
    let ann = server.register("ann").await.client;
    let pair = sign_in(&server, "ann").await;
    for remaining in (0..30).rev() {
        let renewal = refresh(&server, "no token").await;
        expect_refused(&renewal);
        // No session is of that device, so the one that calls goes on.
        let logout = json!({ "deviceId": "another" });
        let logout = ann.post("/api/auth/logout", logout).await;
        logout.expect(200);
        for answer in [&renewal, &logout] {
            assert_eq!(number(answer, "x-ratelimit-limit"), 30);
            assert_eq!(number(answer, "x-ratelimit-remaining"), remaining);
        }
    }
    expect_too_many(&refresh(&server, &pair.refresh).await);
    expect_too_many(&ann.post("/api/auth/logout", json!({})).await);
    // What was refused has changed nothing.
    ann.get("/api/auth/sessions").await.expect(200);
    let body = json!({ "refreshToken": pair.refresh });
    from(
        &server.anonymous(),
        "198.51.100.1",
        "/api/auth/refresh",
        &body,
    )
    .await
    .expect(200);
}
