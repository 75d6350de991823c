//! Only what we signed, for this use and this time, is a token.

use acceptance::{Client, Kind, SECRET, Server};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::forge::{base64, claims, now, sign_text, token, with_header};

async fn expect_refused(server: &Server, tokens: impl IntoIterator<Item = String>) {
    let anonymous = server.anonymous();
    for token in tokens {
        let answer = anonymous.with_token(&token).get("/api/users/me").await;
        assert_eq!(answer.status, 401, "{token}: {}", answer.text);
        answer.expect_bad_token();
        // Nor is it the public's, on a route the public may call.
        let answer = anonymous.with_token(&token).get("/api/connect/none").await;
        assert_eq!(answer.status, 401, "{token}: {}", answer.text);
    }
}

async fn expect_accepted(server: &Server, token: String) {
    Client::new(server.base(), Some(token))
        .get("/api/users/me")
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_token_of_strapi_with_the_same_secret_is_good() {
    let server = Server::start(Kind::Sqlite).await;
    expect_accepted(&server, token(&claims(1))).await;
    // Further claims are ignored, `iat` may lie ahead (a clock that is a little fast).
    let id = json!({ "id": 1, "iat": now() + 30, "exp": now() + 600, "name": "x", "aud": "any", "iss": "any", "sub": "2" });
    expect_accepted(&server, token(&id)).await;
    expect_accepted(&server, with_header(&json!({ "alg": "HS256" }), &claims(1))).await;
    expect_accepted(
        &server,
        token(&json!({ "id": 1, "exp": now() + 600, "nbf": now() - 5 })),
    )
    .await;
}

#[actix_web::test]
async fn times_are_numbers_and_present() {
    let server = Server::start(Kind::Sqlite).await;
    let mut tokens = Vec::new();
    for exp in [
        json!("9"),
        json!("9999999999"),
        json!(null),
        json!([]),
        json!([9_999_999_999u64]),
        json!({}),
        json!(true),
        json!(-1),
        json!(0),
        json!(now() - 1),
        json!(now()),
        json!(1.0e300),
        json!(f64::MAX),
    ] {
        tokens.push(token(&json!({ "id": 1, "iat": now() - 60, "exp": exp })));
    }
    tokens.push(token(&json!({ "id": 1, "iat": now() })));
    for exp in [
        "1e400",
        "-1e400",
        "99999999999999999999999999",
        "NaN",
        "0x7fffffff",
    ] {
        let payload = format!("{{\"id\":1,\"iat\":{},\"exp\":{exp}}}", now());
        tokens.push(sign_text(
            r#"{"alg":"HS256","typ":"JWT"}"#,
            &payload,
            SECRET.as_bytes(),
            Algorithm::HS256,
        ));
    }
    for nbf in [
        json!(now() + 120),
        json!("9999999999"),
        json!("0"),
        json!([]),
        json!({}),
        json!(true),
    ] {
        tokens.push(token(&json!({ "id": 1, "exp": now() + 600, "nbf": nbf })));
    }
    for iat in [json!("0"), json!([]), json!({}), json!(null)] {
        tokens.push(token(&json!({ "id": 1, "exp": now() + 600, "iat": iat })));
    }
    expect_refused(&server, tokens).await;
}

#[actix_web::test]
async fn an_id_is_a_whole_number_and_nothing_like_one() {
    let server = Server::start(Kind::Sqlite).await;
    let ids: [Value; 18] = [
        json!("1"),
        json!("1 "),
        json!(1.0),
        json!(1.5),
        json!([1]),
        json!({ "$gt": 0 }),
        json!("1 or 1=1"),
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(4_294_967_297u64),
        json!(u64::MAX),
        json!(i64::MIN),
        json!({}),
        json!([]),
        json!(""),
        json!("admin"),
    ];
    let mut tokens: Vec<String> = ids
        .iter()
        .map(|id| token(&json!({ "id": id, "iat": now(), "exp": now() + 600 })))
        .collect();
    tokens.push(token(
        &json!({ "sub": 1, "iat": now(), "exp": now() + 600 }),
    ));
    tokens.push(token(
        &json!({ "_id": 1, "user": 1, "userId": 1, "exp": now() + 600 }),
    ));
    for version in [
        json!("0"),
        json!(null),
        json!(0.0),
        json!([0]),
        json!({}),
        json!(u64::MAX),
    ] {
        tokens.push(token(
            &json!({ "id": 1, "exp": now() + 600, "ver": version }),
        ));
    }
    for payload in ["[]", "1", "null", "\"id\"", "", "{", "{\"id\":1"] {
        tokens.push(sign_text(
            r#"{"alg":"HS256"}"#,
            payload,
            SECRET.as_bytes(),
            Algorithm::HS256,
        ));
    }
    expect_refused(&server, tokens).await;
}

// A version is a claim, and no other one than the row's is good.
#[actix_web::test]
async fn a_token_of_another_version_is_refused() {
    let server = Server::start(Kind::Sqlite).await;
    for version in [-1, 1, 2, i64::from(i32::MAX)] {
        let token = token(&json!({ "id": 1, "exp": now() + 600, "ver": version }));
        let answer = server
            .anonymous()
            .with_token(token)
            .get("/api/users/me")
            .await;
        answer.expect_error(401, "UnauthorizedError", "Invalid credentials");
    }
    expect_accepted(
        &server,
        token(&json!({ "id": 1, "exp": now() + 600, "ver": 0 })),
    )
    .await;
}

#[actix_web::test]
async fn the_header_chooses_neither_algorithm_nor_key() {
    let server = Server::start(Kind::Sqlite).await;
    let payload = claims(1);
    let mut tokens = Vec::new();
    for algorithm in [
        json!("none"),
        json!("None"),
        json!("nOnE"),
        json!("NONE"),
        json!(""),
        json!("HS512"),
        json!("HS384"),
        json!("RS256"),
        json!("ES256"),
        json!("PS256"),
        json!("EdDSA"),
        json!("hs256"),
        json!("HS256 "),
        json!(["HS256"]),
        json!({ "alg": "HS256" }),
        json!(null),
        json!(true),
        json!(256),
    ] {
        let header = json!({ "alg": algorithm, "typ": "JWT" });
        let signed = with_header(&header, &payload);
        let (unsigned, _) = signed.rsplit_once('.').unwrap();
        tokens.extend([signed.clone(), format!("{unsigned}."), unsigned.to_owned()]);
    }
    for (name, algorithm) in [("HS512", Algorithm::HS512), ("HS384", Algorithm::HS384)] {
        let header = json!({ "alg": name, "typ": "JWT" }).to_string();
        tokens.push(sign_text(
            &header,
            &payload.to_string(),
            SECRET.as_bytes(),
            algorithm,
        ));
    }
    let jwk = json!({ "kty": "oct", "k": base64(b"attacker"), "alg": "HS256" });
    for (key, value) in [
        ("kid", json!("../../dev/null")),
        ("kid", json!("' or 1")),
        ("kid", json!("")),
        ("kid", json!("/dev/null")),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("typ", json!("up-refresh+jwt")),
        ("typ", json!("at+jwt")),
        ("typ", json!("up-setup+jwt")),
        ("jwk", jwk),
    ] {
        let mut header = json!({ "alg": "HS256", "typ": "JWT" });
        header[key] = value;
        tokens.push(with_header(&header, &payload));
        tokens.push(sign_text(
            &header.to_string(),
            &payload.to_string(),
            b"attacker",
            Algorithm::HS256,
        ));
        tokens.push(sign_text(
            &header.to_string(),
            &payload.to_string(),
            b"",
            Algorithm::HS256,
        ));
    }
    expect_refused(&server, tokens).await;
}

#[actix_web::test]
async fn a_signature_is_ours_to_the_last_bit() {
    let server = Server::start(Kind::Sqlite).await;
    let payload = claims(1);
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    let good = token(&payload);
    expect_accepted(&server, good.clone()).await;
    let parts: Vec<&str> = good.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    let mut tokens: Vec<String> = [
        format!("{head}.{body}."),
        format!("{head}.{body}"),
        format!("{head}.{body}.{signature}."),
        format!("{head}.{body}.{signature}.x"),
        format!("{head}.{body}.{signature}.x.y"),
        format!(".{head}.{body}.{signature}"),
        format!("{head}..{signature}"),
        format!(".{body}.{signature}"),
        format!("{head}.{body}.{signature}="),
        format!("{head}.{body}.{signature}=="),
        format!("{head}.{body}.{}", &signature[..42]),
        format!("{head}.{body}.{}", &signature[..22]),
        format!("{head}.{body}.{signature}{signature}"),
        format!(
            "{head}.{}.{signature}",
            base64(
                json!({ "id": 1, "exp": now() + 6_000 })
                    .to_string()
                    .as_bytes()
            )
        ),
        format!("{}.{body}.{signature}", base64(br#"{"alg":"HS256"}"#)),
        format!("{head}.{body}.{}", base64(&[0; 32])),
        "..".into(),
        "...".into(),
        ".".into(),
        "null".into(),
        "undefined".into(),
        "1".into(),
        "eyJhbGciOiJIUzI1NiJ9".into(),
    ]
    .into();
    for secret in [
        "",
        "secret",
        "tobemodified",
        "acceptance-secret-acceptance-secre",
        "Acceptance-secret-acceptance-secret",
    ] {
        tokens.push(sign_text(
            header,
            &payload.to_string(),
            secret.as_bytes(),
            Algorithm::HS256,
        ));
    }
    tokens.push(sign_text(
        header,
        &payload.to_string(),
        base64(SECRET.as_bytes()).as_bytes(),
        Algorithm::HS256,
    ));
    // The last letter carries two bits that stand for nothing: only one of four spellings is ours.
    let last = signature.as_bytes()[42];
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/"
        .bytes()
        .filter(|byte| *byte != last)
    {
        tokens.push(format!(
            "{head}.{body}.{}{}",
            &signature[..42],
            char::from(letter)
        ));
    }
    for place in 0..42 {
        let mut bytes = signature.as_bytes().to_vec();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        tokens.push(format!(
            "{head}.{body}.{}",
            String::from_utf8(bytes).unwrap()
        ));
    }
    expect_refused(&server, tokens).await;
}

// Ids of other collections and kinds of tokens collide with ours; the shapes do not.
#[actix_web::test]
async fn tokens_of_other_kinds_are_no_access_tokens() {
    let server = Server::start(Kind::Sqlite).await;
    let later = now() + 600;
    let mut tokens = Vec::new();
    for claims in [
        json!({ "userId": "1", "sessionId": "x", "type": "access", "origin": "admin", "exp": later }),
        json!({ "userId": "1", "sessionId": "x", "type": "refresh", "exp": later }),
        json!({ "userId": 1, "type": "access", "exp": later }),
        json!({ "user": { "id": 1 }, "exp": later }),
    ] {
        tokens.push(token(&claims));
    }
    for typ in [
        "up-refresh+jwt",
        "refresh+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "JWE",
    ] {
        tokens.push(with_header(
            &json!({ "alg": "HS256", "typ": typ }),
            &claims(1),
        ));
    }
    expect_refused(&server, tokens).await;
}
