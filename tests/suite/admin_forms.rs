//! Forms of administrators that are refused: what stays in them, what others change meanwhile, and where it
//! is said what is wrong.

use acceptance::{Browser, Html, Kind, PASSWORD, Server, on_every_database};
use serde_json::json;
use users_permissions::ProfileField;

const PING: &str = "api::article.article.ping";
const ADVANCED: &str = "/api/users-permissions/advanced";
const TEMPLATES: &str = "/api/users-permissions/email-templates";

/// Every field of the first form that is sent to `path`, as a browser without scripts would send it: hidden
/// ones and texts, with the line ends of browsers, an `<input>` that is seen in one line; `now` replaces or adds
/// some.
fn filled(page: &Html, path: &str, now: &[(&str, &str)]) -> Vec<(String, String)> {
    let marker = format!("action=\"{path}\"");
    let form = page.0.split(&marker).nth(1).expect("a form");
    let form = form.split("</form>").next().unwrap();
    let mut fields: Vec<(String, String)> = Vec::new();
    for tag in form.split("<input ").skip(1) {
        let tag = tag.split('>').next().unwrap();
        let of = |name: &str| {
            let rest = tag.split(&format!("{name}=\"")).nth(1)?;
            Some(plain(rest.split('"').next()?))
        };
        let is_box = tag.contains("type=\"checkbox\"");
        if is_box && !tag.contains(" checked") {
            continue;
        }
        if let Some(name) = of("name").filter(|name| name != "_csrf") {
            let value =
                of(" value").unwrap_or_else(|| if is_box { "on".into() } else { String::new() });
            let value = match tag.contains("type=\"hidden\"") {
                true => sent(&value),
                false => value.replace(['\r', '\n'], ""),
            };
            fields.push((name, value));
        }
    }
    for area in form.split("<textarea ").skip(1) {
        let name = area.split("name=\"").nth(1).unwrap().split('"').next();
        let text = area.split_once('>').unwrap().1.split("</textarea>").next();
        let text = text.unwrap();
        let text = text.strip_prefix('\n').unwrap_or(text);
        fields.push((name.unwrap().to_owned(), sent(&plain(text))));
    }
    for select in form.split("<select ").skip(1) {
        let name = select.split("name=\"").nth(1).unwrap().split('"').next();
        let select = select.split("</select>").next().unwrap();
        let option = select
            .split("<option ")
            .find(|option| option.contains(" selected"));
        let value = option.and_then(|option| option.split("value=\"").nth(1)?.split('"').next());
        fields.push((
            name.unwrap().to_owned(),
            value.unwrap_or_default().to_owned(),
        ));
    }
    fields.retain(|(name, _)| !now.iter().any(|(replaced, _)| replaced == name));
    let now = now
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    fields.extend(now);
    fields
}

