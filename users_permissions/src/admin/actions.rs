//! An action: where it is served, what it does, who may call it; and the end of stale ones.

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::frame::Frame;
use super::visit::Visit;
use crate::error::Error;
use crate::http::ServedRoute;

/// A route with its parameters marked.
struct Route {
    method: String,
    parts: Vec<(String, bool)>,
}

#[derive(Template)]
#[template(path = "action.html")]
struct ActionPage {
    frame: Frame,
    action: &'static str,
    description: &'static str,
    handler: &'static str,
    file: &'static str,
    line: u32,
    policies: &'static [&'static str],
    routes: Vec<Route>,
    is_open: bool,
    roles: Vec<(String, bool)>,
}

/// Splits a pattern at its parameters.
fn route(served: &ServedRoute) -> Route {
    let mut parts: Vec<(String, bool)> = Vec::new();
    let mut depth = 0usize;
    for c in served.path.chars() {
        let inside = depth > 0 || c == '{';
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match parts
            .last_mut()
            .filter(|(_, parameter)| *parameter == inside)
        {
            Some((text, _)) => text.push(c),
            None => parts.push((c.to_string(), inside)),
        }
    }
    Route {
        method: served.method.clone(),
        parts,
    }
}

pub(super) async fn show(visit: &Visit) -> Outcome {
    let shared = &visit.admin.shared;
    let name = visit.req.match_info().get("action").unwrap_or_default();
    let catalog = &shared.services.catalog;
    let served = shared.routes.snapshot().served(catalog);
    let position = catalog.position(name);
    let served = position.and_then(|at| served.get(at).map(|served| (at, served)));
    let (at, served) = served.ok_or(Error::NotFound(
        "No handler of this program carries this action",
    ))?;
    let action = served.action;
    let rights = shared.services.rights.load();
    let roles = rights.roles().iter();
    let template = ActionPage {
        frame: visit.frame(action.name(), "?")?,
        action: action.name(),
        description: action.description(),
        handler: action.handler(),
        file: action.file(),
        line: action.line(),
        policies: action.policies(),
        routes: served.routes.iter().map(route).collect(),
        is_open: action.is_open(),
        roles: roles
            .map(|role| (role.role().name.clone(), role.allows(at)))
            .collect(),
    };
    answer::page(StatusCode::OK, &template)
}

pub(super) async fn delete_stale(visit: &Visit) -> Outcome {
    let action = visit.form.text("action").to_owned();
    let text = format!("{action} was removed, with every grant of it.");
    visit
        .services()
        .delete_stale_action(visit.actor(), action)
        .await?;
    visit.say(text)?;
    visit.see_first(&[("findRoles", "/roles".to_owned())])
}
