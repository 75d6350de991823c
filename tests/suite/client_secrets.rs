//! How key and secret are shown to an issuer: as it says, as the specification says where it does not, and as the
//! application says before both.

use acceptance::providers::{STRICT_SECRET, Simulators};
use acceptance::{Kind, Server};
use serde_json::{Value, json};
use users_permissions::oauth::{ClientAuth, Provider};
use users_permissions::{Config, Secret};

use crate::social::{Outcome, enable, outcome};

/// An issuer that takes HTTP Basic alone.
fn with_strict(config: &mut Config, simulators: &Simulators) {
    enable(config, simulators, "strict");
    let settings = config.providers.get_mut("strict").unwrap();
    settings.issuer = "https://strict.example".to_owned();
    settings.secret = Some(Secret::from(STRICT_SECRET));
    settings.accept_provider_tokens = true;
}

#[actix_web::test]
async fn an_issuer_that_takes_http_basic_alone_is_used_by_settings() {
    let methods = [
        None,
        Some(Value::Null),
        Some(json!(["client_secret_basic"])),
        Some(json!(["none", "client_secret_post", "client_secret_basic"])),
    ];
    for told in methods {
        let simulators = Simulators::start().await;
        let more = told
            .iter()
            .map(|told| ("token_endpoint_auth_methods_supported", told.clone()));
        simulators.describe(more.collect());
        let server =
            Server::start_with(Kind::Sqlite, |config| with_strict(config, &simulators)).await;
        let signed_in = Outcome::SignedIn("octo@example.com".to_owned());
        assert_eq!(outcome(&server, "strict").await, signed_in, "{told:?}");
        // Whom a token is for is asked in the same way.
        let path = "/api/auth/strict/callback?access_token=provider-token";
        server.anonymous().get(path).await.expect(200);
        assert_eq!(simulators.asked("strict.example/introspect").len(), 1);
        assert_eq!(simulators.faults(), Vec::<String>::new(), "{told:?}");
    }
}

#[actix_web::test]
async fn what_the_application_chooses_counts_before_what_an_issuer_says() {
    let simulators = Simulators::start().await;
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let mut config = acceptance::config(&database);
    enable(&mut config, &simulators, "strict");
    enable(&mut config, &simulators, "acme");
    let builder = example_app::plugin(config).providers(|registry| {
        let at = |host: &str| Provider::openid(format!("https://{host}.example"));
        registry
            .add("strict", at("strict").client_auth(ClientAuth::Body))
            .add("acme", at("acme").client_auth(ClientAuth::Basic));
    });
    let server = Server::with_builder(builder).await.owning(database);
    // Both take the other one alone.
    for (name, is_basic) in [("strict", false), ("acme", true)] {
        let failed = Outcome::Failed("oauth_error".to_owned());
        assert_eq!(outcome(&server, name).await, failed, "{name}");
        let exchanges = simulators.asked(&format!("{name}.example/token"));
        let asked = exchanges.first().expect("an exchange");
        assert_eq!(asked.headers.contains_key("authorization"), is_basic);
        assert_eq!(asked.fields.contains_key("client_secret"), !is_basic);
    }
}
