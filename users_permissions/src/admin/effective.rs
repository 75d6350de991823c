//! All that somebody may do, role by role.

use std::collections::BTreeSet;

use super::explain::{refusals, roles_of};
use super::sheet;
use super::visit::Visit;
use crate::model::{ADMINISTRATOR, RoleId};
use crate::services::Account;

/// A list of so many actions is shown open.
const SHORT: usize = 30;

/// An action that a role holds, and the policies that are asked then.
pub(super) struct Granted {
    pub(super) action: &'static str,
    pub(super) policies: String,
}

/// What one role holds.
pub(super) struct Held {
    pub(super) id: RoleId,
    pub(super) name: String,
    pub(super) holds_everything: bool,
    pub(super) actions: Vec<Granted>,
}

impl Held {
    pub(super) fn is_short(&self) -> bool {
        self.actions.len() <= SHORT
    }
}

/// The answer.
pub(super) struct Effective {
    pub(super) title: String,
    /// What keeps the user from all of it.
    pub(super) refusals: Vec<String>,
    pub(super) summary: String,
    pub(super) roles: Vec<Held>,
}

impl Effective {
    /// Without a user: of somebody who is not signed in.
    pub(super) fn of(visit: &Visit, user: Option<&Account>) -> Self {
        let services = visit.services();
        let rights = services.rights.load();
        let mut all = BTreeSet::new();
        let roles: Vec<Held> = roles_of(&rights, user)
            .iter()
            .map(|role| {
                let held = sheet::tickable(&services.catalog)
                    .filter(|(at, _)| rights.role_allows(role.id, *at));
                let actions = held.map(|(_, action)| {
                    all.insert(action.name());
                    Granted {
                        action: action.name(),
                        policies: action.policies().join(", "),
                    }
                });
                Held {
                    id: role.id,
                    name: role.name.clone(),
                    holds_everything: role.role_type == ADMINISTRATOR,
                    actions: actions.collect(),
                }
            })
            .collect();
        let total = sheet::tickable(&services.catalog).count();
        Self {
            title: match user.map(|account| &account.user) {
                Some(user) => format!("{} (id {})", user.username, user.id),
                None => "Somebody who is not signed in".to_owned(),
            },
            refusals: user
                .map(|account| refusals(visit, account))
                .unwrap_or_default(),
            summary: format!("May do {} of {total} actions.", all.len()),
            roles,
        }
    }
}
