//! Social logins on their way, in Redis: known to every instance, readable in none of its copies, and none
//! too few when it is gone.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use acceptance::providers::Simulators;
use acceptance::{Kind, Server, TestDatabase};
use users_permissions::Config;

use crate::social::{Browser, FRONT, enable};

/// A database of the Redis server that no other test uses, empty.
struct Redis {
    url: String,
    address: String,
    number: u8,
}

impl Redis {
    fn open(number: u8) -> Option<Self> {
        let url = std::env::var("UP_TEST_REDIS_URL").ok();
        if url.is_none() || cfg!(not(feature = "redis")) {
            eprintln!("skipped: no Redis server");
            return None;
        }
        let url = url?;
        let address = url.strip_prefix("redis://").expect("a plain URL");
        let address = address.trim_end_matches('/').to_owned();
        let redis = Self {
            url: format!("redis://{address}/{number}"),
            address,
            number,
        };
        redis.ask("FLUSHDB");
        Some(redis)
    }

    /// The lines of the answer to a command.
    fn ask(&self, command: &str) -> Vec<String> {
        let mut stream = TcpStream::connect(&self.address).expect("a server");
        let commands = format!("SELECT {}\r\n{command}\r\nQUIT\r\n", self.number);
        stream.write_all(commands.as_bytes()).expect("sent");
        let mut lines = BufReader::new(stream).split(b'\n');
        let mut read = Vec::new();
        for line in lines.by_ref() {
            read.push(
                String::from_utf8_lossy(&line.expect("a line"))
                    .trim_end()
                    .to_owned(),
            );
        }
        read
    }

    fn flows(&self) -> Vec<String> {
        let lines = self.ask("KEYS users_permissions:flow:*");
        let is_key = |line: &String| line.starts_with("users_permissions:flow:");
        lines.into_iter().filter(is_key).collect()
    }
}

fn with(config: &mut Config, simulators: &Simulators, url: &str) {
    enable(config, simulators, "github");
    config.redis_url = Some(url.into());
}

#[actix_web::test]
async fn a_login_that_began_at_one_instance_ends_at_another() {
    let Some(redis) = Redis::open(11) else { return };
    let simulators = Simulators::start().await;
    let database = TestDatabase::create(Kind::Sqlite);
    let mut servers = Vec::new();
    for _ in 0..2 {
        let mut config = acceptance::config(&database);
        with(&mut config, &simulators, &redis.url);
        servers.push(Server::with_config(config).await);
    }
    let mut browser = Browser::new(&servers[0]);
    let start = browser.connect("github", &[]).await;
    let cookie = start.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in [
        "up_connect=",
        "HttpOnly",
        "SameSite=Lax",
        "Path=/api/connect",
        "Max-Age=600",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    // A name and no state.
    assert!(cookie.split(';').next().unwrap().len() < 200, "{cookie}");
    let [place] = redis.flows().try_into().unwrap();
    let life = redis.ask(&format!("TTL {place}"));
    assert!(
        life.iter()
            .any(|line| (":590"..=":600").contains(&line.as_str())),
        "{life:?}"
    );
    let kept = redis.ask(&format!("GET {place}")).join(" ");
    for readable in ["github", "state", "verifier", "front.example"] {
        assert!(!kept.contains(readable), "{readable}");
    }
    let used = browser.cookie.clone();
    let mut other = Browser::new(&servers[1]);
    (other.cookie, other.location) = (used.clone(), browser.location.clone());
    let back = other.come_back().await;
    other
        .redeem("github", &back["access_token"])
        .await
        .expect(200);
    // Used up, in the browser and in Redis; a copy of the cookie names nothing.
    assert_eq!(
        (other.cookie.clone(), redis.flows()),
        (None, Vec::<String>::new())
    );
    (other.cookie, other.location) = (used, browser.location.clone());
    assert_eq!(other.come_back().await["error"], "state_mismatch");
    // Two clicks in one browser: the last one counts, under a name of its own.
    let mut browser = Browser::new(&servers[0]);
    browser.connect("github", &[]).await;
    let first = (browser.cookie.clone(), redis.flows());
    browser.connect("github", &[]).await;
    assert_ne!((browser.cookie.clone(), redis.flows()), first);
    assert_eq!(redis.flows().len(), 1);
    // What Redis has lost, nobody waits for, and nobody is asked about.
    redis.ask("FLUSHDB");
    let left = browser.location.clone();
    let exchanges = simulators.exchanges();
    assert_eq!(browser.come_back().await["error"], "state_mismatch");
    assert_eq!(simulators.exchanges(), exchanges);
    // A name that somebody has made up is none.
    browser.cookie = Some(format!("up_connect={}", "a".repeat(64)));
    browser.location = left;
    let to = browser.back().await;
    assert!(
        to.starts_with(&format!("{FRONT}?error=state_mismatch")),
        "{to}"
    );
}

#[actix_web::test]
async fn without_its_redis_a_login_is_kept_by_the_browser() {
    if cfg!(not(feature = "redis")) {
        return;
    }
    let simulators = Simulators::start().await;
    // Nobody listens there.
    let server = Server::start_with(Kind::Sqlite, |config| {
        with(config, &simulators, "redis://127.0.0.1:1");
    })
    .await;
    let mut browser = Browser::new(&server);
    browser.sign_in("github").await.expect(200);
    assert_eq!(browser.cookie, None);
}
