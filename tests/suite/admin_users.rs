//! The pages of users.

use acceptance::{Browser, Html, Kind, PASSWORD, Server, TestDatabase, config, on_every_database};
use serde_json::json;

use crate::tokens_of::{by_sessions, expect_refused, me, refresh, sign_in};

on_every_database! {
    async fn whoever_cannot_be_invited_is_not_created(kind) {
        let server = Server::start(kind).await;
        let role = server.admin().await.role_id("authenticated").await.to_string();
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let fields = [("username", "ann"), ("email", "ann@example.com"), ("role", role.as_str())];
        let new = "/admin/users/new";
        browser.page(new).await;
        let database = server.database();
        let before = database.dump();
        let blocked = [fields[0], fields[1], fields[2], ("blocked", "true")];
        let answer = browser.post(new, &blocked).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.text.contains("The user is blocked"), "{}", answer.text);
        assert_eq!(database.dump(), before);
        // The code goes out with the user or not at all.
        database.execute("ALTER TABLE up_outbox RENAME TO moved");
        let answer = browser.post(new, &fields).await;
        assert!(answer.status.is_server_error(), "{}", answer.text);
        database.execute("ALTER TABLE moved RENAME TO up_outbox");
        assert_eq!(database.dump(), before);
        browser.submit(new, &fields).await.has("a link to choose a password is on its way");
        let log = database.dump().remove("up_changes").unwrap();
        assert!(log.iter().any(|line| line.starts_with("admin|user.password-link-sent|ann|")), "{log:#?}");
    }

    async fn a_user_is_created_changed_blocked_and_deleted(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let editor = admin.create_role("Editor", &[]).await.to_string();
        let authenticated = admin.role_id("authenticated").await.to_string();
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        browser.page("/admin/users/new").await.has("nickname");
        let fields = [("username", "ann"), ("email", "Ann@Example.com"), ("password", PASSWORD), ("confirmed", "on"), ("role", authenticated.as_str()), ("roles", editor.as_str()), ("profile.nickname", "Annie")];
        browser.submit("/admin/users/new", &fields).await.has("ann was created.");
        let ann = server.login("ann", PASSWORD).await;
        let me = ann.get("/api/users/me").await.expect(200);
        assert_eq!((&me["email"], &me["nickname"]), (&json!("ann@example.com"), &json!("Annie")));
        let id = me["id"].as_i64().unwrap();
        let path = format!("/admin/users/{id}");

        // Only what was changed in the form is written: the other value was changed meanwhile.
        let page = browser.page(&path).await;
        let roles = page.value("was.roles").unwrap();
        assert_eq!(roles, format!("{authenticated},{editor}"));
        admin.put(&format!("/api/users/{id}"), json!({ "nickname": "Other" })).await.expect(200);
        let fields = [
            ("was.username", "ann"), ("username", "anna"), ("was.email", "ann@example.com"), ("email", "ann@example.com"),
            ("was.confirmed", "on"), ("confirmed", "on"), ("was.roles", roles.as_str()), ("role", editor.as_str()),
            ("was.profile.nickname", "Annie"), ("profile.nickname", "Annie"),
        ];
        browser.submit(&path, &fields).await.has("anna was saved.");
        let user = admin.get(&format!("/api/users/{id}?populate=roles")).await.expect(200);
        assert_eq!((&user["username"], &user["nickname"]), (&json!("anna"), &json!("Other")));
        assert_eq!(user["roles"].as_array().unwrap().len(), 1);
        assert_eq!(user["roles"][0]["name"], "Editor");

        let text = id.to_string();
        browser.submit("/admin/users/block", &[("block", text.as_str())]).await.has("anna is blocked.");
        ann.get("/api/users/me").await.expect(401);
        browser.submit("/admin/users/block", &[("unblock", text.as_str())]).await.has("anna is unblocked.");
        browser.page(&format!("{path}/delete")).await.has("Delete anna?");
        browser.submit(&format!("{path}/delete"), &[]).await.has("anna was deleted.");
        admin.get(&format!("/api/users/{id}")).await.expect(404);
    }

    async fn what_ends_sessions_ends_their_refresh_tokens_too(kind) {
        let server = Server::start_with(kind, by_sessions).await;
        let ann = server.register("ann").await.id.to_string();
        let path = format!("/admin/users/{ann}");
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let (sessions, delete) = (format!("{path}/sessions"), format!("{path}/delete"));
        for (page, step, fields) in [
            (path.as_str(), sessions.as_str(), vec![]),
            (&path, &path, vec![("password", PASSWORD)]),
            ("/admin/users", "/admin/users/block", vec![("block", ann.as_str())]),
            (&delete, &delete, vec![]),
        ] {
            let pair = sign_in(&server, "ann").await;
            me(&server, &pair.jwt).await.expect(200);
            browser.page(page).await;
            browser.submit(step, &fields).await;
            assert_eq!(me(&server, &pair.jwt).await.status, 401, "{step}");
            expect_refused(&refresh(&server, &pair.refresh).await);
            if step.ends_with("block") {
                browser.submit(step, &[("unblock", ann.as_str())]).await;
                assert_eq!(me(&server, &pair.jwt).await.status, 401, "it is revived");
                expect_refused(&refresh(&server, &pair.refresh).await);
            }
        }
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_users WHERE username = 'ann'"), 0);
    }

    async fn the_list_is_searched_filtered_and_paged(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let editor = admin.create_role("Editor", &[]).await;
        for number in 0..60 {
            let body = json!({ "username": format!("user{number:02}"), "email": format!("u{number}@example.com"), "password": PASSWORD, "role": editor, "blocked": number % 10 == 0 });
            admin.post("/api/users", body).await.expect(201);
        }
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        for query in ["", "?sort=username"] {
            // Every user once, over all pages, and back again.
            let mut seen = Vec::new();
            let mut page = browser.page(&format!("/admin/users{query}")).await;
            page.has("61 in all");
            let first = page.selectable();
            assert_eq!(first.len(), 50);
            seen.extend(first.clone());
            let next = page.link("Next →").expect("a next page");
            page = browser.page(&next).await;
            seen.extend(page.selectable());
            assert!(page.link("Next →").is_none());
            let back = page.link("← Previous").expect("a page before");
            assert_eq!(browser.page(&back).await.selectable(), first);
            let mut sorted = seen.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!((sorted.len(), seen.len()), (61, 61));
            if query == "?sort=username" {
                assert_eq!(seen, sorted);
            }
        }
        browser.page("/admin/users?q=USER05").await.has("user05").has_not("user06");
        browser.page("/admin/users?state=blocked").await.has("6 found").has("user10").has_not("user11");
        browser.page(&format!("/admin/users?role={editor}&state=active")).await.has("54 found");
        browser.page("/admin/users?q=%25").await.has("No user matches.");
        for odd in ["?after=x", "?before=%27", "?role=zz", "?after=999999999999"] {
            browser.page(&format!("/admin/users{odd}")).await;
        }
        // Three Cyrillic letters.
        let body = json!({ "username": "\u{430}\u{441}\u{435}", "email": "ace@example.com", "password": PASSWORD, "role": editor });
        admin.post("/api/users", body).await.expect(201);
        let page = browser.page("/admin/users?q=\u{430}\u{441}\u{435}").await;
        page.has("1 found").has("reads as ace");
    }

    async fn what_no_index_leads_to_is_found_by_walking(kind) {
        let database = TestDatabase::create(kind);
        drop(Server::with_config(config(&database)).await);
        // Several stretches of a walk, and a gap.
        database.add_crowd(10, 3);
        database.add_crowd(50_000, 4);
        let server = Server::with_config(config(&database)).await;
        let admin = server.admin().await;
        let (crowd, few) = (admin.role_id("authenticated").await, admin.create_role("Few", &[]).await);
        database.execute(&format!("INSERT INTO up_user_roles (user_id, place, role_id) SELECT id, 1, {few} FROM up_users WHERE id IN (10, 2500, 53999)"));
        // Twice in one role, as the end of another may leave it.
        database.execute(&format!("INSERT INTO up_user_roles (user_id, place, role_id) VALUES (2501, 1, {crowd})"));
        database.execute("UPDATE up_users SET blocked = TRUE WHERE username LIKE 'crowd%7'");
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let sql = |condition: &str| format!("SELECT username AS line FROM up_users u WHERE {condition}");
        let of = |role: i64| format!("EXISTS (SELECT 1 FROM up_user_roles r WHERE r.user_id = u.id AND r.role_id = {role})");
        for (query, condition) in [
            (format!("role={few}"), of(few)),
            (format!("role={few}&sort=username"), of(few)),
            (format!("role={few}&state=active"), format!("{} AND NOT blocked", of(few))),
            (format!("role={crowd}&state=blocked&q=OWD5"), format!("{} AND blocked AND username LIKE 'crowd5%'", of(crowd))),
            ("q=wd500&sort=username".to_owned(), "username LIKE 'crowd500%'".to_owned()),
            ("q=wd299".to_owned(), "username LIKE 'crowd299%'".to_owned()),
        ] {
            let mut expected = database.lines(&sql(&condition));
            expected.sort();
            let mut page = browser.page(&format!("/admin/users?{query}")).await;
            let (mut seen, mut pages) = (page.selectable(), 1);
            // However often the walk has to pause on a slow machine.
            while let Some(next) = page.link("Next →").or_else(|| page.link("Search on →")) {
                page = browser.page(&next).await;
                seen.extend(page.selectable());
                pages += 1;
            }
            assert!(pages < 40, "{query}");
            if query.ends_with("sort=username") {
                assert!(seen.is_sorted(), "{query}");
            }
            seen.sort();
            assert_eq!(seen, expected, "{query}");
        }
        let page = browser.page(&format!("/admin/users?role={crowd}")).await;
        page.has("7,000 found");
        let next = page.link("Next →").expect("a next page");
        let back = browser.page(&next).await.link("← Previous").expect("a page before");
        assert_eq!(browser.page(&back).await.selectable(), page.selectable());
        browser.page("/admin/users?state=blocked").await.has("700 found");
        let both = browser.page(&format!("/admin/users?role={crowd}&state=active")).await;
        assert!(both.0.contains("6,300 found") || both.0.contains("at least "), "{}", both.text());
        // Exactly this name, though newer ones contain it, too.
        assert_eq!(browser.page("/admin/users?q=crowd50").await.selectable()[0], "crowd50");
        assert_eq!(browser.page("/admin/users?q=Crowd50%40example.com").await.selectable(), ["crowd50"]);
    }

    async fn fifty_are_blocked_at_once_and_the_last_administrator_stays(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.role_id("authenticated").await;
        for number in 0..5 {
            admin.create_user(&format!("user{number}"), role).await;
        }
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let ids = server.database().lines(match kind { Kind::Mysql => "SELECT CAST(id AS CHAR) AS line FROM up_users", _ => "SELECT CAST(id AS TEXT) AS line FROM up_users" });
        browser.page("/admin/users").await;
        let fields: Vec<_> = ids.iter().map(|id| ("u", id.as_str())).chain([("all", "block")]).collect();
        let page = browser.submit("/admin/users/block", &fields).await;
        page.has("5 users are blocked; of others not:").has("The last administrator cannot be deleted, blocked or demoted");
        assert_eq!(server.database().number("SELECT count(*) FROM up_users WHERE blocked"), 5);
        browser.submit("/admin/users/block", &[("all", "block")]).await.has("No user was selected.");
    }
}

