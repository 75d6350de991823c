//! Providers as settings, over the API.

use acceptance::providers::Simulators;
use acceptance::{Kind, Server, on_every_database};
use serde_json::{Value, json};
use users_permissions::{Config, SigningKeys};

use crate::social::{FRONT, enable};

const PATH: &str = "/api/users-permissions/providers";
const CANARY: &str = "canary-secret-of-a-provider";

on_every_database! {
    async fn providers_are_read_and_changed_and_secrets_never_leave(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let answer = admin.get(PATH).await;
        let tag = answer.headers["etag"].to_str().unwrap().to_owned();
        let all = answer.expect(200);
        assert_eq!(all.as_object().unwrap().len(), 17);
        assert_eq!(all["email"], json!({ "enabled": true, "icon": "envelope" }));
        let github = &all["github"];
        assert_eq!((&github["enabled"], &github["secret"], &github["display"]), (&json!(false), &json!(""), &json!("GitHub")));
        assert_eq!(github["redirectUri"], "http://localhost:1337/api/connect/github/callback");
        assert_eq!(github["scope"], json!(["user:email"]));
        let change = json!({ "providers": { "github": { "enabled": true, "key": "id", "secret": CANARY, "callback": FRONT } } });
        admin.put(PATH, change.clone()).await.expect(200);
        let stored = format!("{:?}", server.database().dump()["up_settings"]);
        assert!(stored.contains("provider.github") && !stored.contains(CANARY));
        let answer = admin.get(PATH).await;
        assert!(!answer.text.contains(CANARY));
        let read = answer.expect(200);
        assert_eq!((&read["github"]["secret"], &read["github"]["callback"]), (&json!("***"), &json!(FRONT)));
        // What was read may be written back, and keeps the secret.
        admin.put(PATH, json!({ "providers": read.clone() })).await.expect(200);
        assert_eq!(admin.get(PATH).await.expect(200), read);
        assert_eq!(server.anonymous().get("/api/connect/github").await.status, 302);
        // Somebody else was quicker.
        let request = admin.request(reqwest::Method::PUT, PATH).header("if-match", tag).json(&change);
        assert_eq!(admin.send(request).await.status, 409);
        // Off, and the secret away.
        admin.put(PATH, json!({ "providers": { "github": { "enabled": false, "secret": null } } })).await.expect(200);
        assert_eq!(admin.get(PATH).await.expect(200)["github"]["secret"], "");
        let disabled = "This provider is disabled";
        server.anonymous().get("/api/connect/github").await.expect_error(400, "ApplicationError", disabled);
    }

    async fn a_stored_secret_is_sent_nowhere_else(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let put = async |name: &str, fields: Value| admin.put(PATH, json!({ "providers": { name: fields } })).await;
        let places = [
            ("github", "access_url", "https://one.example/token", "https://two.example/token"),
            ("mine", "issuer", "https://one.example", "https://two.example"),
            ("google", "introspection_url", "https://one.example/i", "https://two.example/i"),
            ("auth0", "subdomain", "one", "two"),
        ];
        for (name, field, first, second) in places {
            put(name, json!({ "key": "id", "secret": CANARY, field: first })).await.expect(200);
            let stored = server.database().dump();
            for secret in [None, Some("***")] {
                let mut change = json!({ field: second });
                change.as_object_mut().unwrap().extend(secret.map(|secret| ("secret".to_owned(), json!(secret))));
                let answer = put(name, change).await;
                assert_eq!(answer.status, 400, "{field} {secret:?}");
                let told = format!("secret must be entered again where {field} changes");
                assert!(answer.text.contains(&told), "{}", answer.text);
            }
            assert_eq!(server.database().dump(), stored);
            // The same place and other fields keep it; a new one, or none, may go anywhere.
            put(name, json!({ field: first, "key": "other" })).await.expect(200);
            assert_eq!(admin.get(PATH).await.expect(200)[name]["secret"], "***");
            put(name, json!({ field: second, "secret": "another" })).await.expect(200);
            put(name, json!({ field: first, "secret": null })).await.expect(200);
            put(name, json!({ field: second })).await.expect(200);
        }
    }

    async fn what_could_not_be_used_is_refused_and_nothing_changes(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let before = server.database().dump();
        let github = |fields: Value| json!({ "github": fields });
        let on = json!({ "enabled": true, "key": "id", "secret": "s" });
        let with = |name: &str, more: Value| {
            let mut fields = on.clone();
            fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ name: fields })
        };
        for bad in [
            github(json!({ "enabled": true })),
            github(json!({ "enabled": true, "key": "", "secret": "s" })),
            github(json!({ "enabled": true, "key": "id" })),
            github(json!({ "enabled": "yes" })),
            github(json!({ "key": 7 })),
            github(json!({ "key": "a b" })),
            github(json!({ "unheard_of": 1 })),
            github(json!({ "callback": "javascript:alert(1)" })),
            github(json!({ "callback": "https://u:p@front.example/cb" })),
            github(json!({ "callback": [FRONT, 7] })),
            github(json!({ "scope": 7 })),
            github(json!("on")),
            json!({ "email": { "enabled": false } }),
            with("auth0", json!({})),
            with("auth0", json!({ "subdomain": "evil.example/x" })),
            with("auth0", json!({ "subdomain": "evil.example#" })),
            with("keycloak", json!({ "subdomain": "user@evil.example" })),
            with("keycloak", json!({ "subdomain": "kc.example/../x" })),
            with("microsoft", json!({ "subdomain": "common/../x" })),
            with("microsoft", json!({ "subdomain": "shop.onmicrosoft.com" })),
            with("cognito", json!({ "subdomain": "shop.auth.eu-central-1.amazoncognito.com" })),
            with("mine", json!({})),
            with("mine", json!({ "authorize_url": "https://mine.example/a", "access_url": "https://mine.example/t" })),
            with("mine", json!({ "issuer": "no url" })),
            with("constructor", json!({ "issuer": "https://mine.example" })),
            with("../x", json!({ "issuer": "https://mine.example" })),
            with("Mine", json!({ "issuer": "https://mine.example" })),
            json!([]),
        ] {
            let answer = admin.put(PATH, json!({ "providers": bad })).await;
            assert_eq!(answer.status, 400, "{bad}: {}", answer.text);
        }
        assert_eq!(server.database().dump(), before);
        server.register("ann").await.client.get(PATH).await.expect_forbidden();
        server.anonymous().put(PATH, json!({ "providers": {} })).await.expect_forbidden();
    }
}

