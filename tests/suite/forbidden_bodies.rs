//! Whoever may not call a handler is told so before a byte of the body is read.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use acceptance::{Kind, Server};
use actix_web::{App, FromRequest, HttpRequest, dev::Payload, post, web};
use serde::Deserialize;
use serde_json::{Value, json};
use users_permissions::permission;

use crate::apps::{grant, plugin};

/// Counts the extractors that were run, which is none for those who are refused.
static EXTRACTED: AtomicU32 = AtomicU32::new(0);

struct Counted;

impl FromRequest for Counted {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        EXTRACTED.fetch_add(1, SeqCst);
        std::future::ready(Ok(Self))
    }
}

#[derive(Deserialize)]
struct Typed {
    count: u32,
    colour: Colour,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
}

#[permission("api::test-body.json")]
#[post("/json")]
async fn json_body(_: Counted, body: web::Json<Value>) -> web::Json<Value> {
    body
}

#[permission("api::test-body.late")]
#[post("/late")]
async fn late(body: web::Json<Value>, _: Counted) -> web::Json<Value> {
    body
}

#[permission("api::test-body.typed")]
#[post("/typed")]
async fn typed(body: web::Json<Typed>) -> String {
    let Colour::Red = body.colour;
    body.count.to_string()
}

#[permission("api::test-body.form")]
#[post("/form")]
async fn in_form(body: web::Form<Typed>) -> String {
    body.count.to_string()
}

#[permission("api::test-body.query")]
#[post("/query")]
async fn in_query(query: web::Query<Typed>) -> String {
    query.count.to_string()
}

#[permission("api::test-body.path")]
#[post("/path/{count}/{colour}")]
async fn in_path(path: web::Path<Typed>) -> String {
    path.count.to_string()
}

#[permission("api::test-body.bytes")]
#[post("/bytes")]
async fn in_bytes(body: web::Bytes) -> String {
    body.len().to_string()
}

const ACTIONS: [&str; 7] = [
    "api::test-body.test-body.json",
    "api::test-body.test-body.late",
    "api::test-body.test-body.typed",
    "api::test-body.test-body.form",
    "api::test-body.test-body.query",
    "api::test-body.test-body.path",
    "api::test-body.test-body.bytes",
];
const PATHS: [&str; 7] = [
    "json", "late", "typed", "form", "query", "path/x/y", "bytes",
];

async fn server() -> Server {
    let (up, database) = plugin(|_| {}).await;
    let inside = up.clone();
    let app = move || {
        let api = web::scope("/api")
            .configure(inside.routes())
            .service(json_body)
            .service(late)
            .service(typed);
        let api = api
            .service(in_form)
            .service(in_query)
            .service(in_path)
            .service(in_bytes);
        App::new().wrap(inside.middleware()).service(api)
    };
    Server::serve(up, app).await.owning(database)
}

#[actix_web::test]
async fn a_forbidden_request_with_a_broken_body_is_403_and_no_extractor_runs() {
    let server = server().await;
    let (admin, ann) = (server.admin().await, server.register("ann").await.client);
    let before = EXTRACTED.load(SeqCst);
    for path in PATHS {
        for (media_type, body) in [
            ("application/json", "{".to_owned()),
            ("text/xml", "<".to_owned()),
            ("application/json", "x".repeat(5 << 20)),
        ] {
            let path = format!("/api/{path}");
            server
                .anonymous()
                .post_raw(&path, media_type, body.clone())
                .await
                .expect_forbidden();
            ann.post_raw(&path, media_type, body.clone())
                .await
                .expect_forbidden();
            server
                .anonymous()
                .with_token("a.b.c")
                .post_raw(&path, media_type, body)
                .await
                .expect_bad_token();
        }
    }
    assert_eq!(EXTRACTED.load(SeqCst), before);
    grant(&admin, "authenticated", &ACTIONS).await;
    for path in ["json", "late", "typed"] {
        ann.post_raw(&format!("/api/{path}"), "application/json", "{")
            .await
            .expect(400);
        ann.post_raw(&format!("/api/{path}"), "text/xml", "{}")
            .await
            .expect(415);
        let huge = format!("\"{}\"", "x".repeat(5 << 20));
        ann.post_raw(&format!("/api/{path}"), "application/json", huge)
            .await
            .expect(413);
    }
    assert_eq!(
        ann.post("/api/json", json!({ "a": [1] })).await.expect(200),
        json!({ "a": [1] })
    );
    assert!(EXTRACTED.load(SeqCst) > before);
}