#[actix_web::test]
async fn a_user_without_a_password_is_mailed_a_link() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let role = admin.role_id("authenticated").await.to_string();
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    browser.page("/admin/users/new").await;
    let fields = [
        ("username", "ann"),
        ("email", "ann@example.com"),
        ("role", role.as_str()),
    ];
    browser
        .submit("/admin/users/new", &fields)
        .await
        .has("a link to choose a password is on its way");
    let code = |mails: serde_json::Value, parameter: &str| -> Option<String> {
        let mails = mails.as_array().unwrap().clone();
        let text = mails
            .iter()
            .rev()
            .filter(|mail| mail["to"] == "ann@example.com")
            .find_map(|mail| {
                let text = mail["text"].as_str()?.to_owned();
                text.split_once(&format!("{parameter}="))
                    .map(|(_, rest)| rest.to_owned())
            })?;
        Some(text.chars().take_while(char::is_ascii_hexdigit).collect())
    };
    let mails = server
        .anonymous()
        .get("/api/users-permissions/dev/mails")
        .await
        .expect(200);
    let code_of_link = code(mails, "code").expect("a code");
    let body =
        json!({ "code": code_of_link, "password": PASSWORD, "passwordConfirmation": PASSWORD });
    server
        .anonymous()
        .post("/api/auth/reset-password", body)
        .await
        .expect(200);
    server.login("ann", PASSWORD).await;

    let id = server
        .database()
        .number("SELECT id FROM up_users WHERE username = 'ann'");
    let path = format!("/admin/users/{id}");
    browser.page(&path).await;
    browser
        .submit(&format!("{path}/password-link"), &[])
        .await
        .has("is on its way");
    browser
        .submit(&format!("{path}/confirmation"), &[])
        .await
        .has("The confirmation link is on its way.");
    let mails = server
        .anonymous()
        .get("/api/users-permissions/dev/mails")
        .await
        .expect(200);
    let confirmation = code(mails, "confirmation").expect("a code");
    let answer = server
        .anonymous()
        .get(&format!(
            "/api/auth/email-confirmation?confirmation={confirmation}"
        ))
        .await;
    assert_eq!(answer.status, 302);
    browser
        .submit(&format!("{path}/confirmation"), &[])
        .await
        .has("The address is confirmed already");
}

