//! The list of users: found, filtered, paged by what stands at the ends of a page, and blocked together.

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::find;
use super::form;
use super::frame::Frame;
use super::roles::few;
use super::visit::{Visit, words};
use crate::error::{Error, Result};
use crate::services::{Account, UserChange};

/// Users of one page.
const SIZE: usize = 50;

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
    is_filtered: bool,
    may_create: bool,
    may_open: bool,
    may_block: bool,
    show_confirmed: bool,
    here: String,
}

/// What the list is filtered by.
struct Filter<'a> {
    q: &'a str,
    role: Option<i32>,
    state: &'a str,
    provider: &'a str,
    by_name: bool,
}

impl<'a> Filter<'a> {
    fn of(visit: &'a Visit) -> Self {
        Self {
            q: visit.query.text("q").trim(),
            role: visit.query.number("role"),
            state: visit.query.text("state"),
            provider: visit.query.text("provider"),
            by_name: visit.query.text("sort") == "name",
        }
    }

    fn parts(&self) -> Vec<(&'static str, String)> {
        let mut parts = Vec::new();
        match self.state {
            "blocked" => parts.push(("filters[blocked][$eq]", "true".to_owned())),
            "active" => parts.push(("filters[blocked][$eq]", "false".to_owned())),
            "unconfirmed" => parts.push(("filters[confirmed][$eq]", "false".to_owned())),
            _ => {}
        }
        if let Some(role) = self.role {
            parts.push(("filters[roles][id][$eq]", role.to_string()));
        }
        if !self.provider.is_empty() {
            parts.push(("filters[provider][$eq]", self.provider.to_owned()));
        }
        if !self.q.is_empty() {
            parts.push(("_q", self.q.to_owned()));
        }
        parts
    }

    /// A link to the list with this filter, and further values.
    fn link(&self, more: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let role = self.role.map(|role| role.to_string()).unwrap_or_default();
        let sort = if self.by_name { "name" } else { "" };
        let own = [
            ("q", self.q),
            ("role", &role),
            ("state", self.state),
            ("provider", self.provider),
            ("sort", sort),
        ];
        for (name, value) in own
            .iter()
            .chain(more)
            .filter(|(_, value)| !value.is_empty())
        {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() {
            "/users".to_owned()
        } else {
            format!("/users?{query}")
        }
    }
}

/// A page of users, and whether there are others on either side of it.
struct Slice {
    accounts: Vec<Account>,
    has_before: bool,
    has_after: bool,
}

async fn slice(visit: &Visit, filter: &Filter<'_>) -> Result<Slice> {
    let (after, before) = (visit.query.text("after"), visit.query.text("before"));
    let is_back = after.is_empty() && !before.is_empty();
    let edge = if is_back { before } else { after };
    // The newest first, or by name.
    let (beyond, order) = match (filter.by_name, is_back) {
        (true, false) => ("filters[username][$gt]", "username:asc"),
        (true, true) => ("filters[username][$lt]", "username:desc"),
        (false, false) => ("filters[id][$lt]", "id:desc"),
        (false, true) => ("filters[id][$gt]", "id:asc"),
    };
    let limit = (SIZE + 1).to_string();
    let mut parts = filter.parts();
    let has_edge = !edge.is_empty() && (filter.by_name || form::id(edge).is_some());
    if has_edge {
        parts.push((beyond, edge.to_owned()));
    }
    let mut texts: Vec<_> = parts
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    texts.extend([("sort", order), ("limit", limit.as_str())]);
    let mut accounts = visit.services().users(find::query(visit, &texts)?).await?;
    let has_more = accounts.len() > SIZE;
    accounts.truncate(SIZE);
    if is_back {
        accounts.reverse();
    }
    let (has_before, has_after) = match is_back {
        true => (has_more, true),
        false => (has_edge, has_more),
    };
    Ok(Slice {
        accounts,
        has_before,
        has_after,
    })
}

pub(super) async fn list(visit: &Visit) -> Outcome {
    let services = visit.services();
    let filter = Filter::of(visit);
    let slice = slice(visit, &filter).await?;
    let parts = filter.parts();
    let count = match (parts.is_empty(), filter.q.is_empty()) {
        (true, _) => Some(services.user_total().await?),
        (false, true) => {
            let texts: Vec<_> = parts
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            Some(services.count_users(find::query(visit, &texts)?).await?)
        }
        // To count what a text matches, every user would have to be read.
        (false, false) => None,
    };
    let key = |account: &Account| match filter.by_name {
        true => account.user.username.clone(),
        false => account.user.id.to_string(),
    };
    let (first, last) = (
        slice.accounts.first().map(key),
        slice.accounts.last().map(key),
    );
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
        newer: link("before", first.filter(|_| slice.has_before)),
        older: link("after", last.filter(|_| slice.has_after)),
        rows: slice.accounts.into_iter().map(Row::new).collect(),
        q: filter.q.to_owned(),
        state: filter.state.to_owned(),
        sort: if filter.by_name { "name" } else { "" }.to_owned(),
        roles: roles.collect(),
        providers: providers.collect(),
        count: count.map(grouped),
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
    let (blocked, ids): (bool, Vec<i32>) = match (form.number("block"), form.number("unblock")) {
        (Some(id), _) => (true, vec![id]),
        (None, Some(id)) => (false, vec![id]),
        (None, None) => {
            let ids = form.all("u").filter_map(form::id).collect();
            (form.text("all") != "unblock", ids)
        }
    };
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
                few(failed),
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
