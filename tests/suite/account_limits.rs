//! An account has one budget of tries, whatever it is called and wherever they come from.

use acceptance::{
    Answer, Browser, Client, Kind, PASSWORD, Server, TestDatabase, config, on_every_database,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use users_permissions::{Config, Email, UsersPermissions};

const LOGIN: &str = "/api/auth/local";
/// A path, and what is sent there with an address in the try of this number.
type Route = (&'static str, fn(&str, usize) -> Value);
/// Ways to name Ann.
const ANN: [&str; 3] = ["ann", "ann@example.com", "ANN@Example.com"];

/// Few tries, and clients that are told by the test.
pub(crate) fn limited(config: &mut Config) {
    config.ratelimit.enabled = true;
    config.ratelimit.max = 3;
    config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
}

/// A try that came from the network of this number.
async fn attempt(caller: &Client, network: usize, identifier: &str, password: &str) -> Answer {
    let body = json!({ "identifier": identifier, "password": password });
    post_from(caller, network, LOGIN, &body).await
}

async fn post_from(caller: &Client, network: usize, path: &str, body: &Value) -> Answer {
    let client = format!("2001:db8:0:{network:x}::1");
    let request = caller.request("POST".parse().unwrap(), path);
    let request = request.header("x-forwarded-for", client).json(body);
    caller.send(request).await
}

/// What is told to a client, but for what is another for each.
fn told(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let varying = ["date", "x-ratelimit-reset", "retry-after"];
    let headers = answer.headers.iter();
    let headers = headers.filter(|(name, _)| !varying.contains(&name.as_str()));
    let mut headers: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status.as_u16(), answer.text.clone(), headers)
}

on_every_database! {
    async fn a_name_and_an_address_of_one_account_share_one_budget(kind) {
        let server = Server::start_with(kind, limited).await;
        server.register("ann").await;
        server.register("bob").await;
        let anonymous = server.anonymous();
        let mut passed = Vec::new();
        for network in 0..24 {
            let answer = attempt(&anonymous, network, ANN[network % 3], "wrong!!").await;
            match answer.status.as_u16() {
                400 => passed.push(network),
                _ => answer.expect_error(429, "RateLimitError", "Too many requests, please try again later."),
            }
        }
        assert_eq!(passed, [0, 1, 2]);
        // The right password is no way around, and nobody else is concerned.
        for name in ANN {
            attempt(&anonymous, 100, name, PASSWORD).await.expect(429);
        }
        for (index, name) in ["bob", "bob@example.com", "BOB@example.com"].into_iter().enumerate() {
            attempt(&anonymous, 110 + index, name, PASSWORD).await.expect(200);
        }
        attempt(&anonymous, 120, "bob", PASSWORD).await.expect(429);
    }

    async fn of_parallel_tries_by_both_names_few_reach_the_password(kind) {
        let server = Server::start_with(kind, limited).await;
        server.register("ann").await;
        let tries = (0..60).map(|network| {
            let anonymous = server.anonymous();
            async move { attempt(&anonymous, network, ANN[network % 3], "wrong!!").await.status.as_u16() }
        });
        let mut statuses = join_all(tries).await;
        statuses.sort();
        assert_eq!(statuses, [&[400; 3][..], &[429; 57]].concat());
    }

    // Until an account's budget is used up, nothing tells who has been trying, and whether anybody is there.
    async fn known_and_unknown_accounts_are_told_the_same(kind) {
        let server = Server::start_with(kind, limited).await;
        for name in ["ann", "bob", "cyd", "dee"] {
            server.register(name).await;
        }
        let set = |change: &str, name: &str| server.database().execute(&format!("UPDATE up_users SET {change} WHERE username = '{name}'"));
        set("blocked = TRUE", "bob");
        set("provider = 'google', password_hash = NULL", "cyd");
        set("confirmed = FALSE", "dee");
        let names = ["ann", "bob", "cyd", "dee@example.com", "nobody", "nobody.else@example.com", "no name", "x@y@z"];
        let mut seen = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            let mut answers = Vec::new();
            for place in 0..5 {
                // Two networks: the second learns nothing of what the first did.
                let network = 1_000 + index * 10 + place % 2;
                answers.push(told(&attempt(&server.anonymous(), network, name, "wrong!!").await));
            }
            seen.push(answers);
        }
        for (name, answers) in names.iter().zip(&seen) {
            assert_eq!(answers, &seen[0], "{name}");
        }
        let statuses: Vec<_> = seen[0].iter().map(|(status, ..)| *status).collect();
        assert_eq!(statuses, [400, 400, 400, 429, 429]);
        let remaining: Vec<_> = seen[0].iter().map(|(_, _, headers)| {
            headers.iter().find(|(name, _)| name == "x-ratelimit-remaining").unwrap().1.clone()
        }).collect();
        assert_eq!(remaining, ["2", "2", "1", "0", "0"]);
    }

    // What an application calls one address is one for every route that is given one.
    async fn spellings_that_the_application_calls_one_share_one_budget(kind) {
        let database = TestDatabase::create(kind);
        let mut config = config(&database);
        limited(&mut config);
        let without_tag = |email: &Email| {
            let (local, domain) = email.as_str().split_once('@').unwrap();
            format!("{}@{domain}", local.split('+').next().unwrap())
        };
        let builder = UsersPermissions::builder().config(config).email_canonicalizer(without_tag);
        let server = Server::with_builder(builder).await;
        let register = json!({ "username": "ann", "email": "ann+home@example.com", "password": PASSWORD });
        post_from(&server.anonymous(), 1, "/api/auth/local/register", &register).await.expect(200);
        let spellings = ["ann+home@example.com", "ann@example.com", "Ann+2@Example.com"];
        let routes: [Route; 4] = [
            (LOGIN, |email, index| json!({ "identifier": if index % 2 == 0 { "ann" } else { email }, "password": "wrong!!" })),
            ("/api/auth/forgot-password", |email, _| json!({ "email": email })),
            ("/api/auth/send-email-confirmation", |email, _| json!({ "email": email })),
            ("/api/auth/local/register", |email, index| json!({ "username": format!("new{index}"), "email": email, "password": PASSWORD })),
        ];
        for (route, (path, body)) in routes.into_iter().enumerate() {
            let mut passed = 0;
            for index in 0..12 {
                let body = body(spellings[index % 3], index);
                let answer = post_from(&server.anonymous(), 100 * (route + 1) + index, path, &body).await;
                passed += u32::from(answer.status != 429);
            }
            // One registration was Ann's own.
            assert_eq!(passed, if route == 3 { 2 } else { 3 }, "{path}");
        }
    }
}

#[actix_web::test]
async fn the_pages_and_the_api_count_an_administrator_once() {
    let server = Server::start_with(Kind::Sqlite, limited).await;
    let names = ["admin", "admin@example.com"];
    let mut statuses = Vec::new();
    for index in 0..6 {
        let name = names[index % 2];
        if index % 3 == 2 {
            let answer = attempt(&server.anonymous(), index, name, "wrong!!").await;
            statuses.push(answer.status.as_u16());
        } else {
            let mut browser = Browser::new(&server);
            let client = format!("2001:db8:0:{index:x}::1");
            browser.headers.push(("x-forwarded-for", client));
            statuses.push(browser.sign_in(name, "wrong!!").await.status.as_u16());
        }
    }
    assert_eq!(statuses, [400, 400, 400, 429, 429, 429]);
}
