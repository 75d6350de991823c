//! Accounts that somebody registered with another's address: whoever gets in by the address is alone in it.

use acceptance::providers::Simulators;
use acceptance::{Client, Kind, PASSWORD, Server, on_every_database};
use serde_json::{Value, json};
use users_permissions::JwtManagement;

use crate::social::{Browser, enable};

const IDENTITIES: &str = "/api/auth/identities";
const NEW_PASSWORD: &str = "Another1!";

/// A server whose providers join proven addresses, with what the tests need of it.
struct Scene {
    simulators: Simulators,
    server: Server,
}

impl Scene {
    async fn start(kind: Kind, management: JwtManagement) -> Self {
        let simulators = Simulators::start().await;
        let server = Server::start_with(kind, |config| {
            config.jwt_management = management;
            config.advanced_settings.email_confirmation = true;
            for name in ["github", "google", "discord", "facebook"] {
                enable(config, &simulators, name);
                let provider = config.providers.get_mut(name).unwrap();
                provider.link_by_verified_email = true;
            }
        })
        .await;
        Self { simulators, server }
    }

    /// Somebody registers with Ann's address, and Ann opens the link that she is mailed.
    async fn register_as_ann(&self) -> Value {
        let body = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD });
        let path = "/api/auth/local/register";
        let answer = self.server.anonymous().post(path, body).await.expect(200);
        let mail = self
            .server
            .mail_to("ann@example.com", "Account confirmation", 1)
            .await;
        let link = format!("/api/auth/email-confirmation?confirmation={}", mail.code());
        let opened = self.server.anonymous().get(&link).await;
        assert_eq!(opened.status, 302, "{}", opened.text);
        answer["user"]["id"].clone()
    }

    /// Whoever has the password signs in with it.
    async fn sign_in(&self, password: &str) -> Value {
        let body = json!({ "identifier": "ann", "password": password });
        let answer = self.server.anonymous().post("/api/auth/local", body).await;
        answer.expect(200)
    }

    async fn expect_no_password(&self, password: &str) {
        let body = json!({ "identifier": "ann", "password": password });
        let answer = self.server.anonymous().post("/api/auth/local", body).await;
        answer.expect_error(400, "ValidationError", "Invalid identifier or password");
    }

    fn client(&self, login: &Value) -> Client {
        self.server
            .anonymous()
            .with_token(login["jwt"].as_str().unwrap())
    }

    /// Signs in at a provider as this person.
    async fn at(&self, provider: &str, subject: &str, email: &str) -> Value {
        self.simulators.person(subject, email, subject);
        Browser::new(&self.server)
            .sign_in(provider)
            .await
            .expect(200)
    }

    /// Links a provider with whoever calls.
    async fn link(&self, client: &Client, provider: &str, person: (&str, &str), password: &str) {
        self.simulators.person(person.0, person.1, person.0);
        let ticket = Browser::new(&self.server).login(provider).await["access_token"].clone();
        let body =
            json!({ "provider": provider, "access_token": ticket, "currentPassword": password });
        client.post(IDENTITIES, body).await.expect(200);
    }

    async fn reset(&self, count: usize) -> Value {
        let code = self.server.reset_code("ann@example.com", count).await;
        let body =
            json!({ "code": code, "password": NEW_PASSWORD, "passwordConfirmation": NEW_PASSWORD });
        let path = "/api/auth/reset-password";
        self.server.anonymous().post(path, body).await.expect(200)
    }
}

/// Names of the providers somebody has linked.
async fn linked(client: &Client) -> Vec<String> {
    let answer = client.get(IDENTITIES).await.expect(200);
    let all = answer["data"].as_array().unwrap().iter();
    all.map(|one| one["provider"].as_str().unwrap().to_owned())
        .collect()
}

async fn nobody_else_is_left(kind: Kind, management: JwtManagement) {
    let scene = Scene::start(kind, management).await;
    let id = scene.register_as_ann().await;
    let taker = scene.sign_in(PASSWORD).await;
    let inside = scene.client(&taker);
    scene
        .link(&inside, "google", ("taker", "taker@example.com"), PASSWORD)
        .await;
    // Ann, who knows nothing of it, signs in with her provider.
    let ann = scene.at("github", "4712", "ann@example.com").await;
    assert_eq!(ann["user"]["id"], id);
    inside.get("/api/users/me").await.expect(401);
    if management == JwtManagement::Refresh {
        let body = json!({ "refreshToken": taker["refreshToken"] });
        scene
            .server
            .anonymous()
            .post("/api/auth/refresh", body)
            .await
            .expect(401);
    }
    scene.expect_no_password(PASSWORD).await;
    let stranger = scene.at("google", "taker", "taker@example.com").await;
    assert_ne!(stranger["user"]["id"], id);
    assert_eq!(linked(&scene.client(&ann)).await, ["github"]);
    // She is told, and gets a password the usual way.
    scene
        .server
        .mail_to("ann@example.com", "Your password was changed", 1)
        .await;
    scene
        .server
        .mail_to("ann@example.com", "A new way to sign in", 2)
        .await;
    scene.reset(1).await;
    // From now on it is hers, whichever provider comes.
    let mine = scene.sign_in(NEW_PASSWORD).await;
    let third = scene
        .at("discord", "ann-at-discord", "ann@example.com")
        .await;
    assert_eq!(third["user"]["id"], id);
    scene.sign_in(NEW_PASSWORD).await;
    assert_eq!(linked(&scene.client(&mine)).await, ["github", "discord"]);
}

