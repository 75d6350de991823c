//! Tables of administrators in the order of their columns, and what is done to what is ticked in them.

use acceptance::{Browser, Html, Kind, PASSWORD, Server, TestDatabase, config, on_every_database};
use serde_json::json;

use crate::admin_access::ADMIN;

const ME: &str = "plugin::users-permissions.user.me";

/// The columns of a table that can be ordered by: what its heading says, whether the table is in its order, and
/// where it leads.
fn headings(page: &Html) -> Vec<(String, Option<String>, String)> {
    let head = page.0.split("<thead>").nth(1).unwrap();
    let head = head.split("</thead>").next().unwrap();
    let of = |cell: &str, name: &str| {
        let value = cell.split(&format!("{name}=\"")).nth(1)?;
        Some(
            value
                .split('"')
                .next()?
                .replace("&#38;", "&")
                .replace("&amp;", "&"),
        )
    };
    let cells = head
        .split("<th ")
        .skip(1)
        .filter(|cell| cell.contains("<a "));
    cells
        .map(|cell| {
            let text = cell.split("\">").last().unwrap().split('<').next().unwrap();
            (
                text.to_owned(),
                of(cell, "aria-sort"),
                of(cell, "href").unwrap(),
            )
        })
        .collect()
}

/// The names of a list over all of its pages, by the link to the next one.
async fn all(browser: &mut Browser, path: &str) -> Vec<String> {
    let mut page = browser.page(path).await;
    let mut seen = page.selectable();
    for _ in 0..50 {
        let Some(next) = page.link("Next →").or_else(|| page.link("Search on →")) else {
            return seen;
        };
        page = browser.page(&next).await;
        seen.extend(page.selectable());
    }
    panic!("{path} does not end");
}

on_every_database! {
    async fn users_are_listed_in_the_order_of_every_column(kind) {
        let database = TestDatabase::create(kind);
        drop(Server::with_config(config(&database)).await);
        // Several stretches of a walk; most users share whatever two can share.
        database.add_crowd(10, 2);
        database.execute("UPDATE up_users SET blocked = TRUE WHERE username LIKE 'crowd%5'");
        database.execute("UPDATE up_users SET confirmed = FALSE WHERE username LIKE 'crowd%77'");
        database.execute("UPDATE up_users SET provider = 'github' WHERE username LIKE 'crowd4%'");
        database.execute("UPDATE up_users SET email = 'a@example.com', created_at = '2025-03-04 05:06:07.123456' WHERE username LIKE 'crowd12%'");
        let server = Server::with_config(config(&database)).await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        for (key, column) in [("id", "id"), ("username", "username"), ("email", "email"), ("confirmed", "confirmed"), ("blocked", "blocked"), ("provider", "provider"), ("createdAt", "created_at")] {
            for (suffix, way) in [("", "ASC"), (":desc", "DESC")] {
                for (filter, condition) in [("", "TRUE"), ("&q=crowd1", "username LIKE 'crowd1%'"), ("&state=blocked&provider=github", "blocked AND provider = 'github'")] {
                    let expected = database.lines(&format!("SELECT username AS line FROM up_users WHERE {condition} ORDER BY {column} {way}, id {way}"));
                    let path = format!("/admin/users?sort={key}{suffix}&size=200{filter}");
                    let seen = all(&mut browser, &path).await;
                    assert_eq!(seen, expected, "{path}");
                }
            }
        }
        // And back again.
        let first = browser.page("/admin/users?sort=blocked&size=200").await;
        let second = browser.page(&first.link("Next →").unwrap()).await;
        let third = browser.page(&second.link("Next →").unwrap()).await;
        let back = browser.page(&third.link("← Previous").unwrap()).await;
        assert_eq!(back.selectable(), second.selectable());
        let back = browser.page(&back.link("← Previous").unwrap()).await;
        assert_eq!(back.selectable(), first.selectable());
        // Places that are none in this order begin anew.
        for odd in ["after=7", "after=7:maybe", "after=:", "before=x:true", "after=0:true:x", "size=7", "size=100000"] {
            browser.page(&format!("/admin/users?sort=blocked&{odd}")).await;
        }
    }

    async fn several_users_are_deleted_at_once_and_the_last_administrator_stays(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.role_id("authenticated").await;
        let mut ids = Vec::new();
        for number in 0..4 {
            ids.push(admin.create_user(&format!("user{number}"), role).await.id.to_string());
        }
        let own = admin.get("/api/users/me").await.expect(200)["id"].to_string();
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let path = "/admin/users/delete";
        browser.page("/admin/users").await.has("Delete selected");
        browser.submit(path, &[]).await.has("No user was selected.");
        let chosen: Vec<_> = ids.iter().take(3).chain([&own]).map(|id| ("u", id.as_str())).collect();
        let before = server.database().dump();
        let answer = browser.post(path, &chosen).await;
        assert_eq!(answer.status, 200);
        let page = Html(answer.text);
        page.has("Delete 4 users?").has("user0").has("user2").has("Your own account is among them.").has_not("user3");
        assert_eq!(page.values("u").len(), 4);
        assert_eq!(server.database().dump(), before, "it was only asked");
        let sure = [chosen.as_slice(), &[("sure", "yes")]].concat();
        let page = browser.submit(path, &sure).await;
        page.has("3 users are deleted; of others not:").has("admin: The last administrator cannot be deleted, blocked or demoted");
        assert_eq!(server.database().number("SELECT count(*) FROM up_users"), 2);
        let log = server.database().lines("SELECT target AS line FROM up_changes WHERE kind = 'user.deleted' ORDER BY id");
        assert_eq!(log, ["user0", "user1", "user2"]);
        let one = [("u", ids[3].as_str())];
        let page = Html(browser.post(path, &one).await.text);
        page.has("Delete user3?").has_not("among them");
        let page = browser.submit(path, &[one[0], ("sure", "yes"), ("here", "sort=email")]).await;
        page.has("user3 is deleted.").has("aria-sort");
        browser.submit(path, &[one[0], ("sure", "yes")]).await.has("No user was selected.");
    }
}

