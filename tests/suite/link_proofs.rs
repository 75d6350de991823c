//! Who links a provider shows who it is: by the password or, without one, by having signed in lately.

use acceptance::providers::Simulators;
use acceptance::{Answer, Client, Server, on_every_database};
use serde_json::{Value, json};
use users_permissions::IssuerUsers;

use crate::forge;
use crate::issuer::Issuer;
use crate::social::{Browser, enable};
use crate::tokens_of::{Pair, by_sessions, caller, refresh};

const IDENTITIES: &str = "/api/auth/identities";
const AGAIN: &str =
    "To link a provider, sign in again with one that is linked, and return within ten minutes";

/// Gets a ticket of Google's.
async fn ticket(server: &Server) -> String {
    Browser::new(server).login("google").await["access_token"].clone()
}

async fn link(client: &Client, ticket: &str) -> Answer {
    let body = json!({ "provider": "google", "access_token": ticket });
    client.post(IDENTITIES, body).await
}

fn expect_stale(answer: &Answer) {
    answer.expect_error(403, "ForbiddenError", AGAIN);
}

fn expect_two(answer: &Answer) {
    let linked = answer.expect(200);
    assert_eq!(linked["data"].as_array().unwrap().len(), 2, "{linked}");
}

on_every_database! {
    async fn a_session_that_was_left_open_links_nothing(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            by_sessions(config);
            enable(config, &simulators, "github");
            enable(config, &simulators, "google");
        }).await;
        let begin = async || Pair::of(&Browser::new(&server).sign_in("github").await.expect(200));
        let old = begin().await;
        // As if it had begun a quarter of an hour ago; renewing it makes it no younger.
        let past = chrono::Utc::now() - chrono::TimeDelta::minutes(15);
        let past = past.format("%Y-%m-%d %H:%M:%S");
        server.database().execute(&format!("UPDATE up_sessions SET created_at = '{past}'"));
        let other = begin().await;
        let ticket = ticket(&server).await;
        expect_stale(&link(&caller(&server, &old.jwt), &ticket).await);
        let renewed = Pair::of(&refresh(&server, &old.refresh).await.expect(200));
        expect_stale(&link(&caller(&server, &renewed.jwt), &ticket).await);
        // The refusal has not used the ticket up.
        expect_two(&link(&caller(&server, &other.jwt), &ticket).await);
    }

    async fn a_token_that_was_left_lying_links_nothing(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            enable(config, &simulators, "github");
            enable(config, &simulators, "google");
        }).await;
        let login = Browser::new(&server).sign_in("github").await.expect(200);
        let now = forge::now();
        let token = |iat: Value| {
            let mut claims = json!({ "id": login["user"]["id"], "exp": now + 1_000, "ver": 0, "iat": iat });
            if iat.is_null() {
                claims.as_object_mut().unwrap().remove("iat");
            }
            server.anonymous().with_token(forge::token(&claims))
        };
        let ticket = ticket(&server).await;
        for iat in [json!(now - 660), json!(now + 660), json!(0), json!(-1), json!(1.5), Value::Null] {
            expect_stale(&link(&token(iat), &ticket).await);
        }
        expect_two(&link(&token(json!(now - 500)), &ticket).await);
    }

    async fn an_issuer_says_when_its_user_signed_in(kind) {
        let simulators = Simulators::start().await;
        let issuer = Issuer::start().await;
        let mut trusted = issuer.trusted();
        trusted.users = IssuerUsers::Link;
        let server = Server::start_with(kind, |config| {
            enable(config, &simulators, "google");
            config.trusted_issuers = vec![trusted];
        }).await;
        let now = forge::now();
        let token = |auth_time: Option<i64>| {
            let mut claims = issuer.claims_of_user("ann");
            if let Some(time) = auth_time {
                claims["auth_time"] = json!(time);
            }
            server.anonymous().with_token(issuer.token(&claims))
        };
        token(None).get("/api/users/me").await.expect(200);
        let ticket = ticket(&server).await;
        // Its tokens are renewed while nobody is there.
        for time in [None, Some(now - 660), Some(now + 660)] {
            expect_stale(&link(&token(time), &ticket).await);
        }
        expect_two(&link(&token(Some(now - 500)), &ticket).await);
    }
}
