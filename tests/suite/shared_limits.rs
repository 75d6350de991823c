//! Limits in Redis: one count for all instances, and none too few when Redis is gone.

use std::time::Duration;

use acceptance::{Client, Kind, Server};
use serde_json::{Value, json};
use users_permissions::Config;

const LOGIN: &str = "/api/auth/local";

/// The Redis that `tests/run` has started; without one there is nothing to test.
fn redis() -> Option<String> {
    let url = std::env::var("UP_TEST_REDIS_URL").ok();
    if url.is_none() || cfg!(not(feature = "redis")) {
        eprintln!("skipped: no Redis server");
        return None;
    }
    url
}

fn shared(url: String, client: &str) -> (impl FnOnce(&mut Config), String) {
    // Counts outlive a test: each test is a client of its own.
    let change = move |config: &mut Config| {
        config.ratelimit.enabled = true;
        config.ratelimit.max = 5;
        config.ratelimit.interval = Duration::from_secs(600);
        config.redis_url = Some(url.into());
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let network =
        u64::from(std::process::id()) << 16 | client.bytes().map(u64::from).sum::<u64>() & 0xffff;
    let address = format!(
        "2001:db8:{:x}:{:x}::1",
        network >> 16 & 0xffff,
        network & 0xffff
    );
    (change, address)
}

async fn guess(caller: &Client, client: &str, account: &str) -> u16 {
    let body: Value = json!({ "identifier": account, "password": "wrong!!" });
    let request = caller
        .request("POST".parse().unwrap(), LOGIN)
        .header("x-forwarded-for", client)
        .json(&body);
    caller.send(request).await.status.as_u16()
}

#[actix_web::test]
async fn instances_share_one_count() {
    let Some(url) = redis() else { return };
    let (first, client) = shared(url.clone(), "instances");
    let (second, _) = shared(url, "instances");
    let servers = [
        Server::start_with(Kind::Sqlite, first).await,
        Server::start_with(Kind::Sqlite, second).await,
    ];
    let mut passed = 0;
    for index in 0..20 {
        let caller = servers[index % 2].anonymous();
        let account = format!("{client} {index}");
        match guess(&caller, &client, &account).await {
            400 => passed += 1,
            429 => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(passed, 5);
}

// Over instances.
#[actix_web::test]
async fn parallel_guesses_over_instances_are_each_counted() {
    let Some(url) = redis() else { return };
    let (first, client) = shared(url.clone(), "parallel");
    let (second, _) = shared(url, "parallel");
    let servers = [
        Server::start_with(Kind::Sqlite, first).await,
        Server::start_with(Kind::Sqlite, second).await,
    ];
    let guesses = (0..100).map(|index| {
        let (caller, client) = (servers[index % 2].anonymous(), client.clone());
        async move { guess(&caller, &client, &format!("{client} {index}")).await }
    });
    let answers = futures_util::future::join_all(guesses).await;
    assert_eq!(answers.iter().filter(|status| **status == 400).count(), 5);
    assert!(answers.iter().all(|status| [400, 429].contains(status)));
}

// Over instances: by name here and by address there is one account.
#[actix_web::test]
async fn instances_share_one_count_of_an_account() {
    let Some(url) = redis() else { return };
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let mut config = acceptance::config(&database);
    let (change, _) = shared(url, "accounts");
    change(&mut config);
    let servers = [
        Server::with_config(config.clone()).await,
        Server::with_config(config).await,
    ];
    // Counts outlive a run.
    let name = format!("ann{}", std::process::id());
    let email = format!("{name}@example.com");
    let body = json!({ "username": name, "email": email, "password": acceptance::PASSWORD });
    let register = servers[0].anonymous();
    let register = register.post("/api/auth/local/register", body).await;
    register.expect(200);
    let mut passed = 0;
    for index in 0..20 {
        let (_, client) = shared(String::new(), &format!("account {index}"));
        let account = [&name, &email][index / 2 % 2];
        let caller = servers[index % 2].anonymous();
        match guess(&caller, &client, account).await {
            400 => passed += 1,
            429 => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(passed, 5);
}

/// Forgets the budget of mails in a database of the Redis server: one key, whichever the test.
fn forget_mails(url: &str, database: u32) {
    use std::io::{Read as _, Write as _};
    let address = url.trim_start_matches("redis://").trim_end_matches('/');
    let mut redis = std::net::TcpStream::connect(address).expect("a Redis server");
    let forget = format!("SELECT {database}\r\nDEL users_permissions:limit:mails\r\nQUIT\r\n");
    redis.write_all(forget.as_bytes()).unwrap();
    let mut answer = String::new();
    redis.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("+OK\r\n:"), "{answer}");
}

#[actix_web::test]
async fn instances_share_one_budget_of_mails() {
    let Some(url) = redis() else { return };
    let number = 1 + std::process::id() % 15;
    forget_mails(&url, number);
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let mut config = acceptance::config(&database);
    let url = format!("{}/{number}", url.trim_end_matches('/'));
    let (change, _) = shared(url, "mails");
    change(&mut config);
    config.ratelimit.max = 1_000;
    config.ratelimit.mails = 5;
    config.advanced_settings.email_confirmation = true;
    let servers = [
        Server::with_config(config.clone()).await,
        Server::with_config(config).await,
    ];
    let mut mailed = 0;
    for index in 0..12 {
        let name = format!("ann{index}");
        let email = format!("{name}@example.com");
        let body = json!({ "username": name, "email": email, "password": acceptance::PASSWORD });
        let caller = servers[index % 2].anonymous();
        let answer = caller.post("/api/auth/local/register", body).await;
        match answer.status.as_u16() {
            200 => mailed += 1,
            429 => {}
            _ => panic!("{}", answer.text),
        }
    }
    assert_eq!(mailed, 5);
    drop((servers, database));
}

// Without Redis an instance counts for itself: limited all the same, and not down.
#[cfg(feature = "redis")]
#[actix_web::test]
async fn without_redis_an_instance_counts_for_itself() {
    // A port that nobody listens on.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (change, client) = shared(format!("redis://:secret@127.0.0.1:{port}"), "gone");
    let server = Server::start_with(Kind::Sqlite, change).await;
    let mut passed = 0;
    for index in 0..12 {
        let account = format!("{client} {index}");
        passed += u32::from(guess(&server.anonymous(), &client, &account).await == 400);
    }
    assert_eq!(passed, 5);
    server.admin().await.get("/api/users/me").await.expect(200);
}

#[actix_web::test]
async fn an_unusable_url_stops_the_start_without_being_shown() {
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let mut config = acceptance::config(&database);
    config.redis_url = Some("nonsense://:s3cret@host".into());
    let started = users_permissions::UsersPermissions::builder()
        .config(config)
        .build()
        .await;
    let error = started.map(drop).expect_err("a refusal").to_string();
    assert!(
        error.starts_with("REDIS_URL") && !error.contains("s3cret"),
        "{error}"
    );
}
