//! The advanced settings over the API.

use std::time::{Duration, Instant};

use acceptance::{Client, Kind, PASSWORD, Server, TestDatabase, config, on_every_database};
use serde_json::{Value, json};
use users_permissions::UsersPermissions;

const ADVANCED: &str = "/api/users-permissions/advanced";
const GET: &str = "plugin::users-permissions.settings.getAdvancedSettings";
const PUT: &str = "plugin::users-permissions.settings.updateAdvancedSettings";

async fn settings(admin: &Client) -> Value {
    admin.get(ADVANCED).await.expect(200)["settings"].clone()
}

fn body(name: &str) -> Value {
    json!({ "username": name, "email": format!("{name}@example.com"), "password": PASSWORD })
}

on_every_database! {
    async fn settings_are_read_changed_and_count_at_once(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let read = admin.get(ADVANCED).await.expect(200);
        let defaults = json!({
            "unique_email": true, "allow_register": true, "email_confirmation": false,
            "email_reset_password": null, "email_confirmation_redirection": null, "default_role": "authenticated",
        });
        assert_eq!(read["settings"], defaults);
        let types: Vec<_> = read["roles"].as_array().unwrap().iter().map(|role| &role["type"]).collect();
        assert_eq!(types, ["authenticated", "public", "administrator"]);
        admin.put(ADVANCED, json!({ "allow_register": false })).await.expect(200);
        let closed = "Register action is currently disabled";
        server.anonymous().post("/api/auth/local/register", body("ann")).await.expect_error(400, "ApplicationError", closed);
        // A whole object, as Strapi's administration sends it.
        let mut all = defaults.clone();
        all["email_reset_password"] = json!("https://app.example/#/reset");
        all["email_confirmation_redirection"] = json!("http://localhost:3000/done?x=1");
        all["default_role"] = json!("public");
        let answer = admin.put(ADVANCED, all.clone()).await.expect(200);
        assert_eq!(answer["ok"], true);
        assert_eq!(settings(&admin).await, all);
        let ann = server.anonymous().post("/api/auth/local/register", body("ann")).await.expect(200);
        let ann = admin.get(&format!("/api/users/{}?populate=role", ann["user"]["id"])).await.expect(200);
        assert_eq!(ann["role"]["type"], "public");
        admin.put(ADVANCED, json!({ "email_reset_password": null, "email_confirmation_redirection": "" })).await.expect(200);
        let after = settings(&admin).await;
        assert!(after["email_reset_password"].is_null() && after["email_confirmation_redirection"].is_null(), "{after}");
    }

    async fn what_is_no_setting_is_refused_and_nothing_changes(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let before = server.database().dump();
        for bad in [
            json!({}), json!([]), json!("x"), json!({ "uniqe_email": true }), json!({ "allow_register": true, "role": 1 }),
            json!({ "allow_register": "yes" }), json!({ "allow_register": null }), json!({ "unique_email": 1 }),
            json!({ "default_role": null }), json!({ "default_role": "" }), json!({ "default_role": 1 }),
            json!({ "default_role": "ghost" }), json!({ "default_role": "administrator" }),
            json!({ "default_role": "administrator " }), json!({ "default_role": "authenticated " }),
            json!({ "email_reset_password": 7 }), json!({ "email_reset_password": "javascript:alert(1)" }),
            json!({ "email_reset_password": "//evil.example" }), json!({ "email_reset_password": "https://a@evil.example" }),
            json!({ "email_confirmation_redirection": "ftp://x.example" }), json!({ "email_confirmation_redirection": "/home" }),
            json!({ "email_confirmation_redirection": "https://x.example/\r\nset-cookie: a=b" }),
            json!({ "email_reset_password": format!("https://x.example/{}", "a".repeat(3_000)) }),
            // One bad setting spoils the good ones beside it.
            json!({ "allow_register": false, "default_role": "ghost" }),
        ] {
            let answer = admin.put(ADVANCED, bad.clone()).await;
            let error = answer.expect(400);
            assert_eq!(error["error"]["name"], "ValidationError", "{bad}: {error}");
        }
        assert_eq!(server.database().dump(), before);
    }

    async fn a_change_of_what_was_read_long_ago_is_refused(kind) {
        let database = TestDatabase::create(kind);
        let (first, second) = (Server::with_config(config(&database)).await, Server::with_config(config(&database)).await);
        let (one, two) = (first.admin().await, second.admin().await);
        let read = one.get(ADVANCED).await;
        let tag = read.headers["etag"].to_str().unwrap().to_owned();
        let version = read.expect(200)["version"].clone();
        let put = |client: &Client, tag: &str, body: Value| {
            let request = client.request("PUT".parse().unwrap(), ADVANCED).header("if-match", tag).json(&body);
            let client = client.clone();
            async move { client.send(request).await }
        };
        let answer = put(&two, &tag, json!({ "allow_register": false })).await;
        let next = answer.expect(200)["version"].clone();
        assert_ne!(next, version);
        assert_eq!(answer.headers["etag"].to_str().unwrap(), format!("\"{}\"", next.as_str().unwrap()));
        let stale = "The settings were changed meanwhile; read them again";
        put(&one, &tag, json!({ "email_reset_password": "https://x.example" })).await.expect_error(409, "ConflictError", stale);
        put(&one, "\"nonsense\"", json!({ "unique_email": false })).await.expect(409);
        one.put(ADVANCED, json!({ "version": version, "unique_email": false })).await.expect(409);
        assert_eq!(settings(&one).await["allow_register"], false);
        one.put(ADVANCED, json!({ "version": next, "email_reset_password": "https://x.example" })).await.expect(200);
        put(&two, "*", json!({ "allow_register": true })).await.expect(200);
        assert_eq!(settings(&one).await["email_reset_password"], "https://x.example");
        // Of many who read the same version one wins.
        let version = one.get(ADVANCED).await.expect(200)["version"].clone();
        let writers = (0..10).map(|index| {
            let body = json!({ "version": version, "email_reset_password": format!("https://x.example/{index}") });
            let client = if index % 2 == 0 { one.clone() } else { two.clone() };
            async move { client.put(ADVANCED, body).await.status.as_u16() }
        });
        let mut statuses = futures_util::future::join_all(writers).await;
        statuses.sort();
        assert_eq!(statuses, [&[200][..], &[409; 9]].concat());
        drop((first, second, database));
    }

    async fn other_instances_follow(kind) {
        if kind == Kind::Sqlite {
            return;
        }
        let database = TestDatabase::create(kind);
        let mut config = config(&database);
        config.sync_interval = Duration::from_millis(50);
        let (first, second) = (Server::with_config(config.clone()).await, Server::with_config(config).await);
        first.admin().await.put(ADVANCED, json!({ "allow_register": false })).await.expect(200);
        let started = Instant::now();
        let mut index = 0;
        while second.anonymous().post("/api/auth/local/register", body(&format!("user{index}"))).await.status == 200 {
            assert!(started.elapsed() < Duration::from_secs(10));
            index += 1;
        }
        drop((first, second, database));
    }

    async fn addresses_are_released_and_reserved_with_the_setting(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let shared = |name: &str| json!({ "username": name, "email": "shared@example.com", "password": PASSWORD });
        let register = |body: Value| { let client = server.anonymous(); async move { client.post("/api/auth/local/register", body).await } };
        register(shared("ann")).await.expect(200);
        let taken = "Email or Username are already taken";
        register(shared("bob")).await.expect_error(400, "ApplicationError", taken);
        admin.put(ADVANCED, json!({ "unique_email": false })).await.expect(200);
        let reserved = "SELECT COUNT(*) FROM up_users WHERE email_key IS NOT NULL";
        assert_eq!(server.database().number(reserved), 0);
        // Strangers still get one account of an address; whoever manages users gives a second.
        register(shared("bob")).await.expect_error(400, "ApplicationError", taken);
        let bob = admin.post("/api/users", shared("bob")).await.expect(201)["id"].clone();
        let before = server.database().dump();
        let refused = "Several users share an e-mail address; unique_email cannot be turned on";
        admin.put(ADVANCED, json!({ "unique_email": true, "allow_register": false })).await.expect_error(400, "ApplicationError", refused);
        assert_eq!(server.database().dump(), before);
        register(body("carol")).await.expect(200);
        admin.put(&format!("/api/users/{bob}"), json!({ "email": "bob@example.com" })).await.expect(200);
        admin.put(ADVANCED, json!({ "unique_email": true })).await.expect(200);
        let unreserved = server.database().number("SELECT COUNT(*) FROM up_users WHERE email_key IS NULL OR email_key <> email");
        assert_eq!(unreserved, 0);
        register(shared("dave")).await.expect_error(400, "ApplicationError", taken);
    }

    // The setting is turned on while people register: whoever wins, no address is held twice.
    async fn nobody_slips_through_while_addresses_become_unique(kind) {
        let server = Server::start_with(kind, |config| config.advanced_settings.unique_email = false).await;
        let admin = server.admin().await;
        for round in 0..4 {
            admin.put(ADVANCED, json!({ "unique_email": false })).await.expect(200);
            let registrations = (0..6).map(|index| {
                let body = json!({ "username": format!("u{round}x{index}"), "email": format!("r{round}@example.com"), "password": PASSWORD });
                let client = server.anonymous();
                async move { client.post("/api/auth/local/register", body).await.status.as_u16() }
            });
            let switch = admin.put(ADVANCED, json!({ "unique_email": true }));
            let (statuses, switched) = futures_util::future::join(futures_util::future::join_all(registrations), switch).await;
            assert!(statuses.iter().all(|status| [200, 400].contains(status)), "{statuses:?}");
            let (_, unique) = (switched.text.clone(), settings(&admin).await["unique_email"].clone());
            let unreserved = server.database().number("SELECT COUNT(*) FROM up_users WHERE email_key IS NULL");
            assert_eq!(unreserved == 0, unique == true, "{switched:?}");
            // For the next round.
            for id in server.database().lines(&format!("SELECT {} AS line FROM up_users WHERE email LIKE 'r%'", text("id", kind))) {
                admin.delete(&format!("/api/users/{id}")).await.expect(200);
            }
        }
    }

    async fn only_who_may_reads_and_writes_and_nobody_raises_the_default_role_above_themselves(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let ann = server.register("ann").await;
        for path in [ADVANCED, "/api/users-permissions/email-templates", "/api/users-permissions/outbox"] {
            server.anonymous().get(path).await.expect_forbidden();
            ann.client.get(path).await.expect_forbidden();
            server.anonymous().put(path, json!({ "allow_register": false })).await.expect(if path.ends_with("outbox") { 405 } else { 403 });
        }
        let reader = admin.create_role("Reader", &[GET]).await;
        let writer = admin.create_role("Writer", &[GET, PUT]).await;
        admin.create_role("Editor", &["api::article.article.create"]).await;
        let reader = admin.create_user("reader", reader).await;
        let writer = admin.create_user("writer", writer).await;
        reader.client.get(ADVANCED).await.expect(200);
        reader.client.put(ADVANCED, json!({ "allow_register": false })).await.expect_forbidden();
        writer.client.put(ADVANCED, json!({ "default_role": "editor" })).await.expect_forbidden();
        for lesser in ["public", "reader", "writer"] {
            writer.client.put(ADVANCED, json!({ "default_role": lesser })).await.expect(200);
        }
        admin.put(ADVANCED, json!({ "default_role": "editor" })).await.expect(200);
        let editor = admin.role_id("editor").await;
        admin.delete(&format!("/api/users-permissions/roles/{editor}")).await.expect(400);
    }

    // A reset link that leads to somebody's own host brings the codes of all who follow it.
    async fn nobody_with_fewer_rights_says_where_mailed_links_lead(kind) {
        let page = "https://app.example/reset";
        let server = Server::start_with(kind, |config| {
            config.advanced_settings.email_reset_password = Some(page.to_owned());
        }).await;
        let admin = server.admin().await;
        let writer = admin.create_role("Writer", &[GET, PUT]).await;
        let writer = admin.create_user("writer", writer).await.client;
        let before = server.database().dump();
        for body in [
            json!({ "email_reset_password": "https://evil.example/" }), json!({ "email_reset_password": null }),
            json!({ "email_reset_password": "" }), json!({ "email_reset_password": "https://app.example/reset/" }),
            json!({ "email_confirmation_redirection": "https://evil.example/" }),
            json!({ "allow_register": false, "email_reset_password": "https://evil.example/" }),
        ] {
            writer.put(ADVANCED, body).await.expect_forbidden();
        }
        assert_eq!(server.database().dump(), before);
        // The rest is theirs, also in a whole object that says what is there.
        let mut all = settings(&writer).await;
        all["allow_register"] = json!(false);
        writer.put(ADVANCED, all).await.expect(200);
        server.anonymous().post("/api/auth/forgot-password", json!({ "email": "admin@example.com" })).await.expect(200);
        let mail = server.mail_to("admin@example.com", "Reset password", 1).await;
        assert!(mail.html.contains("href=\"https://app.example/reset?code="), "{}", mail.html);
        admin.put(ADVANCED, json!({ "email_reset_password": "https://new.example/" })).await.expect(200);
    }

    async fn confirmation_is_not_turned_on_when_it_would_lock_everybody_out(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let me = admin.get("/api/users/me").await.expect(200)["id"].clone();
        let confirm = |confirmed: bool| {
            let (admin, path) = (admin.clone(), format!("/api/users/{me}"));
            async move { admin.put(&path, json!({ "confirmed": confirmed })).await }
        };
        confirm(false).await.expect(200);
        let refused = "No administrator has a confirmed address";
        admin.put(ADVANCED, json!({ "email_confirmation": true })).await.expect_error(400, "ApplicationError", refused);
        confirm(true).await.expect(200);
        admin.put(ADVANCED, json!({ "email_confirmation": true })).await.expect(200);
        assert_eq!(settings(&server.admin().await).await["email_confirmation"], true);
    }
}

// The settings of the first start are nobody's change, and would make an administrator of whoever registers.
#[actix_web::test]
async fn no_start_makes_administrators_of_strangers() {
    let database = TestDatabase::create(Kind::Sqlite);
    let mut config = config(&database);
    config.advanced_settings.default_role = "administrator".into();
    let start = UsersPermissions::builder().config(config).build().await;
    let refusal = start.map(drop).expect_err("a refusal").to_string();
    assert_eq!(
        refusal,
        "UP_ADVANCED_SETTINGS: its default_role must not be the administrator role"
    );
}

fn text(column: &str, kind: Kind) -> String {
    let text = if kind == Kind::Mysql { "CHAR" } else { "TEXT" };
    format!("CAST({column} AS {text})")
}
