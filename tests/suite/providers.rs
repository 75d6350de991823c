//! Providers as settings, over the API.

use acceptance::providers::Simulators;
use acceptance::{Kind, Server, on_every_database};
use serde_json::{Value, json};
use users_permissions::oauth::{Answers, Profile, Provider, ProviderLogin, UserChanges};
use users_permissions::{Config, ProviderSettings, Secret, SigningKeys};

use crate::social::{Browser, FRONT, enable};

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

/// Over https the cookie of a login is one that only this host can set, where the application has the host to
/// itself; beside others on it, it is for the login's paths alone.
#[actix_web::test]
async fn the_cookie_of_a_login_is_the_hosts_own_where_its_path_allows_it() {
    let simulators = Simulators::start().await;
    for (public, cookie, path) in [
        ("https://api.example", "__Host-up_connect", "/"),
        ("https://shop.example/app", "up_connect", "/app/api/connect"),
        ("http://localhost:1337", "up_connect", "/api/connect"),
    ] {
        let server = Server::start_with(Kind::Sqlite, |config| {
            enable(config, &simulators, "github");
            config.public_url = public.to_owned();
        })
        .await;
        let mut browser = Browser::new(&server);
        let start = browser.connect("github", &[]).await;
        let set = start.headers["set-cookie"].to_str().unwrap();
        let attributes: Vec<&str> = set.split("; ").collect();
        assert!(set.starts_with(&format!("{cookie}=")), "{set}");
        assert!(
            attributes.contains(&format!("Path={path}").as_str()),
            "{set}"
        );
        assert_eq!(
            attributes.contains(&"Secure"),
            public.starts_with("https"),
            "{set}"
        );
        assert!(
            !set.contains("Domain") && attributes.contains(&"HttpOnly"),
            "{set}"
        );
        // It is found again, and taken away under the same name and path.
        let provider = acceptance::Client::new("", None);
        let request = provider.request(reqwest::Method::GET, &browser.location);
        let back = provider.send(request).await;
        let back = back.headers["location"].to_str().unwrap().to_owned();
        let (_, path_back) = back.split_once("/api/connect").unwrap();
        let answer = browser.get(&format!("/api/connect{path_back}")).await;
        assert!(
            browser.location.contains("access_token="),
            "{}",
            browser.location
        );
        let gone = answer.headers["set-cookie"].to_str().unwrap();
        assert!(
            gone.starts_with(&format!("{cookie}=;")) && gone.contains(&format!("Path={path}")),
            "{gone}"
        );
    }
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

/// A login that cannot begin ends at the front end.
#[actix_web::test]
async fn a_provider_that_cannot_be_asked_is_told_to_the_front_end() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        enable(config, &simulators, "twitter");
        // Nobody listens there.
        config.provider_base = Some("http://127.0.0.1:9".to_owned());
    })
    .await;
    let answer = Browser::new(&server).connect("twitter", &[]).await;
    let location = answer.headers["location"].to_str().unwrap();
    assert!(
        location.starts_with(&format!("{FRONT}?error=oauth_error&")),
        "{location}"
    );
}

/// HEAD spends nothing, and methods that are none of the routes' are refused.
#[actix_web::test]
async fn head_changes_nothing() {
    let simulators = Simulators::start().await;
    let server =
        Server::start_with(Kind::Sqlite, |config| enable(config, &simulators, "github")).await;
    let mut browser = Browser::new(&server);
    let back = browser.login("github").await;
    let path = format!(
        "/api/auth/github/callback?access_token={}",
        back["access_token"]
    );
    let client = server.anonymous();
    assert_eq!(
        client
            .send(client.request(reqwest::Method::HEAD, &path))
            .await
            .status,
        200
    );
    client.get(&path).await.expect(200);
    assert_eq!(
        client.post("/api/connect/github", json!({})).await.status,
        405
    );
}

/// The session around these routes waits before it routes; they are listed all the same.
#[actix_web::test]
async fn social_login_is_listed_where_others_are_denied() {
    let simulators = Simulators::start().await;
    let change = |config: &mut Config| {
        enable(config, &simulators, "github");
        config.deny_unlisted = true;
    };
    let server = Server::start_with(Kind::Sqlite, change).await;
    let mut browser = Browser::new(&server);
    browser.sign_in("github").await.expect(200);
}

fn settings() -> ProviderSettings {
    ProviderSettings {
        enabled: true,
        key: "client-id".to_owned(),
        secret: Some(Secret::from("client-secret")),
        callback: vec![FRONT.to_owned()],
        ..ProviderSettings::default()
    }
}

