//! Two instances whose clocks differ by minutes decide as one: by the clock of the database they share. An
//! embedded database has one process and one clock.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use acceptance::providers::Simulators;
use acceptance::{Answer, Browser as Pages, Client, Kind, Mode, PASSWORD, SmtpSink, TestDatabase};
use serde_json::{Value, json};

use crate::killed_instances::process::{Instance, Setup};
use crate::social::Browser;
use crate::tokens_of::{Pair, expect_refused};

/// Longer than a ticket lives, a token may come again, and a mail is kept for one instance.
const AHEAD: &str = "150";

/// Two processes over one database, the second of which is ahead of its time.
struct Instances {
    database: TestDatabase,
    sink: SmtpSink,
    on_time: Instance,
    ahead: Instance,
}

/// Compiles what shifts the clock of a process.
pub fn shifted(directory: &Path) -> String {
    let library = directory.join("shifted.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/suite/clocks/shifted.c");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library);
    assert!(
        compiler
            .arg(source)
            .status()
            .expect("a C compiler")
            .success()
    );
    library.display().to_string()
}

impl Instances {
    async fn start(kind: Kind, more: &[(&'static str, String)]) -> Self {
        let (database, sink) = (TestDatabase::create(kind), SmtpSink::start().await);
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let setup = |clock: Vec<(&'static str, String)>, directory| Setup {
            database: database.url(),
            smtp: sink.url(),
            directory,
            more: [more.to_vec(), clock].concat(),
        };
        let directory = || tempfile::tempdir().expect("a directory");
        let on_time = Instance::start(&setup(Vec::new(), directory()), &http).await;
        let home = directory();
        let clock = vec![
            ("LD_PRELOAD", shifted(home.path())),
            ("CLOCK_SHIFT", AHEAD.to_owned()),
        ];
        let ahead = Instance::start(&setup(clock, home), &http).await;
        let instances = Self {
            database,
            sink,
            on_time,
            ahead,
        };
        // The test can fail: the clocks do differ.
        let date = async |instance: &Instance| {
            let answer = Client::new(&instance.base, None).get("/health").await;
            let text = answer.headers["date"].to_str().unwrap().to_owned();
            chrono::DateTime::parse_from_rfc2822(&text).unwrap()
        };
        let (early, late) = (date(&instances.on_time).await, date(&instances.ahead).await);
        assert!((late - early).num_seconds() > 120, "{early} {late}");
        instances
    }

    fn clients(&self) -> [Client; 2] {
        [&self.on_time, &self.ahead].map(|instance| Client::new(&instance.base, None))
    }
}

pub fn by_sessions() -> Vec<(&'static str, String)> {
    vec![
        ("UP_JWT_MANAGEMENT", "refresh".to_owned()),
        ("UP_ADVANCED_SETTINGS", "{}".to_owned()),
    ]
}

pub async fn refresh(client: &Client, token: &str) -> Answer {
    client
        .post("/api/auth/refresh", json!({ "refreshToken": token }))
        .await
}

pub async fn sign_in(client: &Client) -> Pair {
    let body = json!({ "identifier": "ann", "password": PASSWORD });
    Pair::of(&client.post("/api/auth/local", body).await.expect(200))
}

pub async fn register(client: &Client) -> Value {
    let body = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
    client
        .post("/api/auth/local/register", body)
        .await
        .expect(200)
}

/// As if every exchange so far had been so many seconds earlier, whenever that was.
fn age(database: &TestDatabase, seconds: u32) {
    let earlier = match database.kind() {
        Kind::Mysql => format!("DATE_SUB(used_at, INTERVAL {seconds} SECOND)"),
        _ => format!("used_at - INTERVAL '{seconds} seconds'"),
    };
    database.execute(&format!("UPDATE up_used_tokens SET used_at = {earlier}"));
}

async fn rotation(kind: Kind) {
    let instances = Instances::start(kind, &by_sessions()).await;
    register(&instances.clients()[0]).await;
    let [on_time, ahead] = instances.clients();
    for (one, other) in [(&on_time, &ahead), (&ahead, &on_time)] {
        // A tab that was slower by a moment, at the other instance: the family lives on.
        let first = sign_in(one).await;
        let second = Pair::of(&refresh(one, &first.refresh).await.expect(200));
        expect_refused(&refresh(other, &first.refresh).await);
        let third = Pair::of(&refresh(one, &second.refresh).await.expect(200));
        // A copy that comes when the moment is over: the family ends.
        age(&instances.database, 11);
        expect_refused(&refresh(other, &second.refresh).await);
        for client in [one, other] {
            expect_refused(&refresh(client, &third.refresh).await);
        }
    }
}

async fn short_lives(kind: Kind) {
    // Shorter than the difference of the clocks.
    let short = r#"{"idleRefreshTokenLifespan":100}"#.to_owned();
    let more = [by_sessions(), vec![("UP_SESSIONS", short)]].concat();
    let instances = Instances::start(kind, &more).await;
    register(&instances.clients()[0]).await;
    let [on_time, ahead] = instances.clients();
    for (one, other) in [(&on_time, &ahead), (&ahead, &on_time)] {
        let first = sign_in(one).await;
        let second = Pair::of(&refresh(other, &first.refresh).await.expect(200));
        let third = Pair::of(&refresh(other, &second.refresh).await.expect(200));
        refresh(one, &third.refresh).await.expect(200);
    }
}

async fn mail(kind: Kind) {
    // An instance that holds a mail does so for two minutes.
    let times = r#"{"timeout":30000,"lease":120000,"poll_interval":100,"attempts":5}"#;
    let instances = Instances::start(kind, &[("UP_MAIL", times.to_owned())]).await;
    let [on_time, _] = instances.clients();
    instances.sink.set_mode(Mode::Stall);
    register(&on_time).await;
    instances.sink.wait_for_connections(1).await;
    // Many looks at the outbox later it is still the one's whose it was.
    actix_web::rt::time::sleep(Duration::from_millis(1_500)).await;
    let attempts = "SELECT COALESCE(MAX(attempts), 0) FROM up_outbox";
    assert_eq!(instances.database.number(attempts), 1);
    assert_eq!(instances.sink.connections(), 1);
}

/// The settings of a provider `acme2` that is made of them.
pub fn with_acme2(simulators: &Simulators) -> Vec<(&'static str, String)> {
    let at = |place: &str| format!("{}/{place}", simulators.base());
    let provider = json!({ "acme2": {
        "enabled": true, "key": "client-id", "secret": "client-secret", "callback": "https://front.example/cb",
        "scope": ["openid", "profile", "email"], "authorize_url": at("acme.example/authorize"),
        "access_url": at("acme.example/token"), "profile_url": at("acme.example/userinfo"),
    } });
    vec![("UP_PROVIDERS", provider.to_string())]
}

async fn ticket(kind: Kind) {
    let simulators = Simulators::start().await;
    let instances = Instances::start(kind, &with_acme2(&simulators)).await;
    let [on_time, ahead] = instances.clients();
    for (one, other) in [(&on_time, &ahead), (&ahead, &on_time)] {
        let back = Browser::of(one.clone()).login("acme2").await;
        let answer = Browser::of(other.clone())
            .redeem("acme2", &back["access_token"])
            .await;
        let body = answer.expect(200);
        assert_eq!(body["user"]["provider"], "acme2");
        // The browser may come back to another instance than it left from.
        let (mut leaving, mut returning) = (Browser::of(one.clone()), Browser::of(other.clone()));
        leaving.connect("acme2", &[]).await;
        (returning.cookie, returning.location) = (leaving.cookie, leaving.location);
        let back = returning.come_back().await;
        assert!(back.contains_key("access_token"), "{back:?}");
    }
}

async fn pages(kind: Kind) {
    let instances = Instances::start(kind, &[]).await;
    let [on_time, ahead] = instances.clients();
    for (one, other) in [(&on_time, &ahead), (&ahead, &on_time)] {
        let mut browser = Pages::of(one.clone());
        browser.sign_in("admin", "AdminPass1").await;
        let mut elsewhere = Pages::of(other.clone());
        elsewhere.jar = browser.jar.clone();
        for browser in [&mut browser, &mut elsewhere] {
            assert_eq!(browser.get("/admin").await.status, 200);
        }
    }
}

/// Both databases that several processes can use.
macro_rules! on_servers {
    ($($(#[$meta:meta])* $name:ident, $run:ident;)*) => {$(
        mod $name {
            $(#[$meta])*
            #[actix_web::test]
            async fn postgres() {
                if acceptance::Kind::Postgres.is_available() {
                    super::$run(acceptance::Kind::Postgres).await;
                }
            }

            $(#[$meta])*
            #[actix_web::test]
            async fn mysql() {
                if acceptance::Kind::Mysql.is_available() {
                    super::$run(acceptance::Kind::Mysql).await;
                }
            }
        }
    )*};
}

on_servers! {
    whoever_has_the_later_clock_takes_a_race_for_a_race_and_a_replay_for_a_replay, rotation;
    a_session_lives_as_long_at_every_instance, short_lives;
    a_mail_that_one_instance_holds_is_taken_by_no_other, mail;
    a_social_login_goes_on_at_every_instance, ticket;
    an_administrator_is_signed_in_at_every_instance, pages;
}
