//! No answer holds what nobody may read: random users in random roles, whatever is populated and chosen, by
//! every operation that tells of users, roles, sessions and mails.

use std::cell::Cell;

use acceptance::{Answer, Client, Kind, Server, TestDatabase, config};
use actix_web::rt::System;
use actix_web::{App, web};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::{Value, json};
use users_permissions::{Email, ProfileField, UsersPermissions};

use crate::random_queries::{PRIVATE, Pairs, shape};
use crate::tokens_of::by_sessions;

/// What a role may hold, of what tells of users and roles.
const ACTIONS: [&str; 8] = [
    "user.find",
    "user.findOne",
    "user.count",
    "user.me",
    "user.update",
    "role.find",
    "role.findOne",
    "permissions.getPermissions",
];

/// A user to be created; roles are positions among those of the case.
#[derive(Debug, Clone)]
struct Person {
    nickname: Option<String>,
    points: Option<i32>,
    note: bool,
    salary: bool,
    confirmed: bool,
    roles: Vec<prop::sample::Index>,
}

#[derive(Debug, Clone)]
struct Graph {
    roles: Vec<Vec<&'static str>>,
    people: Vec<Person>,
    shapes: Vec<Pairs>,
}

fn person() -> impl Strategy<Value = Person> {
    let nickname = prop::option::of(prop::sample::select(&["Zoë", "a\"b", "null"][..]));
    let roles = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let values = (nickname, prop::option::of(any::<i32>()), flags, roles);
    values.prop_map(
        |(nickname, points, (note, salary, confirmed), roles)| Person {
            nickname: nickname.map(str::to_owned),
            points,
            note,
            salary,
            confirmed,
            roles,
        },
    )
}

fn graph() -> impl Strategy<Value = Graph> {
    let actions = prop::sample::subsequence(&ACTIONS[..], 1..=ACTIONS.len());
    let parts = (
        prop::collection::vec(actions, 1..4),
        prop::collection::vec(person(), 1..3),
        prop::collection::vec(shape(), 3),
    );
    parts.prop_map(|(roles, people, shapes)| Graph {
        roles,
        people,
        shapes,
    })
}

/// Every answer of a case, with what was asked.
struct Collector<'a> {
    server: &'a Server,
    admin: &'a Client,
    answers: Vec<(String, Answer)>,
}

impl Collector<'_> {
    async fn call(
        &mut self,
        client: &Client,
        method: Method,
        path: &str,
        query: &Pairs,
        body: Option<&Value>,
    ) -> Value {
        let asked = format!("{method} {path} {query:?}");
        let mut request = client.request(method, path).query(query);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = client.send(request).await;
        let value = answer.json();
        self.answers.push((asked, answer));
        value
    }

    /// What everybody asks for, and what of it is refused, is a matter of roles.
    async fn read(&mut self, client: &Client, id: &Value, role: i64, shape: &Pairs) {
        for path in [
            "/api/users".to_owned(),
            format!("/api/users/{id}"),
            "/api/users/count".to_owned(),
            "/api/users/me".to_owned(),
            "/api/users-permissions/roles".to_owned(),
            format!("/api/users-permissions/roles/{role}"),
            "/api/users-permissions/permissions".to_owned(),
            "/api/users-permissions/outbox".to_owned(),
            "/api/users-permissions/advanced".to_owned(),
            "/api/users-permissions/email-templates".to_owned(),
            "/api/users-permissions/providers".to_owned(),
            "/api/auth/identities".to_owned(),
            "/api/auth/sessions".to_owned(),
        ] {
            self.call(client, Method::GET, &path, shape, None).await;
        }
        let change = json!({ "points": 7 });
        let path = format!("/api/users/{id}");
        self.call(client, Method::PUT, &path, shape, Some(&change))
            .await;
    }

    /// The flows of an account, of which each answers its user.
    async fn live(&mut self, name: &str, password: &str, shape: &Pairs) -> Client {
        let anonymous = self.server.anonymous();
        let address = format!("{name}@example.com");
        let code = self.server.reset_code(&address, 1).await;
        let fresh = format!("{password}-2");
        let reset = json!({ "code": code, "password": password, "passwordConfirmation": password });
        let login = json!({ "identifier": name, "password": password });
        let post = Method::POST;
        for (path, body) in [
            ("/api/auth/reset-password", reset),
            ("/api/auth/local", login.clone()),
            ("/api/auth/forgot-password", json!({ "email": address })),
            (
                "/api/auth/send-email-confirmation",
                json!({ "email": address }),
            ),
        ] {
            self.call(&anonymous, post.clone(), path, shape, Some(&body))
                .await;
        }
        let none = Pairs::new();
        let pair = self
            .call(
                &anonymous,
                post.clone(),
                "/api/auth/local",
                &none,
                Some(&login),
            )
            .await;
        let token = pair["jwt"].as_str();
        let client = anonymous.with_token(token.unwrap_or_else(|| panic!("{pair}")));
        let change = json!({ "currentPassword": password, "password": fresh, "passwordConfirmation": fresh });
        let changed = self
            .call(
                &client,
                post.clone(),
                "/api/auth/change-password",
                &none,
                Some(&change),
            )
            .await;
        let renewal = json!({ "refreshToken": changed["refreshToken"] });
        let renewed = self
            .call(&anonymous, post, "/api/auth/refresh", shape, Some(&renewal))
            .await;
        let token = renewed["jwt"].as_str();
        anonymous.with_token(token.unwrap_or_else(|| panic!("{renewed}")))
    }
}

