//! What asking for a mail changes, and what a mailed code is: nothing else, and nowhere else.

use std::time::{Duration, Instant};

use acceptance::{Kind, PASSWORD, Server, on_every_database};
use serde_json::{Value, json};
use users_permissions::Config;

const FORGOT: &str = "/api/auth/forgot-password";
const RESEND: &str = "/api/auth/send-email-confirmation";

/// Waits until every wish for a mail has become one, or nothing.
async fn settled(server: &Server) {
    let started = Instant::now();
    let waiting = "SELECT COUNT(*) FROM up_mail_requests";
    while server.database().number(waiting) > 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "a wish waits");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Has every code end so many seconds from now.
fn end_codes(server: &Server, seconds: i32) {
    let time = match server.database().kind() {
        Kind::Sqlite => format!("strftime('%Y-%m-%d %H:%M:%f', 'now', '{seconds} seconds')"),
        Kind::Postgres => {
            format!("(now() AT TIME ZONE 'utc') + interval '{seconds} seconds'")
        }
        Kind::Mysql => format!("UTC_TIMESTAMP(6) + INTERVAL {seconds} SECOND"),
    };
    let sql = format!("UPDATE up_user_codes SET expires_at = {time}");
    server.database().execute(&sql);
}

on_every_database! {
    async fn a_code_lives_as_long_as_is_configured(kind) {
        let lives = [(None, 3_600, 259_200), (Some(r#"{"reset":90,"confirmation":7200}"#), 90, 7_200)];
        for (configured, reset, confirmation) in lives {
            let read = Config::from_lookup(|name| (name == "UP_CODE_TTL").then(|| configured.map(str::to_owned))?);
            let server = Server::start_with(kind, |config| {
                config.advanced_settings.email_confirmation = true;
                config.code_life = read.unwrap().code_life;
            }).await;
            let account = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
            server.anonymous().post("/api/auth/local/register", account).await.expect(200);
            server.reset_code("ann@example.com", 1).await;
            let life = match kind {
                Kind::Sqlite => "ROUND((julianday(expires_at) - julianday(created_at)) * 86400)",
                Kind::Postgres => "EXTRACT(EPOCH FROM expires_at - created_at)",
                Kind::Mysql => "TIMESTAMPDIFF(SECOND, created_at, expires_at)",
            };
            for (purpose, seconds) in [("reset", reset), ("confirmation", confirmation)] {
                let sql = format!("SELECT COUNT(*) FROM up_user_codes WHERE purpose = '{purpose}' AND {life} BETWEEN {} AND {seconds}", seconds - 2);
                assert_eq!(server.database().number(&sql), 1, "{purpose}, {configured:?}");
            }
        }
    }

    async fn a_code_is_dead_a_second_after_its_life_and_good_before(kind) {
        let server = Server::start_with(kind, |config| config.advanced_settings.email_confirmation = true).await;
        let account = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
        server.anonymous().post("/api/auth/local/register", account).await.expect(200);
        let confirmation = server.mail_to("ann@example.com", "Account confirmation", 1).await.code();
        let link = format!("/api/auth/email-confirmation?confirmation={confirmation}");
        let code = server.reset_code("ann@example.com", 1).await;
        let body = json!({ "code": code, "password": "Another1!", "passwordConfirmation": "Another1!" });
        let reset = "/api/auth/reset-password";
        end_codes(&server, -1);
        let before = server.database().dump();
        server.anonymous().get(&link).await.expect_error(400, "ValidationError", "Invalid token");
        server.anonymous().post(reset, body.clone()).await.expect_error(400, "ValidationError", "Incorrect code provided");
        assert_eq!(server.database().dump(), before);
        end_codes(&server, 60);
        assert_eq!(server.anonymous().get(&link).await.status, 302);
        server.anonymous().post(reset, body).await.expect(200);
    }

    async fn asking_for_a_mail_changes_and_locks_no_account(kind) {
        let server = Server::start(kind).await;
        for name in ["ann", "bob"] {
            server.register(name).await;
        }
        server.database().execute("UPDATE up_users SET confirmed = FALSE WHERE username = 'bob'");
        for (path, known, subject) in [(FORGOT, "ann@example.com", "Reset password"), (RESEND, "bob@example.com", "Account confirmation")] {
            let before = server.database().dump();
            // Nobody's address, and one of somebody who can have no such mail.
            for unknown in ["nobody@example.com", "ann@example.com"] {
                if unknown != known {
                    server.anonymous().post(path, json!({ "email": unknown })).await.expect(200);
                }
            }
            settled(&server).await;
            assert_eq!(server.database().dump(), before, "{path}");
            server.anonymous().post(path, json!({ "email": known })).await.expect(200);
            server.mail_to(known, subject, 1).await;
            settled(&server).await;
            let mut after = server.database().dump();
            for (table, rows) in before {
                let now = after.remove(table).unwrap();
                match table {
                    "up_user_codes" | "up_outbox" => assert_eq!(now.len(), rows.len() + 1, "{path}: {table}"),
                    _ => assert_eq!(now, rows, "{path}: {table}"),
                }
            }
        }
    }

    // Rows that hold as little as a row can.
    async fn no_blank_token_matches_a_blank_column(kind) {
        let server = Server::start(kind).await;
        let ann = server.register("ann").await;
        for (purpose, hash) in [("reset", ""), ("confirmation", "0")] {
            server.database().execute(&format!(
                "INSERT INTO up_user_codes (user_id, purpose, code_hash, address, expires_at, created_at) \
                 VALUES ({}, '{purpose}', '{hash}', 'ann@example.com', '2099-01-01 00:00:00', '2020-01-01 00:00:00')",
                ann.id
            ));
        }
        let swap = [
            "UPDATE up_user_codes SET code_hash = 'x' WHERE purpose = 'reset'",
            "UPDATE up_user_codes SET code_hash = '' WHERE purpose = 'confirmation'",
            "UPDATE up_user_codes SET code_hash = '0' WHERE purpose = 'reset'",
        ];
        for swapped in [false, true] {
            if swapped {
                swap.iter().for_each(|sql| server.database().execute(sql));
            }
            let before = server.database().dump();
            for blank in [json!(""), json!(" "), json!("0"), json!(0), json!(null), json!(false), json!("null"), json!("\u{0}"), json!({}), json!([])] {
                let body = json!({ "code": blank, "password": "Another1!", "passwordConfirmation": "Another1!" });
                server.anonymous().post("/api/auth/reset-password", body).await.expect_refusal();
            }
            for blank in ["", "=", "=0", "=null", "=false", "=%00", "=%20", "=+", "[]="] {
                let path = format!("/api/auth/email-confirmation?confirmation{blank}");
                server.anonymous().get(&path).await.expect_refusal();
            }
            assert_eq!(server.database().dump(), before);
        }
    }
}

// A page that was opened with a code tells nobody else its address.
#[actix_web::test]
async fn pages_that_are_opened_with_a_code_send_no_referrer() {
    let server = Server::start(Kind::Sqlite).await;
    server.register("ann").await;
    server
        .database()
        .execute("UPDATE up_users SET confirmed = FALSE");
    let body = json!({ "email": "ann@example.com" });
    server.anonymous().post(RESEND, body).await.expect(200);
    let mail = server.mail_to("ann@example.com", "Account confirmation", 1);
    let code = mail.await.code();
    for path in [
        format!("/api/auth/email-confirmation?confirmation={code}x"),
        format!("/api/auth/email-confirmation?confirmation={code}"),
        "/pages/reset-password?code=c0de".to_owned(),
        "/pages/login?confirmed".to_owned(),
        "/connect/github/redirect?access_token=ticket".to_owned(),
        "/api/users-permissions/dev/mails".to_owned(),
    ] {
        let answer = server.anonymous().get(&path).await;
        assert!(answer.status.as_u16() <= 400, "{path}: {}", answer.status);
        assert_eq!(answer.headers["referrer-policy"], "no-referrer", "{path}");
        let body: Vec<Value> = serde_json::from_str(&answer.text).unwrap_or_default();
        assert!(path.ends_with("mails") || body.is_empty());
    }
}

// Where a browser is sent to a provider.
#[actix_web::test]
async fn no_header_of_a_request_gets_into_the_address_a_provider_returns_to() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.public_url = "https://api.example".to_owned();
        let settings = users_permissions::ProviderSettings {
            enabled: true,
            key: "client-id".to_owned(),
            secret: Some("client-secret".into()),
            callback: vec!["https://front.example/cb".to_owned()],
            ..Default::default()
        };
        config.providers.insert("github".to_owned(), settings);
    })
    .await;
    let anonymous = server.anonymous();
    let mut request = anonymous.request("GET".parse().unwrap(), "/api/connect/github");
    for (header, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-original-url", "https://evil.example/"),
        ("referer", "https://evil.example/"),
    ] {
        request = request.header(header, value);
    }
    let answer = anonymous.send(request).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let location = answer.headers["location"].to_str().unwrap();
    let own = "redirect_uri=https%3A%2F%2Fapi.example%2Fapi%2Fconnect%2Fgithub%2Fcallback";
    assert!(
        location.contains(own) && !location.contains("evil"),
        "{location}"
    );
}
