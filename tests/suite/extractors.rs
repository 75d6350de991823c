//! `AuthUser`, `Option<AuthUser>`, `Caller`: who calls, told to handlers.

use acceptance::{Client, Server};
use actix_web::{App, HttpResponse, Responder, get, web};
use serde_json::{Value, json};
use users_permissions::{AuthUser, Caller, permission};

use crate::apps::{grant, plugin};
use crate::forge;

fn tell(user: Option<&AuthUser>) -> HttpResponse {
    HttpResponse::Ok().json(match user {
        None => json!("nobody"),
        Some(user) => json!(user.username()),
    })
}

#[permission("api::test-who.open_user", auth = false)]
#[get("/open/user")]
async fn open_user(user: AuthUser) -> impl Responder {
    tell(Some(&user))
}

#[permission("api::test-who.open_option", auth = false)]
#[get("/open/option")]
async fn open_option(user: Option<AuthUser>) -> impl Responder {
    tell(user.as_ref())
}

#[permission("api::test-who.open_caller", auth = false)]
#[get("/open/caller")]
async fn open_caller(caller: Caller) -> impl Responder {
    tell(caller.user())
}

#[permission("api::test-who.open_nothing", auth = false)]
#[get("/open/nothing")]
async fn open_nothing() -> impl Responder {
    tell(None)
}

#[permission("api::test-who.asked_user")]
#[get("/asked/user")]
async fn asked_user(user: AuthUser) -> impl Responder {
    tell(Some(&user))
}

#[permission("api::test-who.asked_option")]
#[get("/asked/option")]
async fn asked_option(user: Option<AuthUser>) -> impl Responder {
    tell(user.as_ref())
}

#[permission("api::test-who.asked_caller")]
#[get("/asked/caller")]
async fn asked_caller(caller: Caller) -> impl Responder {
    tell(caller.user())
}

#[get("/plain/user")]
async fn plain_user(user: AuthUser) -> impl Responder {
    tell(Some(&user))
}

#[get("/plain/option")]
async fn plain_option(user: Option<AuthUser>) -> impl Responder {
    tell(user.as_ref())
}

#[get("/plain/caller")]
async fn plain_caller(caller: Caller) -> impl Responder {
    tell(caller.user())
}

#[permission("api::test-who.about")]
#[get("/about")]
async fn about_caller(
    user: AuthUser,
    actions: web::Query<Vec<(String, String)>>,
) -> impl Responder {
    let can: Vec<bool> = actions.iter().map(|(_, action)| user.can(action)).collect();
    HttpResponse::Ok().json(json!({
        "id": user.id(), "username": user.username(), "email": user.email(), "role": user.role().role_type,
        "claims": user.claims(), "can": can, "debug": format!("{user:?}"),
    }))
}

const ASKED: [&str; 4] = [
    "api::test-who.test-who.asked_user",
    "api::test-who.test-who.asked_option",
    "api::test-who.test-who.asked_caller",
    "api::test-who.test-who.about",
];

async fn server() -> Server {
    let (up, database) = plugin(|_| {}).await;
    let inside = up.clone();
    let app = move || {
        let api = web::scope("/api")
            .configure(inside.routes())
            .service(open_user)
            .service(open_option);
        let api = api
            .service(open_caller)
            .service(open_nothing)
            .service(asked_user)
            .service(asked_option);
        let api = api
            .service(asked_caller)
            .service(plain_user)
            .service(plain_option)
            .service(plain_caller)
            .service(about_caller);
        App::new().wrap(inside.middleware()).service(api)
    };
    Server::serve(up, app).await.owning(database)
}

const MISSING: &str = "Missing or invalid credentials";
const INVALID: &str = "Invalid credentials";

#[actix_web::test]
async fn each_extractor_tells_no_token_a_good_one_and_a_bad_one_apart() {
    let server = server().await;
    let admin = server.admin().await;
    grant(&admin, "public", &ASKED).await;
    grant(&admin, "authenticated", &ASKED).await;
    let (ann, gone) = (server.register("ann").await, server.register("gone").await);
    let blocked = server.register("blocked").await;
    blocked.client.get("/api/asked/user").await.expect(200);
    admin
        .put(
            &format!("/api/users/{}", blocked.id),
            json!({ "blocked": true }),
        )
        .await
        .expect(200);
    admin
        .delete(&format!("/api/users/{}", gone.id))
        .await
        .expect(200);
    let mut expired = forge::claims(ann.id);
    expired["exp"] = json!(forge::now() - 1);
    let nobody = server.anonymous();
    let callers: [(&str, Client, Result<&str, &str>); 7] = [
        ("nobody", nobody.clone(), Ok("nobody")),
        ("ann", ann.client.clone(), Ok("ann")),
        ("broken", nobody.with_token("a.b.c"), Err(MISSING)),
        ("empty", nobody.with_token(""), Err(MISSING)),
        (
            "expired",
            nobody.with_token(forge::token(&expired)),
            Err(MISSING),
        ),
        ("blocked", blocked.client, Err(INVALID)),
        ("gone", gone.client, Err(INVALID)),
    ];
    for (name, client, identity) in callers {
        for place in ["open", "asked", "plain"] {
            for extractor in ["user", "option", "caller"] {
                let expected = match (place, extractor, identity) {
                    (_, "user", Ok("nobody")) => Err(MISSING),
                    // Where no permission has refused it before, an optional user is none.
                    ("open" | "plain", "option", Err(_)) => Ok("nobody"),
                    (_, _, identity) => identity,
                };
                let answer = client.get(&format!("/api/{place}/{extractor}")).await;
                match expected {
                    Ok(who) => {
                        assert_eq!(answer.expect(200), json!(who), "{name} {place} {extractor}")
                    }
                    Err(message) => answer.expect_error(401, "UnauthorizedError", message),
                }
            }
        }
        // `auth = false` asks nothing: a broken token is no obstacle.
        client.get("/api/open/nothing").await.expect(200);
    }
}

