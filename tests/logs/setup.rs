//! The one-time link that makes the first administrator.

use acceptance::{Answer, Client, Kind, PASSWORD, Server, TestDatabase, config, on_every_database};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::captured;

const SETUP: &str = "/api/users-permissions/setup";

/// A server without administrator and the code of its link.
async fn start(database: &TestDatabase) -> (Server, String) {
    captured::start();
    // A base of its own tells this server's link from all others in the log.
    let base = format!(
        "https://{}.example",
        database
            .url()
            .bytes()
            .map(|byte| format!("{byte:x}"))
            .collect::<String>()
    );
    let known = captured::setup_codes(&base).len();
    let mut config = config(database);
    config.first_admin = None;
    config.public_url = base.clone();
    let server = Server::with_config(config).await;
    let codes = captured::setup_codes(&base);
    assert!(codes.len() <= known + 1, "{codes:?}");
    (server, codes.get(known).cloned().unwrap_or_default())
}

fn body(code: &str, name: &str) -> Value {
    json!({ "token": code, "username": name, "email": format!("{name}@example.com"), "password": PASSWORD })
}

async fn submit(client: &Client, code: &str, name: &str) -> Answer {
    client.post(SETUP, body(code, name)).await
}

fn administrators(database: &TestDatabase) -> i64 {
    database.number("SELECT COUNT(*) FROM up_user_roles m JOIN up_roles r ON r.id = m.role_id WHERE r.role_type = 'administrator'")
}

