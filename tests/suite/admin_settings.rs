//! The pages of settings, mails and the outbox.

use acceptance::{Browser, Html, Kind, PASSWORD, Server, on_every_database};
use serde_json::json;

const ADVANCED: &str = "/api/users-permissions/advanced";

/// The fields of the settings' form as they were shown.
fn was(page: &Html) -> Vec<(String, String)> {
    let names = [
        "version",
        "was.unique_email",
        "was.allow_register",
        "was.email_confirmation",
        "was.email_reset_password",
        "was.email_confirmation_redirection",
        "was.default_role",
    ];
    names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), page.value(name)?)))
        .collect()
}

fn sent<'a>(was: &'a [(String, String)], now: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let was = was
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    was.chain(now.iter().copied()).collect()
}

on_every_database! {
    async fn advanced_settings_are_changed_and_nobodys_change_is_lost(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let first = was(&browser.page("/admin/settings").await);
        let page = "https://app.example/reset";
        let now = [("unique_email", "on"), ("default_role", "authenticated"), ("email_reset_password", page)];
        browser.submit("/admin/settings", &sent(&first, &now)).await.has("Saved.");
        let settings = admin.get(ADVANCED).await.expect(200);
        assert_eq!((&settings["settings"]["allow_register"], &settings["settings"]["email_reset_password"]), (&json!(false), &json!(page)), "{settings}");

        let stale = was(&browser.page("/admin/settings").await);
        admin.put(ADVANCED, json!({ "email_confirmation_redirection": "https://app.example/welcome" })).await.expect(200);
        let now = [("unique_email", "on"), ("allow_register", "on"), ("default_role", "authenticated"), ("email_reset_password", page)];
        let answer = browser.post("/admin/settings", &sent(&stale, &now)).await;
        assert_eq!(answer.status, 409);
        let page = Html(answer.text);
        page.has("Somebody else changed the settings").has("https://app.example/welcome");
        assert!(page.0.contains("name=\"allow_register\" checked"), "what was ticked here stays ticked");
        assert_eq!(admin.get(ADVANCED).await.expect(200)["settings"]["allow_register"], false);

        let fresh = was(&browser.page("/admin/settings").await);
        for bad in ["javascript://x", "ftp://x", "//evil"] {
            let now = [("unique_email", "on"), ("default_role", "authenticated"), ("email_reset_password", bad)];
            let answer = browser.post("/admin/settings", &sent(&fresh, &now)).await;
            assert_eq!(answer.status, 400, "{bad}");
            Html(answer.text).has("must be an http or https URL").has(bad);
        }
    }

    async fn templates_are_changed_checked_and_tried_out(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        browser.page("/admin/emails").await.has("Reset password");
        let path = "/admin/emails/reset_password";
        let base = browser.page(path).await.value("base").unwrap();
        let fields = |message: &'static str| [("base", base.clone()), ("object", "Hello".to_owned()), ("message", message.to_owned())];
        let text = |fields: &[(&'static str, String)]| -> Vec<(&'static str, String)> { fields.to_vec() };
        let before = server.database().dump();
        for (message, error) in [
            ("Hi\n <%= NOBODY %>", "line 2 column 2: unknown variable"),
            ("Hello <%= TOKEN", "line 1 column 7"),
            ("<script><%= USER.username %></script>", "must not stand in a tag"),
        ] {
            let fields = text(&fields(message));
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = browser.post(path, &fields).await;
            assert_eq!(answer.status, 400);
            Html(answer.text).has(error).has(message.lines().next().unwrap());
            let answer = browser.post(&format!("{path}/preview"), &fields).await;
            assert_eq!(answer.status, 200);
            assert!(answer.text.contains(error.split(':').next().unwrap()), "{}", answer.text);
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("sandbox;") && policy.contains("frame-ancestors 'self'"), "{policy}");
            browser.page(path).await;
        }
        assert_eq!(server.database().dump(), before);
        let good = text(&fields("<p>Code <%= CODE %> for <%= USER.username %></p>"));
        let good: Vec<_> = good.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.submit(path, &good).await.has("Saved.");
        let stored = admin.get("/api/users-permissions/email-templates").await.expect(200);
        assert!(stored.to_string().contains("Code <%= CODE %> for"), "{stored}");
        browser.submit(&format!("{path}/test"), &[]).await.has("is on its way to admin@example.com");
        let mails = server.anonymous().get("/api/users-permissions/dev/mails").await.expect(200);
        assert!(mails.to_string().contains("for admin"), "{mails}");
        browser.page("/admin/outbox").await.has("admin@example.com").has("kept");
        // Somebody who still has the old text in front of them is told.
        let other = text(&fields("<p>Mine</p>"));
        let other: Vec<_> = other.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = browser.post(path, &other).await;
        assert_eq!(answer.status, 409);
        Html(answer.text).has("Somebody else changed this mail").has("<p>Mine</p>").has("Code <%= CODE %>");
    }

    // Where links lead, and who a provider says somebody is, opens the accounts of those who hold more.
    async fn what_opens_higher_accounts_is_changed_by_those_who_hold_every_right(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let pages = ["getSettings", "updateSettings", "findTemplate", "updateTemplate", "findProviders", "updateProvider"];
        let pages = pages.map(|page| format!("plugin::users-permissions.admin.{page}"));
        let role = admin.create_role("Desk", &pages.each_ref().map(String::as_str)).await;
        admin.create_user("desk", role).await;
        let mut browser = Browser::signed_in(&server, "desk", PASSWORD).await;
        let evil = "https://evil.example/";
        let before = server.database().dump();
        let first = was(&browser.page("/admin/settings").await);
        for field in ["email_reset_password", "email_confirmation_redirection"] {
            let now = [("unique_email", "on"), ("allow_register", "on"), ("default_role", "authenticated"), (field, evil)];
            let answer = browser.post("/admin/settings", &sent(&first, &now)).await;
            assert_eq!(answer.status, 403, "{field}");
            Html(answer.text).has("it takes rights that you do not hold yourself");
            browser.page("/admin/settings").await;
        }
        for key in ["reset_password", "email_confirmation"] {
            let path = format!("/admin/emails/{key}");
            let base = browser.page(&path).await.value("base").unwrap();
            let message = "<a href=\"https://evil.example/?code=<%= CODE %>\">Choose</a>";
            let answer = browser.post(&path, &[("base", &base), ("object", "Hello"), ("message", message)]).await;
            assert_eq!(answer.status, 403, "{key}");
            Html(answer.text).has("it takes rights that you do not hold yourself");
        }
        let version = browser.page("/admin/providers/github").await.value("version").unwrap();
        let fields = [("version", version.as_str()), ("was.key", ""), ("key", "id"), ("callback", evil)];
        let answer = browser.post("/admin/providers/github", &fields).await;
        assert_eq!(answer.status, 403);
        assert_eq!(server.database().dump(), before);
        // What is theirs is saved.
        browser.page("/admin/settings").await;
        let now = [("unique_email", "on"), ("default_role", "authenticated")];
        browser.submit("/admin/settings", &sent(&first, &now)).await.has("Saved.");
        let path = "/admin/emails/password_changed";
        let base = browser.page(path).await.value("base").unwrap();
        browser.submit(path, &[("base", &base), ("object", "Hello"), ("message", "Hello")]).await.has("Saved.");
    }
}

