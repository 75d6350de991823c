//! Refresh tokens that scripts cannot read.

use acceptance::{Answer, Kind, PASSWORD, Server, TestDatabase, on_every_database};
use reqwest::Method;
use serde_json::{Value, json};
use users_permissions::{Config, SameSite};

use crate::production::{STRONG, production};
use crate::tokens_of::{by_sessions, caller, expect_refused, me, post_with, send, server, sign_in};

const NAME: &str = "strapi_up_refresh";
const ASK: (&str, &str) = ("x-strapi-refresh-cookie", "httpOnly");

/// Value and attributes of the cookie that an answer sets.
fn set_cookie(answer: &Answer) -> Option<(String, String)> {
    let mut all = answer.headers.get_all("set-cookie").iter();
    let text = all.next()?.to_str().unwrap();
    assert!(all.next().is_none(), "several cookies");
    let (pair, attributes) = text.split_once("; ").unwrap();
    let value = pair.strip_prefix(&format!("{NAME}=")).unwrap();
    Some((value.to_owned(), attributes.to_owned()))
}

/// The token of an answer that keeps it in the cookie, and its access token.
#[track_caller]
fn kept(answer: &Answer) -> (String, String) {
    let body = answer.expect(200);
    assert!(body.get("refreshToken").is_none(), "{body}");
    let (value, attributes) = set_cookie(answer).expect("a cookie");
    assert!(!value.is_empty() && !answer.text.contains(&value));
    let mut attributes: Vec<_> = attributes.split("; ").collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax"]);
    (body["jwt"].as_str().unwrap().to_owned(), value)
}

fn login_body() -> Value {
    json!({ "identifier": "ann", "password": PASSWORD })
}

async fn log_in(server: &Server) -> (String, String) {
    kept(&post_with(server, "/api/auth/local", login_body(), &[ASK]).await)
}

fn cookie(token: &str) -> String {
    format!("theme=dark; {NAME}={token}")
}

async fn refresh(server: &Server, token: &str, headers: &[(&str, &str)]) -> Answer {
    let cookie = cookie(token);
    let mut all = vec![("cookie", cookie.as_str())];
    all.extend(headers);
    post_with(server, "/api/auth/refresh", json!({}), &all).await
}

