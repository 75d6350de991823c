//! Mails leave through a real mail server, once, and survive its moods.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use acceptance::{
    Client, Encryption, Kind, Mode, Server, SmtpSink, TestDatabase, config, on_every_database,
};
use serde_json::{Value, json};
use users_permissions::{Config, Email, Mail};

const OUTBOX: &str = "/api/users-permissions/outbox";

/// Short pauses, so that nobody waits.
pub fn quick(config: &mut Config, url: &str) {
    config.mail.smtp_url = Some(url.into());
    config.mail.first_pause = Duration::from_millis(20);
    config.mail.longest_pause = Duration::from_millis(80);
    config.mail.poll_interval = Duration::from_millis(50);
    config.mail.timeout = Duration::from_secs(2);
    config.mail.lease = Duration::from_secs(5);
}

pub fn mail(to: &str, subject: &str) -> Mail {
    Mail::new(
        Email::parse(to).unwrap(),
        subject,
        format!("text of {subject}"),
    )
}

pub async fn send(server: &Server, subject: &str) {
    server
        .up
        .send_mail(mail("ann@example.com", subject))
        .await
        .expect("a stored mail");
}

/// Waits until the newest mail is as described.
pub async fn wait_for_mail(admin: &Client, right: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let mails = admin.get(OUTBOX).await.expect(200);
        let newest = &mails["mails"][0];
        if right(newest) {
            return newest.clone();
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{mails}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn wait_for_state(admin: &Client, state: &str) -> Value {
    wait_for_mail(admin, |mail| mail["state"] == state).await
}

on_every_database! {
    async fn a_mail_arrives_and_its_content_is_forgotten(kind) {
        let sink = SmtpSink::start().await;
        let server = Server::start_with(kind, |config| quick(config, &sink.url())).await;
        let admin = server.admin().await;
        let own = mail("ann@example.com", "Grüße").html("<p>Hallo</p>");
        server.up.send_mail(own).await.unwrap();
        let received = sink.wait_for(1).await.remove(0);
        assert_eq!((received.subject().as_str(), received.text().trim(), received.html().trim()), ("Grüße", "text of Grüße", "<p>Hallo</p>"));
        assert_eq!(received.rcpt_to, ["ann@example.com"]);
        let row = wait_for_state(&admin, "sent").await;
        assert_eq!(row["messageId"], received.header("Message-ID"));
        assert_eq!((&row["attempts"], &row["to"], &row["kind"]), (&json!(1), &json!("ann@example.com"), &json!("application")));
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_outbox WHERE sealed IS NOT NULL"), 0);
    }

    async fn a_mail_of_a_transaction_that_is_undone_is_never_sent(kind) {
        let sink = SmtpSink::start().await;
        let server = Server::start_with(kind, |config| quick(config, &sink.url())).await;
        for undone in [true, false] {
            let up = server.up.clone();
            let database = server.up.database();
            let outcome = database.run(move |conn| {
                use diesel::Connection as _;
                conn.transaction(|conn| {
                    up.queue_mail(conn, &mail("ann@example.com", &format!("undone {undone}")))?;
                    if undone { Err(users_permissions::Error::application("no")) } else { Ok(()) }
                })
            });
            assert_eq!(outcome.await.is_err(), undone);
        }
        sink.wait_for(1).await;
        wait_for_state(&server.admin().await, "sent").await;
        assert_eq!(sink.mails().len(), 1);
        assert_eq!(sink.mails()[0].subject(), "undone false");
    }

    async fn two_instances_send_every_mail_once(kind) {
        let sink = SmtpSink::start().await;
        let database = TestDatabase::create(kind);
        let start = || async {
            let mut config = config(&database);
            quick(&mut config, &sink.url());
            config.mail.poll_interval = Duration::from_millis(10);
            Server::with_config(config).await
        };
        let (first, second) = (start().await, start().await);
        for index in 0..40 {
            send(if index % 2 == 0 { &first } else { &second }, &format!("mail {index}")).await;
        }
        let mut subjects: Vec<_> = sink.wait_for(40).await.iter().map(acceptance::Received::subject).collect();
        let admin = first.admin().await;
        let done = || async { admin.get(&format!("{OUTBOX}?state=queued")).await.expect(200)["mails"] == json!([]) };
        while !done().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(sink.mails().len(), 40);
        subjects.sort();
        subjects.dedup();
        assert_eq!(subjects.len(), 40);
        drop((first, second, database));
    }

    // The row as an instance leaves it that dies while it sends.
    async fn the_mail_of_an_instance_that_died_is_sent_by_another_when_its_lease_ends(kind) {
        let sink = SmtpSink::start().await;
        let database = TestDatabase::create(kind);
        let mut deaf = config(&database);
        // Mails are written and nobody sends them.
        quick(&mut deaf, "smtp://127.0.0.1:1");
        deaf.mail.first_pause = Duration::from_secs(3_600);
        deaf.mail.longest_pause = Duration::from_secs(3_600);
        let first = Server::with_config(deaf).await;
        send(&first, "inherited").await;
        wait_for_mail(&first.admin().await, |mail| mail["attempts"] == 1 && !mail["lastError"].is_null()).await;
        drop(first);
        let soon = match kind {
            Kind::Sqlite => "strftime('%Y-%m-%d %H:%M:%f', 'now', '+2 seconds')",
            Kind::Postgres => "(now() AT TIME ZONE 'utc') + interval '2 seconds'",
            Kind::Mysql => "UTC_TIMESTAMP(6) + INTERVAL 2 SECOND",
        };
        database.execute(&format!("UPDATE up_outbox SET claim = 'gone', due_at = {soon}"));
        let claimed = Instant::now();
        let mut config = config(&database);
        quick(&mut config, &sink.url());
        let second = Server::with_config(config).await;
        sink.wait_for(1).await;
        assert!(claimed.elapsed() > Duration::from_millis(1_800), "{:?}", claimed.elapsed());
        let row = wait_for_state(&second.admin().await, "sent").await;
        assert_eq!(row["attempts"], 2);
        drop((second, database));
    }

    async fn while_the_server_is_away_mails_wait_and_answers_do_not(kind) {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let database = TestDatabase::create(kind);
        let mut configured = config(&database);
        quick(&mut configured, &format!("smtp://{address}"));
        configured.mail.attempts = 1_000;
        let server = Server::with_config(configured.clone()).await;
        let admin = server.admin().await;
        let started = Instant::now();
        send(&server, "patient").await;
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        let row = wait_for_mail(&admin, |mail| mail["attempts"].as_i64() >= Some(3)).await;
        assert_eq!(row["state"], "queued");
        assert!(row["lastError"].as_str().is_some_and(|error| !error.is_empty()), "{row}");
        // A restart loses nothing and doubles nothing.
        drop(server);
        let server = Server::with_config(configured).await;
        let sink = SmtpSink::start_at(address, Encryption::None, "localhost").await;
        let mail = sink.wait_for(1).await.remove(0);
        let row = wait_for_state(&server.admin().await, "sent").await;
        assert_eq!(row["messageId"], mail.header("Message-ID"));
        assert_eq!(sink.mails().len(), 1);
        drop((server, database));
    }

    async fn after_its_last_attempt_a_mail_is_given_up_and_can_be_sent_again(kind) {
        let sink = SmtpSink::start().await;
        sink.set_mode(Mode::Refuse(451));
        let server = Server::start_with(kind, |config| {
            quick(config, &sink.url());
            config.mail.attempts = 3;
        }).await;
        let admin = server.admin().await;
        send(&server, "late").await;
        let row = wait_for_state(&admin, "dead").await;
        assert_eq!(row["attempts"], 3);
        assert!(row["lastError"].as_str().unwrap().contains("not today"), "{row}");
        let retry = format!("{OUTBOX}/{}/retry", row["id"]);
        server.anonymous().post(&retry, json!({})).await.expect_forbidden();
        sink.set_mode(Mode::Accept);
        admin.post(&retry, json!({})).await.expect(200);
        let mail = sink.wait_for(1).await.remove(0);
        assert_eq!(mail.header("Message-ID"), row["messageId"]);
        assert_eq!(mail.text().trim(), "text of late");
        wait_for_state(&admin, "sent").await;
        // Neither what was sent nor what is not there is sent again.
        admin.post(&retry, json!({})).await.expect(400);
        for id in ["999999", "x", "0", "01"] {
            admin.post(&format!("{OUTBOX}/{id}/retry"), json!({})).await.expect(404);
        }
    }

    async fn a_permanent_refusal_ends_a_mail_at_once(kind) {
        let sink = SmtpSink::start().await;
        sink.set_mode(Mode::Refuse(550));
        let server = Server::start_with(kind, |config| quick(config, &sink.url())).await;
        send(&server, "refused").await;
        let row = wait_for_state(&server.admin().await, "dead").await;
        assert_eq!(row["attempts"], 1);
    }
}

#[actix_web::test]
async fn a_server_that_hangs_up_or_stalls_is_tried_again_with_the_same_message_id() {
    for mode in [Mode::DropInData, Mode::StallAfterData, Mode::Stall] {
        let sink = SmtpSink::start().await;
        sink.set_mode(mode);
        let server = Server::start_with(Kind::Sqlite, |config| {
            quick(config, &sink.url());
            config.mail.timeout = Duration::from_millis(300);
        })
        .await;
        let started = Instant::now();
        send(&server, "moody").await;
        assert!(
            started.elapsed() < Duration::from_secs(1),
            "{:?}",
            started.elapsed()
        );
        sink.wait_for_connections(2).await;
        sink.set_mode(Mode::Accept);
        let row = wait_for_state(&server.admin().await, "sent").await;
        assert!(row["attempts"].as_i64() >= Some(2), "{row}");
        let mails = sink.mails();
        // Taken twice where the server swallowed its own answer: known by its id.
        assert_eq!(mails.len() > 1, mode == Mode::StallAfterData, "{mode:?}");
        for mail in mails {
            assert_eq!(mail.header("Message-ID"), row["messageId"]);
            assert_eq!(mail.headers("Message-ID"), 1);
        }
    }
}

#[actix_web::test]
async fn nothing_in_a_mail_is_a_command_or_a_header() {
    let sink = SmtpSink::start().await;
    let server = Server::start_with(Kind::Sqlite, |config| quick(config, &sink.url())).await;
    for subject in ["a\r\nBcc: evil@example.com", "a\nX: y", "a\rb", "a\0b", ""] {
        let mail = Mail::new(Email::parse("ann@example.com").unwrap(), subject, "text");
        assert!(server.up.send_mail(mail).await.is_err(), "{subject:?}");
    }
    let text =
        ".\r\nMAIL FROM:<e@evil.io>\r\nRCPT TO:<e@evil.io>\r\nDATA\r\n..\r\n.\n.\r.\r\n\r\nend";
    let ann = Email::parse("ann@example.com").unwrap();
    let html = format!("<pre>{text}</pre>");
    server
        .up
        .send_mail(Mail::new(ann, "dots", text).html(html))
        .await
        .unwrap();
    send(&server, "next").await;
    let mails = sink.wait_for(2).await;
    wait_for_state(&server.admin().await, "sent").await;
    assert_eq!(sink.mails().len(), 2);
    for mail in &mails {
        assert_eq!(mail.rcpt_to, ["ann@example.com"]);
        assert_eq!(
            (
                mail.headers("Bcc"),
                mail.headers("To"),
                mail.headers("Subject")
            ),
            (0, 1, 1)
        );
    }
    let dots = mails.iter().find(|mail| mail.subject() == "dots").unwrap();
    assert!(
        dots.text().contains("MAIL FROM:<e@evil.io>") && dots.text().trim_end().ends_with("end"),
        "{}",
        dots.raw
    );
    assert!(dots.text().starts_with(".\n"), "{:?}", dots.text());
}

on_every_database! {
    // Nearly the longest there is.
    async fn the_length_of_the_hosts_name_keeps_no_mail(kind) {
        let sink = SmtpSink::start().await;
        let label = "a".repeat(59);
        let host = format!("{label}.{label}.{label}.{label}.example.com");
        let server = Server::start_with(kind, |config| {
            quick(config, &sink.url());
            config.public_url = format!("https://{host}");
        }).await;
        send(&server, "long").await;
        let mail = sink.wait_for(1).await.remove(0);
        let id = mail.header("Message-ID");
        assert!(id.ends_with(&format!("@{label}.example.com>")), "{id}");
    }

    async fn a_copy_of_the_database_tells_no_code(kind) {
        let server = Server::start_with(kind, |config| {
            quick(config, "smtp://127.0.0.1:1");
            config.mail.first_pause = Duration::from_secs(3_600);
        }).await;
        let admin = server.admin().await;
        admin.post("/api/users-permissions/email-templates/reset_password/test", json!({})).await.expect(200);
        wait_for_mail(&admin, |mail| mail["attempts"] == 1).await;
        let hex = match kind {
            Kind::Postgres => "encode(sealed, 'hex')",
            _ => "LOWER(HEX(sealed))",
        };
        let sealed = server.database().lines(&format!("SELECT {hex} AS line FROM up_outbox")).remove(0);
        let code: String = "a-code-that-opens-nothing".bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(sealed.len() > 400 && !sealed.contains(&code), "{sealed}");
    }
}
