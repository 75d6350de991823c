//! Sessions as clients see them: who signs in gets two tokens.

use acceptance::{Answer, Client, Kind, PASSWORD, Server};
use reqwest::Method;
use serde_json::{Value, json};
use users_permissions::{Config, JwtManagement};

/// The two tokens of a session.
#[derive(Debug, Clone)]
pub struct Pair {
    pub jwt: String,
    pub refresh: String,
}

impl Pair {
    #[track_caller]
    pub fn of(body: &Value) -> Self {
        let text = |name: &str| {
            body[name]
                .as_str()
                .unwrap_or_else(|| panic!("{name}: {body}"))
                .to_owned()
        };
        Self {
            jwt: text("jwt"),
            refresh: text("refreshToken"),
        }
    }
}

/// Tokens by sessions.
pub fn by_sessions(config: &mut Config) {
    config.jwt_management = JwtManagement::Refresh;
}

pub async fn server(kind: Kind) -> Server {
    Server::start_with(kind, by_sessions).await
}

pub async fn sign_in(server: &Server, name: &str) -> Pair {
    sign_in_with(server, json!({ "identifier": name, "password": PASSWORD })).await
}

pub async fn sign_in_with(server: &Server, body: Value) -> Pair {
    let answer = server.anonymous().post("/api/auth/local", body).await;
    Pair::of(&answer.expect(200))
}

pub async fn refresh(server: &Server, token: &str) -> Answer {
    let body = json!({ "refreshToken": token });
    server.anonymous().post("/api/auth/refresh", body).await
}

/// Refuses, as every refresh token is refused.
#[track_caller]
pub fn expect_refused(answer: &Answer) {
    answer.expect_error(401, "UnauthorizedError", "Invalid refresh token");
}

pub async fn me(server: &Server, jwt: &str) -> Answer {
    caller(server, jwt).get("/api/users/me").await
}

pub fn caller(server: &Server, jwt: &str) -> Client {
    server.anonymous().with_token(jwt)
}

/// A request without a token and with these headers.
pub async fn post_with(
    server: &Server,
    path: &str,
    body: Value,
    headers: &[(&str, &str)],
) -> Answer {
    send(&server.anonymous(), path, body, headers).await
}

pub async fn send(client: &Client, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request(Method::POST, path).json(&body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request).await
}
