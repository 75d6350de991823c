//! People as they call: a base URL and maybe a token.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// A user of a test, signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Row id.
    pub id: i64,
    /// User name.
    pub name: String,
    /// Calls as this user.
    pub client: Client,
}

/// Calls with or without a token.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    /// The token, if any.
    pub jwt: Option<String>,
    http: reqwest::Client,
}

/// Status, headers and body of an answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// Body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null when there is none.
    pub fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body, of an answer with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }

    /// Asserts an error in the envelope, exactly.
    #[track_caller]
    pub fn expect_error(&self, status: u16, name: &str, message: &str) {
        let body = self.expect(status);
        let details = body["error"]["details"].clone();
        assert!(details.is_object(), "{body}");
        let expected = json!({
            "data": null,
            "error": { "status": status, "name": name, "message": message, "details": details },
        });
        assert_eq!(body, expected);
    }

    /// Asserts any 4xx in the envelope, without a token.
    #[track_caller]
    pub fn expect_refusal(&self) -> Value {
        assert!(
            self.status.is_client_error(),
            "{}: {}",
            self.status,
            self.text
        );
        let body = self.json();
        let error = &body["error"];
        assert_eq!(error["status"], self.status.as_u16(), "{body}");
        assert!(
            body["data"].is_null() && body.get("jwt").is_none(),
            "{body}"
        );
        assert!(
            error["name"].is_string()
                && error["message"].is_string()
                && error["details"].is_object(),
            "{body}"
        );
        body
    }

    /// Asserts the 401 of a token that does not verify.
    #[track_caller]
    pub fn expect_bad_token(&self) {
        self.expect_error(401, "UnauthorizedError", "Missing or invalid credentials");
    }

    /// Asserts the plain 403.
    #[track_caller]
    pub fn expect_forbidden(&self) {
        self.expect_error(403, "ForbiddenError", "Forbidden");
    }
}

impl Client {
    /// Calls `base` with `jwt`.
    pub fn new(base: &str, jwt: Option<String>) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // Servers of tests speak plain http; reading the system's certificates takes its time.
            .tls_certs_only([])
            // Well below the server's, or a connection is used that is just being closed.
            .pool_idle_timeout(std::time::Duration::from_secs(2))
            .build()
            .expect("a client");
        Self {
            base: base.to_owned(),
            jwt,
            http,
        }
    }

    /// The token it sends; empty without one.
    pub fn token(&self) -> &str {
        self.jwt.as_deref().unwrap_or_default()
    }

    /// The same caller with another token.
    pub fn with_token(&self, jwt: impl Into<String>) -> Self {
        Self {
            jwt: Some(jwt.into()),
            ..self.clone()
        }
    }

    /// A request to be completed.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.jwt {
            Some(jwt) => request.bearer_auth(jwt),
            None => request,
        }
    }

    /// Sends what [`request`](Self::request) began.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        if !self.base.is_empty() {
            check_location(response.headers());
            check_cookies(response.headers());
        }
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.expect("a body"),
        }
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    /// `POST` with a body as it is.
    pub async fn post_raw(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        self.send(
            self.request(Method::POST, path)
                .header("content-type", content_type)
                .body(body),
        )
        .await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Id of the role of this type, as the administrator sees it.
    pub async fn role_id(&self, role_type: &str) -> i64 {
        let roles = self.get("/api/users-permissions/roles").await.expect(200);
        let role = roles["roles"]
            .as_array()
            .expect("roles")
            .iter()
            .find(|role| role["type"] == role_type);
        role.unwrap_or_else(|| panic!("no role {role_type}"))["id"]
            .as_i64()
            .expect("an id")
    }

    /// Creates a role that holds exactly these actions (long form) and returns its id.
    pub async fn create_role(&self, name: &str, actions: &[&str]) -> i64 {
        let body = json!({ "name": name, "permissions": tree(actions) });
        self.post("/api/users-permissions/roles", body)
            .await
            .expect(200);
        self.role_id(&name.to_lowercase().replace(' ', "_")).await
    }

    /// Makes a role hold exactly these actions.
    pub async fn set_grants(&self, role: i64, actions: &[&str]) -> Answer {
        self.put(
            &format!("/api/users-permissions/roles/{role}"),
            json!({ "permissions": tree(actions) }),
        )
        .await
    }

    /// The actions a role holds.
    pub async fn grants(&self, role: i64) -> Vec<String> {
        let role = self
            .get(&format!("/api/users-permissions/roles/{role}"))
            .await
            .expect(200);
        let mut held = Vec::new();
        for (unit, value) in role["role"]["permissions"].as_object().expect("a tree") {
            for (controller, value) in value["controllers"].as_object().expect("controllers") {
                for (action, value) in value.as_object().expect("actions") {
                    if value["enabled"] == true {
                        held.push(format!("{unit}.{controller}.{action}"));
                    }
                }
            }
        }
        held.sort();
        held
    }

    /// Creates a user with a role, as the administrator, and signs it in.
    pub async fn create_user(&self, name: &str, role: i64) -> Person {
        let body = json!({
            "username": name, "email": format!("{name}@example.com"), "password": crate::PASSWORD,
            "role": role, "confirmed": true,
        });
        let user = self.post("/api/users", body).await.expect(201);
        let anonymous = Self {
            jwt: None,
            ..self.clone()
        };
        let body = json!({ "identifier": name, "password": crate::PASSWORD });
        let login = anonymous.post("/api/auth/local", body).await.expect(200);
        Person {
            id: user["id"].as_i64().expect("an id"),
            name: name.to_owned(),
            client: self.with_token(login["jwt"].as_str().expect("a token")),
        }
    }
}

/// No cookie is for scripts, nor for what other sites begin.
fn check_cookies(headers: &reqwest::header::HeaderMap) {
    for cookie in headers.get_all("set-cookie") {
        let cookie = cookie.to_str().expect("a cookie");
        let is_kept = ["SameSite=Lax", "SameSite=Strict"]
            .iter()
            .any(|site| cookie.contains(site));
        assert!(cookie.contains("HttpOnly") && is_kept, "{cookie}");
    }
}

/// Nobody is led to a URL with a secret in it, for URLs end up in logs and histories. What is for a
/// URL: the ticket of a social login, which works once and for a minute, and the one-time set-up link.
fn check_location(headers: &reqwest::header::HeaderMap) {
    let Some(location) = headers.get("location") else {
        return;
    };
    let location = location.to_str().expect("a location");
    let fields = location.split(['?', '&', '#']).skip(1);
    for (name, value) in fields.filter_map(|field| field.split_once('=')) {
        let is_ticket = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_secret = match name {
            "access_token" => !is_ticket,
            "token" => !location.contains("/setup?token="),
            _ => NEVER_IN_URLS.contains(&name),
        };
        assert!(!is_secret, "`{name}` in {location}");
    }
    // As the header of every JSON Web Token begins.
    for start in ["eyJhbGci", "eyJ0eXAi"] {
        assert!(!location.contains(start), "a token in {location}");
    }
}

const NEVER_IN_URLS: [&str; 9] = [
    "jwt",
    "id_token",
    "refreshToken",
    "refresh_token",
    "code",
    "confirmation",
    "password",
    "secret",
    "client_secret",
];

/// The permission tree that enables these actions (long form).
pub fn tree(actions: &[&str]) -> Value {
    let mut tree = json!({});
    for action in actions {
        let (rest, name) = action.rsplit_once('.').expect("an action");
        let (unit, controller) = rest.rsplit_once('.').expect("a long form");
        tree[unit]["controllers"][controller][name] = json!({ "enabled": true, "policy": "" });
    }
    tree
}
