//! The example app as a process of its own, for tests of its death and of its clock.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use acceptance::SECRET;
use reqwest::Client;

/// Short, so that the mails of the dead are taken over within the test's time.
const TIMES: &str = r#"{"timeout":3000,"lease":4000,"first_pause":100,"longest_pause":1000,"poll_interval":200,"attempts":1000}"#;

/// The example app of this profile, built once.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), Into::into);
        let (directory, profile): (_, &[&str]) = if cfg!(debug_assertions) {
            ("debug", &[])
        } else {
            ("long", &["--profile", "long"])
        };
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "-p", "example_app"])
            .args(["--features", "postgres,mysql"])
            .args(profile)
            .current_dir(&root)
            .status()
            .expect("cargo");
        assert!(built.success());
        target.join(directory).join("example_app")
    })
}

/// What every process is started with.
pub struct Setup {
    pub database: String,
    pub smtp: String,
    pub directory: tempfile::TempDir,
    /// Variables beside those below, or in their place.
    pub more: Vec<(&'static str, String)>,
}

/// One process.
pub struct Instance {
    process: Child,
    pub base: String,
}

impl Drop for Instance {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Instance {
    pub async fn start(setup: &Setup, http: &Client) -> Self {
        for _ in 0..5 {
            let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
            let port = listener.local_addr().expect("an address").port();
            drop(listener);
            let process = Command::new(program())
                .current_dir(setup.directory.path())
                .env_clear()
                .envs([
                    ("PORT", port.to_string().as_str()),
                    // Not its own address: providers and mails know one that is the same for every instance.
                    ("PUBLIC_URL", "http://localhost:1337"),
                    ("DATABASE_URL", &setup.database),
                    ("SMTP_URL", &setup.smtp),
                    ("UP_MAIL", TIMES),
                    ("JWT_SECRET", SECRET),
                    ("UP_ADVANCED_SETTINGS", r#"{"email_confirmation":true}"#),
                    ("UP_BCRYPT_COST", "4"),
                    ("UP_RATELIMIT", r#"{"enabled":false}"#),
                    ("UP_PASSWORD_POLICY", "strapi"),
                    ("UP_ADMIN_EMAIL", "admin@example.com"),
                    ("UP_ADMIN_PASSWORD", "AdminPass1"),
                    ("UP_POOL_SIZE", "4"),
                    ("RUST_LOG", "off"),
                ])
                .envs(setup.more.iter().map(|(name, value)| (name, value)))
                .stdout(Stdio::null())
                .spawn()
                .expect("the example app");
            let base = format!("http://127.0.0.1:{port}");
            let mut instance = Self { process, base };
            if instance.answers(http).await {
                return instance;
            }
        }
        panic!("it does not start");
    }

    /// Waits for the start; false when the process ended, for its port was taken meanwhile.
    async fn answers(&mut self, http: &Client) -> bool {
        let started = Instant::now();
        while self.process.try_wait().expect("a process").is_none() {
            let health = http.get(format!("{}/health", self.base)).send().await;
            if health.is_ok_and(|answer| answer.status() == 200) {
                return true;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "no start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// Has it ended?
    pub fn is_dead(&mut self) -> bool {
        self.process.try_wait().expect("a process").is_some()
    }

    /// SIGKILL; answers when. It is over then.
    pub fn kill(&mut self) -> Instant {
        let killed = Instant::now();
        self.process.kill().expect("a running process");
        self.process.wait().expect("a process that ended");
        killed
    }
}
