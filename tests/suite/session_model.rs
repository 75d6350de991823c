//! Sessions against a model of them: whatever happens in whatever order, over two instances, the tokens
//! that live are those that the model says.

use std::time::{Duration, Instant};

use acceptance::{Answer, Client, Kind, PASSWORD, Server, TestDatabase, config};
use proptest::prelude::{Just, Strategy, any};
use proptest::test_runner::{Config as Runs, TestRunner};
use proptest::{collection, prop_oneof};
use serde_json::json;

use crate::tokens_of::{Pair, by_sessions, caller, me, refresh};

const PASSWORDS: [&str; 2] = [PASSWORD, "An0therWord!"];

/// What happens. Numbers choose among what is there; `bool` is the instance.
#[derive(Debug, Clone)]
enum Step {
    Login(bool),
    /// With the token so many exchanges ago.
    Refresh(bool, u8, u8),
    /// With one token at both instances at once.
    Race(u8),
    Logout(bool, u8),
    LogoutEverywhere(bool, u8),
    ChangePassword(bool, u8),
    Block(bool),
    Unblock(bool),
    /// The clock goes on beyond the span in which a token may come twice.
    Later,
    /// The clock goes on beyond the life of every session.
    MuchLater,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<bool>().prop_map(Step::Login),
        5 => (any::<bool>(), any::<u8>(), 0..3u8).prop_map(|(at, which, ago)| Step::Refresh(at, which, ago)),
        2 => any::<u8>().prop_map(Step::Race),
        2 => (any::<bool>(), any::<u8>()).prop_map(|(at, which)| Step::Logout(at, which)),
        1 => (any::<bool>(), any::<u8>()).prop_map(|(at, which)| Step::LogoutEverywhere(at, which)),
        1 => (any::<bool>(), any::<u8>()).prop_map(|(at, which)| Step::ChangePassword(at, which)),
        1 => any::<bool>().prop_map(Step::Block),
        2 => any::<bool>().prop_map(Step::Unblock),
        2 => Just(Step::Later),
        1 => Just(Step::MuchLater),
    ]
}

/// A session as the model knows it.
struct Modelled {
    /// The latest last.
    pairs: Vec<Pair>,
    lives: bool,
    /// So many exchanges are longer ago than a token may come twice.
    old: usize,
}

/// Two instances, and what the model says of one user.
struct World<'a> {
    instances: [&'a Server; 2],
    admins: [&'a Client; 2],
    database: &'a TestDatabase,
    name: String,
    id: i64,
    password: usize,
    is_blocked: bool,
    sessions: Vec<Modelled>,
}

impl World<'_> {
    fn at(&self, second: bool) -> &Server {
        self.instances[usize::from(second)]
    }

    fn chosen(&self, which: u8) -> Option<usize> {
        (!self.sessions.is_empty()).then(|| usize::from(which) % self.sessions.len())
    }

    fn begin(&mut self, answer: &Answer) {
        self.sessions.push(Modelled {
            pairs: vec![Pair::of(&answer.json())],
            lives: true,
            old: 0,
        });
    }

    fn end_all(&mut self) {
        for session in &mut self.sessions {
            session.lives = false;
        }
    }

    async fn login(&mut self, at: bool) {
        let body = json!({ "identifier": self.name, "password": PASSWORDS[self.password] });
        let answer = self.at(at).anonymous().post("/api/auth/local", body).await;
        if self.is_blocked {
            answer.expect(400);
        } else {
            answer.expect(200);
            self.begin(&answer);
        }
    }

    async fn refresh(&mut self, at: bool, which: u8, ago: u8) {
        let Some(chosen) = self.chosen(which) else {
            return;
        };
        let session = &self.sessions[chosen];
        let last = session.pairs.len() - 1;
        let place = last.saturating_sub(ago.into());
        let answer = refresh(self.at(at), &session.pairs[place].refresh).await;
        let session = &mut self.sessions[chosen];
        if session.lives && place == last {
            session.pairs.push(Pair::of(&answer.expect(200)));
            return;
        }
        answer.expect(401);
        // Somebody has a copy, or lost an answer a moment ago.
        session.lives &= place >= session.old;
    }

    async fn race(&mut self, which: u8) {
        let Some(chosen) = self.chosen(which) else {
            return;
        };
        let token = self.sessions[chosen].pairs.last().unwrap().refresh.clone();
        let both = self.instances.map(|server| refresh(server, &token));
        let answers = futures_util::future::join_all(both).await;
        let won: Vec<_> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .collect();
        let session = &mut self.sessions[chosen];
        assert_eq!(
            won.len(),
            usize::from(session.lives),
            "one wins, if the session lives"
        );
        if let [won] = won.as_slice() {
            session.pairs.push(Pair::of(&won.json()));
        }
    }

    /// As the owner of a session; what it answers when the session lives.
    async fn act(
        &self,
        at: bool,
        which: u8,
        path: &str,
        body: serde_json::Value,
    ) -> Option<Answer> {
        let session = &self.sessions[self.chosen(which)?];
        let jwt = &session.pairs.last()?.jwt;
        if !session.lives {
            // The other instance may not know yet.
            return None;
        }
        let answer = caller(self.at(at), jwt).post(path, body).await;
        answer.expect(200);
        Some(answer)
    }

    async fn change_password(&mut self, at: bool, which: u8) {
        let (old, new) = (PASSWORDS[self.password], PASSWORDS[1 - self.password]);
        let body = json!({ "currentPassword": old, "password": new, "passwordConfirmation": new });
        if let Some(answer) = self.act(at, which, "/api/auth/change-password", body).await {
            self.password = 1 - self.password;
            self.end_all();
            self.begin(&answer);
        }
    }

    async fn set_blocked(&mut self, at: bool, blocked: bool) {
        let path = format!("/api/users/{}", self.id);
        let admin = self.admins[usize::from(at)];
        admin
            .put(&path, json!({ "blocked": blocked }))
            .await
            .expect(200);
        self.is_blocked = blocked;
        if blocked {
            self.end_all();
        }
    }

    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Login(at) => self.login(at).await,
            Step::Refresh(at, which, ago) => self.refresh(at, which, ago).await,
            Step::Race(which) => self.race(which).await,
            Step::Logout(at, which) => {
                if self
                    .act(at, which, "/api/auth/logout", json!({}))
                    .await
                    .is_some()
                {
                    let chosen = self.chosen(which).unwrap();
                    self.sessions[chosen].lives = false;
                }
            }
            Step::LogoutEverywhere(at, which) => {
                let body = json!({ "scope": "all" });
                if self
                    .act(at, which, "/api/auth/logout", body)
                    .await
                    .is_some()
                {
                    self.end_all();
                }
            }
            Step::ChangePassword(at, which) => self.change_password(at, which).await,
            Step::Block(at) => self.set_blocked(at, true).await,
            Step::Unblock(at) => self.set_blocked(at, false).await,
            Step::Later => {
                let own = format!(
                    "SELECT session_id FROM up_sessions WHERE user_id = {}",
                    self.id
                );
                let old = "UPDATE up_used_tokens SET used_at = '2020-01-01 00:00:00'";
                self.database
                    .execute(&format!("{old} WHERE session_id IN ({own})"));
                for session in &mut self.sessions {
                    session.old = session.pairs.len() - 1;
                }
            }
            Step::MuchLater => {
                let past = "UPDATE up_sessions SET expires_at = '2020-01-01 00:00:00'";
                self.database
                    .execute(&format!("{past} WHERE user_id = {}", self.id));
                // Whoever is remembered holds access tokens until those expire; here they do with the
                // next login, which forgets the user in its instance, and with the sweep.
                for session in &self.sessions {
                    let token = &session.pairs.last().unwrap().refresh;
                    refresh(self.instances[0], token).await.expect(401);
                }
                let admin = self.admins[0];
                let path = format!("/api/users/{}", self.id);
                for blocked in [true, self.is_blocked] {
                    admin
                        .put(&path, json!({ "blocked": blocked }))
                        .await
                        .expect(200);
                }
                self.end_all();
            }
        }
    }

    /// Every access token is good exactly where the model says so: at once at the instance that acted
    /// last, and within the stated time at the other.
    async fn check(&self, acted: usize) {
        for session in &self.sessions {
            let expected = if session.lives && !self.is_blocked {
                200
            } else {
                401
            };
            for jwt in session.pairs.iter().map(|pair| &pair.jwt) {
                let here = me(self.instances[acted], jwt).await;
                assert_eq!(here.status, expected, "at once: {}", here.text);
                let asked = Instant::now();
                while me(self.instances[1 - acted], jwt).await.status != expected {
                    assert!(
                        expected == 401,
                        "a living session is known everywhere at once"
                    );
                    assert!(
                        asked.elapsed() < Duration::from_secs(10),
                        "it lives on elsewhere"
                    );
                }
            }
        }
    }
}

