//! Query strings that would cost much are refused at once, and the server goes on.

use std::time::{Duration, Instant};

use acceptance::{Kind, Server};

/// A refusal takes a moment; the machine may be busy.
const QUICK: Duration = Duration::from_secs(2);

/// What fits into the head of a request.
fn fitting() -> Vec<String> {
    let deep = |times: usize| format!("filters{}=1", "[a]".repeat(times));
    vec![
        "a=1&".repeat(2_000),
        "a&".repeat(30_000),
        "&".repeat(60_000),
        "filters[id][$in][]=1&".repeat(1_001),
        deep(21),
        deep(5_000),
        deep(20_000),
        format!("filters{}=1", "%5Ba%5D".repeat(5_000)),
        format!("filters{}=1", "%5ba%5d".repeat(50)),
        format!("filters{}[id]=1", "[$not]".repeat(5_000)),
        format!("filters{}[id]=1", "[$and][0]".repeat(5_000)),
        format!("filters{}=1", "[".repeat(60_000)),
        format!("filters{}=1", "]".repeat(60_000)),
        format!("_q={}", "x".repeat(60_000)),
        format!("_q={}", "%41".repeat(20_000)),
        format!("populate{}=*", "[role][populate]".repeat(3_000)),
        "a[999999999]=1&a[2]=x".to_owned(),
        format!("sort={}", "id:asc,".repeat(5_000)),
        format!("filters[id][$in]={}", "1,".repeat(5_000)),
        format!("filters[createdAt][$in]={}", "2026-11-30,".repeat(101)),
        format!("fields={}", "id,".repeat(5_000)),
        format!("fields={}*", "id,".repeat(100)),
        "fields[]=id&".repeat(101),
    ]
}

/// The same for what shows roles.
fn of_roles() -> Vec<String> {
    vec![
        format!("populate[role][fields]={}", "id,".repeat(5_000)),
        format!("populate[roles][fields]={}", "name,".repeat(101)),
        "populate[role][fields][]=name&".repeat(101),
    ]
}

/// What does not.
fn too_long() -> Vec<String> {
    vec![
        "a=1&".repeat(100_000),
        format!("filters{}=1", "[a]".repeat(100_000)),
        format!("_q={}", "x".repeat(1_000_000)),
    ]
}

/// The status that a GET of `path` with this query is answered with, and how long it took.
fn status(server: &Server, path: &str, query: &str) -> (u16, Duration) {
    let begun = Instant::now();
    let request = format!("GET {path}?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let mut raw = server.raw();
    let head = raw.write(request).read_head();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (
        status.unwrap_or_else(|| panic!("{path}: {head:?}")),
        begun.elapsed(),
    )
}

#[actix_web::test]
async fn hostile_query_strings_are_refused_at_once() {
    let server = Server::start_with(Kind::Sqlite, |config| config.initial_grants = true).await;
    let admin = server.admin().await;
    for path in [
        "/api/users",
        "/api/users/count",
        "/api/users/me",
        "/api/users/1",
        "/api/articles",
    ] {
        let mut queries = fitting();
        if path != "/api/articles" {
            queries.extend(of_roles());
        }
        for query in queries {
            let begun = Instant::now();
            let answer = admin.get(&format!("{path}?{query}")).await;
            assert!(begun.elapsed() < QUICK, "{path} {query:.40}");
            assert!(
                [400, 413, 414].contains(&answer.status.as_u16()),
                "{path} {query:.40}: {} {:.200}",
                answer.status,
                answer.text
            );
            answer.expect_refusal();
        }
    }
}

#[actix_web::test]
async fn a_hundred_fields_are_answered() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let fields = vec!["username"; 100].join(",");
    let names = vec!["name"; 100].join(",");
    let path = format!("/api/users?fields={fields}&populate[role][fields]={names}");
    let shown = admin.get(&path).await.expect(200)[0].clone();
    let keys = |shown: &serde_json::Value| -> Vec<String> {
        shown.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&shown), ["documentId", "id", "role", "username"]);
    assert_eq!(keys(&shown["role"]), ["documentId", "id", "name"]);
}

#[actix_web::test]
async fn heads_beyond_all_bounds_are_refused_before_anything_is_parsed() {
    let server = Server::start(Kind::Sqlite).await;
    for path in ["/api/users", "/api/users/me", "/health", "/nowhere"] {
        for query in too_long() {
            let (status, took) = status(&server, path, &query);
            assert!(
                [400, 413, 414, 431].contains(&status),
                "{path} {query:.20}: {status}"
            );
            assert!(took < QUICK, "{path} {query:.20}: {took:?}");
        }
    }
    server.anonymous().get("/health").await.expect(200);
}
