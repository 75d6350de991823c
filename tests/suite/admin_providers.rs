//! The pages of providers, and of who users are there.

use acceptance::providers::Simulators;
use acceptance::{Browser, Html, Kind, PASSWORD, Server, on_every_database};
use serde_json::json;
use users_permissions::ProviderSettings;
use users_permissions::oauth::Provider;

use crate::social::{self, FRONT, enable};

const API: &str = "/api/users-permissions/providers";
const PATH: &str = "/admin/providers/github";
const CANARY: &str = "canary-secret-of-a-provider";
const NAMES: [&str; 15] = [
    "version",
    "was.secret",
    "was.enabled",
    "was.link_by_verified_email",
    "was.key",
    "was.subdomain",
    "was.callback",
    "was.scope",
    "was.issuer",
    "was.authorize_url",
    "was.access_url",
    "was.profile_url",
    "was.jwksurl",
    "was.introspection_url",
    "was.accept_provider_tokens",
];

/// The hidden fields of the form as they were shown.
fn shown(page: &Html) -> Vec<(&'static str, String)> {
    NAMES
        .into_iter()
        .filter_map(|name| Some((name, page.value(name)?)))
        .collect()
}

/// The form with fields typed into it; those that are not named stay as they were.
fn typed<'a>(
    shown: &'a [(&'static str, String)],
    now: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let is_typed = |name: &str| now.iter().any(|(typed, _)| *typed == name);
    let mut fields: Vec<(&str, &str)> = Vec::new();
    for (name, value) in shown {
        fields.push((name, value));
        let field = name.strip_prefix("was.");
        let field = field.filter(|field| !matches!(*field, "secret" | "enabled"));
        fields.extend(
            field
                .filter(|field| !is_typed(field))
                .map(|field| (field, value.as_str())),
        );
    }
    fields.extend(now);
    fields
}

fn log(server: &Server, kind: Kind) -> Vec<String> {
    let line = match kind {
        Kind::Mysql => "CONCAT(kind, ' ', target, ' ', changes)",
        _ => "kind || ' ' || target || ' ' || changes",
    };
    server.database().lines(&format!(
        "SELECT {line} AS line FROM up_changes ORDER BY id"
    ))
}

