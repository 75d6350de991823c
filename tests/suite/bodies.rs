//! Bodies of every kind: bounded, parsed once, never repeated in an answer.

use acceptance::{Kind, PASSWORD, Server, on_every_database};
use reqwest::Method;
use serde_json::{Value, json};

const LOGIN: &str = "/api/auth/local";
const REGISTER: &str = "/api/auth/local/register";

#[actix_web::test]
async fn malformed_json_is_400_in_the_envelope() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let before = server.database().dump();
    let deep_object = format!("{}1{}", "{\"a\":".repeat(2_000), "}".repeat(2_000));
    let deep_array = format!("{}{}", "[".repeat(7_000), "]".repeat(7_000));
    let deep_inside = format!(
        "{{\"identifier\":{}{}}}",
        "[".repeat(7_000),
        "]".repeat(7_000)
    );
    let bodies: [&[u8]; 18] = [
        b"{",
        b"}",
        b"{\"identifier\":}",
        b"{\"identifier\" \"x\"}",
        b"{'identifier':'x'}",
        b"{identifier:1}",
        b"nul",
        b"\"",
        b"{}{}",
        b"[1,]",
        b"{\"a\":1e999}",
        b"\xef\xbb\xbf{}",
        b"{\"identifier\":\"\xff\"}",
        b"{\"identifier\":\"\\ud800\"}",
        b"{\"identifier\":\"a\nb\"}",
        deep_object.as_bytes(),
        deep_array.as_bytes(),
        deep_inside.as_bytes(),
    ];
    for body in bodies {
        for (method, path, client) in [
            (Method::POST, LOGIN, &server.anonymous()),
            (Method::POST, REGISTER, &server.anonymous()),
            (Method::POST, "/api/users", &admin),
            (Method::PUT, "/api/users/1", &admin),
            (Method::POST, "/api/users-permissions/roles", &admin),
            (Method::PUT, "/api/users-permissions/roles/1", &admin),
            (
                Method::POST,
                "/api/users-permissions/setup",
                &server.anonymous(),
            ),
        ] {
            let request = client
                .request(method, path)
                .header("content-type", "application/json")
                .body(body.to_vec());
            let answer = client.send(request).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]);
            assert_eq!(answer.status, 400, "{path} {shown}: {}", answer.text);
            answer.expect_refusal();
        }
    }
    assert_eq!(server.database().dump(), before);
}

#[actix_web::test]
async fn json_that_is_no_object_is_400() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let before = server.database().dump();
    for body in [
        "[]",
        "[{}]",
        "[[\"identifier\"]]",
        "null",
        "true",
        "0",
        "\"x\"",
        "[\"name\"]",
    ] {
        for (path, client) in [
            (LOGIN, &server.anonymous()),
            (REGISTER, &server.anonymous()),
            ("/api/users", &admin),
            ("/api/users-permissions/roles", &admin),
        ] {
            let answer = client.post_raw(path, "application/json", body).await;
            assert_eq!(answer.status, 400, "{path} {body}: {}", answer.text);
            answer.expect_refusal();
        }
    }
    assert_eq!(server.database().dump(), before);
}

