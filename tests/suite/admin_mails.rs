//! Mails with codes that administrators send: to whom they may, within the budget, and in the log.

use acceptance::{Browser, PASSWORD, Server, on_every_database};
use serde_json::json;

const CODES: &str = "SELECT COUNT(*) FROM up_user_codes";
const MAILS: &str = "SELECT COUNT(*) FROM up_outbox";

/// A user of a role that mails links and little else.
async fn clerk(server: &Server) -> Browser {
    let admin = server.admin().await;
    let pages = [
        "home",
        "findUsers",
        "findUser",
        "sendPasswordLink",
        "resendConfirmation",
    ];
    let pages = pages.map(|page| format!("plugin::users-permissions.admin.{page}"));
    let held: Vec<&str> = pages.iter().map(String::as_str).collect();
    let role = admin.create_role("Clerk", &held).await;
    admin.create_user("clerk", role).await;
    Browser::signed_in(server, "clerk", PASSWORD).await
}

on_every_database! {
    async fn nobody_mails_a_link_to_somebody_of_more_rights(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let mut browser = clerk(&server).await;
        let editor = admin.create_role("Editor", &["api::article.article.update"]).await;
        let body = json!({ "username": "editor", "email": "editor@example.com", "password": PASSWORD, "role": editor, "confirmed": false });
        let editor = admin.post("/api/users", body).await.expect(201)["id"].clone();
        let administrator = server.database().number("SELECT id FROM up_users WHERE username = 'admin'");
        let before = server.database().dump();
        for path in [
            format!("/admin/users/{administrator}/password-link"),
            format!("/admin/users/{administrator}/confirmation"),
            format!("/admin/users/{editor}/password-link"),
            format!("/admin/users/{editor}/confirmation"),
        ] {
            browser.page("/admin").await;
            browser.submit(&path, &[]).await.has("it takes rights that you do not hold yourself");
        }
        assert_eq!(server.database().dump(), before);

        let role = admin.role_id("authenticated").await;
        let ann = admin.create_user("ann", role).await.id;
        browser.submit(&format!("/admin/users/{ann}/password-link"), &[]).await.has("is on its way");
        assert_eq!((server.database().number(CODES), server.database().number(MAILS)), (1, 1));
        let log = server.database().dump().remove("up_changes").unwrap();
        let entry = log.iter().find(|line| line.starts_with("clerk|user.password-link-sent|ann|"));
        let entry = entry.unwrap_or_else(|| panic!("{log:#?}"));
        assert!(entry.contains("ann@example.com"), "{entry}");
    }

    async fn links_are_within_the_budget_of_mails(kind) {
        let server = Server::start_with(kind, |config| {
            config.ratelimit.enabled = true;
            config.ratelimit.max = 1_000;
            config.ratelimit.mails = 2;
        })
        .await;
        let admin = server.admin().await;
        let role = admin.role_id("authenticated").await;
        let ann = admin.create_user("ann", role).await.id;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        browser.page("/admin/users").await;
        let path = format!("/admin/users/{ann}/password-link");
        // What is refused costs nothing.
        browser.submit(&format!("/admin/users/{ann}/confirmation"), &[]).await.has("confirmed already");
        for _ in 0..2 {
            browser.submit(&path, &[]).await.has("is on its way");
        }
        browser.submit(&path, &[]).await.has("Too many requests");
        let role = role.to_string();
        let fields = [("username", "bob"), ("email", "bob@example.com"), ("role", role.as_str())];
        assert_eq!(browser.post("/admin/users/new", &fields).await.status, 429);
        assert_eq!(server.database().number(MAILS), 2);
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_users WHERE username = 'bob'"), 0);
    }
}
