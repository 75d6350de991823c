//! Pages of other origins: those that are listed call, read and send cookies; others are told nothing.

use acceptance::{Answer, Kind, Server};
use reqwest::Method;

const LISTED: &str = "https://app.example";
const FOREIGN: [&str; 8] = [
    "https://evil.example",
    "null",
    "*",
    "https://app.example.evil",
    "https://app.example:444",
    "http://app.example",
    "https://xapp.example",
    "https://app.example, https://evil.example",
];
const PATHS: [&str; 4] = ["/api/users/me", "/api/auth/local", "/health", "/nowhere"];

/// Values of a header that lists, sorted.
fn listed(answer: &Answer, name: &str) -> Vec<String> {
    let values = answer.headers.get_all(name).iter();
    let values = values.flat_map(|value| value.to_str().unwrap().split(','));
    let mut values: Vec<_> = values
        .map(|value| value.trim().to_ascii_lowercase())
        .collect();
    values.sort();
    values
}

fn one(answer: &Answer, name: &str) -> Option<String> {
    let value = answer.headers.get(name)?;
    Some(value.to_str().unwrap().to_owned())
}

/// What a browser asks before it sends a request with this method and these headers.
async fn preflight(
    server: &Server,
    origin: &str,
    path: &str,
    method: &str,
    wanted: &str,
) -> Answer {
    let anonymous = server.anonymous();
    let mut request = anonymous
        .request(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", method);
    if !wanted.is_empty() {
        request = request.header("access-control-request-headers", wanted);
    }
    anonymous.send(request).await
}

#[track_caller]
fn expect_nothing(answer: &Answer, asked: &str) {
    let told = answer.headers.keys().map(|name| name.as_str());
    let told: Vec<_> = told
        .filter(|name| name.starts_with("access-control-"))
        .collect();
    assert!(told.is_empty(), "{asked}: {:?}", answer.headers);
}

#[actix_web::test]
async fn listed_origins_read_answers_and_their_headers() {
    let server = Server::start(Kind::Sqlite).await;
    let anonymous = server.anonymous();
    for path in PATHS {
        let request = anonymous
            .request(Method::GET, path)
            .header("origin", LISTED);
        let answer = anonymous.send(request).await;
        let told = |name| one(&answer, name);
        assert_eq!(
            told("access-control-allow-origin").as_deref(),
            Some(LISTED),
            "{path}"
        );
        assert_eq!(
            told("access-control-allow-credentials").as_deref(),
            Some("true"),
            "{path}"
        );
        let exposed = [
            "etag",
            "retry-after",
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
        ];
        assert_eq!(listed(&answer, "access-control-expose-headers"), exposed);
        assert!(listed(&answer, "vary").contains(&"origin".to_owned()));
    }
}

#[actix_web::test]
async fn listed_origins_may_send_what_the_api_takes_and_no_more() {
    let server = Server::start(Kind::Sqlite).await;
    for method in ["GET", "POST", "PUT", "DELETE"] {
        for wanted in [
            "",
            "authorization",
            "authorization,content-type",
            "if-match, content-type, authorization",
            "x-strapi-refresh-cookie,content-type",
        ] {
            for path in PATHS {
                let answer = preflight(&server, LISTED, path, method, wanted).await;
                answer.expect(200);
                let told = |name| one(&answer, name);
                assert_eq!(told("access-control-allow-origin").as_deref(), Some(LISTED));
                assert_eq!(
                    told("access-control-allow-credentials").as_deref(),
                    Some("true")
                );
                assert_eq!(told("access-control-max-age").as_deref(), Some("86400"));
                let methods = listed(&answer, "access-control-allow-methods");
                assert!(
                    methods.contains(&method.to_ascii_lowercase()),
                    "{methods:?}"
                );
                let headers = [
                    "accept",
                    "authorization",
                    "content-type",
                    "if-match",
                    "origin",
                    "x-strapi-refresh-cookie",
                ];
                assert_eq!(listed(&answer, "access-control-allow-headers"), headers);
            }
        }
    }
    for (method, wanted) in [
        ("POST", "x-other"),
        ("POST", "authorization,x-other"),
        ("TRACE", ""),
        ("PURGE", "authorization"),
    ] {
        let answer = preflight(&server, LISTED, "/api/users/me", method, wanted).await;
        assert_eq!(answer.status, 400, "{method} {wanted}");
        expect_nothing(&answer, wanted);
    }
}

#[actix_web::test]
async fn other_origins_are_told_nothing() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    for origin in FOREIGN {
        for path in PATHS {
            for caller in [&server.anonymous(), &admin] {
                let request = caller.request(Method::GET, path).header("origin", origin);
                let answer = caller.send(request).await;
                expect_nothing(&answer, &format!("{origin} {path}"));
                // Or a cache would answer one origin with what another was told.
                let vary = listed(&answer, "vary");
                assert!(vary.contains(&"origin".to_owned()), "{origin} {path}");
            }
            for wanted in ["", "authorization", "x-strapi-refresh-cookie"] {
                let answer = preflight(&server, origin, path, "POST", wanted).await;
                assert!(answer.status.is_client_error(), "{origin} {path}");
                expect_nothing(&answer, &format!("{origin} {path} {wanted}"));
            }
        }
    }
    // Who is on a page of nobody's asks nothing, and is told nothing.
    expect_nothing(&admin.get("/api/users/me").await, "no origin");
}
