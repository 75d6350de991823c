//! Mails survive `kill -9`: none that was written is lost, and what comes twice is the same mail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use acceptance::{Kind, PASSWORD, Received, SECRET, SmtpSink, TestDatabase};
use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};

const USERS: usize = 20;
/// Short, so that the mails of the dead are taken over within the test's time.
const TIMES: &str = r#"{"timeout":3000,"lease":4000,"first_pause":100,"longest_pause":1000,"poll_interval":200,"attempts":1000}"#;
/// A mail that is asked for is written right after the answer, so that the answer tells nobody who has
/// an account: a request answered so shortly before its server was killed may have none.
const WRITTEN_WITHIN: Duration = Duration::from_millis(1_000);
/// How long after the mail server's yes it may take to note it.
const NOTED_WITHIN: Duration = Duration::from_millis(1_000);

/// The example app of this profile, built once.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), Into::into);
        let (directory, release): (_, &[&str]) = if cfg!(debug_assertions) {
            ("debug", &[])
        } else {
            ("release", &["--release"])
        };
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "-p", "example_app"])
            .args(["--features", "postgres,mysql"])
            .args(release)
            .current_dir(&root)
            .status()
            .expect("cargo");
        assert!(built.success());
        target.join(directory).join("example_app")
    })
}

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

/// What every process is started with.
struct Setup {
    database: String,
    smtp: String,
    directory: tempfile::TempDir,
}

/// One process.
struct Instance {
    process: Child,
    base: String,
}