on_every_database! {
    async fn a_provider_is_enabled_changed_and_disabled(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        browser.page("/admin/providers").await.has("0 of 16 are enabled").has("GitHub").has("not set");
        let found = browser.page("/admin/providers?q=gitH").await;
        found.has("0 of 16 are enabled").has("GitHub").has_not("Reddit");
        browser.page("/admin/providers?q=%3Cb%3E").await.has("No provider matches “<b>”.").has_not("GitHub");
        let page = browser.page(PATH).await;
        page.has("http://localhost:1337/api/connect/github/callback").has("There is none yet.").has("user:email");
        let second = "https://second.example/cb";
        let pages = format!("{FRONT}\r\n {second} \r\n");
        let now = [("key", "id"), ("secret", CANARY), ("callback", pages.as_str()), ("scope", "user:email  read:org"), ("enable", "")];
        let page = browser.submit(PATH, &typed(&shown(&page), &now)).await;
        page.has("Saved. People can sign in with it now.").has("There is one.").has_not(CANARY);
        let read = admin.get(API).await.expect(200)["github"].clone();
        assert_eq!((&read["enabled"], &read["key"], &read["secret"]), (&json!(true), &json!("id"), &json!("***")));
        assert_eq!((&read["callback"], &read["scope"]), (&json!([FRONT, second]), &json!(["user:email", "read:org"])));
        assert_eq!(server.anonymous().get("/api/connect/github").await.status, 302);
        browser.page("/admin/providers").await.has("1 of 16 is enabled");
        let stored = format!("{:?}", server.database().dump());
        assert!(!stored.contains(CANARY));

        // Nothing typed, nothing changed; then off, and the secret away.
        let page = browser.page(PATH).await;
        browser.submit(PATH, &typed(&shown(&page), &[])).await.has("Saved.");
        assert_eq!(admin.get(API).await.expect(200)["github"], read);
        let page = browser.page(PATH).await;
        let now = [("forget_secret", "on"), ("link_by_verified_email", "on"), ("disable", "")];
        browser.submit(PATH, &typed(&shown(&page), &now)).await.has("Nobody can sign in");
        let read = admin.get(API).await.expect(200)["github"].clone();
        assert_eq!((&read["enabled"], &read["secret"], &read["link_by_verified_email"]), (&json!(false), &json!(""), &json!(true)));
        server.anonymous().get("/api/connect/github").await.expect(400);

        let log = log(&server, kind);
        assert_eq!(log.len(), 2, "{log:?}");
        assert!(log.iter().all(|line| line.starts_with("provider.changed github ") && !line.contains(CANARY)));
        assert!(log[0].contains("\"field\":\"secret\",\"old\":null,\"new\":\"***\"") && log[0].contains(second), "{}", log[0]);
        assert!(log[1].contains("\"field\":\"secret\",\"old\":\"***\",\"new\":null"), "{}", log[1]);
        browser.page("/admin/changes").await.has("changed the provider").has(second);
    }

    async fn tokens_of_a_provider_are_accepted_and_refused_again_on_its_page(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let path = "/admin/providers/google";
        let page = browser.page(path).await;
        browser.submit(path, &typed(&shown(&page), &[("accept_provider_tokens", "on")])).await.has("Saved.");
        assert_eq!(admin.get(API).await.expect(200)["google"]["accept_provider_tokens"], json!(true));
        // Another field leaves it alone; the box without its tick turns it off.
        let page = browser.page(path).await;
        browser.submit(path, &typed(&shown(&page), &[("key", "id")])).await.has("Saved.");
        let read = admin.get(API).await.expect(200)["google"].clone();
        assert_eq!((&read["accept_provider_tokens"], &read["key"]), (&json!(true), &json!("id")));
        let page = browser.page(path).await;
        let mut fields = shown(&page);
        fields.retain(|(name, _)| *name != "was.accept_provider_tokens");
        let mut unticked = typed(&fields, &[]);
        unticked.push(("was.accept_provider_tokens", "on"));
        browser.submit(path, &unticked).await.has("Saved.");
        assert_eq!(admin.get(API).await.expect(200)["google"]["accept_provider_tokens"], json!(false));
        // Nothing tells whom GitHub's tokens are for.
        let page = browser.page(PATH).await;
        let answer = browser.post(PATH, &typed(&shown(&page), &[("accept_provider_tokens", "on")])).await;
        assert_eq!(answer.status, 400);
        assert_eq!(log(&server, kind).len(), 3);
    }

    async fn of_two_who_save_one_provider_the_second_is_told(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let mut one = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let mut two = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let (first, stale) = (shown(&one.page(PATH).await), shown(&two.page(PATH).await));
        let other = shown(&two.page("/admin/providers/google").await);
        one.submit(PATH, &typed(&first, &[("key", "of-one"), ("secret", CANARY)])).await.has("Saved.");
        // Another provider is nobody's business here.
        two.submit("/admin/providers/google", &typed(&other, &[("key", "google-id")])).await.has("Saved.");
        let answer = two.post(PATH, &typed(&stale, &[("callback", FRONT), ("secret", "of-two")])).await;
        assert_eq!(answer.status, 409);
        let page = Html(answer.text);
        page.has("Somebody else changed this provider").has("“” became “of-one”").has("Client secret: there is a new one");
        page.has(FRONT).has("type the new client secret again").has_not("of-two").has_not(CANARY);
        assert_eq!(admin.get(API).await.expect(200)["github"]["callback"], "");
        // Theirs and mine: saved again, nothing is lost.
        two.submit(PATH, &typed(&shown(&page), &[("key", "of-one"), ("callback", FRONT)])).await.has("Saved.");
        let read = admin.get(API).await.expect(200);
        assert_eq!((&read["github"]["key"], &read["github"]["callback"], &read["github"]["secret"]), (&json!("of-one"), &json!(FRONT), &json!("***")));
        // Changes by the API count, too.
        let stale = shown(&one.page(PATH).await);
        admin.put(API, json!({ "providers": { "github": { "secret": "another" } } })).await.expect(200);
        let answer = one.post(PATH, &typed(&stale, &[("enable", "")])).await;
        assert_eq!(answer.status, 409);
        Html(answer.text).has("Client secret: there is a new one");
        assert_eq!(admin.get(API).await.expect(200)["github"]["enabled"], false);
    }

    async fn what_is_wrong_is_told_and_nothing_is_written(kind) {
        let server = Server::start(kind).await;
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        let before = server.database().dump();
        let evil = "<img/src=x/onerror=fetch('//e')>";
        for (path, now, told) in [
            (PATH, vec![("enable", "")], "key is a required field"),
            (PATH, vec![("key", evil), ("enable", "")], "secret is a required field"),
            (PATH, vec![("callback", "javascript:alert(1)")], "callback must be a URL"),
            (PATH, vec![("key", "a b")], "without spaces"),
            (PATH, vec![("authorize_url", "no url")], "authorize_url: must be a URL"),
            ("/admin/providers/keycloak", vec![("subdomain", "user@evil.example")], "subdomain must be a host"),
        ] {
            let page = browser.page(path).await;
            let answer = browser.post(path, &typed(&shown(&page), &now)).await;
            assert_eq!(answer.status, 400, "{now:?}");
            assert!(!answer.text.contains("<img"));
            Html(answer.text).has(told).has(now[0].1);
        }
        for path in ["/admin/providers/unheard-of", "/admin/providers/..%2Fx", "/admin/providers/email"] {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
            browser.page(PATH).await;
            assert_eq!(browser.post(path, &[("key", "x")]).await.status, 404, "{path}");
            browser.page(PATH).await;
            assert_eq!(browser.post(&format!("{path}/test"), &[]).await.status, 404, "{path}");
        }
        assert_eq!(server.database().dump(), before);
    }

    async fn linked_providers_are_shown_and_unlinked(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            enable(config, &simulators, "github");
            enable(config, &simulators, "discord");
        }).await;
        let mut person = social::Browser::new(&server);
        let body = person.sign_in("github").await.expect(200);
        let (user, jwt) = (body["user"]["id"].to_string(), body["jwt"].as_str().unwrap().to_owned());
        let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
        browser.page("/admin/users?provider=github").await.has("1 found").has(&format!("/admin/users/{user}"));
        browser.page("/admin/users?provider=local").await.has("1 found").has("admin@example.com");
        browser.page("/admin/users?provider=discord").await.has("No user matches.");
        let path = format!("/admin/users/{user}");
        browser.page(&path).await.has("Linked providers").has("github");
        let ids = || server.database().lines("SELECT id AS line FROM up_identities ORDER BY id");
        let first = server.database().number("SELECT id FROM up_identities");
        let unlink = |id: i64| format!("{path}/identities/{id}");
        browser.submit(&unlink(first), &[]).await.has("The last way to sign in cannot be removed");
        assert_eq!(browser.post(&unlink(999), &[]).await.status, 404);
        // A second one is linked, so the first may go.
        let back = person.login("discord").await;
        let link = json!({ "provider": "discord", "access_token": back["access_token"] });
        let client = server.anonymous().with_token(jwt);
        client.post("/api/auth/identities", link).await.expect(200);
        browser.page(&path).await.has("discord");
        // Of another user it is none.
        assert_eq!(browser.post(&format!("/admin/users/1/identities/{first}"), &[]).await.status, 404);
        browser.page(&path).await;
        browser.submit(&unlink(first), &[]).await.has("The provider is unlinked.");
        let left = client.get("/api/auth/identities").await.expect(200);
        assert!(left.to_string().contains("discord") && !left.to_string().contains("github"), "{left}");
        assert_eq!(ids().len(), 1);
        let log = log(&server, kind);
        assert!(log.last().unwrap().starts_with("user.identity-unlinked "), "{log:?}");
        assert!(log.last().unwrap().contains("\"old\":\"github\""), "{log:?}");
    }
}

