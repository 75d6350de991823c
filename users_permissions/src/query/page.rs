//! `sort=…` and which part of the list is asked for.

use serde_json::Value as Node;

use super::invalid_key;
use super::params::{Params, items};
use super::schema::{FieldRef, Found, Schema};
use crate::error::Error;

const PARAM: &str = "sort";
const MAX_KEYS: usize = 10;
/// Beyond, an offset is nonsense.
const MAX_OFFSET: i64 = 1_000_000_000;

/// A direction.
///
/// ```
/// use users_permissions::query::{FieldKind, Order, Query, Schema};
///
/// let schema = Schema::new().field("title", FieldKind::Text);
/// assert_eq!(Query::parse("sort=title", &schema)?.sort[0].order, Order::Ascending);
/// assert_eq!(Query::parse("sort=title:desc", &schema)?.sort[0].order, Order::Descending);
/// # Ok::<(), users_permissions::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// One key of the order.
///
/// ```
/// use users_permissions::query::{FieldKind, FieldRef, Order, Query, Schema, Sort};
///
/// let schema = Schema::new().field("id", FieldKind::Integer).field("title", FieldKind::Text);
/// let query = Query::parse("sort=title,id:desc", &schema)?;
/// let by_id = Sort { field: FieldRef::Own(0), order: Order::Descending };
/// assert_eq!(query.sort.last(), Some(&by_id));
/// # Ok::<(), users_permissions::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The field.
    pub field: FieldRef,
    /// Its direction.
    pub order: Order,
}

/// How the part of the list was asked for, which decides what the answer tells of it.
///
/// ```
/// use serde_json::{Value, json};
/// use users_permissions::query::{Page, PageKind};
///
/// /// What an answer tells of its page.
/// fn meta(page: &Page) -> Value {
///     match page.kind {
///         PageKind::Everything => json!({}),
///         PageKind::Numbered => json!({ "page": page.number(), "pageSize": page.limit }),
///         PageKind::Offset => json!({ "start": page.start, "limit": page.limit }),
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// Not at all.
    Everything,
    /// By page number and size.
    Numbered,
    /// By start and limit.
    Offset,
}

/// Which part of the list.
///
/// ```
/// use users_permissions::query::{PageKind, Query, Schema};
///
/// let page = Query::parse("pagination[page]=3&pagination[pageSize]=10", &Schema::new())?.page;
/// assert_eq!((page.kind, page.start, page.limit), (PageKind::Numbered, 20, Some(10)));
/// assert!(page.with_count);
/// # Ok::<(), users_permissions::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// How it was asked for.
    pub kind: PageKind,
    /// Rows that are skipped.
    pub start: i64,
    /// Most rows that are answered; `None`: all.
    pub limit: Option<i64>,
    /// `pagination[withCount]`: tell the total, too.
    pub with_count: bool,
}

impl Page {
    /// The page with a size that is always there and never above `most`; a numbered page keeps its
    /// number.
    ///
    /// ```
    /// use users_permissions::query::{Query, Schema};
    ///
    /// let page = |query: &str| Query::parse(query, &Schema::new()).map(|query| query.page.within(25, 100));
    /// assert_eq!(page("")?.limit, Some(25));
    /// assert_eq!(page("limit=1000000")?.limit, Some(100));
    /// # Ok::<(), users_permissions::Error>(())
    /// ```
    #[must_use]
    pub fn within(self, default: i64, most: i64) -> Self {
        let number = self.number();
        let size = self.limit.unwrap_or(default).min(most);
        let start = match self.kind {
            PageKind::Numbered => (number - 1).saturating_mul(size),
            PageKind::Everything | PageKind::Offset => self.start,
        };
        Self {
            start,
            limit: Some(size),
            ..self
        }
    }

    /// Number of the page, from 1, for pages of a size.
    ///
    /// ```
    /// use users_permissions::query::{Query, Schema};
    ///
    /// assert_eq!(Query::parse("start=40&limit=20", &Schema::new())?.page.number(), 3);
    /// # Ok::<(), users_permissions::Error>(())
    /// ```
    pub fn number(&self) -> i64 {
        match self.limit {
            Some(size) if size > 0 => self.start / size + 1,
            _ => 1,
        }
    }
}

pub(super) fn parse(params: &Params) -> Result<Page, Error> {
    let empty = Node::Null;
    let nested = params.get("pagination").unwrap_or(&empty);
    let number = |name: &str, least: i64| -> Result<Option<i64>, Error> {
        match nested.get(name).or_else(|| params.get(name)) {
            None | Some(Node::Null) => Ok(None),
            Some(Node::String(text)) => match text.parse() {
                Ok(number) if (least..=MAX_OFFSET).contains(&number) => Ok(Some(number)),
                _ => Err(Error::validation(format!("Invalid {name} parameter"))),
            },
            Some(_) => Err(Error::validation(format!("Invalid {name} parameter"))),
        }
    };
    let with_count = !matches!(
        nested.get("withCount").and_then(Node::as_str),
        Some("false" | "0" | "f")
    );
    let (page, size) = (number("page", 1)?, number("pageSize", 1)?);
    let (start, limit) = (number("start", 0)?, number("limit", -1)?);
    Ok(match (page, size, start, limit) {
        (None, None, None, None) => Page {
            kind: PageKind::Everything,
            start: 0,
            limit: None,
            with_count,
        },
        (None, None, start, limit) => {
            // Strapi: -1 and 0 are no limit.
            let limit = limit.filter(|limit| *limit > 0);
            Page {
                kind: PageKind::Offset,
                start: start.unwrap_or(0),
                limit,
                with_count,
            }
        }
        (page, size, ..) => {
            let size = size.unwrap_or(25);
            let start = (page.unwrap_or(1) - 1).saturating_mul(size).min(MAX_OFFSET);
            Page {
                kind: PageKind::Numbered,
                start,
                limit: Some(size),
                with_count,
            }
        }
    })
}

