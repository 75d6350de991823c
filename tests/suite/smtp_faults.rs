//! Whatever the mail server does, account routes answer as ever, and the mails come when it is back.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use acceptance::{
    Client, Encryption, Kind, Mode, PASSWORD, Server, SmtpSink, TestDatabase, config,
    on_every_database,
};
use serde_json::{Value, json};

use crate::mail_delivery::{quick, send, wait_for_mail, wait_for_state};

const FORGOT: &str = "/api/auth/forgot-password";
const REGISTER: &str = "/api/auth/local/register";

async fn timed(client: &Client, path: &str, body: Value) -> (Value, Duration) {
    let begin = Instant::now();
    let answer = client.post(path, body).await;
    let time = begin.elapsed();
    (answer.expect(200), time)
}

/// What is wrong with the mail server.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Nothing,
    Down,
    Misbehaves(Mode),
    WrongCertificate,
}

const FAULTS: [Fault; 8] = [
    Fault::Nothing,
    Fault::Down,
    Fault::Misbehaves(Mode::Stall),
    Fault::Misbehaves(Mode::StallAfterData),
    Fault::Misbehaves(Mode::DropInData),
    Fault::Misbehaves(Mode::Refuse(451)),
    Fault::Misbehaves(Mode::Refuse(550)),
    Fault::WrongCertificate,
];

