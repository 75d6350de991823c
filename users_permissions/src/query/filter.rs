//! `filters[…]`.

use serde_json::Value as Node;

use super::condition::{Condition, Operator};
use super::schema::{FieldKind, FieldRef, Found, Schema};
use super::{invalid_key, times};
use crate::error::Error;

const PARAM: &str = "filters";
const MAX_CONDITIONS: usize = 100;

/// A condition tree.
///
/// ```
/// use users_permissions::query::{FieldKind, FieldRef, Filter, Query, Schema};
///
/// /// The fields a filter looks at.
/// fn fields(filter: &Filter) -> Vec<FieldRef> {
///     match filter {
///         Filter::And(parts) | Filter::Or(parts) => parts.iter().flat_map(fields).collect(),
///         Filter::Not(part) => fields(part),
///         Filter::Field(field, _) => vec![*field],
///     }
/// }
///
/// let schema = Schema::new().field("id", FieldKind::Integer).field("title", FieldKind::Text);
/// let query = Query::parse("filters[$or][0][id]=7&filters[$or][1][$not][title]=milk", &schema)?;
/// assert_eq!(query.filter.as_ref().map(fields), Some(vec![FieldRef::Own(0), FieldRef::Own(1)]));
/// # Ok::<(), users_permissions::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every part holds; an empty one always.
    And(Vec<Filter>),
    /// Some part holds; an empty one never.
    Or(Vec<Filter>),
    /// The part does not hold.
    Not(Box<Filter>),
    /// A field is compared.
    Field(FieldRef, Condition),
}

/// Parses the tree below `filters`; `None` when it asks for nothing.
pub(super) fn parse(node: &Node, schema: &Schema) -> Result<Option<Filter>, Error> {
    if matches!(node, Node::Null) || node.as_str() == Some("") {
        return Ok(None);
    }
    let mut parser = Parser { conditions: 0 };
    parser
        .group(
            node,
            &Place {
                schema,
                relation: None,
                path: String::new(),
            },
        )
        .map(Some)
}

struct Parser {
    conditions: usize,
}

/// Where in the schema a part of the tree stands.
struct Place<'a> {
    schema: &'a Schema,
    relation: Option<usize>,
    path: String,
}

impl Place<'_> {
    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The id of the relation, which plain values and operators below it are about.
    fn id(&self) -> Result<(FieldRef, FieldKind), Error> {
        let Some(relation) = self.relation else {
            return Err(Error::validation("filters must be a `object` type"));
        };
        match self.schema.find("id") {
            Found::Field(at, kind) => Ok((FieldRef::Related(relation, at), kind)),
            _ => Err(invalid_key(PARAM, &self.path, Some(&self.path))),
        }
    }
}

impl Parser {
    /// An object whose keys are fields, relations, `$and`, `$or`, `$not`, and below a relation operators; all have
    /// to hold. `filters[role]=2` and a list mean the relation's id.
    fn group(&mut self, node: &Node, place: &Place<'_>) -> Result<Filter, Error> {
        let Node::Object(map) = node else {
            let (id, kind) = place.id()?;
            return self.field(id, kind, node, &place.path);
        };
        let mut parts = Vec::with_capacity(map.len());
        for (key, value) in map {
            parts.push(match key.as_str() {
                "$and" => Filter::And(self.list(value, place)?),
                "$or" => Filter::Or(self.list(value, place)?),
                "$not" => Filter::Not(Box::new(self.group(value, place)?)),
                _ => self.key(key, value, place)?,
            });
        }
        Ok(one_or_all(parts))
    }

    fn list(&mut self, node: &Node, place: &Place<'_>) -> Result<Vec<Filter>, Error> {
        match node {
            Node::Array(items) => items.iter().map(|item| self.group(item, place)).collect(),
            Node::Object(_) => Ok(vec![self.group(node, place)?]),
            _ => Err(Error::validation("$and and $or take lists")),
        }
    }