impl Drop for Instance {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Instance {
    async fn start(setup: &Setup, http: &Client) -> Self {
        for _ in 0..5 {
            let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
            let port = listener.local_addr().expect("an address").port();
            drop(listener);
            let process = Command::new(program())
                .current_dir(setup.directory.path())
                .env_clear()
                .envs([
                    ("PORT", port.to_string().as_str()),
                    ("DATABASE_URL", &setup.database),
                    ("SMTP_URL", &setup.smtp),
                    ("UP_MAIL", TIMES),
                    ("JWT_SECRET", SECRET),
                    ("UP_ADVANCED_SETTINGS", r#"{"email_confirmation":true}"#),
                    ("UP_BCRYPT_COST", "4"),
                    ("UP_RATELIMIT", r#"{"enabled":false}"#),
                    ("UP_PASSWORD_POLICY", "strapi"),
                    ("UP_ADMIN_EMAIL", "admin@example.com"),
                    ("UP_ADMIN_PASSWORD", "AdminPass1"),
                    ("UP_POOL_SIZE", "4"),
                    ("RUST_LOG", "off"),
                ])
                .stdout(Stdio::null())
                .spawn()
                .expect("the example app");
            let base = format!("http://127.0.0.1:{port}");
            let mut instance = Self { process, base };
            if instance.answers(http).await {
                return instance;
            }
        }
        panic!("it does not start");
    }

    /// Waits for the start; false when the process ended, for its port was taken meanwhile.
    async fn answers(&mut self, http: &Client) -> bool {
        let started = Instant::now();
        while self.process.try_wait().expect("a process").is_none() {
            let health = http.get(format!("{}/health", self.base)).send().await;
            if health.is_ok_and(|answer| answer.status() == 200) {
                return true;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "no start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// SIGKILL; answers when it was over.
    fn kill(&mut self) -> Instant {
        self.process.kill().expect("a running process");
        self.process.wait().expect("a process that ended");
        Instant::now()
    }
}

/// A request that was answered 200.
struct Answered {
    register: bool,
    address: String,
    server: usize,
    at: Instant,
}

async fn post(http: &Client, base: &str, path: &str, body: Value) -> Option<reqwest::StatusCode> {
    let answer = http.post(format!("{base}{path}")).json(&body).send().await;
    Some(answer.ok()?.status())
}

async fn register(http: Client, base: String, name: String) -> Option<String> {
    let address = format!("{name}@example.com");
    let body = json!({ "username": name, "email": address, "password": PASSWORD });
    let status = post(&http, &base, "/api/auth/local/register", body).await?;
    assert_eq!(status, 200, "registration of {name}");
    Some(address)
}

async fn forgot(http: Client, base: String, address: String) -> Option<String> {
    let body = json!({ "email": address });
    let status = post(&http, &base, "/api/auth/forgot-password", body).await?;
    assert_eq!(status, 200, "{address}");
    Some(address)
}

/// What happened so far.
#[derive(Default)]
struct History {
    asked: usize,
    answered: Vec<Answered>,
    /// Which process, and when.
    kills: Vec<(usize, Instant)>,
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
    servers: &mut [Instance; 2],
    http: &Client,
    sink: &SmtpSink,
    history: &mut History,
) {
    let requests = 4 + dice.below(6);
    let mut asked = Vec::new();
    for request in 0..requests {
        let server = dice.below(2) as usize;
        let (http, base) = (http.clone(), servers[server].base.clone());
        let (pause, user) = (dice.below(60), dice.below(USERS as u64));
        let is_registration = dice.below(3) == 0;
        asked.push(tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let address = if is_registration {
                register(http, base, format!("new-{number}-{request}")).await?
            } else {
                forgot(http, base, format!("user-{user}@example.com")).await?
            };
            Some(Answered {
                register: is_registration,
                address,
                server,
                at: Instant::now(),
            })
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
    let victims: &[usize] = match dice.below(3) {
        0 => &[0],
        1 => &[1],
        _ => &[0, 1],
    };
    for &victim in victims {
        let at = servers[victim].kill();
        history.kills.push((victim, at));
    }
    history.asked += asked.len();
    for request in asked {
        history.answered.extend(request.await.expect("a request"));
    }
}

/// Waits until no mail waits.
async fn drain(database: &TestDatabase) {
    let started = Instant::now();
    let queued = "SELECT COUNT(*) FROM up_outbox WHERE state = 'queued'";
    while database.number(queued) > 0 {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "mails wait for ever"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Every mail that was written arrived; copies are alike and tell of a kill. Answers how many copies.
fn check_mails(rows: &[[String; 4]], mails: &[Received], history: &History) -> usize {
    let mut copies: BTreeMap<String, Vec<&Received>> = BTreeMap::new();
    for mail in mails {
        copies
            .entry(mail.header("Message-ID"))
            .or_default()
            .push(mail);
    }
    for [id, kind, recipient, state] in rows {
        assert_eq!(state, "sent", "{kind} to {recipient}");
        let arrived = copies
            .get(id)
            .unwrap_or_else(|| panic!("lost: {kind} to {recipient}"));
        for pair in arrived.windows(2) {
            let [first, second] = pair else { continue };
            let content = |mail: &Received| {
                (
                    mail.subject(),
                    mail.text(),
                    mail.html(),
                    mail.rcpt_to.clone(),
                )
            };
            assert_eq!(content(first), content(second));
            let near = |kill: &Instant| {
                let distance = kill.max(&first.at).duration_since(*kill.min(&first.at));
                distance < NOTED_WITHIN
            };
            assert!(
                history.kills.iter().any(|(_, kill)| near(kill)),
                "{kind} to {recipient} came twice and nobody was killed"
            );
        }
    }
    let known: BTreeSet<_> = rows.iter().map(|[id, ..]| id).collect();
    assert!(
        copies.keys().all(|id| known.contains(id)),
        "a mail nobody wrote"
    );
    mails.len() - copies.len()
}

/// Every registration that was answered has its mail, and so has every forgotten password but those
/// whose server was killed right after the answer. Answers how many of these have none.
fn check_answers(rows: &[[String; 4]], history: &History) -> usize {
    let count = |kind: &str, address: &str| {
        let of = rows
            .iter()
            .filter(|[_, k, to, _]| k == kind && to == address);
        of.count()
    };
    for answered in history.answered.iter().filter(|answered| answered.register) {
        let address = &answered.address;
        assert_eq!(count("email_confirmation", address), 1, "{address}");
    }
    let mut missing = 0;
    for user in 0..USERS {
        let address = format!("user-{user}@example.com");
        let resets = history
            .answered
            .iter()
            .filter(|a| !a.register && a.address == address);
        let (excused, certain): (Vec<_>, Vec<_>) = resets.partition(|answered| {
            let mut kills = history
                .kills
                .iter()
                .filter(|(server, at)| *server == answered.server && *at >= answered.at);
            kills
                .next()
                .is_some_and(|(_, at)| *at - answered.at < WRITTEN_WITHIN)
        });
        let written = count("reset_password", &address);
        assert!(
            written >= certain.len(),
            "{address}: {written} of {}",
            certain.len()
        );
        missing += (certain.len() + excused.len()).saturating_sub(written);
    }
    missing
}

/// The newest code of everybody opens the account.
async fn check_codes(rows: &[[String; 4]], mails: &[Received], http: &Client, base: &str) {
    let newest: BTreeMap<_, _> = rows
        .iter()
        .filter(|[_, kind, ..]| kind == "reset_password")
        .map(|[id, _, to, _]| (to, id))
        .collect();
    for (address, id) in newest {
        let mail = mails.iter().find(|mail| mail.header("Message-ID") == *id);
        let html = mail.expect("a mail").html();
        let (_, rest) = html.split_once("?code=").expect("a link");
        let code: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        let body = json!({ "code": code, "password": PASSWORD, "passwordConfirmation": PASSWORD });
        let status = post(http, base, "/api/auth/reset-password", body).await;
        assert_eq!(status.expect("an answer"), 200, "{address}");
    }
}

async fn kill_rounds(kind: Kind, rounds: usize) {
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
    };
    let http = Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()
        .expect("a client");
    let mut servers = [
        Instance::start(&setup, &http).await,
        Instance::start(&setup, &http).await,
    ];
    let people = (0..USERS).map(|user| {
        register(
            http.clone(),
            servers[0].base.clone(),
            format!("user-{user}"),
        )
    });
    assert!(join_all(people).await.iter().all(Option::is_some));
    let mut history = History::default();
    for number in 0..rounds {
        round(&mut dice, number, &mut servers, &http, &sink, &mut history).await;
        for server in &mut servers {
            if server.process.try_wait().expect("a process").is_some() {
                *server = Instance::start(&setup, &http).await;
            }
        }
    }
    // What was asked for in the last round is written by now, or never.
    tokio::time::sleep(WRITTEN_WITHIN).await;
    drain(&database).await;
    let (rows, mails) = (rows(&database), sink.mails());
    let copies = check_mails(&rows, &mails, &history);
    let missing = check_answers(&rows, &history);
    let unproven = "SELECT COUNT(*) FROM up_users WHERE confirmed = FALSE AND email NOT IN (SELECT recipient FROM up_outbox WHERE kind = 'email_confirmation')";
    assert_eq!(
        database.number(unproven),
        0,
        "somebody was created without a mail"
    );
    check_codes(&rows, &mails, &http, &servers[0].base).await;
    eprintln!(
        "{kind:?}: {rounds} rounds, {} kills, {} requests, {} answered; {} mails written, {} delivered, {copies} of them again with the same Message-ID; {missing} resets not written, for the server was killed right after the answer; {:.0?}",
        history.kills.len(),
        history.asked,
        history.answered.len(),
        rows.len(),
        mails.len(),
        begun.elapsed(),
    );
    drop(servers);
}

#[ignore = "long"]
#[actix_web::test]
async fn no_written_mail_is_lost_when_instances_over_postgres_are_killed() {
    if Kind::Postgres.is_available() {
        kill_rounds(Kind::Postgres, 100).await;
    }
}

#[ignore = "long"]
#[actix_web::test]
async fn no_written_mail_is_lost_when_instances_over_mariadb_are_killed() {
    if Kind::Mysql.is_available() {
        kill_rounds(Kind::Mysql, 40).await;
    }
}