#[actix_web::test]
async fn a_provider_is_changed_by_whoever_typed_the_password_lately() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.admin_session.recent = std::time::Duration::ZERO
    })
    .await;
    let admin = server.admin().await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    let page = browser.page(PATH).await;
    page.has("Your password");
    let form = shown(&page);
    for password in ["", "wrong", PASSWORD] {
        let now = [("key", "typed"), ("secret", CANARY), ("password", password)];
        let answer = browser.post(PATH, &typed(&form, &now)).await;
        assert_eq!(answer.status, 400, "{password}");
        let page = Html(answer.text);
        page.has("typed")
            .has("type the new client secret again")
            .has_not(CANARY);
    }
    assert_eq!(admin.get(API).await.expect(200)["github"]["key"], "");
    let now = [("key", "typed"), ("password", "AdminPass1")];
    browser
        .submit(PATH, &typed(&form, &now))
        .await
        .has("Saved.");
    assert_eq!(admin.get(API).await.expect(200)["github"]["key"], "typed");
}

#[actix_web::test]
async fn a_configuration_is_tested_and_what_is_wrong_is_said() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        for name in ["github", "keycloak", "twitter", "discord"] {
            enable(config, &simulators, name);
        }
        let mut wrong = config.providers["keycloak"].clone();
        wrong.secret = Some("of-somebody-else".into());
        config.providers.insert("keycloak".to_owned(), wrong);
        let own = ProviderSettings {
            issuer: "https://nobody.example".to_owned(),
            ..config.providers["github"].clone()
        };
        config.providers.insert("mine".to_owned(), own);
    })
    .await;
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    for (name, told) in [
        (
            "github",
            "✓ Client: the provider takes the client id and the secret",
        ),
        (
            "twitter",
            "✓ Client: the provider takes key, secret and redirect URL",
        ),
        (
            "keycloak",
            "✗ Client: the provider refuses the client id or the secret",
        ),
        ("mine", "✗ Discovery of https://nobody.example"),
        ("google", "✗ Settings: key is a required field"),
    ] {
        let path = format!("/admin/providers/{name}");
        browser.page(&path).await;
        let page = browser.submit(&format!("{path}/test"), &[]).await;
        page.has(told)
            .has_not("client-secret")
            .has_not("secret text");
        if name == "keycloak" {
            // Of the two that are published one is of a kind that nobody knows.
            page.has("✓ Keys of https://kc.example/realms/shop: 1");
        }
    }
}

