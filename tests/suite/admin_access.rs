//! Who gets into the pages of administrators, and what keeps others out.

use acceptance::{Browser, Html, Kind, PASSWORD, Server, TestDatabase, config};
use serde_json::{Value, json};

pub const ADMIN: &str = "plugin::users-permissions.admin.";

/// Every page with its action, method, and a path.
pub async fn pages(server: &Server) -> Vec<(String, String, String)> {
    let report = server
        .admin()
        .await
        .get("/api/users-permissions/routes")
        .await
        .expect(200);
    let mut pages = Vec::new();
    for action in report["actions"].as_array().unwrap() {
        let name = action["action"].as_str().unwrap();
        let Some(name) = name.strip_prefix(ADMIN) else {
            continue;
        };
        for route in action["routes"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let path = text(&route["path"]);
            let path = path
                .replace("{id}", "2")
                .replace("{key}", "reset_password")
                .replace("{action}", "api::article.article.find");
            pages.push((
                name.to_owned(),
                text(&route["method"]),
                path.replace("{file}", "x.css"),
            ));
        }
    }
    assert!(pages.len() > 40, "{pages:#?}");
    pages
}

pub const OPEN: [&str; 6] = ["login", "signIn", "signOut", "setUp", "setTheme", "asset"];

#[actix_web::test]
async fn every_page_needs_its_own_action() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let pages = pages(&server).await;
    let role = admin.create_role("Clerk", &[]).await;
    let clerk = admin.create_user("clerk", role).await;
    let mut browser = Browser::new(&server);
    assert_eq!(
        browser.sign_in("clerk", PASSWORD).await.status,
        403,
        "no page is open to them"
    );
    assert_eq!(browser.get("/admin/users").await.status, 303);

    let home = format!("{ADMIN}home");
    admin.set_grants(role, &[&home]).await.expect(200);
    browser.sign_in("clerk", PASSWORD).await;
    let before = server.database().dump();
    for (action, method, path) in &pages {
        if OPEN.contains(&action.as_str()) || action == "home" {
            continue;
        }
        browser.page("/admin").await;
        let answer = match method.as_str() {
            "POST" => browser.post(path, &[("action", "x"), ("block", "1")]).await,
            _ => browser.get(path).await,
        };
        assert_eq!(
            answer.status, 403,
            "{action} {method} {path}: {}",
            answer.text
        );
    }
    assert_eq!(server.database().dump(), before);
    // With the one action a page opens, and the others stay shut.
    let (home, users) = (format!("{ADMIN}home"), format!("{ADMIN}findUsers"));
    admin.set_grants(role, &[&home, &users]).await.expect(200);
    let page = browser.page("/admin/users").await;
    page.has("clerk")
        .has_not("/admin/users/new")
        .has_not("Block selected")
        .has_not("/admin/roles");
    assert_eq!(browser.get("/admin/users/new").await.status, 403);
    drop(clerk);
}

#[actix_web::test]
async fn nobody_gets_in_without_a_sign_in_or_with_a_token() {
    let server = Server::start(Kind::Sqlite).await;
    let token = server.admin().await;
    let anonymous = server.anonymous();
    for (action, method, path) in pages(&server).await {
        if OPEN.contains(&action.as_str()) {
            continue;
        }
        for client in [&token, &anonymous] {
            let answer = client
                .send(client.request(method.parse().unwrap(), &path))
                .await;
            assert_eq!(answer.status, 303, "{method} {path}");
            assert!(
                answer.headers["location"]
                    .to_str()
                    .unwrap()
                    .starts_with("/admin/login")
            );
        }
    }
    // Nor does the cookie open the API.
    let browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let cookie = format!("up_admin={}", browser.jar["up_admin"]);
    let request = anonymous
        .request(reqwest::Method::GET, "/api/users/me")
        .header("cookie", cookie);
    anonymous.send(request).await.expect_forbidden();
}

#[actix_web::test]
async fn sign_ins_are_limited_together_with_those_of_the_api() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.ratelimit.enabled = true;
        config.ratelimit.max = 4;
    })
    .await;
    let mut browser = Browser::new(&server);
    for _ in 0..2 {
        assert_eq!(browser.sign_in("admin", "wrong").await.status, 400);
        let body = json!({ "identifier": "admin", "password": "wrong" });
        server
            .anonymous()
            .post("/api/auth/local", body)
            .await
            .expect(400);
    }
    assert_eq!(browser.sign_in("admin", "AdminPass1").await.status, 429);
}

#[actix_web::test]
async fn nobody_is_led_away() {
    let server = Server::start(Kind::Sqlite).await;
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/admin.evil.example",
        "/admin/\\evil",
        "/adminevil",
        "javascript:alert(1)",
        "/api/ping",
    ] {
        let mut browser = Browser::new(&server);
        browser.get("/admin/login").await;
        let fields = [
            ("identifier", "admin"),
            ("password", "AdminPass1"),
            ("next", next),
        ];
        let answer = browser.post("/admin/login", &fields).await;
        assert_eq!(answer.headers["location"], "/admin", "{next}");
    }
}

#[actix_web::test]
async fn the_first_administrator_is_made_by_the_link() {
    let database = TestDatabase::create(Kind::Sqlite);
    let mut config = config(&database);
    config.first_admin = None;
    let server = Server::with_config(config).await;
    let mut browser = Browser::new(&server);
    browser.get("/admin/setup?token=abc").await;
    let fields = [
        ("username", "boss"),
        ("email", "boss@example.com"),
        ("password", "Passw0rd!"),
    ];
    let with = |token: &'static str| {
        [("token", token)]
            .into_iter()
            .chain(fields)
            .collect::<Vec<_>>()
    };
    let answer = browser.post("/admin/setup", &with("abc")).await;
    assert_eq!(answer.status, 400);
    Html(answer.text).has("Invalid token");
    assert_eq!(database.number("SELECT count(*) FROM up_users"), 0);
    // Only its hash is stored: the test writes one of its own.
    let hash = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
    database.execute(&format!("UPDATE up_codes SET code_hash = '{hash}'"));
    // The link of the log leads browsers here; others get the page they know.
    let link = "/api/users-permissions/setup?token=5e88";
    let anonymous = server.anonymous();
    let request = anonymous
        .request(reqwest::Method::GET, link)
        .header("accept", "text/html,*/*");
    let answer = anonymous.send(request).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (303, &"/admin/setup?token=5e88".parse().unwrap())
    );
    assert_eq!(anonymous.get(link).await.status, 200);
    browser.get("/admin/setup?token=password").await;
    let page = browser.submit("/admin/setup", &with("password")).await;
    page.has("Welcome. You are the first administrator.")
        .has("boss");
    server.login("boss", "Passw0rd!").await;
    browser.get("/admin/setup").await;
    assert_eq!(
        browser.post("/admin/setup", &with("password")).await.status,
        400,
        "it works once"
    );
}
