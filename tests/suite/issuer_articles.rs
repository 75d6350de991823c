//! An article API behind an identity service: editors with `articles:write` create, owners change, anybody
//! reads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use acceptance::{Client, Kind, Server, TestDatabase, config, on_every_database};
use actix_web::{App, HttpResponse, Responder, get, post, put, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use users_permissions::{
    AuthUser, FromIssuer, HasClaim, IssuerUsers, TrustedIssuer, UsersPermissions, permission,
};

use crate::apps::grant;
use crate::issuer::{AUDIENCE, Issuer};

/// Whatever the port of the test's own.
const IDENTITY: &str = "https://identity.example";
const PUBLIC: &[&str] = &["api::test-desk.test-desk.read"];
const USERS: &[&str] = &[
    "api::test-desk.test-desk.read",
    "api::test-desk.test-desk.create",
    "api::test-desk.test-desk.update",
];

#[derive(Debug, Clone, Serialize)]
struct Article {
    title: String,
    owner: i32,
    organisation: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Draft {
    title: String,
}

/// The articles by number.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<BTreeMap<u32, Article>>>);

impl Desk {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<u32, Article>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One rule for editors, wherever it is asked.
fn is_editor() -> HasClaim {
    HasClaim::new("permissions", "articles:write")
}

/// Nobody's article is not theirs, either.
async fn is_owner(user: AuthUser, id: web::Path<u32>, desk: web::Data<Desk>) -> bool {
    let owner = desk.with(|all| all.get(&id).map(|article| article.owner));
    owner == Some(user.id())
}

#[permission("api::test-desk.read")]
#[get("/desk/{id}")]
async fn read(id: web::Path<u32>, desk: web::Data<Desk>) -> impl Responder {
    match desk.with(|all| all.get(&id).cloned()) {
        Some(article) => HttpResponse::Ok().json(article),
        None => HttpResponse::NotFound().finish(),
    }
}

#[permission(
    "api::test-desk.create",
    policies(FromIssuer::new(IDENTITY), is_editor())
)]
#[post("/desk")]
async fn create(user: AuthUser, draft: web::Json<Draft>, desk: web::Data<Desk>) -> impl Responder {
    let article = Article {
        title: draft.into_inner().title,
        owner: user.id(),
        organisation: user.organisation().map(str::to_owned),
    };
    let id = desk.with(|all| {
        let id = all.len() as u32 + 1;
        all.insert(id, article);
        id
    });
    HttpResponse::Created().json(json!({ "id": id }))
}

#[permission("api::test-desk.update", policies(is_editor(), is_owner))]
#[put("/desk/{id}")]
async fn update(
    id: web::Path<u32>,
    draft: web::Json<Draft>,
    desk: web::Data<Desk>,
) -> impl Responder {
    let title = draft.into_inner().title;
    desk.with(|all| {
        all.entry(*id).and_modify(|article| article.title = title);
    });
    HttpResponse::NoContent()
}

async fn server(kind: Kind, issuer: &Issuer) -> Server {
    let mut trusted = TrustedIssuer::new(IDENTITY, [AUDIENCE]);
    trusted.jwks_url = Some(format!("{}/keys", issuer.name()));
    trusted.users = IssuerUsers::Link;
    let database = TestDatabase::create(kind);
    let mut config = config(&database);
    config.trusted_issuers = vec![trusted];
    let builder = UsersPermissions::builder().config(config);
    let up = builder.build().await.expect("the plugin starts");
    let (inside, desk) = (up.clone(), Desk::default());
    let app = move || {
        let api = web::scope("/api")
            .service(read)
            .service(create)
            .service(update)
            .configure(inside.routes());
        let desk = web::Data::new(desk.clone());
        App::new()
            .app_data(desk)
            .wrap(inside.middleware())
            .service(api)
    };
    let server = Server::serve(up, app).await.owning(database);
    let admin = server.admin().await;
    grant(&admin, "public", PUBLIC).await;
    grant(&admin, "authenticated", USERS).await;
    server
}

/// Somebody with a token of the identity service and these permissions.
fn person(server: &Server, issuer: &Issuer, name: &str, permissions: Value) -> Client {
    let mut claims = issuer.claims_of_user(name);
    claims["iss"] = json!(IDENTITY);
    claims["permissions"] = permissions;
    claims["org_code"] = json!("org_7");
    server.anonymous().with_token(issuer.token(&claims))
}

fn draft(title: &str) -> Value {
    json!({ "title": title })
}

on_every_database! {
    async fn editors_create_and_owners_change(kind) {
        let issuer = Issuer::start().await;
        let server = server(kind, &issuer).await;
        let editor = |name: &str| person(&server, &issuer, name, json!(["articles:read", "articles:write"]));
        let (ann, bob) = (editor("ann"), editor("bob"));
        let (first, second) = (ann.post("/api/desk", draft("First")).await, bob.post("/api/desk", draft("Second")).await);
        assert_eq!((first.expect(201), second.expect(201)), (json!({ "id": 1 }), json!({ "id": 2 })));
        let me = ann.get("/api/users/me").await.expect(200);
        let shown = server.anonymous().get("/api/desk/1").await.expect(200);
        assert_eq!(shown, json!({ "title": "First", "owner": me["id"], "organisation": "org_7" }));

        // Owners only, each of their own.
        assert_eq!(ann.put("/api/desk/1", draft("Newer")).await.status, 204);
        assert_eq!(bob.put("/api/desk/2", draft("Newest")).await.status, 204);
        for (client, path) in [(&ann, "/api/desk/2"), (&bob, "/api/desk/1"), (&ann, "/api/desk/3")] {
            client.put(path, draft("Mine")).await.expect_forbidden();
        }
        // Whatever the path says before it is understood, and whatever the body holds: the check comes first.
        ann.put("/api/desk/2", json!("no draft")).await.expect_forbidden();
        let title = |path: &str| {
            let (client, path) = (server.anonymous(), path.to_owned());
            async move { client.get(&path).await.expect(200)["title"].clone() }
        };
        assert_eq!((title("/api/desk/1").await, title("/api/desk/2").await), (json!("Newer"), json!("Newest")));

        // An owner whom the service has taken the permission from keeps the article and no more.
        let reader = person(&server, &issuer, "ann", json!(["articles:read"]));
        assert_eq!(reader.get("/api/users/me").await.expect(200)["id"], me["id"]);
        reader.put("/api/desk/1", draft("Still mine")).await.expect_forbidden();
        reader.post("/api/desk", draft("Third")).await.expect_forbidden();
        reader.get("/api/desk/1").await.expect(200);
    }

    async fn a_permission_that_only_looks_like_it_is_none(kind) {
        let issuer = Issuer::start().await;
        let server = server(kind, &issuer).await;
        for odd in [
            json!([]), json!(null), json!("articles:writer"), json!(["articles"]), json!(["Articles:Write"]), json!([["articles:write"]]),
            json!({ "articles:write": true }), json!(["articles:write "]), json!("articles:read articles:write,"),
        ] {
            let eve = person(&server, &issuer, "eve", odd.clone());
            let answer = eve.post("/api/desk", draft("x")).await;
            assert_eq!(answer.status, 403, "{odd}");
        }
        // A user with a password has no claims, an administrator has every right and no claim, and the public none.
        let local = server.register("joe").await.client;
        for client in [&local, &server.admin().await] {
            client.post("/api/desk", draft("x")).await.expect_bad_token();
            client.put("/api/desk/1", draft("x")).await.expect_forbidden();
        }
        server.anonymous().post("/api/desk", draft("x")).await.expect_forbidden();
        // The role has to let them in, too: what a claim says comes on top.
        let admin = server.admin().await;
        let role = admin.role_id("authenticated").await;
        let ann = person(&server, &issuer, "ann", json!(["articles:write"]));
        ann.post("/api/desk", draft("x")).await.expect(201);
        admin.set_grants(role, PUBLIC).await.expect(200);
        ann.post("/api/desk", draft("x")).await.expect_forbidden();
        // And who is blocked here is nobody, whatever the service says.
        admin.set_grants(role, USERS).await.expect(200);
        let users = admin.get("/api/users?filters[username]=ann").await.expect(200);
        let path = format!("/api/users/{}", users[0]["id"]);
        admin.put(&path, json!({ "blocked": true })).await.expect(200);
        assert_eq!(ann.post("/api/desk", draft("x")).await.status, 401);
        assert_eq!(ann.put("/api/desk/1", draft("x")).await.status, 401);
    }
}