/// Who may see providers may not change them.
#[actix_web::test]
async fn each_step_needs_its_own_action() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let action = |name: &str| format!("plugin::users-permissions.admin.{name}");
    let (find, test) = (action("findProviders"), action("testProvider"));
    let role = admin.create_role("Looks", &[&find, &test]).await;
    admin.create_user("ann", role).await;
    let mut browser = Browser::signed_in(&server, "ann", PASSWORD).await;
    browser
        .page("/admin/providers")
        .await
        .has("Providers")
        .has_not("Advanced settings");
    let page = browser.page(PATH).await;
    page.has("Test configuration").has_not("name=\"enable\"");
    let answer = browser
        .post(PATH, &typed(&shown(&page), &[("key", "x")]))
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(admin.get(API).await.expect(200)["github"]["key"], "");
    browser.page(PATH).await;
    let answer = browser.post("/admin/users/1/identities/1", &[]).await;
    assert_eq!(answer.status, 403);
}

/// What an application calls its provider, and what people call themselves there, is text.
#[actix_web::test]
async fn names_of_providers_are_text() {
    const EVIL: &str = "<img src=x onerror=fetch('//e')>";
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let config = acceptance::config(&database);
    let builder = example_app::plugin(config).providers(|registry| {
        let provider = Provider::openid("https://evil.example").display_name(EVIL);
        registry.add("evil", provider.scopes([EVIL]));
    });
    let server = Server::with_builder(builder).await.owning(database);
    let settings = json!({ "key": "<img/src=x>", "scope": ["<img/src=x>"] });
    let admin = server.admin().await;
    let body = json!({ "providers": { "evil": settings } });
    admin.put(API, body).await.expect(200);
    server.database().execute(&format!(
        "INSERT INTO up_identities (user_id, provider, issuer, subject, email, created_at) VALUES (1, 'evil', '', 's', '{}', '2026-01-01 00:00:00')",
        EVIL.replace('\'', "''")
    ));
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    for path in [
        "/admin/providers",
        "/admin/providers/evil",
        "/admin/users/1",
        "/admin/changes",
    ] {
        let page = browser.page(path).await;
        page.has_not("<img").has(if path.ends_with("changes") {
            "<img/src=x>"
        } else {
            EVIL
        });
    }
    browser.page("/admin/providers/evil").await;
    let page = browser.submit("/admin/providers/evil/test", &[]).await;
    page.has_not("<img");
}
