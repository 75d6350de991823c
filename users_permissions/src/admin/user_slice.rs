//! Which users a page of the list shows: by a filter, from a place on, and how many there are.

use super::find;
use super::form;
use super::users::grouped;
use super::visit::Visit;
use crate::error::Result;
use crate::query::Query;
use crate::services::{Account, Counted, Lead, Part, Place};

/// Users of one page.
pub(super) const SIZE: usize = 50;

/// What the list is filtered by.
pub(super) struct Filter<'a> {
    pub(super) q: &'a str,
    pub(super) role: Option<i32>,
    pub(super) state: &'a str,
    pub(super) provider: &'a str,
    pub(super) by_name: bool,
}

impl<'a> Filter<'a> {
    pub(super) fn of(visit: &'a Visit) -> Self {
        Self {
            q: visit.query.text("q").trim(),
            role: visit.query.number("role"),
            state: visit.query.text("state"),
            provider: visit.query.text("provider"),
            by_name: visit.query.text("sort") == "name",
        }
    }

    pub(super) fn parts(&self) -> Vec<(&'static str, String)> {
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
    pub(super) fn link(&self, more: &[(&str, &str)]) -> String {
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
pub(super) struct Slice {
    pub(super) accounts: Vec<Account>,
    pub(super) has_before: bool,
    pub(super) has_after: bool,
    /// Where the search stopped because it took too long, as a link names it.
    pub(super) stopped: Option<String>,
}

impl Slice {
    /// Does it show all that there is?
    fn is_all(&self) -> bool {
        !self.has_before && !self.has_after && self.stopped.is_none()
    }
}

/// Where a link to a page of the list says that it begins, and whether it leads back.
fn edge<'a>(visit: &'a Visit, filter: &Filter<'_>) -> Option<&'a str> {
    let name = if is_back(visit) { "before" } else { "after" };
    let edge = Some(visit.query.text(name)).filter(|edge| !edge.is_empty());
    edge.filter(|edge| filter.by_name || form::id(edge).is_some())
}

/// Is the page before a place asked for, and not the one after it?
pub(super) fn is_back(visit: &Visit) -> bool {
    visit.query.text("after").is_empty() && !visit.query.text("before").is_empty()
}

/// What leads to users: one condition in the order of ids has an index.
pub(super) fn lead(filter: &Filter<'_>) -> Lead {
    let parts = filter.parts();
    match (parts.len(), filter.role) {
        (0, _) => Lead::Index,
        (1, Some(role)) if !filter.by_name => Lead::Role(role),
        (1, None) if !filter.by_name && filter.q.is_empty() => Lead::Index,
        _ => Lead::Nothing,
    }
}

pub(super) async fn slice(visit: &Visit, filter: &Filter<'_>, lead: Lead) -> Result<Slice> {
    let (edge, is_back) = (edge(visit, filter), is_back(visit));
    let (mut accounts, stopped) = match lead {
        Lead::Index => (indexed(visit, filter).await?, None),
        Lead::Role(_) | Lead::Nothing => {
            let part = Part {
                by_name: filter.by_name,
                is_back,
                from: match filter.by_name {
                    true => edge.map(|edge| Place::Name(edge.to_owned())),
                    false => edge.and_then(form::id).map(Place::Id),
                },
                limit: SIZE + 1,
            };
            let query = query(visit, &filter.parts(), &[])?;
            visit.services().walk_users(query, lead, part).await?
        }
    };
    let has_more = accounts.len() > SIZE;
    accounts.truncate(SIZE);
    if is_back {
        accounts.reverse();
    }
    let (has_before, has_after) = match is_back {
        true => (has_more, true),
        false => (edge.is_some(), has_more),
    };
    let stopped = stopped.map(|place| match place {
        Place::Id(id) => id.to_string(),
        Place::Name(name) => name,
    });
    let mut slice = Slice {
        accounts,
        has_before,
        has_after,
        stopped,
    };
    let is_search = !filter.q.is_empty() && filter.parts().len() == 1;
    if is_search && edge.is_none() && !slice.is_all() {
        put_first(visit, filter.q, &mut slice).await?;
    }
    Ok(slice)
}

/// The next users in an order that has an index.
async fn indexed(visit: &Visit, filter: &Filter<'_>) -> Result<Vec<Account>> {
    let (edge, is_back) = (edge(visit, filter), is_back(visit));
    // The newest first, or by name.
    let (beyond, order) = match (filter.by_name, is_back) {
        (true, false) => ("filters[username][$gt]", "username:asc"),
        (true, true) => ("filters[username][$lt]", "username:desc"),
        (false, false) => ("filters[id][$lt]", "id:desc"),
        (false, true) => ("filters[id][$gt]", "id:asc"),
    };
    let limit = (SIZE + 1).to_string();
    let mut parts = filter.parts();
    parts.extend(edge.map(|edge| (beyond, edge.to_owned())));
    let query = query(visit, &parts, &[("sort", order), ("limit", limit.as_str())])?;
    visit.services().users(query).await
}

fn query(visit: &Visit, parts: &[(&str, String)], more: &[(&str, &str)]) -> Result<Query> {
    let parts = parts.iter().map(|(name, value)| (*name, value.as_str()));
    let texts: Vec<_> = parts.chain(more.iter().copied()).collect();
    find::query(visit, &texts)
}

/// Who is called exactly what was typed comes first, wherever the search would find them.
async fn put_first(visit: &Visit, q: &str, slice: &mut Slice) -> Result<()> {
    let services = visit.services();
    let Some(id) = services.user_called(q.to_owned()).await? else {
        return Ok(());
    };
    if slice.accounts.iter().all(|account| account.user.id != id) {
        slice.accounts.insert(0, services.user(id).await?);
    }
    if slice.accounts.len() > SIZE {
        // The next page begins with the one that has made room.
        slice.accounts.truncate(SIZE);
        (slice.has_after, slice.stopped) = (true, None);
    }
    Ok(())
}

/// How many users there are, in words.
pub(super) async fn count(
    visit: &Visit,
    filter: &Filter<'_>,
    slice: &Slice,
    lead: Lead,
) -> Result<String> {
    let services = visit.services();
    let parts = filter.parts();
    if parts.is_empty() {
        return Ok(grouped(services.user_total().await?));
    }
    if slice.is_all() {
        return Ok(slice.accounts.len().to_string());
    }
    // To count what a text matches, every user would have to be read.
    if !filter.q.is_empty() {
        return Ok(String::new());
    }
    let counted = services
        .count_at_most(query(visit, &parts, &[])?, lead)
        .await?;
    Ok(match counted {
        Counted::All(number) => grouped(number),
        Counted::AtLeast(number) => format!("at least {}", grouped(number)),
        Counted::MoreThan(number) => format!("more than {}", grouped(number)),
    })
}
