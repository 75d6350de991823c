//! A role of a hundred thousand users costs no more than an empty one.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use acceptance::{Client, Kind, Server, TestDatabase, on_every_database};
use futures_util::future::join;
use serde_json::json;

const USERS: i64 = 100_000;
const PING: &str = "api::article.article.ping";
const FIND: &str = "api::article.article.find";

/// Fills a role from outside; digits joined with digits, for recursion differs between dialects.
fn fill(database: &TestDatabase, role: i64) {
    let digits = "(SELECT 0 AS i UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
                   UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
    let named = |prefix: &str, suffix: &str| match database.kind() {
        Kind::Mysql => format!("CONCAT('{prefix}', n, '{suffix}')"),
        Kind::Sqlite | Kind::Postgres => format!("'{prefix}' || n || '{suffix}'"),
    };
    database.execute(&format!(
        "INSERT INTO up_users (document_id, username, email, email_key, provider, password_hash, confirmed, blocked,
                               token_version, created_at, updated_at)
         SELECT {}, {}, {}, {}, 'local', NULL, TRUE, FALSE, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00'
         FROM (SELECT a.i + 10 * b.i + 100 * c.i + 1000 * d.i + 10000 * e.i AS n
               FROM {digits} a, {digits} b, {digits} c, {digits} d, {digits} e) numbers",
        named("document", ""), named("crowd", ""), named("crowd", "@example.com"), named("crowd", "@example.com"),
    ));
    database.execute(&format!(
        "INSERT INTO up_user_roles (user_id, place, role_id)
         SELECT id, 0, {role} FROM up_users WHERE username LIKE 'crowd%'"
    ));
    assert_eq!(members(database, role), USERS);
}

fn members(database: &TestDatabase, role: i64) -> i64 {
    database.number(&format!(
        "SELECT COUNT(*) FROM up_user_roles WHERE role_id = {role}"
    ))
}

/// Medians of the times of two calls, made in turn so that what else the machine does meets both.
async fn medians(mut one: impl AsyncFnMut(), mut other: impl AsyncFnMut()) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..21 {
        let begun = Instant::now();
        one().await;
        times[0].push(begun.elapsed());
        let begun = Instant::now();
        other().await;
        times[1].push(begun.elapsed());
    }
    times.map(|times| share(times, 50))
}

/// The time that so many of a hundred do not exceed.
fn share(mut times: Vec<Duration>, percent: usize) -> Duration {
    assert!(!times.is_empty(), "nothing was measured");
    times.sort();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

async fn read(admin: &Client, role: i64) {
    let path = format!("/api/users-permissions/roles/{role}");
    admin.get(&path).await.expect(200);
}

async fn write(admin: &Client, role: i64, odd: &mut bool) {
    *odd = !*odd;
    let actions: &[&str] = if *odd { &[PING, FIND] } else { &[PING] };
    admin.set_grants(role, actions).await.expect(200);
}

on_every_database! {
    #[ignore = "long"]
    async fn a_crowded_role_is_read_written_and_deleted_as_an_empty_one(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (crowded, empty) = (admin.create_role("Crowded", &[PING]).await, admin.create_role("Empty", &[PING]).await);
        let member = admin.create_user("member", crowded).await;
        admin.put(&format!("/api/users/{}", member.id), json!({ "role": empty })).await.expect(200);
        fill(server.database(), crowded);
        admin.put(&format!("/api/users/{}", member.id), json!({ "role": crowded })).await.expect(200);
        let other = admin.create_user("other", empty).await;
        let reads = medians(async || read(&admin, empty).await, async || read(&admin, crowded).await).await;
        let (mut first, mut second) = (false, false);
        let writes = medians(
            async || write(&admin, empty, &mut first).await,
            async || write(&admin, crowded, &mut second).await,
        ).await;
        for (name, [small, large]) in [("GET", reads), ("PUT", writes)] {
            println!("{kind:?} {name}: {small:?} empty, {large:?} crowded, ratio {:.2}", large.as_secs_f64() / small.as_secs_f64());
            assert!(large <= small * 2 + Duration::from_millis(10), "{name}: {small:?} empty, {large:?} crowded");
        }
        admin.set_grants(crowded, &[PING]).await.expect(200);
        admin.set_grants(empty, &[PING]).await.expect(200);

        let over = AtomicBool::new(false);
        let delete = async {
            let begun = Instant::now();
            admin.delete(&format!("/api/users-permissions/roles/{crowded}")).await.expect(200);
            over.store(true, SeqCst);
            begun.elapsed()
        };
        let readers = async {
            let mut times = Vec::new();
            while !over.load(SeqCst) {
                let begun = Instant::now();
                other.client.get("/api/ping").await.expect(200);
                // The old or the new state: allowed as a member, or forbidden as the public is.
                let answer = member.client.get("/api/ping").await;
                assert!([200, 403].contains(&answer.status.as_u16()), "{}", answer.text);
                times.push(begun.elapsed());
            }
            times
        };
        let (took, times) = join(delete, readers).await;
        let (served, p99, worst) = (times.len(), share(times.clone(), 99), share(times, 100));
        println!("{kind:?} DELETE: {took:?}; meanwhile {served} pairs of requests were answered, 99 % within {p99:?}, the slowest in {worst:?}");
        assert!(took <= Duration::from_secs(2), "{took:?}");
        assert!(p99 <= Duration::from_millis(250) && worst <= Duration::from_secs(1), "{served} {p99:?} {worst:?}");
        member.client.get("/api/ping").await.expect_forbidden();
        other.client.get("/api/ping").await.expect(200);
        let database = server.database();
        assert_eq!(members(database, crowded), 0);
        assert_eq!(members(database, admin.role_id("public").await), USERS + 1);
    }
}
