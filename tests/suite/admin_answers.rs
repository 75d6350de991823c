//! What the pages of administrators ask of forms, and say to browsers and caches.

use acceptance::{Browser, Kind, PASSWORD, Server};
use serde_json::json;

use crate::admin_access::{ADMIN, pages};

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
