//! Social login as a browser goes through it, at providers that answer as their documentation says.

use std::collections::BTreeMap;

use std::time::{Duration, Instant};

use acceptance::providers::{ALL, Fault, Forgery, Scenario, Simulators, specs};
use acceptance::{Answer, Kind, Server, on_every_database};
use reqwest::Url;
use serde_json::{Value, json};
use users_permissions::{Config, ProviderSettings};

use crate::social::{Browser, FRONT, enable};

/// What comes of a login.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// With this address.
    SignedIn(String),
    /// The front end is told this code.
    Failed(String),
    /// The ticket is answered with this message.
    Refused(String),
}

async fn outcome(server: &Server, provider: &str) -> Outcome {
    let mut browser = Browser::new(server);
    let back = browser.login(provider).await;
    if let Some(error) = back.get("error") {
        assert!(!back.contains_key("access_token"));
        return Outcome::Failed(error.clone());
    }
    let answer = browser.redeem(provider, &back["access_token"]).await;
    match answer.status.as_u16() {
        200 => {
            let body = answer.json();
            assert!(body["jwt"].is_string());
            assert_eq!(
                (&body["user"]["provider"], &body["user"]["confirmed"]),
                (&json!(provider), &json!(true))
            );
            Outcome::SignedIn(body["user"]["email"].as_str().unwrap().to_owned())
        }
        status => {
            assert_eq!(status, 400, "{}", answer.text);
            Outcome::Refused(
                answer.json()["error"]["message"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            )
        }
    }
}

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
                match (has_email, has_flag) {
                    (false, _) => no_email(),
                    (true, true) => Outcome::Refused(format!("Email not verified by {display}")),
                    // There is no word on it: the documentation promises that it is proven.
                    (true, false) => Outcome::SignedIn(format!("stated-{address}")),
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

/// RFC 9207: an answer says whose it is.
#[actix_web::test]
async fn an_answer_of_another_issuer_is_shown_to_no_token_endpoint() {
    let simulators = Simulators::start().await;
    let server =
        Server::start_with(Kind::Sqlite, |config| enable(config, &simulators, "google")).await;
    for (issuer, exchanges) in [
        ("https://evil.example", 0),
        ("https://accounts.google.com/", 0),
        ("https://accounts.google.com", 1),
    ] {
        let mut browser = Browser::new(&server);
        browser.connect("google", &[]).await;
        let path = format!("{}&iss={issuer}", browser.at_provider().await);
        browser.get(&path).await;
        let told = match exchanges {
            0 => "error=oauth_error&",
            _ => "access_token=",
        };
        let expected = format!("{FRONT}?{told}");
        assert!(
            browser.location.starts_with(&expected),
            "{issuer}: {}",
            browser.location
        );
        assert_eq!(simulators.exchanges(), exchanges, "{issuer}");
    }
}

#[actix_web::test]
async fn no_header_changes_where_a_provider_sends_people_back_to() {
    let simulators = Simulators::start().await;
    let server =
        Server::start_with(Kind::Sqlite, |config| enable(config, &simulators, "github")).await;
    let client = server.anonymous();
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "8443"),
        ("forwarded", "host=evil.example;proto=https"),
        ("origin", "https://evil.example"),
    ] {
        let request = client.request(reqwest::Method::GET, "/api/connect/github");
        let answer = client.send(request.header(name, value)).await;
        let to = Url::parse(answer.headers["location"].to_str().unwrap()).unwrap();
        let query: BTreeMap<_, _> = to.query_pairs().into_owned().collect();
        let expected = "http://localhost:1337/api/connect/github/callback";
        assert_eq!(query["redirect_uri"], expected, "{name}");
    }
}

/// Whatever is wrong with a provider's servers, the browser goes home and nobody is signed in.
#[actix_web::test]
async fn providers_that_fail_make_no_user() {
    let simulators = Simulators::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| {
        for name in ["github", "google", "cas", "twitter"] {
            enable(config, &simulators, name);
        }
    })
    .await;
    let before = server.database().dump()["up_users"].clone();
    for (name, place) in [
        ("github", "github.com/login/oauth/access_token"),
        ("github", "api.github.com/user"),
        ("github", "api.github.com/user/emails"),
        ("google", "oauth2.googleapis.com/token"),
        ("google", "www.googleapis.com/oauth2/v3/certs"),
        ("cas", "sso.example:8443/cas/oidc/profile"),
        ("twitter", "api.twitter.com/oauth/access_token"),
        (
            "twitter",
            "api.twitter.com/1.1/account/verify_credentials.json",
        ),
    ] {
        for fault in [Fault::Status, Fault::Closed, Fault::Redirect, Fault::Huge] {
            simulators.break_down(place, fault);
            let failed = Outcome::Failed("oauth_error".to_owned());
            assert_eq!(outcome(&server, name).await, failed, "{place} {fault:?}");
        }
        simulators.repair();
    }
    let followed = simulators.asked("").into_iter();
    assert_eq!(
        followed
            .filter(|asked| asked.fields.contains_key("elsewhere"))
            .count(),
        0
    );
    assert_eq!(server.database().dump()["up_users"], before);
    assert_eq!(simulators.faults(), Vec::<String>::new());
}

