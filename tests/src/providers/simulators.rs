//! The simulators as tests see them: started, told what to do, and asked what was done to them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use serde_json::Value;

use super::openid::{Forgery, KEYS};
use super::server::serve;
use super::wire::Asked;
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
    /// Name of the key that id tokens are signed with.
    pub(super) signing: &'static str,
    /// What the operator of CAS releases beside what the plugin asks for.
    pub(super) released: Vec<(&'static str, Value)>,
    /// What the strict issuer tells of itself beside what it has to.
    pub(super) described: Vec<(&'static str, Value)>,
    /// Where an answer has been seen in two shapes, it has the one that the documentation does not have.
    pub(super) in_other_shapes: bool,
    /// Names of the keys that are published.
    pub(super) published: &'static [&'static str],
    pub(super) codes: HashMap<String, Given>,
    pub(super) nonce: Option<String>,
    /// What is wrong with places that begin so.
    pub(super) broken: Option<(&'static str, Fault)>,
    pub(super) log: Vec<Asked>,
    /// Requests that break the provider's rules.
    pub(super) faults: Vec<String>,
    pub(super) specs: Arc<Vec<Spec>>,
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
            signing: KEYS[0],
            released: Vec::new(),
            described: Vec::new(),
            in_other_shapes: false,
            published: &KEYS[..1],
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

    /// Id tokens are signed with the first or the second key from now on.
    pub fn sign_with(&self, key: usize) {
        lock(&self.state).signing = KEYS[key];
    }

    /// The second key stands in the place of the first one.
    pub fn rotate_keys(&self) {
        lock(&self.state).published = &KEYS[1..];
    }

    /// The operator of CAS releases these attributes, too.
    pub fn release(&self, attributes: Vec<(&'static str, Value)>) {
        lock(&self.state).released = attributes;
    }

    /// The strict issuer tells this of itself, too.
    pub fn describe(&self, more: Vec<(&'static str, Value)>) {
        lock(&self.state).described = more;
    }

    /// GitHub answers a code with a form, whatever is asked for, and Instagram without a list.
    pub fn answer_in_other_shapes(&self) {
        lock(&self.state).in_other_shapes = true;
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

pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no test has panicked with it")
}
