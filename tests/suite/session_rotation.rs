//! A refresh token is good once.

use acceptance::{PASSWORD, Server, TestDatabase, config, on_every_database};
use futures_util::future::join_all;
use serde_json::json;
use users_permissions::Config;

use crate::tokens_of::{Pair, by_sessions, caller, expect_refused, me, refresh, server, sign_in};

/// As if the last renewals were this long ago.
pub fn age(database: &TestDatabase, seconds: i64) {
    let then = chrono::Utc::now() - chrono::TimeDelta::seconds(seconds);
    let time = then.format("%Y-%m-%d %H:%M:%S");
    database.execute(&format!("UPDATE up_used_tokens SET used_at = '{time}'"));
}

on_every_database! {
    async fn a_token_is_exchanged_once_and_the_family_lives_on_for_a_moment(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let first = sign_in(&server, "ann").await;
        let second = Pair::of(&refresh(&server, &first.refresh).await.expect(200));
        assert_ne!(first.refresh, second.refresh);
        for jwt in [&first.jwt, &second.jwt] {
            me(&server, jwt).await.expect(200);
        }
        age(server.database(), 8);
        expect_refused(&refresh(&server, &first.refresh).await);
        let third = Pair::of(&refresh(&server, &second.refresh).await.expect(200));
        me(&server, &third.jwt).await.expect(200);
    }

    async fn a_replay_after_that_moment_ends_the_family(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let other = sign_in(&server, "ann").await;
        let first = sign_in(&server, "ann").await;
        let second = Pair::of(&refresh(&server, &first.refresh).await.expect(200));
        me(&server, &second.jwt).await.expect(200);
        age(server.database(), 11);
        expect_refused(&refresh(&server, &first.refresh).await);
        expect_refused(&refresh(&server, &second.refresh).await);
        for jwt in [&first.jwt, &second.jwt] {
            assert_eq!(me(&server, jwt).await.status, 401);
        }
        // Other sessions have nothing to do with it.
        me(&server, &other.jwt).await.expect(200);
        refresh(&server, &other.refresh).await.expect(200);
    }

    // Tabs that woke together: one got an answer and went on with it before the last had asked.
    async fn every_ancestor_has_a_moment_of_its_own(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let mut family = vec![sign_in(&server, "ann").await];
        for _ in 0..3 {
            let last = &family[family.len() - 1].refresh;
            family.push(Pair::of(&refresh(&server, last).await.expect(200)));
        }
        age(server.database(), 8);
        for used in &family[..3] {
            expect_refused(&refresh(&server, &used.refresh).await);
        }
        let next = Pair::of(&refresh(&server, &family[3].refresh).await.expect(200));
        // What is older than that is not even kept.
        age(server.database(), 11);
        let last = Pair::of(&refresh(&server, &next.refresh).await.expect(200));
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_used_tokens"), 1);
        expect_refused(&refresh(&server, &next.refresh).await);
        me(&server, &last.jwt).await.expect(200);
        expect_refused(&refresh(&server, &family[2].refresh).await);
        expect_refused(&refresh(&server, &last.refresh).await);
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_used_tokens"), 0);
    }

    // As they might be made with a stolen secret, or an older version.
    async fn a_token_counts_for_its_user_and_its_time_alone(kind) {
        let server = server(kind).await;
        let (ann, bob) = (server.register("ann").await.id, server.register("bob").await.id);
        let (first, second) = (sign_in(&server, "ann").await, sign_in(&server, "ann").await);
        let mut claims = crate::forge::payload(&first.refresh);
        assert_eq!(claims["userId"], ann.to_string());
        (claims["userId"], claims["sub"]) = (json!(bob.to_string()), json!(format!("up:{bob}")));
        expect_refused(&refresh(&server, &crate::forge::refresh_token(&claims)).await);
        let renewed = Pair::of(&refresh(&server, &first.refresh).await.expect(200));
        // A logout with one whose time is over ends the session that calls.
        let mut claims = crate::forge::payload(&renewed.refresh);
        claims["exp"] = json!(crate::forge::now() - 60);
        let over = json!({ "refreshToken": crate::forge::refresh_token(&claims) });
        caller(&server, &second.jwt).post("/api/auth/logout", over).await.expect(200);
        assert_eq!(me(&server, &second.jwt).await.status, 401);
        refresh(&server, &renewed.refresh).await.expect(200);
    }

    async fn a_restart_forgets_no_exchange(kind) {
        let database = TestDatabase::create(kind);
        let start = async || {
            let mut config = config(&database);
            by_sessions(&mut config);
            Server::with_config(config).await
        };
        let server = start().await;
        server.register("ann").await;
        let first = sign_in(&server, "ann").await;
        let second = Pair::of(&refresh(&server, &first.refresh).await.expect(200));
        drop(server);
        let server = start().await;
        age(&database, 60);
        expect_refused(&refresh(&server, &first.refresh).await);
        expect_refused(&refresh(&server, &second.refresh).await);
        assert_eq!(me(&server, &second.jwt).await.status, 401);
    }

    async fn fifty_exchanges_at_once_over_two_instances_have_one_child(kind) {
        let database = TestDatabase::create(kind);
        let mut servers = Vec::new();
        for _ in 0..2 {
            let mut config = config(&database);
            by_sessions(&mut config);
            servers.push(Server::with_config(config).await);
        }
        servers[0].register("ann").await;
        let parent = sign_in(&servers[0], "ann").await;
        let answers = join_all((0..50).map(|index| refresh(&servers[index % 2], &parent.refresh))).await;
        let children: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(children.len(), 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            expect_refused(lost);
        }
        refresh(&servers[1], &Pair::of(&children[0].json()).refresh).await.expect(200);
    }

    async fn a_client_that_lost_the_answer_may_be_told_again(kind) {
        let database = TestDatabase::create(kind);
        let mut servers = Vec::new();
        for _ in 0..2 {
            let mut config = config(&database);
            by_sessions(&mut config);
            config.sessions.reuse_answers = true;
            servers.push(Server::with_config(config).await);
        }
        servers[0].register("ann").await;
        let parent = sign_in(&servers[0], "ann").await;
        let answers = join_all((0..50).map(|index| refresh(&servers[index % 2], &parent.refresh))).await;
        let children: std::collections::BTreeSet<_> = answers.iter().map(|answer| Pair::of(&answer.expect(200)).refresh).collect();
        assert_eq!(children.len(), 1, "{children:?}");
        let child = children.into_iter().next().unwrap();
        age(&database, 11);
        expect_refused(&refresh(&servers[0], &parent.refresh).await);
        expect_refused(&refresh(&servers[0], &child).await);
    }

    async fn a_renewal_and_the_end_of_the_session_at_once_leave_no_session(kind) {
        let server = server(kind).await;
        let admin = server.admin().await;
        let ann = server.register("ann").await;
        for round in 0..5 {
            let pair = sign_in(&server, "ann").await;
            let ends = async {
                match round {
                    0 => caller(&server, &pair.jwt).post("/api/auth/logout", json!({})).await,
                    1 => caller(&server, &pair.jwt).post("/api/auth/logout", json!({ "scope": "all" })).await,
                    _ => admin.put(&format!("/api/users/{}", ann.id), json!({ "password": PASSWORD })).await,
                }
            };
            let (ended, renewed) = futures_util::future::join(ends, refresh(&server, &pair.refresh)).await;
            ended.expect(200);
            if renewed.status == 200 {
                let child = Pair::of(&renewed.json());
                assert_eq!(me(&server, &child.jwt).await.status, 401, "round {round}");
                expect_refused(&refresh(&server, &child.refresh).await);
            }
            assert_eq!(me(&server, &pair.jwt).await.status, 401, "round {round}");
        }
    }

    // The proof of the old password is worth nothing once there is a new one.
    async fn a_login_that_races_a_new_password_leaves_no_session_of_the_old_one(kind) {
        let server = server(kind).await;
        let admin = server.admin().await;
        let ann = server.register("ann").await;
        let path = format!("/api/users/{}", ann.id);
        let (mut old, mut new) = (PASSWORD.to_owned(), "Another1!".to_owned());
        for _ in 0..4 {
            let logins = join_all((0..6).map(|_| {
                let body = json!({ "identifier": "ann", "password": old });
                let anonymous = server.anonymous();
                async move { anonymous.post("/api/auth/local", body).await }
            }));
            let change = admin.put(&path, json!({ "password": new }));
            let (logins, changed) = futures_util::future::join(logins, change).await;
            changed.expect(200);
            assert_eq!(server.database().number("SELECT COUNT(*) FROM up_sessions WHERE user_id <> 1"), 0);
            for login in logins.iter().filter(|login| login.status == 200) {
                assert_eq!(me(&server, &Pair::of(&login.json()).jwt).await.status, 401);
            }
            std::mem::swap(&mut old, &mut new);
        }
    }
}

#[actix_web::test]
async fn the_span_is_configured() {
    let none = |config: &mut Config| {
        by_sessions(config);
        config.sessions.reuse_span = std::time::Duration::ZERO;
    };
    let server = Server::start_with(acceptance::Kind::Sqlite, none).await;
    server.register("ann").await;
    let first = sign_in(&server, "ann").await;
    let second = Pair::of(&refresh(&server, &first.refresh).await.expect(200));
    expect_refused(&refresh(&server, &first.refresh).await);
    expect_refused(&refresh(&server, &second.refresh).await);
}
