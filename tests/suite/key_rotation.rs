//! Keys are replaced without anybody noticing: the first seals, all open, and what a former one has sealed
//! is sealed anew before it goes.

use acceptance::providers::Simulators;
use acceptance::{Browser as Pages, Server, TestDatabase, on_every_database};
use serde_json::{Value, json};
use users_permissions::Config;

use crate::social::{Browser, FRONT, enable};

const OLD: &str = "old-key-of-the-application-0123456789";
const NEW: &str = "new-key-of-the-application-0123456789";

/// The application, started with these keys.
async fn start(database: &TestDatabase, simulators: &Simulators, keys: &[&str]) -> Server {
    let mut config: Config = acceptance::config(database);
    enable(&mut config, simulators, "github");
    // Its settings are those of the database.
    config.providers.clear();
    config.app_keys = keys.iter().map(|key| (*key).into()).collect();
    Server::with_config(config).await
}

/// Answers the id of an identity.
fn id_at(identities: &Value, provider: &str) -> Value {
    let all = identities["data"].as_array().unwrap();
    let found = all.iter().find(|identity| identity["provider"] == provider);
    found.unwrap()["id"].clone()
}

async fn is_signed_in(jar: &std::collections::BTreeMap<String, String>, server: &Server) -> bool {
    let mut pages = Pages::new(server);
    pages.jar.clone_from(jar);
    pages.get("/admin").await.status == 200
}

on_every_database! {
    async fn keys_are_replaced_over_restarts(kind) {
        let simulators = Simulators::start().await;
        let database = TestDatabase::create(kind);
        let server = start(&database, &simulators, &[OLD]).await;
        let settings = json!({ "enabled": true, "key": "client-id", "secret": "client-secret", "callback": FRONT });
        let body = json!({ "providers": { "github": settings } });
        server.admin().await.put("/api/users-permissions/providers", body).await.expect(200);
        let admin = Pages::signed_in(&server, "admin", "AdminPass1").await;
        let mut octo = Browser::new(&server);
        octo.connect("github", &[]).await;
        let sealed_by_old = database.dump()["up_settings"].clone();
        drop(server);

        // The new key in front: whoever is signed in or on their way stays so, the secret is sealed anew.
        let server = start(&database, &simulators, &[NEW, OLD]).await;
        assert_ne!(database.dump()["up_settings"], sealed_by_old);
        assert!(is_signed_in(&admin.jar, &server).await);
        let mut back = Browser::new(&server);
        (back.cookie, back.location) = (octo.cookie.clone(), octo.location.clone());
        let fields = back.come_back().await;
        back.redeem("github", &fields["access_token"]).await.expect(200);
        assert_eq!(back.cookie, None);
        // Cookies of today are under the new key.
        let today = Pages::signed_in(&server, "admin", "AdminPass1").await;
        let mut late = Browser::new(&server);
        late.connect("github", &[]).await;
        let sealed_by_new = database.dump()["up_settings"].clone();
        drop(server);

        // The old key goes.
        let server = start(&database, &simulators, &[NEW]).await;
        assert_eq!(database.dump()["up_settings"], sealed_by_new);
        assert!(is_signed_in(&today.jar, &server).await);
        assert!(!is_signed_in(&admin.jar, &server).await);
        let mut back = Browser::new(&server);
        (back.cookie, back.location) = (late.cookie.clone(), late.location.clone());
        let fields = back.come_back().await;
        back.redeem("github", &fields["access_token"]).await.expect(200);
        (back.cookie, back.location) = (octo.cookie.clone(), octo.location.clone());
        assert_eq!(back.come_back().await["error"], "state_mismatch");
        drop(server);

        // Without any key that knows it the secret has to be entered again, and nothing is lost.
        let server = start(&database, &simulators, &[OLD]).await;
        assert_eq!(database.dump()["up_settings"], sealed_by_new);
        let answer = server.anonymous().get("/api/connect/github").await;
        answer.expect_error(400, "ApplicationError", "This provider is disabled");
        assert!(!is_signed_in(&today.jar, &server).await);
        // What is changed meanwhile does not lose it: with its key it is there again.
        let path = "/api/users-permissions/providers";
        let change = |fields: Value| json!({ "providers": { "github": fields } });
        let admin = server.admin().await;
        admin.put(path, change(json!({ "enabled": false }))).await.expect(200);
        let moved = json!({ "access_url": "https://evil.example/token" });
        admin.put(path, change(moved)).await.expect(400);
        drop(server);
        let server = start(&database, &simulators, &[NEW]).await;
        let admin = server.admin().await;
        admin.put(path, change(json!({ "enabled": true }))).await.expect(200);
        Browser::new(&server).sign_in("github").await.expect(200);
        assert_eq!(simulators.faults(), Vec::<String>::new());
    }

    async fn a_provider_whose_secret_is_lost_is_no_way_in(kind) {
        let simulators = Simulators::start().await;
        let database = TestDatabase::create(kind);
        let server = start(&database, &simulators, &[OLD]).await;
        let put = async |server: &Server, providers: Value| {
            let body = json!({ "providers": providers });
            server.admin().await.put("/api/users-permissions/providers", body).await.expect(200);
        };
        let settings = json!({ "enabled": true, "key": "client-id", "secret": "client-secret", "callback": FRONT });
        put(&server, json!({ "github": settings, "google": settings })).await;
        // Somebody without a password who is linked with both.
        let mut browser = Browser::new(&server);
        let login = browser.sign_in("github").await.expect(200);
        let octo = server.anonymous().with_token(login["jwt"].as_str().unwrap());
        let ticket = browser.login("google").await["access_token"].clone();
        let identities = "/api/auth/identities";
        octo.post(identities, json!({ "provider": "google", "access_token": ticket })).await.expect(200);
        drop(server);

        // Nobody has the old key any more, and the secret of one of them is entered again.
        let server = start(&database, &simulators, &[NEW]).await;
        put(&server, json!({ "google": { "secret": "client-secret" } })).await;
        let disabled = "This provider is disabled";
        server.anonymous().get("/api/connect/github").await.expect_error(400, "ApplicationError", disabled);
        let login = Browser::new(&server).sign_in("google").await.expect(200);
        let octo = server.anonymous().with_token(login["jwt"].as_str().unwrap());
        let linked = octo.get(identities).await.expect(200);
        let last = "The last way to sign in cannot be removed";
        let path = |provider: &str| format!("{identities}/{}", id_at(&linked, provider));
        octo.delete(&path("google")).await.expect_error(400, "ApplicationError", last);
        octo.delete(&path("github")).await.expect(200);
    }
}
