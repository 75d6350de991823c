//! The pages of roles: what is ticked there counts in the API at once, and nothing of anybody's is lost.

use std::collections::BTreeSet;

use acceptance::{Browser, Html, Kind, PASSWORD, Server, on_every_database};
use serde_json::json;

const PING: &str = "api::article.article.ping";
const FIND: &str = "api::article.article.find";
const CREATE: &str = "api::article.article.create";
const UPDATE: &str = "api::article.article.update";

/// The hidden fields of a role's form, with boxes and texts to send.
fn form<'a>(
    page: &'a [(String, String)],
    boxes: &'a [String],
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let hidden = page
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let boxes = boxes.iter().map(|at| ("g", at.as_str()));
    hidden.chain(boxes).chain(more.iter().copied()).collect()
}

fn hidden(page: &Html) -> Vec<(String, String)> {
    [
        "version",
        "edition",
        "base",
        "base_name",
        "base_description",
    ]
    .into_iter()
    .filter_map(|name| Some((name.to_owned(), page.value(name)?)))
    .collect()
}

on_every_database! {
    async fn a_role_is_created_edited_duplicated_and_deleted(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let page = browser.page("/admin/roles/new").await;
        let (ping, find) = (page.position(PING), page.position(FIND));
        let fields = hidden(&page);
        let sent = form(&fields, std::slice::from_ref(&ping), &[("name", "Editor"), ("description", "Edits <b>")]);
        browser.submit("/admin/roles/new", &sent).await.has("The role was created.").has("Edits <b>").has(&format!("granted {PING}"));
        let id = admin.role_id("editor").await;
        assert_eq!(admin.grants(id).await, [PING]);
        browser.page("/admin/roles").await.has("Editor").has("1 of");

        let path = format!("/admin/roles/{id}");
        let page = browser.page(&path).await;
        assert_eq!(page.ticked(), std::slice::from_ref(&ping));
        let fields = hidden(&page);
        let sent = form(&fields, std::slice::from_ref(&find), &[("name", "Author"), ("description", "Edits <b>")]);
        let saved = browser.submit(&path, &sent).await;
        saved.has(&format!("granted {FIND}")).has(&format!("taken {PING}")).has("name: Editor → Author");
        assert_eq!(admin.grants(id).await, [FIND]);
        let role = admin.get(&format!("/api/users-permissions/roles/{id}")).await.expect(200);
        assert_eq!((&role["role"]["name"], &role["role"]["description"]), (&json!("Author"), &json!("Edits <b>")));

        let copy = browser.page(&format!("/admin/roles/new?from={id}")).await;
        assert_eq!(copy.ticked(), std::slice::from_ref(&find));
        copy.has("Copy of Author");

        // Its users move to the public role, as the page says.
        let ann = admin.create_user("ann", id).await;
        let page = browser.page(&format!("{path}/delete")).await;
        page.has("One user has this role");
        browser.submit(&format!("{path}/delete"), &[]).await.has("The role was deleted.").has_not("Author");
        let user = admin.get(&format!("/api/users/{}?populate=role", ann.id)).await.expect(200);
        assert_eq!(user["role"]["type"], "public");
    }

    async fn of_two_who_save_at_once_the_second_is_told_and_nothing_is_lost(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let id = admin.create_role("Editor", &[PING]).await;
        let path = format!("/admin/roles/{id}");
        let mut one = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let mut other = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let (first, second) = (one.page(&path).await, other.page(&path).await);
        let [ping, find, create] = [PING, FIND, CREATE].map(|action| first.position(action));
        let fields = hidden(&first);
        one.submit(&path, &form(&fields, &[ping.clone(), find.clone()], &[("name", "Editor"), ("description", "by one")])).await;

        let fields = hidden(&second);
        let answer = other.post(&path, &form(&fields, std::slice::from_ref(&create), &[("name", "Chief"), ("description", "")])).await;
        assert_eq!(answer.status, 409);
        let page = Html(answer.text);
        page.has("Somebody else changed this role").has(&format!("granted {FIND}")).has("by one");
        assert_eq!(admin.grants(id).await, [FIND, PING], "nothing was written");
        // The page shows the changes of both; saving it again does what it shows.
        let mut ticked = page.ticked();
        ticked.sort();
        let mut both = [find, create];
        both.sort();
        assert_eq!(ticked, both);
        let fields = hidden(&page);
        let sent = form(&fields, &ticked, &[("name", "Chief"), ("description", "by one")]);
        other.submit(&path, &sent).await.has("Saved.");
        assert_eq!(admin.grants(id).await, [CREATE, FIND]);
        let role = admin.get(&format!("/api/users-permissions/roles/{id}")).await.expect(200);
        assert_eq!((&role["role"]["name"], &role["role"]["description"]), (&json!("Chief"), &json!("by one")));
    }

    async fn the_matrix_changes_several_roles_and_keeps_what_others_changed(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (one, two) = (admin.create_role("One", &[PING]).await, admin.create_role("Two", &[]).await);
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let page = browser.page("/admin/matrix?q=article").await;
        page.has("/api/articles/{document_id}");
        let cell = |role: i64, action: &str| {
            let marker = "id=\"a";
            let row = page.0.split("<tr class=\"row\"").find(|row| row.contains(&format!("\"{action} "))).unwrap();
            let at = row.split(marker).nth(1).unwrap().split('"').next().unwrap();
            format!("{role}.{at}")
        };
        let fields: Vec<_> = ["edition", "shown", "q"].into_iter().map(|name| (name, page.value(name).unwrap())).collect();
        let bases = page.values("base");
        // Somebody else grants another action meanwhile.
        admin.set_grants(one, &[PING, FIND]).await.expect(200);
        let mut boxes: Vec<String> = page.ticked();
        boxes.retain(|at| *at != cell(one, PING));
        boxes.extend([cell(one, CREATE), cell(two, CREATE)]);
        let mut sent: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        sent.extend(bases.iter().map(|base| ("base", base.as_str())));
        sent.extend(boxes.iter().map(|at| ("g", at.as_str())));
        let saved = browser.submit("/admin/matrix", &sent).await;
        saved.has("what they changed was kept").has(&format!("Two: granted {CREATE}")).has(&format!("One: taken {PING}"));
        assert_eq!(admin.grants(one).await, [CREATE, FIND]);
        assert_eq!(admin.grants(two).await, [CREATE]);
        saved.has(&format!("Meanwhile, One: granted {FIND}"));
        let csv = browser.get("/admin/matrix.csv?q=article.create").await;
        assert_eq!(csv.text.lines().count(), 2);
        assert!(csv.text.contains("\"One\"") && csv.text.contains(CREATE), "{}", csv.text);
    }

    async fn the_matrix_tells_of_roles_that_are_gone_and_of_what_others_changed(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let mut roles = Vec::new();
        for name in ["One", "Two", "Three"] {
            roles.push(admin.create_role(name, &[]).await);
        }
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let page = browser.page("/admin/matrix").await;
        let row = page.0.split("<tr class=\"row\"").find(|row| row.contains(&format!("\"{CREATE} "))).unwrap();
        let at = row.split("id=\"a").nth(1).unwrap().split('"').next().unwrap();
        let fields: Vec<_> = ["edition", "shown", "q", "base", "name"].into_iter()
            .flat_map(|name| page.values(name).into_iter().map(move |value| (name, value)))
            .collect();
        let mut cells = page.ticked();
        cells.extend([format!("{}.{at}", roles[0]), format!("{}.{at}", roles[1])]);
        let sent: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str()))
            .chain(cells.iter().map(|cell| ("g", cell.as_str())))
            .collect();
        let held = ["home", "findRoles", "findRole", "findUsers", "findUser", "getMatrix", "explain"];
        let held = held.map(|page| format!("plugin::users-permissions.admin.{page}"));
        admin.set_grants(roles[0], &held.each_ref().map(String::as_str)).await.expect(200);
        for role in &roles[1..] {
            admin.delete(&format!("/api/users-permissions/roles/{role}")).await.expect(200);
        }
        let saved = browser.submit("/admin/matrix", &sent).await;
        saved.has("Not all of it was saved: a role was deleted meanwhile.")
            .has("The role Two was deleted; what you changed of it is lost")
            .has("Meanwhile, One: granted plugin::users-permissions.admin.explain")
            .has("Meanwhile, 2 more");
        for line in ["The role Three was deleted".to_owned(), format!("One: granted {CREATE}")] {
            assert!(saved.0.contains(&format!("<li>{line}</li>")), "{}", saved.text());
        }
        let mut all: Vec<_> = held.into_iter().chain([CREATE.to_owned()]).collect();
        all.sort();
        assert_eq!(admin.grants(roles[0]).await, all);
    }
}

