//! The server: pages to sign in on, codes, and what the specs answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use reqwest::Url;
use serde_json::{Value, json};

use super::openid::{self, Forgery};
use super::{Spec, specs, twitter};

/// What the providers do with the next logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Everything is as it should be.
    Success,
    /// The person has no address, or does not show it.
    NoEmail,
    /// The provider says that the address is not proven.
    Unverified,
    /// The person says no.
    Denied,
    /// The token endpoint refuses the code, in the provider's own form.
    TokenError,
    /// What is answered is no JSON.
    Malformed,
}

/// What is wrong with the server of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It answers 500.
    Status,
    /// It promises more than it sends.
    Closed,
    /// It sends elsewhere, where the right answer is.
    Redirect,
    /// The right answer, and spaces behind it.
    Huge,
    /// The right answer, and too late.
    Slow(Duration),
}

/// Who signs in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Id at the provider.
    pub subject: String,
    /// The address.
    pub email: String,
    /// The name.
    pub username: String,
}

/// A request that was made.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET` or `POST`.
    pub method: String,
    /// Host and path.
    pub place: String,
    /// Of the query and the form.
    pub fields: HashMap<String, String>,
    /// Headers by their names in lower case.
    pub headers: HashMap<String, String>,
}

impl Asked {
    /// A field, or nothing.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    pub(super) fn bearer(&self) -> bool {
        self.headers
            .get("authorization")
            .is_some_and(|value| value.starts_with("Bearer provider-token"))
    }
}

/// An answer.
pub struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) body: String,
    pub(super) location: Option<String>,
}

impl Reply {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self::text(status, "application/json", body.to_string())
    }

    pub(super) fn text(status: u16, kind: &'static str, body: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            body: body.into(),
            location: None,
        }
    }

    pub(super) fn redirect(to: String) -> Self {
        Self {
            location: Some(to),
            ..Self::text(302, "text/html", "")
        }
    }
}

/// What a code was given for.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) redirect: String,
    pub(super) challenge: Option<String>,
    pub(super) nonce: Option<String>,
}

