//! What stands around every page: the menu, the line left by the page before, the token of forms.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use askama::Template;

use super::assets;
use super::flash::Flash;
use super::session;
use super::visit::{Visit, words};
use crate::error::{Error, Result};
use crate::model::UserRoles;

/// Cookie of the chosen appearance.
pub(super) const THEME: &str = "up_admin_theme";

/// A group of the menu.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) items: Vec<Item>,
}

/// A page in the menu.
pub(super) struct Item {
    pub(super) label: &'static str,
    pub(super) path: &'static str,
    pub(super) current: bool,
}

/// The frame of a page.
pub(super) struct Frame {
    pub(super) prefix: String,
    pub(super) title: String,
    pub(super) menu: Vec<Group>,
    /// Name of who is signed in.
    pub(super) me: Option<String>,
    pub(super) csrf: String,
    /// `light`, `dark`, or empty for the system's.
    pub(super) theme: &'static str,
    pub(super) flash: Option<Flash>,
    pub(super) style: &'static str,
    pub(super) script: &'static str,
    pub(super) icon: &'static str,
    /// Where a choice of appearance leads back to.
    pub(super) here: String,
    /// The first page that may be opened.
    pub(super) home: String,
    /// What the administrator may do in here: last parts of actions.
    allowed: BTreeSet<&'static str>,
}

impl Frame {
    /// May the administrator do this? What they may not leads nowhere.
    pub(super) fn may(&self, action: &str) -> bool {
        self.allowed.contains(action)
    }
}

/// A page of the menu, and the action that opens it.
struct Entry {
    label: &'static str,
    path: &'static str,
    action: &'static str,
    /// Action of another page that leads to it: the menu has it for those alone who may not open that one.
    behind: Option<&'static str>,
}

const fn entry(label: &'static str, path: &'static str, action: &'static str) -> Entry {
    Entry {
        label,
        path,
        action,
        behind: None,
    }
}

const fn behind(other: &'static str, entry: Entry) -> Entry {
    Entry {
        behind: Some(other),
        ..entry
    }
}

const ACCESS: &[Entry] = &[
    entry("Roles", "/roles", "findRoles"),
    behind("findRoles", entry("New role", "/roles/new", "createRole")),
    entry("Access matrix", "/matrix", "getMatrix"),
    entry("Explain", "/explain", "explain"),
];
const PEOPLE: &[Entry] = &[
    entry("Users", "/users", "findUsers"),
    behind("findUsers", entry("New user", "/users/new", "createUser")),
];
const SYSTEM: &[Entry] = &[
    entry("Providers", "/providers", "findProviders"),
    entry("E-mail templates", "/emails", "findTemplates"),
    entry("Advanced settings", "/settings", "getSettings"),
    entry("Outbox", "/outbox", "findMails"),
    entry("Log of changes", "/changes", "findChanges"),
];
/// The pages by group.
const MENU: [(&str, &[Entry]); 4] = [
    ("", &[entry("Start", "", "home")]),
    ("Access", ACCESS),
    ("People", PEOPLE),
    ("System", SYSTEM),
];

impl Entry {
    /// Does the menu have it for somebody with these rights?
    fn is_for(&self, allows: impl Fn(&str) -> bool) -> bool {
        allows(self.action) && !self.behind.is_some_and(allows)
    }
}

impl Visit {
    /// The frame of a page in this part of the menu.
    pub(super) fn frame(&self, title: impl Into<String>, section: &str) -> Result<Frame> {
        let item = |entry: &Entry| Item {
            label: entry.label,
            path: entry.path,
            current: entry.path == section || self.path(entry.path) == self.req.path(),
        };
        let group = |(title, entries): &(&'static str, &[Entry])| {
            let open = entries.iter();
            let open = open.filter(|entry| entry.is_for(|action| self.may(action)));
            Group {
                title,
                items: open.map(item).collect(),
            }
        };
        let menu = match &self.me {
            Some(_) => MENU.iter().map(group).collect(),
            None => Vec::new(),
        };
        Ok(Frame {
            prefix: self.path(""),
            title: title.into(),
            menu: menu
                .into_iter()
                .filter(|group: &Group| !group.items.is_empty())
                .collect(),
            me: self.me.as_ref().map(|me| me.principal.username.clone()),
            csrf: session::forms(&self.session)?.token(),
            theme: self.theme(),
            flash: match self.is_fetch() {
                true => None,
                false => session::take(&self.session),
            },
            style: &assets::STYLE.name,
            script: &assets::SCRIPT.name,
            icon: &assets::ICON.name,
            home: self.path(self.first_page()),
            allowed: self.allowed(),
            here: self
                .req
                .uri()
                .path_and_query()
                .map_or_else(String::new, |here| here.to_string()),
        })
    }

    fn theme(&self) -> &'static str {
        let cookie = self.req.cookie(THEME);
        match cookie.as_ref().map(|cookie| cookie.value()) {
            Some("light") => "light",
            Some("dark") => "dark",
            _ => "",
        }
    }

    /// First page of the menu that the administrator may open; where there is none, the start page, which says
    /// so.
    pub(super) fn first_page(&self) -> &'static str {
        self.me
            .as_ref()
            .map_or("", |me| self.first_page_of(&me.principal.roles))
    }

    /// As [`first_page`](Self::first_page), for these roles.
    pub(super) fn first_page_of(&self, roles: &UserRoles) -> &'static str {
        let mut entries = MENU.iter().flat_map(|(_, entries)| entries.iter());
        let first = entries.find(|entry| entry.is_for(|action| self.allows(roles, action)));
        first.map_or("", |entry| entry.path)
    }
}

/// The page of an error.
#[derive(Template)]
#[template(path = "error.html")]
pub(super) struct ErrorPage {
    frame: Frame,
    status: u16,
    message: String,
}

impl ErrorPage {
    pub(super) fn new(frame: Frame, status: StatusCode, error: &Error) -> Self {
        Self {
            frame,
            status: status.as_u16(),
            message: words(error),
        }
    }
}
