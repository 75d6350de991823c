//! Mailers that applications bring along, and what they may do wrong.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use acceptance::{Kind, TestDatabase, config, on_every_database};
use users_permissions::{MailError, MailFuture, Mailer, OutgoingMail, UsersPermissions};

use crate::mail_delivery::{mail, quick};

#[derive(Debug, Default)]
struct Counter {
    seen: std::sync::Arc<AtomicU32>,
}

impl Mailer for Counter {
    fn send<'a>(&'a self, mail: &'a OutgoingMail) -> MailFuture<'a> {
        let seen = self.seen.fetch_add(1, Ordering::SeqCst);
        assert!(seen != 2, "a mailer that breaks before it begins");
        Box::pin(async move {
            match seen {
                0 => Err(MailError::Temporary(format!("first time for {}", mail.to))),
                1 => panic!("a mailer that breaks"),
                _ => Ok(()),
            }
        })
    }
}

#[actix_web::test]
async fn an_applications_own_mailer_takes_the_mails_and_may_fail() {
    let database = TestDatabase::create(Kind::Sqlite);
    let mut config = config(&database);
    quick(&mut config, "smtp://127.0.0.1:1");
    let counter = Counter::default();
    let seen = std::sync::Arc::clone(&counter.seen);
    let builder = UsersPermissions::builder().config(config).mailer(counter);
    let up = builder.build().await.unwrap();
    up.send_mail(mail("ann@example.com", "own")).await.unwrap();
    let sent = "SELECT COUNT(*) FROM up_outbox WHERE state = 'sent'";
    let started = Instant::now();
    while database.number(sent) == 0 {
        assert!(started.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(seen.load(Ordering::SeqCst), 4);
}

/// Says what not every database takes.
#[derive(Debug)]
struct Garbler(Wrap);

type Wrap = fn(String) -> MailError;

impl Mailer for Garbler {
    fn send<'a>(&'a self, _: &'a OutgoingMail) -> MailFuture<'a> {
        let text = format!("\0no\r\nway\0{}", "\u{1F512}".repeat(100_000));
        Box::pin(async move { Err(self.0(text)) })
    }
}

on_every_database! {
    async fn a_mail_is_given_up_whatever_its_mailer_says(kind) {
        let answers: [(i64, Wrap); 2] = [(2, MailError::Temporary), (1, MailError::Permanent)];
        for (attempts, answer) in answers {
            let database = TestDatabase::create(kind);
            let mut config = config(&database);
            quick(&mut config, "smtp://127.0.0.1:1");
            config.mail.attempts = 2;
            let builder = UsersPermissions::builder().config(config).mailer(Garbler(answer));
            let up = builder.build().await.unwrap();
            up.send_mail(mail("ann@example.com", "own")).await.unwrap();
            let dead = format!("SELECT COUNT(*) FROM up_outbox WHERE state = 'dead' AND attempts = {attempts} AND last_error LIKE ' no  way %'");
            let started = Instant::now();
            while database.number(&dead) == 0 {
                assert!(started.elapsed() < Duration::from_secs(20));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            drop((up, database));
        }
    }
}
