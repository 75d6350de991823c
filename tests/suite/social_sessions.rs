//! What a social login opens: a session, where tokens are managed so; and how long its ticket waits.

use acceptance::providers::Simulators;
use acceptance::{Answer, Client, Server, on_every_database};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;

use crate::social::{Browser, enable};
use crate::tokens_of::{Pair, by_sessions, caller, expect_refused, me, post_with, refresh};

const NAME: &str = "strapi_up_refresh";
const ASK: (&str, &str) = ("x-strapi-refresh-cookie", "httpOnly");

/// Exchanges a ticket as a front end that wants the refresh token in the cookie.
async fn redeem_into_cookie(server: &Server, ticket: &str) -> Answer {
    let client: Client = server.anonymous();
    let path = format!("/api/auth/github/callback?access_token={ticket}");
    let request = client.request(Method::GET, &path).header(ASK.0, ASK.1);
    client.send(request).await
}

on_every_database! {
    async fn social_login_opens_a_session(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            by_sessions(config);
            enable(config, &simulators, "github");
        }).await;
        let mut browser = Browser::new(&server);
        let ticket = browser.login("github").await["access_token"].clone();
        let first = Pair::of(&browser.redeem("github", &ticket).await.expect(200));
        let body = me(&server, &first.jwt).await.expect(200);
        assert_eq!(body["provider"], "github");
        // It is renewed, listed and ended like any other.
        let second = Pair::of(&refresh(&server, &first.refresh).await.expect(200));
        let list = caller(&server, &second.jwt).get("/api/auth/sessions").await.expect(200);
        assert_eq!((list["data"].as_array().unwrap().len(), &list["data"][0]["current"]), (1, &true.into()));
        let out = caller(&server, &second.jwt).post("/api/auth/logout", serde_json::json!({})).await;
        out.expect(200);
        me(&server, &second.jwt).await.expect(401);
        expect_refused(&refresh(&server, &second.refresh).await);

        // Into the cookie, for those who ask for it.
        let ticket = browser.login("github").await["access_token"].clone();
        let answer = redeem_into_cookie(&server, &ticket).await;
        let body = answer.expect(200);
        assert!(body["jwt"].is_string() && body.get("refreshToken").is_none(), "{body}");
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with(&format!("{NAME}=")) && cookie.contains("HttpOnly"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap();
        let renewed = post_with(&server, "/api/auth/refresh", serde_json::json!({}), &[("cookie", cookie)]).await;
        me(&server, renewed.expect(200)["jwt"].as_str().unwrap()).await.expect(200);
    }

    async fn a_ticket_waits_for_a_minute(kind) {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| enable(config, &simulators, "github")).await;
        let database = server.database();
        let mut browser = Browser::new(&server);
        let before = Utc::now();
        let ticket = browser.login("github").await["access_token"].clone();
        let after = Utc::now();
        let text = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
        let life = TimeDelta::seconds(60);
        let range = format!("BETWEEN '{}' AND '{}'", text(before + life), text(after + life));
        let in_time = format!("SELECT COUNT(*) FROM up_tickets WHERE expires_at {range}");
        assert_eq!(database.number(&in_time), 1);
        // As if it had gone by.
        let past = text(Utc::now() - TimeDelta::seconds(1));
        database.execute(&format!("UPDATE up_tickets SET expires_at = '{past}'"));
        let refused = "OAuth authentication requires a completed provider session";
        browser.redeem("github", &ticket).await.expect_error(400, "ApplicationError", refused);
        assert_eq!(database.number("SELECT COUNT(*) FROM up_identities"), 0);
        // The next one sweeps it away, and is good.
        let ticket = browser.login("github").await["access_token"].clone();
        assert_eq!(database.number("SELECT COUNT(*) FROM up_tickets"), 1);
        browser.redeem("github", &ticket).await.expect(200);
    }
}
