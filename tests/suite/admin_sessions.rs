//! How long administrators stay signed in to their pages, and what ends it.

use acceptance::{Browser, Html, Kind, PASSWORD, Server, TestDatabase, config, on_every_database};
use serde_json::json;
use users_permissions::Environment;

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

    // As every change of a user: what somebody else does in the same moment is no reason to fail.
    async fn sessions_end_although_the_user_is_changed_meanwhile(kind) {
        let server = Server::start(kind).await;
        let (ann, mut browser) = (server.register("ann").await, Browser::signed_in(&server, "admin", "AdminPass1").await);
        browser.page(&format!("/admin/users/{}", ann.id)).await;
        let renamed = format!("UPDATE up_users SET username = 'annabel' WHERE id = {}", ann.id);
        let held = server.database().hold_changes(&[renamed]);
        let path = format!("/admin/users/{}/sessions", ann.id);
        let (answer, ()) = futures_util::future::join(browser.post(&path, &[]), held.release_soon()).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        ann.client.get("/api/users/me").await.expect(401);
        let body = json!({ "identifier": "annabel", "password": PASSWORD });
        server.anonymous().post("/api/auth/local", body).await.expect(200);
    }
}

// The side panel fetches pages while forms are sent, and its answers may come in any order.
#[actix_web::test]
async fn what_a_script_fetches_neither_takes_a_message_nor_takes_it_back() {
    const ACTION: &str = "/admin/actions/api::article.article.find";
    let server = Server::start(Kind::Sqlite).await;
    let ann = server.register("ann").await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    browser.page(&format!("/admin/users/{}", ann.id)).await;
    let late = browser.fetch(ACTION).await;
    assert_eq!(late.status, 200);
    assert_eq!(late.headers.get("set-cookie"), None);

    let form = format!("/admin/users/{}/sessions", ann.id);
    assert_eq!(browser.post(&form, &[]).await.status, 303);
    let early = browser.fetch(ACTION).await;
    let said = "Every session of the user has ended.";
    Html(early.text).has_not(said);
    browser.page("/admin/users").await.has(said);
    browser.page("/admin/users").await.has_not(said);
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