on_every_database! {
    async fn a_session_that_is_kept_in_the_cookie_stays_there(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let (jwt, first) = log_in(&server).await;
        me(&server, &jwt).await.expect(200);
        // Whatever this request asks for: the session remembers.
        let (_, second) = kept(&refresh(&server, &first, &[]).await);
        expect_refused(&refresh(&server, &first, &[ASK]).await);
        let body = json!({ "refreshToken": second });
        let (jwt, third) = kept(&post_with(&server, "/api/auth/refresh", body, &[]).await);
        let body = json!({ "currentPassword": PASSWORD, "password": "Another1!", "passwordConfirmation": "Another1!" });
        let changed = caller(&server, &jwt).post("/api/auth/change-password", body).await;
        let (jwt, fourth) = kept(&changed);
        expect_refused(&refresh(&server, &third, &[]).await);
        // Logging out takes it back.
        let both = [("cookie", cookie(&fourth))];
        let headers: Vec<_> = both.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = send(&caller(&server, &jwt), "/api/auth/logout", json!({}), &headers).await;
        answer.expect(200);
        let (value, attributes) = set_cookie(&answer).unwrap();
        assert!(value.is_empty() && attributes.contains("Expires=Thu, 01 Jan 1970 00:00:00 GMT"), "{attributes}");
        assert!(attributes.contains("Path=/") && attributes.contains("HttpOnly"), "{attributes}");
        expect_refused(&refresh(&server, &fourth, &[]).await);
        assert_eq!(me(&server, &jwt).await.status, 401);
    }

    async fn registration_and_reset_keep_it_from_scripts_too(kind) {
        let server = server(kind).await;
        let body = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
        let (_, first) = kept(&post_with(&server, "/api/auth/local/register", body, &[ASK]).await);
        server.anonymous().post("/api/auth/forgot-password", json!({ "email": "ann@example.com" })).await.expect(200);
        let code = server.mail_to("ann@example.com", "Reset password", 1).await.code();
        let body = json!({ "code": code, "password": "Another1!", "passwordConfirmation": "Another1!" });
        let (_, second) = kept(&post_with(&server, "/api/auth/reset-password", body, &[ASK]).await);
        expect_refused(&refresh(&server, &first, &[]).await);
        kept(&refresh(&server, &second, &[]).await);
    }

    async fn pages_of_others_cannot_use_the_cookie(kind) {
        let listed = |config: &mut Config| {
            by_sessions(config);
            config.cors_origins = vec!["https://app.example".to_owned()];
        };
        let server = Server::start_with(kind, listed).await;
        server.register("ann").await;
        let (jwt, token) = log_in(&server).await;
        let own = server.base().to_owned();
        let before = server.database().dump();
        let foreign: [&[(&str, &str)]; 7] = [
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "https://app.example.evil")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
            &[("origin", "https://evil.example"), ASK],
        ];
        for headers in foreign {
            let answer = refresh(&server, &token, headers).await;
            answer.expect_forbidden();
            assert!(set_cookie(&answer).is_none());
            let cookie = cookie(&token);
            let mut all = vec![("cookie", cookie.as_str())];
            all.extend(headers);
            let answer = send(&caller(&server, &jwt), "/api/auth/logout", json!({}), &all).await;
            answer.expect_forbidden();
        }
        // A form needs no consent of the server to be sent.
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            let anonymous = server.anonymous();
            let request = anonymous.request(Method::POST, "/api/auth/refresh").header("cookie", cookie(&token));
            let request = request.header("origin", "https://evil.example").header("content-type", media_type);
            assert!(anonymous.send(request).await.status.is_client_error());
        }
        assert_eq!(server.database().dump(), before);
        let mut token = token;
        let good: [&[(&str, &str)]; 4] = [
            &[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")],
            &[("origin", &own), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "same-origin")],
            &[],
        ];
        for headers in good {
            token = kept(&refresh(&server, &token, headers).await).1;
        }
    }

    async fn pages_of_others_give_nobody_a_session_in_a_cookie(kind) {
        for always in [false, true] {
            let configured = |config: &mut Config| {
                by_sessions(config);
                config.sessions.http_only = always;
            };
            let server = Server::start_with(kind, configured).await;
            server.register("ann").await;
            let pair = log_in(&server).await;
            let before = server.database().dump();
            let evil: [&[(&str, &str)]; 2] =
                [&[("origin", "https://evil.example"), ASK], &[("sec-fetch-site", "cross-site"), ASK]];
            let new = json!({ "username": "bob", "email": "bob@example.com", "password": PASSWORD });
            let reset = json!({ "code": "0".repeat(64), "password": "Another1!", "passwordConfirmation": "Another1!" });
            let change = json!({ "currentPassword": PASSWORD, "password": "Another1!", "passwordConfirmation": "Another1!" });
            let renewal = json!({ "refreshToken": pair.1 });
            let ann = caller(&server, &pair.0);
            for headers in evil {
                for (client, path, body) in [
                    (&server.anonymous(), "/api/auth/local", login_body()),
                    (&server.anonymous(), "/api/auth/local/register", new.clone()),
                    (&server.anonymous(), "/api/auth/reset-password", reset.clone()),
                    (&server.anonymous(), "/api/auth/refresh", renewal.clone()),
                    (&ann, "/api/auth/change-password", change.clone()),
                    (&ann, "/api/auth/logout", json!({})),
                ] {
                    let answer = send(client, path, body, headers).await;
                    answer.expect_forbidden();
                    assert!(set_cookie(&answer).is_none(), "{path}");
                }
            }
            assert_eq!(server.database().dump(), before);
            let own = server.base().to_owned();
            kept(&post_with(&server, "/api/auth/local", login_body(), &[("origin", &own), ASK]).await);
        }
    }

    async fn two_cookies_of_one_name_are_none(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let ((_, one), (_, other)) = (log_in(&server).await, log_in(&server).await);
        let both = format!("{}; {}", cookie(&one), cookie(&other));
        let answer = post_with(&server, "/api/auth/refresh", json!({}), &[("cookie", &both)]).await;
        answer.expect_error(400, "BadRequestError", "Missing refresh token");
        for token in [one, other] {
            kept(&refresh(&server, &token, &[]).await);
        }
    }

    async fn a_cookie_and_a_token_in_the_body_are_one_too_many(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let (jwt, token) = log_in(&server).await;
        let before = server.database().dump();
        let (cookie, body) = (cookie(&token), json!({ "refreshToken": token }));
        let headers = [("cookie", cookie.as_str())];
        let message = "Refresh token both in the cookie and in the body";
        post_with(&server, "/api/auth/refresh", body.clone(), &headers).await.expect_error(400, "BadRequestError", message);
        send(&caller(&server, &jwt), "/api/auth/logout", body, &headers).await.expect_error(400, "BadRequestError", message);
        assert_eq!(server.database().dump(), before);
    }

    async fn what_came_in_the_cookie_goes_back_there_and_nothing_else_does(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let pair = sign_in(&server, "ann").await;
        // Of a session that was begun without the cookie.
        let (jwt, token) = kept(&refresh(&server, &pair.refresh, &[]).await);
        // An empty text in the body is no second token.
        let (cookie, body) = (cookie(&token), json!({ "refreshToken": "" }));
        kept(&post_with(&server, "/api/auth/refresh", body.clone(), &[("cookie", &cookie)]).await);
        let missing = "Missing refresh token";
        post_with(&server, "/api/auth/refresh", body, &[]).await.expect_error(400, "BadRequestError", missing);
        let other = sign_in(&server, "ann").await;
        for body in [json!({ "refreshToken": other.refresh }), json!({})] {
            let answer = caller(&server, &jwt).post("/api/auth/logout", body).await;
            answer.expect(200);
            assert!(set_cookie(&answer).is_none(), "there is none to take back");
        }
    }

    async fn the_configuration_may_keep_every_token_in_the_cookie(kind) {
        let always = |config: &mut Config| {
            by_sessions(config);
            config.sessions.http_only = true;
        };
        let server = Server::start_with(kind, always).await;
        server.register("ann").await;
        let (_, token) = kept(&server.anonymous().post("/api/auth/local", login_body()).await);
        let (jwt, _) = kept(&refresh(&server, &token, &[]).await);
        let answer = caller(&server, &jwt).post("/api/auth/logout", json!({})).await;
        assert!(set_cookie(&answer).unwrap().0.is_empty());
    }
}