fn plain(text: &str) -> String {
    let text = text.replace("&#60;", "<").replace("&#62;", ">");
    text.replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

fn sent(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.replace('\n', "\r\n")
}

async fn send(browser: &mut Browser, path: &str, fields: &[(String, String)]) -> (u16, Html) {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let answer = browser.post(path, &fields).await;
    (answer.status.as_u16(), Html(answer.text))
}

/// The tag of the field, and whether a message stands where the tag says.
#[track_caller]
fn is_marked(page: &Html, id: &str) {
    let tag = page
        .0
        .split(&format!(" id=\"{id}\""))
        .nth(1)
        .or_else(|| page.0.split(&format!(" name=\"{id}\"")).nth(1));
    let tag = tag
        .unwrap_or_else(|| panic!("no {id}"))
        .split('>')
        .next()
        .unwrap();
    assert!(tag.contains("aria-invalid=\"true\""), "{id}: {tag}");
    assert!(
        tag.contains(&format!("aria-describedby=\"{id}-error")),
        "{id}: {tag}"
    );
    assert!(
        page.0
            .contains(&format!("<p class=\"error\" id=\"{id}-error\">")),
        "{id}"
    );
}

on_every_database! {
    // A form that was refused is still the one that was opened then.
    async fn a_refused_form_undoes_nothing_that_others_change_meanwhile(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[]).await;
        let ann = admin.create_user("ann", role).await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;

        let path = format!("/admin/users/{}", ann.id);
        let page = browser.page(&path).await;
        let (status, page) = send(&mut browser, &path, &filled(&page, &path, &[("username", "a")])).await;
        assert_eq!(status, 400);
        let change = json!({ "blocked": true, "nickname": "Other", "email": "other@example.com" });
        admin.put(&format!("/api/users/{}", ann.id), change).await.expect(200);
        let (status, page) = send(&mut browser, &path, &filled(&page, &path, &[("username", "anna")])).await;
        assert_eq!(status, 303, "{}", page.text());
        let user = admin.get(&format!("/api/users/{}", ann.id)).await.expect(200);
        assert_eq!((&user["username"], &user["blocked"], &user["nickname"], &user["email"]), (&json!("anna"), &json!(true), &json!("Other"), &json!("other@example.com")));

        let path = "/admin/settings";
        let page = browser.page(path).await;
        let (status, page) = send(&mut browser, path, &filled(&page, path, &[("email_reset_password", "ftp://x")])).await;
        assert_eq!(status, 400);
        admin.put(ADVANCED, json!({ "allow_register": false })).await.expect(200);
        let (status, page) = send(&mut browser, path, &filled(&page, path, &[("email_reset_password", "https://app.example/reset")])).await;
        assert_eq!(status, 409);
        page.has("Sign-up: “on” became “off”");
        let fields = filled(&page, path, &[]);
        assert_eq!(send(&mut browser, path, &fields).await.0, 303);
        let settings = admin.get(ADVANCED).await.expect(200)["settings"].clone();
        assert_eq!((&settings["allow_register"], &settings["email_reset_password"]), (&json!(false), &json!("https://app.example/reset")));

        let path = format!("/admin/roles/{role}");
        let page = browser.page(&path).await;
        let (status, page) = send(&mut browser, &path, &filled(&page, &path, &[("name", "x")])).await;
        assert_eq!(status, 400);
        admin.put(&format!("/api/users-permissions/roles/{role}"), json!({ "description": "theirs" })).await.expect(200);
        let (status, page) = send(&mut browser, &path, &filled(&page, &path, &[("name", "Author")])).await;
        assert_eq!(status, 409);
        page.has("theirs");
        let fields = filled(&page, &path, &[]);
        assert_eq!(send(&mut browser, &path, &fields).await.0, 303);
        let read = admin.get(&format!("/api/users-permissions/roles/{role}")).await.expect(200)["role"].clone();
        assert_eq!((&read["name"], &read["description"]), (&json!("Author"), &json!("theirs")));
    }

    async fn of_two_who_change_one_field_of_a_user_the_second_is_told(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (editor, chief) = (admin.create_role("Editor", &[]).await, admin.create_role("Chief", &[]).await);
        let ann = admin.create_user("ann", editor).await;
        let (path, api) = (format!("/admin/users/{}", ann.id), format!("/api/users/{}", ann.id));
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let chief = chief.to_string();
        let public = admin.role_id("authenticated").await;
        for (mine, theirs, told) in [
            (("username", "mine"), json!({ "username": "theirs" }), "User name: “ann” became “theirs”"),
            (("email", "mine@example.com"), json!({ "email": "theirs@example.com" }), "E-mail: “ann@example.com” became “theirs@example.com”"),
            (("profile.nickname", "Mine"), json!({ "nickname": "Theirs" }), "nickname: “” became “Theirs”"),
            (("role", chief.as_str()), json!({ "role": public }), "Roles: “Editor” became “Authenticated”"),
        ] {
            let page = browser.page(&path).await;
            admin.put(&api, theirs.clone()).await.expect(200);
            let before = server.database().dump();
            let (status, page) = send(&mut browser, &path, &filled(&page, &path, &[mine])).await;
            assert_eq!(status, 409, "{told}: {}", page.text());
            page.has("Somebody else changed this user").has(told);
            assert_eq!(server.database().dump(), before);
            // What is mine stands in the form, and is saved by saving it again.
            let fields = filled(&page, &path, &[]);
            assert!(fields.contains(&(mine.0.to_owned(), mine.1.to_owned())), "{fields:?}");
            assert_eq!(send(&mut browser, &path, &fields).await.0, 303);
            browser.page(&path).await.has(mine.1);
            let back = json!({ "username": "ann", "email": "ann@example.com", "nickname": null, "role": editor, "confirmed": true });
            admin.put(&api, back).await.expect(200);
        }
        // What others changed and nobody changes here is no conflict.
        let page = browser.page(&path).await;
        admin.put(&api, json!({ "nickname": "Theirs" })).await.expect(200);
        let fields = filled(&page, &path, &[("username", "anna")]);
        assert_eq!(send(&mut browser, &path, &fields).await.0, 303);
        assert_eq!(admin.get(&api).await.expect(200)["nickname"], "Theirs");
    }

    async fn both_changes_of_a_mail_stand_in_its_form(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let path = "/admin/emails/password_changed";
        let page = browser.page(path).await;
        let theirs = json!({ "email-templates": { "password_changed": { "options": {
            "object": "Theirs", "message": "<p>Theirs</p>", "from": { "name": "Desk", "email": "desk@example.com" }, "response_email": "answers@example.com",
        } } } });
        admin.put(TEMPLATES, theirs).await.expect(200);
        let (status, page) = send(&mut browser, path, &filled(&page, path, &[("object", "Mine")])).await;
        assert_eq!(status, 409);
        for told in ["<p>Theirs</p>", "Desk", "desk@example.com", "answers@example.com", "Theirs"] {
            page.has(told);
        }
        let fields = filled(&page, path, &[]);
        for (name, value) in [("object", "Mine"), ("message", "<p>Theirs</p>"), ("from_name", "Desk"), ("response_email", "answers@example.com")] {
            assert!(fields.contains(&(name.to_owned(), value.to_owned())), "{name}: {fields:?}");
        }
        assert_eq!(send(&mut browser, path, &fields).await.0, 303);
        // Another mail is nobody's business here.
        let page = browser.page(path).await;
        let other = json!({ "email-templates": { "email_changed": { "options": { "object": "Other", "message": "Other", "from": {}, "response_email": "" } } } });
        admin.put(TEMPLATES, other).await.expect(200);
        let fields = filled(&page, path, &[("object", "Again")]);
        assert_eq!(send(&mut browser, path, &fields).await.0, 303);
    }

    async fn the_log_is_handed_out_whole_and_by_days(kind) {
        let server = Server::start(kind).await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let columns = "(actor, origin, kind, target, changes, created_at)";
        let row = |target: &str, time: &str| format!("('admin', '', 'role.created', '{target}', '[]', '{time}')");
        for (target, time) in [("before", "2026-01-31 23:59:59"), ("first", "2026-02-01 00:00:00"), ("last", "2026-02-03 23:59:59"), ("after", "2026-02-04 00:00:00")] {
            server.database().execute(&format!("INSERT INTO up_changes {columns} VALUES {}", row(target, time)));
        }
        let days = "from=2026-02-01&to=2026-02-03";
        let page = browser.page(&format!("/admin/changes?{days}")).await;
        page.has("first").has("last").has_not("<b>before</b>").has_not("<b>after</b>").has("2026-02-03").has("Show all");
        let csv = browser.get(&format!("/admin/changes.csv?{days}")).await.text;
        assert_eq!(csv.lines().count(), 3, "{csv}");
        for odd in ["from=x", "to=2026-13-01", "from=99999-01-01", "to=-5-01-01"] {
            browser.page(&format!("/admin/changes?{odd}")).await.has("before").has("after");
        }
        let rows: Vec<_> = (0..500).map(|_| row("many", "2026-03-01 00:00:00")).collect();
        let rows = rows.join(",");
        for _ in 0..21 {
            server.database().execute(&format!("INSERT INTO up_changes {columns} VALUES {rows}"));
        }
        let csv = browser.get("/admin/changes.csv").await.text;
        assert_eq!(csv.lines().count(), 1 + 4 + 21 * 500);
        assert!(csv.contains("\"before\""));
    }
}

