//! What mails carry is never logged, nor what signs in at the mail server.

use std::time::Duration;

use acceptance::{Kind, Mode, Server, SmtpSink};
use serde_json::json;
use users_permissions::{Email, Mail};

use crate::captured;

const OUTBOX: &str = "/api/users-permissions/outbox";
const TEST: &str = "/api/users-permissions/email-templates/reset_password/test";

#[actix_web::test]
async fn a_mail_leaves_nothing_but_its_address_and_subject_behind() {
    captured::start();
    let sink = SmtpSink::start().await;
    let port = sink.address().port();
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.mail.smtp_url = Some(
            format!("smtp://c4nary-user:c4nary-smtp@127.0.0.1:{port}")
                .as_str()
                .into(),
        );
        config.mail.timeout = Duration::from_millis(300);
        config.mail.first_pause = Duration::from_millis(20);
        config.encryption_key = Some("c4nary-encryption-key".into());
    })
    .await;
    let admin = server.admin().await;
    let to = Email::parse("ann@example.com").unwrap();
    for mode in [
        Mode::Accept,
        Mode::StallAfterData,
        Mode::Refuse(451),
        Mode::Refuse(550),
        Mode::DropInData,
    ] {
        sink.set_mode(mode);
        let mail = Mail::new(to.clone(), "A subject", "c4nary-text").html("<p>c4nary-html</p>");
        server.up.send_mail(mail).await.unwrap();
        admin.post(TEST, json!({})).await.expect(200);
        let tried = || async {
            let mails = admin
                .get(&format!("{OUTBOX}?state=queued"))
                .await
                .expect(200);
            mails["mails"]
                .as_array()
                .unwrap()
                .iter()
                .all(|mail| mail["attempts"].as_i64() > Some(1))
        };
        while !tried().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let listed = admin.get(OUTBOX).await;
    let log = captured::text();
    for event in [
        "mail written",
        "mail sent",
        "mail not taken yet",
        "mail given up",
        "A subject",
        "ann@example.com",
    ] {
        assert!(
            log.contains(event),
            "{event} was not logged; nothing is captured"
        );
    }
    for secret in [
        "c4nary-smtp",
        "c4nary-user",
        "c4nary-encryption-key",
        "c4nary-text",
        "c4nary-html",
        // The other test's mail is another one.
        "code=a-code-that-opens-nothing",
        // As AUTH PLAIN sends it.
        "AGM0bmFyeS11c2VyAGM0bmFyeS1zbXRw",
    ] {
        assert!(
            !listed.text.contains(secret),
            "{secret} is listed: {}",
            listed.text
        );
        if let Some(at) = log.find(secret) {
            let line = log[..at].rfind('\n').map_or(0, |newline| newline + 1);
            panic!(
                "`{secret}` was logged: {}",
                log[line..].lines().next().unwrap_or_default()
            );
        }
    }
    let printed = format!("{:?}", server.up);
    assert!(!printed.contains("c4nary"), "{printed}");
}

#[actix_web::test]
async fn only_a_developer_without_a_mail_server_finds_the_link_in_the_log() {
    captured::start();
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.public_url = "http://kept.example".into();
    })
    .await;
    let admin = server.admin().await;
    let path = "/api/users-permissions/email-templates/email_confirmation/test";
    admin.post(path, json!({})).await.expect(200);
    let link =
        "http://kept.example/api/auth/email-confirmation?confirmation=a-code-that-opens-nothing";
    assert!(captured::text().contains(link));
}
