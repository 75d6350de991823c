//! Pages for administrators of an application with two thousand actions, and one of a million users.

mod actions;

use std::time::{Duration, Instant};

use acceptance::{Browser, Kind, Server, TestDatabase, config, on_every_database};

/// What a page may weigh, compressed.
const WEIGHT: usize = 150_000;

/// The median time of a page, and its compressed bytes.
async fn open(server: &Server, browser: &Browser, path: &str) -> (Duration, usize) {
    let cookies: Vec<_> = browser
        .jar
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let client = reqwest::Client::builder().tls_certs_only([]).build();
    let client = client.expect("a client");
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..5 {
        let request = client
            .get(format!("{}{path}", server.base()))
            .header("accept-encoding", "gzip")
            .header("cookie", cookies.join("; "));
        let begun = Instant::now();
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-encoding"], "gzip", "{path}");
        bytes = answer.bytes().await.expect("a body").len();
        times.push(begun.elapsed());
    }
    times.sort();
    (times[2], bytes)
}

fn report(what: &str, path: &str, (time, bytes): (Duration, usize)) {
    let (time, bytes) = (time.as_secs_f64() * 1_000.0, bytes as f64 / 1_000.0);
    println!("{what} {path}: {time:.1} ms, {bytes:.1} kB compressed");
}

#[actix_web::test]
async fn pages_of_two_thousand_actions_are_light_and_every_action_is_on_them() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let role = admin.create_role("Editor", &[actions::FIRST]).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let path = format!("/admin/roles/{role}");
    let page = browser.page(&path).await;
    let routes = admin.get("/api/users-permissions/routes").await.expect(200);
    let all = routes["actions"].as_array().unwrap();
    assert!(all.len() > 2_000, "{}", all.len());
    for action in all {
        // What the filter of the page compares with.
        let name = action["action"].as_str().unwrap();
        assert!(page.0.contains(&format!("data-text=\"{name}\"")), "{name}");
    }
    let search = format!("/admin/matrix?q={}", actions::LAST);
    browser.page(&search).await.has(actions::LAST);
    for path in [
        path.as_str(),
        "/admin/roles/new",
        "/admin/roles",
        "/admin/matrix",
        search.as_str(),
        "/admin/explain",
    ] {
        let cost = open(&server, &browser, path).await;
        report("2,000 actions", path, cost);
        assert!(cost.1 <= WEIGHT, "{path}: {} bytes", cost.1);
    }
}

on_every_database! {
    #[ignore = "long"]
    async fn a_list_of_a_million_users_waits_for_nobody(kind) {
        let database = TestDatabase::create(kind);
        drop(Server::with_config(config(&database)).await);
        database.add_crowd(10, 1_000);
        let server = Server::with_config(config(&database)).await;
        let admin = server.admin().await;
        let crowd = admin.role_id("authenticated").await;
        let few = admin.create_role("Few", &[]).await;
        database.execute(&format!(
            "INSERT INTO up_user_roles (user_id, place, role_id) SELECT id, 1, {few} FROM up_users WHERE id IN (10, 500000, 999999)"
        ));
        database.execute("UPDATE up_users SET blocked = TRUE WHERE id IN (11, 400000, 999998)");
        let browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        for path in [
            "".to_owned(),
            "?sort=username".to_owned(),
            "?sort=email:desc".to_owned(),
            "?sort=email&after=0:crowd5%40example.com".to_owned(),
            "?sort=createdAt".to_owned(),
            "?sort=createdAt:desc&after=500000:2026-01-01T00:00:00Z".to_owned(),
            "?sort=blocked&after=500000:false".to_owned(),
            "?sort=confirmed:desc&size=200".to_owned(),
            format!("?role={crowd}&sort=email"),
            "?state=active&sort=provider:desc".to_owned(),
            "?q=nobody&sort=createdAt".to_owned(),
            "?after=500000".to_owned(),
            format!("?role={crowd}"),
            format!("?role={few}"),
            format!("?role={crowd}&sort=username"),
            format!("?role={few}&sort=username"),
            "?state=active".to_owned(),
            "?state=blocked".to_owned(),
            format!("?state=active&role={crowd}"),
            format!("?state=blocked&role={few}"),
            "?provider=github".to_owned(),
            "?q=crowd".to_owned(),
            "?q=crowd777777".to_owned(),
            "?q=CROWD777777%40example.com".to_owned(),
            "?q=owd77777".to_owned(),
            "?q=nobody".to_owned(),
            "?q=nobody&sort=username".to_owned(),
        ] {
            let path = format!("/admin/users{path}");
            let cost = open(&server, &browser, &path).await;
            report(&format!("{kind:?}, 1,000,000 users,"), &path, cost);
            assert!(cost.0 <= Duration::from_secs(2), "{path}: {:?}", cost.0);
            assert!(cost.1 <= WEIGHT, "{path}: {} bytes", cost.1);
        }
    }
}