on_every_database! {
    async fn who_joins_by_a_proven_address_is_alone_in_the_account(kind) {
        for management in [JwtManagement::LegacySupport, JwtManagement::Refresh] {
            nobody_else_is_left(kind, management).await;
        }
    }

    async fn an_opened_link_does_not_keep_a_strangers_provider_through_a_reset(kind) {
        let scene = Scene::start(kind, JwtManagement::LegacySupport).await;
        let id = scene.register_as_ann().await;
        let taker = scene.sign_in(PASSWORD).await;
        let inside = scene.client(&taker);
        scene.link(&inside, "google", ("taker", "taker@example.com"), PASSWORD).await;
        let ann = scene.reset(1).await;
        inside.get("/api/users/me").await.expect(401);
        assert!(linked(&scene.client(&ann)).await.is_empty());
        assert_ne!(scene.at("google", "taker", "taker@example.com").await["user"]["id"], id);
        // What she has set herself stays when a provider of hers comes.
        let joined = scene.at("github", "4712", "ann@example.com").await;
        assert_eq!(joined["user"]["id"], id);
        assert_eq!(linked(&scene.client(&ann)).await, ["github"]);
        scene.sign_in(NEW_PASSWORD).await;
        // Another address is another proof.
        let admin = scene.server.admin().await;
        let path = format!("/api/users/{id}");
        admin.put(&path, json!({ "email": "new@example.com" })).await.expect(200);
        let mail = scene.server.mail_to("new@example.com", "Account confirmation", 1).await;
        let link = format!("/api/auth/email-confirmation?confirmation={}", mail.code());
        assert_eq!(scene.server.anonymous().get(&link).await.status, 302);
        scene.sign_in(NEW_PASSWORD).await;
        let new = scene.at("discord", "new-at-discord", "new@example.com").await;
        assert_eq!(new["user"]["id"], id);
        scene.expect_no_password(NEW_PASSWORD).await;
        assert_eq!(linked(&scene.client(&new)).await, ["discord"]);
    }

    async fn who_loses_no_password_is_told_of_none(kind) {
        let scene = Scene::start(kind, JwtManagement::LegacySupport).await;
        let id = scene.register_as_ann().await;
        scene.server.database().execute("UPDATE up_users SET password_hash = NULL");
        let joined = scene.at("github", "4712", "ann@example.com").await;
        assert_eq!(joined["user"]["id"], id);
        // It is written after the other would be.
        scene.server.mail_to("ann@example.com", "A new way to sign in", 1).await;
        let mails = scene.server.mails().await;
        assert!(mails.iter().all(|mail| mail.subject != "Your password was changed"));
    }

    async fn who_has_the_password_and_the_address_keeps_both(kind) {
        let scene = Scene::start(kind, JwtManagement::LegacySupport).await;
        let id = scene.register_as_ann().await;
        let login = scene.sign_in(PASSWORD).await;
        let ann = scene.client(&login);
        // A provider that vouches for another address, or does not vouch, shows nothing.
        scene.link(&ann, "facebook", ("ann-at-facebook", "ann@example.com"), PASSWORD).await;
        let claims = "SELECT COUNT(*) FROM up_claims";
        assert_eq!(scene.server.database().number(claims), 0);
        scene.link(&ann, "google", ("ann-at-google", "ann@example.com"), PASSWORD).await;
        assert_eq!(scene.server.database().number(claims), 1);
        let joined = scene.at("github", "4712", "ann@example.com").await;
        assert_eq!(joined["user"]["id"], id);
        scene.sign_in(PASSWORD).await;
        assert_eq!(linked(&ann).await, ["facebook", "google", "github"]);
        // An unproven account is joined by nobody, as ever.
        let body = json!({ "username": "bob", "email": "bob@example.com", "password": PASSWORD });
        scene.server.anonymous().post("/api/auth/local/register", body).await.expect(200);
        scene.simulators.person("4713", "bob@example.com", "bob");
        let refused = Browser::new(&scene.server).sign_in("github").await;
        refused.expect_error(400, "ApplicationError", "Email is already taken.");
    }
}
