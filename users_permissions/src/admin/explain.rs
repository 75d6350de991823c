//! Would a request be let in, and why? Without a path: all that somebody may do.

use std::sync::Arc;

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::effective::Effective;
use super::find;
use super::frame::Frame;
use super::visit::Visit;
use crate::acl::Snapshot;
use crate::error::Result;
use crate::model::{PUBLIC, Role, UserId};
use crate::services::Account;

/// Whom a question is about.
enum Who {
    /// Somebody who is not signed in.
    Public,
    User(Box<Account>),
    /// Nobody, and why.
    Missing(String),
}

impl Who {
    fn account(&self) -> Option<&Account> {
        match self {
            Self::User(account) => Some(account),
            Self::Public | Self::Missing(_) => None,
        }
    }
}

/// The answer, with the steps that lead to it.
struct Verdict {
    allowed: bool,
    headline: String,
    steps: Vec<String>,
    action: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "explain.html")]
struct ExplainPage {
    frame: Frame,
    user: Option<UserId>,
    who: String,
    method: String,
    path: String,
    methods: &'static [&'static str],
    verdict: Option<Verdict>,
    effective: Option<Effective>,
}

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

pub(super) async fn show(visit: &Visit) -> Outcome {
    let text = |name: &str| visit.query.text(name).trim().to_owned();
    let (typed, path) = (text("who"), text("path"));
    let method = METHODS
        .into_iter()
        .find(|method| *method == visit.query.text("method"));
    let method = method.unwrap_or("GET");
    let who = asked(visit, &typed).await?;
    let (mut verdict, mut effective) = (None, None);
    match &who {
        _ if path.is_empty() && !is_asked(visit) => {}
        Who::Missing(why) => verdict = Some(Verdict::of("No such user", why)),
        who if path.is_empty() => effective = Some(Effective::of(visit, who.account())),
        who => verdict = Some(judge(visit, who.account(), method, &path)),
    }
    // The form asks about the same user again, whoever else is called so by then.
    let linked = who.account().map(|account| &account.user);
    let linked = linked.filter(|user| visit.query.number("user") == Some(user.id));
    let template = ExplainPage {
        frame: visit.frame("Explain", "/explain")?,
        user: linked.map(|user| user.id),
        who: linked.map_or(typed, |user| user.username.clone()),
        method: method.to_owned(),
        path,
        methods: &METHODS,
        verdict,
        effective,
    };
    answer::page(StatusCode::OK, &template)
}

/// Does the address name anybody, or the public?
fn is_asked(visit: &Visit) -> bool {
    visit.query.has("who") || visit.query.number("user").is_some()
}

/// Who is meant. Links name an id, and it counts until another name is typed. What is typed is a name or an
/// address, and an id where nobody is called so. Nobody can be called nothing: that is always the public.
async fn asked(visit: &Visit, typed: &str) -> Result<Who> {
    if let Some(id) = visit.query.number("user") {
        let is_typed = visit.query.has("who");
        match find::user(visit, id).await? {
            Some(account) if !is_typed || account.user.username == typed => {
                return Ok(Who::User(Box::new(account)));
            }
            None if !is_typed => return Ok(Who::Missing(format!("Nobody has the id {id}."))),
            _ => {}
        }
    }
    if typed.is_empty() {
        return Ok(Who::Public);
    }
    let found = find::user_called(visit, typed).await?;
    Ok(match found {
        Some(account) => Who::User(Box::new(account)),
        None if typed.eq_ignore_ascii_case("public") => Who::Public,
        None => Who::Missing(format!("Nobody has the name, address or id “{typed}”.")),
    })
}

impl Verdict {
    fn of(headline: &str, step: &str) -> Self {
        Self {
            allowed: false,
            headline: headline.to_owned(),
            steps: vec![step.to_owned()],
            action: None,
        }
    }
}

