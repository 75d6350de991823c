//! Roles: the list, the editor, and the end of one.

use std::collections::BTreeSet;

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::faults::Faults;
use super::frame::Frame;
use super::role_page::{RolePage, State};
use super::sheet;
use super::visit::{Visit, words};
use crate::error::{Error, Result};
use crate::model::{ADMINISTRATOR, Difference, PUBLIC};
use crate::services::{RoleChange, RoleInput};

/// A line of the list.
pub(super) struct Row {
    id: i32,
    name: String,
    description: String,
    role_type: String,
    users: i64,
    granted: usize,
    is_default: bool,
    is_kept: bool,
}

#[derive(Template)]
#[template(path = "roles.html")]
struct RolesPage {
    frame: Frame,
    rows: Vec<Row>,
    total: usize,
    query: String,
    stale: Vec<String>,
    may_create: bool,
    may_delete: bool,
    may_remove: bool,
}

#[derive(Template)]
#[template(path = "role_delete.html")]
struct DeletePage {
    frame: Frame,
    id: i32,
    name: String,
    users: i64,
    refusal: Option<&'static str>,
    error: Option<String>,
    ask_password: bool,
}

pub(super) async fn list(visit: &Visit) -> Outcome {
    let services = visit.services();
    let query = visit.query.text("q").trim().to_owned();
    let default_role = services.settings.load().default_role.clone();
    let known = services.known_actions().await?;
    let rights = services.rights.load_full();
    let total = sheet::tickable(&services.catalog).count();
    let lower = query.to_lowercase();
    let mut rows: Vec<Row> = services
        .list_roles()
        .await?
        .into_iter()
        .map(|summary| {
            let role = summary.role;
            let holds = |at: &usize| rights.role_allows(role.id, *at);
            Row {
                granted: sheet::tickable(&services.catalog)
                    .filter(|(at, _)| holds(at))
                    .count(),
                is_default: role.role_type == default_role,
                is_kept: [PUBLIC, ADMINISTRATOR, default_role.as_str()]
                    .contains(&role.role_type.as_str()),
                id: role.id,
                name: role.name,
                description: role.description.unwrap_or_default(),
                role_type: role.role_type,
                users: summary.users,
            }
        })
        .filter(|row| {
            [&row.name, &row.description, &row.role_type]
                .into_iter()
                .any(|text| text.to_lowercase().contains(&lower))
        })
        .collect();
    rows.sort_by_key(|row| row.name.to_lowercase());
    let stale = known
        .into_iter()
        .filter(|action| services.catalog.position(action).is_none());
    let template = RolesPage {
        frame: visit.frame("Roles", "/roles")?,
        rows,
        total,
        query,
        stale: stale.collect(),
        may_create: visit.may("createRole"),
        may_delete: visit.may("deleteRole"),
        may_remove: visit.may("deleteStaleAction"),
    };
    answer::page(StatusCode::OK, &template)
}

pub(super) async fn show(visit: &Visit) -> Outcome {
    let detail = visit.services().role(visit.id()?).await?;
    let page = RolePage::edit(visit, State::of(&detail), &detail)?;
    answer::page(StatusCode::OK, &page)
}

/// Positions of the ticked boxes.
fn ticked(visit: &Visit) -> BTreeSet<usize> {
    visit
        .form
        .all("g")
        .filter_map(|at| at.parse().ok())
        .collect()
}

