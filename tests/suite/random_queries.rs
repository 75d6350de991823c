//! Queries as a generator of properties draws them: mostly right, now and then with a private or unknown
//! key, over values that users and their secrets are made of, too.

use proptest::prelude::*;

/// What texts are made of, whether anybody may read them or not.
pub const WORDS: [&str; 6] = ["alpha", "beta", "gamma", "delta", "$2b$04$", "1"];

const FIELDS: [&str; 18] = [
    "id",
    "documentId",
    "username",
    "email",
    "provider",
    "confirmed",
    "blocked",
    "createdAt",
    "updatedAt",
    "nickname",
    "points",
    "role",
    "role.id",
    "role.name",
    "role.type",
    "role.description",
    "roles.name",
    "roles",
];
/// What nobody may name, as columns are called and as clients call it.
pub const PRIVATE: [&str; 17] = [
    "password",
    "passwordHash",
    "password_hash",
    "resetPasswordToken",
    "confirmationToken",
    "tokenVersion",
    "token_version",
    "emailKey",
    "email_key",
    "codes",
    "codeHash",
    "code_hash",
    "sessions",
    "tokenHash",
    "token_hash",
    "note",
    "salary",
];
const TEXT_OPERATORS: [&str; 9] = [
    "$eqi",
    "$nei",
    "$contains",
    "$notContains",
    "$containsi",
    "$notContainsi",
    "$startsWith",
    "$startsWithi",
    "$endsWithi",
];
const OPERATORS: [&str; 11] = [
    "$eq", "$ne", "$lt", "$lte", "$gt", "$gte", "$in", "$notIn", "$between", "$null", "$notNull",
];

/// Names and values of a query string, not yet encoded.
pub type Pairs = Vec<(String, String)>;

fn field() -> BoxedStrategy<&'static str> {
    prop_oneof![
        40 => prop::sample::select(&FIELDS[..]),
        1 => prop::sample::select(&PRIVATE[..]),
    ]
    .boxed()
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(&WORDS[..]).prop_map(str::to_owned)
}

/// A value of the kind that the field has, most of the time.
fn value(field: &str) -> BoxedStrategy<String> {
    match field {
        "id" | "points" | "role" | "roles" | "role.id" => {
            (-2..8i32).prop_map(|n| n.to_string()).boxed()
        }
        "confirmed" | "blocked" => any::<bool>().prop_map(|b| b.to_string()).boxed(),
        "createdAt" | "updatedAt" => (2020..2030i32)
            .prop_map(|year| format!("{year}-01-01T00:00:00.000Z"))
            .boxed(),
        _ => word().boxed(),
    }
}

/// A condition tree.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(&'static str, &'static str, Vec<String>),
    Group(&'static str, Vec<Tree>),
    Not(Box<Tree>),
}

impl Tree {
    fn write(&self, path: &str, pairs: &mut Pairs) {
        match self {
            Self::Leaf(field, operator, values) => {
                let path = format!("{path}[{}][{operator}]", field.replace('.', "]["));
                match values.as_slice() {
                    [one] => pairs.push((path, one.clone())),
                    several => {
                        for (at, value) in several.iter().enumerate() {
                            pairs.push((format!("{path}[{at}]"), value.clone()));
                        }
                    }
                }
            }
            Self::Group(operator, parts) => {
                for (at, part) in parts.iter().enumerate() {
                    part.write(&format!("{path}[{operator}][{at}]"), pairs);
                }
            }
            Self::Not(part) => part.write(&format!("{path}[$not]"), pairs),
        }
    }
}

fn is_text(field: &str) -> bool {
    ![
        "id",
        "points",
        "role",
        "roles",
        "role.id",
        "confirmed",
        "blocked",
        "createdAt",
        "updatedAt",
    ]
    .contains(&field)
}

fn leaf() -> impl Strategy<Value = Tree> {
    field().prop_flat_map(|field| {
        let operator = if is_text(field) {
            prop_oneof![
                prop::sample::select(&OPERATORS[..]),
                prop::sample::select(&TEXT_OPERATORS[..]),
            ]
            .boxed()
        } else {
            prop::sample::select(&OPERATORS[..]).boxed()
        };
        operator.prop_flat_map(move |operator| {
            let count = match operator {
                "$between" => 2..=2,
                "$in" | "$notIn" => 1..=3,
                _ => 1..=1,
            };
            let values = match operator {
                "$null" | "$notNull" => Just(vec!["true".to_owned()]).boxed(),
                _ => prop::collection::vec(value(field), count).boxed(),
            };
            values.prop_map(move |values| Tree::Leaf(field, operator, values))
        })
    })
}

