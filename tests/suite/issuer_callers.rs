//! Who callers with tokens of trusted issuers are, and what they may.

use acceptance::{Answer, Client, Kind, Server, TestDatabase, config, on_every_database};
use actix_web::{App, get, web};
use serde_json::{Value, json};
use users_permissions::{
    AuthUser, Caller, FromIssuer, HasClaim, HasPermission, IssuerProfile, IssuerUsers,
    TrustedIssuer, UsersPermissions, permission,
};

use crate::apps::grant;
use crate::issuer::Issuer;

const ACTIONS: [&str; 6] = [
    "api::test-issuer.test-issuer.who",
    "api::test-issuer.test-issuer.partners",
    "api::test-issuer.test-issuer.writers",
    "api::test-issuer.test-issuer.nested",
    "api::test-issuer.test-issuer.user",
    "api::test-issuer.test-issuer.scoped",
];

fn shown(caller: &Caller) -> Value {
    let kind = match caller {
        Caller::Public => "public",
        Caller::User(_) => "user",
        Caller::Issuer(_) => "issuer",
    };
    let (roles, subject) = match caller {
        Caller::Public => (vec![], None),
        Caller::User(user) => (user.roles(), None),
        Caller::Issuer(caller) => (caller.roles(), Some(caller.subject())),
    };
    let roles: Vec<_> = roles.iter().map(|role| role.role_type.clone()).collect();
    json!({
        "kind": kind, "roles": roles, "subject": subject, "issuer": caller.issuer(),
        "organisation": caller.organisation(), "writes": caller.has_permission("articles:write"),
    })
}

#[permission("api::test-issuer.who")]
#[get("/who")]
async fn who(caller: Caller) -> web::Json<Value> {
    web::Json(shown(&caller))
}

fn partners_only() -> FromIssuer {
    // The one that `server` trusts, whatever its port.
    FromIssuer::new(PARTNER)
}

const PARTNER: &str = "https://partner.example";

#[permission("api::test-issuer.partners", policies(partners_only()))]
#[get("/partners")]
async fn partners() -> &'static str {
    "partners"
}

#[permission(
    "api::test-issuer.writers",
    policies(HasPermission::new("articles:write"))
)]
#[get("/writers")]
async fn writers() -> &'static str {
    "writers"
}

#[permission(
    "api::test-issuer.nested",
    policies(HasClaim::new("realm.groups", "staff"))
)]
#[get("/nested")]
async fn nested() -> &'static str {
    "nested"
}

#[permission("api::test-issuer.user")]
#[get("/user")]
async fn as_user(caller: AuthUser) -> String {
    caller.username().to_owned()
}

#[permission("api::test-issuer.scoped")]
#[get("/scoped")]
async fn scoped() -> &'static str {
    "scoped"
}

/// An application over the issuer at this place, called by the partner's name.
async fn server(issuer: &Issuer, change: impl FnOnce(&mut TrustedIssuer)) -> Server {
    let mut trusted = TrustedIssuer::new(PARTNER, [crate::issuer::AUDIENCE]);
    trusted.jwks_url = Some(format!("{}/keys", issuer.name()));
    change(&mut trusted);
    let (up, database) = crate::apps::plugin(|config| config.trusted_issuers = vec![trusted]).await;
    let inside = up.clone();
    let app = move || {
        let demanding = web::scope("/demanding")
            .wrap(inside.require_issuer(PARTNER))
            .service(scoped);
        let api = web::scope("/api")
            .service(demanding)
            .service(who)
            .service(partners)
            .service(writers)
            .service(nested)
            .service(as_user)
            .configure(inside.routes());
        App::new().wrap(inside.middleware()).service(api)
    };
    let server = Server::serve(up, app).await.owning(database);
    grant(&server.admin().await, "authenticated", &ACTIONS).await;
    server
}

