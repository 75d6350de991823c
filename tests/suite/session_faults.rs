//! A database that fails while sessions are asked for: 503 in the shape of every error, and nothing half done.

use acceptance::{Kind, PASSWORD, Server, on_every_database};
use serde_json::{Value, json};

use crate::outage::{cut_connections, expect_unavailable};
use crate::session_rotation::age;
use crate::tokens_of::{Pair, caller, expect_refused, me, refresh, server, sign_in};

fn login() -> Value {
    json!({ "identifier": "ann", "password": PASSWORD })
}

/// From now on every statement of this kind on the sessions fails, and none else.
fn break_statement(server: &Server, statement: &str) {
    let database = server.database();
    match database.kind() {
        Kind::Sqlite => database.execute(&format!(
            "CREATE TRIGGER broken BEFORE {statement} ON up_sessions BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )),
        Kind::Postgres => {
            database.execute(
                "CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'broken'; END $$",
            );
            database.execute(&format!(
                "CREATE TRIGGER broken BEFORE {statement} ON up_sessions FOR EACH ROW EXECUTE FUNCTION broken()"
            ));
        }
        Kind::Mysql => database.execute(&format!(
            "CREATE TRIGGER broken BEFORE {statement} ON up_sessions FOR EACH ROW \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken'"
        )),
    }
}

fn mend(server: &Server) {
    let on = match server.database().kind() {
        Kind::Postgres => " ON up_sessions",
        _ => "",
    };
    server
        .database()
        .execute(&format!("DROP TRIGGER broken{on}"));
}

on_every_database! {
    async fn without_the_table_nobody_is_signed_in_out_or_on(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let pair = sign_in(&server, "ann").await;
        let (ann, anonymous) = (caller(&server, &pair.jwt), server.anonymous());
        ann.get("/api/users/me").await.expect(200);
        let before = server.database().dump();
        server.database().execute("ALTER TABLE up_sessions RENAME TO gone");
        expect_unavailable(&refresh(&server, &pair.refresh).await);
        expect_unavailable(&anonymous.post("/api/auth/local", login()).await);
        expect_unavailable(&ann.get("/api/auth/sessions").await);
        for body in [json!({}), json!({ "scope": "all" }), json!({ "deviceId": "x" }), json!({ "refreshToken": pair.refresh })] {
            expect_unavailable(&ann.post("/api/auth/logout", body).await);
        }
        expect_unavailable(&ann.delete(&format!("/api/auth/sessions/{}", "0".repeat(32))).await);
        let change = json!({ "currentPassword": PASSWORD, "password": "Another1!", "passwordConfirmation": "Another1!" });
        expect_unavailable(&ann.post("/api/auth/change-password", change).await);
        // What is no token is none, whatever the database does.
        expect_refused(&refresh(&server, &pair.jwt).await);
        server.database().execute("ALTER TABLE gone RENAME TO up_sessions");
        assert_eq!(server.database().dump(), before);
        me(&server, &pair.jwt).await.expect(200);
        refresh(&server, &pair.refresh).await.expect(200);
        sign_in(&server, "ann").await;
    }

    async fn a_user_who_cannot_be_read_is_refreshed_later(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let pair = sign_in(&server, "ann").await;
        let before = server.database().dump();
        server.database().execute("ALTER TABLE up_users RENAME TO gone");
        for _ in 0..3 {
            expect_unavailable(&refresh(&server, &pair.refresh).await);
        }
        server.database().execute("ALTER TABLE gone RENAME TO up_users");
        assert_eq!(server.database().dump(), before);
        refresh(&server, &pair.refresh).await.expect(200);
    }

    async fn an_exchange_that_cannot_be_written_uses_nothing_up(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let pair = sign_in(&server, "ann").await;
        let before = server.database().dump();
        break_statement(&server, "UPDATE");
        for _ in 0..3 {
            expect_unavailable(&refresh(&server, &pair.refresh).await);
        }
        mend(&server);
        assert_eq!(server.database().dump(), before);
        me(&server, &pair.jwt).await.expect(200);
        refresh(&server, &pair.refresh).await.expect(200);
    }

    async fn a_session_that_cannot_be_written_signs_nobody_in(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let before = server.database().dump();
        break_statement(&server, "INSERT");
        expect_unavailable(&server.anonymous().post("/api/auth/local", login()).await);
        mend(&server);
        assert_eq!(server.database().dump(), before);
        sign_in(&server, "ann").await;
    }

    // Nobody is told that something has ended which lives on.
    async fn an_end_that_cannot_be_written_is_told(kind) {
        let server = server(kind).await;
        let admin = server.admin().await;
        let ann = server.register("ann").await;
        let first = sign_in(&server, "ann").await;
        let second = Pair::of(&refresh(&server, &first.refresh).await.expect(200));
        let signed_in = caller(&server, &second.jwt);
        let before = server.database().dump();
        break_statement(&server, "DELETE");
        for body in [json!({}), json!({ "scope": "all" })] {
            expect_unavailable(&signed_in.post("/api/auth/logout", body).await);
        }
        // A new password and a block take the sessions along, or are none.
        let path = format!("/api/users/{}", ann.id);
        for change in [json!({ "password": "Another1!" }), json!({ "blocked": true })] {
            expect_unavailable(&admin.put(&path, change).await);
        }
        mend(&server);
        assert_eq!(server.database().dump(), before);
        me(&server, &second.jwt).await.expect(200);
        // A replay that could not end the family does so the next time.
        let third = Pair::of(&refresh(&server, &second.refresh).await.expect(200));
        age(server.database(), 11);
        break_statement(&server, "DELETE");
        expect_unavailable(&refresh(&server, &first.refresh).await);
        mend(&server);
        me(&server, &third.jwt).await.expect(200);
        expect_refused(&refresh(&server, &first.refresh).await);
        assert_eq!(me(&server, &third.jwt).await.status, 401);
        expect_refused(&refresh(&server, &third.refresh).await);
    }

    async fn connections_that_were_cut_use_up_no_token(kind) {
        let server = server(kind).await;
        server.register("ann").await;
        let mut present = sign_in(&server, "ann").await;
        for _ in 0..3 {
            cut_connections(&server);
            let mut failures = 0;
            present = loop {
                let answer = refresh(&server, &present.refresh).await;
                if answer.status == 200 {
                    break Pair::of(&answer.json());
                }
                expect_unavailable(&answer);
                failures += 1;
                // The pool has four; each may fail once.
                assert!(failures <= 4, "{}", answer.text);
            };
            me(&server, &present.jwt).await.expect(200);
        }
    }
}
