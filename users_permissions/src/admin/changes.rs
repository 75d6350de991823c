//! The log of changes: who changed what, when, from where, from what to what.

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::frame::Frame;
use super::visit::Visit;
use crate::model::{Change, ChangeFilter, ChangeKind};

const SIZE: i64 = 50;
/// Entries of one file.
const MOST: i64 = 10_000;

/// An entry, as a page shows it.
pub(super) struct Entry {
    pub(super) time: String,
    pub(super) actor: String,
    pub(super) origin: String,
    pub(super) what: &'static str,
    pub(super) target: String,
    pub(super) link: Option<String>,
    pub(super) differences: Vec<(String, String, String)>,
    pub(super) more: usize,
}

/// Differences of one entry that a page shows.
const SHOWN: usize = 30;

impl Entry {
    pub(super) fn new(change: Change) -> Self {
        let more = change.differences.len().saturating_sub(SHOWN);
        let kind = ChangeKind::of(&change.kind);
        let link = match kind {
            Some(ChangeKind::RoleCreated | ChangeKind::RoleChanged) => {
                change.target_id.map(|id| format!("/roles/{id}"))
            }
            Some(
                ChangeKind::UserCreated
                | ChangeKind::UserChanged
                | ChangeKind::SessionsEnded
                | ChangeKind::PasswordLinkSent
                | ChangeKind::ConfirmationSent
                | ChangeKind::IdentityUnlinked,
            ) => change.target_id.map(|id| format!("/users/{id}")),
            Some(ChangeKind::ProviderChanged) => Some(format!("/providers/{}", change.target)),
            _ => None,
        };
        let shown = change.differences.into_iter().take(SHOWN);
        let shown = shown.map(|found| {
            (
                found.field,
                found.old.unwrap_or_default(),
                found.new.unwrap_or_default(),
            )
        });
        Self {
            time: change.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            actor: change.actor,
            origin: change.origin,
            what: kind.map_or("changed", words),
            target: change.target,
            link,
            differences: shown.collect(),
            more,
        }
    }
}

fn words(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::RoleCreated => "created the role",
        ChangeKind::RoleChanged => "changed the role",
        ChangeKind::RoleDeleted => "deleted the role",
        ChangeKind::ActionRemoved => "removed the stale action",
        ChangeKind::UserCreated => "created the user",
        ChangeKind::UserChanged => "changed the user",
        ChangeKind::UserDeleted => "deleted the user",
        ChangeKind::SessionsEnded => "ended the sessions of",
        ChangeKind::PasswordLinkSent => "mailed a password link to",
        ChangeKind::ConfirmationSent => "mailed the confirmation link to",
        ChangeKind::SettingsChanged => "changed the",
        ChangeKind::TemplateChanged => "changed the mail",
        ChangeKind::ProviderChanged => "changed the provider",
        ChangeKind::IdentityUnlinked => "unlinked a provider of",
    }
}

#[derive(Template)]
#[template(path = "changes.html")]
struct ChangesPage {
    frame: Frame,
    entries: Vec<Entry>,
    kinds: Vec<(&'static str, &'static str, bool)>,
    actor: String,
    text: String,
    is_filtered: bool,
    older: Option<String>,
    search: String,
    may_export: bool,
}

fn filter(visit: &Visit) -> ChangeFilter {
    let query = &visit.query;
    let text = |name: &str| query.filled(name).map(str::to_owned);
    ChangeFilter {
        kind: ChangeKind::of(query.text("kind")),
        actor: text("actor"),
        text: text("text"),
        before: query.number("before"),
    }
}

/// The filter as a query string.
fn search(filter: &ChangeFilter, before: Option<i32>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let before = before.map(|id| id.to_string());
    let parts = [
        ("kind", filter.kind.map(ChangeKind::name)),
        ("actor", filter.actor.as_deref()),
        ("text", filter.text.as_deref()),
        ("before", before.as_deref()),
    ];
    for (name, value) in parts {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

pub(super) async fn list(visit: &Visit) -> Outcome {
    let filter = filter(visit);
    let mut changes = visit.services().changes(filter.clone(), SIZE + 1).await?;
    let has_more = changes.len() > SIZE as usize;
    changes.truncate(SIZE as usize);
    let last = changes.last().map(|change| change.id).filter(|_| has_more);
    let kinds = ChangeKind::ALL.into_iter();
    let template = ChangesPage {
        frame: visit.frame("Log of changes", "/changes")?,
        entries: changes.into_iter().map(Entry::new).collect(),
        kinds: kinds
            .map(|kind| (kind.name(), kind.name(), filter.kind == Some(kind)))
            .collect(),
        is_filtered: filter.kind.is_some() || filter.actor.is_some() || filter.text.is_some(),
        older: last.map(|last| search(&filter, Some(last))),
        search: search(&filter, None),
        actor: filter.actor.unwrap_or_default(),
        text: filter.text.unwrap_or_default(),
        may_export: visit.may("exportChanges"),
    };
    answer::page(StatusCode::OK, &template)
}

/// One line for each value that differs.
pub(super) async fn export(visit: &Visit) -> Outcome {
    let changes = visit.services().changes(filter(visit), MOST).await?;
    let head = [
        "id",
        "time",
        "actor",
        "actor_id",
        "from",
        "kind",
        "target",
        "target_id",
        "field",
        "old",
        "new",
    ];
    let mut lines = vec![head.join(",")];
    for change in changes {
        let number = |id: Option<i32>| id.map(|id| id.to_string()).unwrap_or_default();
        let of_entry = [
            change.id.to_string(),
            change.created_at.to_rfc3339(),
            answer::csv(&change.actor),
            number(change.actor_id),
            answer::csv(&change.origin),
            answer::csv(&change.kind),
            answer::csv(&change.target),
            number(change.target_id),
        ]
        .join(",");
        if change.differences.is_empty() {
            lines.push(format!("{of_entry},,,"));
        }
        for found in &change.differences {
            let value = |text: &Option<String>| answer::csv(text.as_deref().unwrap_or_default());
            lines.push(format!(
                "{of_entry},{},{},{}",
                answer::csv(&found.field),
                value(&found.old),
                value(&found.new)
            ));
        }
    }
    lines.push(String::new());
    Ok(answer::download("changes.csv", lines.join("\r\n")))
}
