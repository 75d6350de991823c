//! Apps that bring a token of the provider's: let in only where the provider proves that it is for us.

use acceptance::providers::{Forgery, Simulators};
use acceptance::{Answer, Kind, Server, on_every_database};
use serde_json::{Value, json};
use users_permissions::{Config, ProviderSettings};

use crate::social::{Browser, enable};

const REFUSED: &str = "OAuth authentication requires a completed provider session";
const KEYCLOAK: &str = "kc.example/realms/shop/protocol/openid-connect";

/// Enables a provider that accepts its own tokens.
fn accept(config: &mut Config, simulators: &Simulators, name: &str) {
    enable(config, simulators, name);
    let settings = config.providers.get_mut(name).unwrap();
    settings.accept_provider_tokens = true;
}

async fn bring(server: &Server, provider: &str, query: &str) -> Answer {
    let path = format!("/api/auth/{provider}/callback?{query}");
    server.anonymous().get(&path).await
}

async fn refused(server: &Server, provider: &str, query: &str) {
    let answer = bring(server, provider, query).await;
    answer.expect_error(400, "ApplicationError", REFUSED);
}

on_every_database! {
    async fn an_id_token_made_for_us_signs_in_once(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| accept(config, &simulators, "google")).await;
        let query = format!("id_token={}", simulators.id_token("google"));
        let body = bring(&server, "google", &query).await.expect(200);
        let user = &body["user"];
        assert_eq!((&user["email"], &user["provider"], &user["confirmed"]), (&json!("octo@example.com"), &json!("google"), &json!(true)));
        let octo = server.anonymous().with_token(body["jwt"].as_str().unwrap());
        assert_eq!(octo.get("/api/users/me").await.expect(200)["id"], user["id"]);
        refused(&server, "google", &query).await;
        // Whoever comes by a browser is the same person.
        let mut browser = Browser::new(&server);
        let again = browser.sign_in("google").await.expect(200);
        assert_eq!(again["user"]["id"], user["id"]);
        // At once: one of them.
        simulators.person("4712", "second@example.com", "second");
        let query = format!("id_token={}", simulators.id_token("google"));
        let (one, two) = futures_util::future::join(bring(&server, "google", &query), bring(&server, "google", &query)).await;
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        assert_eq!(simulators.faults(), Vec::<String>::new());
    }

    async fn an_access_token_the_provider_says_is_for_us_signs_in_once(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            accept(config, &simulators, "keycloak");
            let own = |change: fn(&mut ProviderSettings)| {
                let mut settings = config.providers["keycloak"].clone();
                settings.subdomain.clear();
                change(&mut settings);
                settings
            };
            // One that describes itself, and one of plain OAuth 2.
            let acme = own(|settings| settings.issuer = "https://acme.example".to_owned());
            let mine = own(|settings| {
                settings.authorize_url = "https://acme.example/authorize".to_owned();
                settings.access_url = "https://acme.example/token".to_owned();
                settings.profile_url = "https://acme.example/userinfo".to_owned();
                settings.introspection_url = "https://acme.example/introspect".to_owned();
            });
            config.providers.insert("acme".to_owned(), acme);
            config.providers.insert("mine".to_owned(), mine);
        }).await;
        for (number, name) in ["keycloak", "acme", "mine"].into_iter().enumerate() {
            let address = format!("{name}@example.com");
            simulators.person(&number.to_string(), &address, name);
            let query = format!("access_token=provider-token-{name}");
            let body = bring(&server, name, &query).await.expect(200);
            assert_eq!((&body["user"]["email"], &body["user"]["provider"]), (&json!(address), &json!(name)));
            refused(&server, name, &query).await;
            let again = bring(&server, name, &format!("{query}-2")).await.expect(200);
            assert_eq!(again["user"]["id"], body["user"]["id"], "{name}");
            if name != "mine" {
                let mut browser = Browser::new(&server);
                let back = browser.login(name).await;
                let back = browser.redeem(name, &back["access_token"]).await.expect(200);
                assert_eq!(back["user"]["id"], body["user"]["id"], "{name}");
            }
        }
        assert_eq!(simulators.faults(), Vec::<String>::new());
    }
}

/// Off, nothing but a ticket counts, and nobody is asked about anything else.
#[actix_web::test]
async fn tokens_of_providers_are_refused_where_they_are_not_accepted() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        for name in ["google", "keycloak", "github"] {
            enable(config, &simulators, name);
        }
    })
    .await;
    let before = server.database().dump();
    for name in ["google", "keycloak", "github"] {
        refused(&server, name, "access_token=provider-token").await;
        let token = simulators.id_token("google");
        refused(&server, name, &format!("id_token={token}")).await;
        refused(&server, name, &format!("access_token={token}")).await;
    }
    assert!(simulators.asked("").is_empty());
    assert_eq!(server.database().dump(), before);
    let shown = server.admin().await;
    let shown = shown
        .get("/api/users-permissions/providers")
        .await
        .expect(200);
    assert_eq!(shown["google"]["accept_provider_tokens"], json!(false));
}

