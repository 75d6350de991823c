//! A new password by mail.

use acceptance::{Kind, PASSWORD, Server, TestDatabase, config, on_every_database};
use futures_util::future::join_all;
use serde_json::{Value, json};

const FORGOT: &str = "/api/auth/forgot-password";
const RESET: &str = "/api/auth/reset-password";
const INCORRECT: &str = "Incorrect code provided";
const NEW: &str = "Another1!";

fn body(code: impl Into<Value>, new: &str) -> Value {
    json!({ "code": code.into(), "password": new, "passwordConfirmation": new })
}

fn login(name: &str, password: &str) -> Value {
    json!({ "identifier": name, "password": password })
}

on_every_database! {
    async fn the_mailed_code_sets_a_password_once_and_ends_older_tokens(kind) {
        let server = Server::start(kind).await;
        let ann = server.register("ann").await;
        let code = server.reset_code("ann@example.com", 1).await;
        assert!(code.len() == 128 && code.bytes().all(|byte| byte.is_ascii_hexdigit()), "{code}");
        // Asking changes nothing for whoever knows the password.
        ann.client.get("/api/users/me").await.expect(200);
        server.login("ann", PASSWORD).await;
        // Refused for other reasons, the code stays good.
        for (new, text) in [("12345", "password must be at least 6 characters"), (&*"x".repeat(73), "Password must be less than 73 bytes"), (&*"😀".repeat(19), "Password must be less than 73 bytes")] {
            server.anonymous().post(RESET, body(code.as_str(), new)).await.expect_error(400, "ValidationError", text);
        }
        let answer = server.anonymous().post(RESET, body(code.as_str(), NEW)).await.expect(200);
        let fresh = ann.client.with_token(answer["jwt"].as_str().unwrap());
        assert_eq!(fresh.get("/api/users/me").await.expect(200)["username"], "ann");
        ann.client.get("/api/users/me").await.expect(401);
        server.anonymous().post("/api/auth/local", login("ann", PASSWORD)).await.expect(400);
        server.mail_to("ann@example.com", "Your password was changed", 1).await;
        let again = server.anonymous().post(RESET, body(code.as_str(), "Third111!")).await;
        again.expect_error(400, "ValidationError", INCORRECT);
        server.login("ann", NEW).await;
    }

    async fn a_code_is_void_after_a_newer_one_its_time_or_another_address(kind) {
        let server = Server::start(kind).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await);
        let first = server.reset_code("ann@example.com", 1).await;
        let second = server.reset_code("ann@example.com", 2).await;
        assert_ne!(first, second);
        let refused = async |code: &str| {
            let before = server.database().dump();
            let answer = server.anonymous().post(RESET, body(code, NEW)).await;
            answer.expect_error(400, "ValidationError", INCORRECT);
            assert_eq!(server.database().dump(), before);
        };
        refused(&first).await;
        let expiry = server.database().lines(match kind {
            Kind::Mysql => "SELECT CAST(TIMESTAMPDIFF(MINUTE, created_at, expires_at) AS CHAR) AS line FROM up_user_codes",
            Kind::Postgres => "SELECT CAST(CAST(EXTRACT(EPOCH FROM expires_at - created_at) / 60 AS INTEGER) AS TEXT) AS line FROM up_user_codes",
            Kind::Sqlite => "SELECT CAST(CAST(ROUND((julianday(expires_at) - julianday(created_at)) * 1440) AS INTEGER) AS TEXT) AS line FROM up_user_codes",
        });
        assert!(expiry == ["60"] || expiry == ["59"], "{expiry:?}");
        server.database().execute("UPDATE up_user_codes SET expires_at = '2020-01-01 00:00:00'");
        refused(&second).await;
        let third = server.reset_code("ann@example.com", 3).await;
        let path = format!("/api/users/{}", ann.id);
        admin.put(&path, json!({ "email": "new@example.com" })).await.expect(200);
        refused(&third).await;
        // Back at the old address, the code stays void.
        admin.put(&path, json!({ "email": "ann@example.com", "confirmed": true })).await.expect(200);
        refused(&third).await;
        let fourth = server.reset_code("ann@example.com", 4).await;
        admin.put(&path, json!({ "blocked": true })).await.expect(200);
        refused(&fourth).await;
        admin.put(&path, json!({ "blocked": false })).await.expect(200);
        server.anonymous().post(RESET, body(fourth, NEW)).await.expect(200);
    }

    // Only the mailed code itself.
    async fn nothing_else_than_a_live_code_is_a_code(kind) {
        let server = Server::start(kind).await;
        server.register("ann").await;
        server.reset_code("ann@example.com", 1).await;
        server.register("bob").await;
        let confirmation = {
            server.database().execute("UPDATE up_users SET confirmed = FALSE WHERE username = 'bob'");
            server.anonymous().post("/api/auth/send-email-confirmation", json!({ "email": "bob@example.com" })).await.expect(200);
            server.mail_to("bob@example.com", "Account confirmation", 1).await.code()
        };
        let stored = server.database().lines("SELECT code_hash AS line FROM up_user_codes");
        let before = server.database().dump();
        let anonymous = server.anonymous();
        for value in [json!({}), json!({ "$gt": "" }), json!({ "$ne": null }), json!([]), json!([null]), json!(null), json!(""), json!(true), json!(false), json!(0), json!("0"), json!("null"), json!(confirmation), json!(stored[0]), json!(stored[1]), json!("x".repeat(10_000)), json!("' OR 1=1 --"), json!("\u{0}")] {
            anonymous.post(RESET, body(value, NEW)).await.expect_refusal();
        }
        let megabyte = json!({ "code": "x".repeat(1 << 20), "password": NEW, "passwordConfirmation": NEW });
        anonymous.post(RESET, megabyte).await.expect(413);
        for form in ["code[$ne]=x", "code=a&code=b", "code[]=x", "code="] {
            let form = format!("{form}&password={NEW}&passwordConfirmation={NEW}");
            anonymous.post_raw(RESET, "application/x-www-form-urlencoded", form).await.expect_refusal();
        }
        for extra in ["id", "userId", "where", "filters", "collection", "email", "deviceId"] {
            let mut body = body("c0de", NEW);
            body[extra] = json!(1);
            anonymous.post(RESET, body).await.expect_error(400, "ValidationError", &format!("this field has unspecified keys: {extra}"));
        }
        assert_eq!(server.database().dump(), before);
    }

    async fn of_fifty_resets_with_one_code_over_two_instances_one_succeeds(kind) {
        let database = TestDatabase::create(kind);
        let servers = [Server::with_config(config(&database)).await, Server::with_config(config(&database)).await];
        servers[0].register("ann").await;
        let code = servers[0].reset_code("ann@example.com", 1).await;
        let answers = join_all((0..50).map(|index| {
            let client = servers[index % 2].anonymous();
            let body = body(code.as_str(), &format!("Another{index}!"));
            async move { client.post(RESET, body).await }
        }));
        let answers = answers.await;
        let won: Vec<_> = (0..50).filter(|index| answers[*index].status == 200).collect();
        assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.expect_error(400, "ValidationError", INCORRECT);
        }
        for index in 0..50 {
            let answer = servers[0].anonymous().post("/api/auth/local", login("ann", &format!("Another{index}!"))).await;
            assert_eq!(answer.status, if index == won[0] { 200 } else { 400 }, "{index}");
        }
    }

    // To the stored address of the account that was meant, or to nobody.
    async fn mail_goes_to_the_stored_address_only(kind) {
        let server = Server::start(kind).await;
        for name in ["victim", "social", "gone", "attacker"] {
            server.register(name).await;
        }
        server.database().execute("UPDATE up_users SET provider = 'google', password_hash = NULL WHERE username = 'social'");
        server.database().execute("UPDATE up_users SET blocked = TRUE WHERE username = 'gone'");
        let anonymous = server.anonymous();
        for body in [
            json!({ "email": ["victim@example.com", "attacker@example.com"] }),
            json!({ "email": { "$ne": "" } }),
            json!({ "email": "victim@example.com,attacker@example.com" }),
            json!({ "email": "victim@example.com;attacker@example.com" }),
            json!({ "email": "victim@example.com attacker@example.com" }),
            json!({ "email": "victim@example.com\r\nBcc: attacker@example.com" }),
            json!({ "email": "victim@example.com%0aattacker@example.com" }),
            json!({ "email": "<victim@example.com>" }),
            json!({ "email": "\"victim@example.com\"@attacker.example" }),
            json!({ "email": "v\u{131}ctim@example.com" }),
            json!({ "email": "V\u{130}CTIM@example.com" }),
            json!({ "email": "\u{ff56}ictim@example.com" }),
            json!({ "email": "vi\u{301}ctim@example.com" }),
            json!({ "email": "victim@example.com " }),
            json!({ "email": "victim\u{ad}@example.com" }),
            json!({ "email": "victim\u{ff20}example.com" }),
            json!({ "email": "victim@example.com", "to": "attacker@example.com" }),
            json!({ "email": "victim@example.com", "url": "https://evil.example" }),
            json!({ "email": "victim@example.com", "id": 1 }),
        ] {
            anonymous.post(FORGOT, body).await.expect_refusal();
        }
        for form in ["email[]=victim@example.com", "email=victim@example.com&email=attacker@example.com"] {
            anonymous.post_raw(FORGOT, "application/x-www-form-urlencoded", form).await.expect_refusal();
        }
        for unknown in ["nobody@example.com", "social@example.com", "gone@example.com", "victim@example.com.attacker.example"] {
            assert_eq!(anonymous.post(FORGOT, json!({ "email": unknown })).await.expect(200), json!({ "ok": true }));
        }
        server.written().await;
        let mut recipients: Vec<_> = server.mails().await.into_iter().map(|mail| mail.to).collect();
        recipients.retain(|to| !to.starts_with("last"));
        assert!(recipients.is_empty(), "{recipients:?}");
        anonymous.post(FORGOT, json!({ "email": "VICTIM@Example.com" })).await.expect(200);
        server.mail_to("victim@example.com", "Reset password", 1).await;
    }

    // Who reads the database holds nothing that is accepted.
    async fn no_stored_value_is_a_code(kind) {
        let server = Server::start_with(kind, |config| config.advanced_settings.email_confirmation = true).await;
        let body_of = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
        server.anonymous().post("/api/auth/local/register", body_of).await.expect(200);
        let confirmation = server.mail_to("ann@example.com", "Account confirmation", 1).await.code();
        let reset = server.reset_code("ann@example.com", 1).await;
        let dump = format!("{:?}", server.database().dump());
        let outbox = match kind {
            Kind::Sqlite => "SELECT hex(sealed) AS line FROM up_outbox",
            Kind::Postgres => "SELECT encode(sealed, 'hex') AS line FROM up_outbox",
            Kind::Mysql => "SELECT HEX(sealed) AS line FROM up_outbox",
        };
        let sealed = server.database().lines(outbox).join("").to_lowercase();
        for code in [&confirmation, &reset] {
            assert!(!dump.contains(code.as_str()));
            let hex: String = code.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(!sealed.contains(code.as_str()) && !sealed.contains(&hex));
        }
        for value in server.database().lines("SELECT code_hash AS line FROM up_user_codes") {
            server.anonymous().post(RESET, body(value.as_str(), NEW)).await.expect_error(400, "ValidationError", INCORRECT);
            server.anonymous().get(&format!("/api/auth/email-confirmation?confirmation={value}")).await.expect_refusal();
        }
    }
}

