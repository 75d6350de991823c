//! Addresses proven by mail.

use acceptance::{Answer, Kind, PASSWORD, Server, TestDatabase, config, on_every_database};
use futures_util::future::join_all;
use serde_json::{Value, json};
use users_permissions::Config;

const SUBJECT: &str = "Account confirmation";
const RESEND: &str = "/api/auth/send-email-confirmation";

fn confirming(config: &mut Config) {
    config.advanced_settings.email_confirmation = true;
}

fn link(code: &str) -> String {
    format!("/api/auth/email-confirmation?confirmation={code}")
}

async fn register(server: &Server, name: &str) -> Answer {
    let body =
        json!({ "username": name, "email": format!("{name}@example.com"), "password": PASSWORD });
    server
        .anonymous()
        .post("/api/auth/local/register", body)
        .await
}

async fn is_confirmed(server: &Server, name: &str) -> bool {
    let sql =
        format!("SELECT COUNT(*) FROM up_users WHERE username = '{name}' AND confirmed = TRUE");
    server.database().number(&sql) == 1
}

fn login(name: &str) -> Value {
    json!({ "identifier": name, "password": PASSWORD })
}

on_every_database! {
    async fn a_new_user_confirms_the_address_and_only_then_signs_in(kind) {
        let server = Server::start_with(kind, confirming).await;
        let answer = register(&server, "ann").await.expect(200);
        assert!(answer.get("jwt").is_none() && answer["user"]["confirmed"] == false, "{answer}");
        // Written with the user, so there at once.
        let mails = server.mails().await;
        assert_eq!(mails.len(), 1);
        let code = mails[0].code();
        assert_eq!((mails[0].to.as_str(), code.len()), ("ann@example.com", 40));
        let refused = server.anonymous().post("/api/auth/local", login("ann")).await;
        refused.expect_error(400, "ApplicationError", "Your account email is not confirmed");
        let wrong = server.anonymous().post("/api/auth/local", json!({ "identifier": "ann", "password": "wrong!!" })).await;
        wrong.expect_error(400, "ValidationError", "Invalid identifier or password");
        // Neither looking nor confirming signs anybody in.
        for _ in 0..2 {
            let looked = server.anonymous().request("HEAD".parse().unwrap(), &link(&code));
            let looked = server.anonymous().send(looked).await;
            assert_eq!((looked.status.as_u16(), looked.text.as_str()), (200, ""));
            assert!(!is_confirmed(&server, "ann").await);
        }
        // Who opens the link after a scanner did is not told of an error.
        for _ in 0..3 {
            let answer = server.anonymous().get(&link(&code)).await;
            assert_eq!(answer.status, 302, "{}", answer.text);
            assert_eq!(answer.headers["location"], "/");
            assert!(!answer.headers.contains_key("set-cookie") && !answer.text.contains("jwt"));
        }
        let client = server.login("ann", PASSWORD).await;
        client.get("/api/users/me").await.expect(200);
        // Unconfirmed again by an administrator, a used code proves nothing.
        let admin = server.admin().await;
        let id = client.get("/api/users/me").await.json()["id"].as_i64().unwrap();
        admin.put(&format!("/api/users/{id}"), json!({ "confirmed": false })).await.expect(200);
        server.anonymous().get(&link(&code)).await.expect_error(400, "ValidationError", "Invalid token");
        assert!(!is_confirmed(&server, "ann").await);
    }

    // A scanner and a person, or a browser that asks twice: whoever comes second is not told of an error.
    async fn a_link_that_is_opened_many_times_at_once_is_good_every_time(kind) {
        let database = TestDatabase::create(kind);
        let mut settings = config(&database);
        confirming(&mut settings);
        let servers = [Server::with_config(settings.clone()).await, Server::with_config(settings).await];
        for round in 0..5 {
            let name = format!("ann{round}");
            register(&servers[0], &name).await.expect(200);
            let code = servers[0].mail_to(&format!("{name}@example.com"), SUBJECT, 1).await.code();
            let answers = join_all((0..10).map(|index| {
                let client = servers[index % 2].anonymous();
                let link = link(&code);
                async move { client.get(&link).await }
            }));
            for answer in answers.await {
                assert_eq!(answer.status, 302, "{}", answer.text);
            }
            let sql = format!("SELECT COUNT(*) FROM up_users WHERE username = '{name}' AND confirmed = TRUE");
            assert_eq!(database.number(&sql), 1);
        }
        drop((servers, database));
    }

    async fn nothing_else_than_a_live_code_confirms(kind) {
        let server = Server::start_with(kind, confirming).await;
        register(&server, "ann").await.expect(200);
        let code = server.mails().await[0].code();
        let reset = server.reset_code("ann@example.com", 1).await;
        let before = server.database().dump();
        let anonymous = server.anonymous();
        for query in [
            "", "?", "?confirmation", "?confirmation=", "?confirmation[$ne]=x", "?confirmation[]=x",
            "?confirmation%5B%24ne%5D=x", "?other=1", "?Confirmation=x",
        ] {
            let answer = anonymous.get(&format!("/api/auth/email-confirmation{query}")).await;
            answer.expect_refusal();
        }
        for query in [format!("{code}&confirmation={code}"), format!("{code}&confirmation[]=x"), format!("x&confirmation={code}"), format!("%20{code}"), code.to_uppercase() + "g", code[..39].to_owned(), reset] {
            anonymous.get(&link(&query)).await.expect_refusal();
        }
        for value in ["0", "null", "false", "undefined", "%00", "%27%20OR%201=1"] {
            anonymous.get(&link(value)).await.expect_error(400, "ValidationError", "Invalid token");
        }
        anonymous.get(&link(&"x".repeat(5_000))).await.expect_refusal();
        assert_eq!(server.database().dump(), before);
        server.database().execute("UPDATE up_user_codes SET expires_at = '2020-01-01 00:00:00' WHERE purpose = 'confirmation'");
        anonymous.get(&link(&code)).await.expect_error(400, "ValidationError", "Invalid token");
        // A code that was lost is asked for again, and voids the older one.
        anonymous.post(RESEND, json!({ "email": "ANN@example.com", "other": 1 })).await.expect(200);
        let second = server.mail_to("ann@example.com", SUBJECT, 2).await.code();
        anonymous.post(RESEND, json!({ "email": "ann@example.com" })).await.expect(200);
        let third = server.mail_to("ann@example.com", SUBJECT, 3).await.code();
        anonymous.get(&link(&second)).await.expect_error(400, "ValidationError", "Invalid token");
        assert_eq!(anonymous.get(&link(&third)).await.status, 302);
    }

    // Who has the address, and in which state, is nobody's business.
    async fn asking_for_a_mail_is_answered_the_same_whoever_has_the_address(kind) {
        let server = Server::start(kind).await;
        let states = ["known", "blocked", "unconfirmed", "social", "nobody"];
        for name in &states[..4] {
            server.register(name).await;
        }
        let set = |change: &str, name: &str| server.database().execute(&format!("UPDATE up_users SET {change} WHERE username = '{name}'"));
        set("blocked = TRUE", "blocked");
        set("confirmed = FALSE", "unconfirmed");
        set("provider = 'google', password_hash = NULL", "social");
        let mut mailed = Vec::new();
        for path in ["/api/auth/forgot-password", RESEND] {
            let mut told = Vec::new();
            for name in states {
                let email = format!("{name}@example.com");
                let answer = server.anonymous().post(path, json!({ "email": email })).await;
                let mut headers: Vec<_> = answer.headers.iter().filter(|(name, _)| *name != "date" && *name != "content-length").map(|(name, value)| (name.to_string(), value.clone())).collect();
                headers.sort();
                told.push((answer.status, headers, answer.text.replace(&email, "address")));
            }
            assert_eq!(told[0].0, 200);
            assert!(told.iter().all(|answer| *answer == told[0]), "{told:#?}");
            // What is to be mailed; and what was asked for after it, in case there is more.
            if path == RESEND {
                server.mail_to("unconfirmed@example.com", SUBJECT, 1).await;
            } else {
                server.mail_to("known@example.com", "Reset password", 1).await;
                server.mail_to("unconfirmed@example.com", "Reset password", 1).await;
            }
            server.written().await;
            let mut to: Vec<_> = server.mails().await.into_iter().filter(|mail| !mail.to.starts_with("last")).map(|mail| mail.to).collect();
            to.sort();
            mailed.push(to);
        }
        let reset = ["known@example.com", "unconfirmed@example.com"];
        let all = ["known@example.com", "unconfirmed@example.com", "unconfirmed@example.com"];
        assert_eq!(mailed, [reset.to_vec(), all.to_vec()]);
    }

    async fn a_changed_address_is_unproven_and_the_old_one_is_told(kind) {
        let server = Server::start_with(kind, confirming).await;
        let admin = server.admin().await;
        register(&server, "ann").await.expect(200);
        let first = server.mails().await[0].code();
        assert_eq!(server.anonymous().get(&link(&first)).await.status, 302);
        let ann = server.login("ann", PASSWORD).await;
        let id = ann.get("/api/users/me").await.json()["id"].as_i64().unwrap();
        let path = format!("/api/users/{id}");
        let changed = admin.put(&path, json!({ "email": "New@example.com" })).await.expect(200);
        assert_eq!((&changed["email"], &changed["confirmed"]), (&json!("new@example.com"), &json!(false)));
        ann.get("/api/users/me").await.expect(401);
        // Written with the change: no waiting.
        let mails = server.mails().await;
        let to = |address: &str, subject: &str| mails.iter().find(|mail| mail.to == address && mail.subject == subject).unwrap_or_else(|| panic!("{mails:?}"));
        to("ann@example.com", "Your e-mail address was changed");
        let code = to("new@example.com", SUBJECT).code();
        server.anonymous().get(&link(&first)).await.expect_error(400, "ValidationError", "Invalid token");
        assert_eq!(server.anonymous().get(&link(&code)).await.status, 302);
        server.login("new@example.com", PASSWORD).await;
        // Vouched for by the administrator: told to the old address, asked of nobody.
        let before = server.mails().await.len();
        admin.put(&path, json!({ "email": "third@example.com", "confirmed": true })).await.expect(200);
        let mails = server.mails().await;
        assert_eq!(mails.len(), before + 1);
        assert_eq!(mails.last().unwrap().to, "new@example.com");
        // The same address again is no change.
        admin.put(&path, json!({ "email": "third@example.com" })).await.expect(200);
        assert_eq!(server.mails().await.len(), before + 1);
    }

    // A code proves the address it was mailed to, whatever happens beside it.
    async fn a_code_never_proves_another_address(kind) {
        let database = TestDatabase::create(kind);
        let mut settings = config(&database);
        confirming(&mut settings);
        let servers = [Server::with_config(settings.clone()).await, Server::with_config(settings).await];
        let admin = servers[0].admin().await;
        let body = json!({ "username": "ann", "email": "own@example.com", "password": PASSWORD });
        let id = servers[0].anonymous().post("/api/auth/local/register", body).await.expect(200)["user"]["id"].as_i64().unwrap();
        let path = format!("/api/users/{id}");
        for round in 0..10 {
            admin.put(&path, json!({ "email": "own@example.com" })).await.expect(200);
            servers[0].anonymous().post(RESEND, json!({ "email": "own@example.com" })).await.expect(200);
            let mails = servers[0].mails().await;
            let sent = mails.iter().filter(|mail| mail.to == "own@example.com" && mail.subject == SUBJECT).count();
            let code = servers[0].mail_to("own@example.com", SUBJECT, sent.max(1)).await.code();
            let change = admin.put(&path, json!({ "email": "victim@example.com" }));
            let confirms = join_all((0..4).map(|index| {
                let client = servers[index % 2].anonymous();
                let link = link(&code);
                async move { client.get(&link).await }
            }));
            let (changed, _) = futures_util::future::join(change, confirms).await;
            changed.expect(200);
            let sql = "SELECT COUNT(*) FROM up_users WHERE email = 'victim@example.com' AND confirmed = FALSE";
            assert_eq!(database.number(sql), 1, "round {round}");
        }
    }
}

