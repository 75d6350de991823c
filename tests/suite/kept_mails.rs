//! Development without a mail server: mails can be read on the machine itself. Production: nothing.

use acceptance::{Kind, Server, TestDatabase, config, on_every_database};
use serde_json::json;
use users_permissions::{
    Config, Email, Environment, Mail, SigningKeys, StartError, UsersPermissions,
};

const KEPT: &str = "/api/users-permissions/dev/mails";
const STRONG: &str = "pQ7vX2mK9rT4wZ8nB1cD6fG3hJ5kL0sA!";

fn mail(subject: &str) -> Mail {
    Mail::new(
        Email::parse("ann@example.com").unwrap(),
        subject,
        "see <https://app.example/x?code=1>",
    )
}

fn production(config: &mut Config) {
    config.environment = Environment::Production;
    config.signing_keys = Some(SigningKeys::parse(STRONG).unwrap());
    config.bcrypt_cost = 10;
}

on_every_database! {
    // PostgreSQL takes no NUL in a text; nobody asks it what no state is.
    async fn mails_are_listed_by_a_state_that_there_is(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        for state in ["queued", "sent", "dead", "kept"] {
            let path = format!("/api/users-permissions/outbox?state={state}");
            assert_eq!(admin.get(&path).await.expect(200), json!({ "mails": [] }));
        }
        for state in ["%00", "queued%00", "", "Queued", "lost"] {
            let path = format!("/api/users-permissions/outbox?state={state}");
            let answer = admin.get(&path).await;
            answer.expect_error(
                400,
                "ValidationError",
                "state must be one of the following values: queued, sent, dead, kept",
            );
        }
    }

    async fn mails_are_kept_in_their_order(kind) {
        let server = Server::start(kind).await;
        server.anonymous().get(KEPT).await.expect(200);
        for subject in ["first", "<b>second</b>"] {
            server.up.send_mail(mail(subject)).await.unwrap();
        }
        let mails = server.anonymous().get(KEPT).await.expect(200);
        let subjects: Vec<_> = mails.as_array().unwrap().iter().map(|mail| &mail["subject"]).collect();
        assert_eq!(subjects, ["first", "<b>second</b>"]);
        let first = &mails[0];
        assert_eq!(
            (&first["to"], &first["from"], &first["text"], &first["html"]),
            (&json!("ann@example.com"), &json!("no-reply@localhost"), &json!("see <https://app.example/x?code=1>"), &json!(null))
        );
        let client = server.anonymous();
        let page = client.send(client.request("GET".parse().unwrap(), KEPT).header("accept", "text/html,*/*")).await;
        assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(page.text.contains("&lt;b&gt;second") && !page.text.contains("<b>second"), "{}", page.text);
        assert!(page.text.contains("href=\"https://app.example/x?code=1\""), "{}", page.text);
    }
}

#[actix_web::test]
async fn nobody_reads_them_from_elsewhere() {
    let server = Server::start(Kind::Sqlite).await;
    server.up.send_mail(mail("secret")).await.unwrap();
    let client = server.anonymous();
    for (header, value) in [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
        ("via", "1.1 proxy"),
        ("host", "evil.example"),
        ("host", "evil.example:1337"),
    ] {
        let request = client
            .request("GET".parse().unwrap(), KEPT)
            .header(header, value);
        client
            .send(request)
            .await
            .expect_error(404, "NotFoundError", "Not Found");
    }
    for host in ["localhost:1337", "127.0.0.1", "[::1]:80"] {
        let request = client
            .request("GET".parse().unwrap(), KEPT)
            .header("host", host);
        client.send(request).await.expect(200);
    }
}

// As through `proxy_pass http://127.0.0.1:1337;`, which tells nothing of who asks.
#[actix_web::test]
async fn nobody_reads_them_where_the_application_is_known_by_another_host() {
    for url in [
        "https://api.example.com",
        "http://192.168.0.7:1337",
        "http://[2001:db8::1]",
        "http://localhost.example",
        "http://notlocalhost",
    ] {
        let server =
            Server::start_with(Kind::Sqlite, |config| config.public_url = url.to_owned()).await;
        server.up.send_mail(mail("secret")).await.unwrap();
        let client = server.anonymous();
        let own = url.split_once("//").unwrap().1;
        for host in ["127.0.0.1", "localhost", own] {
            let request = client
                .request("GET".parse().unwrap(), KEPT)
                .header("host", host);
            client
                .send(request)
                .await
                .expect_error(404, "NotFoundError", "Not Found");
        }
    }
    for url in [
        "http://127.0.0.1:1337",
        "http://[::1]",
        "https://app.localhost/x",
    ] {
        let server =
            Server::start_with(Kind::Sqlite, |config| config.public_url = url.to_owned()).await;
        server.anonymous().get(KEPT).await.expect(200);
    }
}

