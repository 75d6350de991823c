//! A clock that is put forward and set back: what was refused because its time was over stays refused.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use acceptance::providers::Simulators;
use acceptance::{Browser, Client, Kind, SmtpSink, TestDatabase, on_every_database};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::clocks::{by_sessions, refresh, register, shifted, sign_in, with_acme2};
use crate::killed_instances::process::{Instance, Setup};
use crate::social::Browser as Visitor;
use crate::tokens_of::{Pair, expect_refused};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// One process whose clock the test sets.
struct Timed {
    database: TestDatabase,
    sink: SmtpSink,
    instance: Instance,
    setup: Setup,
    clock: File,
    _home: TempDir,
}

impl Timed {
    async fn start(kind: Kind, more: Vec<(&'static str, String)>) -> Self {
        let (database, sink) = (TestDatabase::create(kind), SmtpSink::start().await);
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("clock");
        std::fs::write(&path, 0_i64.to_ne_bytes()).expect("a file");
        let clock = vec![
            ("LD_PRELOAD", shifted(home.path())),
            ("CLOCK_FILE", path.display().to_string()),
        ];
        let setup = Setup {
            database: database.url(),
            smtp: sink.url(),
            directory: tempfile::tempdir().expect("a directory"),
            more: [more, clock].concat(),
        };
        let instance = Self::process(&setup).await;
        let clock = File::options().write(true).open(path).expect("the clock");
        Self {
            database,
            sink,
            instance,
            setup,
            clock,
            _home: home,
        }
    }

    async fn process(setup: &Setup) -> Instance {
        let http = reqwest::Client::builder().no_proxy().build();
        Instance::start(setup, &http.expect("a client")).await
    }

    /// Another process over the same database, which knows of no other time than the present one.
    async fn restart(&mut self) {
        self.instance.kill();
        self.instance = Self::process(&self.setup).await;
    }

    fn client(&self) -> Client {
        Client::new(&self.instance.base, None)
    }

    /// Sets the clock to so many seconds after the true time, and sees that the process has noticed.
    async fn set(&self, seconds: i64) {
        let written = self.clock.write_all_at(&seconds.to_ne_bytes(), 0);
        written.expect("the clock is set");
        let started = Instant::now();
        loop {
            let answer = self.client().get("/health").await;
            let date = answer.headers["date"].to_str().expect("a date");
            let date = chrono::DateTime::parse_from_rfc2822(date).expect("a date");
            let ahead = date.timestamp() - chrono::Utc::now().timestamp();
            if (ahead - seconds).abs() < 5 {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{ahead}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn status(&self, jwt: &str) -> u16 {
        let client = self.client().with_token(jwt);
        client.get("/api/users/me").await.status.as_u16()
    }

    /// The code of the newest mail, once there are so many.
    async fn code(&self, mails: usize) -> String {
        let mails = self.sink.wait_for(mails).await;
        let html = mails.last().expect("a mail").html();
        let link = ["?code=", "?confirmation="];
        let rest = link.iter().find_map(|before| html.split_once(before));
        let digits = rest.expect("a link").1.chars();
        digits.take_while(char::is_ascii_hexdigit).collect()
    }
}

fn reset(code: &str) -> Value {
    json!({ "code": code, "password": "Another1!", "passwordConfirmation": "Another1!" })
}

on_every_database! {
    async fn an_access_token_that_was_over_stays_over(kind) {
        let app = Timed::start(kind, by_sessions()).await;
        register(&app.client()).await;
        let (known, unknown) = (sign_in(&app.client()).await, sign_in(&app.client()).await);
        assert_eq!(app.status(&known.jwt).await, 200);
        app.set(11 * MINUTE).await;
        // Whichever of them is shown then: that it was over is what has to be remembered.
        assert_eq!(app.status(&unknown.jwt).await, 401);
        for back in [0, -HOUR, 9 * MINUTE] {
            app.set(back).await;
            for pair in [&known, &unknown] {
                assert_eq!(app.status(&pair.jwt).await, 401, "{back}");
            }
        }
        // Nobody is locked out: tokens are made by the time that they are judged by.
        let new = sign_in(&app.client()).await;
        assert_eq!(app.status(&new.jwt).await, 200);
        let renewed = Pair::of(&refresh(&app.client(), &new.refresh).await.expect(200));
        assert_eq!(app.status(&renewed.jwt).await, 200);
    }

    async fn a_long_lived_token_that_was_over_stays_over(kind) {
        let more = vec![
            ("UP_JWT_EXPIRES_IN", "1d".to_owned()),
            ("UP_ADVANCED_SETTINGS", "{}".to_owned()),
        ];
        let app = Timed::start(kind, more).await;
        let token = register(&app.client()).await["jwt"].as_str().unwrap().to_owned();
        assert_eq!(app.status(&token).await, 200);
        app.set(DAY + MINUTE).await;
        assert_eq!(app.status(&token).await, 401);
        app.set(-DAY).await;
        assert_eq!(app.status(&token).await, 401);
        // A day forward and two days back, and everything goes on.
        let body = json!({ "identifier": "ann", "password": acceptance::PASSWORD });
        let new = app.client().post("/api/auth/local", body).await.expect(200);
        assert_eq!(app.status(new["jwt"].as_str().unwrap()).await, 200);
    }

    // Wherever it was refused: the row is gone, so that no clock counts, not even that of the database.
    async fn a_session_that_was_over_stays_over(kind) {
        let app = Timed::start(kind, by_sessions()).await;
        register(&app.client()).await;
        let (pair, other) = (sign_in(&app.client()).await, sign_in(&app.client()).await);
        app.database.execute("UPDATE up_sessions SET expires_at = '2020-01-01 00:00:00'");
        expect_refused(&refresh(&app.client(), &pair.refresh).await);
        app.database.execute("UPDATE up_sessions SET expires_at = '2099-01-01 00:00:00'");
        expect_refused(&refresh(&app.client(), &pair.refresh).await);
        refresh(&app.client(), &other.refresh).await.expect(200);
    }
}

/// With an embedded database all times are those of the process.
mod embedded {
    use super::*;

    #[actix_web::test]
    async fn a_refresh_token_that_was_over_stays_over_and_a_copy_is_a_copy() {
        let mut app = Timed::start(Kind::Sqlite, by_sessions()).await;
        register(&app.client()).await;
        let first = sign_in(&app.client()).await;
        let second = Pair::of(&refresh(&app.client(), &first.refresh).await.expect(200));
        // The moment in which a token may come again is not a longer one by a clock that was set back.
        app.set(MINUTE).await;
        assert_eq!(app.status(&second.jwt).await, 200);
        app.set(0).await;
        expect_refused(&refresh(&app.client(), &first.refresh).await);
        expect_refused(&refresh(&app.client(), &second.refresh).await);
        let (idle, unasked) = (sign_in(&app.client()).await, sign_in(&app.client()).await);
        app.set(15 * DAY).await;
        expect_refused(&refresh(&app.client(), &idle.refresh).await);
        app.set(0).await;
        expect_refused(&refresh(&app.client(), &idle.refresh).await);
        // The later time is forgotten then, what was refused by it is not.
        app.restart().await;
        expect_refused(&refresh(&app.client(), &idle.refresh).await);
        refresh(&app.client(), &unasked.refresh).await.expect(200);
    }

    #[actix_web::test]
    async fn a_code_that_was_over_stays_over() {
        let app = Timed::start(Kind::Sqlite, Vec::new()).await;
        let client = app.client();
        register(&client).await;
        let confirmation = app.code(1).await;
        let confirm = format!("/api/auth/email-confirmation?confirmation={confirmation}");
        let ask = json!({ "email": "ann@example.com" });
        client
            .post("/api/auth/forgot-password", ask.clone())
            .await
            .expect(200);
        let code = app.code(2).await;
        app.set(4 * DAY).await;
        for clock in [4 * DAY, 0, -HOUR] {
            app.set(clock).await;
            client
                .post("/api/auth/reset-password", reset(&code))
                .await
                .expect(400);
            assert_eq!(client.get(&confirm).await.status, 400);
        }
        // A new one is good, also after the clock was set back.
        client
            .post("/api/auth/forgot-password", ask)
            .await
            .expect(200);
        let code = app.code(3).await;
        client
            .post("/api/auth/reset-password", reset(&code))
            .await
            .expect(200);
    }

    #[actix_web::test]
    async fn an_administrator_who_was_signed_out_stays_so() {
        let app = Timed::start(Kind::Sqlite, Vec::new()).await;
        let mut browser = Browser::of(app.client());
        browser.sign_in("admin", "AdminPass1").await;
        assert_eq!(browser.get("/admin").await.status, 200);
        let copy = browser.jar.clone();
        for clock in [31 * MINUTE, 0] {
            app.set(clock).await;
            browser.jar = copy.clone();
            assert_eq!(browser.get("/admin").await.status, 303, "{clock}");
        }
        browser.sign_in("admin", "AdminPass1").await;
        assert_eq!(browser.get("/admin").await.status, 200);
    }

    #[actix_web::test]
    async fn a_browser_that_stayed_at_a_provider_for_too_long_is_waited_for_no_more() {
        let simulators = Simulators::start().await;
        let app = Timed::start(Kind::Sqlite, with_acme2(&simulators)).await;
        let leave = async || {
            let mut browser = Visitor::of(app.client());
            browser.connect("acme2", &[]).await;
            browser
        };
        let (mut in_time, mut late) = (leave().await, leave().await);
        app.set(9 * MINUTE).await;
        assert!(in_time.come_back().await.contains_key("access_token"));
        assert_eq!(simulators.exchanges(), 1);
        let kept = late.cookie.clone();
        let left = late.location.clone();
        for clock in [10 * MINUTE + 1, 0] {
            app.set(clock).await;
            (late.cookie, late.location) = (kept.clone(), left.clone());
            assert_eq!(late.come_back().await["error"], "state_mismatch", "{clock}");
        }
        // Nobody was shown the code.
        assert_eq!(simulators.exchanges(), 1);
    }
}
