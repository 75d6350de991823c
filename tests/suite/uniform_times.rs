//! How long an answer takes tells nothing about who exists.

use std::time::{Duration, Instant};

use acceptance::{Client, Kind, Server, on_every_database};
use serde_json::{Value, json};

const FORGOT: &str = "/api/auth/forgot-password";
const RESEND: &str = "/api/auth/send-email-confirmation";
/// Whoever has the address; `unknown` has nobody.
const STATES: [&str; 5] = ["known", "unconfirmed", "blocked", "social", "unknown"];
/// At a login, also somebody whose hash is from before the cost was raised.
const LOGINS: [&str; 6] = [
    "known",
    "outdated",
    "unconfirmed",
    "blocked",
    "social",
    "unknown",
];

async fn people(server: &Server) {
    for name in &STATES[..4] {
        server.register(name).await;
    }
    let set = |change: &str, name: &str| {
        let sql = format!("UPDATE up_users SET {change} WHERE username = '{name}'");
        server.database().execute(&sql);
    };
    set("confirmed = FALSE", "unconfirmed");
    set("blocked = TRUE", "blocked");
    set("provider = 'google', password_hash = NULL", "social");
}

#[actix_web::test]
async fn a_login_asks_the_database_as_often_whoever_is_named() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.mail.poll_interval = Duration::from_secs(3_600);
    })
    .await;
    people(&server).await;
    let mut asked = Vec::new();
    for name in STATES {
        for identifier in [name.to_owned(), format!("{name}@example.com")] {
            let before = server.up.query_count();
            let body = json!({ "identifier": identifier, "password": "wrong!!" });
            server
                .anonymous()
                .post("/api/auth/local", body)
                .await
                .expect(400);
            asked.push(server.up.query_count() - before);
        }
    }
    assert!(asked.iter().all(|count| *count == asked[0]), "{asked:?}");
}

on_every_database! {
    // What is stored before the answer is the wish, whoever has the address; who that is, and the mail,
    // comes afterwards, and an answer knows nothing of it.
    async fn asking_for_a_mail_does_not_wait_for_the_mail(kind) {
        let server = Server::start_with(kind, |config| {
            config.mail.first_pause = Duration::from_millis(20);
            config.mail.longest_pause = Duration::from_millis(80);
            config.mail.attempts = 1_000;
        }).await;
        people(&server).await;
        let database = server.database();
        database.execute("ALTER TABLE up_outbox RENAME TO gone");
        for path in [FORGOT, RESEND] {
            for name in STATES {
                let body = json!({ "email": format!("{name}@example.com") });
                server.anonymous().post(path, body).await.expect(200);
            }
        }
        // Nobody's addresses do not stay, nor do those of people who may have no such mail.
        let owed = [
            "confirmation|unconfirmed@example.com",
            "reset|known@example.com",
            "reset|unconfirmed@example.com",
        ];
        let waiting = match kind {
            Kind::Mysql => "SELECT CAST(CONCAT(purpose, '|', address) AS CHAR) AS line FROM up_mail_requests ORDER BY 1",
            _ => "SELECT purpose || '|' || address AS line FROM up_mail_requests ORDER BY 1",
        };
        let begin = Instant::now();
        while database.lines(waiting) != owed {
            assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", database.lines(waiting));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        database.execute("ALTER TABLE gone RENAME TO up_outbox");
        server.mail_to("known@example.com", "Reset password", 1).await;
        server.mail_to("unconfirmed@example.com", "Reset password", 1).await;
        server.mail_to("unconfirmed@example.com", "Account confirmation", 1).await;
        assert_eq!(database.number("SELECT COUNT(*) FROM up_mail_requests"), 0);
        assert_eq!(server.mails().await.len(), 3);
    }
}

/// Probability that a sample of `a` is larger than one of `b`; one half: nobody can tell them apart.
fn auc(a: &[Duration], b: &[Duration]) -> f64 {
    let mut larger = 0.0;
    for x in a {
        for y in b {
            larger += match x.cmp(y) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    larger / (a.len() * b.len()) as f64
}

async fn timed(client: &Client, path: &str, body: &Value) -> Duration {
    let begin = Instant::now();
    let answer = client.post(path, body.clone()).await;
    let time = begin.elapsed();
    assert!(
        [200, 400].contains(&answer.status.as_u16()),
        "{}",
        answer.text
    );
    time
}

/// How often each state is slower than an unknown address, and how often whatever is asked next.
async fn compare(
    client: &Client,
    path: &str,
    states: &[&str],
    body: fn(&str) -> Value,
) -> Vec<(String, f64)> {
    const SAMPLES: usize = 600;
    let bodies: Vec<_> = states.iter().map(|name| body(name)).collect();
    let mut times = vec![Vec::with_capacity(SAMPLES); states.len()];
    let mut times_after = times.clone();
    // Each of them leads through all states.
    let strides: &[usize] = match states.len() {
        6 => &[1, 5],
        _ => &[1, 2, 3, 4],
    };
    let mut before = 0;
    for round in 0..SAMPLES {
        // Each state after each other one: what a request leaves behind falls on all alike.
        for step in 0..states.len() {
            let state = (step * strides[round % strides.len()] + round) % states.len();
            let time = timed(client, path, &bodies[state]).await;
            times[state].push(time);
            times_after[before].push(time);
            before = state;
        }
    }
    let (unknown, after_unknown) = (times.pop().unwrap(), times_after.pop().unwrap());
    let named = states.iter().zip(times.iter().zip(&times_after));
    named
        .flat_map(|(name, (times, times_after))| {
            [
                (format!("{path} {name}"), auc(times, &unknown)),
                (
                    format!("after {path} {name}"),
                    auc(times_after, &after_unknown),
                ),
            ]
        })
        .collect()
}

on_every_database! {
    #[ignore = "long: thousands of requests"]
    async fn nobody_can_tell_accounts_by_the_time_of_an_answer(kind) {
        let server = Server::start_with(kind, |config| config.bcrypt_cost = 7).await;
        people(&server).await;
        server.register("outdated").await;
        let outdated = "UPDATE up_users SET password_hash = REPLACE(password_hash, '$07$', '$04$') WHERE username = 'outdated'";
        server.database().execute(outdated);
        let client = server.anonymous();
        type Route = (&'static str, &'static [&'static str], fn(&str) -> Value);
        let routes: [Route; 3] = [
            (
                "/api/auth/local",
                &LOGINS,
                |name| json!({ "identifier": format!("{name}@example.com"), "password": "wrong!!" }),
            ),
            (
                FORGOT,
                &STATES,
                |name| json!({ "email": format!("{name}@example.com") }),
            ),
            (
                RESEND,
                &STATES,
                |name| json!({ "email": format!("{name}@example.com") }),
            ),
        ];
        let tell_apart = |results: &[(String, f64)]| -> Vec<(String, f64)> {
            let off = results.iter().filter(|(_, auc)| (auc - 0.5).abs() > 0.05);
            off.cloned().collect()
        };
        for (path, states, body) in routes {
            let first = compare(&client, path, states, body).await;
            eprintln!("{first:?}");
            if tell_apart(&first).is_empty() {
                continue;
            }
            let second = compare(&client, path, states, body).await;
            let again = tell_apart(&second);
            assert!(again.is_empty(), "{again:?}, before: {first:?}");
        }
    }
}