fn described(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

pub(super) async fn create(visit: &Visit) -> Outcome {
    let services = visit.services();
    if !visit.is_post() {
        let state = match visit.query.number("from") {
            // A copy shows what the role holds.
            Some(_) if !visit.may("findRole") => return Err(Error::Forbidden),
            Some(id) => State::copy_of(&services.role(id).await?),
            None => State::default(),
        };
        return answer::page(StatusCode::OK, &RolePage::create(visit, state)?);
    }
    sheet::check_edition(&visit.form, &services.catalog)?;
    let shown = sheet::tickable(&services.catalog).map(|(at, _)| at);
    let ticks = sheet::ticks(&services.catalog, shown, "", &ticked(visit));
    let state = State {
        name: visit.form.text("name").trim().to_owned(),
        description: visit.form.text("description").trim().to_owned(),
        ticks,
        ..State::default()
    };
    let input = RoleInput {
        name: Some(state.name.clone()),
        description: Some(described(&state.description)),
        granted: Some(state.ticks.granted.clone()),
        ..RoleInput::default()
    };
    match services.create_role(visit.actor(), input).await {
        Ok(id) => {
            let granted = state
                .ticks
                .granted
                .iter()
                .map(|action| format!("granted {action}"));
            visit.say_more("The role was created.", granted.collect())?;
            visit.see_first(&[
                ("findRole", format!("/roles/{id}")),
                ("findRoles", "/roles".to_owned()),
                ("createRole", "/roles/new".to_owned()),
            ])
        }
        Err(error) => retry(&error, RolePage::create(visit, state)?),
    }
}

/// Shows a form again with what was wrong; faults of ours stay errors.
fn retry(error: &Error, mut page: RolePage) -> Outcome {
    let status = error.status_code();
    page.faults = Faults::of(error, &["name", "description"], field_of);
    answer::page(status, &page)
}

/// The field that an error is about; some name none.
fn field_of<'a>(path: &'a str, message: &'a str) -> &'a str {
    match path {
        "" if message.starts_with("This role name") => "name",
        "" if message.starts_with("A role of this type") => "name",
        path => path,
    }
}

pub(super) async fn update(visit: &Visit) -> Outcome {
    let (services, form) = (visit.services(), &visit.form);
    let id = visit.id()?;
    sheet::check_edition(form, &services.catalog)?;
    let base = form.text("base");
    let shown = sheet::tickable(&services.catalog).map(|(at, _)| at);
    let state = State {
        name: form.text("name").trim().to_owned(),
        description: form.text("description").trim().to_owned(),
        base_name: form.text("base_name").to_owned(),
        base_description: form.text("base_description").to_owned(),
        ticks: sheet::ticks(&services.catalog, shown, base, &ticked(visit)),
    };
    let renamed = state.name != state.base_name;
    // Browsers send line ends of their own.
    let plain = |text: &str| text.replace("\r\n", "\n");
    let redescribed = plain(&state.description) != plain(&state.base_description);
    let change = RoleChange {
        name: renamed.then(|| state.name.clone()),
        description: redescribed.then(|| described(&plain(&state.description))),
        role_type: None,
        grants: state.ticks.clone().into(),
        expected: Some(form.text("version").to_owned()),
    };
    match services
        .change_roles(visit.actor(), vec![(id, change)])
        .await
    {
        Ok(differences) => {
            let lines: Vec<_> = differences.iter().flatten().map(line).collect();
            let text = match lines.is_empty() {
                true => "Nothing was changed.",
                false => "Saved. It counts from the next request on.",
            };
            visit.say_more(text, lines)?;
            visit.see_first(&[
                ("findRole", format!("/roles/{id}")),
                ("findRoles", "/roles".to_owned()),
            ])
        }
        Err(Error::Conflict(_)) => {
            let detail = services.role(id).await?;
            let mut page = RolePage::edit(visit, state, &detail)?;
            page.meanwhile = meanwhile(visit, base, &detail);
            answer::page(StatusCode::CONFLICT, &page)
        }
        Err(error) => {
            let detail = services.role(id).await?;
            retry(&error, RolePage::again(visit, state, &detail)?)
        }
    }
}

/// What others have changed since the form was made.
fn meanwhile(visit: &Visit, base: &str, detail: &crate::services::RoleDetail) -> Vec<String> {
    let form = &visit.form;
    let role = &detail.role;
    let present = role.description.clone().unwrap_or_default();
    let texts = [
        ("name", form.text("base_name"), role.name.as_str()),
        (
            "description",
            form.text("base_description"),
            present.as_str(),
        ),
    ];
    let texts = texts
        .into_iter()
        .filter(|(_, old, new)| old.replace("\r\n", "\n") != *new);
    let mut lines: Vec<_> = texts
        .map(|(field, old, new)| format!("{field}: “{old}” became “{new}”"))
        .collect();
    for (at, action) in sheet::tickable(&visit.services().catalog) {
        let holds = detail.holds.get(at).copied().unwrap_or(false);
        match (sheet::was(base, at), holds) {
            (false, true) => lines.push(format!("granted {}", action.name())),
            (true, false) => lines.push(format!("taken {}", action.name())),
            _ => {}
        }
    }
    lines
}

/// A difference as a line.
pub(super) fn line(difference: &Difference) -> String {
    let field = &difference.field;
    match (difference.old.as_deref(), difference.new.as_deref()) {
        (Some("no"), Some("yes")) => format!("granted {field}"),
        (Some("yes"), Some("no")) => format!("taken {field}"),
        (old, new) => {
            let shown = |value: Option<&str>| value.unwrap_or("–").to_owned();
            format!("{field}: {} → {}", shown(old), shown(new))
        }
    }
}

pub(super) async fn delete(visit: &Visit) -> Outcome {
    let id = visit.id()?;
    if !visit.is_post() {
        return answer::page(StatusCode::OK, &delete_page(visit, id, None).await?);
    }
    let deleted = match visit.insist().await {
        Ok(()) => visit.services().delete_role(visit.actor(), id).await,
        Err(error) => Err(error),
    };
    match deleted {
        Ok(()) => {
            visit.say("The role was deleted.")?;
            visit.see_first(&[("findRoles", "/roles".to_owned())])
        }
        Err(error @ (Error::Unavailable(_) | Error::Internal(_) | Error::NotFound(_))) => {
            Err(error)
        }
        Err(error) => {
            let page = delete_page(visit, id, Some(words(&error))).await?;
            answer::page(error.status_code(), &page)
        }
    }
}

async fn delete_page(visit: &Visit, id: i32, error: Option<String>) -> Result<DeletePage> {
    let services = visit.services();
    let all = services.list_roles().await?;
    let found = all.into_iter().find(|summary| summary.role.id == id);
    let summary = found.ok_or(Error::NotFound("Role not found"))?;
    let refusal = match summary.role.role_type.as_str() {
        PUBLIC => Some("The public role counts for everybody who is not signed in; it stays."),
        ADMINISTRATOR => Some("The administrator role stays."),
        role if role == services.settings.load().default_role => {
            Some("New users get this role; make another one the default role first.")
        }
        _ => None,
    };
    Ok(DeletePage {
        frame: visit.frame(format!("Delete {}", summary.role.name), "/roles")?,
        id,
        name: summary.role.name,
        users: summary.users,
        refusal,
        error,
        ask_password: !visit.is_recent(),
    })
}
