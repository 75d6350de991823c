//! Users are found by every operator, on every database alike.

use acceptance::{Client, Server, on_every_database};
use reqwest::Method;
use serde_json::{Value, json};

type Holds = fn(&str, &str) -> bool;

/// Operators of one value, and what they ask of a text.
const OPERATORS: [(&str, Holds); 16] = [
    ("$eq", |text, wanted| text == wanted),
    ("$ne", |text, wanted| text != wanted),
    ("$eqi", |text, wanted| lower(text) == lower(wanted)),
    ("$nei", |text, wanted| lower(text) != lower(wanted)),
    ("$lt", |text, wanted| text < wanted),
    ("$lte", |text, wanted| text <= wanted),
    ("$gt", |text, wanted| text > wanted),
    ("$gte", |text, wanted| text >= wanted),
    ("$contains", |text, wanted| text.contains(wanted)),
    ("$notContains", |text, wanted| !text.contains(wanted)),
    ("$containsi", |text, wanted| {
        lower(text).contains(&lower(wanted))
    }),
    ("$notContainsi", |text, wanted| {
        !lower(text).contains(&lower(wanted))
    }),
    ("$startsWith", |text, wanted| text.starts_with(wanted)),
    ("$startsWithi", |text, wanted| {
        lower(text).starts_with(&lower(wanted))
    }),
    ("$endsWith", |text, wanted| text.ends_with(wanted)),
    ("$endsWithi", |text, wanted| {
        lower(text).ends_with(&lower(wanted))
    }),
];

const NAMES: [(&str, &str); 8] = [
    ("alpha", "alpha@example.com"),
    ("Alphabet", "bet@example.org"),
    ("beta", "al.pha@example.com"),
    ("BETAmax", "max@alpha.org"),
    ("gamma_1", "g_1@example.com"),
    ("gammax1", "gx1@example.com"),
    ("eclair", "eclair@example.org"),
    ("éclair", "e.clair@example.org"),
];

/// Present, absent, in another case, with an accent, and what a pattern would take for more than itself.
const WANTED: [&str; 14] = [
    "alpha", "ALPHA", "Alphabet", "beta", "max", "MAX", "a_1", "_", "%", "!", "éclair", "e", "org",
    "ORG",
];

fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// A user as a test compares it.
struct User {
    id: i64,
    username: String,
    email: String,
}

impl User {
    fn text(&self, field: &str) -> &str {
        match field {
            "username" => &self.username,
            _ => &self.email,
        }
    }
}

async fn everybody(admin: &Client) -> Vec<User> {
    for (username, email) in NAMES {
        let body =
            json!({ "username": username, "email": email, "password": acceptance::PASSWORD });
        admin.post("/api/users", body).await.expect(201);
    }
    let users = admin.get("/api/users?sort=id").await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let users = users.as_array().unwrap().iter().map(|user| User {
        id: user["id"].as_i64().unwrap(),
        username: text(&user["username"]),
        email: text(&user["email"]),
    });
    users.collect()
}

fn ids(list: &Value) -> Vec<i64> {
    let list = list.as_array().unwrap().iter();
    list.map(|user| user["id"].as_i64().unwrap()).collect()
}

/// A filter finds those of all users who satisfy a test, in the list and in the count.
async fn expect(
    admin: &Client,
    filter: &[(&str, &str)],
    all: &[User],
    holds: impl Fn(&User) -> bool,
) {
    let expected: Vec<i64> = all
        .iter()
        .filter(|user| holds(user))
        .map(|user| user.id)
        .collect();
    let list = admin
        .request(Method::GET, "/api/users")
        .query(filter)
        .query(&[("sort", "id")]);
    assert_eq!(
        ids(&admin.send(list).await.expect(200)),
        expected,
        "{filter:?}"
    );
    let count = admin.request(Method::GET, "/api/users/count").query(filter);
    assert_eq!(
        admin.send(count).await.expect(200),
        json!(expected.len()),
        "{filter:?}"
    );
}

