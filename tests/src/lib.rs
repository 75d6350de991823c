//! Fixtures: a fresh database of each kind, the example app on a free port, and people to act.

mod browser;
mod client;
mod crowd;
mod database;
mod mailbox;
pub mod providers;
mod raw;
mod smtp;
mod tls;

pub use browser::{Browser, Html};
pub use client::{Answer, Client, Person, tree};
pub use database::{Kind, TestDatabase};
pub use mailbox::Mail;
pub use raw::Raw;
pub use smtp::{Encryption, Mode, Received, SmtpSink};
pub use tls::TlsFront;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer};
use example_app::{Articles, CorsRules};
use users_permissions::{
    Builder, Config, FirstAdmin, PasswordPolicy, SigningKeys, UsersPermissions,
};

/// Secret of every test server, so that tests can forge tokens.
pub const SECRET: &str = "acceptance-secret-acceptance-secret";
/// Password of every person.
pub const PASSWORD: &str = "Passw0rd!";

/// How long a server of tests waits for requests: many come at once, to a machine that may be busy.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Runs a test once per database; those without a server (`UP_TEST_POSTGRES_URL`, `UP_TEST_MYSQL_URL`)
/// are skipped with a line that says so.
#[macro_export]
macro_rules! on_every_database {
    ($($(#[$meta:meta])* async fn $name:ident($kind:ident) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run($kind: $crate::Kind) $body

            $(#[$meta])*
            #[actix_web::test]
            async fn sqlite() {
                run($crate::Kind::Sqlite).await;
            }

            $(#[$meta])*
            #[actix_web::test]
            async fn postgres() {
                if $crate::Kind::Postgres.is_available() {
                    run($crate::Kind::Postgres).await;
                }
            }

            $(#[$meta])*
            #[actix_web::test]
            async fn mysql() {
                if $crate::Kind::Mysql.is_available() {
                    run($crate::Kind::Mysql).await;
                }
            }
        }
    )*};
}

/// A configuration for tests: cheap hashes, Strapi's password rules, an administrator, no first grants,
/// no limits.
pub fn config(database: &TestDatabase) -> Config {
    let mut config = Config::new(database.url());
    config.signing_keys = Some(SigningKeys::parse(SECRET).expect("a secret"));
    config.bcrypt_cost = 4;
    config.password_policy = PasswordPolicy::Strapi;
    config.initial_grants = false;
    config.pool_size = 4;
    config.ratelimit.enabled = false;
    config.first_admin = Some(FirstAdmin {
        email: "admin@example.com".into(),
        username: "admin".into(),
        password: "AdminPass1".into(),
    });
    config
}

/// A running server; stops when dropped.
pub struct Server {
    /// The plugin inside.
    pub up: UsersPermissions,
    base: String,
    handle: ServerHandle,
    // Keeps the directory or database alive as long as the server.
    database: Option<TestDatabase>,
}

impl Server {
    /// The example app over a fresh database.
    pub async fn start(kind: Kind) -> Self {
        Self::start_with(kind, |_| {}).await
    }

    /// As [`start`](Self::start), with a change of the configuration.
    pub async fn start_with(kind: Kind, change: impl FnOnce(&mut Config)) -> Self {
        let database = TestDatabase::create(kind);
        let mut config = config(&database);
        change(&mut config);
        let mut server = Self::with_config(config).await;
        server.database = Some(database);
        server
    }

    /// The example app as configured, over a database the caller keeps.
    pub async fn with_config(config: Config) -> Self {
        Self::with_builder(example_app::plugin(config)).await
    }

    /// The example app over a plugin that the test has described.
    pub async fn with_builder(builder: Builder) -> Self {
        let up = builder.build().await.expect("the plugin starts");
        let articles = Articles::open(up.database())
            .await
            .expect("the articles open");
        let plugin = up.clone();
        let cors = CorsRules::of("https://app.example");
        let app = move || example_app::app(plugin.clone(), articles.clone(), cors.clone());
        let server = HttpServer::new(app)
            .workers(2)
            .client_request_timeout(PATIENCE)
            .keep_alive(PATIENCE)
            .bind(("127.0.0.1", 0))
            .expect("a free port");
        Self::run(up, server.addrs(), server.run()).await
    }

    /// Any application; `make` is called once per worker.
    pub async fn serve<F, I>(up: UsersPermissions, make: F) -> Self
    where
        F: Fn() -> App<I> + Send + Clone + 'static,
        I: actix_web::dev::ServiceFactory<
                actix_web::dev::ServiceRequest,
                Config = (),
                Response = actix_web::dev::ServiceResponse,
                Error = actix_web::Error,
                InitError = (),
            > + 'static,
    {
        let server = HttpServer::new(make)
            .workers(2)
            .client_request_timeout(PATIENCE)
            .keep_alive(PATIENCE)
            .bind(("127.0.0.1", 0))
            .expect("a free port");
        Self::run(up, server.addrs(), server.run()).await
    }

    async fn run(
        up: UsersPermissions,
        addresses: Vec<std::net::SocketAddr>,
        server: actix_web::dev::Server,
    ) -> Self {
        let base = format!("http://{}", addresses.first().expect("an address"));
        let handle = server.handle();
        actix_web::rt::spawn(server);
        // The server accepts once it was polled; a test that blocks right away would never let it.
        actix_web::rt::task::yield_now().await;
        Self {
            up,
            base,
            handle,
            database: None,
        }
    }

    /// The same server, keeping the database alive.
    pub fn owning(mut self, database: TestDatabase) -> Self {
        self.database = Some(database);
        self
    }

    /// The database the server keeps alive.
    pub fn database(&self) -> &TestDatabase {
        self.database
            .as_ref()
            .expect("a database of the server's own")
    }

    /// A connection for bytes as they are.
    pub fn raw(&self) -> Raw {
        Raw::connect(self.base.trim_start_matches("http://"))
    }

    /// `http://127.0.0.1:port`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A caller without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.base, None)
    }

    /// The administrator, signed in.
    pub async fn admin(&self) -> Client {
        self.login("admin", "AdminPass1").await
    }

    /// Whoever has this name and password, signed in.
    pub async fn login(&self, identifier: &str, password: &str) -> Client {
        let body = serde_json::json!({ "identifier": identifier, "password": password });
        let answer = self.anonymous().post("/api/auth/local", body).await;
        let jwt = answer.expect(200)["jwt"]
            .as_str()
            .expect("a token")
            .to_owned();
        Client::new(&self.base, Some(jwt))
    }

    /// A new user of the default role, registered and signed in.
    pub async fn register(&self, name: &str) -> Person {
        let body = serde_json::json!({ "username": name, "email": format!("{name}@example.com"), "password": PASSWORD });
        let answer = self
            .anonymous()
            .post("/api/auth/local/register", body)
            .await;
        let body = answer.expect(200);
        Person {
            id: body["user"]["id"].as_i64().expect("an id"),
            name: name.to_owned(),
            client: Client::new(
                &self.base,
                Some(body["jwt"].as_str().expect("a token").to_owned()),
            ),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Sends the command; nobody has to wait for the workers to end.
        drop(self.handle.stop(false));
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// Compiles the README's examples.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
