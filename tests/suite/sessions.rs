//! Sessions begin, are listed, and end at once.

use acceptance::{Client, Kind, PASSWORD, Server, TestDatabase, config, on_every_database};
use serde_json::{Value, json};

use crate::tokens_of::{
    Pair, by_sessions, caller, expect_refused, me, refresh, server, sign_in, sign_in_with,
};

/// Both tokens of the session are dead.
async fn expect_ended(server: &Server, pair: &Pair) {
    assert_eq!(me(server, &pair.jwt).await.status, 401);
    expect_refused(&refresh(server, &pair.refresh).await);
}

/// Both tokens live; renews the session.
async fn expect_alive(server: &Server, pair: &Pair) -> Pair {
    me(server, &pair.jwt).await.expect(200);
    Pair::of(&refresh(server, &pair.refresh).await.expect(200))
}

async fn listed(client: &Client) -> Vec<Value> {
    let body = client.get("/api/auth/sessions").await.expect(200);
    body["data"].as_array().unwrap().clone()
}

/// Two instances on one database that look for each other's changes this often, in milliseconds.
async fn two_servers(database: &TestDatabase, interval: u64) -> (Server, Server) {
    let quick = || {
        let mut config = config(database);
        by_sessions(&mut config);
        config.sync_interval = std::time::Duration::from_millis(interval);
        config.sessions.max_per_user = 5;
        config
    };
    (
        Server::with_config(quick()).await,
        Server::with_config(quick()).await,
    )
}

