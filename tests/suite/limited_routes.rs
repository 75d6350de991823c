//! Every route that takes a guess is counted, whatever stands in its path, query and body.

use acceptance::{Answer, Client, Kind, Server};
use serde_json::{Value, json};

use crate::account_limits::limited;

struct Route {
    method: &'static str,
    /// With the number of the try.
    path: fn(usize) -> String,
    body: fn(usize) -> Value,
    /// Tries that one network has.
    passes: usize,
}

const NEW: &str = "Another1!";

fn none(_: usize) -> Value {
    Value::Null
}

/// Those that count by network alone; the others are in `rate_limits` and `account_limits`.
const ROUTES: [Route; 6] = [
    Route {
        method: "POST",
        path: |_| "/api/auth/reset-password".to_owned(),
        body: |n| json!({ "code": format!("c0de{n}"), "password": NEW, "passwordConfirmation": NEW }),
        passes: 3,
    },
    Route {
        method: "GET",
        path: |n| format!("/api/auth/email-confirmation?confirmation={n}"),
        body: none,
        passes: 3,
    },
    // With Strapi each path of `/connect` had a count of its own.
    Route {
        method: "GET",
        path: |n| {
            let name = ["github", "google", "nobody"][n % 3];
            format!(
                "/api/connect/{name}{}",
                ["", "/callback", "/z"][n / 3 % 3].to_owned() + &format!("?n={n}")
            )
        },
        body: none,
        passes: 3,
    },
    Route {
        method: "GET",
        path: |n| {
            let name = ["github", "google", "nobody"][n % 3];
            format!("/api/auth/{name}/callback?access_token=ticket{n}")
        },
        body: none,
        passes: 3,
    },
    Route {
        method: "POST",
        path: |_| "/api/users-permissions/setup".to_owned(),
        body: |n| json!({ "token": format!("{n}"), "username": "eve", "email": format!("eve{n}@example.com"), "password": NEW }),
        passes: 3,
    },
    Route {
        method: "POST",
        path: |_| "/api/auth/local".to_owned(),
        body: |n| json!({ "identifier": format!("user{n}"), "password": NEW }),
        passes: 3,
    },
];

async fn call(client: &Client, route: &Route, number: usize, network: &str) -> Answer {
    let request = client
        .request(route.method.parse().unwrap(), &(route.path)(number))
        .header("x-forwarded-for", network);
    let body = (route.body)(number);
    match body.is_null() {
        true => client.send(request).await,
        false => client.send(request.json(&body)).await,
    }
}

#[actix_web::test]
async fn a_network_has_one_count_on_each_route_whatever_it_sends() {
    let server = Server::start_with(Kind::Sqlite, limited).await;
    let anonymous = server.anonymous();
    for route in &ROUTES {
        let (mut passed, path) = (0, (route.path)(0));
        for number in 0..18 {
            let answer = call(&anonymous, route, number, "203.0.113.5").await;
            assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
            assert!(answer.headers.contains_key("x-ratelimit-reset"), "{path}");
            passed += usize::from(answer.status != 429);
        }
        assert_eq!(passed, route.passes, "{path}");
        // Others go on.
        let other = call(&anonymous, route, 0, "203.0.113.6").await;
        assert_ne!(other.status, 429, "{path}");
    }
}

#[actix_web::test]
async fn a_user_has_one_count_of_passwords_typed_to_link_a_provider() {
    let server = Server::start_with(Kind::Sqlite, limited).await;
    let ann = server.register("ann").await;
    let mut passed = 0;
    for number in 0..10 {
        let path = "/api/auth/identities";
        let body = json!({ "provider": "github", "access_token": "ticket", "currentPassword": format!("wrong{number}") });
        let request = ann.client.request("POST".parse().unwrap(), path);
        let request = request.header("x-forwarded-for", format!("198.51.100.{number}"));
        let answer = ann.client.send(request.json(&body)).await;
        passed += usize::from(answer.status == 400);
    }
    assert_eq!(passed, 3);
}