/// `[subdomain]` is a host, labels or a name by where it stands, and nothing that leads elsewhere.
#[actix_web::test]
async fn an_application_has_providers_with_subdomains() {
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let config = acceptance::config(&database);
    let builder = example_app::plugin(config).providers(|registry| {
        let at = |base: &str| {
            Provider::oauth2(format!("{base}/authorize"), format!("{base}/token"))
                .profile_url(format!("{base}/me"))
        };
        registry
            .add("hosts", at("https://[subdomain]/oauth2"))
            .add("labels", at("https://[subdomain].id.example/oauth2"))
            .add("names", at("https://id.example/[subdomain]/oauth2"));
    });
    let server = Server::with_builder(builder).await.owning(database);
    let admin = server.admin().await;
    let mut pages = acceptance::Browser::signed_in(&server, "admin", "AdminPass1").await;
    let (host, labels) = ("id.example:8443/realms/shop", "shop.eu");
    for (name, good, to) in [
        ("hosts", host, "https://id.example:8443/realms/shop/oauth2/"),
        ("labels", labels, "https://shop.eu.id.example/oauth2/"),
        ("names", labels, "https://id.example/shop.eu/oauth2/"),
    ] {
        let put = async |subdomain: &str| {
            let fields =
                json!({ "enabled": true, "key": "id", "secret": CANARY, "subdomain": subdomain });
            admin
                .put(PATH, json!({ "providers": { name: fields } }))
                .await
        };
        for bad in [
            "",
            "evil.example/#",
            "evil.example#",
            "evil.example?",
            "evil.example\\",
            "user@evil.example",
            "shop/../..",
            "..",
            ".",
            "%2e%2e",
            "a b",
        ] {
            let answer = put(bad).await;
            assert_eq!(answer.status, 400, "{name} {bad}: {}", answer.text);
        }
        let other = if name == "hosts" { "" } else { host };
        assert_eq!(put(other).await.status, 400, "{name}");
        put(good).await.expect(200);
        let mut browser = Browser::new(&server);
        browser.connect(name, &[]).await;
        let expected = format!("{to}authorize?");
        assert!(
            browser.location.starts_with(&expected),
            "{}",
            browser.location
        );
        let page = pages.page(&format!("/admin/providers/{name}")).await;
        assert_eq!(page.value("subdomain").as_deref(), Some(good));
        page.has("Your host or tenant there");
    }
}

/// A provider of a few lines, with a say in who may sign in.
#[actix_web::test]
async fn an_application_adds_a_provider_in_a_few_lines() {
    let simulators = Simulators::start().await;
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let mut config = acceptance::config(&database);
    enable(&mut config, &simulators, "github");
    config.providers.clear();
    let kinde = Provider::oauth2(
        "https://discord.com/oauth2/authorize",
        "https://discord.com/api/oauth2/token",
    )
    .scopes(["openid", "profile", "email"])
    .profile(async |answers: Answers| {
        let user = answers.get("https://discord.com/api/users/@me").await?;
        let id = user["id"].as_str().ok_or("no id")?;
        Ok(Profile::new(id)
            .username("from kinde")
            .proven_email(user["email"].as_str().unwrap_or_default()))
    })
    .on_login(
        async |login: ProviderLogin| match login.profile.email_address() {
            // What the profile was read from is shown, too.
            _ if login.claims["global_name"] != "Octo" => Err("No claims.".to_owned()),
            Some("octo@example.com") if login.user.is_none() => {
                Ok(UserChanges::none().role("public"))
            }
            Some("octo@example.com") => {
                Ok(UserChanges::none().role("authenticated").confirmed(true))
            }
            _ => Err("Staff only.".to_owned()),
        },
    )
    .settings(settings());
    let builder = example_app::plugin(config)
        .providers(|registry| {
            registry.add("kinde", kinde).remove("vk");
        })
        .callback_validator(|url: &str, _: &str| {
            match url.starts_with("https://my.example/") || url == FRONT {
                true => Ok(()),
                false => Err("Invalid callback url".to_owned()),
            }
        });
    let server = Server::with_builder(builder).await.owning(database);
    let admin = server.admin().await;
    let all = admin.get(PATH).await.expect(200);
    assert_eq!(
        (&all["kinde"]["display"], &all["kinde"]["enabled"]),
        (&json!("Kinde"), &json!(true))
    );
    assert!(all.get("vk").is_none() && !all.to_string().contains("client-secret"));
    let mut browser = Browser::new(&server);
    for (round, role) in ["public", "authenticated"].into_iter().enumerate() {
        let body = browser.sign_in("kinde").await.expect(200);
        assert_eq!(body["user"]["username"], "from kinde", "{round}");
        let user = admin
            .get(&format!("/api/users/{}?populate=role", body["user"]["id"]))
            .await
            .expect(200);
        assert_eq!(user["role"]["type"], role);
    }
    simulators.person("5", "stranger@example.com", "stranger");
    let back = browser.login("kinde").await;
    browser
        .redeem("kinde", &back["access_token"])
        .await
        .expect_error(400, "ApplicationError", "Staff only.");
    browser
        .connect("kinde", &[("callback", "https://my.example/any/page?x=1")])
        .await;
    assert!(
        browser
            .back()
            .await
            .starts_with("https://my.example/any/page?x=1&access_token=")
    );
    for bad in [
        "https://my.example.evil/",
        "https://my.example/../x",
        "https://other.example/",
    ] {
        let answer = browser.connect("kinde", &[("callback", bad)]).await;
        answer.expect_error(400, "ValidationError", "Invalid callback URL provided");
    }
}