// 16 KiB are enough for an account, and are counted while they come in.
#[actix_web::test]
async fn oversized_bodies_are_413_whether_their_length_is_told_or_not() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let before = server.database().dump();
    let padded = |size: usize| {
        let body =
            json!({ "identifier": "admin", "password": "AdminPass1", "pad": "" }).to_string();
        body.replace(
            "\"pad\":\"\"",
            &format!("\"pad\":\"{}\"", "x".repeat(size - body.len())),
        )
    };
    let anonymous = server.anonymous();
    assert_eq!(padded(16 * 1024).len(), 16 * 1024);
    anonymous
        .post_raw(LOGIN, "application/json", padded(16 * 1024))
        .await
        .expect(200);
    let answer = anonymous
        .post_raw(LOGIN, "application/json", padded(16 * 1024 + 1))
        .await;
    answer.expect_error(413, "PayloadTooLargeError", "request entity too large");
    for (path, client) in [
        (LOGIN, &anonymous),
        (REGISTER, &anonymous),
        ("/api/users", &admin),
    ] {
        let answer = client
            .post_raw(path, "application/json", padded(1 << 20))
            .await;
        answer.expect_error(413, "PayloadTooLargeError", "request entity too large");
    }
    let tree = json!({ "name": "Huge", "permissions": { "api::x": { "controllers": { "x".repeat(1 << 20): {} } } } });
    let answer = admin.post("/api/users-permissions/roles", tree).await;
    answer.expect_error(413, "PayloadTooLargeError", "request entity too large");

    let body = padded(40_000);
    let chunks: String = body.as_bytes().chunks(1_000).map(chunk).collect();
    let mut raw = server.raw();
    raw.write("POST /api/auth/local HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
    raw.write("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        .write(chunks)
        .write("0\r\n\r\n");
    assert!(raw.read_head().starts_with("HTTP/1.1 413 "));
    assert_eq!(server.database().dump(), before);
}

fn chunk(bytes: &[u8]) -> String {
    format!(
        "{:x}\r\n{}\r\n",
        bytes.len(),
        String::from_utf8_lossy(bytes)
    )
}

#[actix_web::test]
async fn unknown_media_types_are_415_and_kindred_of_json_are_json() {
    let server = Server::start(Kind::Sqlite).await;
    let anonymous = server.anonymous();
    let body = json!({ "identifier": "admin", "password": "AdminPass1" }).to_string();
    for media_type in [
        "text/plain",
        "text/xml",
        "application/xml",
        "text/html",
        "multipart/form-data; boundary=x",
        "image/png",
        "application/x-json",
        "text/json",
        "application/jsonp",
        "*/*",
        "x",
    ] {
        let answer = anonymous.post_raw(LOGIN, media_type, body.clone()).await;
        answer.expect_error(415, "UnsupportedMediaTypeError", "Unsupported Media Type");
    }
    for media_type in [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/vnd.api+json",
        "application/problem+json",
    ] {
        anonymous
            .post_raw(LOGIN, media_type, body.clone())
            .await
            .expect(200);
    }
    let bare = anonymous.request(Method::POST, LOGIN).body(body);
    anonymous.send(bare).await.expect(200);
    let nothing = anonymous.send(anonymous.request(Method::POST, LOGIN)).await;
    nothing.expect_error(400, "ValidationError", "2 errors occurred");
}

const CANARY: &str = "c4nary-s3cret";

// Section 3, 34, and FACTS 15.7: passwords are values, too.
#[actix_web::test]
async fn no_error_repeats_what_was_sent() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let anonymous = server.anonymous();
    let texts: [Value; 8] = [
        json!(CANARY),
        json!(CANARY.repeat(20)),
        json!([CANARY]),
        json!({ "x": CANARY }),
        json!(format!("{CANARY}@")),
        json!(format!("\u{202e}{CANARY}")),
        json!(format!("{CANARY}\u{0}")),
        json!(format!("{CANARY}@example.com")),
    ];
    let mut answers = Vec::new();
    for value in &texts {
        for key in [
            "identifier",
            "password",
            "username",
            "email",
            "role",
            "confirmed",
            "blocked",
        ] {
            let body = json!({ key: value });
            answers.push(anonymous.post(LOGIN, body.clone()).await);
            answers.push(anonymous.post(REGISTER, body.clone()).await);
            answers.push(admin.post("/api/users", body.clone()).await);
            // A user name is fine to change; whatever else of this is taken would be a bug.
            if !["username", "password"].contains(&key) {
                answers.push(admin.put("/api/users/1", body).await);
            }
        }
        for key in ["name", "type", "description", "permissions"] {
            answers.push(
                admin
                    .post(
                        "/api/users-permissions/roles",
                        json!({ key: value, "x": 1 }),
                    )
                    .await,
            );
        }
        let setup = json!({ "token": value, "username": "mallory", "email": "m@example.com", "password": CANARY });
        answers.push(anonymous.post("/api/users-permissions/setup", setup).await);
    }
    for body in [
        format!("{{\"password\":\"{CANARY}\""),
        format!("{{\"password\":{CANARY}}}"),
        CANARY.to_owned(),
    ] {
        answers.push(
            anonymous
                .post_raw(LOGIN, "application/json", body.clone())
                .await,
        );
        answers.push(anonymous.post_raw(LOGIN, CANARY, body.clone()).await);
        answers.push(
            anonymous
                .post_raw(LOGIN, "application/x-www-form-urlencoded", body)
                .await,
        );
    }
    for path in [
        "users",
        "users-permissions/roles",
        CANARY,
        "articles",
        "users-permissions/permissions",
    ] {
        answers.push(admin.delete(&format!("/api/{path}/{CANARY}")).await);
        answers.push(admin.get(&format!("/api/{path}/{CANARY}")).await);
    }
    answers.push(
        admin
            .get(&format!("/api/articles?pagination[page]={CANARY}"))
            .await,
    );
    answers.push(anonymous.with_token(CANARY).get("/api/users/me").await);
    for answer in answers {
        // A name that was merely free to take is no error.
        if answer.status.is_success() {
            continue;
        }
        assert!(
            !answer.text.contains(CANARY),
            "{}: {}",
            answer.status,
            answer.text
        );
        for value in answer.headers.values() {
            assert!(
                !String::from_utf8_lossy(value.as_bytes()).contains(CANARY),
                "{value:?}"
            );
        }
        answer.expect_refusal();
    }
}

