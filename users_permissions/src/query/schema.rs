//! What a query may reach.

/// Type of a field, and so of the values it is compared with.
///
/// ```
/// use users_permissions::query::{FieldKind, Query, Schema};
///
/// let schema = Schema::new().field("done", FieldKind::Boolean).field("due", FieldKind::Time);
/// assert!(Query::parse("filters[done]=true&filters[due][$lt]=2026-12-01", &schema).is_ok());
/// assert!(Query::parse("filters[done]=maybe", &schema).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// A 32-bit integer.
    Integer,
    /// Text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A time in UTC, written in ISO 8601. One to the millisecond, as answers show it, stands for all of that
    /// millisecond: `$eq` becomes [`Operator::Between`](super::Operator::Between), and `$gt` means behind its end.
    Time,
}

/// A field a query has named: its position in the schema, or in that of a relation.
///
/// ```
/// use users_permissions::query::{FieldKind, FieldRef, Query, Schema};
///
/// let author = Schema::new().field("id", FieldKind::Integer).field("name", FieldKind::Text);
/// let schema = Schema::new().field("title", FieldKind::Text).relation("author", author, true);
/// let sort = Query::parse("sort=author.name,title", &schema)?.sort;
/// assert_eq!((sort[0].field, sort[1].field), (FieldRef::Related(0, 1), FieldRef::Own(0)));
/// # Ok::<(), users_permissions::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldRef {
    /// A field of the schema itself.
    Own(usize),
    /// A field (second) of a relation (first).
    Related(usize, usize),
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    kind: FieldKind,
    searched: bool,
}

#[derive(Debug, Clone)]
struct Relation {
    name: String,
    schema: Schema,
    readable: bool,
    many: bool,
}

/// The fields and relations a query may name.
///
/// ```
/// use users_permissions::query::{FieldKind, Schema};
///
/// let schema = Schema::new().field("id", FieldKind::Integer).field("title", FieldKind::Text).private("secret");
/// # let _ = schema;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Schema {
    fields: Vec<Field>,
    private: Vec<String>,
    relations: Vec<Relation>,
}

/// What a key turned out to be.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Field(usize, FieldKind),
    Relation(usize, &'a Schema, bool),
    Private,
    Unknown,
}

impl Schema {
    /// A schema without fields.
    ///
    /// ```
    /// use users_permissions::query::{Query, Schema};
    ///
    /// assert!(Query::parse("start=20&limit=10", &Schema::new()).is_ok());
    /// assert!(Query::parse("sort=title", &Schema::new()).is_err());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field; positions count from 0.
    ///
    /// ```
    /// use users_permissions::query::{FieldKind, FieldRef, Schema};
    ///
    /// let schema = Schema::new().field("id", FieldKind::Integer).field("title", FieldKind::Text);
    /// assert_eq!(schema.name(FieldRef::Own(1)).as_deref(), Some("title"));
    /// ```
    pub fn field(mut self, name: impl Into<String>, kind: FieldKind) -> Self {
        self.fields.push(Field {
            name: name.into(),
            kind,
            searched: false,
        });
        self
    }

    /// Lets `_q` look into a field of text that was added before.
    ///
    /// ```
    /// use users_permissions::query::{FieldKind, Query, Schema};
    ///
    /// let schema = Schema::new().field("title", FieldKind::Text);
    /// assert!(Query::parse("_q=milk", &schema).is_err());
    /// assert!(Query::parse("_q=milk", &schema.searched("title")).is_ok());
    /// ```
    pub fn searched(mut self, name: &str) -> Self {
        let fields = self.fields.iter_mut();
        for field in fields.filter(|field| field.name == name) {
            field.searched = true;
        }
        self
    }

