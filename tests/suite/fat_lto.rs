//! Handlers register at link time, also where the linker sees the whole program at once.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use acceptance::Client;
use serde_json::json;

/// The example app, stopped when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[ignore = "long"]
#[actix_web::test]
async fn every_action_of_the_example_app_is_there_with_fat_lto() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let directory = tempfile::tempdir().expect("a directory");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), Into::into);
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--profile", "fat", "-p", "example_app"])
        .current_dir(&root)
        .status()
        .expect("cargo");
    assert!(built.success());
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let app = Command::new(target.join("fat/example_app"))
        .current_dir(directory.path())
        .env_clear()
        .envs([
            ("PORT", port.to_string().as_str()),
            ("RUST_LOG", "off"),
            ("UP_ADMIN_EMAIL", "admin@example.com"),
            ("UP_ADMIN_PASSWORD", "seven quiet herons wade"),
        ])
        .stdout(Stdio::null())
        .spawn()
        .expect("the example app");
    let _app = Running(app);
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it does not start"
        );
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    let anonymous = Client::new(&format!("http://127.0.0.1:{port}"), None);
    let login = json!({ "identifier": "admin", "password": "seven quiet herons wade" });
    let jwt = anonymous.post("/api/auth/local", login).await.expect(200)["jwt"].clone();
    let admin = anonymous.with_token(jwt.as_str().expect("a token"));
    let tree = admin
        .get("/api/users-permissions/permissions")
        .await
        .expect(200);
    let actions = &tree["permissions"]["api::article"]["controllers"]["article"];
    for action in ["ping", "find", "findOne", "create", "update", "delete"] {
        assert!(actions[action].is_object(), "{action}: {actions}");
    }
    anonymous.get("/api/articles").await.expect(200);
}
