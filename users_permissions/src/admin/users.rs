//! The list of users: found, filtered, in the order of a column, paged by what stands at the ends of a page.

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::frame::Frame;
use super::order::{Choice, Heading};
use super::user_slice::{Filter, KEYS, SIZES, count, is_back, slice};
use super::visit::Visit;
use crate::model::reads_as;
use crate::services::Account;

struct Row {
    id: i32,
    username: String,
    /// What a name of other letters may be taken for.
    reads_as: Option<String>,
    email: String,
    roles: Vec<String>,
    provider: String,
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
            provider: user.provider,
            confirmed: user.confirmed,
            blocked: user.blocked,
            created: user.created_at.format("%Y-%m-%d").to_string(),
            reads_as: reads_as(&user.username),
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
    /// Headings of the columns before that of the roles, and behind it.
    headings: [Vec<Heading>; 2],
    orders: Vec<Choice>,
    /// Users of a page, and whether a page has that many.
    sizes: Vec<(usize, bool)>,
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
    may_delete: bool,
    /// An unproven address keeps somebody out.
    is_confirming: bool,
    here: String,
}

pub(super) async fn list(visit: &Visit) -> Outcome {
    let services = visit.services();
    let filter = Filter::of(visit);
    let parts = filter.parts();
    let slice = slice(visit, &filter).await?;
    let count = count(visit, &filter, &slice).await?;
    let (mut first, mut last) = (
        slice.first.filter(|_| slice.has_before),
        slice.last.filter(|_| slice.has_after),
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
        headings: headings(&filter),
        orders: orders(&filter),
        sizes: SIZES.map(|size| (size, size == filter.size)).to_vec(),
        roles: roles.collect(),
        providers: providers.collect(),
        count: Some(count).filter(|count| !count.is_empty()),
        is_filtered: !parts.is_empty(),
        may_create: visit.may("createUser"),
        may_open: visit.may("findUser"),
        may_block: visit.may("blockUsers"),
        may_delete: visit.may("deleteUsers"),
        is_confirming: services.settings.load().email_confirmation,
        here: visit.req.uri().query().unwrap_or_default().to_owned(),
    };
    answer::page(StatusCode::OK, &template)
}

/// The orders that can be chosen; ids grow with time.
fn orders(filter: &Filter<'_>) -> Vec<Choice> {
    let mut all = filter.order.choices(&KEYS);
    for (name, label, _) in &mut all {
        match name.as_str() {
            "id" => "Oldest first".clone_into(label),
            "id:desc" => "Newest first".clone_into(label),
            _ => {}
        }
    }
    all
}

fn headings(filter: &Filter<'_>) -> [Vec<Heading>; 2] {
    let heading = |key| {
        filter
            .order
            .heading(key, |order| filter.link_by(order, &[]))
    };
    let all = KEYS.map(heading);
    let mut all = all.into_iter();
    [all.by_ref().take(3).collect(), all.collect()]
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

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_grouped() {
        assert_eq!(super::grouped(7), "7");
        assert_eq!(super::grouped(1_000_000), "1,000,000");
        assert_eq!(super::grouped(12_345), "12,345");
    }
}
