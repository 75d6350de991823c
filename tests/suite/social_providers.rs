//! Providers that answer as their documentation says, and who their people are.

use acceptance::providers::{ALL, Forgery, Scenario, Simulators, specs};
use acceptance::{Kind, PASSWORD, Server, on_every_database};
use serde_json::json;
use users_permissions::{Config, ProviderSettings, Secret};

use crate::social::{Browser, FRONT, Outcome, enable, outcome};

/// Every provider, every scenario.
#[actix_web::test]
async fn all_sixteen_providers_by_their_documentation() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        for (name, _) in ALL {
            enable(config, &simulators, name);
        }
    })
    .await;
    let known = specs();
    for (number, (name, display)) in ALL.into_iter().enumerate() {
        let spec = known.iter().find(|spec| spec.name == name);
        let has_email = spec.is_none_or(|spec| spec.has_email);
        let has_flag = spec.is_some_and(|spec| spec.has_flag);
        let vouches = spec.is_none_or(|spec| spec.vouches);
        let address = format!("{name}@example.com");
        let signed_in = Outcome::SignedIn(address.clone());
        let no_email = || Outcome::Refused("Email was not available.".to_owned());
        let failed = |code: &str| Outcome::Failed(code.to_owned());
        let table = [
            (Scenario::Denied, failed("access_denied")),
            (Scenario::TokenError, failed("oauth_error")),
            (Scenario::Malformed, failed("oauth_error")),
            (Scenario::NoEmail, no_email()),
            (
                Scenario::Unverified,
                match (has_email, has_flag, vouches) {
                    (false, ..) => no_email(),
                    (true, true, _) => Outcome::Refused(format!("Email not verified by {display}")),
                    // It tells no other than verified ones.
                    (true, false, true) => no_email(),
                    // There is no word on it that could be "no".
                    (true, false, false) => Outcome::SignedIn(format!("stated-{address}")),
                },
            ),
            (
                Scenario::Success,
                if has_email { signed_in } else { no_email() },
            ),
        ];
        for (place, (scenario, expected)) in table.into_iter().enumerate() {
            let subject = (10 * number + place + 1).to_string();
            let email = match scenario {
                Scenario::Unverified => format!("stated-{address}"),
                _ => address.clone(),
            };
            simulators.person(&subject, &email, &format!("{name}{place}"));
            simulators.play(scenario);
            assert_eq!(
                outcome(&server, name).await,
                expected,
                "{name}, {scenario:?}"
            );
        }
    }
    assert_eq!(simulators.faults(), Vec::<String>::new());
}

/// Answers that have been seen in two shapes are read in both.
#[actix_web::test]
async fn answers_in_other_shapes_than_documented_are_read() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        enable(config, &simulators, "github");
        enable(config, &simulators, "instagram");
    })
    .await;
    let mut browser = Browser::new(&server);
    let first = browser.sign_in("github").await.expect(200);
    let ann = server.register("ann").await;
    let ticket = browser.login("instagram").await["access_token"].clone();
    let link =
        json!({ "provider": "instagram", "access_token": ticket, "currentPassword": PASSWORD });
    ann.client
        .post("/api/auth/identities", link)
        .await
        .expect(200);
    simulators.answer_in_other_shapes();
    // The same people.
    let again = browser.sign_in("github").await.expect(200);
    assert_eq!(again["user"]["id"], first["user"]["id"]);
    let again = browser.sign_in("instagram").await.expect(200);
    assert_eq!(again["user"]["id"], ann.id);
    assert_eq!(simulators.faults(), Vec::<String>::new());
}

/// An address that the provider gives no word on is as good as one that somebody has typed in.
#[actix_web::test]
async fn an_address_without_a_word_on_it_is_confirmed_where_others_are() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.advanced_settings.email_confirmation = true;
        for (name, _) in ALL {
            enable(config, &simulators, name);
        }
    })
    .await;
    let known = specs();
    for (name, _) in ALL {
        let spec = known.iter().find(|spec| spec.name == name);
        if spec.is_some_and(|spec| !spec.has_email) {
            continue;
        }
        let address = format!("{name}@example.com");
        simulators.person(name, &address, name);
        let is_vouched_for = spec.is_none_or(|spec| spec.vouches);
        let signed_in = Outcome::SignedIn(address.clone());
        if is_vouched_for {
            assert_eq!(outcome(&server, name).await, signed_in, "{name}");
            continue;
        }
        let unconfirmed = Outcome::Refused("Your account email is not confirmed".to_owned());
        for _ in 0..2 {
            assert_eq!(outcome(&server, name).await, unconfirmed, "{name}");
        }
        let subject = "Account confirmation";
        let code = server.mail_to(&address, subject, 1).await.code();
        let link = format!("/api/auth/email-confirmation?confirmation={code}");
        assert_eq!(server.anonymous().get(&link).await.status, 302);
        assert_eq!(outcome(&server, name).await, signed_in, "{name}");
    }
    // Whoever is vouched for was asked for nothing, and nobody twice.
    assert_eq!(server.mails().await.len(), 3);
}

/// CAS gives a word where its operator has it do so, and the word is on the standard claim.
#[actix_web::test]
async fn cas_may_vouch_for_an_address() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.advanced_settings.email_confirmation = true;
        enable(config, &simulators, "cas");
    })
    .await;
    let unconfirmed = Outcome::Refused("Your account email is not confirmed".to_owned());
    for (subject, standard, word, expected) in [
        (
            "1",
            json!("1@example.com"),
            json!(true),
            Outcome::SignedIn("1@example.com".to_owned()),
        ),
        (
            "2",
            json!("other@example.com"),
            json!(true),
            unconfirmed.clone(),
        ),
        ("3", json!("3@example.com"), json!("true"), unconfirmed),
    ] {
        simulators.person(subject, &format!("{subject}@example.com"), subject);
        simulators.release(vec![("email", standard), ("email_verified", word)]);
        assert_eq!(outcome(&server, "cas").await, expected, "{subject}");
    }
}