/// Each answer comes in time, and all of them together do not.
#[actix_web::test]
async fn a_login_at_a_slow_provider_ends_within_ten_seconds() {
    let simulators = Simulators::start().await;
    let server =
        Server::start_with(Kind::Sqlite, |config| enable(config, &simulators, "github")).await;
    let before = server.database().dump()["up_users"].clone();
    let mut browser = Browser::new(&server);
    browser.connect("github", &[]).await;
    let back = browser.at_provider().await;
    simulators.break_down("", Fault::Slow(Duration::from_secs(4)));
    let begun = Instant::now();
    browser.get(&back).await;
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    let expected = format!("{FRONT}?error=oauth_error&");
    assert!(
        browser.location.starts_with(&expected),
        "{}",
        browser.location
    );
    assert_eq!(simulators.asked("api.github.com").len(), 2);
    assert_eq!(server.database().dump()["up_users"], before);
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

    async fn the_documented_flow_signs_in_and_a_ticket_works_once(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| enable(config, &simulators, "github")).await;
        let mut browser = Browser::new(&server);
        let start = browser.connect("github", &[]).await;
        assert_eq!(start.status, 302);
        let cookie = start.headers["set-cookie"].to_str().unwrap().to_owned();
        for part in ["up_connect=", "HttpOnly", "SameSite=Lax", "Path=/api/connect", "Max-Age=600"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(start.headers["cache-control"], "no-store");
        assert_eq!(start.headers["referrer-policy"], "no-referrer");
        let to = Url::parse(start.headers["location"].to_str().unwrap()).unwrap();
        let query: BTreeMap<_, _> = to.query_pairs().into_owned().collect();
        assert_eq!(query["redirect_uri"], "http://localhost:1337/api/connect/github/callback");
        assert_eq!((query["scope"].as_str(), query["code_challenge_method"].as_str()), ("user:email", "S256"));
        // Nothing of it is readable in the cookie.
        assert!(!cookie.contains(&query["state"]) && !cookie.contains("github"));
        let back = browser.login("github").await;
        let ticket = &back["access_token"];
        assert_eq!((ticket.len(), back.len()), (64, 1));
        assert!(!server.database().dump()["up_tickets"].join(" ").contains(ticket.as_str()));
        let body = browser.redeem("github", ticket).await.expect(200);
        let user = &body["user"];
        assert_eq!((&user["username"], &user["email"], &user["provider"]), (&json!("octocat"), &json!("octo@example.com"), &json!("github")));
        let octo = server.anonymous().with_token(body["jwt"].as_str().unwrap());
        // It holds the default role.
        assert_eq!(octo.get("/api/users/me").await.expect(200)["id"], user["id"]);
        let refused = "OAuth authentication requires a completed provider session";
        browser.redeem("github", ticket).await.expect_error(400, "ApplicationError", refused);
        // The same person again, under another address and name: the same user.
        simulators.person("4711", "new@example.com", "renamed");
        let again = browser.sign_in("github").await.expect(200);
        assert_eq!((&again["user"]["id"], &again["user"]["email"]), (&user["id"], &json!("octo@example.com")));
        // Another person with the old address: refused.
        simulators.person("4712", "octo@example.com", "thief");
        browser.sign_in("github").await.expect_error(400, "ApplicationError", "Email is already taken.");
        // And with the old name: digits.
        simulators.person("4713", "third@example.com", "octocat");
        let third = browser.sign_in("github").await.expect(200);
        let name = third["user"]["username"].as_str().unwrap();
        assert!(name.starts_with("octocat") && name.len() > 7, "{name}");
        let dump = server.database().dump();
        assert_eq!(dump["up_identities"].len(), 2);
        assert!(!format!("{dump:?}").contains("provider-token"));
        assert_eq!(simulators.faults(), Vec::<String>::new());
    }

    async fn answers_that_nobody_waits_for_reach_no_token_endpoint(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            enable(config, &simulators, "github");
            enable(config, &simulators, "google");
        }).await;
        let mut browser = Browser::new(&server);
        browser.connect("github", &[]).await;
        let good = browser.at_provider().await;
        let state = good.split("state=").nth(1).unwrap().to_owned();
        let mismatch = |answer: &Answer| {
            let location = answer.headers["location"].to_str().unwrap();
            assert!(location.starts_with(&format!("{FRONT}?error=state_mismatch&")), "{location}");
        };
        let path = |provider: &str, query: &str| format!("/api/connect/{provider}/callback?{query}");
        let mut stranger = Browser::new(&server);
        let mut other = Browser::new(&server);
        other.connect("github", &[]).await;
        let cases = [
            // No cookie, and another browser's.
            stranger.get(&path("github", &format!("code=c&state={state}"))).await,
            other.get(&path("github", &format!("code=c&state={state}"))).await,
            // No state, another one, two.
            browser.get(&path("github", "code=c")).await,
            browser.get(&path("github", "code=c&state=")).await,
            browser.get(&path("github", &format!("code=c&state={state}x"))).await,
            browser.get(&path("github", &format!("code=c&state={state}&state={state}"))).await,
            // What the provider says is not repeated to the front end before the state was compared.
            browser.get(&path("github", "error=access_denied&error_description=attacker")).await,
            // Another provider's.
            browser.get(&path("google", &format!("code=c&state={state}"))).await,
        ];
        for answer in &cases {
            mismatch(answer);
            assert!(!answer.headers["location"].to_str().unwrap().contains("attacker"));
        }
        assert_eq!(simulators.exchanges(), 0);
        // None of it has disturbed the login.
        let cookie = browser.cookie.clone();
        let back = browser.get(&good).await;
        assert!(back.headers["location"].to_str().unwrap().starts_with(&format!("{FRONT}?access_token=")));
        assert_eq!(simulators.exchanges(), 1);
        // The same again, with the cookie as it was.
        browser.cookie = cookie;
        mismatch(&browser.get(&good).await);
        assert_eq!(simulators.exchanges(), 1);
    }

    async fn tickets_are_bound_to_their_provider_and_the_front_ends_code(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            enable(config, &simulators, "github");
            enable(config, &simulators, "google");
        }).await;
        let refused = "OAuth authentication requires a completed provider session";
        let mut browser = Browser::new(&server);
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        browser.connect("github", &[("code_challenge", challenge)]).await;
        let back = browser.come_back().await;
        let ticket = back["access_token"].clone();
        browser.redeem("google", &ticket).await.expect_error(400, "ApplicationError", refused);
        browser.redeem("github", &ticket).await.expect_error(400, "ApplicationError", refused);
        let with = |code: &str| format!("/api/auth/github/callback?access_token={ticket}&code_verifier={code}");
        server.anonymous().get(&with("wrong")).await.expect_error(400, "ApplicationError", refused);
        server.anonymous().get(&with(verifier)).await.expect(200);
        // Begun without a code, by whoever: not for a front end that has one.
        let foreign = browser.login("github").await["access_token"].clone();
        let path = format!("/api/auth/github/callback?access_token={foreign}&code_verifier={verifier}");
        server.anonymous().get(&path).await.expect_error(400, "ApplicationError", refused);
        for query in ["", "access_token=", "access_token=provider-token", "id_token=x", "code=x&state=y", "access_token=a&access_token=b"] {
            let answer = server.anonymous().get(&format!("/api/auth/github/callback?{query}")).await;
            answer.expect_error(400, "ApplicationError", refused);
        }
        for bad in ["short", &"x".repeat(44), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw=cM"] {
            assert_eq!(browser.connect("github", &[("code_challenge", bad)]).await.status, 400, "{bad}");
        }
        let plain = [("code_challenge", challenge), ("code_challenge_method", "plain")];
        assert_eq!(browser.connect("github", &plain).await.status, 400);
        // Of many who redeem one at once, one is let in.
        let back = browser.login("github").await;
        let path = format!("/api/auth/github/callback?access_token={}", back["access_token"]);
        let client = server.anonymous();
        let all = futures_util::future::join_all((0..8).map(|_| client.get(&path))).await;
        assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1);
    }

    async fn only_listed_pages_are_returned_to(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            enable(config, &simulators, "github");
            let github = config.providers.get_mut("github").unwrap();
            github.callback.push("myapp://login/done".to_owned());
        }).await;
        let mut browser = Browser::new(&server);
        for bad in crate::social::BAD_CALLBACKS {
            let answer = browser.connect("github", &[("callback", bad)]).await;
            answer.expect_error(400, "ValidationError", "Invalid callback URL provided");
        }
        for query in [format!("callback={FRONT}&callback={FRONT}"), format!("callback[]={FRONT}"), format!("callback[0]={FRONT}")] {
            let answer = browser.get(&format!("/api/connect/github?{query}")).await;
            answer.expect_error(400, "ValidationError", "Invalid callback URL provided");
        }
        assert_eq!(simulators.asked("github.com").len(), 0);
        let mine = format!("{FRONT}?mine=1&access_token=forged");
        browser.connect("github", &[("callback", &mine)]).await;
        let to = browser.back().await;
        assert!(to.starts_with(&format!("{FRONT}?mine=1&access_token=")) && !to.contains("forged"), "{to}");
        browser.connect("github", &[("callback", "myapp://login/done")]).await;
        assert!(browser.back().await.starts_with("myapp://login/done?access_token="));
        // Taken off the list while somebody is at the provider.
        browser.connect("github", &[("callback", "myapp://login/done")]).await;
        let admin = server.admin().await;
        let body = json!({ "providers": { "github": { "callback": FRONT } } });
        admin.put("/api/users-permissions/providers", body).await.expect(200);
        let to = browser.back().await;
        assert!(to.starts_with(&format!("{FRONT}?error=state_mismatch")), "{to}");
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
