//! Who gets into the pages of administrators, and what keeps others out.

use acceptance::{Browser, Html, Kind, PASSWORD, Server, TestDatabase, config, on_every_database};
use serde_json::{Value, json};
use users_permissions::Environment;

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

on_every_database! {
    async fn an_administrator_signs_in_and_out(kind) {
        let server = Server::start(kind).await;
        let mut browser = Browser::new(&server);
        let answer = browser.get("/admin/roles?q=a").await;
        assert_eq!((answer.status.as_u16(), &answer.headers["location"]), (303, &"/admin/login?next=%2Fadmin%2Froles%3Fq%3Da".parse().unwrap()));
        let answer = browser.sign_in("admin", "wrong").await;
        assert_eq!(answer.status, 400);
        Html(answer.text).has("Invalid identifier or password");
        assert_eq!(browser.get("/admin").await.status, 303);
        let answer = browser.sign_in("admin@example.com", "AdminPass1").await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        browser.page("/admin").await.has("Last changes");
        browser.submit("/admin/logout", &[]).await.has("You are signed out.");
        assert_eq!(browser.get("/admin").await.status, 303);
    }

    async fn signing_out_ends_copies_of_the_cookie_in_every_instance(kind) {
        let database = TestDatabase::create(kind);
        let one = Server::with_config(config(&database)).await;
        let two = Server::with_config(config(&database)).await;
        let mut browser = Browser::signed_in(&one, "admin", "AdminPass1").await;
        let mut same_instance = Browser::new(&one);
        let mut other_instance = Browser::new(&two);
        let mut elsewhere = Browser::signed_in(&two, "admin", "AdminPass1").await;
        for copy in [&mut same_instance, &mut other_instance] {
            copy.jar = browser.jar.clone();
            assert_eq!(copy.get("/admin").await.status, 200);
        }
        let stolen = browser.jar.clone();
        browser.page("/admin").await;
        browser.submit("/admin/logout", &[]).await.has("You are signed out.");
        for copy in [&mut same_instance, &mut other_instance] {
            copy.jar = stolen.clone();
            assert_eq!(copy.get("/admin").await.status, 303, "a copy lives");
            copy.jar = stolen.clone();
            let answer = copy.post("/admin/users/block", &[("block", "1")]).await;
            assert_ne!(answer.status, 200, "a copy may write");
        }
        elsewhere.page("/admin").await;
        let user = two.login("admin", "AdminPass1").await;
        user.get("/api/users/me").await.expect(200);

        // Who signs in anew in the same browser leaves nothing behind.
        let old = elsewhere.jar.clone();
        assert_eq!(elsewhere.post("/admin/login", &[("identifier", "admin"), ("password", "AdminPass1")]).await.status, 303);
        elsewhere.page("/admin").await;
        other_instance.jar = old;
        assert_eq!(other_instance.get("/admin").await.status, 303);

        // What is too old for any cookie is forgotten.
        database.execute("UPDATE up_ended_sign_ins SET expires_at = '2020-01-01 00:00:00'");
        elsewhere.submit("/admin/logout", &[]).await.has("You are signed out.");
        assert_eq!(database.number("SELECT COUNT(*) FROM up_ended_sign_ins"), 1);
    }

    async fn a_new_password_a_block_and_ended_sessions_end_the_sign_in(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.role_id("administrator").await;
        let body = json!({ "username": "second", "email": "second@example.com", "password": PASSWORD, "role": role });
        let id = admin.post("/api/users", body).await.expect(201)["id"].clone();
        for change in [json!({ "password": "OtherPass1" }), json!({ "blocked": true })] {
            let mut browser = Browser::signed_in(&server, "second", PASSWORD).await;
            assert_eq!(browser.get("/admin").await.status, 200);
            admin.put(&format!("/api/users/{id}"), change).await.expect(200);
            assert_eq!(browser.get("/admin").await.status, 303);
            admin.put(&format!("/api/users/{id}"), json!({ "password": PASSWORD, "blocked": false })).await.expect(200);
            assert_eq!(browser.get("/admin").await.status, 303, "it does not come back");
        }
        let mut browser = Browser::signed_in(&server, "second", PASSWORD).await;
        let mut first = Browser::signed_in(&server, "admin", "AdminPass1").await;
        first.page(&format!("/admin/users/{id}")).await;
        first.submit(&format!("/admin/users/{id}/sessions"), &[]).await.has("Every session of the user has ended.");
        assert_eq!(browser.get("/admin").await.status, 303);
    }
}

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
async fn forms_need_their_token_and_their_origin() {
    let server = Server::start(Kind::Sqlite).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    browser.page("/admin/users").await;
    let before = server.database().dump();
    for fields in [
        &[("block", "1")][..],
        &[("block", "1"), ("_csrf", "")],
        &[
            ("block", "1"),
            ("_csrf", "00000000000000000000000000000000"),
        ],
    ] {
        let answer = browser.post_exactly("/admin/users/block", fields).await;
        assert_eq!(answer.status, 409, "{}", answer.text);
    }
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        browser.page("/admin/users").await;
        browser.headers = vec![(name, value.to_owned())];
        let answer = browser.post("/admin/users/block", &[("block", "1")]).await;
        assert_eq!(answer.status, 403, "{name}: {value}");
        browser.headers.clear();
    }
    // A token of somebody else's session is none.
    let mut other = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let token = other.page("/admin/users").await.value("_csrf").unwrap();
    browser.page("/admin/users").await;
    let answer = browser
        .post_exactly("/admin/users/block", &[("block", "1"), ("_csrf", &token)])
        .await;
    assert_eq!(answer.status, 409);
    let json = server
        .anonymous()
        .post("/admin/login", json!({ "identifier": "admin" }))
        .await;
    assert_eq!(json.status, 415);
    assert_eq!(server.database().dump(), before);
    // The origin of the page itself, and none at all, are fine.
    browser.page("/admin/users").await;
    browser.headers = vec![
        ("origin", server.base().to_owned()),
        ("sec-fetch-site", "same-origin".to_owned()),
    ];
    assert_eq!(
        browser
            .post("/admin/theme", &[("theme", "dark")])
            .await
            .status,
        303
    );
}

