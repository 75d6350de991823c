//! Which mail servers are trusted with a mail, and with a password.

use acceptance::{Encryption, Kind, Server, SmtpSink};

use crate::mail_delivery::{quick, send, wait_for_mail, wait_for_state};

#[actix_web::test]
async fn encrypted_servers_are_checked_and_signed_in_to() {
    let directory = tempfile::tempdir().unwrap();
    for (encryption, scheme, tls) in [
        (Encryption::StartTls, "smtp", "?tls=required"),
        (Encryption::StartTls, "smtp", "?tls=opportunistic"),
        (Encryption::Implicit, "smtps", ""),
    ] {
        let sink = SmtpSink::start_with(encryption, "localhost").await;
        let authority = directory.path().join("ca.pem");
        std::fs::write(&authority, sink.certificate()).unwrap();
        let port = sink.address().port();
        let server = Server::start_with(Kind::Sqlite, |config| {
            quick(
                config,
                &format!("{scheme}://post%40x.io:p%3A%2F%40w@localhost:{port}/{tls}"),
            );
            config.extra_ca_file = Some(authority);
        })
        .await;
        send(&server, "secret").await;
        let mail = sink.wait_for(1).await.remove(0);
        assert!(mail.encrypted);
        assert_eq!(mail.login, Some(("post@x.io".into(), "p:/@w".into())));
    }
}

#[actix_web::test]
async fn a_certificate_of_another_host_or_of_nobody_known_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for (host, trusted, encryption) in [
        ("mail.example.com", true, Encryption::StartTls),
        ("mail.example.com", true, Encryption::Implicit),
        ("localhost", false, Encryption::StartTls),
        ("localhost", false, Encryption::Implicit),
    ] {
        let sink = SmtpSink::start_with(encryption, host).await;
        let authority = directory.path().join("ca.pem");
        std::fs::write(&authority, sink.certificate()).unwrap();
        let scheme = if encryption == Encryption::Implicit {
            "smtps"
        } else {
            "smtp"
        };
        let tls = if encryption == Encryption::Implicit {
            ""
        } else {
            "?tls=required"
        };
        let port = sink.address().port();
        let server = Server::start_with(Kind::Sqlite, |config| {
            quick(
                config,
                &format!("{scheme}://post:c4nary@localhost:{port}{tls}"),
            );
            config.extra_ca_file = trusted.then_some(authority);
            config.mail.attempts = 2;
        })
        .await;
        send(&server, "secret").await;
        let row = wait_for_state(&server.admin().await, "dead").await;
        assert_eq!(
            row["attempts"], 2,
            "a matter of the server, not of the mail"
        );
        let error = row["lastError"].as_str().unwrap();
        assert!(
            error.contains("ertificate") && !error.contains("c4nary"),
            "{error}"
        );
        assert!(sink.mails().is_empty());
    }
}

#[actix_web::test]
async fn without_starttls_nothing_is_said_where_it_is_required() {
    let sink = SmtpSink::start().await;
    let port = sink.address().port();
    let server = Server::start_with(Kind::Sqlite, |config| {
        quick(
            config,
            &format!("smtp://post:c4nary@localhost:{port}?tls=required"),
        );
        config.mail.attempts = 2;
    })
    .await;
    send(&server, "secret").await;
    wait_for_state(&server.admin().await, "dead").await;
    assert!(sink.mails().is_empty());
}

#[actix_web::test]
async fn a_wrong_password_is_no_fault_of_the_mail() {
    let sink = SmtpSink::start().await;
    let port = sink.address().port();
    let url = format!("smtp://post:wrong@127.0.0.1:{port}");
    let server = Server::start_with(Kind::Sqlite, |config| quick(config, &url)).await;
    send(&server, "patient").await;
    let admin = server.admin().await;
    let row = wait_for_mail(&admin, |mail| mail["attempts"].as_i64() >= Some(2)).await;
    assert_eq!(row["state"], "queued");
    assert!(
        !row["lastError"].as_str().unwrap().contains("wrong"),
        "{row}"
    );
}
