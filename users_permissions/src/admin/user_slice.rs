//! Which users a page of the list shows: by a filter, from a place on, and how many there are.

use chrono::SecondsFormat;

use super::find;
use super::form;
use super::order::Order;
use super::users::grouped;
use super::visit::Visit;
use crate::error::Result;
use crate::query::{FieldKind, Query, Value};
use crate::services::{Account, Counted, Lead, NEWEST_FIRST, Part, Place};

/// Users of one page that can be chosen, and how many there are without a choice.
pub(super) const SIZES: [usize; 4] = [20, SIZE, 100, MOST];
const SIZE: usize = 50;
/// Users of the largest page.
pub(super) const MOST: usize = 200;

/// What users can be ordered by, each by an index, and what a person calls it.
pub(super) const KEYS: [(&str, &str); 7] = [
    ("id", "Id"),
    ("username", "User"),
    ("email", "E-mail"),
    ("confirmed", "Confirmed"),
    ("blocked", "State"),
    ("provider", "Came from"),
    ("createdAt", "Since"),
];
const NEWEST: Order = Order::down("id");

/// What the list is filtered and ordered by, and how much of it a page shows.
pub(super) struct Filter<'a> {
    pub(super) q: &'a str,
    pub(super) role: Option<i32>,
    pub(super) state: &'a str,
    pub(super) provider: &'a str,
    pub(super) order: Order,
    pub(super) size: usize,
}