async fn can(client: &Client, actions: &[&str]) -> Vec<Value> {
    let query: Vec<String> = actions.iter().map(|action| format!("a={action}")).collect();
    let about = client
        .get(&format!("/api/about?{}", query.join("&")))
        .await
        .expect(200);
    about["can"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn can_answers_for_long_and_short_forms_as_of_now() {
    let server = server().await;
    let admin = server.admin().await;
    grant(&admin, "authenticated", &ASKED).await;
    let ann = server.register("ann").await.client;
    let actions = [
        "api::test-who.test-who.about",
        "api::test-who.about",
        "plugin::users-permissions.user.me",
        "api::test-who.test-who.open_user",
        "api::article.find",
        "api::article.article.find",
        "api::never.was",
        "",
        "about",
        "user.me",
        "api::test-who",
        "API::test-who.about",
    ];
    assert_eq!(
        can(&ann, &actions).await,
        [
            true, true, true, false, false, false, false, false, false, false, false, false
        ]
    );
    assert_eq!(
        can(&admin, &actions).await,
        [
            true, true, true, true, true, true, false, false, false, false, false, false
        ]
    );
    grant(&admin, "authenticated", &["api::article.article.find"]).await;
    assert_eq!(can(&ann, &actions[3..6]).await, [false, true, true]);
}

#[actix_web::test]
async fn a_user_is_told_with_claims_and_prints_nothing_personal() {
    let server = server().await;
    let admin = server.admin().await;
    grant(&admin, "authenticated", &ASKED).await;
    let ann = server.register("ann").await;
    let mut claims = forge::claims(ann.id);
    claims["tenant"] = json!({ "id": 7 });
    let about = ann
        .client
        .with_token(forge::token(&claims))
        .get("/api/about")
        .await
        .expect(200);
    assert_eq!(about["claims"], claims);
    assert_eq!(
        (&about["id"], &about["username"]),
        (&json!(ann.id), &json!("ann"))
    );
    assert_eq!(
        (&about["email"], &about["role"]),
        (&json!("ann@example.com"), &json!("authenticated"))
    );
    assert!(
        !about["debug"].as_str().unwrap().contains("ann@"),
        "{about}"
    );
    // The next request knows the new name and role, by the same token.
    let editor = admin.create_role("Editor", &ASKED).await;
    admin
        .put(
            &format!("/api/users/{}", ann.id),
            json!({ "username": "annabel", "role": editor }),
        )
        .await
        .expect(200);
    let about = ann
        .client
        .with_token(forge::token(&claims))
        .get("/api/about")
        .await
        .expect(200);
    assert_eq!(
        (&about["username"], &about["role"]),
        (&json!("annabel"), &json!("editor"))
    );
}

#[actix_web::test]
async fn without_the_middleware_every_handler_is_500_and_none_is_open() {
    let (up, database) = plugin(|config| config.initial_grants = true).await;
    let inside = up.clone();
    let app = move || {
        let api = web::scope("/api")
            .configure(inside.routes())
            .service(asked_option)
            .service(open_nothing);
        App::new().service(
            api.service(plain_user)
                .service(plain_caller)
                .service(plain_option),
        )
    };
    let server = Server::serve(up, app).await.owning(database);
    let anonymous = server.anonymous();
    for client in [
        &anonymous,
        &anonymous.with_token(forge::token(&forge::claims(1))),
    ] {
        for path in [
            "asked/option",
            "open/nothing",
            "plain/user",
            "plain/caller",
            "users/me",
            "users-permissions/roles",
        ] {
            let answer = client.get(&format!("/api/{path}")).await;
            answer.expect_error(500, "InternalServerError", "Internal Server Error");
        }
        assert_eq!(
            client.get("/api/plain/option").await.expect(200),
            json!("nobody")
        );
        let login = client
            .post(
                "/api/auth/local",
                json!({ "identifier": "admin", "password": "AdminPass1" }),
            )
            .await;
        login.expect_error(500, "InternalServerError", "Internal Server Error");
    }
}