#[actix_web::test]
async fn a_mail_that_was_given_up_is_tried_again() {
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let mut config = acceptance::config(&database);
    // Nobody listens there; the first attempt is the last.
    config.mail.smtp_url = Some("smtp://127.0.0.1:9?tls=none".into());
    config.mail.attempts = 1;
    let server = Server::with_config(config).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    browser.page("/admin/emails/password_changed").await;
    browser
        .submit("/admin/emails/password_changed/test", &[])
        .await
        .has("on its way");
    let dead = || database.number("SELECT count(*) FROM up_outbox WHERE state = 'dead'");
    let begin = std::time::Instant::now();
    while dead() == 0 {
        assert!(begin.elapsed().as_secs() < 20, "the mail is not given up");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    browser
        .page("/admin/outbox?state=dead")
        .await
        .has("given up")
        .has("Retry");
    browser.page("/admin").await.has("mails given up");
    let id = database.number("SELECT id FROM up_outbox");
    browser.page("/admin/outbox").await;
    browser
        .submit(&format!("/admin/outbox/{id}/retry"), &[])
        .await
        .has("The mail waits to be sent again.");
    assert_eq!(
        browser.post("/admin/outbox/999/retry", &[]).await.status,
        404
    );
}

// What explains the settings is told, and what opens anything is not.
#[actix_web::test]
async fn the_configuration_is_told_without_its_secrets() {
    const CANARIES: [&str; 7] = [
        "c4nary-of-the-signature-c4nary-of-it",
        "c4nary-at-the-mail-server",
        "c4nary-word-for-the-mail-server",
        "c4nary-of-what-is-sealed",
        "c4nary-of-the-cookies",
        "c4nary-of-the-first-one1A",
        "c4nary-of-a-provider",
    ];
    let [signs, user, word, seals, cookies, first, provider] = CANARIES;
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let mut config = acceptance::config(&database);
    config.public_url = "https://api.example/shop".to_owned();
    config.signing_keys = users_permissions::SigningKeys::parse(signs).ok();
    config.mail.smtp_url = Some(format!("smtps://{user}:{word}@mail.example:465").into());
    config.encryption_key = Some(seals.into());
    config.app_keys = vec![cookies.into()];
    config.first_admin.as_mut().unwrap().password = first.into();
    let settings = users_permissions::ProviderSettings {
        secret: Some(provider.into()),
        ..Default::default()
    };
    config.providers.insert("github".to_owned(), settings);
    config.jwt_management = users_permissions::JwtManagement::Refresh;
    config.sessions.access_token_lifespan = std::time::Duration::from_secs(300);
    config.ratelimit.enabled = true;
    config.ratelimit.max = 17;
    config.code_life.reset = std::time::Duration::from_secs(5_400);
    config.password_policy = users_permissions::PasswordPolicy::Recommended;
    let path = database.url();
    let server = Server::with_config(config).await.owning(database);
    let mut browser = Browser::signed_in(&server, "admin", first).await;
    let page = browser.page("/admin/settings").await;
    page.has("From the configuration")
        .has("development")
        .has("https://api.example/shop")
        .has("sessions: 5 minutes for an access token")
        .has("a session ends after 30 days, or 14 days without use")
        .has("in 1 minute: 17 tries")
        .has("counted in each instance")
        .has("not guessable")
        .has("for a new password 90 minutes, for an address 3 days")
        .has("by mail.example")
        .has("UP_RATELIMIT");
    for secret in CANARIES.into_iter().chain([path.as_str(), ":465"]) {
        page.has_not(secret);
    }

    let server = Server::start(Kind::Sqlite).await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let page = browser.page("/admin/settings").await;
    page.has("long-lived: 30 days")
        .has("kept for developers")
        .has("6 characters to 72 bytes");
    assert!(page.0.contains("<dt>Limits</dt><dd>off<"));
}

// Strings that would be code anywhere but in text.
#[actix_web::test]
async fn free_text_is_text_on_every_page() {
    const EVIL: &str = "<img src=x onerror=fetch('//e')>";
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let role = admin
        .post(
            "/api/users-permissions/roles",
            json!({ "name": EVIL, "description": EVIL, "type": "evil" }),
        )
        .await;
    role.expect(200);
    let role = admin.role_id("evil").await;
    let ann = admin.create_user("ann", role).await;
    server.database().execute(&format!(
        "UPDATE up_users SET username = '{}' WHERE id = {}",
        EVIL.replace('\'', "''"),
        ann.id
    ));
    admin.put("/api/users-permissions/email-templates", json!({ "email-templates": { "reset_password": { "options": { "object": EVIL, "message": EVIL, "from": {}, "response_email": "" } } } })).await.expect(200);
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    browser.page("/admin/emails/reset_password").await;
    browser
        .submit("/admin/emails/reset_password/test", &[])
        .await
        .has("is on its way");
    for path in ["/admin/settings", "/admin/outbox", "/admin/users/new"] {
        let page = browser.page(path).await;
        page.has(EVIL).has_not("<img");
    }
    let pages = [
        "/admin".to_owned(),
        "/admin/roles".into(),
        format!("/admin/roles/{role}"),
        format!("/admin/roles/{role}/delete"),
        "/admin/matrix".into(),
        "/admin/users".into(),
        format!("/admin/users/{}", ann.id),
        format!("/admin/users/{}/delete", ann.id),
        "/admin/changes".into(),
        format!("/admin/explain?who={EVIL}&path=/api/ping"),
        format!("/admin/users?q={EVIL}"),
        format!("/admin/roles?q={EVIL}"),
        format!("/admin/matrix?q={EVIL}"),
        format!("/admin/changes?actor={EVIL}&text={EVIL}"),
        "/admin/emails".into(),
        "/admin/emails/reset_password".into(),
        format!("/admin/login?next={EVIL}"),
    ];
    let mut shown = 0;
    for path in pages {
        let page = browser.get(&path).await;
        assert!(!page.text.contains("<img"), "{path}");
        shown += page.text.matches("&#60;img src=x").count();
    }
    assert!(shown > 14, "{shown}");
}
