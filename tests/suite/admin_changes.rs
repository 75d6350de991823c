//! The log of changes: who changed what, from where, from what to what, by whichever way.

use std::collections::BTreeSet;

use acceptance::{Browser, Kind, PASSWORD, Server, on_every_database};
use serde_json::json;

const FIND: &str = "api::article.article.find";

on_every_database! {
    async fn changes_by_the_api_and_by_pages_are_in_the_log(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[]).await;
        admin.set_grants(role, &[FIND]).await.expect(200);
        let ann = admin.create_user("ann", role).await;
        admin.put(&format!("/api/users/{}", ann.id), json!({ "email": "new@example.com", "password": "OtherPass1" })).await.expect(200);
        admin.put("/api/users-permissions/advanced", json!({ "allow_register": false })).await.expect(200);
        admin.delete(&format!("/api/users/{}", ann.id)).await.expect(200);
        admin.delete(&format!("/api/users-permissions/roles/{role}")).await.expect(200);
        let line = match kind { Kind::Mysql => "CONCAT(kind, ' ', target, ' ', changes)", _ => "kind || ' ' || target || ' ' || changes" };
        let log = server.database().lines(&format!("SELECT {line} AS line FROM up_changes ORDER BY id"));
        let kinds: Vec<_> = log.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(kinds, ["role.created", "role.changed", "user.created", "user.changed", "settings.changed", "user.deleted", "role.deleted"]);
        assert!(log[1].contains(FIND) && log[1].contains("\"old\":\"no\",\"new\":\"yes\""), "{}", log[1]);
        assert!(log[3].contains("\"old\":\"ann@example.com\",\"new\":\"new@example.com\"") && log[3].contains("password"), "{}", log[3]);
        assert!(log.iter().all(|line| !line.contains("OtherPass1") && !line.contains(PASSWORD) && !line.contains("$2")));
        let who = server.database().lines("SELECT DISTINCT actor AS line FROM up_changes");
        assert_eq!(who, ["admin"]);
        assert_eq!(server.database().lines("SELECT DISTINCT origin AS line FROM up_changes"), ["127.0.0.1"]);

        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let page = browser.page("/admin/changes").await;
        page.has("deleted the role").has("Editor").has("new@example.com").has("127.0.0.1");
        browser.page("/admin/changes?kind=role.changed").await.has(FIND).has_not("new@example.com");
        browser.page("/admin/changes?text=allow_register").await.has("advanced settings").has_not("Editor");
        browser.page("/admin/changes?actor=nobody").await.has("No change matches.");
        let csv = browser.get("/admin/changes.csv?kind=user.changed").await;
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
        assert!(csv.text.contains("\"email\",\"ann@example.com\",\"new@example.com\""), "{}", csv.text);
    }

    async fn changes_of_a_user_are_found_whatever_it_was_called(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Channel", &[]).await;
        let ann = admin.create_user("ann", role).await;
        admin.create_user("joanna", role).await;
        // What is no user may have the same id.
        let body = json!({ "description": "same id" });
        admin.put(&format!("/api/users-permissions/roles/{}", ann.id), body).await.expect(200);
        let api = format!("/api/users/{}", ann.id);
        admin.put(&api, json!({ "username": "berta" })).await.expect(200);
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let page = browser.page(&format!("/admin/users/{}", ann.id)).await;
        let link = page.link("Changes of this user").unwrap();
        assert_eq!(link, format!("/admin/changes?user={}", ann.id));
        let page = browser.page(&link).await;
        page.has("created the user").has("changed the user").has("berta").has("Show all");
        page.has_not("joanna").has_not("changed the role").has_not("created the role");
        assert!(page.0.contains(&format!("name=\"user\" value=\"{}\"", ann.id)));
        let csv = format!("/admin/changes.csv?user={}", ann.id);
        page.has(&csv);
        admin.delete(&api).await.expect(200);
        browser.page(&link).await.has("deleted the user").has("created the user");
        let csv = browser.get(&csv).await.text;
        let kinds: BTreeSet<_> = csv.lines().skip(1).filter_map(|line| line.split(',').nth(5)).collect();
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["\"user.changed\"", "\"user.created\"", "\"user.deleted\""], "{csv}");
        assert!(!csv.contains("joanna"), "{csv}");
    }

    async fn what_did_not_happen_is_not_in_the_log(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let id = admin.role_id("public").await;
        admin.delete(&format!("/api/users-permissions/roles/{id}")).await.expect(400);
        admin.put("/api/users/1", json!({ "blocked": true })).await.expect(400);
        admin.delete("/api/users/1").await.expect(400);
        admin.put(&format!("/api/users-permissions/roles/{id}"), json!({ "name": "Public" })).await.expect(200);
        admin.put("/api/users-permissions/advanced", json!({ "allow_register": true })).await.expect(200);
        assert_eq!(server.database().number("SELECT count(*) FROM up_changes"), 0);
    }
}

#[actix_web::test]
async fn the_log_is_paged_and_spreadsheets_find_text() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    for number in 0..60 {
        let body = json!({ "name": format!("=Role {number}") });
        admin.post("/api/users-permissions/roles", body).await;
        admin
            .put(
                "/api/users-permissions/advanced",
                json!({ "allow_register": number % 2 == 0 }),
            )
            .await
            .expect(200);
    }
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let page = browser.page("/admin/changes").await;
    page.has("Older");
    let csv = browser.get("/admin/changes.csv").await.text;
    assert!(
        csv.lines().count() > 60 && !csv.contains(",\"="),
        "formulas"
    );
}