/// In production, nobody is asked at private addresses or without TLS.
#[actix_web::test]
async fn private_hosts_are_refused_in_production() {
    let production = |config: &mut Config| {
        config.environment = users_permissions::Environment::Production;
        config.bcrypt_cost = 10;
        let secret = "q7Jx0vZ2kP9mT4sW8yB3nF6hL1cR5dGa-social";
        config.signing_keys = Some(SigningKeys::parse(secret).unwrap());
        config.public_url = "https://api.example".to_owned();
        config.mail.smtp_url = None;
    };
    let server = Server::start_with(Kind::Sqlite, production).await;
    let admin = server.admin().await;
    for url in [
        "http://idp.example",
        "https://127.0.0.1",
        "https://[::ffff:169.254.169.254]",
        "https://0x7f000001",
        "https://user@idp.example",
    ] {
        let settings = json!({ "enabled": true, "key": "id", "secret": "s", "issuer": url });
        let answer = admin
            .put(PATH, json!({ "providers": { "mine": settings } }))
            .await;
        assert_eq!(answer.status, 400, "{url}");
    }
    let settings =
        json!({ "enabled": true, "key": "id", "secret": "s", "issuer": "https://localhost" });
    admin
        .put(PATH, json!({ "providers": { "mine": settings } }))
        .await
        .expect(200);
    // A name tells only when it is resolved: nothing is sent, and the browser goes home.
    let answer = server.anonymous().get("/api/connect/mine").await;
    let location = answer.headers["location"].to_str().unwrap();
    assert!(
        location.starts_with("https://api.example/api/auth/mine/callback?error=oauth_error"),
        "{location}"
    );
}

/// What a page with buttons needs to know; and it follows the settings.
#[actix_web::test]
async fn the_enabled_providers_are_told_to_the_application() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        for name in ["vk", "github"] {
            enable(config, &simulators, name);
        }
    })
    .await;
    let told = || {
        let all = server.up.enabled_providers().into_iter();
        all.map(|one| format!("{} {} {}", one.name, one.display_name, one.icon))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(), ["github GitHub github", "vk VK vk"]);
    let settings = json!({ "vk": { "enabled": false }, "github": { "secret": null, "enabled": false },
        "discord": { "enabled": true, "key": "client-id", "secret": CANARY } });
    let admin = server.admin().await;
    admin
        .put(PATH, json!({ "providers": settings }))
        .await
        .expect(200);
    assert_eq!(told(), ["discord Discord discord"]);
    let buttons = server
        .anonymous()
        .get("/pages/providers.json")
        .await
        .expect(200);
    assert_eq!(
        buttons,
        json!([{ "name": "discord", "displayName": "Discord", "icon": "discord" }])
    );
}
