//! Comparisons: what a condition says of one field.

use serde_json::Value as Node;

use super::params;
use super::schema::FieldKind;
use super::value::Value;
use crate::error::Error;

const MAX_ITEMS: usize = 100;

/// A comparison of one field.
///
/// ```
/// use users_permissions::query::{Condition, FieldKind, FieldRef, Filter, Operator, Query, Schema, Value};
///
/// let schema = Schema::new().field("views", FieldKind::Integer);
/// let query = Query::parse("filters[views][$ne]=3", &schema)?;
/// let is_three = Condition { operator: Operator::Equal, values: vec![Value::Integer(3)], negated: true };
/// assert_eq!(query.filter, Some(Filter::Field(FieldRef::Own(0), is_three)));
/// # Ok::<(), users_permissions::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// How.
    pub operator: Operator,
    /// With what; one value, two for [`Operator::Between`], any number for [`Operator::In`].
    pub values: Vec<Value>,
    /// The comparison shall not hold (`$ne`, `$notIn`, `$notContains`, `$notNull`, …).
    pub negated: bool,
}

impl Condition {
    /// What a query compares a field of this kind with.
    pub(super) fn parse(
        kind: FieldKind,
        (operator, negated): (Operator, bool),
        node: &Node,
        path: &str,
    ) -> Result<Self, Error> {
        let malformed = || Error::validation(format!("Invalid value for {path}"));
        if operator.is_for_text_only() && kind != FieldKind::Text {
            return Err(malformed());
        }
        if operator == Operator::Null {
            // `$null=false` is `$notNull`.
            let wanted = !matches!(node.as_str(), Some("false" | "0"));
            return Ok(Self {
                operator,
                values: Vec::new(),
                negated: negated == wanted,
            });
        }
        let texts = match (operator, node) {
            (Operator::In | Operator::Between, node) => {
                params::items(node).ok_or_else(malformed)?
            }
            (_, Node::String(text)) => vec![text.as_str()],
            (_, Node::Array(items)) if items.len() == 1 => {
                params::items(node).ok_or_else(malformed)?
            }
            _ => return Err(malformed()),
        };
        if texts.len() > MAX_ITEMS || (operator == Operator::Between && texts.len() != 2) {
            return Err(malformed());
        }
        let values = texts
            .into_iter()
            .map(|text| Value::parse(kind, text, path))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            operator,
            values,
            negated,
        })
    }

    /// Does a value satisfy the condition? `None` is NULL. For what is in memory already.
    pub(crate) fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return self.operator == Operator::Null && !self.negated;
        };
        let first = self.values.first();
        let text = |test: fn(&str, &str) -> bool| match (
            value.as_text(),
            first.and_then(Value::as_text),
        ) {
            (Some(value), Some(wanted)) => test(value, wanted),
            _ => false,
        };
        let folded = |test: fn(&str, &str) -> bool| match (
            value.as_text(),
            first.and_then(Value::as_text),
        ) {
            (Some(value), Some(wanted)) => test(&value.to_lowercase(), &wanted.to_lowercase()),
            _ => false,
        };
        let ordering = first.and_then(|wanted| value.compare(wanted));
        let positive = match self.operator {
            Operator::Equal => first == Some(value),
            Operator::EqualIgnoringCase => folded(|value, wanted| value == wanted),
            Operator::Less => ordering.is_some_and(|ordering| ordering.is_lt()),
            Operator::LessOrEqual => ordering.is_some_and(|ordering| ordering.is_le()),
            Operator::Greater => ordering.is_some_and(|ordering| ordering.is_gt()),
            Operator::GreaterOrEqual => ordering.is_some_and(|ordering| ordering.is_ge()),
            Operator::In => self.values.contains(value),
            Operator::Between => {
                let below = self.values.get(1).and_then(|high| value.compare(high));
                ordering.is_some_and(|ordering| ordering.is_ge())
                    && below.is_some_and(|ordering| ordering.is_le())
            }
            Operator::Null => false,
            Operator::Contains => text(|value, wanted| value.contains(wanted)),
            Operator::ContainsIgnoringCase => folded(|value, wanted| value.contains(wanted)),
            Operator::StartsWith => text(|value, wanted| value.starts_with(wanted)),
            Operator::StartsWithIgnoringCase => folded(|value, wanted| value.starts_with(wanted)),
            Operator::EndsWith => text(|value, wanted| value.ends_with(wanted)),
            Operator::EndsWithIgnoringCase => folded(|value, wanted| value.ends_with(wanted)),
        };
        positive != self.negated
    }
}

/// How a field is compared.
///
/// ```
/// use users_permissions::query::{FieldKind, Filter, Operator, Query, Schema};
///
/// let schema = Schema::new().field("title", FieldKind::Text);
/// let query = Query::parse("filters[title][$startsWithi]=the", &schema)?;
/// let Some(Filter::Field(_, condition)) = query.filter else { panic!() };
/// assert_eq!(condition.operator, Operator::StartsWithIgnoringCase);
/// # Ok::<(), users_permissions::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operator {
    /// `$eq`, `$ne`
    Equal,
    /// `$eqi`, `$nei`: whatever the case.
    EqualIgnoringCase,
    /// `$lt`
    Less,
    /// `$lte`
    LessOrEqual,
    /// `$gt`
    Greater,
    /// `$gte`
    GreaterOrEqual,
    /// `$in`, `$notIn`
    In,
    /// `$between`: both ends included.
    Between,
    /// `$null`, `$notNull`
    Null,
    /// `$contains`, `$notContains`
    Contains,
    /// `$containsi`, `$notContainsi`
    ContainsIgnoringCase,
    /// `$startsWith`
    StartsWith,
    /// `$startsWithi`
    StartsWithIgnoringCase,
    /// `$endsWith`
    EndsWith,
    /// `$endsWithi`
    EndsWithIgnoringCase,
}

impl Operator {
    pub(super) fn parse(key: &str) -> Option<(Self, bool)> {
        Some(match key {
            "$eq" => (Self::Equal, false),
            "$ne" => (Self::Equal, true),
            "$eqi" => (Self::EqualIgnoringCase, false),
            "$nei" => (Self::EqualIgnoringCase, true),
            "$lt" => (Self::Less, false),
            "$lte" => (Self::LessOrEqual, false),
            "$gt" => (Self::Greater, false),
            "$gte" => (Self::GreaterOrEqual, false),
            "$in" => (Self::In, false),
            "$notIn" => (Self::In, true),
            "$between" => (Self::Between, false),
            "$null" => (Self::Null, false),
            "$notNull" => (Self::Null, true),
            "$contains" => (Self::Contains, false),
            "$notContains" => (Self::Contains, true),
            "$containsi" => (Self::ContainsIgnoringCase, false),
            "$notContainsi" => (Self::ContainsIgnoringCase, true),
            "$startsWith" => (Self::StartsWith, false),
            "$startsWithi" => (Self::StartsWithIgnoringCase, false),
            "$endsWith" => (Self::EndsWith, false),
            "$endsWithi" => (Self::EndsWithIgnoringCase, false),
            _ => return None,
        })
    }

    pub(super) fn is_for_text_only(self) -> bool {
        use Operator::*;
        matches!(
            self,
            EqualIgnoringCase
                | Contains
                | ContainsIgnoringCase
                | StartsWith
                | StartsWithIgnoringCase
                | EndsWith
                | EndsWithIgnoringCase
        )
    }
}
