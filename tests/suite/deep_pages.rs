//! Pages far down a list, which are found by counting and not by walking.

use acceptance::{Client, Server, TestDatabase, config, on_every_database};
use serde_json::json;
use std::time::{Duration, Instant};

async fn ids(admin: &Client, query: &str) -> Vec<i64> {
    let users = admin.get(&format!("/api/users?{query}")).await.expect(200);
    users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["id"].as_i64().unwrap())
        .collect()
}

on_every_database! {
    async fn they_show_what_walking_would_show(kind) {
        let database = TestDatabase::create(kind);
        drop(Server::with_config(config(&database)).await);
        // Gaps, several stretches, and users that were counted by nobody.
        database.add_crowd(3_500, 3);
        database.add_crowd(20_000, 2);
        let server = Server::with_config(config(&database)).await;
        let admin = server.admin().await;
        for id in [3_600, 3_601, 5_000, 20_007] {
            admin.delete(&format!("/api/users/{id}")).await.expect(200);
        }
        server.register("ann").await;
        let mut all = ids(&admin, "limit=9999&sort=username").await;
        all.sort();
        assert_eq!(all.len(), 5_000 - 4 + 2);
        let reversed: Vec<i64> = all.iter().rev().copied().collect();
        for start in [999, 1_000, 1_001, 2_500, 2_995, 2_996, 2_997, 4_990, 4_997, 4_998, 90_000] {
            let part = |all: &[i64]| -> Vec<i64> { all.iter().skip(start).take(7).copied().collect() };
            assert_eq!(ids(&admin, &format!("start={start}&limit=7")).await, part(&all), "{start}");
            assert_eq!(ids(&admin, &format!("start={start}&limit=7&sort=id:desc")).await, part(&reversed), "{start}");
            // Other orders find their ids first.
            assert_eq!(ids(&admin, &format!("start={start}&limit=7&sort=provider,id")).await, part(&all), "{start}");
            assert_eq!(ids(&admin, &format!("start={start}&limit=7&filters[id][$gt]=0")).await, part(&all), "{start}");
        }
        assert_eq!(ids(&admin, "pagination[page]=400&pagination[pageSize]=10").await, all[3_990..4_000]);
        drop(server);
    }

    async fn registrations_at_once_are_all_counted(kind) {
        let database = TestDatabase::create(kind);
        let servers = [Server::with_config(config(&database)).await, Server::with_config(config(&database)).await];
        let register = |index: usize| {
            let client = servers[index % 2].anonymous();
            async move {
                let name = format!("user{index}");
                let body = json!({ "username": name, "email": format!("{name}@example.com"), "password": "staple battery 9" });
                client.post("/api/auth/local/register", body).await.expect(200);
            }
        };
        futures_util::future::join_all((0..24).map(register)).await;
        assert_eq!(database.number("SELECT SUM(users) FROM up_user_counts"), 25);
        let admin = servers[0].admin().await;
        for id in ids(&admin, "filters[username][$startsWith]=user1").await {
            admin.delete(&format!("/api/users/{id}")).await.expect(200);
        }
        assert_eq!(database.number("SELECT SUM(users) FROM up_user_counts"), database.number("SELECT COUNT(*) FROM up_users"));
    }

    #[ignore = "long"]
    async fn the_last_of_a_million_users_is_as_near_as_the_first(kind) {
        let database = TestDatabase::create(kind);
        drop(Server::with_config(config(&database)).await);
        database.add_crowd(10, 1_000);
        let server = Server::with_config(config(&database)).await;
        let admin = server.admin().await;
        let time = async |page: u32, sort: &str| {
            let query = format!("pagination[page]={page}&pagination[pageSize]=100{sort}");
            let mut times = Vec::new();
            for _ in 0..11 {
                let begun = Instant::now();
                assert_eq!(ids(&admin, &query).await.len(), 100);
                times.push(begun.elapsed());
            }
            times.sort();
            times[5]
        };
        let first = time(1, "").await;
        for (sort, bound) in [("", 5), ("&sort=id:desc", 5)] {
            let last = time(9_999, sort).await;
            println!("{kind:?} page 9999{sort}: {last:?}, page 1: {first:?}, ratio {:.2}", last.as_secs_f64() / first.as_secs_f64());
            assert!(last <= first * bound + Duration::from_millis(1), "{sort}: {last:?}, page 1 {first:?}");
        }
        for sort in ["username", "email", "createdAt", "updatedAt", "provider", "confirmed", "blocked"] {
            for query in [format!("&sort={sort}"), format!("&sort={sort}:desc")] {
                let (first, last) = (time(1, &query).await, time(9_999, &query).await);
                println!("{kind:?}{query}: page 1 {first:?}, page 9999 {last:?}");
                assert!(first <= Duration::from_millis(250), "{query}: {first:?}");
            }
        }
    }
}
