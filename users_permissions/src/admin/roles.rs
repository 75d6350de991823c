//! Roles: the list, the editor, and the end of one.

use std::collections::BTreeSet;

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use askama::Template;
use chrono::{DateTime, Utc};

use super::answer::{self, Outcome};
use super::faults::Faults;
use super::form::finds;
use super::frame::Frame;
use super::order::{Choice, Heading, Order};
use super::role_page::{RolePage, State, line_ends, plain};
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
    changed: DateTime<Utc>,
    is_default: bool,
    is_kept: bool,
}

impl Row {
    fn changed_on(&self) -> String {
        self.changed.format("%Y-%m-%d").to_string()
    }
}

#[derive(Template)]
#[template(path = "roles.html")]
struct RolesPage {
    frame: Frame,
    rows: Vec<Row>,
    headings: Vec<Heading>,
    orders: Vec<Choice>,
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

/// What roles can be ordered by, and what a person calls it.
const KEYS: [(&str, &str); 5] = [
    ("name", "Role"),
    ("type", "Type"),
    ("users", "Users"),
    ("permissions", "Permissions"),
    ("changed", "Last changed"),
];
const BY_NAME: Order = Order::up("name");

/// Of equal ones, the names decide.
fn sort(rows: &mut [Row], order: Order) {
    rows.sort_by_cached_key(|row| row.name.to_lowercase());
    if order.key == BY_NAME.key {
        if order.descends {
            rows.reverse();
        }
        return;
    }
    rows.sort_by(|one, other| {
        let ordering = match order.key {
            "type" => one.role_type.cmp(&other.role_type),
            "users" => one.users.cmp(&other.users),
            "permissions" => one.granted.cmp(&other.granted),
            _ => one.changed.cmp(&other.changed),
        };
        match order.descends {
            true => ordering.reverse(),
            false => ordering,
        }
    });
}

fn headings(order: Order, search: &str) -> Vec<Heading> {
    let link = |order: &Order| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !search.is_empty() {
            query.append_pair("q", search);
        }
        format!(
            "/roles?{}",
            query.append_pair("sort", &order.name()).finish()
        )
    };
    let heading = |key: (&'static str, &'static str)| Heading {
        is_number: key.0 == "users",
        ..order.heading(key, link)
    };
    KEYS.map(heading).into_iter().collect()
}

pub(super) async fn list(visit: &Visit) -> Outcome {
    let services = visit.services();
    let query = visit.query.text("q").trim().to_owned();
    let default_role = services.settings.load().default_role.clone();
    let known = services.known_actions().await?;
    let rights = services.rights.load_full();
    let total = sheet::tickable(&services.catalog).count();
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
                changed: role.updated_at,
            }
        })
        .filter(|row| finds(&query, &[&row.name, &row.description, &row.role_type]))
        .collect();
    let order = Order::of(visit.query.text("sort"), &KEYS, BY_NAME);
    sort(&mut rows, order);
    let stale = known
        .into_iter()
        .filter(|action| services.catalog.position(action).is_none());
    let template = RolesPage {
        frame: visit.frame("Roles", "/roles")?,
        rows,
        headings: headings(order, &query),
        orders: order.choices(&KEYS),
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
    Some(text.to_owned()).filter(|text| !text.is_empty())
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
        description: plain(visit.form.text("description")),
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
    page.faults = Faults::of(error, &["name", "description"], |name| name);
    answer::page(status, &page)
}

pub(super) async fn update(visit: &Visit) -> Outcome {
    let (services, form) = (visit.services(), &visit.form);
    let id = visit.id()?;
    sheet::check_edition(form, &services.catalog)?;
    let base = form.text("base");
    let shown = sheet::tickable(&services.catalog).map(|(at, _)| at);
    let state = State {
        name: form.text("name").trim().to_owned(),
        description: plain(form.text("description")),
        base_name: form.text("base_name").to_owned(),
        base_description: form.text("base_description").to_owned(),
        ticks: sheet::ticks(&services.catalog, shown, base, &ticked(visit)),
    };
    let renamed = state.name != state.base_name;
    let redescribed = state.description != plain(&state.base_description);
    let change = RoleChange {
        name: renamed.then(|| state.name.clone()),
        description: redescribed.then(|| described(&state.description)),
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
        .filter(|(_, old, new)| line_ends(old) != line_ends(new));
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
