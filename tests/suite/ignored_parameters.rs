//! What the query language does not have changes no answer, whatever it says of what nobody may read.

use acceptance::{Client, Kind, Server, on_every_database};
use reqwest::Method;

/// Around a predicate that holds for nobody or for everybody, as other query layers would read it.
const AROUND: [(&str, &str); 18] = [
    ("where", "[id][$lt]"),
    ("where", "[passwordHash][$startsWith]"),
    ("where", "[updatedBy][resetPasswordToken][$startsWith]"),
    ("where", "[$and][0][password][$startsWith]"),
    ("where", "[role][users][passwordHash][$ne]"),
    ("lookup", "[password]"),
    ("lookup", "[passwordHash][$startsWith]"),
    ("lookup", "[id]"),
    ("connection", ""),
    ("select", ""),
    ("with", ""),
    ("_where", "[password_contains]"),
    ("_or", "[0][password]"),
    ("orderBy", ""),
    ("having", "[password]"),
    ("status", ""),
    ("$and", "[0][password][$startsWith]"),
    ("password", ""),
];
const VALUES: [&str; 5] = ["-1", "1", "password", "$2", "x"];

/// The operations that read users, with a query of the language each.
fn reads(id: i64) -> [String; 7] {
    [
        "/api/users?sort=id".to_owned(),
        "/api/users?filters[id][$gt]=0&populate=role&sort=username:desc".to_owned(),
        "/api/users/count?_=".to_owned(),
        "/api/users/count?filters[username][$contains]=a".to_owned(),
        "/api/users/me?populate=role".to_owned(),
        format!("/api/users/{id}?fields[0]=username"),
        "/api/articles?withCount=true&sort=id".to_owned(),
    ]
}

async fn answer(client: &Client, path: &str, more: &[(String, &str)]) -> (u16, String) {
    let request = client.request(Method::GET, path).query(more);
    let answer = client.send(request).await;
    (answer.status.as_u16(), answer.text)
}

/// The administrator and somebody who reads users and no roles, and the id of a user.
async fn people(kind: Kind) -> (Server, [Client; 2], i64) {
    let server = Server::start(kind).await;
    let admin = server.admin().await;
    let actions = ["find", "findOne", "count", "me"]
        .map(|action| format!("plugin::users-permissions.user.{action}"));
    let mut actions: Vec<_> = actions.iter().map(String::as_str).collect();
    actions.push("api::article.article.find");
    let role = admin.create_role("Reader", &actions).await;
    let reader = admin.create_user("reader", role).await;
    let ann = server.register("ann").await;
    (server, [admin, reader.client], ann.id)
}

on_every_database! {
    async fn foreign_parameters_change_no_answer(kind) {
        let (_server, callers, id) = people(kind).await;
        for client in &callers {
            for path in reads(id) {
                let plain = answer(client, &path, &[]).await;
                assert_eq!(plain.0, 200, "{path}: {}", plain.1);
                for (name, keys) in AROUND {
                    for value in VALUES {
                        let more = [(format!("{name}{keys}"), value)];
                        assert_eq!(answer(client, &path, &more).await, plain, "{path} {more:?}");
                    }
                }
                // All at once, too.
                let more = AROUND.map(|(name, keys)| (format!("{name}{keys}"), "$2"));
                let unlike = |(name, _): &(String, &str)| !name.starts_with("where") && !name.starts_with("lookup");
                let more: Vec<_> = more.into_iter().filter(unlike).collect();
                assert_eq!(answer(client, &path, &more).await, plain, "{path}");
            }
        }
    }

    async fn numbers_are_no_parameters(kind) {
        let (_server, callers, id) = people(kind).await;
        for client in &callers {
            for path in reads(id) {
                let plain = answer(client, &path, &[]).await;
                assert_eq!(plain.0, 200, "{path}: {}", plain.1);
                for more in ["1700000000", "7=x", "7[a]=x", "[7]=x", "%5b7%5d=x", "=x", "[]=x"] {
                    assert_eq!(answer(client, &format!("{path}&{more}"), &[]).await, plain, "{path} {more}");
                    let (path, query) = path.split_once('?').unwrap();
                    assert_eq!(answer(client, &format!("{path}?{more}&{query}"), &[]).await, plain, "{path} {more}");
                }
            }
            for path in ["/api/users", "/api/users/count", "/api/users/me", "/api/articles"] {
                let plain = answer(client, path, &[]).await;
                assert_eq!(answer(client, &format!("{path}?1700000000"), &[]).await, plain, "{path}");
            }
        }
    }

    // What lies in a relation is no condition: for nobody, for everybody, for a private field.
    async fn conditions_inside_of_populate_change_no_answer(kind) {
        let (_server, callers, id) = people(kind).await;
        let one = format!("/api/users/{id}?sort=id");
        for client in &callers {
            for path in ["/api/users?sort=id", "/api/users/me?sort=id", &one] {
                let plain = answer(client, path, &[("populate[role]".to_owned(), "true")]).await;
                assert_eq!(plain.0, 200, "{path}: {}", plain.1);
                for inside in [
                    "[filters][id][$lt]",
                    "[filters][name][$eq]",
                    "[filters][users][passwordHash][$startsWith]",
                    "[filters][password][$ne]",
                    "[filters][$not][id][$gt]",
                    "[where][id][$lt]",
                    "[sort]",
                    "[populate][users][filters][passwordHash][$startsWith]",
                    "[pagination][limit]",
                ] {
                    for value in VALUES {
                        let more = [(format!("populate[role]{inside}"), value)];
                        assert_eq!(answer(client, path, &more).await, plain, "{path} {more:?}");
                    }
                }
            }
        }
    }

    // Were it a condition, the count would tell a hash from its beginnings, one letter after the other.
    async fn nothing_tells_how_a_secret_begins(kind) {
        let (server, callers, _) = people(kind).await;
        let hashes = server.database().lines("SELECT password_hash AS line FROM up_users WHERE username = 'ann'");
        let hash = &hashes[0];
        assert!(hash.starts_with("$2"), "{hash}");
        for path in ["/api/users?sort=id", "/api/users/count?_="] {
            for client in &callers {
                let plain = answer(client, path, &[]).await;
                assert_eq!(plain.0, 200);
                for end in 1..=20 {
                    let right = &hash[..end];
                    let wrong = format!("{}~", &hash[..end - 1]);
                    for guess in [right, &wrong] {
                        for name in ["where", "lookup", "populate[role][filters]"] {
                            let more = [(format!("{name}[passwordHash][$startsWith]"), guess)];
                            let told = answer(client, path, &more).await;
                            if name.starts_with("populate") && path.contains("?sort") {
                                assert_eq!(told.0, 200, "{}", told.1);
                            } else {
                                assert_eq!(told, plain, "{path} {more:?}");
                            }
                        }
                        let more = [("filters[passwordHash][$startsWith]".to_owned(), guess)];
                        assert_eq!(answer(client, path, &more).await.0, 400, "{path} {more:?}");
                    }
                }
            }
        }
    }
}
