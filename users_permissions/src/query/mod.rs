//! Strapi's query language as a closed, typed tree: `filters`, `sort`, `fields`, `pagination`, `_q`.
//!
//! Parsing resolves every key against a [`Schema`]; what is unknown or private is an error, never
//! ignored. Nothing of the query string survives as a name: fields are numbers, values are typed.
//!
//! ```
//! use users_permissions::query::{FieldKind, Query, Schema};
//!
//! let schema = Schema::new().field("title", FieldKind::Text).private("price");
//! assert!(Query::parse("filters[title][$contains]=milk&sort=title", &schema).is_ok());
//! assert!(Query::parse("filters[price][$lt]=10", &schema).is_err());
//! ```

mod condition;
mod fields;
mod filter;
mod page;
mod params;
mod schema;
mod times;
mod value;

pub use condition::{Condition, Operator};
pub use filter::Filter;
pub use page::{Order, Page, PageKind, Sort};
pub use schema::{FieldKind, FieldRef, Schema};
pub use value::Value;
pub(crate) use value::is_kept;

pub use crate::store::reach::{Backend, BoxedCondition, BoxedOrder, Reachable, like_text, lower};
pub(crate) use params::Params;

use crate::error::{Error, QueryError};

/// A parsed query.
///
/// ```
/// use users_permissions::query::{FieldKind, FieldRef, Query, Schema};
///
/// let schema = Schema::new().field("id", FieldKind::Integer).field("title", FieldKind::Text).searched("title");
/// let query = Query::parse("_q=milk&fields=title&limit=20", &schema)?;
/// assert_eq!(query.search.as_deref(), Some("milk"));
/// assert_eq!(query.fields, Some(vec![FieldRef::Own(1)]));
/// assert_eq!((query.page.start, query.page.limit), (0, Some(20)));
/// assert!(query.filter.is_none() && query.sort.is_empty());
/// # Ok::<(), users_permissions::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Query {
    /// What rows have to satisfy.
    pub filter: Option<Filter>,
    /// Text that one of the schema's searched fields has to contain, whatever the case.
    pub search: Option<String>,
    /// The order, most significant first.
    pub sort: Vec<Sort>,
    /// The chosen fields; `None`: all.
    pub fields: Option<Vec<FieldRef>>,
    /// Which part of the list.
    pub page: Page,
}

impl Query {
    /// Parses a query string (without its `?`) against a schema.
    ///
    /// # Errors
    /// 400 with Strapi's words for unknown, private and malformed keys; limits are 20 levels, 1000
    /// parameters, 100 conditions, 100 values in a list and 100 fields. In a list of times, each is a condition.
    ///
    /// ```
    /// use users_permissions::query::{FieldKind, Query, Schema};
    ///
    /// let schema = Schema::new().field("id", FieldKind::Integer).field("title", FieldKind::Text);
    /// let query = Query::parse("filters[title][$contains]=rust&sort=id:desc&pagination[pageSize]=5", &schema)?;
    /// assert_eq!(query.sort.len(), 1);
    /// assert!(Query::parse("filters[secret]=x", &schema).is_err());
    /// # Ok::<(), users_permissions::Error>(())
    /// ```
    pub fn parse(query: &str, schema: &Schema) -> Result<Self, Error> {
        Self::from_params(&Params::parse(query)?, schema)
    }

    pub(crate) fn from_params(params: &Params, schema: &Schema) -> Result<Self, Error> {
        Ok(Self {
            filter: params
                .get("filters")
                .map(|filters| filter::parse(filters, schema))
                .transpose()?
                .flatten(),
            search: search(params, schema)?,
            sort: params
                .get("sort")
                .map(|sort| page::parse_sort(sort, schema))
                .transpose()?
                .unwrap_or_default(),
            fields: params
                .get("fields")
                .map(|chosen| fields::parse(chosen, schema))
                .transpose()?
                .flatten(),
            page: page::parse(params)?,
        })
    }
}

impl Query {
    /// A list of fields that stands somewhere else, e.g. in `populate`.
    pub(crate) fn parse_fields(
        node: &serde_json::Value,
        schema: &Schema,
    ) -> Result<Option<Vec<FieldRef>>, Error> {
        fields::parse(node, schema)
    }
}

/// The text of `_q`: one nobody looks for would answer every row.
fn search(params: &Params, schema: &Schema) -> Result<Option<String>, Error> {
    let text = params.text("_q")?.filter(|text| !text.is_empty());
    if text.is_some() && schema.searched_fields().next().is_none() {
        return Err(Error::validation("Invalid _q parameter"));
    }
    let text = text.map(|text| Value::parse(FieldKind::Text, text, "_q"));
    Ok(text.transpose()?.and_then(|text| match text {
        Value::Text(text) => Some(text),
        _ => None,
    }))
}

/// `Invalid key …`, with Strapi's details.
fn invalid_key(param: &'static str, key: &str, path: Option<&str>) -> Error {
    Error::Query(QueryError {
        param,
        key: key.to_owned(),
        path: path.map(str::to_owned),
    })
}
