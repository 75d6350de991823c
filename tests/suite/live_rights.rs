//! Rights are read on every request: a change counts from the next one on, whole.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use acceptance::{Server, TestDatabase, config, on_every_database};
use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::sync::{Barrier, Semaphore};

const PING: &str = "api::article.article.ping";
const TREE: &str = "plugin::users-permissions.permissions.getPermissions";
const PING_PATH: &str = "/api/ping";
const TREE_PATH: &str = "/api/users-permissions/permissions";

const READERS: usize = 1_000;
/// Reads of one state alone, of which the next change waits for so many.
const EXACT: u32 = 10;

/// As many connections as there are readers, where the process may open so many files: each is two of them, and other
/// tests run beside this one.
fn permits() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let mut lines = limits.lines();
    let files = lines.find_map(|line| line.strip_prefix("Max open files"));
    let files = files.and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
    files.map_or(READERS, |files| READERS.min(files / 4))
}

/// Instances that look often for what the other one has changed.
async fn two_instances(database: &TestDatabase) -> [Server; 2] {
    let quick = || {
        let mut config = config(database);
        config.sync_interval = std::time::Duration::from_millis(50);
        config
    };
    [
        Server::with_config(quick()).await,
        Server::with_config(quick()).await,
    ]
}

on_every_database! {
    async fn a_change_of_a_role_counts_from_the_next_request_on(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[]).await;
        let editor = admin.create_user("editor", role).await.client;
        let (public, anonymous) = (admin.role_id("public").await, server.anonymous());
        for _ in 0..10 {
            for (role, client) in [(role, &editor), (public, &anonymous)] {
                admin.set_grants(role, &[PING]).await.expect(200);
                // Both workers, as connections are spread over them.
                for _ in 0..4 {
                    client.get(PING_PATH).await.expect(200);
                }
                admin.set_grants(role, &[]).await.expect(200);
                for _ in 0..4 {
                    let answer = client.get(PING_PATH).await;
                    assert!([401, 403].contains(&answer.status.as_u16()), "{}", answer.text);
                }
            }
        }
    }

    async fn a_change_of_somebodys_role_counts_from_the_next_request_on(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (yes, no) = (admin.create_role("Yes", &[PING]).await, admin.create_role("Nope", &[]).await);
        let editor = admin.create_user("editor", no).await;
        for _ in 0..10 {
            for (role, status) in [(yes, 200), (no, 403)] {
                admin.put(&format!("/api/users/{}", editor.id), json!({ "role": role })).await.expect(200);
                for _ in 0..4 {
                    editor.client.get(PING_PATH).await.expect(status);
                }
            }
        }
    }

    // Each of the hundred states grants one of two actions. A reader that began after change k was
    // answered and ended before k+1 was sent has seen state k and no other; of each state some have to.
    async fn a_thousand_readers_during_a_hundred_changes_see_the_old_or_the_new_state(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[PING]).await;
        let editor = admin.create_user("editor", role).await.client;
        let (begun, done, over) = (AtomicU32::new(0), AtomicU32::new(0), AtomicBool::new(false));
        let (exact, reading, most) = (AtomicU32::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let permits = permits();
        let (connections, all_there) = (Semaphore::new(permits), Barrier::new(permits));
        let writer = async {
            for change in 1..=100 {
                begun.store(change, SeqCst);
                let actions = if change % 2 == 0 { [PING] } else { [TREE] };
                admin.set_grants(role, &actions).await.expect(200);
                exact.store(0, SeqCst);
                done.store(change, SeqCst);
                let since = Instant::now();
                while exact.load(SeqCst) < EXACT {
                    assert!(since.elapsed() < Duration::from_secs(30), "nobody reads after change {change}");
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            over.store(true, SeqCst);
        };
        let readers = join_all((0..READERS as u64).map(async |reader| {
            let wants_ping = reader % 2 == 0;
            // Everybody reads at least once, and the last read is of the last state.
            let (mut last, mut is_first) = (false, (reader as usize) < permits);
            while !last {
                let permit = connections.acquire().await.unwrap();
                last = over.load(SeqCst);
                most.fetch_max(reading.fetch_add(1, SeqCst) + 1, SeqCst);
                if std::mem::take(&mut is_first) {
                    all_there.wait().await;
                }
                let before = done.load(SeqCst);
                let answer = editor.get(if wants_ping { PING_PATH } else { TREE_PATH }).await;
                let after = begun.load(SeqCst);
                reading.fetch_sub(1, SeqCst);
                drop(permit);
                let allowed = match answer.status.as_u16() {
                    200 => true,
                    403 => false,
                    other => panic!("{other}: {}", answer.text),
                };
                if before == after {
                    exact.fetch_add(1, SeqCst);
                    assert_eq!(allowed, wants_ping == (before % 2 == 0), "reader {reader} after change {before}");
                }
                // All at once to begin with, then each at its own pace: a server that is busy with a thousand requests
                // all the time takes those for slow that it has not come to, and ends their connections.
                if !last {
                    tokio::time::sleep(Duration::from_millis(800 + reader)).await;
                }
            }
        }));
        let started = Instant::now();
        join(writer, readers).await;
        println!("{kind:?}: {most:?} at once, {:?}", started.elapsed());
        assert_eq!(most.into_inner(), permits);
    }

    // SQLite is for one process and not asked.
    async fn other_instances_follow_within_the_stated_time(kind) {
        if kind == acceptance::Kind::Sqlite {
            return;
        }
        let database = TestDatabase::create(kind);
        let servers = two_instances(&database).await;
        let admin = servers[0].admin().await;
        let role = admin.create_role("Editor", &[]).await;
        let editor = admin.create_user("editor", role).await;
        let there = acceptance::Client::new(servers[1].base(), editor.client.jwt.clone());
        let until = async |status: u16| {
            let asked = std::time::Instant::now();
            loop {
                let answer = there.get(PING_PATH).await;
                if answer.status == status {
                    break;
                }
                assert!([200, 401, 403].contains(&answer.status.as_u16()), "{}", answer.text);
                assert!(asked.elapsed().as_secs() < 10, "not followed: {}", answer.text);
            }
        };
        let user = format!("/api/users/{}", editor.id);
        until(403).await;
        admin.set_grants(role, &[PING]).await.expect(200);
        until(200).await;
        admin.put(&user, json!({ "role": admin.role_id("authenticated").await })).await.expect(200);
        until(403).await;
        admin.put(&user, json!({ "role": role })).await.expect(200);
        until(200).await;
        admin.put(&user, json!({ "password": "another password" })).await.expect(200);
        until(401).await;
        let again = servers[0].login("editor", "another password").await;
        let there_again = acceptance::Client::new(servers[1].base(), again.jwt.clone());
        there_again.get(PING_PATH).await.expect(200);
        admin.delete(&format!("/api/users-permissions/roles/{role}")).await.expect(200);
        let asked = std::time::Instant::now();
        while there_again.get(PING_PATH).await.status == 200 {
            assert!(asked.elapsed().as_secs() < 10, "the deleted role lives on");
        }
        there_again.get(PING_PATH).await.expect_forbidden();
    }

    // Long-lived tokens name no session: other instances learn of their end by the user.
    async fn long_lived_tokens_end_in_other_instances_too(kind) {
        if kind == acceptance::Kind::Sqlite {
            return;
        }
        let database = TestDatabase::create(kind);
        let [here, there] = two_instances(&database).await;
        let admin = here.admin().await;
        for end in ["block", "delete", "reset"] {
            let user = here.register(end).await;
            let path = format!("/api/users/{}", user.id);
            let elsewhere = acceptance::Client::new(there.base(), user.client.jwt.clone());
            for _ in 0..4 {
                elsewhere.get("/api/users/me").await.expect(200);
            }
            match end {
                "block" => drop(admin.put(&path, json!({ "blocked": true })).await.expect(200)),
                "delete" => drop(admin.delete(&path).await.expect(200)),
                _ => {
                    let address = format!("{end}@example.com");
                    let anonymous = here.anonymous();
                    anonymous.post("/api/auth/forgot-password", json!({ "email": address })).await.expect(200);
                    let code = here.mail_to(&address, "Reset password", 1).await.code();
                    let body = json!({ "code": code, "password": "another password", "passwordConfirmation": "another password" });
                    anonymous.post("/api/auth/reset-password", body).await.expect(200);
                }
            }
            let asked = std::time::Instant::now();
            while elsewhere.get("/api/users/me").await.status != 401 {
                assert!(asked.elapsed().as_secs() < 10, "{end}: the token lives on elsewhere");
            }
        }
    }
}