    /// What `_q` looks into.
    pub(crate) fn searched_fields(&self) -> impl Iterator<Item = FieldRef> + '_ {
        let fields = self.fields.iter().enumerate();
        let searched = fields.filter(|(_, field)| field.searched);
        searched.map(|(at, _)| FieldRef::Own(at))
    }

    /// Adds a field that exists and may not be named; errors tell so, as Strapi's do.
    ///
    /// ```
    /// use users_permissions::query::{Query, Schema};
    ///
    /// let schema = Schema::new().private("price");
    /// assert!(Query::parse("filters[price][$lt]=10", &schema).is_err());
    /// ```
    pub fn private(mut self, name: impl Into<String>) -> Self {
        self.private.push(name.into());
        self
    }

    /// Adds a to-one relation; one that is not readable can be neither filtered nor sorted by.
    ///
    /// ```
    /// use users_permissions::query::{FieldKind, Query, Schema};
    ///
    /// let author = Schema::new().field("id", FieldKind::Integer).field("name", FieldKind::Text);
    /// let schema = |may_read| Schema::new().relation("author", author.clone(), may_read);
    /// assert!(Query::parse("filters[author][name]=ann&sort=author.name", &schema(true)).is_ok());
    /// assert!(Query::parse("filters[author][name]=ann", &schema(false)).is_err());
    /// ```
    pub fn relation(self, name: impl Into<String>, schema: Schema, readable: bool) -> Self {
        self.related(name.into(), schema, readable, false)
    }

    /// Adds a to-many relation: a condition on it asks whether any of the related satisfies it, one of the
    /// negated operators (`$ne`, `$notIn`, …) or below `$not` whether none does. Nothing can be sorted by it.
    ///
    /// ```
    /// use users_permissions::query::{FieldKind, Query, Schema};
    ///
    /// let tag = Schema::new().field("id", FieldKind::Integer).field("name", FieldKind::Text);
    /// let schema = Schema::new().to_many("tags", tag, true);
    /// assert!(Query::parse("filters[tags][name]=rust", &schema).is_ok());
    /// assert!(Query::parse("sort=tags.name", &schema).is_err());
    /// ```
    pub fn to_many(self, name: impl Into<String>, schema: Schema, readable: bool) -> Self {
        self.related(name.into(), schema, readable, true)
    }

    fn related(mut self, name: String, schema: Schema, readable: bool, many: bool) -> Self {
        self.relations.push(Relation {
            name,
            schema,
            readable,
            many,
        });
        self
    }

    /// Can the relation at this position be sorted by?
    pub(super) fn sortable(&self, relation: usize) -> bool {
        self.relations
            .get(relation)
            .is_some_and(|relation| !relation.many)
    }

    /// Name of a field, e.g. `username`, `role.name`; `None` for a position the schema does not have.
    ///
    /// ```
    /// use users_permissions::query::{FieldKind, FieldRef, Schema};
    ///
    /// let author = Schema::new().field("id", FieldKind::Integer).field("name", FieldKind::Text);
    /// let schema = Schema::new().relation("author", author, true);
    /// assert_eq!(schema.name(FieldRef::Related(0, 1)).as_deref(), Some("author.name"));
    /// assert_eq!(schema.name(FieldRef::Own(7)), None);
    /// ```
    pub fn name(&self, field: FieldRef) -> Option<String> {
        match field {
            FieldRef::Own(field) => self.fields.get(field).map(|field| field.name.clone()),
            FieldRef::Related(relation, field) => {
                let relation = self.relations.get(relation)?;
                Some(format!(
                    "{}.{}",
                    relation.name,
                    relation.schema.fields.get(field)?.name
                ))
            }
        }
    }

    pub(super) fn find(&self, key: &str) -> Found<'_> {
        if let Some(at) = self.fields.iter().position(|field| field.name == key) {
            return self
                .fields
                .get(at)
                .map_or(Found::Unknown, |field| Found::Field(at, field.kind));
        }
        if let Some(at) = self
            .relations
            .iter()
            .position(|relation| relation.name == key)
            && let Some(relation) = self.relations.get(at)
        {
            return Found::Relation(at, &relation.schema, relation.readable);
        }
        if self.private.iter().any(|private| private == key) {
            Found::Private
        } else {
            Found::Unknown
        }
    }
}
