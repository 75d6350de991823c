//! One user: created, changed, deleted, and helped.

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use askama::Template;
use serde_json::Value;

use super::answer::{self, Outcome};
use super::form;
use super::frame::Frame;
use super::visit::{Visit, words};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::http::parse_profile;
use crate::model::{
    Email, ProfileChange, ProfileField, ProfileKind, ProfileValue, RoleRef, RolesChange,
};
use crate::services::{Account, Delivery, NewAccount, UserChange};

/// A field of the application's own.
struct Extra {
    name: String,
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

/// What stands in the form.
#[derive(Default)]
struct State {
    username: String,
    email: String,
    confirmed: bool,
    blocked: bool,
    /// Primary role and the others.
    primary: Option<i32>,
    roles: Vec<i32>,
}

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
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
    error: Option<String>,
}

impl State {
    fn of(account: &Account) -> Self {
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
    fn sent(visit: &Visit) -> Self {
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

    /// The roles as a form carries them: the primary one first, the others in order.
    fn role_key(&self) -> String {
        let mut others: Vec<i32> = self.roles.clone();
        others.retain(|role| Some(*role) != self.primary);
        others.sort_unstable();
        let all = self.primary.into_iter().chain(others);
        all.map(|role| role.to_string())
            .collect::<Vec<_>>()
            .join(",")
    }
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

fn page(visit: &Visit, account: Option<&Account>, state: State) -> Result<UserPage> {
    let services = visit.services();
    let is_sent = visit.is_post();
    let extra = |field: &ProfileField| {
        let value = account.and_then(|account| account.user.profile.get(&field.name));
        let was = value.map(shown).unwrap_or_default();
        let name = format!("profile.{}", field.name);
        Extra {
            value: if is_sent {
                visit.form.text(&name).to_owned()
            } else {
                was.clone()
            },
            name: field.name.clone(),
            kind: kind(field),
            required: field.required,
            was,
        }
    };
    let fields = services.config.profile_fields.iter();
    let extras = fields.filter(|field| !field.private).map(extra).collect();
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
    let was = account.map(State::of).unwrap_or_default();
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
        error: None,
        was_roles: was.role_key(),
        was,
        state,
    })
}

/// The page of a user who is there, with the providers that are linked.
async fn known_page(visit: &Visit, account: &Account, state: State) -> Result<UserPage> {
    let mut page = page(visit, Some(account), state)?;
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

pub(super) async fn show(visit: &Visit) -> Outcome {
    let account = visit.services().user(visit.id()?).await?;
    let page = known_page(visit, &account, State::of(&account)).await?;
    answer::page(StatusCode::OK, &page)
}

fn address(text: &str) -> Result<Email> {
    Email::parse(text).map_err(|_| Error::field("email", "This is no e-mail address"))
}

/// The profile fields that were changed in the form, or all that were filled for a new user.
fn profile(visit: &Visit, is_new: bool) -> Result<ProfileChange> {
    let mut change = ProfileChange::new();
    let fields = visit.services().config.profile_fields.iter();
    for field in fields.filter(|field| !field.private) {
        let name = &field.name;
        let text = visit.form.text(&format!("profile.{name}")).trim();
        if !is_new && text == visit.form.text(&format!("was.profile.{name}")) {
            continue;
        }
        if text.is_empty() {
            if field.required {
                return Err(Error::field(name, format!("{name} is a required field")));
            }
            if !is_new {
                change.insert(name.clone(), None);
            }
            continue;
        }
        let value = match field.kind {
            ProfileKind::Integer => text.parse::<i64>().map_or(Value::Null, Value::from),
            ProfileKind::Boolean => Value::Bool(text == "true"),
            ProfileKind::Text | ProfileKind::Time => Value::String(text.to_owned()),
        };
        let value = parse_profile(field, &value)
            .map_err(|message| Error::field(name, format!("{name} {message}")))?;
        change.insert(name.clone(), Some(value));
    }
    Ok(change)
}

fn roles_change(state: &State) -> RolesChange<RoleRef> {
    RolesChange {
        primary: state.primary.map(RoleRef::Id),
        all: Some(state.roles.iter().copied().map(RoleRef::Id).collect()),
        ..RolesChange::default()
    }
}

pub(super) async fn create(visit: &Visit) -> Outcome {
    let services = visit.services();
    if !visit.is_post() {
        let rights = services.rights.load_full();
        let settings = services.settings.load_full();
        let mut roles = rights.roles().iter().map(|role| role.role());
        let first = roles.find(|role| role.role_type == settings.default_role);
        let state = State {
            confirmed: true,
            primary: first.map(|role| role.id),
            roles: first.into_iter().map(|role| role.id).collect(),
            ..State::default()
        };
        return answer::page(StatusCode::OK, &page(visit, None, state)?);
    }
    let state = State::sent(visit);
    match try_create(visit, &state).await {
        Ok(account) => {
            let name = &account.user.username;
            visit.say(match visit.form.text("password").is_empty() {
                true => format!("{name} was created; a link to choose a password is on its way."),
                false => format!("{name} was created."),
            })?;
            visit.see(&format!("/users/{}", account.user.id))
        }
        Err(error) => again(&error, page(visit, None, state)?),
    }
}

async fn try_create(visit: &Visit, state: &State) -> Result<Account> {
    let password = visit.form.text("password");
    let new = NewAccount {
        username: state.username.clone(),
        email: address(&state.email)?,
        password: Secret::from(password.to_owned()),
        roles: roles_change(state),
        confirmed: state.confirmed,
        blocked: state.blocked,
        profile: profile(visit, true)?,
    };
    match password.is_empty() {
        true => visit.services().invite_user(visit.actor(), new).await,
        false => visit.services().create_user(visit.actor(), new).await,
    }
}

/// Shows a form again with what was wrong.
fn again(error: &Error, mut page: UserPage) -> Outcome {
    page.error = Some(words(error));
    answer::page(error.status_code(), &page)
}

/// Writes the fields that were changed in the form; what others changed meanwhile stays.
pub(super) async fn update(visit: &Visit) -> Outcome {
    let id = visit.id()?;
    let state = State::sent(visit);
    match try_update(visit, id, &state).await {
        Ok(account) => {
            visit.say(format!("{} was saved.", account.user.username))?;
            visit.see(&format!("/users/{id}"))
        }
        Err(error) => {
            let account = visit.services().user(id).await?;
            again(&error, known_page(visit, &account, state).await?)
        }
    }
}

async fn try_update(visit: &Visit, id: i32, state: &State) -> Result<Account> {
    let form = &visit.form;
    let changed = |now: &str, was: &str| (now != form.text(was)).then(|| now.to_owned());
    let switched = |now: bool, was: &str| (now != form.has(was)).then_some(now);
    let email = changed(&state.email, "was.email").map(|text| address(&text));
    let change = UserChange {
        username: changed(&state.username, "was.username"),
        email: email.transpose()?,
        password: form
            .filled("password")
            .map(|_| Secret::from(form.text("password").to_owned())),
        roles: match state.role_key() == form.text("was.roles") {
            true => RolesChange::default(),
            false => roles_change(state),
        },
        confirmed: switched(state.confirmed, "was.confirmed"),
        blocked: switched(state.blocked, "was.blocked"),
        profile: profile(visit, false)?,
    };
    // What lets somebody else in takes more than a window that was left open.
    if change.email.is_some() || change.password.is_some() {
        visit.insist_in("own_password").await?;
    }
    visit
        .services()
        .update_user(visit.actor(), id, change)
        .await
}
