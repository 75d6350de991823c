//! The page of the role editor: actions by unit and controller, with boxes.

use askama::Template;

use super::faults::Faults;
use super::frame::Frame;
use super::sheet::{self, Ticks, parts};
use super::visit::Visit;
use crate::acl::CatalogAction;
use crate::error::Result;
use crate::model::ADMINISTRATOR;
use crate::services::RoleDetail;

/// Browsers send line ends of their own.
pub(super) fn line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A text as it is stored and compared: spaces around it are nothing that anybody has typed.
pub(super) fn plain(text: &str) -> String {
    line_ends(text.trim())
}

/// What stands in the form.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) base_name: String,
    pub(super) base_description: String,
    pub(super) ticks: Ticks,
}

impl State {
    /// The role as it is.
    pub(super) fn of(detail: &RoleDetail) -> Self {
        let (name, description) = (
            detail.role.name.clone(),
            detail.role.description.clone().unwrap_or_default(),
        );
        Self {
            base_name: name.clone(),
            base_description: description.clone(),
            name,
            description,
            ticks: Ticks::default(),
        }
    }

    /// A new role that begins as a copy.
    pub(super) fn copy_of(detail: &RoleDetail) -> Self {
        let mut state = Self::of(detail);
        state.name = format!("Copy of {}", detail.role.name);
        state.ticks.granted.extend(detail.names.iter().cloned());
        state
    }
}

/// An action with its box.
pub(super) struct Act {
    pub(super) at: usize,
    pub(super) action: &'static str,
    pub(super) name: &'static str,
    pub(super) summary: String,
    pub(super) is_open: bool,
    pub(super) held: bool,
    pub(super) was: bool,
}

pub(super) struct Controller {
    pub(super) name: &'static str,
    pub(super) acts: Vec<Act>,
}

pub(super) struct Unit {
    pub(super) name: &'static str,
    pub(super) controllers: Vec<Controller>,
    pub(super) held: usize,
    pub(super) total: usize,
}

#[derive(Template)]
#[template(path = "role.html")]
pub(super) struct RolePage {
    frame: Frame,
    id: Option<i32>,
    role_type: String,
    state: State,
    version: String,
    base: String,
    edition: String,
    units: Vec<Unit>,
    stale: Vec<String>,
    held: usize,
    total: usize,
    may_save: bool,
    may_delete: bool,
    may_remove: bool,
    holds_everything: bool,
    pub(super) faults: Faults,
    pub(super) meanwhile: Vec<String>,
}

impl RolePage {
    /// The editor of a role that is there.
    pub(super) fn edit(visit: &Visit, mut state: State, detail: &RoleDetail) -> Result<Self> {
        let before = State::of(detail);
        // What nobody has typed over shows what is there now.
        if state.name == state.base_name {
            state.name = before.name;
        }
        if plain(&state.description) == plain(&state.base_description) {
            state.description = before.description;
        }
        (state.base_name, state.base_description) = (before.base_name, before.base_description);
        Self::of(visit, state, detail, base(visit, detail), &detail.version)
    }

    /// The editor after a refusal: the form stays what it was made from, so that what others have changed
    /// meanwhile is still found out.
    pub(super) fn again(visit: &Visit, state: State, detail: &RoleDetail) -> Result<Self> {
        let sent = match detail.role.role_type == ADMINISTRATOR {
            true => base(visit, detail),
            false => visit.form.text("base").to_owned(),
        };
        Self::of(visit, state, detail, sent, visit.form.text("version"))
    }

    fn of(
        visit: &Visit,
        state: State,
        detail: &RoleDetail,
        base: String,
        version: &str,
    ) -> Result<Self> {
        let role = &detail.role;
        let page = Self::new(visit, &role.name, state, |at| sheet::was(&base, at))?;
        Ok(Self {
            id: Some(role.id),
            version: version.to_owned(),
            base,
            stale: detail.stale.clone(),
            may_save: visit.may("updateRole"),
            may_delete: visit.may("deleteRole"),
            holds_everything: role.role_type == ADMINISTRATOR,
            role_type: role.role_type.clone(),
            ..page
        })
    }

    /// The form of a new role.
    pub(super) fn create(visit: &Visit, state: State) -> Result<Self> {
        let page = Self::new(visit, "New role", state, |_| false)?;
        Ok(Self {
            may_save: true,
            ..page
        })
    }

    fn new(
        visit: &Visit,
        title: &str,
        state: State,
        holds: impl Fn(usize) -> bool,
    ) -> Result<Self> {
        let catalog = &visit.services().catalog;
        let mut units: Vec<Unit> = Vec::new();
        for (at, action) in catalog.actions().iter().enumerate() {
            let act = act(at, action, &state.ticks, holds(at));
            place(&mut units, action.name(), act);
        }
        Ok(Self {
            frame: visit.frame(title, "/roles")?,
            id: None,
            role_type: String::new(),
            version: String::new(),
            base: String::new(),
            edition: sheet::edition(catalog),
            held: units.iter().map(|unit| unit.held).sum(),
            total: units.iter().map(|unit| unit.total).sum(),
            units,
            stale: Vec::new(),
            may_save: false,
            may_delete: false,
            may_remove: visit.may("deleteStaleAction"),
            holds_everything: false,
            faults: Faults::default(),
            meanwhile: Vec::new(),
            state,
        })
    }
}

/// What the role holds, as a form carries it.
fn base(visit: &Visit, detail: &RoleDetail) -> String {
    let length = visit.services().catalog.len();
    sheet::pack((0..length).map(|at| detail.holds.get(at).copied().unwrap_or(false)))
}

/// First sentence of a doc comment.
pub(super) fn summary(action: &CatalogAction) -> String {
    let text = action.description();
    let first = text.split("\n\n").next().unwrap_or_default();
    first.replace('\n', " ")
}

fn act(at: usize, action: &CatalogAction, ticks: &Ticks, was: bool) -> Act {
    let name = action.name();
    Act {
        at,
        action: name,
        name: parts(name).2,
        summary: summary(action),
        is_open: action.is_open(),
        held: ticks.apply(name, was),
        was,
    }
}

/// Puts an action where it belongs; they come sorted by name.
fn place(units: &mut Vec<Unit>, action: &'static str, act: Act) {
    let (unit, controller, _) = parts(action);
    if units.last().is_none_or(|last| last.name != unit) {
        units.push(Unit {
            name: unit,
            controllers: Vec::new(),
            held: 0,
            total: 0,
        });
    }
    let Some(last) = units.last_mut() else { return };
    if !act.is_open {
        last.total += 1;
        last.held += usize::from(act.held);
    }
    match last.controllers.last_mut() {
        Some(known) if known.name == controller => known.acts.push(act),
        _ => last.controllers.push(Controller {
            name: controller,
            acts: vec![act],
        }),
    }
}