#[actix_web::test]
async fn the_403_arrives_while_the_body_is_still_being_sent() {
    let server = server().await;
    let ann = server.register("ann").await.client;
    let token = format!("Authorization: Bearer {}\r\n", ann.jwt.clone().unwrap());
    for (authorization, status) in [
        ("", "403"),
        (token.as_str(), "403"),
        ("Authorization: Bearer x\r\n", "401"),
    ] {
        for length in [
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: 1000000\r\n",
            "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n",
        ] {
            let mut raw = server.raw();
            raw.write("POST /api/json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
            // One chunk that begins well and never ends.
            raw.write(authorization)
                .write(length)
                .write("\r\n")
                .write("fff\r\n{\"a\":");
            let mut head = raw.read_head();
            if head.starts_with("HTTP/1.1 100") {
                head = raw.read_head();
            }
            assert!(
                head.starts_with(&format!("HTTP/1.1 {status} ")),
                "{length:?}: {head}"
            );
        }
    }
}

#[actix_web::test]
async fn the_plugins_own_routes_refuse_before_reading_too() {
    let server = Server::start(Kind::Sqlite).await;
    let ann = server.register("ann").await.client;
    let token = ann.jwt.clone().unwrap();
    for (method, path) in [
        ("POST", "/api/users"),
        ("PUT", "/api/users/1"),
        ("POST", "/api/users-permissions/roles"),
        ("PUT", "/api/users-permissions/roles/1"),
        ("POST", "/api/articles"),
        ("PUT", "/api/articles/x"),
        ("POST", "/api/auth/local"),
    ] {
        let mut raw = server.raw();
        raw.write(format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        ));
        raw.write(
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
        );
        let head = raw.read_head();
        assert!(head.starts_with("HTTP/1.1 403 "), "{method} {path}: {head}");
    }
}

// The plugin sets the error texts of actix's extractors: a rejected value is not in them.
#[actix_web::test]
async fn typed_extractors_do_not_repeat_the_rejected_value() {
    let server = server().await;
    grant(&server.admin().await, "authenticated", &ACTIONS).await;
    let ann = server.register("ann").await.client;
    const CANARY: &str = "c4nary-s3cret";
    let form = "application/x-www-form-urlencoded";
    let answers = [
        ann.post("/api/typed", json!({ "count": CANARY, "colour": "red" }))
            .await,
        ann.post("/api/typed", json!({ "count": 1, "colour": CANARY }))
            .await,
        ann.post(
            "/api/typed",
            json!({ "count": 1, "colour": { CANARY: CANARY } }),
        )
        .await,
        ann.post("/api/typed", json!(CANARY)).await,
        ann.post("/api/typed", json!([CANARY])).await,
        ann.post_raw("/api/form", form, format!("count={CANARY}&colour=red"))
            .await,
        ann.post_raw("/api/form", form, format!("count=1&colour={CANARY}"))
            .await,
        ann.post(&format!("/api/query?count={CANARY}&colour=red"), json!({}))
            .await,
        ann.post(&format!("/api/query?count=1&colour={CANARY}"), json!({}))
            .await,
        ann.post(&format!("/api/path/{CANARY}/red"), json!({}))
            .await,
        ann.post(&format!("/api/path/1/{CANARY}"), json!({})).await,
    ];
    let mut repeated = Vec::new();
    for answer in answers {
        answer.expect_refusal();
        if answer.text.contains(CANARY) {
            repeated.push(answer.text);
        }
    }
    assert!(repeated.is_empty(), "{repeated:#?}");
}