#[actix_web::test]
async fn production_without_a_mail_server_starts_keeps_nothing_and_says_so() {
    let server = Server::start_with(Kind::Sqlite, production).await;
    server.up.send_mail(mail("lost?")).await.unwrap();
    server
        .anonymous()
        .get(KEPT)
        .await
        .expect_error(404, "NotFoundError", "Not Found");
    let admin = server.admin().await;
    let row = admin.get("/api/users-permissions/outbox").await.expect(200)["mails"][0].clone();
    assert_eq!(
        (&row["state"], &row["lastError"]),
        (
            &json!("dead"),
            &json!("there is no mail server; set SMTP_URL")
        )
    );
    let retry = format!("/api/users-permissions/outbox/{}/retry", row["id"]);
    admin.post(&retry, json!({})).await.expect(400);
    let test = "/api/users-permissions/email-templates/reset_password/test";
    admin.post(test, json!({})).await.expect_error(
        400,
        "ApplicationError",
        "There is no mail server",
    );
    let on = json!({ "email_confirmation": true });
    let refused = "Addresses cannot be confirmed without a mail server";
    admin
        .put("/api/users-permissions/advanced", on)
        .await
        .expect_error(400, "ApplicationError", refused);
}

#[actix_web::test]
async fn production_does_not_start_when_nobody_could_confirm_an_address() {
    let database = TestDatabase::create(Kind::Sqlite);
    let mut config = config(&database);
    production(&mut config);
    config.advanced_settings.email_confirmation = true;
    let build = |config: Config| UsersPermissions::builder().config(config).build();
    let error = build(config.clone()).await.map(drop).unwrap_err();
    assert!(
        matches!(error, StartError::Config(_)) && error.to_string().starts_with("SMTP_URL: "),
        "{error}"
    );
    config.mail.smtp_url = Some("smtp://127.0.0.1:1".into());
    build(config).await.expect("with a mail server it starts");
}

#[actix_web::test]
async fn settings_of_mails_that_cannot_be_used_stop_the_start() {
    let database = TestDatabase::create(Kind::Sqlite);
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 9] = [
        ("SMTP_URL: ", |config| {
            config.mail.smtp_url = Some("mail:c4nary".into())
        }),
        ("SMTP_URL: ", |config| {
            production(config);
            config.mail.smtp_url = Some("smtp://u:c4nary@mail.example.com?tls=none".into());
        }),
        ("MAIL_FROM: ", |config| {
            config.mail.from = "a@x.io, b@x.io".into()
        }),
        ("SSL_CERT_FILE: ", |config| {
            config.mail.smtp_url = Some("smtps://mail.example.com".into());
            config.extra_ca_file = Some("/nonexistent".into());
        }),
        ("UP_MAIL: lease ", |config| {
            config.mail.lease = config.mail.timeout
        }),
        ("UP_MAIL: attempts ", |config| config.mail.attempts = 0),
        ("UP_MAIL: timeout ", |config| {
            config.mail.timeout = std::time::Duration::ZERO
        }),
        ("UP_ENCRYPTION_KEY: ", |config| {
            production(config);
            config.encryption_key = Some("c4nary".into());
        }),
        ("UP_ADVANCED_SETTINGS: ", |config| {
            config.advanced_settings.email_reset_password = Some("javascript:c4nary".into());
        }),
    ];
    for (name, change) in changes {
        let mut config = config(&database);
        change(&mut config);
        let error = UsersPermissions::builder()
            .config(config)
            .build()
            .await
            .map(drop)
            .expect_err(name);
        let text = error.to_string();
        assert!(
            text.starts_with(name) && !text.contains("c4nary") && !text.contains('\n'),
            "{text}"
        );
    }
}
