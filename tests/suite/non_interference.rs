//! What nobody may read changes no answer: whatever is filtered, sorted, searched or chosen, two databases
//! that differ in secrets alone answer alike.

use std::cell::Cell;

use acceptance::{Answer, Client, Kind, Server, TestDatabase, config};
use actix_web::rt::System;
use actix_web::{App, web};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::json;
use users_permissions::{ProfileField, UsersPermissions};

use crate::random_queries::{Pairs, WORDS, query};

const USERS: usize = 5;

/// What nobody may read of one user.
#[derive(Debug, Clone)]
struct Secrets {
    password_hash: Option<String>,
    token_version: u8,
    email_key: Option<String>,
    note: Option<String>,
    salary: Option<i32>,
    code: Option<String>,
    session: Option<String>,
}

fn secrets() -> impl Strategy<Value = Secrets> {
    let word = || {
        let word = prop::sample::select(&WORDS[..]);
        prop::option::of(word.prop_map(str::to_owned))
    };
    let salary = prop::option::of(-2..8i32);
    let values = (word(), any::<u8>(), word(), word(), salary, word(), word());
    values.prop_map(
        |(password_hash, token_version, email_key, note, salary, code, session)| Secrets {
            password_hash,
            token_version,
            email_key,
            note,
            salary,
            code,
            session,
        },
    )
}

impl Secrets {
    /// Makes these the secrets of a user. Tokens of callers have to stay good, so the version of theirs
    /// is left alone.
    fn give(&self, id: i64, is_caller: bool) -> String {
        let text = |text: &Option<String>| match text {
            Some(text) => format!("'{text}'"),
            None => "NULL".to_owned(),
        };
        // Unique among users, as the schema wants it.
        let own = |text: &Option<String>| text.as_ref().map(|text| format!("{text}{id}"));
        let hash = text(&self.password_hash);
        let key = text(&own(&self.email_key));
        let version = match is_caller {
            true => "token_version".to_owned(),
            false => self.token_version.to_string(),
        };
        let mut sql = vec![
            format!(
                "UPDATE up_users SET password_hash = {hash}, token_version = {version}, email_key = {key} WHERE id = {id}"
            ),
            format!("DELETE FROM up_profiles WHERE name IN ('note', 'salary') AND user_id = {id}"),
            format!("DELETE FROM up_user_codes WHERE user_id = {id}"),
            format!("DELETE FROM up_sessions WHERE user_id = {id}"),
        ];
        let note = text(&self.note);
        sql.push(format!(
            "INSERT INTO up_profiles (user_id, name, text_value) VALUES ({id}, 'note', {note})"
        ));
        if let Some(salary) = self.salary {
            sql.push(format!("INSERT INTO up_profiles (user_id, name, integer_value) VALUES ({id}, 'salary', {salary})"));
        }
        if let Some(code) = own(&self.code) {
            sql.push(format!("INSERT INTO up_user_codes (user_id, purpose, code_hash, address, expires_at, created_at) VALUES ({id}, 'reset', '{code}', '{code}', '2099-01-01', '2026-01-01')"));
        }
        if let Some(session) = own(&self.session) {
            sql.push(format!("INSERT INTO up_sessions (session_id, user_id, token_hash, device_name, in_cookie, created_at, last_active_at, expires_at, ends_at) VALUES ('{session}', {id}, '{session}', '{session}', FALSE, '2026-01-01', '2026-01-01', '2099-01-01', '2099-01-01')"));
        }
        sql.join("; ")
    }
}

/// Users whose public side stays as it is.
struct World {
    server: Server,
    users: Vec<i64>,
    /// The administrator, and somebody who may read users and no roles.
    callers: [Client; 2],
    caller_ids: Vec<i64>,
}