#[actix_web::test]
async fn answers_are_stored_by_nobody_and_framed_by_nobody() {
    let server = Server::start(Kind::Sqlite).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    for path in [
        "/admin",
        "/admin/login",
        "/admin/nothing",
        "/admin/roles/999",
        "/admin/users",
        "/admin/changes.csv",
        "/admin/matrix.csv",
    ] {
        let answer = browser.get(path).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store", "{path}");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none';")
                && policy.contains("frame-ancestors 'none'")
                && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(
            (
                header("x-frame-options").as_str(),
                header("x-content-type-options").as_str()
            ),
            ("DENY", "nosniff")
        );
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        for inline in ["<style", " style=", "<script>", " onclick", " onload"] {
            assert!(!answer.text.contains(inline), "{inline} in {path}");
        }
    }
    let page = browser.page("/admin").await;
    for part in page.0.split("/admin/assets/").skip(1) {
        let name = part.split('"').next().unwrap();
        let answer = browser.get(&format!("/admin/assets/{name}")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.headers["cache-control"],
            "public, max-age=31536000, immutable"
        );
    }
    assert_eq!(browser.get("/admin/assets/admin.css").await.status, 404);
}

#[actix_web::test]
async fn the_cookie_is_for_scripts_of_nobody_and_new_at_every_sign_in() {
    let server = Server::start(Kind::Sqlite).await;
    let mut browser = Browser::new(&server);
    browser.get("/admin/login").await;
    let planted = browser.jar["up_admin"].clone();
    let answer = browser.sign_in("admin", "AdminPass1").await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/admin"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_ne!(browser.jar["up_admin"], planted);
    let signed_in = browser.jar["up_admin"].clone();
    browser.jar.insert("up_admin".into(), planted);
    assert_eq!(
        browser.get("/admin").await.status,
        303,
        "who planted it is not signed in"
    );
    // Changed by one character it is nobody's.
    let mut broken = signed_in.clone();
    let last = if broken.pop() == Some('A') { 'B' } else { 'A' };
    broken.insert(20, last);
    browser.jar.insert("up_admin".into(), broken);
    assert_eq!(browser.get("/admin").await.status, 303);

    let server = Server::start_with(Kind::Sqlite, |config| {
        config.public_url = "https://api.example".into();
        config.environment = Environment::Development;
    })
    .await;
    let answer = server.anonymous().get("/admin/login").await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-up_admin=")
            && cookie.contains("Secure")
            && cookie.contains("Path=/")
            && !cookie.contains("Path=/admin"),
        "{cookie}"
    );
}

