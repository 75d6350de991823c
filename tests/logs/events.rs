//! What a security officer looks for is logged, and says whom it is about; the codes and tokens on the way are
//! not.

use std::time::Duration;

use acceptance::{Answer, Client, Kind, PASSWORD, Server, SmtpSink, on_every_database};
use serde_json::{Value, json};
use users_permissions::{Config, JwtManagement};

use crate::captured;

const COOKIE: &str = "strapi_up_refresh";
const CHANGED: &str = "c4nary-events-changed";
const RESET: &str = "c4nary-events-reset";
const WRONG: &str = "c4nary-events-wrong";

fn configure(config: &mut Config, sink: &SmtpSink) {
    config.jwt_management = JwtManagement::Refresh;
    config.sessions.reuse_span = Duration::ZERO; // whoever comes again has a copy
    config.mail.smtp_url = Some(sink.url().as_str().into());
    config.encryption_key = Some("c4nary-events-encryption".into());
    config.ratelimit.enabled = true;
    config.ratelimit.max = 12;
}

/// Lets ids begin where no other test of this process has any: the log is everybody's.
fn count_from(server: &Server, kind: Kind) -> i64 {
    let (first, sql) = match kind {
        Kind::Sqlite => (
            71_000_001,
            "UPDATE sqlite_sequence SET seq = 71000000 WHERE name = 'up_users'",
        ),
        Kind::Postgres => (
            72_000_001,
            "ALTER TABLE up_users ALTER COLUMN id RESTART WITH 72000001",
        ),
        Kind::Mysql => (73_000_001, "ALTER TABLE up_users AUTO_INCREMENT = 73000001"),
    };
    server.database().execute(sql);
    first
}

/// The code in the newest mail once there are so many.
pub async fn code(sink: &SmtpSink, count: usize, subject: &str) -> String {
    let mails = sink.wait_for(count).await;
    let mail = mails.iter().rev().find(|mail| mail.subject() == subject);
    let text = mail.unwrap_or_else(|| panic!("no {subject}")).html();
    let runs = text.split(|c: char| !c.is_ascii_hexdigit());
    runs.max_by_key(|run| run.len())
        .unwrap_or_default()
        .to_owned()
}

fn pair(answer: &Answer) -> (String, String) {
    let body = answer.expect(200);
    let text = |name: &str| {
        body[name]
            .as_str()
            .unwrap_or_else(|| panic!("{body}"))
            .to_owned()
    };
    (text("jwt"), text("refreshToken"))
}

async fn post_with(client: &Client, path: &str, body: Value, header: (&str, &str)) -> Answer {
    let request = client.request("POST".parse().unwrap(), path).json(&body);
    client.send(request.header(header.0, header.1)).await
}

fn passwords(new: &str) -> Value {
    json!({ "currentPassword": PASSWORD, "password": new, "passwordConfirmation": new })
}

/// A password set by a code, a session kept in a cookie, renewed and ended; answers what is secret of it.
async fn reset_in_a_browser(server: &Server, code: &str) -> Vec<String> {
    let anonymous = server.anonymous();
    let body =
        |code: &str| json!({ "code": code, "password": RESET, "passwordConfirmation": RESET });
    let path = "/api/auth/reset-password";
    anonymous
        .post(path, body("c4nary-events-no-reset"))
        .await
        .expect(400);
    let ask = ("x-strapi-refresh-cookie", "httpOnly");
    let answer = post_with(&anonymous, path, body(code), ask).await;
    let (jwt, kept) = in_cookie(&answer);
    let header = format!("{COOKIE}={kept}");
    let answer = post_with(
        &anonymous,
        "/api/auth/refresh",
        json!({}),
        ("cookie", &header),
    )
    .await;
    let (renewed, renewed_cookie) = in_cookie(&answer);
    let caller = server.anonymous().with_token(&renewed);
    caller.post("/api/auth/logout", json!({})).await.expect(200);
    vec![jwt, kept, renewed, renewed_cookie]
}

fn in_cookie(answer: &Answer) -> (String, String) {
    let jwt = answer.expect(200)["jwt"].as_str().unwrap().to_owned();
    let set = answer.headers["set-cookie"].to_str().unwrap();
    let pair = set.split(';').next().unwrap_or_default();
    let (name, value) = pair.split_once('=').unwrap();
    assert_eq!(name, COOKIE);
    (jwt, value.to_owned())
}

