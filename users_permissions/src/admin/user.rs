//! One user: created, changed, deleted, and helped.

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use askama::Template;
use serde_json::Value;

use super::answer::{self, Outcome};
use super::faults::Faults;
use super::form;
use super::frame::Frame;
use super::visit::Visit;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::http::parse_profile;
use crate::model::{
    Email, ProfileChange, ProfileField, ProfileKind, ProfileValue, RoleRef, RolesChange,
};
use crate::services::{Account, Delivery, ExpectedUser, NewAccount, UserChange};

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

/// What stands in the form.
#[derive(Default, Clone)]
struct State {
    username: String,
    email: String,
    confirmed: bool,
    blocked: bool,
    /// Primary role and the others.
    primary: Option<i32>,
    roles: Vec<i32>,
}

/// What a page is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// The user as stored.
    Stored,
    /// A form that was refused: it stays what it was made from.
    Sent,
    /// What was changed in a form, on top of what is stored now.
    Merged,
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
    is_blocked: bool,
    is_confirmed: bool,
    faults: Faults,
    /// What others have changed since the form was made.
    meanwhile: Vec<String>,
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

    /// As it stood in the form when it was made.
    fn before(visit: &Visit) -> Self {
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
    fn merged(was: &Self, now: &Self, present: &Self) -> Self {
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
    fn told(&self, visit: &Visit) -> [(&'static str, String); 5] {
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

/// The value of a profile field, as a form carries it.
fn stored(account: Option<&Account>, name: &str) -> String {
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
        Shown::Merged if typed.trim() == before => (present.clone(), present),
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

fn page(visit: &Visit, account: Option<&Account>, state: State, what: Shown) -> Result<UserPage> {
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
async fn known_page(
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

pub(super) async fn show(visit: &Visit) -> Outcome {
    let account = visit.services().user(visit.id()?).await?;
    let page = known_page(visit, &account, State::of(&account), Shown::Stored).await?;
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
        return answer::page(StatusCode::OK, &page(visit, None, state, Shown::Stored)?);
    }
    let state = State::sent(visit);
    match try_create(visit, &state).await {
        Ok(account) => {
            let name = &account.user.username;
            visit.say(match visit.form.text("password").is_empty() {
                true => format!("{name} was created; a link to choose a password is on its way."),
                false => format!("{name} was created."),
            })?;
            visit.see_first(&[
                ("findUser", format!("/users/{}", account.user.id)),
                ("findUsers", "/users".to_owned()),
                ("createUser", "/users/new".to_owned()),
            ])
        }
        Err(error) => again(visit, &error, page(visit, None, state, Shown::Sent)?),
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

/// The field that an error of the service is about: those of users name none, as Strapi's do not.
fn field_of<'a>(path: &'a str, message: &'a str) -> &'a str {
    let begins = |word: &str| message.starts_with(word);
    match path {
        "roles" => "role",
        "" if begins("username ") || begins("Username ") => "username",
        "" if begins("This attribute must be unique") => "username",
        "" if begins("email ") || begins("Email ") => "email",
        "" if begins("password ") || begins("Password ") => "password",
        path => path,
    }
}

/// Shows a form again with what was wrong.
fn again(visit: &Visit, error: &Error, mut page: UserPage) -> Outcome {
    let own = visit.services().config.profile_fields.iter();
    let own = own.map(|field| field.name.as_str());
    let known: Vec<&str> = ["username", "email", "password", "role"]
        .into_iter()
        .chain(own)
        .chain(["own_password"])
        .collect();
    page.faults = Faults::of(error, &known, field_of);
    answer::page(error.status_code(), &page)
}

/// What others have changed since the form was made.
fn meanwhile(visit: &Visit, was: &State, account: &Account) -> Vec<String> {
    let present = State::of(account).told(visit);
    let fixed = was.told(visit).into_iter().zip(present);
    let fixed = fixed.map(|((name, old), (_, new))| (name.to_owned(), old, new));
    let own = visit.services().config.profile_fields.iter();
    let own = own.filter(|field| !field.private).map(|field| {
        let old = visit.form.text(&format!("was.profile.{}", field.name));
        let new = stored(Some(account), &field.name);
        (field.name.clone(), old.to_owned(), new)
    });
    let all = fixed.chain(own).filter(|(_, old, new)| old != new);
    all.map(|(name, old, new)| format!("{name}: “{old}” became “{new}”"))
        .collect()
}

/// Writes the fields that were changed in the form; what others changed meanwhile stays.
pub(super) async fn update(visit: &Visit) -> Outcome {
    let id = visit.id()?;
    let state = State::sent(visit);
    match try_update(visit, id, &state).await {
        Ok(account) => {
            visit.say(format!("{} was saved.", account.user.username))?;
            visit.see_user(id)
        }
        Err(Error::Conflict(_)) => {
            let account = visit.services().user(id).await?;
            let was = State::before(visit);
            let state = State::merged(&was, &state, &State::of(&account));
            let mut page = known_page(visit, &account, state, Shown::Merged).await?;
            page.meanwhile = meanwhile(visit, &was, &account);
            answer::page(StatusCode::CONFLICT, &page)
        }
        Err(error) => {
            let account = visit.services().user(id).await?;
            let page = known_page(visit, &account, state, Shown::Sent).await?;
            again(visit, &error, page)
        }
    }
}

/// What the fields that are changed were when the form was made.
fn expected(visit: &Visit, change: &UserChange) -> ExpectedUser {
    let was = State::before(visit);
    let profile = change.profile.keys().map(|name| {
        let text = visit.form.text(&format!("was.profile.{name}"));
        (name.clone(), text.to_owned())
    });
    ExpectedUser {
        username: change.username.is_some().then_some(was.username),
        email: change.email.is_some().then_some(was.email),
        confirmed: change.confirmed.is_some().then_some(was.confirmed),
        blocked: change.blocked.is_some().then_some(was.blocked),
        roles: (!change.roles.is_empty()).then_some(was.roles),
        profile: profile.collect(),
    }
}

async fn try_update(visit: &Visit, id: i32, state: &State) -> Result<Account> {
    let was = State::before(visit);
    let changed = |now: &str, was: &str| (now != was).then(|| now.to_owned());
    let email = changed(&state.email, &was.email).map(|text| address(&text));
    let mut change = UserChange {
        username: changed(&state.username, &was.username),
        email: email.transpose()?,
        password: visit
            .form
            .filled("password")
            .map(|_| Secret::from(visit.form.text("password").to_owned())),
        roles: match state.role_key() == was.role_key() {
            true => RolesChange::default(),
            false => roles_change(state),
        },
        confirmed: (state.confirmed != was.confirmed).then_some(state.confirmed),
        blocked: (state.blocked != was.blocked).then_some(state.blocked),
        profile: profile(visit, false)?,
        ..UserChange::default()
    };
    change.expected = expected(visit, &change);
    // What lets somebody else in takes more than a window that was left open.
    if change.email.is_some() || change.password.is_some() {
        visit.insist_in("own_password").await?;
    }
    visit
        .services()
        .update_user(visit.actor(), id, change)
        .await
}
