//! The routes of social login: their cookie, methods and answers.

use acceptance::providers::Simulators;
use acceptance::{Kind, Server};
use serde_json::json;
use users_permissions::Config;

use crate::social::{Browser, FRONT, enable};

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