on_every_database! {
    async fn every_way_of_signing_in_answers_two_tokens(kind) {
        let server = server(kind).await;
        let body = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
        let answer = server.anonymous().post("/api/auth/local/register", body).await;
        let registered = Pair::of(&answer.expect(200));
        let registered = expect_alive(&server, &registered).await;
        let pair = sign_in(&server, "ann").await;
        let claims = caller(&server, &pair.jwt);
        assert_eq!(listed(&claims).await.len(), 2);
        let body = json!({ "currentPassword": PASSWORD, "password": "Another1!", "passwordConfirmation": "Another1!" });
        let changed = claims.post("/api/auth/change-password", body).await;
        let changed = Pair::of(&changed.expect(200));
        for old in [&registered, &pair] {
            expect_ended(&server, old).await;
        }
        let changed = expect_alive(&server, &changed).await;
        server.anonymous().post("/api/auth/forgot-password", json!({ "email": "ann@example.com" })).await.expect(200);
        let code = server.mail_to("ann@example.com", "Reset password", 1).await.code();
        let body = json!({ "code": code, "password": PASSWORD, "passwordConfirmation": PASSWORD });
        let reset = server.anonymous().post("/api/auth/reset-password", body).await;
        let reset = Pair::of(&reset.expect(200));
        expect_ended(&server, &changed).await;
        expect_alive(&server, &reset).await;
    }

    async fn logging_out_ends_the_session_that_is_meant_and_no_other(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let on = async |device: &str| {
            sign_in_with(&server, json!({ "identifier": "ann", "password": PASSWORD, "deviceId": device })).await
        };
        let (phone, laptop, tablet, desk) = (on("phone").await, on("laptop").await, on("tablet").await, on("desk").await);
        let log_out = async |pair: &Pair, body: Value| {
            let answer = caller(&server, &pair.jwt).post("/api/auth/logout", body).await;
            assert_eq!(answer.expect(200), json!({ "ok": true }));
        };
        // Warm, so that it is not the database that forgets.
        for pair in [&phone, &laptop, &tablet, &desk] {
            me(&server, &pair.jwt).await.expect(200);
        }
        log_out(&laptop, json!({ "deviceId": "phone" })).await;
        expect_ended(&server, &phone).await;
        log_out(&laptop, json!({ "refreshToken": tablet.refresh })).await;
        expect_ended(&server, &tablet).await;
        let laptop = expect_alive(&server, &laptop).await;
        let desk = expect_alive(&server, &desk).await;
        log_out(&laptop, json!({ "refreshToken": 5, "deviceId": 6, "scope": 7 })).await;
        expect_ended(&server, &laptop).await;
        let other = sign_in(&server, "ann").await;
        let desk = expect_alive(&server, &desk).await;
        log_out(&desk, json!({ "scope": "all" })).await;
        for pair in [&desk, &other] {
            expect_ended(&server, pair).await;
        }
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_sessions"), 0);
    }

    async fn sessions_are_listed_and_revoked_by_their_user_only(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let bob = server.register("bob").await.client;
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        let body = json!({ "identifier": "ann", "password": PASSWORD, "deviceId": "dev-a" });
        let answer = crate::tokens_of::post_with(&server, "/api/auth/local", body, &[("user-agent", agent)]).await;
        let first = Pair::of(&answer.expect(200));
        let second = sign_in(&server, "ann").await;
        let second_caller = caller(&server, &second.jwt);
        let list = listed(&second_caller).await;
        assert_eq!(list.len(), 3, "{list:?}");
        assert!(list[0]["current"] == true && list[0]["deviceId"].is_null() && list[0].get("deviceName").is_none());
        assert!(list[1]["current"] == false && list[1]["deviceId"] == "dev-a" && list[1]["deviceName"] == "Firefox on Linux");
        // Registration names a device of its own.
        assert!(list[2]["deviceId"].is_string());
        let id = list[1]["id"].as_str().unwrap();
        let path = format!("/api/auth/sessions/{id}");
        bob.delete(&path).await.expect_error(404, "NotFoundError", "Session not found");
        for unknown in ["nope", &"0".repeat(32), &id.to_uppercase()] {
            let answer = second_caller.delete(&format!("/api/auth/sessions/{unknown}")).await;
            answer.expect_error(404, "NotFoundError", "Session not found");
        }
        // A renewal keeps the entry.
        let before = listed(&caller(&server, &first.jwt)).await[0].clone();
        let first = expect_alive(&server, &first).await;
        let after = listed(&caller(&server, &first.jwt)).await[0].clone();
        assert_eq!((&after["id"], &after["loginAt"]), (&before["id"], &before["loginAt"]));
        assert!(after["lastActiveAt"].as_str() >= before["lastActiveAt"].as_str());
        assert_eq!(second_caller.delete(&path).await.expect(200), json!({ "data": {} }));
        expect_ended(&server, &first).await;
        second_caller.delete(&path).await.expect_error(404, "NotFoundError", "Session not found");
        me(&server, &second.jwt).await.expect(200);
        server.anonymous().get("/api/auth/sessions").await.expect_forbidden();
    }

    async fn somebody_elses_refresh_token_ends_nothing_of_theirs(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let (ann, bob) = (sign_in(&server, "ann").await, server.register("bob").await.client);
        bob.post("/api/auth/logout", json!({ "refreshToken": ann.refresh })).await.expect(200);
        expect_alive(&server, &ann).await;
        // Bob wanted to be signed out.
        assert_eq!(bob.get("/api/users/me").await.status, 401);
    }

    async fn a_new_password_a_block_and_a_deletion_end_every_session(kind) {
        let server = server(kind).await;
        let admin = server.admin().await;
        let ann = server.register("ann").await;
        let path = format!("/api/users/{}", ann.id);
        let (first, second) = (sign_in(&server, "ann").await, sign_in(&server, "ann").await);
        me(&server, &first.jwt).await.expect(200);
        admin.put(&path, json!({ "password": PASSWORD })).await.expect(200);
        for pair in [&first, &second] {
            expect_ended(&server, pair).await;
        }
        let third = sign_in(&server, "ann").await;
        me(&server, &third.jwt).await.expect(200);
        admin.put(&path, json!({ "blocked": true })).await.expect(200);
        me(&server, &third.jwt).await.expect_error(401, "UnauthorizedError", "Invalid credentials");
        expect_refused(&refresh(&server, &third.refresh).await);
        admin.put(&path, json!({ "blocked": false })).await.expect(200);
        expect_ended(&server, &third).await;
        let fourth = sign_in(&server, "ann").await;
        me(&server, &fourth.jwt).await.expect(200);
        admin.delete(&path).await.expect(200);
        me(&server, &fourth.jwt).await.expect_bad_token();
        expect_refused(&refresh(&server, &fourth.refresh).await);
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_sessions WHERE user_id <> 1"), 0);
    }

    async fn who_has_yet_to_prove_an_address_cannot_refresh(kind) {
        let confirming = |config: &mut users_permissions::Config| {
            by_sessions(config);
            config.advanced_settings.email_confirmation = true;
        };
        let server = Server::start_with(kind, confirming).await;
        let admin = server.admin().await;
        let role = admin.role_id("authenticated").await;
        let body = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD, "role": role, "confirmed": true });
        let id = admin.post("/api/users", body).await.expect(201)["id"].clone();
        let pair = sign_in(&server, "ann").await;
        let pair = expect_alive(&server, &pair).await;
        admin.put(&format!("/api/users/{id}"), json!({ "confirmed": false })).await.expect(200);
        expect_ended(&server, &pair).await;
    }

    async fn what_ends_elsewhere_ends_here_within_the_stated_time(kind) {
        // SQLite is for one process.
        if kind == Kind::Sqlite {
            return;
        }
        let database = TestDatabase::create(kind);
        let (here, there) = two_servers(&database, 50).await;
        here.register("ann").await;
        let (first, second) = (sign_in(&here, "ann").await, sign_in(&here, "ann").await);
        me(&there, &first.jwt).await.expect(200);
        // Begun elsewhere after Ann was remembered there: known at once.
        let third = sign_in(&here, "ann").await;
        for pair in [&second, &third] {
            me(&there, &pair.jwt).await.expect(200);
        }
        caller(&here, &first.jwt).post("/api/auth/logout", json!({})).await.expect(200);
        let asked = std::time::Instant::now();
        while me(&there, &first.jwt).await.status != 401 {
            assert!(asked.elapsed().as_secs() < 10, "the session lives on elsewhere");
        }
        for pair in [&second, &third] {
            me(&there, &pair.jwt).await.expect(200);
        }
        let fresh = expect_alive(&there, &second).await;
        me(&here, &fresh.jwt).await.expect(200);
    }

    async fn what_ends_elsewhere_makes_nobody_else_forgotten(kind) {
        if kind == Kind::Sqlite {
            return;
        }
        let database = TestDatabase::create(kind);
        let (here, there) = two_servers(&database, 400).await;
        let ann = here.register("ann").await;
        let mut others = Vec::new();
        for number in 0..30 {
            others.push(here.register(&format!("user{number}")).await.client.jwt.unwrap());
        }
        crate::apps::grant(&here.admin().await, "authenticated", &["api::article.article.ping"]).await;
        let jwt = ann.client.jwt.clone().unwrap();
        let second = sign_in(&here, "ann").await.jwt;
        let ping = async |jwt: &str| caller(&there, jwt).get("/api/ping").await;
        // Until the grant has come and everybody is remembered.
        loop {
            let queries = there.up.query_count();
            let calls = others.iter().chain([&jwt, &second]).map(|jwt| ping(jwt));
            let answers = futures_util::future::join_all(calls).await;
            let are_in = answers.iter().all(|answer| answer.status == 200);
            if are_in && there.up.query_count() - queries < 10 {
                break;
            }
        }
        let expect_ended_alone = async |jwt: &str| {
            let asked = std::time::Instant::now();
            while me(&there, jwt).await.status != 401 {
                assert!(asked.elapsed().as_secs() < 10, "the session lives on elsewhere");
            }
            let queries = there.up.query_count();
            let answers = futures_util::future::join_all(others.iter().map(|jwt| ping(jwt))).await;
            assert!(answers.iter().all(|answer| answer.status == 200));
            // Those there are ask for changes; whoever was forgotten would ask once each.
            let asked = there.up.query_count() - queries;
            assert!(asked < 15, "{asked} queries for 30 callers");
        };
        caller(&here, &jwt).post("/api/auth/logout", json!({})).await.expect(200);
        expect_ended_alone(&jwt).await;
        // One session more than a user may have ends the oldest, which every worker there remembers.
        let known = futures_util::future::join_all((0..16).map(|_| ping(&second))).await;
        assert!(known.iter().all(|answer| answer.status == 200));
        for _ in 0..5 {
            sign_in(&here, "ann").await;
        }
        expect_ended_alone(&second).await;
    }

    async fn a_user_has_a_bounded_number_of_sessions(kind) {
        let few = |config: &mut users_permissions::Config| {
            by_sessions(config);
            config.sessions.max_per_user = 3;
        };
        let server = Server::start_with(kind, few).await;
        server.register("ann").await;
        let mut pairs = Vec::new();
        for _ in 0..3 {
            pairs.push(sign_in(&server, "ann").await);
        }
        pairs[0] = expect_alive(&server, &pairs[0]).await;
        // Other instances are told of what ends, and of nothing else.
        let told = || server.database().number("SELECT COUNT(*) FROM up_endings");
        assert_eq!(told(), 1, "of the session of the registration");
        // The one that was not used for the longest time makes room.
        pairs.push(sign_in(&server, "ann").await);
        assert_eq!(told(), 2);
        expect_ended(&server, &pairs[1]).await;
        for pair in [&pairs[0], &pairs[2], &pairs[3]] {
            expect_alive(&server, pair).await;
        }
        let at_once = (0..10).map(|_| sign_in(&server, "ann"));
        futures_util::future::join_all(at_once).await;
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_sessions"), 3);
    }

    async fn a_session_whose_time_is_over_takes_no_place(kind) {
        let few = |config: &mut users_permissions::Config| {
            by_sessions(config);
            config.sessions.max_per_user = 2;
        };
        let server = Server::start_with(kind, few).await;
        let admin = server.admin().await;
        let body = json!({
            "username": "ann", "email": "ann@example.com", "password": PASSWORD, "confirmed": true,
            "role": admin.role_id("authenticated").await,
        });
        admin.post("/api/users", body).await.expect(201);
        let (living, over) = (sign_in(&server, "ann").await, sign_in(&server, "ann").await);
        // It was active later than the one that lives.
        let id = listed(&caller(&server, &over.jwt)).await[0]["id"].clone();
        let past = "expires_at = '2020-01-01 00:00:00'";
        let sql = format!("UPDATE up_sessions SET {past} WHERE session_id = '{}'", id.as_str().unwrap());
        server.database().execute(&sql);
        let third = sign_in(&server, "ann").await;
        expect_refused(&refresh(&server, &over.refresh).await);
        for pair in [&living, &third] {
            expect_alive(&server, pair).await;
        }
    }

    async fn sessions_whose_time_is_over_are_refused_and_swept_away(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let (idle, used_up) = (sign_in(&server, "ann").await, sign_in(&server, "ann").await);
        let list = listed(&caller(&server, &idle.jwt)).await;
        // As if the clock had gone on.
        let past = "expires_at = '2020-01-01 00:00:00'";
        server.database().execute(&format!("UPDATE up_sessions SET {past}"));
        expect_refused(&refresh(&server, &idle.refresh).await);
        // For good, whatever becomes of the clock.
        server.database().execute("UPDATE up_sessions SET expires_at = '2099-01-01 00:00:00'");
        expect_refused(&refresh(&server, &idle.refresh).await);
        server.database().execute(&format!("UPDATE up_sessions SET {past}"));
        assert_eq!(listed(&caller(&server, &idle.jwt)).await.len(), 0);
        drop((list, used_up));
        sign_in(&server, "ann").await;
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_sessions"), 1);
    }

    async fn a_session_ends_at_its_time_however_active(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let pair = sign_in(&server, "ann").await;
        let list = listed(&caller(&server, &pair.jwt)).await;
        let id = list[0]["id"].as_str().unwrap();
        let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(60);
        let ends_at = format!("ends_at = '{}'", soon.format("%Y-%m-%d %H:%M:%S"));
        server.database().execute(&format!("UPDATE up_sessions SET {ends_at} WHERE session_id = '{id}'"));
        let pair = Pair::of(&refresh(&server, &pair.refresh).await.expect(200));
        for token in [&pair.jwt, &pair.refresh] {
            let exp = crate::forge::payload(token)["exp"].as_i64().unwrap();
            assert!(exp <= soon.timestamp() + 1, "{exp} {soon}");
        }
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_sessions WHERE expires_at > ends_at"), 0);
    }

    async fn only_hashes_of_refresh_tokens_are_stored(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let pair = sign_in(&server, "ann").await;
        let pair = expect_alive(&server, &pair).await;
        let dump = format!("{:?}", server.database().dump());
        assert!(dump.contains("up_sessions") && !dump.contains(&pair.refresh) && !dump.contains(&pair.jwt));
        for text in server.database().dump()["up_sessions"].join("|").split('|') {
            if text.len() >= 32 {
                expect_refused(&refresh(&server, text).await);
            }
        }
    }

    async fn a_device_id_is_a_short_text(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let login = async |device: Value| {
            let body = json!({ "identifier": "ann", "password": PASSWORD, "deviceId": device });
            server.anonymous().post("/api/auth/local", body).await
        };
        login(json!("x".repeat(128))).await.expect(200);
        login(json!(5)).await.expect(200);
        for bad in ["x".repeat(129), "x".repeat(10_000), "a\0b".to_owned()] {
            login(json!(bad)).await.expect_refusal();
        }
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_sessions"), 3);
    }

    async fn a_switch_of_the_mode_ends_the_tokens_of_the_other(kind) {
        let database = TestDatabase::create(kind);
        let legacy = Server::with_config(config(&database)).await;
        let token = legacy.register("ann").await.client.jwt.unwrap();
        drop(legacy);
        let mut sessions = config(&database);
        by_sessions(&mut sessions);
        let server = Server::with_config(sessions).await;
        me(&server, &token).await.expect_bad_token();
        let pair = sign_in(&server, "ann").await;
        drop(server);
        let legacy = Server::with_config(config(&database)).await;
        for token in [&pair.jwt, &pair.refresh] {
            me(&legacy, token).await.expect_bad_token();
        }
        let ann = legacy.login("ann", PASSWORD).await;
        for path in ["/api/auth/logout", "/api/auth/refresh"] {
            let client = if path.ends_with("refresh") { legacy.anonymous() } else { ann.clone() };
            client.post(path, json!({ "refreshToken": pair.refresh })).await.expect_error(404, "NotFoundError", "Not Found");
        }
        ann.get("/api/auth/sessions").await.expect_error(404, "NotFoundError", "Not Found");
        ann.delete("/api/auth/sessions/x").await.expect_error(404, "NotFoundError", "Not Found");
    }
}