/// A caller with a token of the partner, with these claims on top.
fn partner(server: &Server, issuer: &Issuer, more: Value) -> Client {
    let mut claims = issuer.claims("ann");
    claims["iss"] = json!(PARTNER);
    claims
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    Client::new(server.base(), Some(issuer.token(&claims)))
}

#[actix_web::test]
async fn a_stranger_has_claims_and_the_default_role() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |_| {}).await;
    let before = server.database().dump();
    let caller = partner(
        &server,
        &issuer,
        json!({ "org_code": "org_7", "permissions": ["articles:write"] }),
    );
    for _ in 0..2 {
        let shown = caller.get("/api/who").await.expect(200);
        assert_eq!(
            shown,
            json!({
                "kind": "issuer", "roles": ["authenticated"], "subject": "ann", "issuer": PARTNER,
                "organisation": "org_7", "writes": true,
            })
        );
    }
    caller.get("/api/user").await.expect_error(
        403,
        "ForbiddenError",
        "This needs a user account, and the token belongs to none",
    );
    caller.get("/api/users").await.expect_forbidden();
    assert_eq!(server.database().dump(), before, "nothing is stored");
}

#[actix_web::test]
async fn roles_come_from_the_claim_and_count_live() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |trusted| {
        trusted.role_claim = Some("realm.roles".into());
        trusted.roles.insert("chief".into(), "administrator".into());
        trusted.default_role = "public".into();
    })
    .await;
    let admin = server.admin().await;
    let with = |roles: Value| partner(&server, &issuer, json!({ "realm": { "roles": roles } }));
    let editor = with(json!(["editor", "nobody"]));
    // Not there yet: what is left is the default.
    editor.get("/api/who").await.expect_forbidden();
    let id = admin.create_role("Editor", &ACTIONS).await;
    let roles = async |client: &Client| client.get("/api/who").await.expect(200)["roles"].clone();
    assert_eq!(roles(&editor).await, json!(["editor"]));
    assert_eq!(roles(&with(json!("Editor"))).await, json!(["editor"]));
    admin.set_grants(id, &[]).await.expect(200);
    editor.get("/api/who").await.expect_forbidden();
    // No claim makes an administrator by itself, the configuration may.
    for name in ["administrator", "Administrator"] {
        with(json!([name])).get("/api/who").await.expect_forbidden();
    }
    let chief = with(json!(["chief"]));
    assert_eq!(roles(&chief).await, json!(["administrator"]));
    chief.get("/api/users-permissions/roles").await.expect(200);
    // Of other shapes nothing comes.
    for odd in [
        json!(null),
        json!(7),
        json!({ "editor": true }),
        json!([["editor"]]),
    ] {
        with(odd).get("/api/who").await.expect_forbidden();
    }
}

#[actix_web::test]
async fn permissions_are_actions_where_it_is_configured() {
    let issuer = Issuer::start().await;
    let permissions = json!({ "permissions": [
        "api::test-issuer.who", "plugin::users-permissions.user.find", "api::no.such",
    ] });
    for grants in [false, true] {
        let server = server(&issuer, |trusted| {
            trusted.permissions_grant = grants;
            trusted.default_role = "public".into();
        })
        .await;
        let caller = partner(&server, &issuer, permissions.clone());
        for _ in 0..2 {
            let status = caller.get("/api/who").await.status;
            assert_eq!(status, if grants { 200 } else { 403 });
            caller.get("/api/user").await.expect_forbidden();
            // What the plugin itself does is for roles to grant.
            caller.get("/api/users").await.expect_forbidden();
        }
    }
}

#[actix_web::test]
async fn scopes_and_handlers_demand_an_issuer() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |_| {}).await;
    let admin = server.admin().await;
    grant(
        &admin,
        "public",
        &[
            "api::test-issuer.test-issuer.scoped",
            "api::test-issuer.test-issuer.partners",
        ],
    )
    .await;
    let theirs = partner(&server, &issuer, json!({}));
    let ann = server.register("ann").await.client;
    let broken = server.anonymous().with_token("a.b.c");
    for path in ["/api/partners", "/api/demanding/scoped"] {
        for _ in 0..2 {
            assert_eq!(theirs.get(path).await.status, 200, "{path}");
            for refused in [&ann, &server.anonymous(), &broken] {
                refused.get(path).await.expect_bad_token();
            }
        }
    }
}

