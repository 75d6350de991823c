//! How long an ended session is good elsewhere: measured, and held against what is stated.

use std::time::{Duration, Instant};

use acceptance::{Kind, Server, TestDatabase, config};
use futures_util::future::join_all;
use serde_json::json;

use crate::tokens_of::{by_sessions, caller, me, sign_in};

/// Signs in at `here`, is known at `there`, logs out at `here`; answers how long `there` took to notice.
async fn noticed(here: &Server, there: &Server, name: &str, pause: Duration) -> Duration {
    let pair = sign_in(here, name).await;
    me(there, &pair.jwt).await.expect(200);
    // Not all in the same phase of the interval.
    actix_web::rt::time::sleep(pause).await;
    let logout = caller(here, &pair.jwt)
        .post("/api/auth/logout", json!({}))
        .await;
    logout.expect(200);
    let ended = Instant::now();
    assert_eq!(
        me(here, &pair.jwt).await.status,
        401,
        "at once where it was ended"
    );
    loop {
        if me(there, &pair.jwt).await.status == 401 {
            return ended.elapsed();
        }
        actix_web::rt::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn measure(kind: Kind) {
    if !kind.is_available() {
        return;
    }
    let database = TestDatabase::create(kind);
    let start = async || {
        let mut config = config(&database);
        by_sessions(&mut config);
        Server::with_config(config).await
    };
    let (here, there) = (start().await, start().await);
    let interval = config(&database).sync_interval;
    const USERS: u32 = 10;
    for number in 0..USERS {
        here.register(&format!("user{number}")).await;
    }
    let mut times = Vec::new();
    for round in 0..20 {
        let names = (0..USERS).map(|number| (number, format!("user{number}")));
        let calls = names.map(|(number, name)| {
            let (here, there) = (&here, &there);
            let pause = interval * ((number * 7 + round * 3) % USERS) / USERS;
            async move { noticed(here, there, &name, pause).await }
        });
        times.extend(join_all(calls).await);
    }
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    eprintln!(
        "{kind:?}: from logout here to 401 elsewhere, {} logouts, every {interval:?}: p50 {:?}, p99 {:?}, longest {:?}",
        times.len(),
        at(50),
        at(99),
        at(100)
    );
    assert!(at(99) < interval * 2, "p99 {:?}", at(99));
}

#[actix_web::test]
#[ignore = "long"]
async fn postgres() {
    measure(Kind::Postgres).await;
}

#[actix_web::test]
#[ignore = "long"]
async fn mysql() {
    measure(Kind::Mysql).await;
}