impl<'a> Filter<'a> {
    pub(super) fn of(visit: &'a Visit) -> Self {
        let size = visit.query.text("size").parse().ok();
        let size = size.filter(|size| SIZES.contains(size));
        Self {
            q: visit.query.text("q").trim(),
            role: visit.query.number("role"),
            state: visit.query.text("state"),
            provider: visit.query.text("provider"),
            order: Order::of(visit.query.text("sort"), &KEYS, NEWEST),
            size: size.unwrap_or(SIZE),
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

    /// A link to the list with this filter and order, and further values.
    pub(super) fn link(&self, more: &[(&str, &str)]) -> String {
        self.link_by(&self.order, more)
    }

    /// As [`link`](Self::link), in another order.
    pub(super) fn link_by(&self, order: &Order, more: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let role = self.role.map(|role| role.to_string()).unwrap_or_default();
        let sort = if *order == NEWEST {
            String::new()
        } else {
            order.name()
        };
        let size = if self.size == SIZE {
            String::new()
        } else {
            self.size.to_string()
        };
        let own = [
            ("q", self.q),
            ("role", &role),
            ("state", self.state),
            ("provider", self.provider),
            ("sort", &sort),
            ("size", &size),
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

/// A place as links name it: an id, and behind it the value that is ordered by, if that is another one.
fn written(place: &Place) -> String {
    let id = place.id.unwrap_or(0);
    match &place.value {
        None => id.to_string(),
        Some(Value::Time(time)) => {
            let time = time.to_rfc3339_opts(SecondsFormat::Micros, true);
            format!("{id}:{time}")
        }
        Some(Value::Boolean(value)) => format!("{id}:{value}"),
        Some(Value::Integer(value)) => format!("{id}:{value}"),
        Some(Value::Text(value)) => format!("{id}:{value}"),
    }
}

/// The inverse of [`written`]; nothing for what is no place in this order.
fn read(text: &str, order: Order) -> Option<Place> {
    let kind = match order.key {
        "id" => {
            let id = Some(form::id(text)?);
            return Some(Place { value: None, id });
        }
        "confirmed" | "blocked" => FieldKind::Boolean,
        "createdAt" => FieldKind::Time,
        _ => FieldKind::Text,
    };
    let (id, value) = text.split_once(':')?;
    let id = match id {
        "0" => None,
        id => Some(form::id(id)?),
    };
    let value = Some(Value::parse(kind, value, "sort").ok()?);
    Some(Place { value, id })
}

/// A page of users, and whether there are others on either side of it.
pub(super) struct Slice {
    pub(super) accounts: Vec<Account>,
    pub(super) has_before: bool,
    pub(super) has_after: bool,
    /// Where it begins and ends, and where the search stopped because it took too long, as links name places.
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    pub(super) stopped: Option<String>,
}

impl Slice {
    /// Does it show all that there is?
    fn is_all(&self) -> bool {
        !self.has_before && !self.has_after && self.stopped.is_none()
    }
}

/// Where a link to a page of the list says that it begins.
fn edge(visit: &Visit, filter: &Filter<'_>) -> Option<Place> {
    let name = if is_back(visit) { "before" } else { "after" };
    read(visit.query.text(name), filter.order)
}

/// Is the page before a place asked for, and not the one after it?
pub(super) fn is_back(visit: &Visit) -> bool {
    visit.query.text("after").is_empty() && !visit.query.text("before").is_empty()
}

/// What leads to users in the order of ids: to one condition, an index.
fn lead(filter: &Filter<'_>) -> Lead {
    let parts = filter.parts();
    match (parts.len(), filter.role) {
        (0, _) => Lead::Index,
        (1, Some(role)) => Lead::Role(role),
        (1, None) if filter.q.is_empty() => Lead::Index,
        _ => Lead::Nothing,
    }
}

pub(super) async fn slice(visit: &Visit, filter: &Filter<'_>) -> Result<Slice> {
    // In other orders users are walked over, by the index of that order.
    let lead = match filter.order.key {
        "id" => lead(filter),
        _ => Lead::Nothing,
    };
    let (edge, is_back) = (edge(visit, filter), is_back(visit));
    let is_first = edge.is_none();
    let query = query(visit, &filter.parts(), &[("sort", &filter.order.name())])?;
    let by = query.sort.first().copied().unwrap_or(NEWEST_FIRST);
    let (mut accounts, stopped) = match lead {
        Lead::Index => (indexed(visit, filter, edge).await?, None),
        Lead::Role(_) | Lead::Nothing => {
            let part = Part {
                by,
                is_back,
                from: edge,
                limit: filter.size + 1,
            };
            visit.services().walk_users(query, lead, part).await?
        }
    };
    let has_more = accounts.len() > filter.size;
    accounts.truncate(filter.size);
    if is_back {
        accounts.reverse();
    }
    let (has_before, has_after) = match is_back {
        true => (has_more, true),
        false => (!is_first, has_more),
    };
    let mut slice = Slice {
        accounts,
        has_before,
        has_after,
        first: None,
        last: None,
        stopped: stopped.as_ref().map(written),
    };
    let is_search = !filter.q.is_empty() && filter.parts().len() == 1;
    if is_search && is_first && !slice.is_all() {
        put_first(visit, filter, &mut slice).await?;
    }
    let place = |found: &Account| written(&Place::of(&found.user, by));
    slice.first = slice.accounts.first().map(place);
    slice.last = slice.accounts.last().map(place);
    Ok(slice)
}

/// The next users in the order of ids.
async fn indexed(visit: &Visit, filter: &Filter<'_>, edge: Option<Place>) -> Result<Vec<Account>> {
    let (beyond, order) = match filter.order.descends == is_back(visit) {
        true => ("filters[id][$gt]", "id:asc"),
        false => ("filters[id][$lt]", "id:desc"),
    };
    let limit = (filter.size + 1).to_string();
    let mut parts = filter.parts();
    let edge = edge.and_then(|place| place.id);
    parts.extend(edge.map(|edge| (beyond, edge.to_string())));
    let query = query(visit, &parts, &[("sort", order), ("limit", limit.as_str())])?;
    visit.services().users(query).await
}

fn query(visit: &Visit, parts: &[(&str, String)], more: &[(&str, &str)]) -> Result<Query> {
    let parts = parts.iter().map(|(name, value)| (*name, value.as_str()));
    let texts: Vec<_> = parts.chain(more.iter().copied()).collect();
    find::query(visit, &texts)
}

/// Who is called exactly what was typed comes first, wherever the search would find them.
async fn put_first(visit: &Visit, filter: &Filter<'_>, slice: &mut Slice) -> Result<()> {
    let services = visit.services();
    let Some(id) = services.user_called(filter.q.to_owned()).await? else {
        return Ok(());
    };
    if slice.accounts.iter().all(|account| account.user.id != id) {
        slice.accounts.insert(0, services.user(id).await?);
    }
    if slice.accounts.len() > filter.size {
        // The next page begins with the one that has made room.
        slice.accounts.truncate(filter.size);
        (slice.has_after, slice.stopped) = (true, None);
    }
    Ok(())
}

/// How many users there are, in words.
pub(super) async fn count(visit: &Visit, filter: &Filter<'_>, slice: &Slice) -> Result<String> {
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
        .count_at_most(query(visit, &parts, &[])?, lead(filter))
        .await?;
    Ok(match counted {
        Counted::All(number) => grouped(number),
        Counted::AtLeast(number) => format!("at least {}", grouped(number)),
        Counted::MoreThan(number) => format!("more than {}", grouped(number)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_the_way_through_a_link() {
        let time = chrono::DateTime::from_timestamp_micros(1_700_000_000_000_001);
        for (key, value) in [
            ("email", Value::Text("a:b@example.com".to_owned())),
            ("provider", Value::Text("local".to_owned())),
            ("blocked", Value::Boolean(false)),
            ("createdAt", Value::Time(time.unwrap())),
        ] {
            for id in [None, Some(7)] {
                let value = Some(value.clone());
                let place = Place { value, id };
                assert_eq!(read(&written(&place), Order::up(key)), Some(place));
            }
        }
        let (value, id) = (None, Some(7));
        assert_eq!(read("7", NEWEST), Some(Place { value, id }));
        for (odd, key) in [
            ("0", "id"),
            ("x", "id"),
            ("7", "email"),
            ("7:maybe", "blocked"),
            ("-1:a", "email"),
            (":", "createdAt"),
        ] {
            assert_eq!(read(odd, Order::up(key)), None, "{odd} {key}");
        }
    }
}
