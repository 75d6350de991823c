//! Id tokens of providers, and the keys that they are verified by.

use std::time::Duration;

use acceptance::providers::{Fault, Forgery, Simulators};
use acceptance::{Kind, Server};
use serde_json::{Value, json};

use crate::social::{Outcome, enable, outcome};

const KEYS: &str = "www.googleapis.com/oauth2/v3/certs";

fn signed_in() -> Outcome {
    Outcome::SignedIn("octo@example.com".to_owned())
}

fn failed() -> Outcome {
    Outcome::Failed("oauth_error".to_owned())
}

/// OpenID Connect: who did not make the token for us, for now and for this login, makes no user.
#[actix_web::test]
async fn forged_id_tokens_make_no_user() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        for name in ["google", "cognito", "microsoft"] {
            enable(config, &simulators, name);
        }
    })
    .await;
    let before = server.database().dump()["up_users"].clone();
    let claim = Forgery::Claim;
    let mut forgeries: Vec<_> = ["google", "cognito", "microsoft"]
        .into_iter()
        .flat_map(|name| {
            [
                Forgery::Unsigned,
                Forgery::PublicKeyAsSecret,
                Forgery::Stranger,
                claim(
                    "iss",
                    json!("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_other"),
                ),
                claim("iss", Value::Null),
                claim("aud", json!("other-client")),
                claim("aud", json!(["client-id", "other-client"])),
                claim("azp", json!("other-client")),
                claim("exp", json!(1_000_000_000)),
                claim("exp", Value::Null),
                claim("iat", json!(99_999_999_999_u64)),
                claim("nonce", json!("other-login")),
                claim("nonce", Value::Null),
                claim("sub", json!("")),
            ]
            .map(|forgery| (name, forgery))
        })
        .collect();
    forgeries.retain(|(name, forgery)| {
        !(*name == "microsoft" && matches!(forgery, Forgery::Claim("sub", _)))
    });
    forgeries.push(("cognito", claim("token_use", json!("access"))));
    forgeries.push((
        "microsoft",
        claim("tid", json!("11111111-2222-3333-4444-555555555555")),
    ));
    forgeries.push(("microsoft", claim("oid", Value::Null)));
    for (name, forgery) in forgeries {
        simulators.forge(forgery.clone());
        assert_eq!(
            outcome(&server, name).await,
            Outcome::Failed("oauth_error".to_owned()),
            "{name} {forgery:?}"
        );
    }
    for (name, forgery) in [
        ("cognito", claim("email_verified", Value::Null)),
        ("google", claim("email_verified", json!("true"))),
        ("microsoft", claim("xms_edov", Value::Null)),
    ] {
        simulators.forge(forgery);
        let outcome = outcome(&server, name).await;
        assert!(
            matches!(&outcome, Outcome::Refused(message) if message.starts_with("Email not verified by ")),
            "{outcome:?}"
        );
    }
    assert_eq!(server.database().dump()["up_users"], before);
}

/// A second look at the address is at the same person.
#[actix_web::test]
async fn a_profile_of_somebody_else_signs_nobody_in() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        for name in ["google", "cas"] {
            enable(config, &simulators, name);
        }
    })
    .await;
    let before = server.database().dump()["up_users"].clone();
    let other = vec![("sub", json!("4712")), ("email", Value::Null)];
    simulators.forge(Forgery::Claims(other));
    for name in ["google", "cas"] {
        let failed = Outcome::Failed("oauth_error".to_owned());
        assert_eq!(outcome(&server, name).await, failed, "{name}");
    }
    assert_eq!(server.database().dump()["up_users"], before);
    simulators.forge(Forgery::Claim("email", Value::Null));
    let signed_in = Outcome::SignedIn("octo@example.com".to_owned());
    assert_eq!(outcome(&server, "google").await, signed_in);
}

/// Tokens by keys that nobody knows cost one reading of the keys, however many they are.
#[actix_web::test]
async fn unknown_keys_of_a_provider_are_looked_for_once() {
    let simulators = Simulators::start().await;
    let server =
        Server::start_with(Kind::Sqlite, |config| enable(config, &simulators, "google")).await;
    let readings = || simulators.asked("www.googleapis.com/oauth2/v3/certs").len();
    let signed_in = Outcome::SignedIn("octo@example.com".to_owned());
    assert_eq!(outcome(&server, "google").await, signed_in);
    simulators.forge(Forgery::UnknownKey);
    for _ in 0..5 {
        let failed = Outcome::Failed("oauth_error".to_owned());
        assert_eq!(outcome(&server, "google").await, failed);
    }
    assert_eq!(readings(), 1);
    simulators.forge(Forgery::None);
    assert_eq!(outcome(&server, "google").await, signed_in);
}

/// A provider that changes its keys: the new one is looked for once, and the old one is none from then on.
#[actix_web::test]
async fn a_new_key_of_a_provider_is_read_once() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        enable(config, &simulators, "google");
        config.provider_key_pause = Duration::ZERO;
    })
    .await;
    let readings = || simulators.asked(KEYS).len();
    assert_eq!(outcome(&server, "google").await, signed_in());
    assert_eq!(readings(), 1);
    simulators.rotate_keys();
    simulators.sign_with(1);
    for _ in 0..3 {
        assert_eq!(outcome(&server, "google").await, signed_in());
    }
    assert_eq!(readings(), 2);
    // Whoever has got hold of the old key signs in with nothing.
    simulators.sign_with(0);
    assert_eq!(outcome(&server, "google").await, failed());
    simulators.sign_with(1);
    assert_eq!(outcome(&server, "google").await, signed_in());
}

/// A key that a provider has withdrawn ends with the age of what is known, new key or not. Keys that cannot be read
/// again stay meanwhile.
#[actix_web::test]
async fn a_withdrawn_key_of_a_provider_ends() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        enable(config, &simulators, "google");
        config.provider_key_age = Duration::from_millis(100);
    })
    .await;
    assert_eq!(outcome(&server, "google").await, signed_in());
    simulators.break_down(KEYS, Fault::Status);
    let before = simulators.asked(KEYS).len();
    while simulators.asked(KEYS).len() < before + 2 {
        assert_eq!(outcome(&server, "google").await, signed_in());
    }
    assert_eq!(outcome(&server, "google").await, signed_in());
    simulators.repair();
    simulators.rotate_keys();
    // One browser after another, until somebody's look at the keys has begun a reading and it is there.
    let mut tries = 0;
    while outcome(&server, "google").await == signed_in() {
        tries += 1;
        assert!(tries < 2_000, "it never ends");
    }
    assert_eq!(outcome(&server, "google").await, failed());
    simulators.sign_with(1);
    assert_eq!(outcome(&server, "google").await, signed_in());
}
