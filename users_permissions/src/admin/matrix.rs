//! Who may call what, on one page: a row for each action, a column for each role.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::form::{Form, id};
use super::frame::Frame;
use super::roles::line;
use super::sheet::{self, parts};
use super::visit::{Visit, words};
use crate::acl::{Catalog, CatalogAction, RoleGrants};
use crate::error::{Error, Result};
use crate::http::ServedAction;
use crate::model::{ADMINISTRATOR, RoleId};
use crate::services::RoleChange;

/// Rows of one page; who looks for others filters.
const MOST: usize = 400;
/// Changes of others that are told beside one's own.
const THEIRS: usize = 5;

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

/// What a form of the matrix comes to.
#[derive(Default)]
struct Sent {
    changes: Vec<(RoleId, RoleChange)>,
    /// Names of the roles that are changed, in the order of the changes.
    names: Vec<String>,
    /// What others have changed since the form was made.
    meanwhile: Vec<String>,
    /// Roles that others have deleted since, and whether anything was ticked or cleared for one of them.
    gone: Vec<String>,
    has_lost: bool,
}

/// The boxes that are ticked, by role.
fn ticked(form: &Form) -> BTreeMap<RoleId, BTreeSet<usize>> {
    let mut ticked: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    for (role, at) in form.all("g").filter_map(|cell| cell.split_once('.')) {
        if let (Some(role), Ok(at)) = (id(role), at.parse()) {
            ticked.entry(role).or_default().insert(at);
        }
    }
    ticked
}

fn read(visit: &Visit) -> Result<Sent> {
    let (form, catalog) = (&visit.form, &visit.services().catalog);
    let rights = visit.services().rights.load_full();
    let (shown, mut ticked) = (form.text("shown"), ticked(form));
    let (mut sent, mut named) = (Sent::default(), BTreeSet::new());
    for (role, base) in form.all("base").filter_map(|base| base.split_once(':')) {
        let Some(id) = id(role) else { continue };
        if !named.insert(id) {
            return Err(Error::validation("The form names a role twice"));
        }
        let known = rights.role(id);
        if known.is_some_and(|known| known.role().role_type == ADMINISTRATOR) {
            continue;
        }
        let positions = (0..catalog.len()).filter(|at| sheet::was(shown, *at));
        let ticked = ticked.remove(&id).unwrap_or_default();
        let ticks = sheet::ticks(catalog, positions, base, &ticked);
        let Some(known) = known else {
            sent.gone.push(gone(form, role, ticks.is_empty()));
            sent.has_lost |= !ticks.is_empty();
            continue;
        };
        sent.meanwhile.extend(meanwhile(catalog, known, base));
        if !ticks.is_empty() {
            sent.names.push(known.role().name.clone());
            let change = RoleChange {
                grants: ticks.into(),
                ..RoleChange::default()
            };
            sent.changes.push((id, change));
        }
    }
    Ok(sent)
}

/// What is said of a role that is no longer there. Only the form still knows its name.
fn gone(form: &Form, role: &str, is_untouched: bool) -> String {
    let mut names = form.all("name").filter_map(|name| name.split_once(':'));
    let name = names.find(|(of, _)| *of == role).map(|(_, name)| name);
    let name = name.unwrap_or(role);
    match is_untouched {
        true => format!("The role {name} was deleted"),
        false => format!("The role {name} was deleted; what you changed of it is lost"),
    }
}

/// What others have changed of a role since the form was made.
fn meanwhile(catalog: &Catalog, role: &RoleGrants, base: &str) -> Vec<String> {
    let name = &role.role().name;
    let told = |(at, action): (usize, &CatalogAction)| {
        let word = match (sheet::was(base, at), role.allows(at)) {
            (false, true) => "granted",
            (true, false) => "taken",
            _ => return None,
        };
        Some(format!("Meanwhile, {name}: {word} {}", action.name()))
    };
    sheet::tickable(catalog).filter_map(told).collect()
}

/// Leaves what became of a form for the next page: first what others did, as far as there is room for what was
/// saved.
fn tell(visit: &Visit, sent: &Sent, saved: Vec<String>) -> Result<()> {
    let has_moved = !sent.meanwhile.is_empty() || !sent.gone.is_empty();
    let text = match (saved.is_empty(), has_moved) {
        (true, false) => "Nothing was changed.",
        (false, false) => "Saved. It counts from the next request on.",
        (true, true) => "Nothing was changed. Others changed roles meanwhile.",
        (false, true) => "Saved. Others changed roles meanwhile; what they changed was kept.",
    };
    let rest = sent.meanwhile.len().saturating_sub(THEIRS);
    let rest = (rest > 0).then(|| format!("Meanwhile, {rest} more"));
    let theirs = sent.meanwhile.iter().take(THEIRS).cloned();
    let gone = sent.gone.iter().cloned();
    let lines = gone.chain(theirs).chain(rest).chain(saved).collect();
    match sent.has_lost {
        true => visit.complain_more(
            "Not all of it was saved: a role was deleted meanwhile.",
            lines,
        ),
        false => visit.say_more(text, lines),
    }
}

pub(super) async fn update(visit: &Visit) -> Outcome {
    let (services, form) = (visit.services(), &visit.form);
    sheet::check_edition(form, &services.catalog)?;
    let mut sent = read(visit)?;
    let encoded: String = url::form_urlencoded::byte_serialize(form.text("q").as_bytes()).collect();
    let back = format!("/matrix?q={encoded}");
    let changes = std::mem::take(&mut sent.changes);
    match services.change_roles(visit.actor(), changes).await {
        Ok(differences) => {
            let each = sent.names.iter().zip(&differences);
            let saved = each.flat_map(|(role, found)| {
                found
                    .iter()
                    .map(move |found| format!("{role}: {}", line(found)))
            });
            tell(visit, &sent, saved.collect())?;
            visit.see_first(&[("getMatrix", back)])
        }
        Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => Err(error),
        Err(error) => {
            visit.complain(words(&error))?;
            visit.see_first(&[("getMatrix", back)])
        }
    }
}