#[actix_web::test]
async fn nobody_grants_by_a_page_what_they_lack() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let pages = [
        "home",
        "findRoles",
        "findRole",
        "updateRole",
        "createRole",
        "deleteRole",
    ];
    let pages = pages.map(|page| format!("plugin::users-permissions.admin.{page}"));
    let held: Vec<&str> = pages.iter().map(String::as_str).chain([PING]).collect();
    let role = admin.create_role("Clerk", &held).await;
    admin.create_user("clerk", role).await;
    let target = admin.create_role("Target", &[]).await;
    let mut browser = Browser::signed_in(&server, "clerk", PASSWORD).await;
    let path = format!("/admin/roles/{target}");
    let page = browser.page(&path).await;
    let fields = hidden(&page);
    let before = server.database().dump();
    let sent = form(
        &fields,
        &[page.position(FIND)],
        &[("name", "Target"), ("description", "")],
    )
    .into_iter()
    .map(|(a, b)| (a.to_owned(), b.to_owned()))
    .collect::<Vec<_>>();
    let sent: Vec<_> = sent.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let answer = browser.post(&path, &sent).await;
    assert_eq!(answer.status, 403);
    Html(answer.text).has(
        "It takes rights that you do not hold yourself"
            .to_lowercase()
            .as_str(),
    );
    assert_eq!(server.database().dump(), before);
    let ping = [page.position(PING)];
    browser.page(&path).await;
    let sent = form(&fields, &ping, &[("name", "Target"), ("description", "")]);
    browser.submit(&path, &sent).await.has("Saved.");
    assert_eq!(admin.grants(target).await, [PING]);
}

