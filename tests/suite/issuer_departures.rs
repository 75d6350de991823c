//! Users of trusted issuers who were deleted: tokens that are older than that are nobody's, and whoever comes with a
//! newer one comes anew.

use acceptance::{Kind, Server, TestDatabase, config, on_every_database};
use serde_json::{Value, json};

use crate::forge::now;
use crate::issuer::Issuer;
use crate::issuer_users::{linking, me};

/// Refuses, as the tokens of who is gone are refused.
async fn expect_gone(server: &Server, token: &str) {
    for _ in 0..2 {
        me(server, token)
            .await
            .expect_error(401, "UnauthorizedError", "Invalid credentials");
    }
}

/// The claims of a token that was made so many seconds before now.
fn made_ago(issuer: &Issuer, name: &str, seconds: i64) -> Value {
    let mut claims = issuer.claims_of_user(name);
    claims["iat"] = json!(now() - seconds);
    claims
}

/// As if everybody who is gone had been so for longer.
fn age(server: &Server, seconds: u32) {
    let earlier = match server.database().kind() {
        Kind::Mysql => format!("DATE_SUB(gone_at, INTERVAL {seconds} SECOND)"),
        Kind::Postgres => format!("gone_at - INTERVAL '{seconds} seconds'"),
        Kind::Sqlite => {
            format!("strftime('%Y-%m-%d %H:%M:%f', gone_at, '-{seconds} seconds')")
        }
    };
    server
        .database()
        .execute(&format!("UPDATE up_departures SET gone_at = {earlier}"));
}

on_every_database! {
    async fn an_older_token_is_nobodys_and_a_newer_one_makes_somebody_new(kind) {
        let issuer = Issuer::start().await;
        let trusted = linking(&issuer);
        let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
        let admin = server.admin().await;
        let bob = issuer.token(&issuer.claims_of_user("bob"));
        me(&server, &bob).await.expect(200);
        let used = issuer.token(&made_ago(&issuer, "ann", 100));
        let first = me(&server, &used).await.expect(200)["id"].as_i64().unwrap();
        let role = admin.create_role("Editor", &["plugin::users-permissions.user.me"]).await;
        admin.put(&format!("/api/users/{first}"), json!({ "role": role })).await.expect(200);
        admin.delete(&format!("/api/users/{first}")).await.expect(200);

        // Neither the one that was seen, nor another, nor one that says nothing of its age.
        let mut undated = issuer.claims_of_user("ann");
        undated.as_object_mut().unwrap().remove("iat");
        let old = [used, issuer.token(&made_ago(&issuer, "ann", 50)), issuer.token(&undated)];
        let before = server.database().dump();
        for token in &old {
            expect_gone(&server, token).await;
        }
        assert_eq!(server.database().dump(), before);
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_departures"), 1);
        me(&server, &bob).await.expect(200);

        // A while later they sign in at the issuer once more.
        age(&server, 20);
        let new = issuer.token(&issuer.claims_of_user("ann"));
        let second = me(&server, &new).await.expect(200)["id"].as_i64().unwrap();
        assert_ne!(first, second);
        let shown = admin.get(&format!("/api/users/{second}?populate=role")).await.expect(200);
        assert_eq!(shown["role"]["type"], "authenticated", "nothing of the former user is left");
        // The older tokens do not come back with them.
        for token in &old {
            expect_gone(&server, token).await;
        }
        me(&server, &new).await.expect(200);

        // Deleted again, the newer one is an old one. A block stays, whatever token comes.
        admin.delete(&format!("/api/users/{second}")).await.expect(200);
        expect_gone(&server, &new).await;
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_departures"), 1);
        age(&server, 20);
        let mut newest = issuer.claims_of_user("ann");
        newest["jti"] = json!("another");
        let third = me(&server, &issuer.token(&newest)).await.expect(200)["id"].clone();
        admin.put(&format!("/api/users/{third}"), json!({ "blocked": true })).await.expect(200);
        newest["jti"] = json!("one more");
        for token in [new, issuer.token(&newest)] {
            assert_eq!(me(&server, &token).await.status, 401);
        }
    }

    async fn a_clock_that_is_ahead_by_the_leeway_makes_no_token_newer(kind) {
        let issuer = Issuer::start().await;
        let mut trusted = linking(&issuer);
        trusted.leeway = std::time::Duration::from_secs(30);
        let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
        let admin = server.admin().await;
        let mut ahead = issuer.claims_of_user("ann");
        ahead["iat"] = json!(now() + 10);
        let id = me(&server, &issuer.token(&ahead)).await.expect(200)["id"].clone();
        admin.delete(&format!("/api/users/{id}")).await.expect(200);
        expect_gone(&server, &issuer.token(&ahead)).await;
        age(&server, 60);
        me(&server, &issuer.token(&ahead)).await.expect(200);
    }

    async fn an_instance_that_remembers_the_user_refuses_the_token_too(kind) {
        // An embedded database has one instance.
        if kind == Kind::Sqlite {
            return;
        }
        let issuer = Issuer::start().await;
        let database = TestDatabase::create(kind);
        let start = async || {
            let mut config = config(&database);
            config.trusted_issuers = vec![linking(&issuer)];
            config.sync_interval = std::time::Duration::from_millis(20);
            Server::with_config(config).await
        };
        let (one, two) = (start().await, start().await);
        let token = issuer.token(&issuer.claims_of_user("ann"));
        let id = me(&one, &token).await.expect(200)["id"].clone();
        for _ in 0..2 {
            me(&two, &token).await.expect(200);
        }
        one.admin().await.delete(&format!("/api/users/{id}")).await.expect(200);
        expect_gone(&one, &token).await;
        let started = std::time::Instant::now();
        while me(&two, &token).await.status != 401 {
            assert!(started.elapsed().as_secs() < 20, "it lives in the other instance");
        }
        expect_gone(&two, &token).await;
        assert_eq!(database.number("SELECT COUNT(*) FROM up_identities"), 0);
    }

    async fn what_is_kept_names_nobody_and_is_forgotten(kind) {
        let issuer = Issuer::start().await;
        let trusted = linking(&issuer);
        let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
        let admin = server.admin().await;
        for (name, kept) in [("ann", 1), ("bob", 2), ("kim", 1)] {
            if name == "kim" {
                age(&server, 401 * 86_400);
            }
            let id = me(&server, &issuer.token(&issuer.claims_of_user(name))).await.expect(200)["id"].clone();
            admin.delete(&format!("/api/users/{id}")).await.expect(200);
            assert_eq!(server.database().number("SELECT COUNT(*) FROM up_departures"), kept, "{name}");
        }
        let kept = server.database().lines("SELECT person AS line FROM up_departures");
        assert!(kept[0].len() == 64 && !kept[0].contains("kim"), "{kept:?}");
        // Those who are nobody elsewhere leave nothing, nor do those of a provider that is no issuer.
        let ann = server.register("ann2").await.id.to_string();
        let joe = me(&server, &issuer.token(&issuer.claims_of_user("joe"))).await.expect(200)["id"].to_string();
        server.database().execute("UPDATE up_identities SET issuer = ''");
        for id in [ann, joe] {
            admin.delete(&format!("/api/users/{id}")).await.expect(200);
            assert_eq!(server.database().number("SELECT COUNT(*) FROM up_departures"), 1);
        }
    }
}