#[track_caller]
fn expect_logged(event: &str, mark: &str) {
    let log = captured::text();
    let target = "users_permissions::security: ";
    let found = log
        .lines()
        .any(|line| line.contains(target) && line.contains(event) && line.contains(mark));
    assert!(found, "`{event}` of {mark} was not logged");
}

#[track_caller]
fn expect_unlogged(secrets: &[String]) {
    let log = captured::text();
    for secret in secrets {
        assert!(secret.len() > 18, "{secret} is too short to be looked for");
        if let Some(at) = log.find(secret.as_str()) {
            let line = log[..at].rfind('\n').map_or(0, |newline| newline + 1);
            panic!(
                "`{secret}` was logged: {}",
                log[line..].lines().next().unwrap_or_default()
            );
        }
    }
}

on_every_database! {
    async fn the_life_of_an_account_is_logged_without_its_secrets(kind) {
        captured::start();
        let sink = SmtpSink::start().await;
        let server = Server::start_with(kind, |config| configure(config, &sink)).await;
        let (admin, anonymous) = (server.login("admin", "AdminPass1").await, server.anonymous());
        let id = count_from(&server, kind);
        let user = format!("user={id}");
        admin.put("/api/users-permissions/advanced", json!({ "email_confirmation": true })).await.expect(200);
        let body = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
        let registered = anonymous.post("/api/auth/local/register", body).await.expect(200);
        assert_eq!(registered["user"]["id"], id, "{registered}");
        let confirmation = code(&sink, 1, "Account confirmation").await;
        let link = |code: &str| format!("/api/auth/email-confirmation?confirmation={code}");
        anonymous.get(&link("c4nary-events-no-confirmation")).await.expect(400);
        assert_eq!(anonymous.get(&link(&confirmation)).await.status, 302);
        let login = json!({ "identifier": "ann", "password": PASSWORD });
        let first = pair(&anonymous.post("/api/auth/local", login.clone()).await);
        let second = pair(&anonymous.post("/api/auth/refresh", json!({ "refreshToken": first.1 })).await);
        let third = pair(&anonymous.post("/api/auth/refresh", json!({ "refreshToken": second.1 })).await);
        for token in [&first.1, &third.1, &"c4nary-events-no-refresh".to_owned()] {
            anonymous.post("/api/auth/refresh", json!({ "refreshToken": token })).await.expect(401);
        }
        let ann = pair(&anonymous.post("/api/auth/local", login.clone()).await);
        let caller = server.anonymous().with_token(&ann.0);
        let mut wrong = passwords(CHANGED);
        wrong["currentPassword"] = WRONG.into();
        caller.post("/api/auth/change-password", wrong).await.expect(400);
        let changed = pair(&caller.post("/api/auth/change-password", passwords(CHANGED)).await);
        anonymous.post("/api/auth/forgot-password", json!({ "email": "ann@example.com" })).await.expect(200);
        let reset_code = code(&sink, 3, "Reset password").await;
        let by_cookie = reset_in_a_browser(&server, &reset_code).await;
        admin.put(&format!("/api/users/{id}"), json!({ "blocked": true })).await.expect(200);
        let too_many = json!({ "identifier": format!("{kind:?}@example.com"), "password": WRONG });
        while anonymous.post("/api/auth/local", too_many.clone()).await.status != 429 {}

        for event in [
            "registration", "address confirmed", "login", "a refresh token came twice; its session has ended", "change of a password refused",
            "password changed", "code asked for", "logout",
        ] {
            expect_logged(event, &user);
        }
        expect_logged("user changed", &format!("{user} actor="));
        expect_logged("rate limit reached", "bucket=");
        let mut secrets: Vec<String> = [CHANGED, RESET, WRONG].map(str::to_owned).into();
        secrets.extend(["c4nary-events-no-confirmation", "c4nary-events-no-refresh", "c4nary-events-no-reset", "c4nary-events-encryption"].map(str::to_owned));
        secrets.extend([confirmation, reset_code]);
        secrets.extend(by_cookie);
        for (jwt, refresh) in [first, second, third, ann, changed] {
            secrets.extend([jwt, refresh]);
        }
        secrets.extend(server.database().lines("SELECT code_hash AS line FROM up_user_codes"));
        secrets.extend(server.database().lines("SELECT token_hash AS line FROM up_sessions"));
        expect_unlogged(&secrets);
    }
}