/// OAuth 1.0a: Twitter knows by the signature that we are not who we say.
#[actix_web::test]
async fn a_wrong_secret_of_twitter_is_told_and_makes_nothing() {
    let simulators = Simulators::start().await;
    let with = async |secret: &str| {
        Server::start_with(Kind::Sqlite, |config| {
            enable(config, &simulators, "twitter");
            let twitter = config.providers.get_mut("twitter").unwrap();
            twitter.secret = Some(Secret::from(secret));
        })
        .await
    };
    let server = with("client-secret-of-another").await;
    let before = server.database().dump();
    let mut browser = Browser::new(&server);
    browser.connect("twitter", &[]).await;
    let failed = format!("{FRONT}?error=oauth_error&error_description=");
    assert!(
        browser.location.starts_with(&failed),
        "{}",
        browser.location
    );
    assert!(
        !browser.location.contains("authenticate"),
        "{}",
        browser.location
    );
    assert_eq!(browser.cookie, None);
    assert_eq!(simulators.asked("").len(), 1);
    assert_eq!(server.database().dump(), before);
    // It becomes wrong while somebody is there.
    let server = with("client-secret").await;
    let before = server.database().dump();
    let mut browser = Browser::new(&server);
    browser.connect("twitter", &[]).await;
    let admin = server.admin().await;
    let body = json!({ "providers": { "twitter": { "secret": "client-secret-of-another" } } });
    admin
        .put("/api/users-permissions/providers", body)
        .await
        .expect(200);
    let told = browser.back().await;
    assert!(told.starts_with(&failed), "{told}");
    for table in ["up_users", "up_identities", "up_tickets"] {
        assert_eq!(server.database().dump()[table], before[table], "{table}");
    }
    assert_eq!(simulators.asked("api.twitter.com/1.1").len(), 0);
}

on_every_database! {
    async fn a_subject_with_space_at_its_ends_is_nobody(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            enable(config, &simulators, "google");
            enable(config, &simulators, "discord");
        }).await;
        for name in ["google", "discord"] {
            let address = format!("{name}@example.com");
            simulators.person("4711", &address, name);
            assert_eq!(outcome(&server, name).await, Outcome::SignedIn(address));
            for subject in ["4711 ", "4711  ", " 4711", "4711\u{a0}", "4711\t", "4711\0"] {
                simulators.person(subject, "thief@example.com", "thief");
                let failed = Outcome::Failed("oauth_error".to_owned());
                assert_eq!(outcome(&server, name).await, failed, "{name} {subject:?}");
            }
        }
        assert_eq!(server.database().dump()["up_identities"].len(), 2);
    }

    async fn people_of_two_tenants_are_two(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            enable(config, &simulators, "microsoft");
            config.providers.get_mut("microsoft").unwrap().link_by_verified_email = true;
        }).await;
        let person = |tenant: &str, object: &str| simulators.forge(Forgery::Claims(vec![
            ("iss", json!(format!("https://login.microsoftonline.com/{tenant}/v2.0"))),
            ("tid", json!(tenant)),
            ("oid", json!(object)),
            // Any tenant may write any address.
            ("xms_edov", json!(false)),
        ]));
        let (ours, theirs) = ("72f988bf-86f1-41af-91ab-2d7cd011db47", "11111111-2222-3333-4444-555555555555");
        let mut browser = Browser::new(&server);
        person(ours, "one");
        let unproven = "Email not verified by Microsoft";
        browser.sign_in("microsoft").await.expect_error(400, "ApplicationError", unproven);
        let vouched = |tenant: &str, object: &str| simulators.forge(Forgery::Claims(vec![
            ("iss", json!(format!("https://login.microsoftonline.com/{tenant}/v2.0"))),
            ("tid", json!(tenant)),
            ("oid", json!(object)),
        ]));
        vouched(ours, "one");
        let first = browser.sign_in("microsoft").await.expect(200);
        // The same address elsewhere, and the same object.
        for object in ["two", "one"] {
            person(theirs, object);
            browser.sign_in("microsoft").await.expect_error(400, "ApplicationError", unproven);
        }
        simulators.person("4711", "other@example.com", "other");
        vouched(theirs, "one");
        let other = browser.sign_in("microsoft").await.expect(200);
        assert_ne!(other["user"]["id"], first["user"]["id"]);
        vouched(ours, "one");
        let again = browser.sign_in("microsoft").await.expect(200);
        assert_eq!(again["user"]["id"], first["user"]["id"]);
        assert_eq!(server.database().dump()["up_identities"].len(), 2);
    }
}

/// A provider made of settings alone, which describes itself.
#[actix_web::test]
async fn an_issuer_is_asked_by_its_discovery() {
    let simulators = Simulators::start().await;
    let change = |config: &mut Config| {
        enable(config, &simulators, "github");
        let settings = ProviderSettings {
            issuer: "https://acme.example".to_owned(),
            ..config.providers["github"].clone()
        };
        config.providers.insert("acme".to_owned(), settings);
    };
    let server = Server::start_with(Kind::Sqlite, change).await;
    assert_eq!(
        outcome(&server, "acme").await,
        Outcome::SignedIn("octo@example.com".to_owned())
    );
    simulators.play(Scenario::Unverified);
    simulators.person("9", "x@example.com", "x");
    assert_eq!(
        outcome(&server, "acme").await,
        Outcome::Refused("Email not verified by Acme".to_owned())
    );
    assert_eq!(simulators.faults(), Vec::<String>::new());
}
