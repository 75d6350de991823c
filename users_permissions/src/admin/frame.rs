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

/// Pages by group: name, path, and the action that opens it.
type Entry = (&'static str, &'static str, &'static str);
const MENU: [(&str, &[Entry]); 4] = [
    ("", &[("Start", "", "home")]),
    (
        "Access",
        &[
            ("Roles", "/roles", "findRoles"),
            ("Access matrix", "/matrix", "getMatrix"),
            ("Explain", "/explain", "explain"),
        ],
    ),
    ("People", &[("Users", "/users", "findUsers")]),
    (
        "System",
        &[
            ("Providers", "/providers", "findProviders"),
            ("E-mail templates", "/emails", "findTemplates"),
            ("Advanced settings", "/settings", "getSettings"),
            ("Outbox", "/outbox", "findMails"),
            ("Log of changes", "/changes", "findChanges"),
        ],
    ),
];

impl Visit {
    /// The frame of a page in this part of the menu.
    pub(super) fn frame(&self, title: impl Into<String>, section: &str) -> Result<Frame> {
        let item = |entry: &Entry| {
            let (label, path, action) = *entry;
            self.may(action).then_some(Item {
                label,
                path,
                current: path == section,
            })
        };
        let group = |(title, entries): &(&'static str, &[Entry])| Group {
            title,
            items: entries.iter().filter_map(item).collect(),
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
            flash: session::take(&self.session),
            style: &assets::STYLE.name,
            script: &assets::SCRIPT.name,
            icon: &assets::ICON.name,
            home: self.home(),
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

    /// Where the administrator's own start is; this page, where the menu is empty.
    fn home(&self) -> String {
        match self.first_page() {
            "" if self.me.is_some() && !self.may("home") => self.req.path().to_owned(),
            first => self.path(first),
        }
    }

    /// First page of the menu that the administrator may open.
    pub(super) fn first_page(&self) -> &'static str {
        self.me
            .as_ref()
            .map_or("", |me| self.first_page_of(&me.principal.roles))
    }

    /// First page of the menu that these roles open.
    pub(super) fn first_page_of(&self, roles: &UserRoles) -> &'static str {
        let entries = MENU.iter().flat_map(|(_, entries)| entries.iter());
        let mut open = entries.filter(|(.., action)| self.allows(roles, action));
        open.next().map_or("", |(_, path, _)| path)
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
