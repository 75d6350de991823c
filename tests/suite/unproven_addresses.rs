//! Whoever reads the mail of a mistyped address does not get the account.

use acceptance::{Person, Server, on_every_database};
use serde_json::{Value, json};

const FORGOT: &str = "/api/auth/forgot-password";
const RESET: &str = "/api/auth/reset-password";
const TYPO: &str = "typo@example.com";
const NEW: &str = "Another1!";

fn body(code: &str) -> Value {
    json!({ "code": code, "password": NEW, "passwordConfirmation": NEW })
}

/// Ann, whose address was changed to one that is perhaps not hers.
async fn moved(server: &Server, change: Value) -> Person {
    let ann = server.register("ann").await;
    let mut body = json!({ "email": TYPO });
    for (key, value) in change.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let admin = server.admin().await;
    admin
        .put(&format!("/api/users/{}", ann.id), body)
        .await
        .expect(200);
    ann
}

async fn expect_no_reset_mail(server: &Server, address: &str) {
    let body = json!({ "email": address });
    let answer = server.anonymous().post(FORGOT, body).await.expect(200);
    assert_eq!(answer, json!({ "ok": true }));
    server.written().await;
    let mut mails = server.mails().await;
    mails.retain(|mail| mail.to == address && mail.subject == "Reset password");
    assert!(mails.is_empty(), "{mails:?}");
}

on_every_database! {
    async fn a_changed_address_gets_no_reset_mail_until_it_is_proven(kind) {
        let server = Server::start(kind).await;
        moved(&server, json!({})).await;
        for address in [TYPO, "ann@example.com"] {
            expect_no_reset_mail(&server, address).await;
        }
        // Asked for a proof even where nobody else is.
        let link = server.mail_to(TYPO, "Account confirmation", 1).await.code();
        let link = format!("/api/auth/email-confirmation?confirmation={link}");
        assert_eq!(server.anonymous().get(&link).await.status, 302);
        let code = server.reset_code(TYPO, 1).await;
        server.anonymous().post(RESET, body(&code)).await.expect(200);
        server.login("ann", NEW).await;
    }

    async fn an_administrator_may_vouch_for_an_address(kind) {
        let server = Server::start(kind).await;
        let ann = moved(&server, json!({ "confirmed": true })).await;
        server.reset_code(TYPO, 1).await;
        let (admin, path) = (server.admin().await, format!("/api/users/{}", ann.id));
        admin.put(&path, json!({ "email": "third@example.com", "confirmed": false })).await.expect(200);
        expect_no_reset_mail(&server, "third@example.com").await;
        // What has nothing to do with it proves nothing.
        for change in [json!({ "username": "anne" }), json!({ "password": "Between1!" }), json!({ "email": "third@example.com" })] {
            admin.put(&path, change).await.expect(200);
        }
        expect_no_reset_mail(&server, "third@example.com").await;
        admin.put(&path, json!({ "confirmed": true })).await.expect(200);
        server.reset_code("third@example.com", 1).await;
    }

    // However a code for such an address came to be, it opens nothing.
    async fn no_reset_code_works_for_an_unproven_address(kind) {
        let server = Server::start(kind).await;
        let ann = moved(&server, json!({ "confirmed": true })).await;
        let code = server.reset_code(TYPO, 1).await;
        server.database().execute(&format!("INSERT INTO up_unproven (user_id) VALUES ({})", ann.id));
        let before = server.database().dump();
        let answer = server.anonymous().post(RESET, body(&code)).await;
        answer.expect_error(400, "ValidationError", "Incorrect code provided");
        assert_eq!(server.database().dump(), before);
        server.database().execute("DELETE FROM up_unproven");
        server.anonymous().post(RESET, body(&code)).await.expect(200);
    }
}
