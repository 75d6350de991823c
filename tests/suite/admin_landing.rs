//! Where administrators are led to: to pages that are theirs, whatever little they may do.

use acceptance::{Answer, Browser, Html, Kind, PASSWORD, Server};
use reqwest::StatusCode;

use crate::admin_access::{ADMIN, OPEN, pages};

/// Goes where it is led; that ends at a page.
async fn follow(browser: &mut Browser, mut answer: Answer, what: &str) -> Html {
    for _ in 0..4 {
        if answer.status != StatusCode::SEE_OTHER {
            assert_eq!(answer.status, 200, "{what}: {}", Html(answer.text).text());
            return Html(answer.text);
        }
        let to = answer.headers["location"].to_str().unwrap().to_owned();
        answer = browser.get(&to).await;
    }
    panic!("{what}: led round and round");
}

#[actix_web::test]
async fn whoever_holds_one_right_is_led_to_a_page_that_is_theirs() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let role = admin.create_role("Clerk", &[]).await;
    admin.create_user("clerk", role).await;
    let (mut led, mut without) = (0, 0);
    for (at, (action, method, path)) in pages(&server).await.into_iter().enumerate() {
        if OPEN.contains(&action.as_str()) {
            continue;
        }
        let right = format!("{ADMIN}{action}");
        admin.set_grants(role, &[&right]).await.expect(200);
        let path = path.replace("{name}", "github");
        // A file is no page to arrive at.
        let own = if path.ends_with(".csv") {
            ""
        } else {
            path.as_str()
        };
        let mut browser = Browser::new(&server);
        // Whatever page it was that they were on their way to.
        for next in ["", "/admin", "/admin/roles?q=a", "/admin/nothing", own] {
            browser.get("/admin/login").await;
            let fields = [
                ("identifier", "clerk"),
                ("password", PASSWORD),
                ("next", next),
            ];
            let answer = browser.post("/admin/login", &fields).await;
            assert_eq!(answer.status, 303, "{action}: {}", answer.text);
            let what = format!("{action}, on the way to {next:?}");
            let page = follow(&mut browser, answer, &what).await;
            page.has("clerk").has("Sign out");
            without += usize::from(page.0.contains("your roles open none of these pages"));
        }
        // GitHub is not there to be asked.
        if method != "POST" || action == "testProvider" {
            continue;
        }
        let user = admin.create_user(&format!("user{at}"), role).await.id;
        server.database().execute(&format!(
            "INSERT INTO up_identities (id, user_id, provider, issuer, subject, created_at)
             VALUES ({user}, {user}, 'github', '', 'subject{user}', '2026-01-01 00:00:00')"
        ));
        let path = path.replace("/users/2", &format!("/users/{user}"));
        let path = path.replace("{identity}", &user.to_string());
        let user = user.to_string();
        let fields = [("u", user.as_str()), ("sure", "yes"), ("here", "q=user")];
        let answer = browser.post(&path, &fields).await;
        if answer.status == StatusCode::SEE_OTHER {
            follow(&mut browser, answer, &format!("after {action}")).await;
            led += 1;
        }
        let fields = [("theme", "dark"), ("next", "/admin/roles")];
        let answer = browser.post("/admin/theme", &fields).await;
        follow(&mut browser, answer, &format!("{action}, in the dark")).await;
    }
    assert!(led >= 10, "{led}");
    assert!(without > 50, "{without}");
}

#[actix_web::test]
async fn what_was_done_is_told_where_there_is_no_page_for_it() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let right = format!("{ADMIN}endSessions");
    let role = admin.create_role("Clerk", &[&right]).await;
    admin.create_user("clerk", role).await;
    let ann = admin.create_user("ann", role).await;
    let mut browser = Browser::signed_in(&server, "clerk", PASSWORD).await;
    browser
        .page("/admin")
        .await
        .has("your roles open none of these pages")
        .has("Sign out");
    let path = format!("/admin/users/{}/sessions", ann.id);
    browser
        .submit(&path, &[])
        .await
        .has("Every session of the user has ended.");
    ann.client.get("/api/users/me").await.expect(401);
    // Nothing but the start page leads on.
    assert_eq!(browser.get("/admin/users").await.status, 403);
    // Whoever may only create users has the form for it in the menu.
    let right = format!("{ADMIN}createUser");
    admin.set_grants(role, &[&right]).await.expect(200);
    let answer = browser.get("/admin").await;
    assert_eq!(answer.headers["location"], "/admin/users/new");
    browser.page("/admin/users/new").await.has("aria-current");
}
