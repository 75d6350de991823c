//! Who may call what, on one page: a row for each action, a column for each role.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::form::id;
use super::frame::Frame;
use super::roles::line;
use super::sheet::{self, parts};
use super::visit::{Visit, words};
use crate::error::Error;
use crate::http::ServedAction;
use crate::model::{ADMINISTRATOR, RoleId};
use crate::services::RoleChange;

/// Rows of one page; who looks for others filters.
const MOST: usize = 400;

struct Column {
    id: RoleId,
    name: String,
    base: String,
    may_open: bool,
}

struct Cell {
    role: RoleId,
    held: bool,
    was: bool,
    locked: bool,
}

struct Row {
    at: usize,
    action: &'static str,
    name: String,
    paths: String,
    cells: Vec<Cell>,
}

struct Unit {
    name: &'static str,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "matrix.html")]
struct MatrixPage {
    frame: Frame,
    query: String,
    search: String,
    edition: String,
    shown_bits: String,
    columns: Vec<Column>,
    units: Vec<Unit>,
    total: usize,
    matching: usize,
    shown: usize,
    may_save: bool,
}

/// The actions a filter finds: by name, description or path.
fn matching(visit: &Visit, query: &str) -> Vec<(usize, ServedAction)> {
    let shared = &visit.admin.shared;
    let served = shared.routes.snapshot().served(&shared.services.catalog);
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let fits = |served: &ServedAction| {
        let text = format!(
            "{} {} {}",
            served.action.name(),
            served.action.description(),
            paths(served)
        );
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let listed = served.into_iter().enumerate();
    listed
        .filter(|(_, served)| !served.action.is_open() && fits(served))
        .collect()
}

fn paths(served: &ServedAction) -> String {
    let routes = served.routes.iter();
    let each = routes.map(|route| format!("{} {}", route.method, route.path));
    each.collect::<Vec<_>>().join(", ")
}

pub(super) async fn show(visit: &Visit) -> Outcome {
    if visit.req.path().ends_with(".csv") {
        return Ok(csv(visit));
    }
    let services = visit.services();
    let query = visit.query.text("q").trim();
    let rights = services.rights.load_full();
    let all = matching(visit, query);
    let (count, length) = (all.len(), services.catalog.len());
    let rows: Vec<_> = all.into_iter().take(MOST).collect();
    let shown: BTreeSet<usize> = rows.iter().map(|(at, _)| *at).collect();
    let may_open = visit.may("findRole");
    let columns = rights.roles().iter().map(|role| Column {
        id: role.role().id,
        name: role.role().name.clone(),
        base: sheet::pack((0..length).map(|at| role.allows(at))),
        may_open,
    });
    let mut units: Vec<Unit> = Vec::new();
    for (at, served) in &rows {
        let action = served.action.name();
        let (unit, controller, name) = parts(action);
        let cells = rights.roles().iter().map(|role| Cell {
            role: role.role().id,
            held: role.allows(*at),
            was: role.allows(*at),
            locked: role.role().role_type == ADMINISTRATOR,
        });
        let row = Row {
            at: *at,
            action,
            name: format!("{controller}.{name}"),
            paths: paths(served),
            cells: cells.collect(),
        };
        match units.last_mut().filter(|last| last.name == unit) {
            Some(last) => last.rows.push(row),
            None => units.push(Unit {
                name: unit,
                rows: vec![row],
            }),
        }
    }
    let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let template = MatrixPage {
        frame: visit.frame("Access matrix", "/matrix")?,
        search: if query.is_empty() {
            String::new()
        } else {
            format!("?q={encoded}")
        },
        query: query.to_owned(),
        edition: sheet::edition(&services.catalog),
        shown_bits: sheet::pack((0..length).map(|at| shown.contains(&at))),
        columns: columns.collect(),
        units,
        total: sheet::tickable(&services.catalog).count(),
        matching: count,
        shown: rows.len(),
        may_save: visit.may("updateMatrix"),
    };
    answer::page(StatusCode::OK, &template)
}

fn csv(visit: &Visit) -> actix_web::HttpResponse {
    let rights = visit.services().rights.load_full();
    let names = rights
        .roles()
        .iter()
        .map(|role| answer::csv(&role.role().name));
    let head: Vec<_> = [answer::csv("action"), answer::csv("routes")]
        .into_iter()
        .chain(names)
        .collect();
    let mut lines = vec![head.join(",")];
    for (at, served) in matching(visit, visit.query.text("q")) {
        let cells = rights
            .roles()
            .iter()
            .map(|role| if role.allows(at) { "yes" } else { "no" }.to_owned());
        let line: Vec<_> = [
            answer::csv(served.action.name()),
            answer::csv(&paths(&served)),
        ]
        .into_iter()
        .chain(cells)
        .collect();
        lines.push(line.join(","));
    }
    lines.push(String::new());
    answer::download("access.csv", lines.join("\r\n"))
}

pub(super) async fn update(visit: &Visit) -> Outcome {
    let (services, form) = (visit.services(), &visit.form);
    sheet::check_edition(form, &services.catalog)?;
    let mut ticked: BTreeMap<RoleId, BTreeSet<usize>> = BTreeMap::new();
    for (role, at) in form.all("g").filter_map(|cell| cell.split_once('.')) {
        if let (Some(role), Ok(at)) = (id(role), at.parse()) {
            ticked.entry(role).or_default().insert(at);
        }
    }
    let shown = form.text("shown").to_owned();
    let rights = services.rights.load_full();
    let (mut changes, mut names, mut moved) = (Vec::new(), Vec::new(), false);
    let mut named = BTreeSet::new();
    for (role, base) in form.all("base").filter_map(|base| base.split_once(':')) {
        let known = id(role).and_then(|id| rights.role(id));
        if known.is_some_and(|role| !named.insert(role.role().id)) {
            return Err(Error::validation("The form names a role twice"));
        }
        let Some(known) = known.filter(|role| role.role().role_type != ADMINISTRATOR) else {
            continue;
        };
        let id = known.role().id;
        moved |= (0..services.catalog.len()).any(|at| sheet::was(base, at) != known.allows(at));
        let positions = (0..services.catalog.len()).filter(|at| sheet::was(&shown, *at));
        let ticked = ticked.remove(&id).unwrap_or_default();
        let ticks = sheet::ticks(&services.catalog, positions, base, &ticked);
        if !ticks.is_empty() {
            names.push(known.role().name.clone());
            changes.push((
                id,
                RoleChange {
                    grants: ticks.into(),
                    ..RoleChange::default()
                },
            ));
        }
    }
    let encoded: String = url::form_urlencoded::byte_serialize(form.text("q").as_bytes()).collect();
    let back = format!("/matrix?q={encoded}");
    match services.change_roles(visit.actor(), changes).await {
        Ok(differences) => {
            let each = names.iter().zip(&differences);
            let lines = each.flat_map(|(role, found)| {
                found
                    .iter()
                    .map(move |found| format!("{role}: {}", line(found)))
            });
            let lines: Vec<_> = lines.collect();
            let text = match (lines.is_empty(), moved) {
                (true, _) => "Nothing was changed.",
                (false, false) => "Saved. It counts from the next request on.",
                (false, true) => {
                    "Saved. Others changed roles meanwhile; what they changed was kept."
                }
            };
            visit.say_more(text, lines)?;
            visit.see_first(&[("getMatrix", back)])
        }
        Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => Err(error),
        Err(error) => {
            visit.complain(words(&error))?;
            visit.see_first(&[("getMatrix", back)])
        }
    }
}