impl World {
    async fn create(kind: Kind) -> Self {
        let database = TestDatabase::create(kind);
        let up = UsersPermissions::builder()
            .config(config(&database))
            .profile_field(ProfileField::text("nickname"))
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
        let actions = ["find", "findOne", "count", "me"]
            .map(|action| format!("plugin::users-permissions.user.{action}"));
        let actions: Vec<_> = actions.iter().map(String::as_str).collect();
        let role = admin.create_role("Alpha", &actions).await;
        let reader = admin.create_user("alphareader", role).await;
        let mut users = Vec::new();
        for number in 0..USERS {
            let word = WORDS[number % 4];
            let body = json!({
                "username": format!("{word}{number}"), "email": format!("{word}{number}@example.com"),
                "password": acceptance::PASSWORD, "nickname": WORDS[(number * 3 + 1) % 6], "points": number,
                "confirmed": number % 2 == 0, "blocked": number == 3, "role": role,
            });
            let user = admin.post("/api/users", body).await.expect(201);
            users.push(user["id"].as_i64().expect("an id"));
        }
        let me = admin.get("/api/users/me").await.expect(200);
        let caller_ids = vec![reader.id, me["id"].as_i64().expect("an id")];
        users.extend(&caller_ids);
        Self {
            callers: [admin, reader.client],
            users,
            caller_ids,
            server,
        }
    }

    fn keep(&self, secrets: &[Secrets]) {
        let users = self.users.iter().zip(secrets);
        let sql = users.map(|(id, secrets)| secrets.give(*id, self.caller_ids.contains(id)));
        let sql = sql.collect::<Vec<_>>().join("; ");
        self.server.database().execute(&sql);
    }

    /// Everything a query is answered, by every operation that reads users, to every caller.
    async fn answers(&self, query: &Pairs) -> Vec<(u16, String)> {
        let mut answers = Vec::new();
        for caller in &self.callers {
            let one = format!("/api/users/{}", self.users[0]);
            for path in ["/api/users", "/api/users/count", "/api/users/me", &one] {
                let request = caller.request(Method::GET, path).query(query);
                let Answer { status, text, .. } = caller.send(request).await;
                answers.push((status.as_u16(), text));
            }
        }
        answers
    }
}

fn secrets_change_no_answer(kind: Kind, cases: u32) {
    if !kind.is_available() {
        return;
    }
    let system = System::new();
    let world = system.block_on(World::create(kind));
    let (all, good) = (Cell::new(0), Cell::new(0));
    let database = || prop::collection::vec(secrets(), USERS + 2);
    let queries = prop::collection::vec(query(), 6);
    let mut runner = TestRunner::new(Config {
        cases,
        max_shrink_iters: 100,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(
        &(database(), database(), queries),
        |(one, other, queries)| {
            let mut answers = [Vec::new(), Vec::new()];
            for (secrets, answers) in [one, other].iter().zip(&mut answers) {
                world.keep(secrets);
                for query in &queries {
                    answers.push(system.block_on(world.answers(query)));
                }
            }
            let [first, second] = &answers;
            for ((query, first), second) in queries.iter().zip(first).zip(second) {
                prop_assert_eq!(first, second, "{:?}", query);
                prop_assert!(first.iter().all(|(status, _)| *status < 500), "{:?}", first);
                all.set(all.get() + 1);
                good.set(good.get() + u32::from(first[0].0 == 200));
            }
            Ok(())
        },
    );
    outcome.unwrap_or_else(|error| panic!("{error}"));
    // Or the generator has lost touch with the language.
    assert!(
        good.get() * 2 > all.get(),
        "{} of {}",
        good.get(),
        all.get()
    );
}

#[test]
fn secrets_change_no_answer_over_sqlite() {
    secrets_change_no_answer(Kind::Sqlite, 16);
}

#[test]
fn secrets_change_no_answer_over_postgres() {
    secrets_change_no_answer(Kind::Postgres, 10);
}

#[test]
fn secrets_change_no_answer_over_mariadb() {
    secrets_change_no_answer(Kind::Mysql, 10);
}