#[actix_web::test]
async fn deleting_a_user_and_letting_somebody_else_in_ask_for_the_password_after_a_while() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.admin_session.recent = std::time::Duration::ZERO
    })
    .await;
    let admin = server.admin().await;
    let role = admin.role_id("authenticated").await;
    let ann = admin.create_user("ann", role).await;
    let path = format!("/admin/users/{}", ann.id);
    let delete = format!("{path}/delete");
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let page = browser.page(&path).await;
    page.has("Your password");
    let roles = page.value("was.roles").unwrap();
    let role = role.to_string();
    let form = [
        ("was.username", "ann"),
        ("was.email", "ann@example.com"),
        ("was.confirmed", "on"),
        ("confirmed", "on"),
        ("was.roles", roles.as_str()),
        ("role", role.as_str()),
    ];
    let with = |more: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> {
        form.iter().chain(more).copied().collect()
    };
    let (name, email) = (("username", "ann"), ("email", "ann@example.com"));
    let before = server.database().dump();
    for own in ["", "wrong", PASSWORD] {
        for change in [
            with(&[name, ("email", "new@example.com"), ("own_password", own)]),
            with(&[
                name,
                email,
                ("password", "OtherPass1"),
                ("own_password", own),
            ]),
        ] {
            let answer = browser.post(&path, &change).await;
            assert_eq!(answer.status, 400, "{own}");
            Html(answer.text).has("assword").has_not("OtherPass1");
        }
        let answer = browser.post(&delete, &[("password", own)]).await;
        assert_eq!(answer.status, 400, "{own}");
        Html(answer.text).has("Your password");
    }
    assert_eq!(server.database().dump(), before);
    // What lets nobody in does not ask.
    let rename = with(&[("username", "anna"), email]);
    browser.submit(&path, &rename).await.has("anna was saved.");
    let own = ("own_password", "AdminPass1");
    let change = with(&[name, email, ("password", "OtherPass1"), own]);
    browser.submit(&path, &change).await.has("was saved.");
    server.login("ann@example.com", "OtherPass1").await;
    browser.page(&delete).await.has("Your password");
    let password = [("password", "AdminPass1")];
    browser.submit(&delete, &password).await.has("was deleted.");
}

#[actix_web::test]
async fn what_is_wrong_is_shown_beside_what_was_typed() {
    let server = Server::start(Kind::Sqlite).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    browser.page("/admin/users/new").await;
    let bad = |name: &'static str, email: &'static str, password: &'static str| {
        [("username", name), ("email", email), ("password", password)]
    };
    for (fields, text) in [
        (bad("admin", "x@example.com", PASSWORD), "must be unique"),
        (
            bad("ann", "no address", PASSWORD),
            "This is no e-mail address",
        ),
        (bad("ann", "ann@example.com", "abc"), "characters"),
        (bad("a", "ann@example.com", PASSWORD), "3 characters"),
    ] {
        let answer = browser.post("/admin/users/new", &fields).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        Html(answer.text.clone())
            .has(text)
            .has(fields[0].1)
            .has(fields[1].1);
        assert!(!answer.text.contains(PASSWORD), "the password comes back");
    }
    assert_eq!(browser.get("/admin/users/999").await.status, 404);
}