/// What the providers know.
pub struct State {
    pub(super) base: String,
    pub(super) scenario: Scenario,
    pub(super) person: Person,
    pub(super) forgery: Forgery,
    pub(super) codes: HashMap<String, Given>,
    pub(super) nonce: Option<String>,
    /// What is wrong with places that begin so.
    broken: Option<(&'static str, Fault)>,
    log: Vec<Asked>,
    /// Requests that break the provider's rules.
    faults: Vec<String>,
    specs: Arc<Vec<Spec>>,
}

/// The running providers.
pub struct Simulators {
    base: String,
    state: Arc<Mutex<State>>,
    handle: ServerHandle,
}

impl Simulators {
    /// Starts them.
    pub async fn start() -> Self {
        let person = Person {
            subject: "4711".to_owned(),
            email: "octo@example.com".to_owned(),
            username: "octocat".to_owned(),
        };
        let state = Arc::new(Mutex::new(State {
            base: String::new(),
            scenario: Scenario::Success,
            person,
            forgery: Forgery::None,
            codes: HashMap::new(),
            nonce: None,
            broken: None,
            log: Vec::new(),
            faults: Vec::new(),
            specs: Arc::new(specs()),
        }));
        let shared = Arc::clone(&state);
        let app = move || {
            App::new()
                .app_data(web::Data::new(Arc::clone(&shared)))
                .default_service(web::to(serve))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .bind(("127.0.0.1", 0))
            .expect("a free port");
        let base = format!("http://{}", server.addrs().first().expect("an address"));
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        actix_web::rt::task::yield_now().await;
        lock(&state).base.clone_from(&base);
        Self {
            base,
            state,
            handle,
        }
    }

    /// Stands in front of the hosts of all providers.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What happens from now on.
    pub fn play(&self, scenario: Scenario) {
        lock(&self.state).scenario = scenario;
    }

    /// Places that begin so are broken from now on.
    pub fn break_down(&self, place: &'static str, fault: Fault) {
        lock(&self.state).broken = Some((place, fault));
    }

    /// Nothing is broken.
    pub fn repair(&self) {
        lock(&self.state).broken = None;
    }

    /// Id tokens are forged from now on.
    pub fn forge(&self, forgery: Forgery) {
        lock(&self.state).forgery = forgery;
    }

    /// Who signs in from now on.
    pub fn person(&self, subject: &str, email: &str, username: &str) {
        lock(&self.state).person = Person {
            subject: subject.to_owned(),
            email: email.to_owned(),
            username: username.to_owned(),
        };
    }

    /// An id token that a provider has made for somebody's app.
    pub fn id_token(&self, provider: &str) -> String {
        let state = lock(&self.state);
        let specs = Arc::clone(&state.specs);
        let spec = specs.iter().find(|spec| spec.name == provider);
        let nobody = Asked {
            method: String::new(),
            place: String::new(),
            fields: HashMap::new(),
            headers: HashMap::new(),
        };
        let reply = (spec.expect("a provider").token_answer)(&state, &nobody);
        let answer: Value = serde_json::from_str(&reply.body).expect("JSON");
        answer["id_token"].as_str().expect("an id token").to_owned()
    }

    /// Requests that begin with this host and path.
    pub fn asked(&self, place: &str) -> Vec<Asked> {
        let state = lock(&self.state);
        state
            .log
            .iter()
            .filter(|asked| asked.place.starts_with(place))
            .cloned()
            .collect()
    }

    /// Requests to token endpoints.
    pub fn exchanges(&self) -> usize {
        let state = lock(&self.state);
        let is_token = |asked: &&Asked| {
            asked.place == twitter::ACCESS
                || state.specs.iter().any(|spec| spec.token == asked.place)
        };
        state.log.iter().filter(is_token).count()
    }

    /// What the plugin did that the providers' documentation forbids.
    pub fn faults(&self) -> Vec<String> {
        lock(&self.state).faults.clone()
    }
}

impl Drop for Simulators {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl std::fmt::Debug for Simulators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulators")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no test has panicked with it")
}

async fn serve(
    req: HttpRequest,
    body: String,
    state: web::Data<Arc<Mutex<State>>>,
) -> HttpResponse {
    let url = format!("http://x{}?{}", req.path(), req.query_string());
    let url = Url::parse(&url).expect("a URL");
    let form = Url::parse(&format!("http://x/?{body}")).expect("a form");
    let pairs = url
        .query_pairs()
        .into_owned()
        .chain(form.query_pairs().into_owned());
    let headers = req.headers().iter();
    let asked = Asked {
        method: req.method().to_string(),
        place: req.path().trim_start_matches('/').to_owned(),
        fields: pairs.collect(),
        headers: headers
            .map(|(name, value)| {
                (
                    name.to_string(),
                    value.to_str().unwrap_or_default().to_owned(),
                )
            })
            .collect(),
    };
    let fault = {
        let mut state = lock(&state);
        state.log.push(asked.clone());
        let broken = state.broken;
        broken.and_then(|(place, fault)| asked.place.starts_with(place).then_some(fault))
    };
    match fault {
        Some(Fault::Status) => return HttpResponse::InternalServerError().finish(),
        Some(Fault::Closed) => {
            let ended = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
            let parts = [Ok(web::Bytes::from_static(b"{\"access_token\":")), ended];
            return HttpResponse::Ok().streaming(futures_util::stream::iter(parts));
        }
        Some(Fault::Redirect) if !asked.fields.contains_key("elsewhere") => {
            let to = format!("{}?elsewhere=", req.path());
            return HttpResponse::TemporaryRedirect()
                .insert_header(("location", to))
                .finish();
        }
        Some(Fault::Slow(time)) => actix_web::rt::time::sleep(time).await,
        _ => {}
    }
    let mut reply = answer(&mut lock(&state), &asked);
    if fault == Some(Fault::Huge) {
        reply.body.push_str(&" ".repeat(300 << 10));
    }
    let status = actix_web::http::StatusCode::from_u16(reply.status).expect("a status");
    let mut response = HttpResponse::build(status);
    response.insert_header(("content-type", reply.kind));
    if let Some(to) = reply.location {
        response.insert_header(("location", to));
    }
    response.body(reply.body)
}

/// What tests in other languages say to the simulators themselves.
fn control(state: &mut State, asked: &Asked) -> Option<Reply> {
    match asked.place.as_str() {
        "simulators/person" => {
            state.person = Person {
                subject: asked.field("subject").to_owned(),
                email: asked.field("email").to_owned(),
                username: asked.field("username").to_owned(),
            };
        }
        "simulators/denies" => {
            state.scenario = match asked.field("denies") {
                "true" => Scenario::Denied,
                _ => Scenario::Success,
            };
        }
        "simulators/faults" => {}
        _ => return None,
    }
    Some(Reply::json(200, json!(state.faults)))
}

/// The page people sign in on, for those who look at it.
fn page(to: &str) -> Reply {
    let to = to.replace('&', "&amp;").replace('"', "&quot;");
    let body = format!(
        "<!doctype html><html lang=en><title>Sign in</title><h1>Sign in</h1><a href=\"{to}\">Continue</a>"
    );
    Reply::text(200, "text/html; charset=utf-8", body)
}

fn answer(state: &mut State, asked: &Asked) -> Reply {
    if let Some(reply) = control(state, asked) {
        return reply;
    }
    let reply = answer_of_provider(state, asked);
    let accept = asked.headers.get("accept");
    match &reply.location {
        Some(to) if accept.is_some_and(|accept| accept.contains("text/html")) => page(to),
        _ => reply,
    }
}

fn answer_of_provider(state: &mut State, asked: &Asked) -> Reply {
    if let Some(reply) = twitter::answer(state, asked) {
        return reply;
    }
    let specs = Arc::clone(&state.specs);
    for spec in specs.iter() {
        if asked.place == spec.authorize {
            return authorize(state, spec, asked);
        }
        if asked.place == spec.token {
            return token(state, spec, asked);
        }
        if spec.introspection == Some(asked.place.as_str()) {
            return openid::introspect(state, spec, asked);
        }
        if let Some((_, resource)) = spec
            .resources
            .iter()
            .find(|(place, _)| *place == asked.place)
        {
            if !asked.place.ends_with("users.get")
                && !openid::is_keys(&asked.place)
                && !asked.bearer()
            {
                state
                    .faults
                    .push(format!("{} without the token", asked.place));
                return Reply::json(401, json!({ "message": "Requires authentication" }));
            }
            if state.scenario == Scenario::Malformed && !openid::is_keys(&asked.place) {
                return Reply::text(200, "text/html", "<html>maintenance</html>");
            }
            return resource(state, asked);
        }
    }
    Reply::text(404, "text/plain", "no such place")
}

/// Parameters of OAuth 2 itself.
const KNOWN: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// The page people sign in on: it says yes at once.
fn authorize(state: &mut State, spec: &Spec, asked: &Asked) -> Reply {
    let mut fault = |text: &str| state.faults.push(format!("{}: {text}", spec.name));
    if asked.field("response_type") != "code" || asked.field("client_id") != "client-id" {
        fault("response_type or client_id");
    }
    if asked.field("scope") != spec.scope || asked.field("state").len() < 32 {
        fault("scope or state");
    }
    let mut more = asked.fields.clone();
    more.retain(|name, _| {
        !KNOWN.contains(&name.as_str()) && (name != "nonce" || spec.issuer.is_none())
    });
    let expected = spec
        .params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    if more != expected.collect() {
        fault(&format!("{more:?} in the link"));
    }
    let challenge = asked.fields.get("code_challenge").cloned();
    if challenge.is_some() != spec.pkce
        || (spec.pkce && asked.field("code_challenge_method") != "S256")
    {
        fault("PKCE");
    }
    if spec.issuer.is_some() && asked.field("nonce").len() < 32 {
        fault("nonce");
    }
    let mut to = Url::parse(asked.field("redirect_uri")).expect("a redirect URL");
    let mut query = to.query_pairs_mut();
    if state.scenario == Scenario::Denied {
        query.append_pair("error", spec.denied);
        query.append_pair("error_description", "<b>attacker</b>");
    } else {
        let code = format!("code-{}-{}", spec.name, state.codes.len());
        query.append_pair("code", &code);
        let given = Given {
            redirect: asked.field("redirect_uri").to_owned(),
            challenge,
            nonce: asked.fields.get("nonce").cloned(),
        };
        state.codes.insert(code, given);
    }
    query.append_pair("state", asked.field("state"));
    drop(query);
    Reply::redirect(to.into())
}

fn token(state: &mut State, spec: &Spec, asked: &Asked) -> Reply {
    let basic = asked.headers.get("authorization").map(String::as_str);
    // client-id:client-secret
    let is_known = match spec.basic {
        true => basic == Some("Basic Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQ="),
        false => {
            asked.field("client_id") == "client-id"
                && asked.field("client_secret") == "client-secret"
        }
    };
    if asked.method != "POST" || !is_known || asked.field("grant_type") != "authorization_code" {
        state
            .faults
            .push(format!("{}: the exchange is none", spec.name));
    }
    if !is_known {
        return Reply::json(401, json!({ "error": "invalid_client" }));
    }
    let given = state.codes.remove(asked.field("code"));
    let fits = given.as_ref().is_some_and(|given| {
        let proven = match &given.challenge {
            Some(challenge) => openid::challenge_of(asked.field("code_verifier")) == *challenge,
            None => true,
        };
        given.redirect == asked.field("redirect_uri") && proven
    });
    if !fits {
        state
            .faults
            .push(format!("{}: the code does not fit", spec.name));
    }
    state.nonce = given.and_then(|given| given.nonce);
    if !fits || state.scenario == Scenario::TokenError {
        return (spec.refusal)();
    }
    if state.scenario == Scenario::Malformed && spec.issuer.is_some() {
        return Reply::text(200, "text/html", "<html>");
    }
    (spec.token_answer)(state, asked)
}
