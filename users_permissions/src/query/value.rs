//! Values of conditions, typed by their field.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use super::FieldKind;
use crate::error::Error;

const MAX_TEXT: usize = 1_000;

/// Is the year one of four digits, which every database knows?
pub(crate) fn is_kept(time: &DateTime<Utc>) -> bool {
    (1000..=9999).contains(&time.year())
}

/// A value a field is compared with.
///
/// ```
/// use users_permissions::query::{FieldKind, Filter, Query, Schema, Value};
///
/// let schema = Schema::new().field("views", FieldKind::Integer);
/// let query = Query::parse("filters[views][$between]=3,5", &schema)?;
/// let Some(Filter::Field(_, condition)) = query.filter else { panic!() };
/// assert_eq!(condition.values, [Value::Integer(3), Value::Integer(5)]);
/// # Ok::<(), users_permissions::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// For [`FieldKind::Integer`].
    Integer(i32),
    /// For [`FieldKind::Text`].
    Text(String),
    /// For [`FieldKind::Boolean`].
    Boolean(bool),
    /// For [`FieldKind::Time`].
    Time(DateTime<Utc>),
}

impl Value {
    pub(super) fn parse(kind: FieldKind, text: &str, path: &str) -> Result<Self, Error> {
        let invalid = || Error::validation(format!("Invalid value for {path}"));
        match kind {
            FieldKind::Integer => text.parse().map(Self::Integer).map_err(|_| invalid()),
            FieldKind::Text if text.chars().count() > MAX_TEXT || text.contains('\0') => {
                Err(invalid())
            }
            FieldKind::Text => Ok(Self::Text(text.to_owned())),
            FieldKind::Boolean => match text {
                "true" | "1" | "t" => Ok(Self::Boolean(true)),
                "false" | "0" | "f" => Ok(Self::Boolean(false)),
                _ => Err(invalid()),
            },
            FieldKind::Time => {
                let time = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc));
                let day = || {
                    text.parse::<NaiveDate>()
                        .ok()
                        .and_then(|day| day.and_hms_opt(0, 0, 0))
                        .map(|time| time.and_utc())
                };
                let time = time.ok().or_else(day).filter(is_kept);
                time.map(Self::Time).ok_or_else(invalid)
            }
        }
    }

    /// Compares values of one kind.
    pub(super) fn compare(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => Some(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            (Self::Boolean(one), Self::Boolean(other)) => Some(one.cmp(other)),
            (Self::Time(one), Self::Time(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }

    /// The text of a text value.
    ///
    /// ```
    /// use users_permissions::query::Value;
    ///
    /// assert_eq!(Value::Text("milk".to_owned()).as_text(), Some("milk"));
    /// assert_eq!(Value::Integer(7).as_text(), None);
    /// ```
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}
