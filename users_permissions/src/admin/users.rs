//! The list of users: found, filtered, paged by what stands at the ends of a page, and blocked together.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::form;
use super::frame::Frame;
use super::user_slice::{Filter, SIZE, count, is_back, lead, slice};
use super::visit::{Visit, words};
use crate::error::Error;
use crate::services::{Account, UserChange};

struct Row {
    id: i32,
    username: String,
    email: String,
    roles: Vec<String>,
    provider: Option<String>,
    confirmed: bool,
    blocked: bool,
    created: String,
}

impl Row {
    fn new(account: Account) -> Self {
        let user = account.user;
        Self {
            id: user.id,
            roles: account.roles.iter().map(|role| role.name.clone()).collect(),
            provider: Some(user.provider).filter(|provider| provider != "local"),
            confirmed: user.confirmed,
            blocked: user.blocked,
            created: user.created_at.format("%Y-%m-%d").to_string(),
            username: user.username,
            email: user.email,
        }
    }
}

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    frame: Frame,
    rows: Vec<Row>,
    q: String,
    state: String,
    sort: String,
    /// Id, name, and whether the list is filtered by it.
    roles: Vec<(i32, String, bool)>,
    /// Name, and whether the list is filtered by it.
    providers: Vec<(String, bool)>,
    count: Option<String>,
    newer: Option<String>,
    older: Option<String>,
    /// The search has stopped because it took too long.
    is_part: bool,
    is_back: bool,
    is_filtered: bool,
    may_create: bool,
    may_open: bool,
    may_block: bool,
    show_confirmed: bool,
    here: String,
}

pub(super) async fn list(visit: &Visit) -> Outcome {
    let services = visit.services();
    let filter = Filter::of(visit);
    let parts = filter.parts();
    let lead = lead(&filter);
    let slice = slice(visit, &filter, lead).await?;
    let count = count(visit, &filter, &slice, lead).await?;
    let key = |account: &Account| match filter.by_name {
        true => account.user.username.clone(),
        false => account.user.id.to_string(),
    };
    let (mut first, mut last) = (
        slice.accounts.first().map(key).filter(|_| slice.has_before),
        slice.accounts.last().map(key).filter(|_| slice.has_after),
    );
    let is_back = is_back(visit);
    let is_part = slice.stopped.is_some();
    if is_part {
        *(if is_back { &mut first } else { &mut last }) = slice.stopped;
    }
    let link = |name: &str, key: Option<String>| key.map(|key| filter.link(&[(name, &key)]));
    let rights = services.rights.load();
    let roles = rights.roles().iter().map(|role| {
        let role = role.role();
        (role.id, role.name.clone(), filter.role == Some(role.id))
    });
    let providers = services.origins_of_users().into_iter();
    let providers = providers.map(|name| {
        let is_chosen = filter.provider == name;
        (name, is_chosen)
    });
    let template = UsersPage {
        frame: visit.frame("Users", "/users")?,
        newer: link("before", first),
        older: link("after", last),
        is_part,
        is_back,
        rows: slice.accounts.into_iter().map(Row::new).collect(),
        q: filter.q.to_owned(),
        state: filter.state.to_owned(),
        sort: if filter.by_name { "name" } else { "" }.to_owned(),
        roles: roles.collect(),
        providers: providers.collect(),
        count: Some(count).filter(|count| !count.is_empty()),
        is_filtered: !parts.is_empty(),
        may_create: visit.may("createUser"),
        may_open: visit.may("findUser"),
        may_block: visit.may("blockUsers"),
        show_confirmed: services.settings.load().email_confirmation,
        here: visit.req.uri().query().unwrap_or_default().to_owned(),
    };
    answer::page(StatusCode::OK, &template)
}

/// `1,000,000`.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Blocks or unblocks one user, or all that are ticked.
pub(super) async fn block(visit: &Visit) -> Outcome {
    let form = &visit.form;
    let (blocked, ids): (bool, BTreeSet<i32>) = match (form.number("block"), form.number("unblock"))
    {
        (Some(id), _) => (true, BTreeSet::from([id])),
        (None, Some(id)) => (false, BTreeSet::from([id])),
        (None, None) => {
            let ids = form.all("u").filter_map(form::id).collect();
            (form.text("all") != "unblock", ids)
        }
    };
    if ids.len() > SIZE {
        return Err(Error::validation(format!("At most {SIZE} users at once")));
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for id in ids {
        let change = UserChange {
            blocked: Some(blocked),
            ..UserChange::default()
        };
        match visit
            .services()
            .update_user(visit.actor(), id, change)
            .await
        {
            Ok(account) => done.push(account.user.username),
            Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => return Err(error),
            Err(error) => failed.push(format!("User {id}: {}", words(&error))),
        }
    }
    let what = if blocked { "blocked" } else { "unblocked" };
    match (done.as_slice(), failed.is_empty()) {
        ([], true) => visit.complain("No user was selected.")?,
        ([one], true) => visit.say(format!("{one} is {what}."))?,
        (all, true) => visit.say(format!("{} users are {what}.", all.len()))?,
        (all, false) => {
            visit.complain_more(
                format!("{} users are {what}; of others not:", all.len()),
                failed,
            )?;
        }
    }
    let query = form.text("here");
    let plain = query.bytes().all(|byte| byte.is_ascii_graphic());
    match query.is_empty() || !plain {
        true => visit.see("/users"),
        false => visit.see(&format!("/users?{query}")),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_grouped() {
        assert_eq!(super::grouped(7), "7");
        assert_eq!(super::grouped(1_000_000), "1,000,000");
        assert_eq!(super::grouped(12_345), "12,345");
    }
}
