//! Mails survive `kill -9`: what was answered 200 arrives, and what comes twice is the same mail.

mod checks;
pub mod process;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use acceptance::{Kind, PASSWORD, SmtpSink, TestDatabase};
use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};

use self::process::{Instance, Setup};

const USERS: u64 = 20;

/// Numbers that look random and come again with their seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// A mail that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wish {
    /// By whoever registers.
    Confirmation(String),
    /// By whoever forgot a password.
    Reset(String),
    /// By somebody who has no account.
    Nothing(String),
}

impl Wish {
    fn address(&self) -> &str {
        let (Self::Confirmation(address) | Self::Reset(address) | Self::Nothing(address)) = self;
        address
    }

    fn roll(dice: &mut Dice, round: usize, request: u64) -> Self {
        match dice.below(7) {
            0 | 1 => Self::Confirmation(format!("new-{round}-{request}@example.com")),
            2 => Self::Nothing(format!("nobody-{}@example.com", dice.below(5))),
            _ => Self::Reset(format!("user-{}@example.com", dice.below(USERS))),
        }
    }

    /// Asks; true when the answer was 200, false when the server was dead or died.
    async fn ask(&self, http: &Client, base: &str) -> bool {
        let email = self.address();
        let (path, body) = match self {
            Self::Confirmation(_) => {
                let name = email.trim_end_matches("@example.com");
                let body = json!({ "username": name, "email": email, "password": PASSWORD });
                ("/api/auth/local/register", body)
            }
            _ => ("/api/auth/forgot-password", json!({ "email": email })),
        };
        let status = post(http, base, path, body).await;
        if let Some(status) = status {
            assert_eq!(status, 200, "{self:?}");
        }
        status.is_some()
    }
}

async fn post(http: &Client, base: &str, path: &str, body: Value) -> Option<reqwest::StatusCode> {
    let answer = http.post(format!("{base}{path}")).json(&body).send().await;
    Some(answer.ok()?.status())
}

/// What happened so far.
#[derive(Default)]
struct History {
    /// And whether it was answered 200.
    wishes: Vec<(Wish, bool)>,
    /// When, by the names of those who were killed.
    kills: BTreeMap<String, Instant>,
}

/// A process, and what it calls itself at the mail server.
struct Sender {
    name: String,
    instance: Instance,
}

/// Starts processes, each under a name that none had before: who brought a mail is told by its name.
struct Starter {
    setup: Setup,
    http: Client,
    started: usize,
}

impl Starter {
    async fn start(&mut self) -> Sender {
        self.started += 1;
        let name = format!("sender-{}.example", self.started);
        self.setup.more = vec![("PUBLIC_URL", format!("http://{name}"))];
        let instance = Instance::start(&self.setup, &self.http).await;
        Sender { name, instance }
    }
}

/// The rows of the outbox: Message-ID, kind, recipient, state.
fn rows(database: &TestDatabase) -> Vec<[String; 4]> {
    let row = "CONCAT_WS('|', message_id, kind, recipient, state)";
    let row = match database.kind() {
        Kind::Mysql => format!("CAST({row} AS CHAR)"),
        _ => row.to_owned(),
    };
    let lines = database.lines(&format!("SELECT {row} AS line FROM up_outbox ORDER BY id"));
    let parts = lines.iter().map(|line| {
        let parts: Vec<_> = line.split('|').map(str::to_owned).collect();
        <[String; 4]>::try_from(parts).expect("four parts")
    });
    parts.collect()
}

/// Requests that cause mails, and a kill among them.
async fn round(
    dice: &mut Dice,
    number: usize,
    servers: &mut [Sender],
    http: &Client,
    sink: &SmtpSink,
    history: &mut History,
) {
    let requests = 4 + dice.below(6);
    let mut asked = Vec::new();
    for request in 0..requests {
        let server = dice.below(servers.len() as u64) as usize;
        let (http, base) = (http.clone(), servers[server].instance.base.clone());
        let pause = dice.below(60);
        let wish = Wish::roll(dice, number, request);
        asked.push(tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let answered = wish.ask(&http, &base).await;
            (wish, answered)
        }));
    }
    let before = sink.mails().len();
    // Now and then at the worst moment: when a mail was taken just now.
    if dice.below(4) == 0 {
        let taken = sink.wait_for(before + 1);
        drop(tokio::time::timeout(Duration::from_millis(300), taken).await);
    } else {
        tokio::time::sleep(Duration::from_millis(dice.below(120))).await;
    }
    let victims = match dice.below(3) {
        0 => 0..1,
        1 => servers.len() - 1..servers.len(),
        _ => 0..servers.len(),
    };
    for victim in &mut servers[victims] {
        let killed = victim.instance.kill();
        history.kills.insert(victim.name.clone(), killed);
    }
    for request in asked {
        history.wishes.push(request.await.expect("a request"));
    }
}

