//! Providers that an application adds.

use acceptance::providers::Simulators;
use acceptance::{Kind, Server};
use serde_json::json;
use users_permissions::oauth::{Answers, Profile, Provider, ProviderLogin, UserChanges};
use users_permissions::{ProviderSettings, Secret};

use crate::social::{Browser, FRONT, enable};

const PATH: &str = "/api/users-permissions/providers";
const CANARY: &str = "canary-secret-of-a-provider";

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