#[actix_web::test]
async fn sessions_end_when_nobody_is_there_and_in_any_case() {
    let database = TestDatabase::create(Kind::Sqlite);
    let limited = |idle: u64, absolute: u64| {
        let mut config = config(&database);
        config.admin_session.idle = std::time::Duration::from_secs(idle);
        config.admin_session.absolute = std::time::Duration::from_secs(absolute);
        config
    };
    let server = Server::with_config(limited(1_800, 43_200)).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    assert_eq!(browser.get("/admin").await.status, 200);
    drop(server);
    // Nobody is there; and somebody is there all the time, where only the other limit can end it.
    for (idle, absolute) in [(1, 43_200), (2, 2)] {
        let server = Server::with_config(limited(idle, absolute)).await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let begin = std::time::Instant::now();
        while browser.get("/admin").await.status == 200 {
            assert!(
                begin.elapsed().as_secs() < 10,
                "idle {idle}, absolute {absolute}"
            );
            let pause = if absolute == 2 { 200 } else { 2_200 };
            tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        }
    }
    // Whoever does something now and then stays, however short the time of doing nothing is.
    let server = Server::with_config(limited(4, 43_200)).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let begin = std::time::Instant::now();
    while begin.elapsed().as_secs() < 9 {
        let answer = browser.get("/admin").await;
        assert_eq!(answer.status, 200, "after {:?}", begin.elapsed());
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}

#[actix_web::test]
async fn every_answer_has_the_headers_of_a_page() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let all = pages(&server).await;
    let role = admin.create_role("Clerk", &[&format!("{ADMIN}home")]).await;
    admin.create_user("clerk", role).await;
    let mut browsers = [
        Browser::new(&server),
        Browser::signed_in(&server, "clerk", PASSWORD).await,
        Browser::signed_in(&server, "admin", "AdminPass1").await,
    ];
    let mut seen = std::collections::BTreeSet::new();
    for browser in &mut browsers {
        for (action, method, path) in &all {
            // Whoever signs out sees nothing but the door afterwards; GitHub is not there to be asked, and
            // previews are framed by design.
            if ["signOut", "testProvider", "previewTemplate"].contains(&action.as_str()) {
                continue;
            }
            let path = path.replace("{name}", "github");
            let answers = match method.as_str() {
                "POST" => {
                    browser.get("/admin/login").await;
                    let forged = browser.post_exactly(&path, &[]).await;
                    browser.get("/admin").await;
                    vec![forged, browser.post(&path, &[("email", "x")]).await]
                }
                _ => vec![browser.get(&path).await],
            };
            for answer in answers {
                let status = answer.status.as_u16();
                seen.insert(status);
                let header = |name: &str| match answer.headers.get(name) {
                    Some(value) => value.to_str().unwrap().to_owned(),
                    None => panic!("no {name}: {status} {method} {path}"),
                };
                assert_eq!(header("cache-control"), "no-store", "{status} {path}");
                assert_eq!(header("x-frame-options"), "DENY", "{status} {path}");
                assert_eq!(header("x-content-type-options"), "nosniff");
                let policy = header("content-security-policy");
                assert!(
                    policy.contains("default-src 'none'"),
                    "{status} {path}: {policy}"
                );
                let referrer = header("referrer-policy");
                match action.as_str() {
                    "setUp" if status != 409 => {
                        assert_eq!(referrer, "strict-origin", "{status} {path}")
                    }
                    _ => assert_eq!(referrer, "same-origin", "{status} {path}"),
                }
                assert_eq!(header("cross-origin-opener-policy"), "same-origin");
                assert_eq!(header("cross-origin-resource-policy"), "same-origin");
            }
        }
    }
    for status in [200, 303, 400, 403, 404, 409] {
        assert!(seen.contains(&status), "{status}: {seen:?}");
    }
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