#[actix_web::test]
async fn a_description_that_nobody_touched_stays_as_it_is() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let role = admin.create_role("Editor", &[]).await;
    let api = format!("/api/users-permissions/roles/{role}");
    let path = format!("/admin/roles/{role}");
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    for description in ["a\nb", "a\r\nb\rc", "\n\na \n b\n", "  a  ", "  "] {
        let body = json!({ "description": description });
        admin.put(&api, body).await.expect(200);
        admin.set_grants(role, &[]).await.expect(200);
        let page = browser.page(&path).await;
        let mut fields = filled(&page, &path, &[]);
        fields.push(("g".to_owned(), page.position(PING)));
        let (status, page) = send(&mut browser, &path, &fields).await;
        assert_eq!(status, 303, "{description:?}: {}", page.text());
        let read = admin.get(&api).await.expect(200);
        assert_eq!(read["role"]["description"], description);
        assert_eq!(admin.grants(role).await, [PING]);
    }
    // What is typed is stored in lines, too.
    let page = browser.page(&path).await;
    let fields = filled(&page, &path, &[("description", "one\r\ntwo ")]);
    assert_eq!(send(&mut browser, &path, &fields).await.0, 303);
    let read = admin.get(&api).await.expect(200);
    assert_eq!(read["role"]["description"], "one\ntwo");
}

#[actix_web::test]
async fn fields_of_a_user_that_nobody_touched_stay_as_they_are() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        let motto = ProfileField::text("motto").required();
        config.profile_fields.push(motto);
    })
    .await;
    let admin = server.admin().await;
    let ann = json!({
        "username": "ann", "email": "ann@example.com", "password": PASSWORD, "nickname": " x ", "motto": "  ",
    });
    let ann = admin.post("/api/users", ann).await.expect(201);
    let path = format!("/admin/users/{}", ann["id"]);
    let api = format!("/api/users/{}", ann["id"]);
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let page = browser.page(&path).await;
    let fields = filled(&page, &path, &[("blocked", "on")]);
    let (status, page) = send(&mut browser, &path, &fields).await;
    assert_eq!(status, 303, "{}", page.text());
    let read = admin.get(&api).await.expect(200);
    assert_eq!(
        (&read["blocked"], &read["nickname"], &read["motto"]),
        (&json!(true), &json!(" x "), &json!("  "))
    );
}

