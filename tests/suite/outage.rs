//! A database that cannot be asked is 503: never the public's rights, never 401.

use std::time::{Duration, Instant};

use acceptance::{Kind, PASSWORD, Server, on_every_database};
use serde_json::json;

use crate::forge;
use crate::tokens_of::{by_sessions, sign_in};

pub fn expect_unavailable(answer: &acceptance::Answer) {
    answer.expect_error(503, "ServiceUnavailableError", "Service Unavailable");
    assert!(
        answer.headers.contains_key("retry-after"),
        "{:?}",
        answer.headers
    );
}

on_every_database! {
    async fn a_caller_who_cannot_be_looked_up_is_503_and_is_let_in_when_the_table_is_back(kind) {
        let server = Server::start(kind).await;
        let (ann, bob) = (server.register("ann").await, server.register("bob").await);
        bob.client.get("/api/users/me").await.expect(200);
        server.database().execute("ALTER TABLE up_users RENAME TO gone");

        // Ann is not known yet. Even what the public may do is not hers while nobody knows who she is.
        for path in ["/api/users/me", "/api/connect/none", "/api/articles"] {
            expect_unavailable(&ann.client.get(path).await);
        }
        let login = json!({ "identifier": "ann", "password": PASSWORD });
        expect_unavailable(&server.anonymous().post("/api/auth/local", login.clone()).await);
        let body = json!({ "username": "carol", "email": "carol@example.com", "password": PASSWORD });
        expect_unavailable(&server.anonymous().post("/api/auth/local/register", body).await);
        // What needs no database goes on: a bad token is bad, the public is the public, Bob is known.
        server.anonymous().with_token("a.b.c").get("/api/users/me").await.expect_bad_token();
        server.anonymous().get("/api/users/me").await.expect_forbidden();
        let refused = "This provider is disabled";
        server.anonymous().get("/api/connect/none").await.expect_error(400, "ApplicationError", refused);
        bob.client.get("/api/users-permissions/roles").await.expect_forbidden();
        server.anonymous().get("/health").await.expect(200);

        server.database().execute("ALTER TABLE gone RENAME TO up_users");
        ann.client.get("/api/users/me").await.expect(200);
        server.anonymous().post("/api/auth/local", login).await.expect(200);
    }

    async fn a_change_that_cannot_be_stored_is_503_and_changes_nothing(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let role = admin.create_role("Editor", &["api::article.article.find"]).await;
        let editor = admin.create_user("editor", role).await;
        editor.client.get("/api/articles").await.expect(200);
        let before = server.database().dump();
        server.database().execute("ALTER TABLE up_permissions RENAME TO gone");
        expect_unavailable(&admin.set_grants(role, &["api::article.article.create"]).await);
        let created = json!({ "name": "Other", "permissions": acceptance::tree(&["api::article.article.find"]) });
        expect_unavailable(&admin.post("/api/users-permissions/roles", created).await);
        server.database().execute("ALTER TABLE gone RENAME TO up_permissions");
        assert_eq!(server.database().dump(), before);
        editor.client.get("/api/articles").await.expect(200);
        admin.set_grants(role, &[]).await.expect(200);
        editor.client.get("/api/articles").await.expect_forbidden();
    }
}

/// Ends every connection to the database but the one that says so.
pub fn cut_connections(server: &Server) {
    let database = server.database();
    match database.kind() {
        Kind::Sqlite => {}
        Kind::Postgres => database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        ),
        Kind::Mysql => {
            let sql = "SELECT CAST(id AS CHAR) AS line FROM information_schema.processlist
                       WHERE db = DATABASE() AND id <> CONNECTION_ID()";
            for id in database.lines(sql) {
                database.execute(&format!("KILL {id}"));
            }
        }
    }
}

on_every_database! {
    // A restarted database, a firewall that forgot a connection: the pool holds dead connections.
    async fn connections_that_were_cut_are_replaced(kind) {
        let server = Server::start(kind).await;
        let ann = server.register("ann").await;
        // Every connection of the pool has been used.
        let tokens: Vec<_> = (0..40).map(|seconds| {
            let mut claims = forge::claims(ann.id);
            claims["iat"] = json!(seconds);
            claims
        }).collect();
        futures_util::future::join_all((0..20).map(|_| ann.client.get("/api/users/me"))).await;
        cut_connections(&server);
        let mut last = Vec::new();
        for claims in tokens {
            let answer = ann.client.with_token(forge::token(&claims)).get("/api/users/me").await;
            assert!([200, 503].contains(&answer.status.as_u16()), "{} {}", answer.status, answer.text);
            last.push(answer.status.as_u16());
        }
        // The pool has four; each may fail once.
        assert!(last[4..].iter().all(|status| *status == 200), "{last:?}");
    }
}

on_every_database! {
    // No answer and no error either: whoever looks at what other instances changed waits for the database.
    async fn nobody_is_remembered_for_long_while_changes_cannot_be_read(kind) {
        // An embedded database has no other instances.
        if kind == Kind::Sqlite {
            return;
        }
        let interval = Duration::from_millis(50);
        let server = Server::start_with(kind, |config| {
            by_sessions(config);
            config.sync_interval = interval;
            config.blind_span = interval * 10;
        }).await;
        crate::apps::grant(&server.admin().await, "authenticated", &["api::article.article.ping"]).await;
        let ann = server.register("ann").await;
        let ping = async || ann.client.get("/api/ping").await.status.as_u16();
        let until = async |status: u16| {
            let asked = Instant::now();
            while ping().await != status {
                assert!(asked.elapsed() < Duration::from_secs(10), "never {status}");
            }
        };
        // As another instance may have done it: nothing but the row of the user tells of it.
        let set_blocked = |blocked: &str| {
            let sql = format!("UPDATE up_users SET blocked = {blocked} WHERE id = {}", ann.id);
            server.database().execute(&sql);
        };
        until(200).await;
        let held = server.database().hold_revision();
        for _ in 0..3 {
            set_blocked("TRUE");
            until(401).await;
            set_blocked("FALSE");
            until(200).await;
        }
        drop(held);
        // From then on callers are remembered again: what nobody tells of is not seen.
        let asked = Instant::now();
        let mut unseen = false;
        while !unseen {
            assert!(asked.elapsed() < Duration::from_secs(20), "nobody is remembered any more");
            until(200).await;
            set_blocked("TRUE");
            let (blocked, mut last) = (Instant::now(), 200);
            while last == 200 && blocked.elapsed() < interval * 10 {
                last = ping().await;
            }
            unseen = last == 200;
            set_blocked("FALSE");
            // Forgets whom it signs in, and nobody else.
            sign_in(&server, "ann").await;
        }
    }
}
