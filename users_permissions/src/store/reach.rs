//! From the typed tree of a query to diesel expressions with bound parameters.

use diesel::BoxableExpression;
use diesel::expression::expression_types::NotSelectable;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::conn::DbConn;
use crate::query::{Condition, FieldRef, Filter, Operator, Order, Query, Schema, Value};

/// The backend behind [`DbConn`].
///
/// ```
/// use diesel::BoxableExpression;
/// use diesel::prelude::*;
/// use diesel::sql_types::Bool;
/// use users_permissions::query::Backend;
///
/// diesel::table! {
///     notes (id) { id -> Integer, text -> Text }
/// }
///
/// fn is_short() -> Box<dyn BoxableExpression<notes::table, Backend, SqlType = Bool>> {
///     Box::new(notes::text.not_like("____________%"))
/// }
/// ```
pub type Backend = <DbConn as diesel::Connection>::Backend;
/// A condition on a table, for `filter`.
///
/// ```
/// use diesel::prelude::*;
/// use users_permissions::query::BoxedCondition;
///
/// diesel::table! {
///     notes (id) { id -> Integer, text -> Text }
/// }
///
/// fn wanted(only_new: bool) -> BoxedCondition<notes::table> {
///     if only_new { Box::new(notes::id.gt(1_000)) } else { Box::new(notes::text.ne("")) }
/// }
/// ```
pub type BoxedCondition<T> = Box<dyn BoxableExpression<T, Backend, SqlType = Bool>>;
/// A key of an order, for `then_order_by`.
///
/// ```
/// use diesel::prelude::*;
/// use users_permissions::query::BoxedOrder;
///
/// diesel::table! {
///     notes (id) { id -> Integer, text -> Text }
/// }
///
/// fn order(newest_first: bool) -> BoxedOrder<notes::table> {
///     if newest_first { Box::new(notes::id.desc()) } else { Box::new(notes::id.asc()) }
/// }
/// ```
pub type BoxedOrder<T> = Box<dyn BoxableExpression<T, Backend, SqlType = NotSelectable>>;

/// Says which columns of a table queries may reach. [`reachable!`](crate::reachable) writes it for all but
/// columns of other tables:
///
/// ```
/// use diesel::prelude::*;
/// use users_permissions::query::{
///     BoxedCondition, BoxedOrder, Condition, FieldKind, FieldRef, Operator, Order, Reachable, Schema, Value,
/// };
///
/// diesel::table! {
///     notes (id) { id -> Integer, text -> Text }
/// }
///
/// struct NoteFields;
///
/// impl Reachable for NoteFields {
///     type Table = notes::table;
///
///     fn schema() -> Schema {
///         Schema::new().field("id", FieldKind::Integer)
///     }
///
///     fn condition(field: FieldRef, condition: &Condition) -> Option<BoxedCondition<notes::table>> {
///         match (field, condition.operator, condition.values.first()?) {
///             (FieldRef::Own(0), Operator::Equal, Value::Integer(id)) => Some(Box::new(notes::id.eq(*id))),
///             _ => None,
///         }
///     }
///
///     fn order(field: FieldRef, order: Order) -> Option<BoxedOrder<notes::table>> {
///         Some(match (field, order) {
///             (FieldRef::Own(0), Order::Ascending) => Box::new(notes::id.asc()),
///             (FieldRef::Own(0), Order::Descending) => Box::new(notes::id.desc()),
///             _ => return None,
///         })
///     }
/// }
/// ```
pub trait Reachable {
    /// The table.
    type Table: 'static;

    /// Names and types, in the order of the positions below.
    ///
    /// ```
    /// # diesel::table! { notes (id) { id -> Integer, text -> Text } }
    /// # users_permissions::reachable! { struct NoteFields: notes::table { "id" => Integer(notes::id) } }
    /// use users_permissions::query::{Query, Reachable as _};
    ///
    /// let query = Query::parse("filters[id][$gt]=7", &NoteFields::schema())?;
    /// # Ok::<(), users_permissions::Error>(())
    /// ```
    fn schema() -> Schema;

    /// The condition on a field, whatever `negated` says: who asks turns it round. `None` for a position or an
    /// operator that does not fit, which no parsed query holds.
    ///
    /// ```
    /// # diesel::table! { notes (id) { id -> Integer, text -> Text } }
    /// # users_permissions::reachable! { struct NoteFields: notes::table { "id" => Integer(notes::id) } }
    /// use users_permissions::query::{Condition, FieldRef, Operator, Reachable as _, Value};
    ///
    /// let is_seven = Condition { operator: Operator::Equal, values: vec![Value::Integer(7)], negated: false };
    /// assert!(NoteFields::condition(FieldRef::Own(0), &is_seven).is_some());
    /// assert!(NoteFields::condition(FieldRef::Own(1), &is_seven).is_none());
    /// ```
    fn condition(field: FieldRef, condition: &Condition) -> Option<BoxedCondition<Self::Table>>;

