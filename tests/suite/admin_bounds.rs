//! Forms of administrators that are larger, or other, than any page sends.

use acceptance::{Browser, Html, Server, on_every_database};

/// What browsers keep of a cookie, its name included.
const COOKIE: usize = 4_096;

on_every_database! {
    async fn what_a_large_change_leaves_to_say_fits_into_the_cookie(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        // Four bytes a character, and quotes, which the cookie holds as four.
        let names = ["𠮷", "\"", "名"].map(|text| format!("role {}{}", text.len(), text.repeat(240)));
        let mut roles = Vec::new();
        for name in &names {
            let body = serde_json::json!({ "name": name, "description": "", "permissions": {} });
            admin.post("/api/users-permissions/roles", body).await.expect(200);
        }
        let all = admin.get("/api/users-permissions/roles").await.expect(200);
        for role in all["roles"].as_array().unwrap() {
            if names.iter().any(|name| role["name"] == **name) {
                roles.push(role["id"].as_i64().unwrap());
            }
        }
        assert_eq!(roles.len(), names.len());
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let page = browser.page("/admin/matrix").await;
        let fields: Vec<_> = ["edition", "shown", "q"].into_iter().filter_map(|name| Some((name, page.value(name)?))).collect();
        let bases = page.values("base");
        let actions: Vec<_> = page.0.split("<tr class=\"row\"").skip(1).map(|row| row.split("id=\"a").nth(1).unwrap().split('"').next().unwrap()).collect();
        assert!(actions.len() > 50, "{}", actions.len());
        let boxes: Vec<String> = roles.iter().flat_map(|role| actions.iter().map(move |at| format!("{role}.{at}"))).collect();
        let mut sent: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        sent.extend(bases.iter().map(|base| ("base", base.as_str())));
        sent.extend(boxes.iter().map(|at| ("g", at.as_str())));
        let answer = browser.post("/admin/matrix", &sent).await;
        assert_eq!(answer.status, 303, "{}", Html(answer.text).text());
        for cookie in answer.headers.get_all("set-cookie") {
            let length = cookie.as_bytes().len();
            assert!(length <= COOKIE, "{length}");
        }
        let page = browser.page("/admin/matrix").await;
        page.has("Saved.").has(" more");
        assert_eq!(admin.grants(roles[0]).await.len(), actions.len());
    }

    async fn a_role_that_a_matrix_names_twice_is_refused(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[]).await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let page = browser.page("/admin/matrix").await;
        let edition = page.value("edition").unwrap();
        let base = page.values("base").into_iter().find(|base| base.starts_with(&format!("{role}:"))).unwrap();
        let before = server.database().dump();
        for count in [2, 20_000] {
            let mut sent = vec![("edition", edition.as_str())];
            sent.extend(std::iter::repeat_n(("base", base.as_str()), count).take(200_000 / base.len()));
            let answer = browser.post("/admin/matrix", &sent).await;
            assert_eq!(answer.status, 400);
            Html(answer.text).has("The form names a role twice");
        }
        assert_eq!(server.database().dump(), before);
    }

    async fn a_description_that_cannot_be_stored_is_refused_at_its_field(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[]).await;
        let edit = format!("/admin/roles/{role}");
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let fill = async |browser: &mut Browser, path: &str, text: &str| {
            let page = browser.page(path).await;
            let hidden = ["version", "edition", "base", "base_name", "base_description"];
            let hidden: Vec<_> = hidden.into_iter().filter_map(|name| Some((name, page.value(name)?))).collect();
            let mut sent: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
            sent.extend([("name", "Author"), ("description", text)]);
            browser.post(path, &sent).await
        };
        let before = server.database().dump();
        for path in ["/admin/roles/new", edit.as_str()] {
            for text in ["a\u{0}b".to_owned(), "名".repeat(4_001), "x".repeat(70_000), "x".repeat(300_000)] {
                let answer = fill(&mut browser, path, &text).await;
                assert_eq!(answer.status, 400, "{path}: {}", text.len());
                let told = "id=\"description-error\">description is too long or holds a NUL";
                assert!(answer.text.contains(told), "{path}: {}", text.len());
            }
        }
        assert_eq!(server.database().dump(), before);
        let longest = "名".repeat(4_000);
        assert_eq!(fill(&mut browser, &edit, &longest).await.status, 303);
        let read = admin.get(&format!("/api/users-permissions/roles/{role}")).await.expect(200);
        assert_eq!(read["role"]["description"], longest);
    }

    // PostgreSQL takes no NUL in a text; nothing that is stored holds one.
    async fn a_text_with_a_nul_finds_nothing(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        admin.create_role("Editor", &[]).await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        for query in ["actor=%00", "actor=adm%00in", "text=%00", "text=Edi%00tor"] {
            browser.page(&format!("/admin/changes?{query}")).await.has("No change matches.");
            let csv = browser.get(&format!("/admin/changes.csv?{query}")).await;
            assert_eq!((csv.status.as_u16(), csv.text.lines().count()), (200, 1), "{query}: {}", csv.text);
        }
        for who in ["a%00b", "a%00b@example.com"] {
            browser.page(&format!("/admin/explain?who={who}&path=/api/ping")).await.has("No such user");
            browser.page(&format!("/admin/explain?who={who}")).await.has("No such user");
            assert_eq!(browser.get(&format!("/admin/users?q={who}")).await.status, 400, "{who}");
            admin.get(&format!("/api/users?_q={who}")).await.expect(400);
            admin.get(&format!("/api/users?filters[username][$eq]={who}")).await.expect(400);
        }
    }

    async fn no_more_users_are_blocked_than_a_page_shows(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.role_id("authenticated").await;
        let ann = admin.create_user("ann", role).await.id.to_string();
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        browser.page("/admin/users").await;
        let before = server.database().dump();
        let many: Vec<String> = (2..=202).map(|id| id.to_string()).collect();
        let fields: Vec<_> = many.iter().map(|id| ("u", id.as_str())).chain([("all", "block")]).collect();
        let answer = browser.post("/admin/users/block", &fields).await;
        assert_eq!(answer.status, 400);
        Html(answer.text).has("At most 200 users at once");
        assert_eq!(server.database().dump(), before);
        // The same one several times is one.
        let fields: Vec<_> = std::iter::repeat_n(("u", ann.as_str()), 300).chain([("all", "block")]).collect();
        browser.submit("/admin/users/block", &fields).await.has("ann is blocked.");
    }
}
