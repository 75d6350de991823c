//! Clients that break off while a change is made: what was committed counts, whoever has heard of it.

use std::time::{Duration, Instant};

use acceptance::{Client, Raw, Server, on_every_database, tree};
use serde_json::{Value, json};

const PING: &str = "api::article.article.ping";

/// Sends a change whose commit has to wait, breaks the connection off, and lets the commit go on.
async fn put_and_break_off(server: &Server, admin: &Client, path: &str, body: &Value) {
    let held = server.database().hold_changes(&[]);
    let body = body.to_string();
    let (token, length) = (admin.token(), body.len());
    let mut raw: Raw = server.raw();
    raw.write(format!(
        "PUT {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    ));
    // From outside nobody sees that the change waits, nor that the server has noticed the end.
    tokio::time::sleep(Duration::from_millis(400)).await;
    raw.reset();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(held);
}

async fn becomes(client: &Client, path: &str, status: u16) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = client.get(path).await;
        if answer.status == status {
            return;
        }
        assert!(Instant::now() < until, "{path} is {}", answer.status);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

on_every_database! {
    async fn what_a_client_did_not_wait_for_counts_all_the_same(kind) {
        let by_others = |config: &mut users_permissions::Config| config.sync_interval = Duration::from_secs(3_600);
        let server = Server::start_with(kind, by_others).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &[PING]).await;
        let editor = admin.create_user("editor", role).await;
        editor.client.get("/api/ping").await.expect(200);

        let taken = json!({ "name": "Editor", "description": "", "permissions": tree(&[]) });
        let path = format!("/api/users-permissions/roles/{role}");
        put_and_break_off(&server, &admin, &path, &taken).await;
        becomes(&editor.client, "/api/ping", 403).await;

        let path = format!("/api/users/{}", editor.id);
        put_and_break_off(&server, &admin, &path, &json!({ "blocked": true })).await;
        becomes(&editor.client, "/api/ping", 401).await;
    }
}