    /// The field as a key of an order.
    ///
    /// ```
    /// # diesel::table! { notes (id) { id -> Integer, text -> Text } }
    /// # users_permissions::reachable! { struct NoteFields: notes::table { "id" => Integer(notes::id) } }
    /// use users_permissions::query::{FieldRef, Order, Reachable as _};
    ///
    /// assert!(NoteFields::order(FieldRef::Own(0), Order::Descending).is_some());
    /// ```
    fn order(field: FieldRef, order: Order) -> Option<BoxedOrder<Self::Table>>;

    /// That some searched field contains a text, whatever the case.
    ///
    /// ```
    /// # diesel::table! { notes (id) { id -> Integer, text -> Text } }
    /// # users_permissions::reachable! { struct NoteFields: notes::table { "text" => Text(notes::text) searched } }
    /// use diesel::prelude::*;
    /// use users_permissions::query::Reachable as _;
    ///
    /// let found = notes::table.into_boxed().filter(NoteFields::search("milk"));
    /// ```
    fn search(text: &str) -> BoxedCondition<Self::Table> {
        let contains = Condition {
            operator: Operator::ContainsIgnoringCase,
            values: vec![Value::Text(text.to_owned())],
            negated: false,
        };
        let schema = Self::schema();
        let fields = schema.searched_fields();
        let parts = fields.filter_map(|field| Self::condition(field, &contains));
        parts
            .reduce(|any, part| Box::new(any.or(part)))
            .unwrap_or_else(|| constant(false))
    }
}

impl Query {
    /// The query's filter and search as a condition on a table; `None`: every row.
    ///
    /// ```
    /// # diesel::table! { notes (id) { id -> Integer, text -> Text } }
    /// # users_permissions::reachable! { struct NoteFields: notes::table { "id" => Integer(notes::id) } }
    /// use diesel::prelude::*;
    /// use users_permissions::query::{Query, Reachable as _};
    /// use users_permissions::DbConn;
    ///
    /// fn count(query: &Query, conn: &mut DbConn) -> QueryResult<i64> {
    ///     let mut found = notes::table.count().into_boxed();
    ///     if let Some(condition) = query.condition::<NoteFields>() {
    ///         found = found.filter(condition);
    ///     }
    ///     found.get_result(conn)
    /// }
    /// ```
    pub fn condition<R: Reachable>(&self) -> Option<BoxedCondition<R::Table>> {
        let filter = self.filter.as_ref();
        let filter = filter.map(|filter| compile(filter, &of_column::<R>));
        both(filter, self.search.as_deref().map(R::search))
    }

    /// The query's order, most significant first.
    ///
    /// ```
    /// # diesel::table! { notes (id) { id -> Integer, text -> Text } }
    /// # users_permissions::reachable! { struct NoteFields: notes::table { "id" => Integer(notes::id) } }
    /// use diesel::prelude::*;
    /// use users_permissions::query::{Query, Reachable as _};
    /// use users_permissions::DbConn;
    ///
    /// fn texts(query: &Query, conn: &mut DbConn) -> QueryResult<Vec<String>> {
    ///     let mut found = notes::table.select(notes::text).into_boxed();
    ///     for key in query.order::<NoteFields>() {
    ///         found = found.then_order_by(key);
    ///     }
    ///     found.load(conn)
    /// }
    /// ```
    pub fn order<R: Reachable>(&self) -> Vec<BoxedOrder<R::Table>> {
        self.sort
            .iter()
            .filter_map(|sort| R::order(sort.field, sort.order))
            .collect()
    }
}

/// What has to hold where each of the two may be missing.
pub(crate) fn both<T: 'static>(
    one: Option<BoxedCondition<T>>,
    other: Option<BoxedCondition<T>>,
) -> Option<BoxedCondition<T>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Box::new(one.and(other))),
        (one, other) => one.or(other),
    }
}

/// A condition on a column, turned round where its opposite is asked for.
pub(crate) fn of_column<R: Reachable>(
    field: FieldRef,
    condition: &Condition,
) -> Option<BoxedCondition<R::Table>> {
    let positive = R::condition(field, condition)?;
    if condition.negated {
        return Some(Box::new(diesel::dsl::not(positive)));
    }
    Some(positive)
}

/// Compiles a tree, given how a single field is compared. Negations are carried down to the fields, so wherever a
/// `$not` stands, who compares a field decides what its opposite is: of no value, neither holds.
pub(crate) fn compile<T: 'static>(
    filter: &Filter,
    field: &dyn Fn(FieldRef, &Condition) -> Option<BoxedCondition<T>>,
) -> BoxedCondition<T> {
    compile_as(false, filter, field)
}