/// The answer begins with whom it is about.
fn judge(visit: &Visit, user: Option<&Account>, method: &str, path: &str) -> Verdict {
    let mut verdict = Verdict::of("", &asks(user));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = match path.len() {
        1 => path,
        _ => path.trim_end_matches('/'),
    };
    let served = |method: &str| find::route(visit, method, path);
    let known = served(method).or_else(|| match method {
        "HEAD" => served("GET"),
        _ => None,
    });
    let Some((pattern, owner)) = known else {
        let pattern = find::pattern(visit, path);
        verdict.headline = "Not served".to_owned();
        verdict.steps.push(match pattern.is_empty() {
            true => format!("No route of the application matches {path} (404)."),
            false => format!("{pattern} is served, but not with {method} (405)."),
        });
        return verdict;
    };
    verdict
        .steps
        .push(format!("{method} {path} is served by the route {pattern}."));
    let Some(action) = owner else {
        unlisted(visit, &mut verdict);
        return verdict;
    };
    verdict.action = Some(action);
    verdict
        .steps
        .push(format!("Its handler carries the action {action}."));
    decide(visit, &mut verdict, action, user);
    verdict
}

fn asks(user: Option<&Account>) -> String {
    match user.map(|account| &account.user) {
        Some(user) => format!(
            "Who asks: {}, the user with the id {}.",
            user.username, user.id
        ),
        None => "Who asks: somebody who is not signed in.".to_owned(),
    }
}

fn unlisted(visit: &Visit, verdict: &mut Verdict) {
    let denies = visit.services().config.deny_unlisted;
    verdict.allowed = !denies;
    verdict
        .steps
        .push("Its handler carries no action: it is unlisted.".to_owned());
    (verdict.headline, _) = match denies {
        true => ("Denied (403): unlisted routes are closed".to_owned(), ()),
        false => ("Allowed: nobody checks this route".to_owned(), ()),
    };
}

fn decide(visit: &Visit, verdict: &mut Verdict, action: &str, user: Option<&Account>) {
    let services = visit.services();
    let Some(at) = services.catalog.position(action) else {
        return;
    };
    let entry = services.catalog.actions().get(at);
    if entry.is_some_and(|action| action.is_open()) {
        verdict.allowed = true;
        verdict.headline = "Allowed: open to everyone".to_owned();
        verdict
            .steps
            .push("The action is declared open, whatever roles and tokens say.".to_owned());
        return;
    }
    if let Some(refusal) = user.and_then(|account| refusals(visit, account).into_iter().next()) {
        verdict.headline = "Denied (401)".to_owned();
        verdict.steps.push(refusal);
        return;
    }
    let rights = services.rights.load();
    if user.is_none() {
        verdict
            .steps
            .push("Nobody is signed in: the public role counts.".to_owned());
    }
    for role in &roles_of(&rights, user) {
        let holds = rights.role_allows(role.id, at);
        verdict.allowed |= holds;
        let text = if holds {
            "holds it"
        } else {
            "does not hold it"
        };
        verdict
            .steps
            .push(format!("The role {} {text}.", role.name));
    }
    let policies = entry.map(|action| action.policies()).unwrap_or_default();
    verdict.headline = match (verdict.allowed, policies.is_empty()) {
        (false, _) => "Denied (403)".to_owned(),
        (true, true) => "Allowed".to_owned(),
        (true, false) => "Allowed, unless a policy says no (403)".to_owned(),
    };
    if verdict.allowed {
        for policy in policies {
            verdict.steps.push(format!(
                "Then the policy {policy} is asked; it depends on the request."
            ));
        }
    }
}

/// The roles that count for somebody; without a user, the public one.
pub(super) fn roles_of(rights: &Snapshot, user: Option<&Account>) -> Vec<Arc<Role>> {
    if let Some(account) = user {
        return account.roles.clone();
    }
    let all = rights.roles().iter().map(|role| role.role());
    all.filter(|role| role.role_type == PUBLIC)
        .cloned()
        .collect()
}

/// Why a user's token would not be taken at all.
pub(super) fn refusals(visit: &Visit, account: &Account) -> Vec<String> {
    let user = &account.user;
    let name = &user.username;
    let confirming = visit.services().settings.load().email_confirmation;
    let blocked = user
        .blocked
        .then(|| format!("{name} is blocked: tokens are refused."));
    let unconfirmed = (confirming && !user.confirmed)
        .then(|| format!("{name} has yet to confirm the e-mail address."));
    blocked.into_iter().chain(unconfirmed).collect()
}