/// A private profile value no answer holds by chance.
fn salary(number: u32) -> i32 {
    1_987_000_000 + (number % 600_000) as i32
}

async fn world(kind: Kind) -> (Server, Client) {
    let database = TestDatabase::create(kind);
    let mut configured = config(&database);
    by_sessions(&mut configured);
    let up = UsersPermissions::builder()
        .config(configured)
        .email_canonicalizer(|email: &Email| format!("c4nary-{}", email.as_str()))
        .profile_field(ProfileField::text("nickname").on_registration())
        .profile_field(ProfileField::integer("points"))
        .profile_field(ProfileField::text("note").private())
        .profile_field(ProfileField::integer("salary").private());
    let up = up.build().await.expect("the plugin starts");
    let plugin = up.clone();
    let app = move || {
        App::new()
            .wrap(plugin.middleware())
            .service(web::scope("/api").configure(plugin.routes()))
    };
    let server = Server::serve(up, app).await.owning(database);
    let admin = server.admin().await;
    let github = json!({ "enabled": true, "key": "id", "secret": "c4nary-of-github" });
    let change = json!({ "providers": { "github": github } });
    let path = "/api/users-permissions/providers";
    admin.put(path, change).await.expect(200);
    (server, admin)
}

/// Lets the people of a case live; answers everything that was answered.
async fn play(server: &Server, admin: &Client, graph: &Graph, case: u32) -> Vec<(String, Answer)> {
    let mut collector = Collector {
        server,
        admin,
        answers: Vec::new(),
    };
    let mut roles = Vec::new();
    for (number, actions) in graph.roles.iter().enumerate() {
        let actions = actions
            .iter()
            .map(|action| format!("plugin::users-permissions.{action}"));
        // What an account needs to live.
        let own = ["auth.changePassword", "auth.getSessions"];
        let own = own.map(|action| format!("plugin::users-permissions.{action}"));
        let actions: Vec<_> = actions.chain(own).collect();
        let actions: Vec<_> = actions.iter().map(String::as_str).collect();
        roles.push(
            admin
                .create_role(&format!("Role {case} {number}"), &actions)
                .await,
        );
    }
    let none = Pairs::new();
    for (number, person) in graph.people.iter().enumerate() {
        let name = format!("person-{case}-{number}");
        let shape = &graph.shapes[number % graph.shapes.len()];
        let mut body = json!({
            "username": name, "email": format!("{name}@example.com"), "password": "C4nary-first-1",
            "confirmed": person.confirmed, "nickname": person.nickname, "points": person.points,
        });
        if person.note {
            body["note"] = json!(format!("c4nary-note-{case}-{number}"));
        }
        if person.salary {
            body["salary"] = json!(salary(case));
        }
        let chosen: Vec<_> = person
            .roles
            .iter()
            .map(|index| *index.get(&roles))
            .collect();
        if let Some(first) = chosen.first() {
            body["role"] = json!(first);
        }
        let created = collector
            .call(admin, Method::POST, "/api/users", &none, Some(&body))
            .await;
        let id = &created["id"];
        assert!(id.is_i64(), "{created}");
        if chosen.len() > 1 && chosen[0] != chosen[1] {
            let several = json!({ "roles": chosen });
            let path = format!("/api/users/{id}");
            collector
                .call(admin, Method::PUT, &path, shape, Some(&several))
                .await;
        }
        let client = collector.live(&name, "C4nary-second-1", shape).await;
        let role = roles[0];
        let admin = collector.admin;
        let anonymous = server.anonymous();
        for (caller, shape) in [&client, admin, &anonymous].into_iter().zip(&graph.shapes) {
            collector.read(caller, id, role, shape).await;
        }
        let other = json!({ "username": format!("{name}-b"), "email": format!("{name}-b@example.com"), "password": "C4nary-third-1", "nickname": person.nickname });
        collector
            .call(
                &anonymous,
                Method::POST,
                "/api/auth/local/register",
                shape,
                Some(&other),
            )
            .await;
        let path = format!("/api/users/{id}");
        if number > 0 {
            collector
                .call(admin, Method::DELETE, &path, shape, None)
                .await;
        }
    }
    collector.answers
}