on_every_database! {
    async fn each_operator_finds_what_it_says(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let all = everybody(&admin).await;
        for field in ["username", "email"] {
            for wanted in WANTED {
                for (operator, holds) in OPERATORS {
                    let key = format!("filters[{field}][{operator}]");
                    expect(&admin, &[(&key, wanted)], &all, |user| holds(user.text(field), wanted)).await;
                }
            }
            for list in [&["alpha", "ALPHA"][..], &["eclair", "beta", "nobody"], &["max@alpha.org", "alpha@example.com"]] {
                for (operator, among) in [("$in", true), ("$notIn", false)] {
                    let keys: Vec<_> = (0..list.len()).map(|at| format!("filters[{field}][{operator}][{at}]")).collect();
                    let pairs: Vec<_> = keys.iter().map(String::as_str).zip(list.iter().copied()).collect();
                    expect(&admin, &pairs, &all, |user| list.contains(&user.text(field)) == among).await;
                }
            }
            for (low, high) in [("Alphabet", "alpha"), ("b", "f"), ("f", "b")] {
                let keys = [0, 1].map(|at| format!("filters[{field}][$between][{at}]"));
                let pairs = [(keys[0].as_str(), low), (keys[1].as_str(), high)];
                expect(&admin, &pairs, &all, |user| (low..=high).contains(&user.text(field))).await;
            }
            for (operator, holds) in [("$null", false), ("$notNull", true)] {
                let key = format!("filters[{field}][{operator}]");
                expect(&admin, &[(&key, "true")], &all, |_| holds).await;
                expect(&admin, &[(&key, "false")], &all, |_| !holds).await;
            }
        }
    }

    async fn groups_nest_around_fields_and_below_them(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let all = everybody(&admin).await;
        let a = |user: &User| user.username.contains('a');
        let org = |user: &User| user.email.ends_with("org");
        let both = [("[0][username][$contains]", "a"), ("[1][email][$endsWith]", "org")];
        type Test<'a> = &'a dyn Fn(&User) -> bool;
        let around: [(&str, Test<'_>); 7] = [
            ("filters[$and]", &|user| a(user) && org(user)),
            ("filters[$or]", &|user| a(user) || org(user)),
            ("filters[$not][$and]", &|user| !(a(user) && org(user))),
            ("filters[$not][$or]", &|user| !(a(user) || org(user))),
            ("filters[$not][$not][$or]", &|user| a(user) || org(user)),
            ("filters[$or][0][$and]", &|user| a(user) && org(user)),
            ("filters[$and][0][$not][$and]", &|user| !(a(user) && org(user))),
        ];
        for (group, holds) in around {
            let keys = both.map(|(key, value)| (format!("{group}{key}"), value));
            expect(&admin, &keys.each_ref().map(|(key, value)| (key.as_str(), *value)), &all, holds).await;
        }
        let below: [(&[(&str, &str)], Test<'_>); 6] = [
            (&[("filters[username][$not][$contains]", "a")], &|user| !a(user)),
            (&[("filters[username][$not]", "alpha")], &|user| user.username != "alpha"),
            (&[("filters[username][$or][0]", "alpha"), ("filters[username][$or][1][$startsWith]", "B")],
                &|user| user.username == "alpha" || user.username.starts_with('B')),
            (&[("filters[username][$and][0][$contains]", "a"), ("filters[username][$and][1][$notContains]", "l")],
                &|user| a(user) && !user.username.contains('l')),
            (&[("filters[username][$contains]", "a"), ("filters[username][$ne]", "beta"), ("filters[email][$endsWith]", "org")],
                &|user| a(user) && user.username != "beta" && org(user)),
            (&[("filters[username][$not][$or][0][$contains]", "a"), ("filters[username][$not][$or][1][$contains]", "c")],
                &|user| !(a(user) || user.username.contains('c'))),
        ];
        for (pairs, holds) in below {
            expect(&admin, pairs, &all, holds).await;
        }
    }

    // A filter that is not understood as one would be none: everybody.
    async fn brackets_may_be_encoded_in_either_case(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let ann = server.register("ann").await.id;
        for query in [
            "filters[username]=ann", "filters%5Busername%5D=ann", "filters%5busername%5d=ann",
            "filters%5busername%5D%5b%24eq%5d=ann", "filters%5b%24or%5d%5b0%5d%5busername%5d=ann",
        ] {
            assert_eq!(ids(&admin.get(&format!("/api/users?{query}")).await.expect(200)), [ann], "{query}");
            assert_eq!(admin.get(&format!("/api/users/count?{query}")).await.expect(200), json!(1), "{query}");
        }
        admin.get("/api/users?filters%5bpassword%5d=x").await.expect_error(400, "ValidationError", "Invalid key password");
    }

    // Answers tell milliseconds, and databases keep more.
    async fn a_time_as_it_is_shown_finds_its_rows_and_a_walk_ends(kind) {
        let server = Server::start_with(kind, |config| config.initial_grants = true).await;
        let admin = server.admin().await;
        for name in ["ann", "bob", "cid"] {
            let client = server.register(name).await.client;
            client.post("/api/articles", json!({ "data": { "title": name } })).await.expect(201);
        }
        for path in ["/api/users", "/api/articles"] {
            let rows = async |query: &str| -> Vec<(String, i64)> {
                let list = admin.get(&format!("{path}?{query}")).await.expect(200);
                let list = list.get("data").unwrap_or(&list);
                let row = |row: &Value| (row["createdAt"].as_str().unwrap().to_owned(), row["id"].as_i64().unwrap());
                list.as_array().unwrap().iter().map(row).collect()
            };
            let all = rows("sort=id").await;
            assert!(all.len() >= 3, "{path} {all:?}");
            for (shown, _) in &all {
                let operators: [(&str, Holds); 8] = [
                    ("$eq", |time, shown| time == shown), ("$ne", |time, shown| time != shown),
                    ("$in", |time, shown| time == shown), ("$notIn", |time, shown| time != shown),
                    ("$lt", |time, shown| time < shown), ("$lte", |time, shown| time <= shown),
                    ("$gt", |time, shown| time > shown), ("$gte", |time, shown| time >= shown),
                ];
                for (operator, holds) in operators {
                    let expected: Vec<_> = all.iter().filter(|(time, _)| holds(time, shown)).cloned().collect();
                    let query = format!("sort=id&filters[createdAt][{operator}]={shown}");
                    assert_eq!(rows(&query).await, expected, "{path} {query}");
                }
                let equal: Vec<_> = all.iter().filter(|(time, _)| time == shown).cloned().collect();
                let between = format!("sort=id&filters[createdAt][$between]={shown},{shown}");
                assert_eq!(rows(&between).await, equal, "{path} {between}");
            }
            let list = all.iter().map(|(time, _)| time.as_str()).collect::<Vec<_>>().join(",");
            assert_eq!(rows(&format!("sort=id&filters[createdAt][$in]={list}")).await, all);
            assert!(rows(&format!("sort=id&filters[createdAt][$notIn]={list}")).await.is_empty());

            let mut walked = Vec::new();
            let mut next = rows("sort=createdAt&limit=1").await;
            while let Some((shown, _)) = next.pop() {
                assert!(walked.len() < all.len(), "{path} does not end: {walked:?}");
                next = rows(&format!("sort=createdAt&limit=1&filters[createdAt][$gt]={shown}")).await;
                walked.push(shown);
            }
            let mut times: Vec<_> = all.into_iter().map(|(time, _)| time).collect();
            times.sort();
            times.dedup();
            assert_eq!(walked, times, "{path}");
        }
    }

    async fn roles_without_a_description_satisfy_neither_a_comparison_nor_its_opposite(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        for (name, description) in [("One", json!("first")), ("Two", json!("second")), ("Three", json!(null))] {
            let role = json!({ "name": name, "description": description, "permissions": {} });
            admin.post("/api/users-permissions/roles", role).await.expect(200);
            let role = admin.role_id(&name.to_lowercase()).await;
            admin.create_user(&format!("user_{name}"), role).await;
        }
        for (query, expected) in [
            ("filters[role][description]=first", &["user_One"][..]),
            ("filters[role][description][$ne]=first", &["user_Two"]),
            ("filters[role][description][$notContains]=first", &["user_Two"]),
            ("filters[$not][role][description]=first", &["user_Two"]),
            ("filters[$not][$not][role][description]=first", &["user_One"]),
            ("filters[role][description][$null]=true", &["user_Three"]),
            ("filters[role][description][$notNull]=true", &["user_One", "user_Two"]),
        ] {
            let path = format!("/api/users?sort=id&filters[username][$startsWith]=user_&{query}");
            let users = admin.get(&path).await.expect(200);
            let names: Vec<_> = users.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap()).collect();
            assert_eq!(names, expected, "{query}");
        }
    }
}
