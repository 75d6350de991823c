//! `Authorization` in every form: one good token, none at all, or 401.

use acceptance::{Answer, Client, Kind, Server};
use reqwest::header::HeaderValue;
use serde_json::json;

/// Open to the public by default.
const PUBLIC: &str = "/api/connect/none";
/// Open to signed-in users by default.
const SIGNED_IN: &str = "/api/users/me";

async fn get(client: &Client, path: &str, authorization: impl AsRef<[u8]>) -> Answer {
    let value = HeaderValue::from_bytes(authorization.as_ref()).unwrap();
    client
        .send(
            client
                .request("GET".parse().unwrap(), path)
                .header("authorization", value),
        )
        .await
}

fn expect_public(answer: &Answer) {
    answer.expect_error(400, "ApplicationError", "This provider is disabled");
}

#[actix_web::test]
async fn a_bearer_that_is_no_token_is_never_the_public() {
    let server = Server::start(Kind::Sqlite).await;
    let jwt = server.register("ann").await.client.jwt.unwrap();
    let anonymous = server.anonymous();
    let long = "x".repeat(64 * 1024);
    let long_token = format!("{jwt}{long}");
    let mut values: Vec<Vec<u8>> = [
        "Bearer",
        "Bearer ",
        "bearer",
        "BEARER\t",
        "Bearer a b",
        "Bearer a.b.c",
        "Bearer null",
        "Bearer undefined",
        "Bearer {}",
        "Bearer \"\"",
        "Bearer  ",
        "Bearer .",
        "Bearer ..",
        "Bearer ,",
        "Bearer é",
    ]
    .map(|value| value.as_bytes().to_vec())
    .into();
    values.extend([
        b"Bearer \xff\xfe".to_vec(),
        b"Bearer \x80".to_vec(),
        b"Bearer \xc3\x28".to_vec(),
        format!("Bearer {jwt} x").into_bytes(),
        format!("Bearer {jwt},{jwt}").into_bytes(),
        format!("Bearer {jwt}, Bearer {jwt}").into_bytes(),
        format!("Bearer Bearer {jwt}").into_bytes(),
        format!("Bearer \"{jwt}\"").into_bytes(),
        format!("Bearer {jwt}\u{a0}").into_bytes(),
        format!("Bearer {long}").into_bytes(),
        format!("Bearer {long_token}").into_bytes(),
    ]);
    for value in values {
        for path in [PUBLIC, SIGNED_IN] {
            let answer = get(&anonymous, path, &value).await;
            let shown: String = String::from_utf8_lossy(&value).chars().take(40).collect();
            assert_eq!(answer.status, 401, "{path} {shown}: {}", answer.text);
            answer.expect_bad_token();
        }
    }
    // The same header opens the door when nothing is wrong with it.
    for scheme in ["Bearer ", "bearer ", "BEARER ", "Bearer\t", "Bearer   "] {
        get(&anonymous, SIGNED_IN, format!("{scheme}{jwt}"))
            .await
            .expect(200);
    }
}

#[actix_web::test]
async fn another_scheme_or_none_is_the_public() {
    let server = Server::start(Kind::Sqlite).await;
    let jwt = server.register("ann").await.client.jwt.unwrap();
    let anonymous = server.anonymous();
    let basic = "Basic YWRtaW46QWRtaW5QYXNzMQ==";
    for value in [
        "",
        "Basic",
        basic,
        &jwt,
        "Token x",
        "Bearerx a.b.c",
        "Digest username=\"admin\"",
        "x",
        "=",
        "\t",
    ] {
        expect_public(&get(&anonymous, PUBLIC, value).await);
        get(&anonymous, SIGNED_IN, value).await.expect_forbidden();
    }
    expect_public(&anonymous.get(PUBLIC).await);
}

// A broken token on the way to signing in again is refused, too; front ends drop it and try once more.
#[actix_web::test]
async fn a_broken_token_is_401_on_login_and_registration_before_the_body_is_looked_at() {
    let server = Server::start(Kind::Sqlite).await;
    let stale = server.anonymous().with_token("a.b.c");
    for path in ["/api/auth/local", "/api/auth/local/register"] {
        stale
            .post(
                path,
                json!({ "identifier": "admin", "password": "AdminPass1" }),
            )
            .await
            .expect_bad_token();
        stale
            .post_raw(path, "application/json", "{")
            .await
            .expect_bad_token();
        stale
            .post_raw(path, "application/json", "x".repeat(1 << 20))
            .await
            .expect_bad_token();
    }
}

#[actix_web::test]
async fn two_authorization_headers_never_add_up() {
    let server = Server::start(Kind::Sqlite).await;
    let jwt = server.register("ann").await.client.jwt.unwrap();
    let anonymous = server.anonymous();
    let request = |first: &str, second: &str| {
        let request = anonymous.request("GET".parse().unwrap(), SIGNED_IN);
        request
            .header("authorization", first)
            .header("authorization", second)
    };
    let bearer = format!("Bearer {jwt}");
    for (first, second) in [("Bearer a.b.c", bearer.as_str()), ("Bearer", &bearer)] {
        anonymous
            .send(request(first, second))
            .await
            .expect_bad_token();
    }
    let answer = anonymous.send(request("Basic x", &bearer)).await;
    assert!(
        [401, 403].contains(&answer.status.as_u16()),
        "{}",
        answer.text
    );
}