#[actix_web::test]
async fn headings_lead_to_their_order_and_keep_the_rest() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    for name in ["Beta", "Alpha", "Gamma"] {
        let role = admin.create_role(name, &[]).await;
        for number in 0..name.len() % 4 {
            admin.create_user(&format!("{name}{number}"), role).await;
        }
    }
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let page = browser.page("/admin/users").await;
    let texts: Vec<_> = headings(&page).into_iter().map(|(text, ..)| text).collect();
    assert_eq!(
        texts,
        [
            "Id",
            "User",
            "E-mail",
            "Confirmed",
            "State",
            "Came from",
            "Since"
        ]
    );
    let sorted = |page: &Html| -> Vec<_> {
        let all = headings(page).into_iter();
        all.filter_map(|(text, sorted, _)| Some((text, sorted?)))
            .collect()
    };
    assert_eq!(sorted(&page), [("Id".to_owned(), "descending".to_owned())]);
    let mut page = browser.page("/admin/users?q=a&state=active&size=20").await;
    for way in ["ascending", "descending", "ascending"] {
        let (.., link) = headings(&page)
            .into_iter()
            .find(|(text, ..)| text == "E-mail")
            .unwrap();
        for kept in ["q=a", "state=active", "size=20"] {
            assert!(link.contains(kept), "{link}");
        }
        page = browser.page(&link).await;
        assert_eq!(sorted(&page), [("E-mail".to_owned(), way.to_owned())]);
    }
    let names = |page: &Html| -> Vec<String> {
        let rows = page.0.split("<th scope=\"row\">").skip(1);
        let names = rows.map(|row| Html(row.split("</a>").next().unwrap().to_owned()).text());
        names.collect()
    };
    let page = browser.page("/admin/roles").await;
    assert_eq!(sorted(&page), [("Role".to_owned(), "ascending".to_owned())]);
    assert_eq!(
        names(&page),
        [
            "Administrator",
            "Alpha",
            "Authenticated",
            "Beta",
            "Gamma",
            "Public"
        ]
    );
    let (.., link) = headings(&page)
        .into_iter()
        .find(|(text, ..)| text == "Role")
        .unwrap();
    assert_eq!(
        names(&browser.page(&link).await),
        [
            "Public",
            "Gamma",
            "Beta",
            "Authenticated",
            "Alpha",
            "Administrator"
        ]
    );
    let page = browser.page("/admin/roles?sort=users:desc&q=a").await;
    assert_eq!(names(&page)[..1], ["Administrator"]);
    let (.., link) = headings(&page)
        .into_iter()
        .find(|(text, ..)| text == "Permissions")
        .unwrap();
    let page = browser.page(&link).await;
    assert_eq!(names(&page).last().unwrap(), "Administrator");
    assert!(link.contains("q=a"), "{link}");
    // Whoever was given a right last is the one that was changed last.
    let beta = admin.role_id("beta").await;
    admin.set_grants(beta, &[ME]).await.expect(200);
    let page = browser.page("/admin/roles?sort=changed:desc").await;
    assert_eq!(names(&page)[..2], ["Beta", "Gamma"]);
    page.has(&chrono::Utc::now().format("%Y-").to_string());
    let last = Some(("Last changed".to_owned(), "descending".to_owned()));
    assert_eq!(sorted(&page).pop(), last);
}

