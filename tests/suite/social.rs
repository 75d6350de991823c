//! A browser for social login: it keeps the cookie and goes where it is sent.

use std::collections::BTreeMap;

use acceptance::providers::{Simulators, settings};
use acceptance::{Answer, Client, Server};
use reqwest::{Method, Url};
use serde_json::json;
use users_permissions::Config;

/// The page of the front end.
pub const FRONT: &str = "https://front.example/cb";

/// What no one may be sent to.
pub const BAD_CALLBACKS: [&str; 27] = [
    "https://front.example@evil/cb",
    "https://u:p@front.example/cb",
    "https://front.example.evil/cb",
    "https://evil/front.example/cb",
    "https:\\\\front.example\\cb",
    "//evil/cb",
    "/\\evil",
    "/cb",
    "",
    "http://front.example/cb",
    "https://front.example:8443/cb",
    "https://front.example./cb",
    "https://front.example/%2e/cb",
    "https://front.example/cb/../x",
    "https://front.example/cb/",
    "https://front.example/cb#frag",
    "javascript://front.example/cb",
    "javascript:alert(1)",
    "data:text/html,x",
    "otherapp://login/done",
    "myapp://other/done",
    "myapp://login/done/x",
    "https://front.example/cb\t",
    "https://front.example/cb\r\nx: y",
    "https://front.example/cb\0",
    "https://frönt.example/cb",
    "https://xn--front-.example/cb",
];

/// Enables a provider as its documentation wants it.
pub fn enable(config: &mut Config, simulators: &Simulators, name: &str) {
    let settings = settings(name, FRONT.to_owned());
    config.provider_base = Some(simulators.base().to_owned());
    config.providers.insert(name.to_owned(), settings);
}

/// One person's browser.
pub struct Browser {
    pub cookie: Option<String>,
    /// Where it was sent last.
    pub location: String,
    client: Client,
}

impl Browser {
    pub fn new(server: &Server) -> Self {
        Self::of(server.anonymous())
    }

    /// One that calls as this client.
    pub fn of(client: Client) -> Self {
        Self {
            cookie: None,
            location: String::new(),
            client,
        }
    }

    /// Opens a page of the server.
    pub async fn get(&mut self, path: &str) -> Answer {
        let mut request = self.client.request(Method::GET, path);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let answer = self.client.send(request).await;
        if let Some(cookie) = answer.headers.get("set-cookie") {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = (!cookie.ends_with('=')).then(|| cookie.to_owned());
        }
        if let Some(location) = answer.headers.get("location") {
            self.location = location.to_str().unwrap().to_owned();
        }
        answer
    }

    /// Clicks "sign in with".
    pub async fn connect(&mut self, provider: &str, query: &[(&str, &str)]) -> Answer {
        let url = Url::parse_with_params("http://x/", query).unwrap();
        let query = url
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        self.get(&format!("/api/connect/{provider}{query}")).await
    }

    /// Signs in at the provider it was sent to: the path it comes back on.
    pub async fn at_provider(&self) -> String {
        let provider = Client::new("", None);
        let answer = provider
            .send(provider.request(Method::GET, &self.location))
            .await;
        let back = answer.headers["location"].to_str().unwrap().to_owned();
        back.strip_prefix("http://localhost:1337")
            .expect("the redirect URL")
            .to_owned()
    }

    /// Comes back from the provider: the page of the front end it is sent to.
    pub async fn back(&mut self) -> String {
        let path = self.at_provider().await;
        let answer = self.get(&path).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        self.location.clone()
    }

    /// The same, as the fields the front end gets.
    pub async fn come_back(&mut self) -> BTreeMap<String, String> {
        let front = Url::parse(&self.back().await).unwrap();
        assert!(front.as_str().starts_with(FRONT), "{front}");
        front.query_pairs().into_owned().collect()
    }

    /// From the click to the front end.
    pub async fn login(&mut self, provider: &str) -> BTreeMap<String, String> {
        let answer = self.connect(provider, &[]).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        self.come_back().await
    }

    /// From the click to what the front end gets for its ticket.
    pub async fn sign_in(&mut self, provider: &str) -> Answer {
        let back = self.login(provider).await;
        self.redeem(provider, &back["access_token"]).await
    }

    /// What the front end does with its ticket.
    pub async fn redeem(&self, provider: &str, ticket: &str) -> Answer {
        self.client
            .get(&format!(
                "/api/auth/{provider}/callback?access_token={ticket}"
            ))
            .await
    }
}

/// What comes of a login.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With this address.
    SignedIn(String),
    /// The front end is told this code.
    Failed(String),
    /// The ticket is answered with this message.
    Refused(String),
}

/// Signs in at a provider as a new browser.
pub async fn outcome(server: &Server, provider: &str) -> Outcome {
    let mut browser = Browser::new(server);
    let back = browser.login(provider).await;
    if let Some(error) = back.get("error") {
        assert!(!back.contains_key("access_token"));
        return Outcome::Failed(error.clone());
    }
    let answer = browser.redeem(provider, &back["access_token"]).await;
    match answer.status.as_u16() {
        200 => {
            let body = answer.json();
            assert!(body["jwt"].is_string());
            assert_eq!(
                (&body["user"]["provider"], &body["user"]["confirmed"]),
                (&json!(provider), &json!(true))
            );
            Outcome::SignedIn(body["user"]["email"].as_str().unwrap().to_owned())
        }
        status => {
            assert_eq!(status, 400, "{}", answer.text);
            Outcome::Refused(
                answer.json()["error"]["message"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            )
        }
    }
}