fn compile_as<T: 'static>(
    negated: bool,
    filter: &Filter,
    field: &dyn Fn(FieldRef, &Condition) -> Option<BoxedCondition<T>>,
) -> BoxedCondition<T> {
    match (filter, negated) {
        (Filter::And(parts), false) | (Filter::Or(parts), true) => {
            let parts = parts.iter().map(|part| compile_as(negated, part, field));
            parts
                .reduce(|all, part| Box::new(all.and(part)))
                .unwrap_or_else(|| constant(true))
        }
        (Filter::Or(parts), false) | (Filter::And(parts), true) => {
            let parts = parts.iter().map(|part| compile_as(negated, part, field));
            parts
                .reduce(|any, part| Box::new(any.or(part)))
                .unwrap_or_else(|| constant(false))
        }
        (Filter::Not(part), _) => compile_as(!negated, part, field),
        (Filter::Field(at, condition), _) => {
            let condition = Condition {
                negated: condition.negated != negated,
                ..condition.clone()
            };
            // A field that cannot be compared matches nothing rather than everything.
            field(*at, &condition).unwrap_or_else(|| constant(false))
        }
    }
}

pub(crate) fn constant<T: 'static>(value: bool) -> BoxedCondition<T> {
    Box::new(diesel::dsl::sql::<Bool>(if value {
        "(1 = 1)"
    } else {
        "(1 = 0)"
    }))
}

diesel::define_sql_function! {
    /// Lower case, as the database has it.
    ///
    /// ```
    /// use diesel::prelude::*;
    /// use users_permissions::query::{BoxedCondition, lower};
    ///
    /// diesel::table! {
    ///     tags (id) { id -> Integer, name -> Text }
    /// }
    ///
    /// fn is_rust() -> BoxedCondition<tags::table> {
    ///     Box::new(lower(tags::name).eq("rust"))
    /// }
    /// ```
    fn lower(text: Text) -> Text;
}

#[cfg(feature = "sqlite")]
diesel::define_sql_function! {
    /// [`lower`] as SQLite is to have it: a column may hold nothing, whatever type a query takes it for.
    #[sql_name = "lower"]
    #[allow(dead_code)]
    fn lower_or_null(text: diesel::sql_types::Nullable<Text>) -> diesel::sql_types::Nullable<Text>;
}

/// Escapes what `LIKE` would take for a wildcard; `!` means the same everywhere, a backslash does not.
///
/// ```
/// use diesel::prelude::*;
/// use users_permissions::query::{BoxedCondition, like_text};
///
/// diesel::table! {
///     notes (id) { id -> Integer, text -> Text }
/// }
///
/// fn contains(text: &str) -> BoxedCondition<notes::table> {
///     Box::new(notes::text.like(format!("%{}%", like_text(text))).escape('!'))
/// }
/// assert_eq!(like_text("100%"), "100!%");
/// ```
pub fn like_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(c);
    }
    escaped
}

/// Names the columns of a table that queries may reach. `_q` looks into those that are `searched`, and is
/// 400 where none is.
///
/// With MySQL and MariaDB a column of text needs a collation that tells letters apart, such as `utf8mb4_bin`: those
/// that columns have by themselves take `a`, `A` and `á` for one, and `$eq` and `$contains` follow them.
///
/// ```
/// use users_permissions::query::Query;
/// use users_permissions::reachable;
///
/// diesel::table! {
///     notes (id) { id -> Integer, title -> Text, done -> Bool, created_at -> Timestamp }
/// }
///
/// reachable! {
///     /// What a list of notes may be asked for.
///     pub struct NoteFields: notes::table {
///         "id" => Integer(notes::id),
///         "title" => Text(notes::title) searched,
///         "done" => Boolean(notes::done),
///         "createdAt" => Time(notes::created_at),
///     }
/// }
///
/// use users_permissions::query::Reachable as _;
/// let query = Query::parse("filters[done]=false&_q=milk&sort=id:desc", &NoteFields::schema())?;
/// let condition = query.condition::<NoteFields>();
/// assert!(condition.is_some());
/// # Ok::<(), users_permissions::Error>(())
/// ```
#[macro_export]
macro_rules! reachable {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident: $table:ty { $($field:literal => $kind:ident($column:expr) $($searched:ident)?),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        $visibility struct $name;

        impl $crate::query::Reachable for $name {
            type Table = $table;

            fn schema() -> $crate::query::Schema {
                let schema = $crate::query::Schema::new();
                $(
                    let schema = schema.field($field, $crate::query::FieldKind::$kind);
                    $(let schema = $crate::__searched!($searched, $kind, schema, $field);)?
                )+
                schema
            }

            fn condition(
                field: $crate::query::FieldRef,
                condition: &$crate::query::Condition,
            ) -> Option<$crate::query::BoxedCondition<$table>> {
                let $crate::query::FieldRef::Own(wanted) = field else { return None };
                let mut at = 0usize;
                $(
                    if wanted == at {
                        return $crate::__compare!($kind, $column, condition);
                    }
                    at += 1;
                )+
                let _ = at;
                None
            }

            fn order(
                field: $crate::query::FieldRef,
                order: $crate::query::Order,
            ) -> Option<$crate::query::BoxedOrder<$table>> {
                use $crate::__private::diesel::ExpressionMethods as _;
                let $crate::query::FieldRef::Own(wanted) = field else { return None };
                let mut at = 0usize;
                $(
                    if wanted == at {
                        return Some(match order {
                            $crate::query::Order::Ascending => Box::new($column.asc()),
                            $crate::query::Order::Descending => Box::new($column.desc()),
                        });
                    }
                    at += 1;
                )+
                let _ = at;
                None
            }
        }
    };
}