/// `username`, `username:desc`, a comma list, `sort[0]=…`, `sort[username]=desc`.
pub(super) fn parse_sort(node: &Node, schema: &Schema) -> Result<Vec<Sort>, Error> {
    let mut keys = Vec::new();
    collect_keys(node, &mut keys)?;
    if keys.len() > MAX_KEYS {
        return Err(Error::validation("The query sorts by too many keys"));
    }
    keys.into_iter()
        .map(|(key, order)| {
            Ok(Sort {
                field: sort_field(&key, schema)?,
                order: direction(order)?,
            })
        })
        .collect()
}

fn collect_keys<'a>(
    node: &'a Node,
    keys: &mut Vec<(String, Option<&'a str>)>,
) -> Result<(), Error> {
    match node {
        Node::Object(map) => {
            for (key, order) in map {
                match order {
                    Node::String(order) => keys.push((key.clone(), Some(order.as_str()))),
                    // `sort[role][name]=asc`
                    Node::Object(inner) => {
                        for (field, order) in inner {
                            keys.push((format!("{key}.{field}"), order.as_str()));
                        }
                    }
                    _ => return Err(invalid_order()),
                }
            }
        }
        // `sort[0]=a&sort[1][b]=desc`
        Node::Array(list) if list.iter().any(Node::is_object) => {
            for item in list {
                collect_keys(item, keys)?;
            }
        }
        list => {
            let list =
                items(list).ok_or_else(|| Error::validation("sort must be a list of keys"))?;
            for item in list.iter().flat_map(|item| item.split(',')) {
                match item.split_once(':') {
                    Some((key, order)) => keys.push((key.to_owned(), Some(order))),
                    None => keys.push((item.to_owned(), None)),
                }
            }
        }
    }
    Ok(())
}

fn sort_field(key: &str, schema: &Schema) -> Result<FieldRef, Error> {
    let (first, second) = match key.split_once('.') {
        Some((relation, field)) => (relation, Some(field)),
        None => (key, None),
    };
    match (schema.find(first), second) {
        (Found::Field(at, _), None) => Ok(FieldRef::Own(at)),
        (Found::Relation(_, _, false), _) | (Found::Private, _) => {
            Err(invalid_key(PARAM, first, Some(first)))
        }
        (Found::Relation(at, related, true), Some(field)) if schema.sortable(at) => {
            match related.find(field) {
                Found::Field(field, _) => Ok(FieldRef::Related(at, field)),
                _ => Err(invalid_key(PARAM, field, Some(key))),
            }
        }
        (Found::Relation(..), _) => Err(invalid_key(PARAM, first, Some(first))),
        _ => Err(invalid_key(PARAM, first, None)),
    }
}

fn direction(order: Option<&str>) -> Result<Order, Error> {
    match order {
        None | Some("asc" | "ASC") => Ok(Order::Ascending),
        Some("desc" | "DESC") => Ok(Order::Descending),
        Some(_) => Err(invalid_order()),
    }
}

fn invalid_order() -> Error {
    Error::validation("Invalid order. order can only be one of asc|desc|ASC|DESC")
}

#[cfg(test)]
mod tests {
    use super::super::Query;
    use super::*;

    fn page(query: &str) -> Page {
        Query::parse(query, &Schema::new()).unwrap().page
    }

    #[test]
    fn both_notations_of_pages_are_understood() {
        let numbered = page("pagination[page]=3&pagination[pageSize]=10");
        assert_eq!(
            (numbered.kind, numbered.start, numbered.limit),
            (PageKind::Numbered, 20, Some(10))
        );
        let offset = page("start=5&limit=2");
        assert_eq!(
            (offset.kind, offset.start, offset.limit),
            (PageKind::Offset, 5, Some(2))
        );
        assert_eq!(page("limit=-1").limit, None);
        assert_eq!(page("").kind, PageKind::Everything);
        assert!(!page("pagination[withCount]=false").with_count);
    }

    #[test]
    fn a_capped_page_keeps_its_number() {
        let capped = page("pagination[page]=3&pagination[pageSize]=1000").within(25, 100);
        assert_eq!(
            (capped.number(), capped.start, capped.limit),
            (3, 200, Some(100))
        );
        assert_eq!(page("").within(25, 100).limit, Some(25));
    }

    #[test]
    fn nonsense_is_refused() {
        for query in [
            "limit=x",
            "start=-1",
            "limit=-2",
            "pagination[page]=0",
            "pagination[pageSize]=0",
            "start=99999999999",
        ] {
            assert!(Query::parse(query, &Schema::new()).is_err(), "{query}");
        }
    }

    #[test]
    fn orders_are_read_in_every_notation() {
        let schema = Schema::new()
            .field("id", super::super::FieldKind::Integer)
            .field("name", super::super::FieldKind::Text);
        let by = |field, order| Sort {
            field: FieldRef::Own(field),
            order,
        };
        for query in [
            "sort=name:desc,id",
            "sort[0]=name:desc&sort[1]=id",
            "sort[0]=name:DESC&sort[1]=id:asc",
        ] {
            let sort = Query::parse(query, &schema).unwrap().sort;
            assert_eq!(
                sort,
                [by(1, Order::Descending), by(0, Order::Ascending)],
                "{query}"
            );
        }
        assert_eq!(
            Query::parse("sort[name]=desc", &schema).unwrap().sort,
            [by(1, Order::Descending)]
        );
        assert!(Query::parse("sort=name:up", &schema).is_err());
        assert!(Query::parse("sort=secret", &schema).is_err());
    }
}