#[actix_web::test]
async fn deleting_several_users_is_a_right_of_its_own_and_asks_for_the_password_after_a_while() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.admin_session.recent = std::time::Duration::ZERO
    })
    .await;
    let admin = server.admin().await;
    let rights = ["findUsers", "deleteUser", "blockUsers"].map(|name| format!("{ADMIN}{name}"));
    let role = admin
        .create_role("Clerk", &rights.each_ref().map(String::as_str))
        .await;
    admin.create_user("clerk", role).await;
    let plain = admin.role_id("authenticated").await;
    let [ann, bob] = [
        admin.create_user("ann", plain).await,
        admin.create_user("bob", plain).await,
    ];
    let (ann, bob) = (ann.id.to_string(), bob.id.to_string());
    let path = "/admin/users/delete";
    let both = [("u", ann.as_str()), ("u", bob.as_str()), ("sure", "yes")];
    let mut clerk = Browser::signed_in(&server, "clerk", PASSWORD).await;
    clerk.page("/admin/users").await.has_not("Delete selected");
    assert_eq!(clerk.post(path, &both).await.status, 403);

    let right = format!("{ADMIN}deleteUsers");
    let rights = [rights[0].as_str(), right.as_str()];
    admin.set_grants(role, &rights).await.expect(200);
    let page = clerk.page("/admin/users").await;
    page.has("Delete selected").has_not("Block selected");
    let before = server.database().dump();
    for own in ["", "wrong", "AdminPass1"] {
        let fields = [&both[..], &[("password", own)]].concat();
        let answer = clerk.post(path, &fields).await;
        assert_eq!(answer.status, 400, "{own:?}");
        Html(answer.text)
            .has("Your password")
            .has("Delete 2 users?");
    }
    assert_eq!(server.database().dump(), before);
    let fields = [&both[..], &[("password", PASSWORD)]].concat();
    clerk
        .submit(path, &fields)
        .await
        .has("2 users are deleted.");
    assert_eq!(server.database().number("SELECT count(*) FROM up_users"), 2);
    // Whoever has rights that the clerk lacks stays.
    let admin_id = admin.get("/api/users/me").await.expect(200)["id"].to_string();
    let fields = [
        ("u", admin_id.as_str()),
        ("sure", "yes"),
        ("password", PASSWORD),
    ];
    clerk
        .submit(path, &fields)
        .await
        .has("0 users are deleted; of others not:")
        .has("rights that you do not hold");
    let body = json!({ "identifier": "admin", "password": "AdminPass1" });
    server
        .anonymous()
        .post("/api/auth/local", body)
        .await
        .expect(200);
}