#[actix_web::test]
async fn policies_ask_claims_of_strangers_as_of_users() {
    let issuer = Issuer::start().await;
    for users in [IssuerUsers::None, IssuerUsers::Link] {
        let server = server(&issuer, |trusted| trusted.users = users).await;
        let with = |more: Value| {
            let mut claims = json!({ "email": "ann@example.com", "email_verified": true });
            claims
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            partner(&server, &issuer, claims)
        };
        let writer =
            with(json!({ "permissions": ["articles:write"], "realm": { "groups": ["staff"] } }));
        let reader = with(json!({ "permissions": "articles:read", "realm": "staff" }));
        for path in ["/api/writers", "/api/nested"] {
            assert_eq!(writer.get(path).await.status, 200, "{path}");
            reader.get(path).await.expect_forbidden();
        }
        // Our own tokens carry none.
        let bob = server.register("bob").await.client;
        bob.get("/api/writers").await.expect_forbidden();
    }
}

fn linking(issuer: &Issuer) -> TrustedIssuer {
    let mut trusted = issuer.trusted();
    trusted.users = IssuerUsers::Link;
    trusted
}

async fn me(server: &Server, token: &str) -> Answer {
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

    // The identity service still vouches for whoever was deleted: they come back as somebody new. A block stays.
    async fn who_is_deleted_comes_back_and_who_is_blocked_does_not(kind) {
        let issuer = Issuer::start().await;
        let mut trusted = issuer.trusted();
        trusted.users = IssuerUsers::Link;
        let server = Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await;
        let admin = server.admin().await;
        let token = issuer.token(&issuer.claims_of_user("ann"));
        let first = me(&server, &token).await.expect(200)["id"].as_i64().unwrap();
        let role = admin.create_role("Editor", &["plugin::users-permissions.user.me"]).await;
        admin.put(&format!("/api/users/{first}"), json!({ "role": role })).await.expect(200);
        admin.delete(&format!("/api/users/{first}")).await.expect(200);
        let second = me(&server, &token).await.expect(200)["id"].as_i64().unwrap();
        assert_ne!(first, second);
        let shown = admin.get(&format!("/api/users/{second}?populate=role")).await.expect(200);
        assert_eq!(shown["role"]["type"], "authenticated", "nothing of the former user is left");
        admin.put(&format!("/api/users/{second}"), json!({ "blocked": true })).await.expect(200);
        for token in [token, issuer.token(&issuer.claims_of_user("ann"))] {
            assert_eq!(me(&server, &token).await.status, 401);
        }
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

#[actix_web::test]
async fn what_a_token_gives_a_user_comes_on_top_of_its_roles() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |trusted| {
        trusted.users = IssuerUsers::Link;
        trusted.role_claim = Some("roles".into());
    })
    .await;
    let admin = server.admin().await;
    admin
        .create_role("Editor", &["plugin::users-permissions.user.count"])
        .await;
    let email = json!({ "email": "ann@example.com", "email_verified": true });
    let plain = partner(&server, &issuer, email.clone());
    let mut more = email;
    more["roles"] = json!(["editor", "administrator"]);
    let editor = partner(&server, &issuer, more);
    for _ in 0..2 {
        plain.get("/api/users/count").await.expect_forbidden();
        editor.get("/api/users/count").await.expect(200);
        editor.get("/api/users").await.expect_forbidden();
        let shown = editor.get("/api/who").await.expect(200);
        assert_eq!(shown["roles"], json!(["authenticated", "editor"]));
        assert_eq!(shown["kind"], "user");
    }
}