// Links are made from the configuration, whatever a request says of the host.
#[actix_web::test]
async fn no_header_of_a_request_gets_into_a_mail() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.advanced_settings.email_confirmation = true;
        config.advanced_settings.email_reset_password =
            Some("https://app.example/reset".to_owned());
        config.public_url = "https://api.localhost".to_owned();
    });
    let server = server.await;
    let anonymous = server.anonymous();
    let poisoned = async |path: &str, body: Value| {
        let mut request = anonymous.request("POST".parse().unwrap(), path).json(&body);
        for header in [
            "X-Forwarded-Host",
            "X-Forwarded-Server",
            "X-Original-URL",
            "X-Rewrite-URL",
            "Origin",
            "Referer",
        ] {
            request = request.header(header, "https://evil.example/");
        }
        request = request
            .header("Forwarded", "host=evil.example;proto=http")
            .header("X-Forwarded-Proto", "http")
            .header("Host", "evil.example");
        anonymous.send(request).await
    };
    let account = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
    poisoned("/api/auth/local/register", account)
        .await
        .expect(200);
    poisoned(
        "/api/auth/send-email-confirmation",
        json!({ "email": "ann@example.com" }),
    )
    .await
    .expect(200);
    poisoned(FORGOT, json!({ "email": "ann@example.com" }))
        .await
        .expect(200);
    let confirmation = server
        .mail_to("ann@example.com", "Account confirmation", 2)
        .await;
    let reset = server.mail_to("ann@example.com", "Reset password", 1).await;
    assert!(
        confirmation
            .html
            .contains("https://api.localhost/api/auth/email-confirmation?confirmation="),
        "{}",
        confirmation.html
    );
    assert!(
        reset.html.contains("https://app.example/reset?code="),
        "{}",
        reset.html
    );
    for mail in server.mails().await {
        assert!(!mail.html.contains("evil"), "{}", mail.html);
    }
}