/// Marks a field of text as searched.
#[doc(hidden)]
#[macro_export]
macro_rules! __searched {
    (searched, Text, $schema:ident, $field:literal) => {
        $schema.searched($field)
    };
}

/// A condition as an expression on one column, by the column's kind.
#[doc(hidden)]
#[macro_export]
macro_rules! __compare {
    (Integer, $column:expr, $condition:expr) => {
        $crate::__compare!(@ordered Integer, $column, $condition, |value| value)
    };
    (Boolean, $column:expr, $condition:expr) => {
        $crate::__compare!(@ordered Boolean, $column, $condition, |value| value)
    };
    (Time, $column:expr, $condition:expr) => {
        $crate::__compare!(@ordered Time, $column, $condition, |value: $crate::__private::chrono::DateTime<_>| value.naive_utc())
    };
    (Text, $column:expr, $condition:expr) => {{
        use $crate::__private::diesel::{EscapeExpressionMethods as _, TextExpressionMethods as _, ExpressionMethods as _};
        use $crate::query::{Operator, like_text, lower};
        let texts: Vec<String> = $condition.values.iter().filter_map(|value| value.as_text().map(str::to_owned)).collect();
        match ($condition.operator, texts.first()) {
            (Operator::EqualIgnoringCase, Some(text)) => Some(Box::new(lower($column).eq(text.to_lowercase()))),
            (Operator::Contains, Some(text)) => Some(Box::new($column.like(format!("%{}%", like_text(text))).escape('!'))),
            (Operator::StartsWith, Some(text)) => Some(Box::new($column.like(format!("{}%", like_text(text))).escape('!'))),
            (Operator::EndsWith, Some(text)) => Some(Box::new($column.like(format!("%{}", like_text(text))).escape('!'))),
            (Operator::ContainsIgnoringCase, Some(text)) => {
                Some(Box::new(lower($column).like(format!("%{}%", like_text(&text.to_lowercase()))).escape('!')))
            }
            (Operator::StartsWithIgnoringCase, Some(text)) => {
                Some(Box::new(lower($column).like(format!("{}%", like_text(&text.to_lowercase()))).escape('!')))
            }
            (Operator::EndsWithIgnoringCase, Some(text)) => {
                Some(Box::new(lower($column).like(format!("%{}", like_text(&text.to_lowercase()))).escape('!')))
            }
            _ => $crate::__compare!(@ordered Text, $column, $condition, |value| value),
        }
    }};
    (@ordered $kind:ident, $column:expr, $condition:expr, $convert:expr) => {{
        use $crate::__private::diesel::ExpressionMethods as _;
        use $crate::query::{Operator, Value};
        let mut values: Vec<_> = $condition
            .values
            .iter()
            .filter_map(|value| match value {
                Value::$kind(value) => Some(($convert)(value.clone())),
                _ => None,
            })
            .collect();
        let boxed: Option<$crate::query::BoxedCondition<_>> = match ($condition.operator, values.len()) {
            (Operator::In, _) => Some(Box::new($column.eq_any(values))),
            (Operator::Null, _) => Some(Box::new($column.is_null())),
            (Operator::Between, 2) => {
                let (high, low) = (values.pop(), values.pop());
                match (low, high) {
                    (Some(low), Some(high)) => Some(Box::new($column.between(low, high))),
                    _ => None,
                }
            }
            (operator, 1) => match (operator, values.pop()) {
                (Operator::Equal, Some(value)) => Some(Box::new($column.eq(value))),
                (Operator::Less, Some(value)) => Some(Box::new($column.lt(value))),
                (Operator::LessOrEqual, Some(value)) => Some(Box::new($column.le(value))),
                (Operator::Greater, Some(value)) => Some(Box::new($column.gt(value))),
                (Operator::GreaterOrEqual, Some(value)) => Some(Box::new($column.ge(value))),
                _ => None,
            },
            _ => None,
        };
        boxed
    }};
}