#[actix_web::test]
async fn what_cannot_be_deleted_or_found_says_so() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    for (role, text) in [
        ("public", "it stays"),
        ("administrator", "stays"),
        ("authenticated", "New users get this role"),
    ] {
        let path = format!("/admin/roles/{}/delete", admin.role_id(role).await);
        browser.page(&path).await.has(text);
        assert_eq!(browser.post(&path, &[]).await.status, 400, "{role}");
    }
    for id in ["999", "02", "0", "-1", "x"] {
        let answer = browser.get(&format!("/admin/roles/{id}")).await;
        assert_eq!(answer.status, 404, "{id}");
    }
    browser.page("/admin/roles").await;
    let answer = browser
        .post("/admin/roles/new", &[("name", "Public")])
        .await;
    assert_eq!(answer.status, 409, "a form of another catalog");
    let page = browser.page("/admin/roles/new").await;
    let fields = hidden(&page);
    for (name, text) in [("Public", "reserved"), ("ab", "at least 3")] {
        let answer = browser
            .post("/admin/roles/new", &form(&fields, &[], &[("name", name)]))
            .await;
        assert_eq!(answer.status, 400);
        Html(answer.text).has(text).has(name);
    }
}

#[actix_web::test]
async fn a_grave_step_asks_for_the_password_after_a_while() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.admin_session.recent = std::time::Duration::ZERO
    })
    .await;
    let admin = server.admin().await;
    let id = admin.create_role("Editor", &[]).await;
    let path = format!("/admin/roles/{id}/delete");
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    browser.page(&path).await.has("Your password");
    for password in ["", "wrong", PASSWORD] {
        let answer = browser.post(&path, &[("password", password)]).await;
        assert_eq!(answer.status, 400, "{password}");
    }
    admin
        .get(&format!("/api/users-permissions/roles/{id}"))
        .await
        .expect(200);
    browser
        .submit(&path, &[("password", "AdminPass1")])
        .await
        .has("The role was deleted.");
    admin
        .get(&format!("/api/users-permissions/roles/{id}"))
        .await
        .expect(404);
}