// As with Strapi, an unconfirmed user may reset the password, and still has to confirm the address.
#[actix_web::test]
async fn a_reset_confirms_nothing() {
    let confirming =
        |config: &mut users_permissions::Config| config.advanced_settings.email_confirmation = true;
    let server = Server::start_with(Kind::Sqlite, confirming).await;
    let account = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
    server
        .anonymous()
        .post("/api/auth/local/register", account)
        .await
        .expect(200);
    let code = server.reset_code("ann@example.com", 1).await;
    let answer = server
        .anonymous()
        .post(RESET, body(code, NEW))
        .await
        .expect(200);
    let client = server
        .anonymous()
        .with_token(answer["jwt"].as_str().unwrap());
    client
        .get("/api/users/me")
        .await
        .expect_error(401, "UnauthorizedError", "Invalid credentials");
    let answer = server
        .anonymous()
        .post("/api/auth/local", login("ann", NEW))
        .await;
    answer.expect_error(
        400,
        "ApplicationError",
        "Your account email is not confirmed",
    );
}

on_every_database! {
    // Parallel requests of many people, and of one: each is mailed, and each mail is written.
    async fn of_many_parallel_requests_none_is_lost(kind) {
        let server = Server::start(kind).await;
        for index in 0..10 {
            server.register(&format!("user{index}")).await;
        }
        let answers = join_all((0..40).map(|index| {
            let client = server.anonymous();
            let email = format!("user{}@example.com", index % 10);
            async move { client.post(FORGOT, json!({ "email": email })).await }
        }));
        for answer in answers.await {
            answer.expect(200);
        }
        for index in 0..10 {
            let address = format!("user{index}@example.com");
            server.mail_to(&address, "Reset password", 4).await;
        }
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_user_codes"), 10);
        // The user's one live code is in one of the mails, whichever was written last.
        let mut set = 0;
        for mail in server.mails().await.iter().filter(|mail| mail.to == "user3@example.com") {
            set += usize::from(server.anonymous().post(RESET, body(mail.code(), NEW)).await.status == 200);
        }
        assert_eq!(set, 1);
    }
}