on_every_database! {
    // PostgreSQL cannot store a NUL; that is the sender's mistake, not an outage.
    async fn a_nul_in_a_text_is_answered_as_any_other_bad_text(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let document_id = "a\u{0}cdefghijklmnopqrstuvwx";
        assert_eq!(document_id.len(), 24);
        let user = json!({ "username": "mallory", "email": "m@example.com", "password": PASSWORD, "role": document_id });
        let answers = [
            admin.post("/api/users", user).await,
            admin.put("/api/users/1", json!({ "role": { "connect": [{ "documentId": document_id }] } })).await,
            admin.post("/api/users-permissions/roles", json!({ "name": "Nul\u{0}name" })).await,
            admin.post("/api/users-permissions/roles", json!({ "name": "Nul type", "type": "nul\u{0}" })).await,
            admin.post("/api/users-permissions/roles", json!({ "name": "Nul text", "description": "a\u{0}b" })).await,
            admin.put("/api/users-permissions/roles/1", json!({ "description": "a\u{0}b" })).await,
            server.anonymous().post(LOGIN, json!({ "identifier": "a\u{0}b", "password": "x" })).await,
            admin.delete("/api/users-permissions/permissions/a%00b").await,
        ];
        for (index, answer) in answers.iter().enumerate() {
            assert!(answer.status.is_client_error(), "{index}: {} {}", answer.status, answer.text);
        }
    }

    // A column ends somewhere, on MySQL earlier than elsewhere: told before, or stored whole.
    async fn a_long_text_is_stored_whole_or_refused(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let path = "/api/users-permissions/roles/1";
        for size in [255, 70_000, 1_000_000] {
            let body = json!({ "description": "x".repeat(size) });
            let answer = admin.put(path, body).await;
            assert!([200, 400].contains(&answer.status.as_u16()), "{size}: {}", answer.text);
            if answer.status == 200 {
                let stored = admin.get(path).await.expect(200)["role"]["description"].clone();
                assert_eq!(stored.as_str().unwrap().len(), size);
            }
        }
        let before = server.database().dump();
        for body in [
            json!({ "name": "x".repeat(256) }),
            json!({ "name": "Long type", "type": "x".repeat(256) }),
            json!({ "name": "a1".repeat(127) }),
        ] {
            admin.post("/api/users-permissions/roles", body).await.expect(400);
        }
        assert_eq!(server.database().dump(), before);
    }
}