#[actix_web::test]
async fn explain_tells_who_is_let_in_and_why() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let role = admin.create_role("Editor", &[UPDATE]).await;
    let ann = admin.create_user("ann", role).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let update = "method=PUT&path=/api/articles/abc?x=1";
    let explain = async |browser: &mut Browser, query: &str| {
        browser.page(&format!("/admin/explain?{query}")).await
    };
    explain(&mut browser, update)
        .await
        .has("Denied (403)")
        .has("The role Public does not hold it.");
    let page = explain(&mut browser, &format!("who=ann&{update}")).await;
    page.has("Allowed, unless a policy says no")
        .has("is_author")
        .has("The role Editor holds it.");
    let id = ann.id.to_string();
    admin
        .put(&format!("/api/users/{id}"), json!({ "blocked": true }))
        .await
        .expect(200);
    explain(&mut browser, &format!("who={id}&{update}"))
        .await
        .has("Denied (401)")
        .has("ann is blocked");
    explain(&mut browser, "path=/health")
        .await
        .has("Allowed: open to everyone");
    explain(&mut browser, "path=/api/nothing")
        .await
        .has("Not served");
    explain(&mut browser, "method=DELETE&path=/health")
        .await
        .has("(405)");
    explain(&mut browser, &format!("who=nobody&{update}"))
        .await
        .has("No such user");
    let page = browser.page(&format!("/admin/actions/{UPDATE}")).await;
    page.has("/api/articles/")
        .has("is_author")
        .has("articles.rs")
        .has("Editor");
}

#[actix_web::test]
async fn explain_answers_for_whoever_is_meant() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let editor = admin.create_role("Editor", &[UPDATE]).await;
    let reader = admin.create_role("Reader", &[]).await;
    server
        .database()
        .execute("UPDATE sqlite_sequence SET seq = 776 WHERE name = 'up_users'");
    assert_eq!(admin.create_user("ann", editor).await.id, 777);
    assert_eq!(admin.create_user("777", reader).await.id, 778);
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let page = browser.page("/admin/users/777").await;
    let link = page.link("What this user may do").unwrap();
    assert_eq!(link, "/admin/explain?user=777");
    let page = browser.page(&link).await;
    page.has("ann (id 777)");
    let (id, who) = (page.value("user").unwrap(), page.value("who").unwrap());
    let ann = "Who asks: ann, the user with the id 777.";
    let digits = "Who asks: 777, the user with the id 778.";
    let nobody = "Who asks: somebody who is not signed in.";
    let update = "method=PUT&path=/api/articles/abc";
    for (query, asks, verdict) in [
        ("user=777".to_owned(), ann, "Allowed"),
        // The form of that page, with the name as it was, with another one, and without one.
        (format!("user={id}&who={who}"), ann, "Allowed"),
        (format!("user={id}&who=777"), digits, "Denied (403)"),
        (format!("user={id}&who="), nobody, "Denied (403)"),
        ("who=777".to_owned(), digits, "Denied (403)"),
        ("who=777@example.com".to_owned(), digits, "Denied (403)"),
        ("who=778".to_owned(), digits, "Denied (403)"),
        ("who=".to_owned(), nobody, "Denied (403)"),
        ("who=public".to_owned(), nobody, "Denied (403)"),
    ] {
        let page = browser
            .page(&format!("/admin/explain?{query}&{update}"))
            .await;
        page.has(asks).has(verdict);
    }
    admin.create_user("public", editor).await;
    let mut explain = async |query: &str| {
        let path = format!("/admin/explain?{query}&{update}");
        browser.page(&path).await
    };
    explain("who=public")
        .await
        .has("Who asks: public, the user with the id 779.")
        .has("Allowed");
    explain("who=").await.has(nobody).has("Denied (403)");
    explain("user=999").await.has("Nobody has the id 999.");
}

