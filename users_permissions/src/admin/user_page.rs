//! The page of one user: what it shows, and what is wrong with its form.

use actix_web::ResponseError as _;
use askama::Template;
use serde_json::Value;

use super::answer::{self, Outcome};
use super::faults::Faults;
use super::frame::Frame;
use super::user_state::State;
use super::visit::Visit;
use crate::error::{Error, Result};
use crate::model::{ProfileField, ProfileKind, ProfileValue};
use crate::services::{Account, Delivery};

/// A field of the application's own.
struct Extra {
    name: String,
    id: String,
    kind: &'static str,
    required: bool,
    value: String,
    was: String,
}

/// Who the user is at a provider.
struct Linked {
    id: i32,
    provider: String,
    email: String,
    since: String,
}

struct RoleBox {
    id: i32,
    name: String,
    held: bool,
    primary: bool,
}

/// What a page is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// The user as stored.
    Stored,
    /// A form that was refused: it stays what it was made from.
    Sent,
    /// What was changed in a form, on top of what is stored now.
    Merged,
}

#[derive(Template)]
#[template(path = "user.html")]
pub(super) struct UserPage {
    frame: Frame,
    id: Option<i32>,
    state: State,
    was: State,
    was_roles: String,
    roles: Vec<RoleBox>,
    extras: Vec<Extra>,
    about: Vec<(&'static str, String)>,
    provider: String,
    has_mail: bool,
    may_save: bool,
    may_delete: bool,
    may_confirm: bool,
    may_link: bool,
    may_end: bool,
    identities: Vec<Linked>,
    may_unlink: bool,
    ask_password: bool,
    is_blocked: bool,
    is_confirmed: bool,
    pub(super) faults: Faults,
    /// What others have changed since the form was made.
    pub(super) meanwhile: Vec<String>,
}

fn kind(field: &ProfileField) -> &'static str {
    match field.kind {
        ProfileKind::Text => "text",
        ProfileKind::Integer => "integer",
        ProfileKind::Boolean => "boolean",
        ProfileKind::Time => "time",
    }
}

fn shown(value: &ProfileValue) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// The value of a profile field, as a form carries it.
pub(super) fn stored(account: Option<&Account>, name: &str) -> String {
    let value = account.and_then(|account| account.user.profile.get(name));
    value.map(shown).unwrap_or_default()
}

/// An application's own field in a form.
fn extra(visit: &Visit, account: Option<&Account>, field: &ProfileField, what: Shown) -> Extra {
    let present = stored(account, &field.name);
    let typed = visit
        .form
        .text(&format!("profile.{}", field.name))
        .to_owned();
    let before = visit.form.text(&format!("was.profile.{}", field.name));
    let (value, was) = match what {
        Shown::Stored => (present.clone(), present),
        Shown::Sent => (typed, before.to_owned()),
        Shown::Merged if typed.trim() == before.trim() => (present.clone(), present),
        Shown::Merged => (typed, present),
    };
    Extra {
        id: format!("p-{}", field.name),
        name: field.name.clone(),
        kind: kind(field),
        required: field.required,
        value,
        was,
    }
}

pub(super) fn page(
    visit: &Visit,
    account: Option<&Account>,
    state: State,
    what: Shown,
) -> Result<UserPage> {
    let services = visit.services();
    let fields = services.config.profile_fields.iter();
    let extras = fields.filter(|field| !field.private);
    let extras = extras
        .map(|field| extra(visit, account, field, what))
        .collect();
    let rights = services.rights.load();
    let roles = rights.roles().iter().map(|role| {
        let role = role.role();
        RoleBox {
            id: role.id,
            name: role.name.clone(),
            held: state.roles.contains(&role.id),
            primary: state.primary == Some(role.id),
        }
    });
    let was = match what {
        Shown::Sent => State::before(visit),
        _ => account.map(State::of).unwrap_or_default(),
    };
    let about = account.map(|account| {
        let user = &account.user;
        let time =
            |time: &chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M UTC").to_string();
        vec![
            ("Id", user.id.to_string()),
            ("documentId", user.document_id.clone()),
            ("Signs in with", user.provider.clone()),
            ("Created", time(&user.created_at)),
            ("Changed", time(&user.updated_at)),
        ]
    });
    let title = account.map_or("New user", |account| &account.user.username);
    Ok(UserPage {
        frame: visit.frame(title, "/users")?,
        id: account.map(|account| account.user.id),
        roles: roles.collect(),
        extras,
        about: about.unwrap_or_default(),
        provider: account
            .map(|account| account.user.provider.clone())
            .unwrap_or_default(),
        has_mail: services.mails.delivery() != Delivery::None,
        may_save: account.is_none() || visit.may("updateUser"),
        may_delete: visit.may("deleteUser"),
        may_confirm: visit.may("resendConfirmation"),
        may_link: visit.may("sendPasswordLink"),
        may_end: visit.may("endSessions"),
        identities: Vec::new(),
        may_unlink: visit.may("unlinkIdentity"),
        ask_password: account.is_some() && !visit.is_recent(),
        is_blocked: account.is_some_and(|account| account.user.blocked),
        is_confirmed: account.is_some_and(|account| account.user.confirmed),
        faults: Faults::default(),
        meanwhile: Vec::new(),
        was_roles: was.role_key(),
        was,
        state,
    })
}

/// The page of a user who is there, with the providers that are linked.
pub(super) async fn known_page(
    visit: &Visit,
    account: &Account,
    state: State,
    what: Shown,
) -> Result<UserPage> {
    let mut page = page(visit, Some(account), state, what)?;
    let found = visit.services().identities(account.user.id).await?;
    let linked = found.into_iter().map(|identity| Linked {
        id: identity.id,
        provider: identity.person.provider,
        email: identity.person.email.unwrap_or_default(),
        since: identity.created_at.format("%Y-%m-%d").to_string(),
    });
    page.identities = linked.collect();
    Ok(page)
}

/// Shows a form again with what was wrong.
pub(super) fn again(visit: &Visit, error: &Error, mut page: UserPage) -> Outcome {
    let own = visit.services().config.profile_fields.iter();
    let own = own.map(|field| field.name.as_str());
    let known: Vec<&str> = ["username", "email", "password", "role"]
        .into_iter()
        .chain(own)
        .chain(["own_password"])
        .collect();
    page.faults = Faults::of(error, &known, |name| match name {
        "roles" => "role",
        name => name,
    });
    answer::page(error.status_code(), &page)
}
