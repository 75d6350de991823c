//! What a form of a user says: as it was made, as it was sent, and the two on top of what is stored now.

use super::form;
use super::visit::Visit;
use crate::model::{RoleRef, RolesChange};
use crate::services::Account;

/// What stands in the form.
#[derive(Default, Clone)]
pub(super) struct State {
    pub(super) username: String,
    pub(super) email: String,
    pub(super) confirmed: bool,
    pub(super) blocked: bool,
    /// Primary role and the others.
    pub(super) primary: Option<i32>,
    pub(super) roles: Vec<i32>,
}

impl State {
    pub(super) fn of(account: &Account) -> Self {
        let user = &account.user;
        Self {
            username: user.username.clone(),
            email: user.email.clone(),
            confirmed: user.confirmed,
            blocked: user.blocked,
            primary: Some(user.roles.primary()),
            roles: user.roles.iter().collect(),
        }
    }

    /// As it was sent.
    pub(super) fn sent(visit: &Visit) -> Self {
        let form = &visit.form;
        let primary = form.number("role");
        let others = form.all("roles").filter_map(form::id);
        let others = others.filter(|role| Some(*role) != primary);
        Self {
            username: form.text("username").trim().to_owned(),
            email: form.text("email").trim().to_owned(),
            confirmed: form.has("confirmed"),
            blocked: form.has("blocked"),
            primary,
            roles: primary.into_iter().chain(others).collect(),
        }
    }

    /// As it stood in the form when it was made.
    pub(super) fn before(visit: &Visit) -> Self {
        let form = &visit.form;
        let roles: Vec<i32> = form
            .text("was.roles")
            .split(',')
            .filter_map(form::id)
            .collect();
        Self {
            username: form.text("was.username").to_owned(),
            email: form.text("was.email").to_owned(),
            confirmed: form.has("was.confirmed"),
            blocked: form.has("was.blocked"),
            primary: roles.first().copied(),
            roles,
        }
    }

    /// What was changed in a form, on top of the present state.
    pub(super) fn merged(was: &Self, now: &Self, present: &Self) -> Self {
        let text =
            |was: &str, now: &str, present: &str| if was == now { present } else { now }.to_owned();
        let flag = |was: bool, now: bool, present: bool| if was == now { present } else { now };
        let roles = match was.role_key() == now.role_key() {
            true => present,
            false => now,
        };
        Self {
            username: text(&was.username, &now.username, &present.username),
            email: text(&was.email, &now.email, &present.email),
            confirmed: flag(was.confirmed, now.confirmed, present.confirmed),
            blocked: flag(was.blocked, now.blocked, present.blocked),
            primary: roles.primary,
            roles: roles.roles.clone(),
        }
    }

    /// The fields with what a person reads of them.
    pub(super) fn told(&self, visit: &Visit) -> [(&'static str, String); 5] {
        let yes = |on: bool| if on { "yes" } else { "no" }.to_owned();
        let rights = visit.services().rights.load();
        let name = |id: i32| match rights.role(id) {
            Some(role) => role.role().name.clone(),
            None => id.to_string(),
        };
        let key = self.role_key();
        let roles = key.split(',').filter_map(form::id).map(name);
        [
            ("User name", self.username.clone()),
            ("E-mail", self.email.clone()),
            ("Confirmed", yes(self.confirmed)),
            ("Blocked", yes(self.blocked)),
            ("Roles", roles.collect::<Vec<_>>().join(", ")),
        ]
    }

    /// The roles as a form carries them: the primary one first, the others in order.
    pub(super) fn role_key(&self) -> String {
        let mut others: Vec<i32> = self.roles.clone();
        others.retain(|role| Some(*role) != self.primary);
        others.sort_unstable();
        let all = self.primary.into_iter().chain(others);
        all.map(|role| role.to_string())
            .collect::<Vec<_>>()
            .join(",")
    }

    /// The roles as a change gives them.
    pub(super) fn roles_change(&self) -> RolesChange<RoleRef> {
        RolesChange {
            primary: self.primary.map(RoleRef::Id),
            all: Some(self.roles.iter().copied().map(RoleRef::Id).collect()),
            ..RolesChange::default()
        }
    }
}