    fn key(&mut self, key: &str, value: &Node, place: &Place<'_>) -> Result<Filter, Error> {
        // `filters[role][$ne]=2`
        if place.relation.is_some() && key.starts_with('$') {
            let unknown = || invalid_key(PARAM, key, Some(&place.path));
            let operator = Operator::parse(key).ok_or_else(unknown)?;
            let (id, kind) = place.id()?;
            return self.condition(id, kind, operator, value, &place.path);
        }
        let path = place.path_of(key);
        match place.schema.find(key) {
            Found::Field(at, kind) => {
                let field = place.relation.map_or(FieldRef::Own(at), |relation| {
                    FieldRef::Related(relation, at)
                });
                self.field(field, kind, value, &path)
            }
            Found::Relation(_, _, false) if place.relation.is_none() => {
                Err(invalid_key(PARAM, key, Some(&path)))
            }
            Found::Relation(at, schema, true) if place.relation.is_none() => self.group(
                value,
                &Place {
                    schema,
                    relation: Some(at),
                    path,
                },
            ),
            // Relations of relations lead nowhere, but a private key below them is named as such.
            Found::Relation(_, schema, _) => match first_private(value, schema) {
                Some(private) => Err(invalid_key(
                    PARAM,
                    private,
                    Some(&format!("{path}.{private}")),
                )),
                None => Err(invalid_key(PARAM, key, Some(&path))),
            },
            Found::Private => Err(invalid_key(PARAM, key, Some(&path))),
            Found::Unknown if place.path.is_empty() => Err(invalid_key(PARAM, key, None)),
            Found::Unknown => Err(invalid_key(PARAM, key, Some(&path))),
        }
    }

    /// The conditions of one field: a value, a list, or an object of operators.
    fn field(
        &mut self,
        field: FieldRef,
        kind: FieldKind,
        node: &Node,
        path: &str,
    ) -> Result<Filter, Error> {
        let Node::Object(map) = node else {
            let operator = if node.is_array() {
                Operator::In
            } else {
                Operator::Equal
            };
            return self.condition(field, kind, (operator, false), node, path);
        };
        let mut parts = Vec::with_capacity(map.len());
        for (key, value) in map {
            parts.push(match key.as_str() {
                "$not" => Filter::Not(Box::new(self.field(field, kind, value, path)?)),
                "$and" | "$or" => {
                    let Node::Array(items) = value else {
                        return Err(Error::validation("$and and $or take lists"));
                    };
                    let items = items
                        .iter()
                        .map(|item| self.field(field, kind, item, path))
                        .collect::<Result<_, _>>()?;
                    if key == "$and" {
                        Filter::And(items)
                    } else {
                        Filter::Or(items)
                    }
                }
                _ => {
                    let operator =
                        Operator::parse(key).ok_or_else(|| invalid_key(PARAM, key, Some(path)))?;
                    self.condition(field, kind, operator, value, path)?
                }
            });
        }
        Ok(one_or_all(parts))
    }

    fn condition(
        &mut self,
        field: FieldRef,
        kind: FieldKind,
        operator: (Operator, bool),
        node: &Node,
        path: &str,
    ) -> Result<Filter, Error> {
        self.count(1)?;
        let condition = Condition::parse(kind, operator, node, path)?;
        if kind != FieldKind::Time {
            return Ok(Filter::Field(field, condition));
        }
        // Of a list of times each becomes a condition.
        if condition.operator == Operator::In {
            self.count(condition.values.len().saturating_sub(1))?;
        }
        Ok(times::as_shown(field, condition))
    }

    fn count(&mut self, conditions: usize) -> Result<(), Error> {
        self.conditions += conditions;
        if self.conditions > MAX_CONDITIONS {
            return Err(Error::validation("The query has too many conditions"));
        }
        Ok(())
    }
}

fn one_or_all(mut parts: Vec<Filter>) -> Filter {
    match (parts.len(), parts.pop()) {
        (1, Some(one)) => one,
        (_, last) => {
            parts.extend(last);
            Filter::And(parts)
        }
    }
}

fn first_private<'a>(node: &'a Node, schema: &Schema) -> Option<&'a str> {
    let map = node.as_object()?;
    map.keys()
        .map(String::as_str)
        .find(|key| matches!(schema.find(key), Found::Private))
}

#[cfg(test)]
mod tests {
    use super::super::{Query, Value};
    use super::*;

    fn schema(readable: bool) -> Schema {
        let users = Schema::new().private("password");
        let role = Schema::new()
            .field("id", FieldKind::Integer)
            .field("type", FieldKind::Text)
            .relation("users", users, true);
        Schema::new()
            .field("id", FieldKind::Integer)
            .field("username", FieldKind::Text)
            .field("blocked", FieldKind::Boolean)
            .private("password")
            .relation("role", role, readable)
    }

    fn filter(query: &str) -> Filter {
        Query::parse(query, &schema(true)).unwrap().filter.unwrap()
    }

    fn message(query: &str) -> String {
        Query::parse(query, &schema(true)).unwrap_err().to_string()
    }