// However the application writes where it is, the links it mails are good.
#[actix_web::test]
async fn a_slash_at_the_end_of_the_public_url_breaks_no_link() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        confirming(config);
        config.public_url = "http://localhost:1337/".to_owned();
    })
    .await;
    register(&server, "ann").await.expect(200);
    let html = &server.mails().await[0].html;
    let (_, rest) = html.split_once("http://localhost:1337").expect("a link");
    let path: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "/-?=".contains(*c))
        .collect();
    let answer = server.anonymous().get(&path).await;
    assert_eq!(answer.status, 302, "{path}: {}", answer.text);
}

#[actix_web::test]
async fn a_confirmed_user_is_sent_to_the_configured_page() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        confirming(config);
        config.advanced_settings.email_confirmation_redirection =
            Some("https://app.example/ok".to_owned());
    });
    let server = server.await;
    register(&server, "ann").await.expect(200);
    let code = server.mails().await[0].code();
    let answer = server.anonymous().get(&link(&code)).await;
    assert_eq!(answer.status, 302);
    assert_eq!(answer.headers["location"], "https://app.example/ok");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[actix_web::test]
async fn a_registration_whose_mail_cannot_be_written_leaves_no_user() {
    let server = Server::start_with(Kind::Sqlite, confirming).await;
    server
        .database()
        .execute("ALTER TABLE up_outbox RENAME TO moved");
    let answer = register(&server, "ann").await;
    assert!(answer.status.is_server_error(), "{}", answer.text);
    server
        .database()
        .execute("ALTER TABLE moved RENAME TO up_outbox");
    assert_eq!(
        server
            .database()
            .number("SELECT COUNT(*) FROM up_users WHERE username = 'ann'"),
        0
    );
    register(&server, "ann").await.expect(200);
    assert_eq!(server.mails().await.len(), 1);
}