fn tree() -> impl Strategy<Value = Tree> {
    leaf().prop_recursive(3, 8, 3, |inner| {
        let operator = prop::sample::select(&["$and", "$or"][..]);
        let group = (operator, prop::collection::vec(inner.clone(), 1..4));
        prop_oneof![
            3 => group.prop_map(|(operator, parts)| Tree::Group(operator, parts)),
            1 => inner.prop_map(|part| Tree::Not(Box::new(part))),
        ]
    })
}

fn filters() -> impl Strategy<Value = Pairs> {
    prop::option::of(tree()).prop_map(|tree| {
        let mut pairs = Pairs::new();
        if let Some(tree) = tree {
            tree.write("filters", &mut pairs);
        }
        pairs
    })
}

fn sort() -> impl Strategy<Value = Pairs> {
    let sortable = field().prop_filter("to-many relations have no order", |field| {
        !field.starts_with("roles") && *field != "role"
    });
    let key = (sortable, prop::sample::select(&["asc", "desc"][..]));
    prop::collection::vec(key, 0..3).prop_map(|keys| {
        let keys = keys.into_iter().enumerate();
        keys.map(|(at, (field, order))| (format!("sort[{at}]"), format!("{field}:{order}")))
            .collect()
    })
}

/// Which fields and relations are to be answered.
pub fn shape() -> impl Strategy<Value = Pairs> {
    let own = field().prop_filter("a field of users", |field| {
        !field.contains('.') && !field.starts_with("role")
    });
    let fields = prop::collection::vec(own, 0..4).prop_map(|fields| {
        let fields = fields.into_iter().enumerate();
        let pair = |(at, field): (usize, &str)| (format!("fields[{at}]"), field.to_owned());
        fields.map(pair).collect::<Pairs>()
    });
    let populate = prop_oneof![
        8 => prop::sample::select(&[
            ("", ""),
            ("populate", "*"),
            ("populate", "role"),
            ("populate[0]", "roles"),
            ("populate", "role,roles"),
            ("populate[role][fields][0]", "name"),
            ("populate[role][populate]", "*"),
            ("populate[roles][populate][users]", "*"),
            ("populate[role][populate][permissions]", "*"),
            ("populate[role][populate][users][populate][role][populate]", "*"),
        ][..])
        .prop_map(|(name, value)| (name.to_owned(), value.to_owned())),
        2 => prop::sample::select(&PRIVATE[..]).prop_map(|name| ("populate".to_owned(), name.to_owned())),
        1 => prop::sample::select(&PRIVATE[..])
            .prop_map(|name| ("populate[role][fields][0]".to_owned(), name.to_owned())),
    ];
    (fields, populate).prop_map(|(mut pairs, populate)| {
        if !populate.0.is_empty() {
            pairs.push(populate);
        }
        pairs
    })
}

fn page() -> impl Strategy<Value = Pairs> {
    let named = |pairs: &[(&str, i32)]| -> Pairs {
        let named =
            |(name, value): &(&str, i32)| (format!("pagination[{name}]"), value.to_string());
        pairs.iter().map(named).collect()
    };
    prop_oneof![
        2 => Just(Pairs::new()),
        1 => (1..4, 1..4).prop_map(move |(page, size)| named(&[("page", page), ("pageSize", size)])),
        1 => (0..4, 1..4).prop_map(move |(start, limit)| named(&[("start", start), ("limit", limit)])),
    ]
}

/// A whole query of the list of users.
pub fn query() -> impl Strategy<Value = Pairs> {
    let search = prop::option::weighted(0.3, word());
    (filters(), sort(), shape(), page(), search).prop_map(|(filters, sort, shape, page, search)| {
        let mut pairs = [filters, sort, shape, page].concat();
        pairs.extend(search.map(|word| ("_q".to_owned(), word)));
        pairs
    })
}
