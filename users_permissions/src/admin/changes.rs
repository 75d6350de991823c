//! The log of changes: who changed what, when, from where, from what to what.

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use askama::Template;
use chrono::{Datelike as _, NaiveDate};
use futures_util::{StreamExt as _, stream};

use super::answer::{self, Outcome};
use super::frame::Frame;
use super::visit::Visit;
use crate::model::{Change, ChangeFilter, ChangeKind};

const SIZE: i64 = 50;
/// Entries a file reads at once.
const BATCH: i64 = 500;

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
    pub(super) fn new(visit: &Visit, change: Change) -> Self {
        let more = change.differences.len().saturating_sub(SHOWN);
        let kind = ChangeKind::of(&change.kind);
        let link = match kind {
            Some(ChangeKind::RoleCreated | ChangeKind::RoleChanged) => {
                let link = change.target_id.map(|id| format!("/roles/{id}"));
                link.filter(|_| visit.may("findRole"))
            }
            Some(
                ChangeKind::UserCreated
                | ChangeKind::UserChanged
                | ChangeKind::SessionsEnded
                | ChangeKind::PasswordLinkSent
                | ChangeKind::ConfirmationSent
                | ChangeKind::IdentityUnlinked,
            ) => {
                let link = change.target_id.map(|id| format!("/users/{id}"));
                link.filter(|_| visit.may("findUser"))
            }
            Some(ChangeKind::ProviderChanged) => {
                let link = format!("/providers/{}", change.target);
                visit.may("findProviders").then_some(link)
            }
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
    user: String,
    from: String,
    to: String,
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
        user: query.number("user"),
        from: day(query.text("from")),
        to: day(query.text("to")),
        before: query.number("before"),
    }
}

/// A day that every database knows.
fn day(text: &str) -> Option<NaiveDate> {
    let day: NaiveDate = text.trim().parse().ok()?;
    (1970..=9998).contains(&day.year()).then_some(day)
}

/// The filter as a query string.
fn search(filter: &ChangeFilter, before: Option<i32>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let number = |id: Option<i32>| id.map(|id| id.to_string());
    let (user, before) = (number(filter.user), number(before));
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string());
    let (from, to) = (day(filter.from), day(filter.to));
    let parts = [
        ("kind", filter.kind.map(ChangeKind::name)),
        ("actor", filter.actor.as_deref()),
        ("text", filter.text.as_deref()),
        ("user", user.as_deref()),
        ("from", from.as_deref()),
        ("to", to.as_deref()),
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
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let template = ChangesPage {
        frame: visit.frame("Log of changes", "/changes")?,
        entries: changes
            .into_iter()
            .map(|change| Entry::new(visit, change))
            .collect(),
        kinds: kinds
            .map(|kind| (kind.name(), kind.name(), filter.kind == Some(kind)))
            .collect(),
        is_filtered: !search(&filter, None).is_empty(),
        older: last.map(|last| search(&filter, Some(last))),
        search: search(&filter, None),
        from: day(filter.from),
        to: day(filter.to),
        user: filter.user.map(|id| id.to_string()).unwrap_or_default(),
        actor: filter.actor.unwrap_or_default(),
        text: filter.text.unwrap_or_default(),
        may_export: visit.may("exportChanges"),
    };
    answer::page(StatusCode::OK, &template)
}

const HEAD: &str = "id,time,actor,actor_id,from,kind,target,target_id,field,old,new\r\n";

/// One line for each value that differs; all entries, however many, read in batches as they are sent.
pub(super) async fn export(visit: &Visit) -> Outcome {
    let filter = filter(visit);
    // What fails here is still answered as an error.
    let first = visit.services().changes(filter.clone(), BATCH).await?;
    let admin = visit.admin.clone();
    let rest = stream::try_unfold(Some(first), move |batch| {
        let (admin, mut filter) = (admin.clone(), filter.clone());
        async move {
            let Some(batch) = batch else {
                return Ok::<_, crate::error::Error>(None);
            };
            let text: String = batch.iter().map(lines).collect();
            let next = match batch.last() {
                Some(last) if batch.len() >= BATCH as usize => {
                    filter.before = Some(last.id);
                    Some(admin.shared.services.changes(filter, BATCH).await?)
                }
                _ => None,
            };
            Ok(Some((Bytes::from(text), next)))
        }
    });
    let head = stream::iter([Ok(Bytes::from_static(HEAD.as_bytes()))]);
    Ok(answer::streamed("changes.csv", head.chain(rest)))
}

/// The lines of an entry.
fn lines(change: &Change) -> String {
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
        return format!("{of_entry},,,\r\n");
    }
    let value = |text: &Option<String>| answer::csv(text.as_deref().unwrap_or_default());
    let each = change.differences.iter().map(|found| {
        format!(
            "{of_entry},{},{},{}\r\n",
            answer::csv(&found.field),
            value(&found.old),
            value(&found.new)
        )
    });
    each.collect()
}
