//! Social login as a browser goes through it: to the provider, back, and on to the front end with a ticket.

use std::collections::BTreeMap;

use acceptance::providers::Simulators;
use acceptance::{Answer, Kind, Server, on_every_database};
use reqwest::Url;
use serde_json::json;

use crate::social::{Browser, FRONT, enable};

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

/// The cookie with another letter at a quarter of its value.
fn flip(cookie: &str, quarter: usize) -> String {
    let (name, value) = cookie.split_once('=').unwrap();
    let mut value = value.to_owned();
    let place = value.len() * quarter / 4;
    let other = if value[place..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    value.replace_range(place..=place, other);
    format!("{name}={value}")
}

on_every_database! {
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

    async fn a_tampered_answer_leads_to_the_configured_page_and_is_shown_to_nobody(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| enable(config, &simulators, "github")).await;
        let elsewhere = "&callback=https%3A%2F%2Fevil.example%2Fcb&error_description=attacker";
        for (flipped, is_denied) in [
            (None, true), (Some(0), false), (Some(1), false), (Some(2), false), (Some(3), false), (Some(0), true), (Some(2), true),
        ] {
            let mut browser = Browser::new(&server);
            browser.connect("github", &[]).await;
            let mut path = browser.at_provider().await + elsewhere;
            if is_denied {
                path = path.replacen("code=", "error=access_denied&was=", 1);
            }
            if let Some(quarter) = flipped {
                browser.cookie = browser.cookie.map(|cookie| flip(&cookie, quarter));
            }
            let answer = browser.get(&path).await;
            assert_eq!(answer.status, 302, "{}", answer.text);
            let code = if flipped.is_some() { "state_mismatch" } else { "access_denied" };
            let to = &browser.location;
            assert!(to.starts_with(&format!("{FRONT}?error={code}&error_description=")), "{flipped:?} {is_denied} {to}");
            assert!(!to.contains("evil") && !to.contains("attacker"), "{to}");
        }
        assert_eq!(simulators.exchanges(), 0);
        // With nothing but a page to return to added, it is what the provider has sent.
        let mut browser = Browser::new(&server);
        browser.connect("github", &[]).await;
        let path = browser.at_provider().await + elsewhere;
        browser.get(&path).await;
        let to = &browser.location;
        assert!(to.starts_with(&format!("{FRONT}?access_token=")) && !to.contains("evil"), "{to}");
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