#[actix_web::test]
async fn id_tokens_for_others_and_of_others_make_no_user() {
    let simulators = Simulators::start().await;
    let names = ["google", "keycloak", "cognito", "microsoft"];
    let server = Server::start_with(Kind::Sqlite, |config| {
        for name in names {
            accept(config, &simulators, name);
        }
    })
    .await;
    let before = server.database().dump()["up_users"].clone();
    let claim = Forgery::Claim;
    let forgeries = [
        Forgery::Unsigned,
        Forgery::PublicKeyAsSecret,
        Forgery::Stranger,
        claim("iss", json!("https://issuer.example")),
        claim("iss", Value::Null),
        claim("aud", json!("other-client")),
        claim("aud", json!(["client-id", "other-client"])),
        claim("aud", Value::Null),
        claim("azp", json!("other-client")),
        claim("exp", json!(1_000_000_000)),
        claim("exp", json!(99_999_999_999_u64)),
        claim("exp", Value::Null),
        claim("iat", json!(99_999_999_999_u64)),
        claim("nbf", json!(99_999_999_999_u64)),
        // Other tokens by the same key.
        claim("typ", json!("Bearer")),
        claim("typ", json!("Logout")),
        claim("token_use", json!("access")),
        claim("events", json!({})),
        claim("cnf", json!({ "jkt": "x" })),
    ];
    for name in names {
        for forgery in forgeries.clone() {
            simulators.forge(forgery.clone());
            let token = simulators.id_token(name);
            let answer = bring(&server, name, &format!("id_token={token}")).await;
            assert_eq!(answer.status, 400, "{name} {forgery:?}: {}", answer.text);
            assert_eq!(
                answer.json()["error"]["message"],
                REFUSED,
                "{name} {forgery:?}"
            );
        }
        simulators.forge(Forgery::None);
    }
    // Good ones, for another provider here.
    let google = simulators.id_token("google");
    refused(&server, "keycloak", &format!("id_token={google}")).await;
    for query in [
        "id_token=".to_owned(),
        "id_token=a.b.c".to_owned(),
        format!("id_token={}", "a".repeat(9_000)),
        format!("id_token={google}&id_token={google}"),
        format!("id_token[]={google}"),
        format!("id_token={google}&access_token=provider-token"),
        format!("id_token={google}&code_verifier=x"),
        // An id token is no access token, whatever it is called.
        format!("access_token={google}"),
    ] {
        refused(&server, "google", &query).await;
    }
    assert_eq!(server.database().dump()["up_users"], before);
    // It was good all the time.
    bring(&server, "google", &format!("id_token={google}"))
        .await
        .expect(200);
    // The provider has the word on the address, as ever.
    simulators.person("99", "x@example.com", "x");
    simulators.forge(claim("email_verified", json!(false)));
    let token = simulators.id_token("keycloak");
    let answer = bring(&server, "keycloak", &format!("id_token={token}")).await;
    answer.expect_error(400, "ApplicationError", "Email not verified by Keycloak");
}

#[actix_web::test]
async fn access_tokens_of_other_clients_cause_no_look_at_a_profile() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        accept(config, &simulators, "keycloak");
        accept(config, &simulators, "google");
    })
    .await;
    let before = server.database().dump();
    let claim = Forgery::Claim;
    let tomorrow = json!(99_999_999_999_u64);
    for forgery in [
        claim("active", json!(false)),
        claim("active", Value::Null),
        claim("client_id", json!("other-client")),
        claim("client_id", Value::Null),
        claim("client_id", json!(["client-id"])),
        claim("iss", json!("https://issuer.example")),
        claim("exp", json!(1_000_000_000)),
        claim("exp", tomorrow.clone()),
        claim("exp", Value::Null),
        claim("nbf", tomorrow),
    ] {
        simulators.forge(forgery.clone());
        let answer = bring(&server, "keycloak", "access_token=provider-token").await;
        assert_eq!(answer.status, 400, "{forgery:?}: {}", answer.text);
        assert_eq!(answer.json()["error"]["message"], REFUSED, "{forgery:?}");
    }
    simulators.forge(Forgery::None);
    refused(&server, "keycloak", "access_token=of-nobody").await;
    refused(&server, "keycloak", "access_token=").await;
    refused(&server, "keycloak", "access_token[]=provider-token").await;
    refused(
        &server,
        "keycloak",
        "access_token=provider-token&code_verifier=x",
    )
    .await;
    assert!(simulators.asked(&format!("{KEYCLOAK}/userinfo")).is_empty());
    // Nobody tells whom an access token of Google's is for.
    refused(&server, "google", "access_token=provider-token").await;
    assert!(simulators.asked("openidconnect.googleapis.com").is_empty());
    // What looks like a ticket is shown to no provider.
    let asked = simulators.asked("").len();
    refused(
        &server,
        "keycloak",
        &format!("access_token={}", "0a".repeat(32)),
    )
    .await;
    assert_eq!(simulators.asked("").len(), asked);
    assert_eq!(server.database().dump(), before);
    bring(&server, "keycloak", "access_token=provider-token")
        .await
        .expect(200);
}

#[actix_web::test]
async fn only_providers_that_can_prove_it_may_be_trusted_so() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let path = "/api/users-permissions/providers";
    let before = server.database().dump();
    for (name, fields) in [
        ("github", json!({ "accept_provider_tokens": true })),
        (
            "twitter",
            json!({ "accept_provider_tokens": true, "introspection_url": "https://id.example/introspect" }),
        ),
        ("google", json!({ "accept_provider_tokens": "yes" })),
        ("github", json!({ "introspection_url": "no url" })),
    ] {
        let answer = admin
            .put(path, json!({ "providers": { name: fields } }))
            .await;
        assert_eq!(answer.status, 400, "{name} {fields}");
    }
    assert_eq!(server.database().dump(), before);
    let good = json!({
        "google": { "accept_provider_tokens": true },
        "github": { "accept_provider_tokens": true, "introspection_url": "https://id.example/introspect" },
    });
    admin
        .put(path, json!({ "providers": good }))
        .await
        .expect(200);
    let read = admin.get(path).await.expect(200);
    for name in ["google", "github"] {
        assert_eq!(read[name]["accept_provider_tokens"], json!(true));
    }
    assert_eq!(
        read["github"]["introspection_url"],
        "https://id.example/introspect"
    );
}