/// Waits until `sql` counts so many rows.
async fn wait_for(database: &TestDatabase, sql: &str, count: i64) {
    let started = Instant::now();
    while database.number(sql) != count {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{sql}: not {count}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks for three mails of either kind. Answers what was answered, with what differs from user to user
/// taken out, and the medians of the times.
async fn ask(server: &Server) -> (Vec<Value>, Duration) {
    let client = server.anonymous();
    let (mut shapes, mut times) = (Vec::new(), Vec::new());
    for user in ["ann", "bob", "cleo"] {
        let email = format!("{user}@example.com");
        let body = json!({ "username": user, "email": email, "password": PASSWORD });
        let (registered, register_time) = timed(&client, REGISTER, body).await;
        let mut shape = registered;
        let registered = shape["user"].as_object_mut().expect("a user");
        for own in ["id", "documentId", "createdAt", "updatedAt", "publishedAt"] {
            registered.remove(own);
        }
        let (forgot, forgot_time) = timed(&client, FORGOT, json!({ "email": email })).await;
        shapes.extend([shape, forgot]);
        times.push(register_time.max(forgot_time));
    }
    times.sort();
    (shapes, times[1])
}

on_every_database! {
    async fn answers_do_not_tell_of_a_broken_mail_server(kind) {
        let mut usual = None;
        for fault in FAULTS {
            let encryption = if fault == Fault::WrongCertificate { Encryption::StartTls } else { Encryption::None };
            let sink = SmtpSink::start_with(encryption, "mail.example.com").await;
            let url = match fault {
                Fault::Down => {
                    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
                    format!("smtp://{free}")
                }
                Fault::WrongCertificate => format!("{}?tls=required", sink.url()),
                _ => sink.url(),
            };
            if let Fault::Misbehaves(mode) = fault {
                sink.set_mode(mode);
            }
            let server = Server::start_with(kind, |config| {
                config.mail.smtp_url = Some(url.as_str().into());
                config.mail.timeout = Duration::from_secs(1);
                config.mail.lease = Duration::from_secs(2);
                config.mail.first_pause = Duration::from_millis(200);
                config.mail.longest_pause = Duration::from_millis(400);
                config.mail.attempts = 1_000;
                config.advanced_settings.email_confirmation = true;
            }).await;
            let (shapes, time) = ask(&server).await;
            assert!(time < Duration::from_millis(200), "{fault:?}: {time:?}");
            assert_eq!(&shapes, usual.get_or_insert_with(|| shapes.clone()), "{fault:?}");
            let database = server.database();
            wait_for(database, "SELECT COUNT(*) FROM up_outbox", 6).await;
            // No code is burned by what the mail server does.
            assert_eq!(database.number("SELECT COUNT(*) FROM up_user_codes WHERE used_at IS NULL"), 6);
            let state = match fault {
                Fault::Nothing => "sent",
                Fault::Misbehaves(Mode::Refuse(550)) => "dead",
                _ => "queued",
            };
            let tried = format!("SELECT COUNT(*) FROM up_outbox WHERE state = '{state}' AND attempts > 0");
            wait_for(database, &tried, 6).await;
            if let Fault::Misbehaves(mode) = fault {
                works_again(&server, &sink, mode).await;
            }
        }
    }
}

/// The mail server is well again: every mail comes, and the codes in them work.
async fn works_again(server: &Server, sink: &SmtpSink, mode: Mode) {
    sink.set_mode(Mode::Accept);
    let admin = server.admin().await;
    if mode == Mode::Refuse(550) {
        let dead = admin.get("/api/users-permissions/outbox?state=dead").await;
        for mail in dead.expect(200)["mails"].as_array().expect("a list") {
            let retry = format!("/api/users-permissions/outbox/{}/retry", mail["id"]);
            admin.post(&retry, json!({})).await.expect(200);
        }
    }
    wait_for(
        server.database(),
        "SELECT COUNT(*) FROM up_outbox WHERE state = 'sent'",
        6,
    )
    .await;
    let mails = sink.mails();
    let mail = mails
        .iter()
        .find(|mail| mail.subject() == "Reset password" && mail.rcpt_to == ["ann@example.com"]);
    let html = mail.expect("a mail").html();
    let (_, rest) = html.split_once("?code=").expect("a link");
    let code: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    let body =
        json!({ "code": code, "password": "An0ther!one", "passwordConfirmation": "An0ther!one" });
    server
        .anonymous()
        .post("/api/auth/reset-password", body)
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_late_answer_to_one_mail_is_no_answer_to_the_next() {
    let timeout = Duration::from_secs(1);
    let sink = SmtpSink::start().await;
    sink.set_mode(Mode::AnswerLate(timeout + Duration::from_millis(200)));
    let server = Server::start_with(Kind::Sqlite, |config| {
        quick(config, &sink.url());
        config.mail.timeout = timeout;
        // The first is not tried again meanwhile, which would have its own answer in time.
        config.mail.first_pause = Duration::from_secs(3_600);
        config.mail.longest_pause = Duration::from_secs(3_600);
    })
    .await;
    let admin = server.admin().await;
    send(&server, "taken late").await;
    let given_up = |mail: &Value| !mail["lastError"].is_null();
    let first = wait_for_mail(&admin, given_up).await;
    assert_eq!(first["state"], "queued", "{first}");
    assert_eq!(sink.mails().len(), 1, "it was read, and is being answered");
    sink.set_mode(Mode::RefuseData(552));
    send(&server, "refused").await;
    let second = wait_for_mail(&admin, |mail| mail["state"] != "queued").await;
    assert_eq!(second["state"], "dead", "{second}");
    let error = second["lastError"].as_str().expect("an error");
    assert!(error.contains("not today"), "{error}");
}

#[actix_web::test]
async fn mails_that_follow_each_other_go_over_one_connection_until_something_goes_wrong() {
    let sink = SmtpSink::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| quick(config, &sink.url())).await;
    let admin = server.admin().await;
    let all_sent = async |count: i64| {
        let sent = "SELECT COUNT(*) FROM up_outbox WHERE state = 'sent'";
        wait_for(server.database(), sent, count).await;
    };
    for count in 1..=3 {
        send(&server, "one by one").await;
        all_sent(count).await;
    }
    assert_eq!(sink.connections(), 1);
    sink.set_mode(Mode::RefuseData(552));
    send(&server, "refused").await;
    wait_for_state(&admin, "dead").await;
    sink.set_mode(Mode::Accept);
    send(&server, "afterwards").await;
    all_sent(4).await;
    assert_eq!(sink.connections(), 2);
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[(times.len() - 1) * percent / 100]
}

/// Blocks of requests, and requests of each.
const BLOCKS: usize = 12;
const REQUESTS: usize = 40;

on_every_database! {
    #[ignore = "long"]
    async fn a_mail_server_that_is_away_costs_no_answer_any_time(kind) {
        let sink = SmtpSink::start().await;
        let database = TestDatabase::create(kind);
        let mut config = config(&database);
        config.mail.smtp_url = Some(sink.url().as_str().into());
        config.mail.timeout = Duration::from_secs(2);
        config.mail.lease = Duration::from_secs(3);
        config.mail.first_pause = Duration::from_millis(500);
        config.mail.longest_pause = Duration::from_secs(1);
        config.mail.poll_interval = Duration::from_millis(200);
        config.mail.attempts = 1_000;
        let server = Server::with_config(config).await;
        for user in 0..REQUESTS {
            server.register(&format!("user{user}")).await;
        }
        let client = server.anonymous();
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        let modes = [Mode::Accept, Mode::Stall, Mode::Refuse(451)];
        for block in 0..BLOCKS {
            // In turns, so that what the machine does meanwhile falls on all alike.
            for step in 0..modes.len() {
                let mode = (block + step) % modes.len();
                sink.set_mode(modes[mode]);
                for user in 0..REQUESTS {
                    let body = json!({ "email": format!("user{user}@example.com") });
                    let (answer, time) = timed(&client, FORGOT, body).await;
                    assert_eq!(answer, json!({ "ok": true }));
                    times[mode].push(time);
                }
                let asked = (block * modes.len() + step + 1) * REQUESTS;
                wait_for(&database, "SELECT COUNT(*) FROM up_outbox", asked as i64).await;
                // What waits must not be sent while the next block is measured.
                sink.set_mode(Mode::Accept);
                wait_for(&database, "SELECT COUNT(*) FROM up_outbox WHERE state <> 'sent'", 0).await;
            }
        }
        let requests = times[0].len();
        let [accepts, stalls, refuses] = times.each_mut().map(|times| percentile(times, 99));
        eprintln!("{kind:?}: p99 of forgot-password over {requests} requests each: accepting {accepts:.1?}, stalling {stalls:.1?}, refusing {refuses:.1?}");
        for away in [stalls, refuses] {
            assert!(away <= accepts.mul_f64(1.5) + Duration::from_millis(5), "{away:?}, {accepts:?}");
        }
        let all = 3 * requests;
        assert!(requests >= 300);
        let mut ids: Vec<_> = sink.mails().iter().map(|mail| mail.header("Message-ID")).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all, "every mail came when the server was back");
        drop((server, database));
    }
}
