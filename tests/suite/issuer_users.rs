//! Users behind the tokens of trusted issuers: made with the first one, and found by the next.

use acceptance::{Answer, Kind, Server, TestDatabase, config, on_every_database};
use serde_json::{Value, json};
use users_permissions::{IssuerProfile, IssuerUsers, TrustedIssuer, UsersPermissions};

use crate::issuer::Issuer;

/// An issuer whose callers are users.
pub fn linking(issuer: &Issuer) -> TrustedIssuer {
    let mut trusted = issuer.trusted();
    trusted.users = IssuerUsers::Link;
    trusted
}

/// Who a token says that one is.
pub async fn me(server: &Server, token: &str) -> Answer {
    server
        .anonymous()
        .with_token(token)
        .get("/api/users/me")
        .await
}

on_every_database! {
    async fn a_subject_with_space_at_its_ends_is_nobody(kind) {
        let issuer = Issuer::start().await;
        let trusted = linking(&issuer);
        let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
        let mut claims = issuer.claims_of_user("ann");
        me(&server, &issuer.token(&claims)).await.expect(200);
        for subject in ["id-of-ann ", " id-of-ann", "id-of-ann\u{3000}", "id-of-ann\n", " "] {
            claims["sub"] = json!(subject);
            me(&server, &issuer.token(&claims)).await.expect_bad_token();
        }
        assert_eq!(server.database().number("SELECT count(*) FROM up_identities"), 1);
    }

    async fn a_token_that_is_over_makes_nobody(kind) {
        let issuer = Issuer::start().await;
        let trusted = linking(&issuer);
        let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
        let mut claims = issuer.claims_of_user("ann");
        claims["exp"] = json!(crate::forge::now() - 3_600);
        me(&server, &issuer.token(&claims)).await.expect_bad_token();
        assert_eq!(server.database().number("SELECT count(*) FROM up_identities"), 0);
    }

    async fn who_they_are_may_stand_in_other_claims(kind) {
        let issuer = Issuer::start().await;
        let mut trusted = linking(&issuer);
        trusted.email_claim = "https://id.example/address".to_owned();
        trusted.email_verified_claim = "contact.proven".to_owned();
        trusted.username_claim = Some("contact.nick".to_owned());
        let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
        let mut claims = issuer.claims_of_user("ann");
        claims["https://id.example/address"] = json!("annabel@example.com");
        for proven in [json!(null), json!(false), json!("true")] {
            claims["contact"] = json!({ "proven": proven, "nick": "annabel" });
            let answer = me(&server, &issuer.token(&claims)).await;
            answer.expect_error(403, "ForbiddenError", "The token carries no verified e-mail address");
        }
        claims["contact"]["proven"] = json!(true);
        let made = me(&server, &issuer.token(&claims)).await.expect(200);
        assert_eq!((&made["username"], &made["email"]), (&json!("annabel"), &json!("annabel@example.com")));
    }

    async fn the_first_token_makes_a_user_and_the_next_finds_it(kind) {
        let issuer = Issuer::start().await;
        let trusted = linking(&issuer);
        let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
        let admin = server.admin().await;
        let mut claims = issuer.claims_of_user("ann");
        let made = me(&server, &issuer.token(&claims)).await.expect(200);
        assert_eq!((&made["username"], &made["email"]), (&json!("ann"), &json!("ann@example.com")));
        assert_eq!((&made["provider"], &made["confirmed"]), (&json!("127.0.0.1"), &json!(true)));
        // The subject counts, whatever the address is now, and whatever name somebody else has.
        claims["email"] = json!("ann@other.example");
        claims["iat"] = json!(crate::forge::now() - 1);
        assert_eq!(me(&server, &issuer.token(&claims)).await.expect(200)["id"], made["id"]);
        let mut namesake = issuer.claims_of_user("ann");
        namesake["sub"] = json!("another");
        namesake["email"] = json!("ann@third.example");
        let other = me(&server, &issuer.token(&namesake)).await.expect(200);
        assert!(other["id"] != made["id"] && other["username"].as_str().unwrap().starts_with("ann-"), "{other}");
        // No password lets them in.
        let body = json!({ "identifier": "ann@example.com", "password": "x" });
        server.anonymous().post("/api/auth/local", body).await.expect(400);
        // They are users like any other: blocked, moved, deleted.
        let path = format!("/api/users/{}", made["id"]);
        let token = issuer.token(&claims);
        admin.put(&path, json!({ "blocked": true })).await.expect(200);
        me(&server, &token).await.expect_error(401, "UnauthorizedError", "Invalid credentials");
        admin.put(&path, json!({ "blocked": false })).await.expect(200);
        me(&server, &token).await.expect(200);
        let public = admin.role_id("public").await;
        admin.put(&path, json!({ "role": public })).await.expect(200);
        me(&server, &token).await.expect_forbidden();
    }

    async fn nobody_becomes_somebody_else_by_an_address(kind) {
        let issuer = Issuer::start().await;
        let trusted = linking(&issuer);
        let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
        let ann = server.register("ann").await;
        let admin = server.admin().await;
        let body = json!({ "username": "eve", "email": "eve@example.com", "password": "Passw0rd!", "confirmed": false });
        admin.post("/api/users", body).await.expect(201);
        let before = server.database().dump();
        let refused = async |claims: &Value, message: &str| {
            for _ in 0..2 {
                me(&server, &issuer.token(claims)).await.expect_error(403, "ForbiddenError", message);
            }
        };
        for name in ["ann", "ANN", "eve"] {
            refused(&issuer.claims_of_user(name), "Email is already taken.").await;
        }
        for (name, value) in [
            ("email_verified", json!(false)), ("email_verified", json!("true")), ("email_verified", json!(null)),
            ("email", json!(null)), ("email", json!(["bob@example.com"])),
        ] {
            let mut claims = issuer.claims_of_user("bob");
            claims[name] = value;
            refused(&claims, "The token carries no verified e-mail address").await;
        }
        let mut odd = issuer.claims_of_user("bob");
        odd["email"] = json!("bob@example.com,eve@example.com");
        refused(&odd, "email must be a valid email").await;
        assert_eq!(server.database().dump(), before);
        ann.client.get("/api/users/me").await.expect(200);
        // With registration off only those who are there come in.
        me(&server, &issuer.token(&issuer.claims_of_user("kim"))).await.expect(200);
        admin.put("/api/users-permissions/advanced", json!({ "allow_register": false })).await.expect(200);
        refused(&issuer.claims_of_user("joe"), "Register action is currently disabled").await;
        me(&server, &issuer.token(&issuer.claims_of_user("kim"))).await.expect(200);
        // Users may come to share an address, but not by a token.
        let shared = json!({ "allow_register": true, "unique_email": false });
        admin.put("/api/users-permissions/advanced", shared).await.expect(200);
        refused(&issuer.claims_of_user("ann"), "Email is already taken.").await;
    }

    async fn racing_first_tokens_make_one_user(kind) {
        let issuer = Issuer::start().await;
        let database = TestDatabase::create(kind);
        let start = async || {
            let mut config = config(&database);
            config.trusted_issuers = vec![linking(&issuer)];
            Server::with_config(config).await
        };
        let (one, two) = (start().await, start().await);
        let tokens: Vec<_> = (0..12).map(|number| {
            let mut claims = issuer.claims_of_user("ann");
            claims["jti"] = json!(number);
            issuer.token(&claims)
        }).collect();
        let calls = tokens.iter().enumerate().map(|(number, token)| {
            me(if number % 2 == 0 { &one } else { &two }, token)
        });
        let answers = futures_util::future::join_all(calls).await;
        let ids: Vec<_> = answers.iter().map(|answer| answer.expect(200)["id"].clone()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
        assert_eq!(database.number("SELECT count(*) FROM up_identities"), 1);
    }

    async fn an_identity_of_social_login_is_the_same_person(kind) {
        let issuer = Issuer::start().await;
        let trusted = linking(&issuer);
        let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
        let ann = server.register("ann").await;
        server.database().execute(&format!(
            "INSERT INTO up_identities (user_id, provider, issuer, subject, created_at) \
             VALUES ({}, 'keycloak', '{}', 'id-of-ann', '2026-01-01 00:00:00')",
            ann.id, issuer.name(),
        ));
        let shown = me(&server, &issuer.token(&issuer.claims_of_user("ann"))).await.expect(200);
        assert_eq!(shown["id"], ann.id);
    }
}

#[actix_web::test]
async fn the_hook_completes_and_refuses() {
    let issuer = Issuer::start().await;
    let database = TestDatabase::create(Kind::Sqlite);
    let mut config = config(&database);
    config.trusted_issuers = vec![linking(&issuer)];
    let hook = async |mut profile: IssuerProfile| {
        if profile.subject == "id-of-mallory" {
            return Err("Staff only.".to_owned());
        }
        let text = |name: &str| Some(profile.claims.get(name)?.as_str()?.to_owned());
        (profile.email, profile.username) = (text("mail"), Some("  admin ".to_owned()));
        // Nobody is made somebody else.
        profile.subject = "another".into();
        profile.issuer = "https://evil.example".into();
        Ok(profile)
    };
    let builder = UsersPermissions::builder().config(config).issuer_user(hook);
    let server = Server::with_builder(builder).await.owning(database);
    let mallory = issuer.token(&issuer.claims_of_user("mallory"));
    me(&server, &mallory)
        .await
        .expect_error(403, "ForbiddenError", "Staff only.");
    let mut claims = issuer.claims("ann");
    claims["mail"] = json!("ann@staff.example");
    let made = me(&server, &issuer.token(&claims)).await.expect(200);
    assert_eq!(made["email"], "ann@staff.example");
    assert!(
        made["username"].as_str().unwrap().starts_with("admin-"),
        "{made}"
    );
    let person = server
        .database()
        .lines("SELECT concat(issuer, concat(' ', subject)) AS line FROM up_identities");
    assert_eq!(person, [format!("{} ann", issuer.name())]);
}
