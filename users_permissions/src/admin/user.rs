//! One user: shown, created, changed.

use actix_web::http::StatusCode;
use serde_json::Value;

use super::answer::{self, Outcome};
use super::user_page::{Shown, again, known_page, page, stored};
use super::user_state::State;
use super::visit::Visit;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::http::parse_profile;
use crate::model::{Email, ProfileChange, ProfileKind, RolesChange};
use crate::services::{Account, ExpectedUser, NewAccount, UserChange};

pub(super) async fn show(visit: &Visit) -> Outcome {
    let account = visit.services().user(visit.id()?).await?;
    let page = known_page(visit, &account, State::of(&account), Shown::Stored).await?;
    answer::page(StatusCode::OK, &page)
}

fn address(text: &str) -> Result<Email> {
    Email::parse(text).map_err(|_| Error::field("email", "This is no e-mail address"))
}

/// The profile fields that were changed in the form, or all that were filled for a new user. Spaces around a
/// text are no change.
fn profile(visit: &Visit, is_new: bool) -> Result<ProfileChange> {
    let mut change = ProfileChange::new();
    let fields = visit.services().config.profile_fields.iter();
    for field in fields.filter(|field| !field.private) {
        let name = &field.name;
        let text = visit.form.text(&format!("profile.{name}")).trim();
        if !is_new && text == visit.form.text(&format!("was.profile.{name}")).trim() {
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
        roles: state.roles_change(),
        confirmed: state.confirmed,
        blocked: state.blocked,
        profile: profile(visit, true)?,
    };
    match password.is_empty() {
        true => visit.services().invite_user(visit.actor(), new).await,
        false => visit.services().create_user(visit.actor(), new).await,
    }
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
            false => state.roles_change(),
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