    fn text(operator: Operator, negated: bool, value: &str) -> Filter {
        let values = vec![Value::Text(value.into())];
        Filter::Field(
            FieldRef::Own(1),
            Condition {
                operator,
                values,
                negated,
            },
        )
    }

    #[test]
    fn a_plain_value_means_equal_and_operators_add_up() {
        assert_eq!(
            filter("filters[username]=ann"),
            text(Operator::Equal, false, "ann")
        );
        assert_eq!(
            filter("filters[username][$ne]=ann&filters[username][$containsi]=n"),
            Filter::And(vec![
                text(Operator::ContainsIgnoringCase, false, "n"),
                text(Operator::Equal, true, "ann"),
            ])
        );
    }

    #[test]
    fn groups_nest() {
        let parsed = filter("filters[$or][0][username]=a&filters[$or][1][$not][username]=b");
        let inner = Filter::Not(Box::new(text(Operator::Equal, false, "b")));
        assert_eq!(
            parsed,
            Filter::Or(vec![text(Operator::Equal, false, "a"), inner])
        );
    }

    #[test]
    fn relations_are_reached_by_field_or_by_id() {
        let by_type = filter("filters[role][type]=public");
        assert!(
            matches!(by_type, Filter::Field(FieldRef::Related(0, 1), _)),
            "{by_type:?}"
        );
        let by_id = filter("filters[role]=2");
        assert!(
            matches!(by_id, Filter::Field(FieldRef::Related(0, 0), _)),
            "{by_id:?}"
        );
        assert!(Query::parse("filters[role][type]=x", &schema(false)).is_err());
    }

    #[test]
    fn below_a_relation_values_and_operators_mean_its_id_however_deep() {
        let id = |negated| {
            Filter::Field(
                FieldRef::Related(0, 0),
                Condition {
                    operator: Operator::Equal,
                    values: vec![Value::Integer(2)],
                    negated,
                },
            )
        };
        let not = |part| Filter::Not(Box::new(part));
        for (query, expected) in [
            ("filters[role]=2", id(false)),
            ("filters[role][$ne]=2", id(true)),
            ("filters[role][$not]=2", not(id(false))),
            ("filters[role][$not][$eq]=2", not(id(false))),
            ("filters[role][$not][$not][$ne]=2", not(not(id(true)))),
            ("filters[role][$or][0]=2", Filter::Or(vec![id(false)])),
            (
                "filters[role][$and][0][$eq]=2&filters[role][$and][1][id]=2",
                Filter::And(vec![id(false), id(false)]),
            ),
            (
                "filters[role][$eq]=2&filters[role][id][$ne]=2",
                Filter::And(vec![id(false), id(true)]),
            ),
        ] {
            assert_eq!(filter(query), expected, "{query}");
            assert!(Query::parse(query, &schema(false)).is_err(), "{query}");
        }
        assert_eq!(message("filters[role][$bad]=1"), "Invalid key $bad at role");
        assert_eq!(
            message("filters[role][$not][$bad]=1"),
            "Invalid key $bad at role"
        );
        assert!(message("filters[role][$not][$eq]=x").starts_with("Invalid value"));
        assert!(message("filters[$not]=2").starts_with("filters must be"));
    }

    #[test]
    fn private_and_unknown_keys_are_refused_in_strapis_words() {
        for query in [
            "filters[password][$startsWith]=a",
            "filters[$or][0][password]=a",
            "filters[$not][password]=a",
        ] {
            assert_eq!(message(query), "Invalid key password", "{query}");
        }
        assert_eq!(
            message("filters[role][users][password]=a"),
            "Invalid key password at role.users.password"
        );
        assert_eq!(message("filters[nope]=1"), "Invalid key nope");
        assert_eq!(
            message("filters[username][$bad]=1"),
            "Invalid key $bad at username"
        );
        for query in [
            "filters[t1.password][$startsWith]=$2",
            "filters[role][t1.name]=x",
            "sort=id;--",
            "sort=t0.password",
        ] {
            assert!(message(query).starts_with("Invalid key"), "{query}");
        }
    }

    #[test]
    fn values_are_typed() {
        for query in [
            "filters[id]=x",
            "filters[blocked]=maybe",
            "filters[id][$contains]=1",
            "filters[id][$between]=1",
        ] {
            assert!(message(query).starts_with("Invalid value"), "{query}");
        }
    }

    #[test]
    fn conditions_are_counted() {
        let many: String = (0..101)
            .map(|index| format!("filters[$or][{index}][id]=1&"))
            .collect();
        assert!(Query::parse(&many, &schema(true)).is_err());
    }
}
