//! Would a request be let in, and why?

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::find::{self, find_user};
use super::frame::Frame;
use super::visit::Visit;
use crate::error::Result;
use crate::services::Account;

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
    who: String,
    method: String,
    path: String,
    methods: &'static [&'static str],
    verdict: Option<Verdict>,
}

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

pub(super) async fn show(visit: &Visit) -> Outcome {
    let text = |name: &str| visit.query.text(name).trim().to_owned();
    let (who, path) = (text("who"), text("path"));
    let method = METHODS
        .into_iter()
        .find(|method| *method == visit.query.text("method"));
    let method = method.unwrap_or("GET");
    let verdict = match path.is_empty() {
        true => None,
        false => Some(judge(visit, &who, method, &path).await?),
    };
    let template = ExplainPage {
        frame: visit.frame("Explain", "/explain")?,
        who,
        method: method.to_owned(),
        path,
        methods: &METHODS,
        verdict,
    };
    answer::page(StatusCode::OK, &template)
}

async fn judge(visit: &Visit, who: &str, method: &str, path: &str) -> Result<Verdict> {
    let mut verdict = Verdict {
        allowed: false,
        headline: String::new(),
        steps: Vec::new(),
        action: None,
    };
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
        return Ok(verdict);
    };
    verdict
        .steps
        .push(format!("{method} {path} is served by the route {pattern}."));
    let Some(action) = owner else {
        unlisted(visit, &mut verdict);
        return Ok(verdict);
    };
    verdict.action = Some(action);
    verdict
        .steps
        .push(format!("Its handler carries the action {action}."));
    let is_public = who.is_empty() || who.eq_ignore_ascii_case("public");
    let user = match is_public {
        true => None,
        false => match find_user(visit, who).await? {
            Some(account) => Some(account),
            None => {
                verdict.headline = "No such user".to_owned();
                verdict
                    .steps
                    .push(format!("Nobody has the name, address or id “{who}”."));
                return Ok(verdict);
            }
        },
    };
    decide(visit, &mut verdict, action, user.as_ref());
    Ok(verdict)
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
    if let Some(refusal) = user.and_then(|account| refusal(visit, account)) {
        verdict.headline = "Denied (401)".to_owned();
        verdict.steps.push(refusal);
        return;
    }
    let rights = services.rights.load();
    let roles: Vec<_> = match user {
        Some(account) => account.roles.clone(),
        None => {
            verdict
                .steps
                .push("Nobody is signed in: the public role counts.".to_owned());
            let public = rights.roles().iter().map(|role| role.role());
            public
                .filter(|role| role.role_type == crate::model::PUBLIC)
                .cloned()
                .collect()
        }
    };
    for role in &roles {
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

/// Why a user's token would not be taken at all.
fn refusal(visit: &Visit, account: &Account) -> Option<String> {
    let user = &account.user;
    let name = &user.username;
    if user.blocked {
        return Some(format!("{name} is blocked: tokens are refused."));
    }
    let confirming = visit.services().settings.load().email_confirmation;
    (confirming && !user.confirmed)
        .then(|| format!("{name} has yet to confirm the e-mail address."))
}
