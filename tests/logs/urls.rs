//! What is secret stands neither in a URL somebody is led to nor in the log of requests.

use acceptance::providers::Simulators;
use acceptance::{Browser, PASSWORD, Server, SmtpSink, on_every_database};
use reqwest::Method;
use serde_json::json;
use users_permissions::JwtManagement;

use crate::captured;
use crate::events::code;
use crate::social::{Browser as SocialBrowser, enable};

/// The start of every JSON Web Token, whatever its header holds first.
const TOKENS: [&str; 2] = ["eyJhbGci", "eyJ0eXAi"];

on_every_database! {
    async fn no_secret_is_in_a_location_or_in_the_log_of_requests(kind) {
        captured::start();
        let (simulators, sink) = (Simulators::start().await, SmtpSink::start().await);
        let server = Server::start_with(kind, |config| {
            config.jwt_management = JwtManagement::Refresh;
            config.mail.smtp_url = Some(sink.url().as_str().into());
            for provider in ["github", "google"] {
                enable(config, &simulators, provider);
            }
        });
        let server = server.await;
        let anonymous = server.anonymous();
        let admin = server.admin().await;
        let (mut secrets, mut locations) = (vec![PASSWORD.to_owned(), "client-secret".to_owned()], Vec::new());

        // By password, renewed in the body and in the cookie.
        let register = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
        let body = anonymous.post("/api/auth/local/register", register).await.expect(200);
        let token = |body: &serde_json::Value, name: &str| body[name].as_str().unwrap().to_owned();
        let renewed = json!({ "refreshToken": token(&body, "refreshToken") });
        let renewed = anonymous.post("/api/auth/refresh", renewed).await.expect(200);
        let request = anonymous.request(Method::POST, "/api/auth/refresh").json(&json!({}));
        let cookie = format!("strapi_up_refresh={}", token(&renewed, "refreshToken"));
        let kept = anonymous.send(request.header("cookie", cookie)).await;
        let ann = anonymous.with_token(token(&kept.expect(200), "jwt"));
        ann.get("/api/users/me").await.expect(200);
        let cookie = kept.headers["set-cookie"].to_str().unwrap();
        secrets.push(cookie.split(['=', ';']).nth(1).unwrap().to_owned());
        for body in [&body, &renewed] {
            secrets.extend(["jwt", "refreshToken"].map(|name| token(body, name)));
        }

        // By providers.
        for provider in ["github", "google"] {
            simulators.person(provider, &format!("{provider}@example.com"), provider);
            let mut browser = SocialBrowser::new(&server);
            browser.connect(provider, &[]).await;
            locations.push(browser.location.clone());
            secrets.extend(browser.cookie.clone());
            let back = browser.at_provider().await;
            let query = back.split_once('?').unwrap().1;
            let code = query.split('&').find_map(|field| field.strip_prefix("code="));
            secrets.push(code.unwrap().to_owned());
            browser.get(&back).await;
            let (page, ticket) = browser.location.split_once("?access_token=").unwrap();
            // It is for the URL of the front end, and for nothing else.
            locations.push(page.to_owned());
            secrets.push(ticket.to_owned());
            let body = browser.redeem(provider, ticket).await.expect(200);
            secrets.extend(["jwt", "refreshToken"].map(|name| token(&body, name)));
        }
        secrets.push("provider-token".to_owned());

        // By mailed codes.
        let body = json!({ "username": "bob", "email": "bob@example.com", "password": PASSWORD });
        admin.post("/api/users", body).await.expect(201);
        let body = json!({ "email": "bob@example.com" });
        anonymous.post("/api/auth/send-email-confirmation", body).await.expect(200);
        let code = code(&sink, 1, "Account confirmation").await;
        let answer = anonymous.get(&format!("/api/auth/email-confirmation?confirmation={code}")).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        locations.push(answer.headers["location"].to_str().unwrap().to_owned());
        secrets.push(code);
        let body = json!({ "email": "ann@example.com" });
        anonymous.post("/api/auth/forgot-password", body).await.expect(200);
        let code = crate::events::code(&sink, 2, "Reset password").await;
        let body = json!({ "code": code, "password": PASSWORD, "passwordConfirmation": PASSWORD });
        let body = anonymous.post("/api/auth/reset-password", body).await.expect(200);
        secrets.extend([code, token(&body, "jwt"), token(&body, "refreshToken")]);

        // On the pages for administrators.
        let mut browser = Browser::new(&server);
        browser.get("/admin/login").await;
        let answer = browser.sign_in("admin", "AdminPass1").await;
        locations.push(answer.headers["location"].to_str().unwrap().to_owned());
        secrets.push(browser.jar["up_admin"].clone());

        for location in &locations {
            for secret in &secrets {
                assert!(!location.contains(secret.as_str()), "`{secret}` in {location}");
            }
        }
        let log = captured::text();
        // The test can fail: requests are logged, with their paths.
        for path in ["/api/auth/github/callback", "/api/connect/google/callback", "/api/auth/email-confirmation", "/api/auth/refresh"] {
            assert!(log.contains(path), "{path} was not logged");
        }
        let starts = TOKENS.iter().map(|start| (*start).to_owned());
        for secret in secrets.into_iter().chain(starts) {
            if let Some(at) = log.find(&secret) {
                let line = log[..at].rfind('\n').map_or(0, |newline| newline + 1);
                panic!("`{secret}` was logged: {}", log[line..].lines().next().unwrap_or_default());
            }
        }
    }
}
