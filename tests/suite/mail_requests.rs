//! Mails that anybody may ask for: the wish is stored before the answer and worked off once, whatever
//! happens to the instance that took it.

use std::time::{Duration, Instant};

use acceptance::{Kind, Server, TestDatabase, config, on_every_database};
use serde_json::json;
use users_permissions::Config;

const FORGOT: &str = "/api/auth/forgot-password";
const RESEND: &str = "/api/auth/send-email-confirmation";
const REQUESTS: &str = "SELECT COUNT(*) FROM up_mail_requests";
const MAILS: &str = "SELECT COUNT(*) FROM up_outbox";

/// Short pauses, so that nobody waits.
fn quick(config: &mut Config) {
    config.mail.first_pause = Duration::from_millis(20);
    config.mail.longest_pause = Duration::from_millis(80);
    config.mail.poll_interval = Duration::from_millis(50);
}

async fn over(database: &TestDatabase) -> Server {
    let mut config = config(database);
    quick(&mut config);
    Server::with_config(config).await
}

async fn ask(server: &Server, path: &str, name: &str) {
    let body = json!({ "email": format!("{name}@example.com") });
    server.anonymous().post(path, body).await.expect(200);
}

/// Waits until every request was worked off.
async fn wait_for_none(database: &TestDatabase) {
    let started = Instant::now();
    while database.number(REQUESTS) > 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "requests stay");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A request as another instance, or another version, has left it.
fn insert(database: &TestDatabase, purpose: &str, address: &str, attempts: i32, due: &str) {
    let claim = if attempts > 0 { "'gone'" } else { "NULL" };
    database.execute(&format!(
        "INSERT INTO up_mail_requests (purpose, address, attempts, due_at, claim, created_at)
         VALUES ('{purpose}', '{address}', {attempts}, {due}, {claim}, '2026-01-01 00:00:00')"
    ));
}

const LONG_AGO: &str = "'2026-01-01 00:00:00'";

on_every_database! {
    async fn what_is_asked_for_is_stored_before_the_answer_and_outlives_the_instance(kind) {
        let database = TestDatabase::create(kind);
        let server = over(&database).await;
        server.register("known").await;
        server.register("blocked").await;
        database.execute("UPDATE up_users SET blocked = TRUE WHERE username = 'blocked'");
        database.execute("UPDATE up_users SET confirmed = FALSE WHERE username = 'known'");
        // Nobody can claim anything, so everything stays as it was before the answers.
        database.execute("ALTER TABLE up_mail_requests DROP COLUMN claim");
        let mut expected = Vec::new();
        for (path, purpose) in [(FORGOT, "reset"), (RESEND, "confirmation")] {
            for name in ["known", "blocked", "unknown"] {
                ask(&server, path, name).await;
                expected.push(format!("{purpose}|{name}@example.com|0"));
            }
        }
        expected.sort();
        assert_eq!(database.dump()["up_mail_requests"], expected);
        assert_eq!(database.number(MAILS), 0);
        assert_eq!(database.number("SELECT COUNT(*) FROM up_user_codes"), 0);
        drop(server);
        database.execute("ALTER TABLE up_mail_requests ADD COLUMN claim VARCHAR(32)");
        let server = over(&database).await;
        server.mail_to("known@example.com", "Reset password", 1).await;
        server.mail_to("known@example.com", "Account confirmation", 1).await;
        wait_for_none(&database).await;
        assert_eq!(database.number(MAILS), 2);
        drop((server, database));
    }

    async fn two_instances_write_every_mail_once(kind) {
        let database = TestDatabase::create(kind);
        let servers = [over(&database).await, over(&database).await];
        servers[0].register("ann").await;
        for number in 0..30 {
            ask(&servers[number % 2], FORGOT, "ann").await;
            ask(&servers[number % 2], FORGOT, "nobody").await;
        }
        wait_for_none(&database).await;
        assert_eq!(database.number(MAILS), 30);
        assert_eq!(database.number("SELECT COUNT(*) FROM up_user_codes"), 1);
        drop((servers, database));
    }

    async fn the_request_of_an_instance_that_died_is_taken_over_when_its_claim_ends(kind) {
        let server = Server::start_with(kind, quick).await;
        server.register("ann").await;
        let soon = match kind {
            Kind::Sqlite => "strftime('%Y-%m-%d %H:%M:%f', 'now', '+2 seconds')",
            Kind::Postgres => "(now() AT TIME ZONE 'utc') + interval '2 seconds'",
            Kind::Mysql => "UTC_TIMESTAMP(6) + INTERVAL 2 SECOND",
        };
        insert(server.database(), "reset", "ann@example.com", 1, soon);
        let claimed = Instant::now();
        server.mail_to("ann@example.com", "Reset password", 1).await;
        assert!(claimed.elapsed() > Duration::from_millis(1_800), "{:?}", claimed.elapsed());
        wait_for_none(server.database()).await;
    }

    async fn requests_nobody_can_fulfil_are_in_nobodys_way(kind) {
        let server = Server::start_with(kind, quick).await;
        server.register("ann").await;
        insert(server.database(), "tea", "ann@example.com", 0, LONG_AGO);
        insert(server.database(), "reset", "no address", 0, LONG_AGO);
        // Whoever tried ended early, again and again.
        insert(server.database(), "reset", "ann@example.com", 1_000, LONG_AGO);
        ask(&server, FORGOT, "ann").await;
        server.mail_to("ann@example.com", "Reset password", 1).await;
        wait_for_none(server.database()).await;
        assert_eq!(server.database().number(MAILS), 1);
    }

    async fn a_mail_that_cannot_be_written_is_tried_again_and_others_are_not_kept_from_it(kind) {
        let server = Server::start_with(kind, |config| {
            quick(config);
            config.mail.attempts = 1_000;
        }).await;
        server.register("ann").await;
        // Codes of a reset are refused by the database, those of a confirmation are not.
        let refusal = match kind {
            Kind::Sqlite => "CREATE TRIGGER refused BEFORE INSERT ON up_user_codes WHEN NEW.purpose = 'reset' BEGIN SELECT RAISE(ABORT, 'no'); END",
            Kind::Postgres | Kind::Mysql => "ALTER TABLE up_user_codes ADD CONSTRAINT refused CHECK (purpose <> 'reset')",
        };
        let end = match kind {
            Kind::Sqlite => "DROP TRIGGER refused",
            Kind::Postgres | Kind::Mysql => "ALTER TABLE up_user_codes DROP CONSTRAINT refused",
        };
        server.database().execute("UPDATE up_users SET confirmed = FALSE");
        server.database().execute(refusal);
        ask(&server, FORGOT, "ann").await;
        ask(&server, RESEND, "ann").await;
        server.mail_to("ann@example.com", "Account confirmation", 1).await;
        let several = "SELECT COUNT(*) FROM up_mail_requests WHERE attempts > 2 AND purpose = 'reset'";
        let started = Instant::now();
        while server.database().number(several) == 0 {
            assert!(started.elapsed() < Duration::from_secs(20), "it is not tried again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(server.database().number(MAILS), 1);
        server.database().execute(end);
        server.mail_to("ann@example.com", "Reset password", 1).await;
        wait_for_none(server.database()).await;
        assert_eq!(server.database().number(MAILS), 2);
    }
}
