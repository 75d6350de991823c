//! Providers of social login whose servers fail.

use std::time::{Duration, Instant};

use acceptance::providers::{Fault, Simulators};
use acceptance::{Kind, Server};

use crate::social::{Browser, FRONT, Outcome, enable, outcome};

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