/// Waits until no wish and no mail waits.
async fn drain(database: &TestDatabase) {
    let started = Instant::now();
    let wishes = "SELECT COUNT(*) FROM up_mail_requests";
    let queued = "SELECT COUNT(*) FROM up_outbox WHERE state = 'queued'";
    while database.number(wishes) > 0 || database.number(queued) > 0 {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "mails wait for ever"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn kill_rounds(kind: Kind, instances: usize, rounds: usize) {
    let seed = std::env::var("UP_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("{kind:?}: UP_TEST_SEED={seed}");
    let mut dice = Dice(seed);
    let begun = Instant::now();
    let sink = SmtpSink::start().await;
    let database = TestDatabase::create(kind);
    let setup = Setup {
        database: database.url(),
        smtp: sink.url(),
        directory: tempfile::tempdir().expect("a directory"),
        more: Vec::new(),
    };
    let http = Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()
        .expect("a client");
    let mut starter = Starter {
        setup,
        http: http.clone(),
        started: 0,
    };
    let mut servers = Vec::new();
    for _ in 0..instances {
        servers.push(starter.start().await);
    }
    let mut history = History::default();
    let wish = |user| Wish::Confirmation(format!("user-{user}@example.com"));
    for wish in (0..USERS).map(wish) {
        history.wishes.push((wish, true));
    }
    let asked = history.wishes.iter();
    let asked = asked.map(|(wish, _)| wish.ask(&http, &servers[0].instance.base));
    assert!(join_all(asked).await.iter().all(|answered| *answered));
    for number in 0..rounds {
        round(&mut dice, number, &mut servers, &http, &sink, &mut history).await;
        for server in &mut servers {
            if server.instance.is_dead() {
                *server = starter.start().await;
            }
        }
    }
    drain(&database).await;
    let (rows, mails) = (rows(&database), sink.mails());
    let copies = checks::check_mails(&rows, &mails, &history);
    checks::check_answers(&rows, &history);
    let unproven = "SELECT COUNT(*) FROM up_users WHERE confirmed = FALSE AND email NOT IN (SELECT recipient FROM up_outbox WHERE kind = 'email_confirmation')";
    assert_eq!(
        database.number(unproven),
        0,
        "somebody was created without a mail"
    );
    checks::check_codes(&rows, &mails, &http, &servers[0].instance.base).await;
    let answered = history.wishes.iter().filter(|(_, answered)| *answered);
    eprintln!(
        "{kind:?}: {rounds} rounds, {} kills, {} requests, {} answered; {} mails written, {} delivered, {copies} of them again with the same Message-ID; {:.0?}",
        history.kills.len(),
        history.wishes.len(),
        answered.count(),
        rows.len(),
        mails.len(),
        begun.elapsed(),
    );
    drop(servers);
}

// Its database is one process's; what that left behind, the next one finds.
#[ignore = "long"]
#[actix_web::test]
async fn no_mail_is_lost_when_the_instance_over_sqlite_is_killed() {
    kill_rounds(Kind::Sqlite, 1, 100).await;
}

#[ignore = "long"]
#[actix_web::test]
async fn no_mail_is_lost_when_instances_over_postgres_are_killed() {
    if Kind::Postgres.is_available() {
        kill_rounds(Kind::Postgres, 2, 100).await;
    }
}

#[ignore = "long"]
#[actix_web::test]
async fn no_mail_is_lost_when_instances_over_mariadb_are_killed() {
    if Kind::Mysql.is_available() {
        kill_rounds(Kind::Mysql, 2, 100).await;
    }
}