on_every_database! {
    async fn the_link_makes_one_administrator_and_works_once(kind) {
        let database = TestDatabase::create(kind);
        let (server, code) = start(&database).await;
        assert!(code.len() >= 32, "128 bits at least: {code}");
        let anonymous = server.anonymous();
        let answer = submit(&anonymous, &code, "chief").await.expect(200);
        assert_eq!((&answer["username"], &answer["confirmed"]), (&json!("chief"), &json!(true)));
        assert!(answer.get("jwt").is_none() && answer.get("password").is_none(), "{answer}");
        server.login("chief", PASSWORD).await.get("/api/users-permissions/roles").await.expect(200);
        let before = database.dump();
        for name in ["chief", "second"] {
            submit(&anonymous, &code, name).await.expect_error(400, "ValidationError", "Invalid token");
        }
        assert_eq!(database.dump(), before);
        assert_eq!(administrators(&database), 1);
    }

    // Mail scanners and browsers open links before people do.
    async fn opening_the_link_uses_nothing_up(kind) {
        let database = TestDatabase::create(kind);
        let (server, code) = start(&database).await;
        let before = database.dump();
        for method in ["GET", "HEAD", "GET"] {
            let request = server.anonymous().request(method.parse().unwrap(), &format!("{SETUP}?token={code}"));
            let page = server.anonymous().send(request).await;
            assert_eq!(page.status, 200);
            assert_eq!(page.headers["cache-control"], "no-store");
            assert_eq!(page.headers["referrer-policy"], "no-referrer");
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
            assert_eq!(page.text.contains(&code), method == "GET");
        }
        assert_eq!(database.dump(), before);
        // The form of the page, as a browser sends it.
        let form = format!("token={code}&username=chief&email=chief%40example.com&password=Passw0rd%21");
        let answer = server.anonymous().post_raw(SETUP, "application/x-www-form-urlencoded", form).await;
        assert_eq!(answer.expect(200)["username"], "chief");
    }

    // 37.
    async fn no_other_code_is_good(kind) {
        let database = TestDatabase::create(kind);
        let (server, code) = start(&database).await;
        database.execute("INSERT INTO up_codes (purpose, code_hash, expires_at, created_at) VALUES ('setup', '', '2099-01-01 00:00:00', '2026-01-01 00:00:00')");
        database.execute("INSERT INTO up_codes (purpose, code_hash, expires_at, created_at) VALUES ('reset', 'x', '2099-01-01 00:00:00', '2026-01-01 00:00:00')");
        let before = database.dump();
        let (shorter, upper) = (code[..code.len() - 1].to_owned(), code.to_uppercase());
        let mut wrong = vec![
            json!(shorter), json!(upper), json!(format!("{code} ")), json!(format!(" {code}")), json!(format!("{code}\u{0}")),
            json!("0"), json!("null"), json!("x"), json!("' OR 1=1 --"), json!("%"), json!("x".repeat(5_000)),
        ];
        wrong.extend([json!(""), json!(null), json!(0), json!(true), json!({}), json!({ "$ne": "" }), json!([]), json!([code])]);
        for token in wrong {
            let mut body = body("", "mallory");
            body["token"] = token.clone();
            let answer = server.anonymous().post(SETUP, body).await;
            assert_eq!(answer.status, 400, "{token}: {}", answer.text);
            answer.expect_refusal();
            if token.as_str().is_some_and(|text| !text.is_empty()) {
                answer.expect_error(400, "ValidationError", "Invalid token");
            }
        }
        for form in ["token[$ne]=x", "token=", "", "token=a&token=b"] {
            let form = format!("{form}&username=mallory&email=m%40example.com&password=Passw0rd%21");
            let answer = server.anonymous().post_raw(SETUP, "application/x-www-form-urlencoded", form).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
        }
        assert_eq!(database.dump(), before);
        submit(&server.anonymous(), &code, "chief").await.expect(200);
    }

    async fn an_expired_code_is_refused(kind) {
        let database = TestDatabase::create(kind);
        let (server, code) = start(&database).await;
        assert_eq!(database.number("SELECT COUNT(*) FROM up_codes WHERE purpose = 'setup' AND used_at IS NULL"), 1);
        database.execute("UPDATE up_codes SET expires_at = '2020-01-01 00:00:00'");
        submit(&server.anonymous(), &code, "chief").await.expect_error(400, "ValidationError", "Invalid token");
        assert_eq!(administrators(&database), 0);
    }

    async fn a_new_start_makes_a_new_link_and_voids_the_older_one(kind) {
        let database = TestDatabase::create(kind);
        let (server, first) = start(&database).await;
        drop(server);
        let (server, second) = start(&database).await;
        assert!(!second.is_empty() && first != second);
        submit(&server.anonymous(), &first, "chief").await.expect_error(400, "ValidationError", "Invalid token");
        submit(&server.anonymous(), &second, "chief").await.expect(200);
        drop(server);
        let (server, third) = start(&database).await;
        assert_eq!(third, "", "who has an administrator needs no link");
        submit(&server.anonymous(), &second, "second").await.expect_error(400, "ValidationError", "Invalid token");
    }

    async fn of_fifty_uses_of_a_link_over_two_instances_one_succeeds(kind) {
        let database = TestDatabase::create(kind);
        let (one, _) = start(&database).await;
        let (other, code) = start(&database).await;
        let answers = join_all((0..50).map(|index| {
            let client = if index % 2 == 0 { one.anonymous() } else { other.anonymous() };
            let (code, name) = (code.clone(), format!("chief{index}"));
            async move { submit(&client, &code, &name).await }
        }));
        let answers = answers.await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            lost.expect_error(400, "ValidationError", "Invalid token");
        }
        assert_eq!((administrators(&database), database.number("SELECT COUNT(*) FROM up_users")), (1, 1));
        other.login(won[0].json()["username"].as_str().unwrap(), PASSWORD).await;
    }

    async fn a_refused_form_leaves_the_link_good(kind) {
        let database = TestDatabase::create(kind);
        let (server, code) = start(&database).await;
        server.register("ann").await;
        let before = database.dump();
        for (key, value) in [
            ("password", json!("x")), ("password", json!("x".repeat(73))), ("email", json!("no address")), ("username", json!("ab")),
            ("username", json!("ann")), ("email", json!("ann@example.com")), ("username", json!("ann@example.com")), ("role", json!(1)),
            ("username", json!("a\u{202e}bc")), ("email", json!({})),
        ] {
            let mut body = body(&code, "chief");
            body[key] = value;
            let answer = server.anonymous().post(SETUP, body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        }
        assert_eq!(database.dump(), before);
        submit(&server.anonymous(), &code, "chief").await.expect(200);
    }

    async fn a_link_makes_no_second_administrator(kind) {
        let database = TestDatabase::create(kind);
        let (server, code) = start(&database).await;
        server.register("ann").await;
        database.execute("UPDATE up_user_roles SET role_id = (SELECT id FROM up_roles WHERE role_type = 'administrator')");
        assert_eq!(submit(&server.anonymous(), &code, "chief").await.status, 400);
        assert_eq!(administrators(&database), 1);
    }

    // Whoever reads the database can use nothing of it.
    async fn nothing_in_the_database_is_a_key(kind) {
        let database = TestDatabase::create(kind);
        let (server, code) = start(&database).await;
        server.register("ann").await;
        let dump = database.dump();
        let whole = format!("{dump:?}");
        assert!(!whole.contains(&code) && !whole.contains(PASSWORD));
        let values: Vec<&str> = dump.values().flatten().flat_map(|line| line.split('|')).filter(|value| value.len() >= 20).collect();
        assert!(values.iter().any(|value| value.len() == 64) && values.iter().any(|value| value.starts_with("$2b$")));
        for value in values {
            submit(&server.anonymous(), value, "mallory").await.expect_error(400, "ValidationError", "Invalid token");
            server.anonymous().with_token(value.replace(' ', "")).get("/api/users/me").await.expect_bad_token();
            let login = json!({ "identifier": "ann", "password": value });
            server.anonymous().post("/api/auth/local", login).await.expect_refusal();
        }
        submit(&server.anonymous(), &code, "chief").await.expect(200);
    }
}

// What comes from the URL does not become a part of the page.
#[actix_web::test]
async fn the_page_shows_no_code_that_is_none() {
    let server = Server::start(Kind::Sqlite).await;
    let plain = server.anonymous().get(SETUP).await.text;
    for token in [
        "\"><script>alert(1)</script>",
        "x",
        "%22%3E%3Cimg%20src=x%3E",
        "&quot;",
        "'onfocus='x",
        "g0",
        "",
    ] {
        let answer = server
            .anonymous()
            .get(&format!("{SETUP}?token={token}"))
            .await;
        assert_eq!(answer.text, plain, "{token}");
    }
    assert!(
        server
            .anonymous()
            .get(&format!("{SETUP}?token=0aF9"))
            .await
            .text
            .contains("value=\"0aF9\"")
    );
}