#[actix_web::test]
async fn without_the_exact_header_the_token_is_in_the_body() {
    let server = server(acceptance::Kind::Sqlite).await;
    server.register("ann").await;
    for value in ["httponly", "HttpOnly", "true", ""] {
        let headers = [("x-strapi-refresh-cookie", value)];
        let answer = post_with(&server, "/api/auth/local", login_body(), &headers).await;
        assert!(answer.expect(200)["refreshToken"].is_string() && set_cookie(&answer).is_none());
    }
}

#[actix_web::test]
async fn the_cookie_is_as_configured_and_secure_in_production() {
    let configured = |config: &mut Config| {
        by_sessions(config);
        config.sessions.cookie.secure = Some(true);
        config.sessions.cookie.same_site = SameSite::Strict;
        config.sessions.cookie.path = "/api/auth".to_owned();
        config.sessions.cookie.domain = Some("example.com".to_owned());
    };
    let server = Server::start_with(acceptance::Kind::Sqlite, configured).await;
    server.register("ann").await;
    let answer = post_with(&server, "/api/auth/local", login_body(), &[ASK]).await;
    let (_, attributes) = set_cookie(&answer).unwrap();
    for part in [
        "Secure",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/api/auth",
        "Domain=example.com",
    ] {
        assert!(
            attributes.split("; ").any(|found| found == part),
            "{attributes}"
        );
    }
}

// TLS ends in front of the server, which itself is asked over plain HTTP.
#[actix_web::test]
async fn in_production_the_cookie_is_secure_without_being_told() {
    let database = TestDatabase::create(Kind::Sqlite);
    let mut config = production(&database, STRONG);
    by_sessions(&mut config);
    let server = Server::with_config(config).await;
    server.register("ann").await;
    let answer = post_with(&server, "/api/auth/local", login_body(), &[ASK]).await;
    assert!(answer.expect(200).get("refreshToken").is_none());
    let (_, attributes) = set_cookie(&answer).unwrap();
    let mut attributes: Vec<_> = attributes.split("; ").collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
}