/// The instance that acts in a step.
fn acting(step: &Step) -> usize {
    match step {
        Step::Login(at)
        | Step::Refresh(at, ..)
        | Step::Logout(at, _)
        | Step::LogoutEverywhere(at, _)
        | Step::ChangePassword(at, _)
        | Step::Block(at)
        | Step::Unblock(at) => usize::from(*at),
        Step::Race(_) | Step::Later | Step::MuchLater => 0,
    }
}

fn run(kind: Kind) {
    if !kind.is_available() {
        return;
    }
    let system = actix_web::rt::System::new();
    let database = TestDatabase::create(kind);
    let start = || {
        let mut config = config(&database);
        by_sessions(&mut config);
        // The model knows no time but that of its steps, however long they take.
        config.sessions.reuse_span = Duration::from_secs(60);
        config.sessions.access_token_lifespan = Duration::from_secs(86_400);
        config.sync_interval = Duration::from_millis(20);
        Server::with_config(config)
    };
    let one = system.block_on(start());
    // SQLite is for one process.
    let two = (kind != Kind::Sqlite).then(|| system.block_on(start()));
    let instances = [&one, two.as_ref().unwrap_or(&one)];
    let admins = instances.map(|server| system.block_on(server.admin()));
    let runs = Runs {
        cases: 24,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Runs::default()
    };
    let mut number = 0;
    let steps = collection::vec(step(), 1..16);
    let number = std::cell::RefCell::new(&mut number);
    let result = TestRunner::new(runs).run(&steps, |steps| {
        **number.borrow_mut() += 1;
        let name = format!("ann{}", number.borrow());
        system.block_on(async {
            let ann = one.register(&name).await;
            let mut world = World {
                instances,
                admins: [&admins[0], &admins[1]],
                database: &database,
                id: ann.id,
                name,
                password: 0,
                is_blocked: false,
                sessions: Vec::new(),
            };
            for step in &steps {
                world.step(step).await;
                world.check(acting(step)).await;
            }
        });
        Ok(())
    });
    system.block_on(async { drop(two) });
    result.unwrap();
}

#[test]
fn sqlite() {
    run(Kind::Sqlite);
}

#[test]
fn postgres() {
    run(Kind::Postgres);
}

#[test]
fn mysql() {
    run(Kind::Mysql);
}