#[actix_web::test]
async fn what_is_wrong_is_said_at_its_field() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let role = admin.create_role("Editor", &[]).await;
    admin.create_user("ann", role).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let new = [
        ("username", "bob"),
        ("email", "bob@example.com"),
        ("password", PASSWORD),
    ];
    let with = |name: &'static str, value: &'static str| {
        new.map(|(known, old)| (known, if known == name { value } else { old }))
    };
    let user = "/admin/users/new";
    let both = [
        ("email_reset_password", "ftp://x"),
        ("email_confirmation_redirection", "ftp://x"),
    ];
    let reset = "/admin/emails/reset_password";
    let good = ("message", "<%= CODE %>");
    for (path, now, ids) in [
        (user, with("username", "ann").to_vec(), vec!["username"]),
        (user, with("username", "a").to_vec(), vec!["username"]),
        (user, with("email", "nothing").to_vec(), vec!["email"]),
        (
            user,
            with("email", "ann@example.com").to_vec(),
            vec!["email"],
        ),
        (user, with("password", "x").to_vec(), vec!["password"]),
        ("/admin/roles/new", vec![("name", "x")], vec!["name"]),
        ("/admin/roles/new", vec![("name", "Public")], vec!["name"]),
        (
            "/admin/settings",
            both.to_vec(),
            vec!["reset", "redirection"],
        ),
        (
            "/admin/settings",
            vec![("default_role", "gone")],
            vec!["default_role"],
        ),
        (
            "/admin/providers/github",
            vec![("callback", "no url")],
            vec!["callback"],
        ),
        (
            "/admin/providers/github",
            vec![("authorize_url", "no url")],
            vec!["u-authorize_url"],
        ),
        (reset, vec![("object", " "), good], vec!["object"]),
        (
            reset,
            vec![("object", "x"), ("message", "<%= NOBODY %>")],
            vec!["message"],
        ),
        (
            reset,
            vec![("from_email", "nobody"), good],
            vec!["from_email"],
        ),
        (reset, vec![("from_name", "<x>"), good], vec!["from_name"]),
        (
            reset,
            vec![("response_email", "nobody"), good],
            vec!["response_email"],
        ),
    ] {
        let page = browser.page(path).await;
        let (status, page) = send(&mut browser, path, &filled(&page, path, &now)).await;
        assert_eq!(status, 400, "{path} {now:?}: {}", page.text());
        for id in &ids {
            is_marked(&page, id);
        }
        assert_eq!(
            page.0.matches("aria-invalid").count(),
            ids.len(),
            "{path} {now:?}"
        );
        assert_eq!(page.0.matches(" autofocus").count(), 1, "{path} {now:?}");
        page.has("look at the fields that are marked");
    }
}

#[actix_web::test]
async fn a_mail_that_lost_its_code_or_its_link_is_saved_with_a_warning() {
    const CODE: &str = "Warning: This mail has neither";
    const LINK: &str = "Warning: This mail has no ";
    let server = Server::start(Kind::Sqlite).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    for (key, message, warnings) in [
        ("reset_password", "<p><%= URL %></p>", vec![CODE]),
        ("reset_password", "<p><%=URL%>?code=<%=TOKEN%></p>", vec![]),
        (
            "reset_password",
            "<p><%= URL %>?code=<%=  CODE %></p>",
            vec![],
        ),
        ("reset_password", "<p>Hello</p>", vec![CODE, LINK]),
        (
            "reset_password",
            "<p>https://app.example: <%= CODE %></p>",
            vec![LINK],
        ),
        (
            "email_confirmation",
            "<p><%= SERVER_URL %>, code <%= CODE %></p>",
            vec![LINK],
        ),
        // Somebody's own page, written out.
        (
            "reset_password",
            "<a href=\"https://app.example/reset?code=<%= CODE %>\">Go</a>",
            vec![],
        ),
        ("password_changed", "<p>Hello</p>", vec![]),
    ] {
        let path = format!("/admin/emails/{key}");
        let page = browser.page(&path).await;
        let fields = filled(&page, &path, &[("message", message)]);
        assert_eq!(send(&mut browser, &path, &fields).await.0, 303);
        let page = browser.page(&path).await;
        page.has("Saved.");
        let found = page.0.matches("Warning:").count();
        assert_eq!(found, warnings.len(), "{message}");
        for warning in warnings {
            page.has(warning);
        }
    }
}