#[actix_web::test]
async fn without_a_path_explain_tells_all_that_somebody_may_do() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let editor = admin.create_role("Editor", &[UPDATE, PING]).await;
    let reader = admin.create_role("Reader", &[FIND, PING]).await;
    let ann = admin.create_user("ann", editor).await;
    let api = format!("/api/users/{}", ann.id);
    let both = json!({ "roles": [editor, reader] });
    admin.put(&api, both).await.expect(200);
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let page = browser.page(&format!("/admin/users/{}", ann.id)).await;
    let link = page.link("What this user may do").unwrap();
    for path in [link.as_str(), "/admin/explain?who=ann&method=GET&path="] {
        let page = browser.page(path).await;
        page.has(&format!("ann (id {})", ann.id))
            .has("May do 3 of ")
            .has("unless a policy says no: is_author")
            .has_not("is blocked");
        let (_, roles) = page.0.split_once(">Editor</a>").unwrap();
        let (of_editor, of_reader) = roles.split_once(">Reader</a>").unwrap();
        for (part, held) in [(of_editor, [PING, UPDATE]), (of_reader, [FIND, PING])] {
            let each = [PING, FIND, CREATE, UPDATE];
            let told = each.into_iter().filter(|name| part.contains(*name));
            let told: BTreeSet<&str> = told.collect();
            let held: BTreeSet<&str> = held.into_iter().collect();
            assert_eq!(told, held);
        }
    }
    let confirming = json!({ "email_confirmation": true });
    admin
        .put("/api/users-permissions/advanced", confirming)
        .await
        .expect(200);
    let out = json!({ "blocked": true, "confirmed": false });
    admin.put(&api, out).await.expect(200);
    browser
        .page(&link)
        .await
        .has("ann is blocked: tokens are refused.")
        .has("ann has yet to confirm the e-mail address.");
    browser
        .page("/admin/explain?user=1")
        .await
        .has("Holds every action");
    let page = browser.page("/admin/explain?who=").await;
    page.has("Somebody who is not signed in");
    assert!(page.0.contains(">Public</a></h3>"), "{}", page.text());
    browser.page("/admin/explain").await.has_not("May do ");
}

#[actix_web::test]
async fn stale_actions_are_marked_and_removed() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let role = admin.create_role("Editor", &[PING]).await;
    server.database().execute("INSERT INTO up_actions (action, created_at) VALUES ('api::gone.gone.find', '2026-01-01 00:00:00')");
    server.database().execute(&format!("INSERT INTO up_permissions (role_id, action_id, created_at) SELECT {role}, id, created_at FROM up_actions WHERE action = 'api::gone.gone.find'"));
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    browser
        .page(&format!("/admin/roles/{role}"))
        .await
        .has("api::gone.gone.find")
        .has("stale");
    let fields = [("action", "api::gone.gone.find")];
    browser
        .submit("/admin/actions/delete", &fields)
        .await
        .has("was removed");
    assert_eq!(
        server
            .database()
            .number("SELECT count(*) FROM up_actions WHERE action LIKE 'api::gone%'"),
        0
    );
    assert_eq!(admin.grants(role).await, [PING]);
}
