//! Pages for administrators lead nobody where the server refuses them, and show nobody what another page
//! keeps from them.

use acceptance::{Browser, Html, Kind, PASSWORD, Server};
use actix_web::{App, get, post, put, web};
use serde_json::json;

use crate::admin_access::{ADMIN, OPEN, pages};
use crate::apps::plugin;

/// Values of attributes that lead somewhere: `href`, `action`, `formaction`.
fn leads(page: &str, attribute: &str) -> Vec<String> {
    let marker = format!("{attribute}=\"");
    let parts = page.split(&marker).skip(1);
    let values = parts.filter_map(|rest| rest.split('"').next());
    let own = values.filter(|value| value.starts_with("/admin"));
    own.map(|value| value.replace("&amp;", "&").replace("&#38;", "&"))
        .collect()
}

#[actix_web::test]
async fn no_page_leads_where_its_reader_is_refused() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let pages = pages(&server).await;
    let role = admin.create_role("Clerk", &[]).await;
    let clerk = admin.create_user("clerk", role).await;
    // Something for the log, of every kind that has a page.
    let provider = json!({ "providers": { "github": { "key": "x" } } });
    admin
        .put("/api/users-permissions/providers", provider)
        .await
        .expect(200);
    admin
        .put(
            &format!("/api/users/{}", clerk.id),
            json!({ "confirmed": true }),
        )
        .await
        .expect(200);
    let grant = async |actions: &[String]| {
        let actions: Vec<_> = actions.iter().map(String::as_str).collect();
        admin.set_grants(role, &actions).await.expect(200);
    };
    grant(&[format!("{ADMIN}home")]).await;
    let mut browser = Browser::signed_in(&server, "clerk", PASSWORD).await;
    let mut followed = 0;
    for (action, method, path) in pages {
        if OPEN.contains(&action.as_str()) || method != "GET" {
            continue;
        }
        grant(&[format!("{ADMIN}{action}")]).await;
        let path = path.replace("/roles/2", &format!("/roles/{role}"));
        let path = match action.as_str() {
            "explain" => format!("{path}?path=/api/articles"),
            _ => path.replace("{name}", "github"),
        };
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, 200, "{action} {path}");
        for link in leads(&answer.text, " href") {
            let status = browser.get(&link).await.status;
            assert_ne!(status, 403, "{action}: {link} on {path}");
            followed += 1;
        }
        let forms = [
            "<form method=\"post\" action",
            " formaction",
            " class=\"narrow\" method=\"post\" action",
        ];
        for form in forms.iter().flat_map(|form| leads(&answer.text, form)) {
            if form.ends_with("/logout") {
                continue;
            }
            browser.get(&path).await;
            let answer = browser.post(&form, &[]).await;
            assert_ne!(answer.status, 403, "{action}: {form} on {path}");
            followed += 1;
        }
    }
    assert!(followed > 60, "{followed}");
}

#[actix_web::test]
async fn who_may_create_and_not_read_is_led_to_what_is_open_and_reads_nothing() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let create = ["createRole", "createUser"].map(|name| format!("{ADMIN}{name}"));
    let role = admin
        .create_role("Clerk", &create.each_ref().map(String::as_str))
        .await;
    admin.create_user("clerk", role).await;
    let secret = admin
        .create_role("Secret", &["api::article.article.find"])
        .await;
    let mut browser = Browser::signed_in(&server, "clerk", PASSWORD).await;
    let answer = browser
        .get(&format!("/admin/roles/new?from={secret}"))
        .await;
    assert_eq!(answer.status, 403);
    Html(answer.text).has_not("Secret");
    let page = browser.page("/admin/roles/new").await;
    let edition = page.value("edition").unwrap();
    let fields = [("name", "Another"), ("edition", edition.as_str())];
    browser
        .submit("/admin/roles/new", &fields)
        .await
        .has("The role was created.");
    let fields = [
        ("username", "bob"),
        ("email", "bob@example.com"),
        ("password", PASSWORD),
    ];
    browser
        .submit("/admin/users/new", &fields)
        .await
        .has("bob was created.");
    let both = [create[0].as_str(), &format!("{ADMIN}findRole")];
    admin.set_grants(role, &both).await.expect(200);
    browser
        .page(&format!("/admin/roles/new?from={secret}"))
        .await
        .has("Copy of Secret");
}

#[get("/notes/{id}")]
async fn read_note() -> &'static str {
    "read"
}

#[put("/notes/{note}")]
async fn write_note() -> &'static str {
    "written"
}

#[get("/drafts/{id}")]
async fn draft() -> &'static str {
    "draft"
}

#[post("/drafts/publish")]
async fn publish() -> &'static str {
    "published"
}

#[actix_web::test]
async fn explain_finds_routes_behind_others_that_fit_the_same_path() {
    let (up, database) = plugin(|_| {}).await;
    let made = up.clone();
    let server = Server::serve(up, move || {
        App::new()
            .wrap(made.middleware())
            .service(
                web::scope("/api")
                    .configure(made.routes())
                    .service(read_note)
                    .service(write_note)
                    .service(draft)
                    .service(publish),
            )
            .service(made.admin("/admin"))
    })
    .await
    .owning(database);
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    for (method, path, pattern) in [
        ("GET", "/api/notes/1", "/api/notes/{id}"),
        ("PUT", "/api/notes/1", "/api/notes/{note}"),
        ("GET", "/api/drafts/publish", "/api/drafts/{id}"),
        ("POST", "/api/drafts/publish", "/api/drafts/publish"),
    ] {
        let page = browser
            .page(&format!("/admin/explain?method={method}&path={path}"))
            .await;
        page.has(&format!("is served by the route {pattern}."))
            .has_not("(405)");
    }
    for (method, path) in [("DELETE", "/api/notes/1"), ("POST", "/api/drafts/1")] {
        let page = browser
            .page(&format!("/admin/explain?method={method}&path={path}"))
            .await;
        page.has("(405)");
    }
}
