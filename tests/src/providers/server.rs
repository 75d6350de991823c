//! The server: pages to sign in on, codes, and what the specs answer.

use std::sync::{Arc, Mutex};

use actix_web::{HttpRequest, HttpResponse, web};
use reqwest::Url;
use serde_json::json;

use super::simulators::{Fault, Given, Person, Scenario, State, lock};
use super::wire::{Asked, Reply};
use super::{Spec, openid, twitter};

pub(super) async fn serve(
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

/// RFC 6749, section 2.3.1: by HTTP Basic or in the body, and never by both.
pub(super) fn is_client(spec: &Spec, asked: &Asked) -> bool {
    let header = asked.headers.get("authorization").map(String::as_str);
    let in_body = ["client_id", "client_secret"].map(|name| asked.field(name));
    let expected = match spec.basic {
        Some(_) => ["", ""],
        None => ["client-id", "client-secret"],
    };
    header == spec.basic && in_body == expected
}

fn token(state: &mut State, spec: &Spec, asked: &Asked) -> Reply {
    let is_known = is_client(spec, asked);
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