/// Everything the database keeps to itself.
fn secrets(server: &Server) -> Vec<String> {
    let columns = [
        ("password_hash", "up_users"),
        ("email_key", "up_users"),
        ("code_hash", "up_user_codes"),
        ("token_hash", "up_sessions"),
        ("token_hash", "up_used_tokens"),
    ];
    let stored = columns.iter().flat_map(|(column, table)| {
        let sql = format!("SELECT {column} AS line FROM {table} WHERE {column} IS NOT NULL");
        server.database().lines(&sql)
    });
    stored.collect()
}

fn keys<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                found.push(key);
                keys(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

fn nothing_private_is_answered(kind: Kind, cases: u32) {
    if !kind.is_available() {
        return;
    }
    let system = System::new();
    let (server, admin) = system.block_on(world(kind));
    let (case, good, all) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config {
        cases,
        max_shrink_iters: 30,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&graph(), |graph| {
        case.set(case.get() + 1);
        let answers = system.block_on(play(&server, &admin, &graph, case.get()));
        let mut secrets = secrets(&server);
        // Of every kind there was something to be told.
        prop_assert!(secrets.len() > 4, "{:?}", secrets);
        secrets.extend(["4nary", "$2a$", "$2b$", "$2y$"].map(str::to_owned));
        secrets.push(salary(case.get()).to_string());
        for (asked, answer) in &answers {
            let text = &answer.text;
            prop_assert!(answer.status.as_u16() < 500, "{}: {}", asked, text);
            let secret = secrets.iter().find(|secret| text.contains(secret.as_str()));
            prop_assert!(secret.is_none(), "{}: {:?} in {}", asked, secret, text);
            let (body, mut names) = (answer.json(), Vec::new());
            keys(&body, &mut names);
            let private = names.iter().find(|name| PRIVATE.contains(name));
            prop_assert!(private.is_none(), "{}: {:?} in {}", asked, private, text);
            all.set(all.get() + 1);
            good.set(good.get() + u32::from(answer.status.is_success()));
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    // Or there was little to look at.
    assert!(
        good.get() * 3 > all.get(),
        "{} of {}",
        good.get(),
        all.get()
    );
}

#[test]
fn nothing_private_is_answered_over_sqlite() {
    nothing_private_is_answered(Kind::Sqlite, 10);
}

#[test]
fn nothing_private_is_answered_over_postgres() {
    nothing_private_is_answered(Kind::Postgres, 4);
}

#[test]
fn nothing_private_is_answered_over_mariadb() {
    nothing_private_is_answered(Kind::Mysql, 4);
}
