//! No password and no token is ever logged.

use acceptance::{SECRET, Server, on_every_database};
use serde_json::json;
use users_permissions::{Config, FirstAdmin, SigningKeys};

use crate::captured;

on_every_database! {
    async fn a_session_at_the_lowest_level_leaves_no_secret_behind(kind) {
        captured::start();
        let canary = |name: &str| format!("c4nary-{kind:?}-{name}");
        let first_password = canary("first-password");
        let server = Server::start_with(kind, |config| {
            config.initial_grants = true;
            config.first_admin.as_mut().unwrap().password = first_password.as_str().into();
        });
        let server = server.await;
        let admin = server.login("admin", &first_password).await;
        let anonymous = server.anonymous();
        let mut secrets = vec![first_password, SECRET.to_owned(), admin.jwt.clone().unwrap()];

        for path in ["/api/auth/local/register", "/api/users"] {
            let (name, password) = (format!("ann{}", path.len()), canary(&format!("password{}", path.len())));
            let body = json!({ "username": name, "email": format!("{name}@example.com"), "password": password });
            let client = if path == "/api/users" { &admin } else { &anonymous };
            assert!(client.post(path, body).await.status.is_success());
            let signed_in = server.login(&name, &password).await;
            signed_in.get("/api/users/me").await.expect(200);
            signed_in.get("/api/users-permissions/roles").await.expect_forbidden();
            secrets.extend([password, signed_in.jwt.unwrap()]);
        }
        let new = canary("new-password");
        let me = admin.get("/api/users/me").await.expect(200)["id"].clone();
        admin.put(&format!("/api/users/{me}"), json!({ "password": new })).await.expect(200);
        admin.get("/api/users/me").await.expect(401);
        secrets.push(new.clone());
        let admin = server.login("admin", &new).await;

        // What is refused is a secret as well: a mistyped password is almost the right one.
        for (index, body) in [
            json!({ "identifier": "admin", "password": canary("wrong") }),
            json!({ "identifier": canary("as-identifier"), "password": canary("wrong") }),
            json!({ "identifier": "admin", "password": { "x": canary("nested") } }),
            json!({ "identifier": "admin", "password": canary("long").repeat(20) }),
        ]
        .into_iter()
        .enumerate()
        {
            anonymous.post("/api/auth/local", body.clone()).await.expect(400);
            anonymous.post_raw("/api/auth/local", "text/plain", body.to_string()).await.expect(415);
            anonymous.post_raw("/api/auth/local", "application/json", format!("{body}{index}}}")).await.expect(400);
        }
        secrets.extend(["wrong", "as-identifier", "nested", "long"].map(canary));
        let setup = json!({ "token": canary("code"), "username": "x", "email": "x", "password": canary("setup-password") });
        anonymous.post("/api/users-permissions/setup", setup).await.expect(400);
        anonymous.get(&format!("/api/users-permissions/setup?token={}", canary("query"))).await;
        anonymous.get(&format!("/api/auth/google/callback?access_token={}&code={}", canary("query"), canary("query"))).await;
        anonymous.with_token(canary("broken-token")).get("/api/users/me").await.expect_bad_token();
        let mut signature = admin.jwt.clone().unwrap();
        signature.truncate(signature.len() - 3);
        anonymous.with_token(&signature).get("/api/users/me").await.expect_bad_token();
        let basic = anonymous.request("GET".parse().unwrap(), "/api/users/me").header("authorization", format!("Basic {}", canary("basic")));
        anonymous.send(basic.header("cookie", canary("cookie"))).await.expect(403);
        secrets.extend(["code", "setup-password", "query", "broken-token", "basic", "cookie"].map(canary));
        secrets.push(signature);

        // Errors are logged with their cause; nothing of the statement's values is in it.
        server.database().execute("ALTER TABLE up_users RENAME TO gone");
        let body = json!({ "username": "zoe", "email": "zoe@example.com", "password": canary("outage") });
        anonymous.post("/api/auth/local/register", body).await.expect(503);
        server.database().execute("ALTER TABLE gone RENAME TO up_users");
        secrets.push(canary("outage"));
        let hashes = server.database().lines("SELECT password_hash AS line FROM up_users");
        assert!(hashes.len() == 3 && hashes.iter().all(|hash| hash.starts_with("$2b$")));
        secrets.extend(hashes);

        let log = captured::text();
        // The test can fail: what should be logged is.
        for event in ["users_permissions::security", "registration", "login", "service unavailable", "TRACE", "/api/auth/local"] {
            assert!(log.contains(event), "{event} was not logged; nothing is captured");
        }
        for secret in &secrets {
            if let Some(at) = log.find(secret.as_str()) {
                let line = log[..at].rfind('\n').map_or(0, |newline| newline + 1);
                panic!("`{secret}` was logged: {}", log[line..].lines().next().unwrap_or_default());
            }
        }
    }
}

#[test]
fn configurations_and_plugins_print_no_secret() {
    let mut config = Config::new("postgres://up:c4nary-database@localhost/x");
    config.signing_keys = Some(SigningKeys::parse("k1:c4nary-key,c4nary-bare").unwrap());
    config.first_admin = Some(FirstAdmin {
        email: "admin@example.com".into(),
        username: "admin".into(),
        password: "c4nary-password".into(),
    });
    config.encryption_key = Some("c4nary-encryption".into());
    config.mail.smtp_url = Some("smtp://post:c4nary-smtp@mail.example.com".into());
    for text in [format!("{config:?}"), format!("{config:#?}")] {
        assert!(!text.contains("c4nary") && text.contains("***"), "{text}");
    }
}

#[actix_web::test]
async fn a_running_plugin_prints_no_secret() {
    captured::start();
    let server = Server::start(acceptance::Kind::Sqlite).await;
    let ann = server.register("ann").await;
    ann.client.get("/api/users/me").await.expect(200);
    let database = server.up.database();
    for text in [
        format!("{:?}", server.up),
        format!("{:#?}", server.up),
        format!("{database:?}"),
    ] {
        for secret in [
            SECRET,
            "AdminPass1",
            acceptance::PASSWORD,
            ann.client.jwt.as_deref().unwrap(),
            "$2b$",
        ] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
