//! Methods and paths: HEAD, a slash at the end, 404 and 405.

use acceptance::{Answer, Client, Kind, Server};
use actix_web::{App, HttpRequest, get, head, web};
use serde_json::json;
use users_permissions::permission;

use crate::apps::plugin;

#[permission("api::test-form.get", grant("public"))]
#[get("/thing")]
async fn thing() -> &'static str {
    "a thing"
}

#[permission("api::test-form.closed")]
#[get("/closed")]
async fn closed() -> &'static str {
    "closed"
}

#[permission("api::test-form.both", grant("public"))]
#[get("/both")]
async fn both() -> &'static str {
    "both"
}

#[permission("api::test-form.both_head")]
#[head("/both")]
async fn both_head() -> &'static str {
    ""
}

#[permission("api::test-form.method", grant("public"))]
async fn method(req: HttpRequest) -> String {
    req.method().to_string()
}

#[permission("api::test-form.slashed", grant("public"))]
#[get("/slashed/")]
async fn slashed() -> &'static str {
    "slashed"
}

async fn server() -> Server {
    let (up, database) = plugin(|config| config.initial_grants = true).await;
    let inside = up.clone();
    let app = move || {
        let api = web::scope("/api")
            .configure(inside.routes())
            .service(thing)
            .service(closed)
            .service(both);
        let api = api
            .service(both_head)
            .service(slashed)
            .route("/plain", web::get().to(method));
        let api = api.service(
            web::resource("/resource")
                .route(web::get().to(method))
                .route(web::put().to(method)),
        );
        let told = web::resource("/told")
            .route(web::get().to(method))
            .route(web::put().to(method));
        let api = api.service(told.default_service(web::to(users_permissions::not_found)));
        App::new()
            .wrap(inside.middleware())
            .service(api)
            .default_service(web::to(users_permissions::not_found))
    };
    Server::serve(up, app).await.owning(database)
}

async fn call(client: &Client, method: &str, path: &str) -> Answer {
    client
        .send(client.request(method.parse().unwrap(), path))
        .await
}

#[actix_web::test]
async fn head_is_answered_as_get_without_a_body() {
    let server = server().await;
    let anonymous = server.anonymous();
    for path in [
        "/api/thing",
        "/api/thing/",
        "/api/closed",
        "/api/connect/none",
        "/api/nowhere",
        "/nowhere",
        "/api/users/me",
    ] {
        let (get, head) = (
            call(&anonymous, "GET", path).await,
            call(&anonymous, "HEAD", path).await,
        );
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.text, "", "{path}");
        for name in ["content-type", "content-length", "cache-control"] {
            assert_eq!(
                head.headers.get(name),
                get.headers.get(name),
                "{path} {name}"
            );
        }
    }
    let broken = anonymous.with_token("a.b.c");
    assert_eq!(call(&broken, "HEAD", "/api/thing").await.status, 401);
}

// The application's own HEAD has an action of its own, and GET's rights do not open it.
#[actix_web::test]
async fn head_of_the_applications_own_is_not_gets() {
    let server = server().await;
    call(&server.anonymous(), "GET", "/api/both").await;
    assert_eq!(
        call(&server.anonymous(), "GET", "/api/both").await.status,
        200
    );
    assert_eq!(
        call(&server.anonymous(), "HEAD", "/api/both").await.status,
        403
    );
}

#[actix_web::test]
async fn a_slash_at_the_end_is_the_same_path() {
    let server = server().await;
    let (anonymous, admin) = (server.anonymous(), server.admin().await);
    assert_eq!(call(&anonymous, "GET", "/api/thing/").await.text, "a thing");
    assert_eq!(
        call(&anonymous, "GET", "/api/slashed/").await.text,
        "slashed"
    );
    call(&anonymous, "GET", "/api/closed/")
        .await
        .expect_forbidden();
    call(&anonymous, "GET", "/api/users/me/")
        .await
        .expect_forbidden();
    assert_eq!(
        admin.get("/api/users/me/?populate=role").await.expect(200)["role"]["type"],
        "administrator"
    );
    let login = json!({ "identifier": "admin", "password": "AdminPass1" });
    anonymous.post("/api/auth/local/", login).await.expect(200);
    for path in [
        "/api//thing",
        "//api/thing",
        "/api/thing//",
        "/api/users/me//",
        "/api/users//",
        "/api/thing/x",
        "/api/thing//x",
    ] {
        assert_eq!(call(&anonymous, "GET", path).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn unknown_paths_are_404_whatever_method_and_token() {
    let server = server().await;
    for client in [
        server.anonymous(),
        server.anonymous().with_token("a.b.c"),
        server.admin().await,
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "PURGE"] {
            for path in [
                "/api/nowhere",
                "/nowhere",
                "/",
                "/api",
                "/api/",
                "/api/users/1/2",
                "/api/Users/me",
            ] {
                let answer = call(&client, method, path).await;
                answer.expect_error(404, "NotFoundError", "Not Found");
            }
        }
    }
}

#[actix_web::test]
async fn known_paths_with_another_method_are_405_and_name_the_others() {
    let server = server().await;
    let anonymous = server.anonymous();
    for (method, path, allowed) in [
        ("POST", "/api/thing", "GET"),
        ("DELETE", "/api/thing/", "GET"),
        ("GET", "/api/auth/local", "POST"),
        ("PATCH", "/api/auth/local/register", "POST"),
        (
            "PATCH",
            "/api/users-permissions/roles/1",
            "DELETE, GET, PUT",
        ),
    ] {
        let answer = call(&anonymous, method, path).await;
        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
        answer.expect_error(405, "MethodNotAllowedError", "Method Not Allowed");
        assert_eq!(answer.headers["allow"], allowed, "{method} {path}");
    }
}

// A resource made by hand answers by itself, in actix's way, unless it is told who answers.
#[actix_web::test]
async fn resources_made_by_hand_answer_405_too() {
    let server = server().await;
    for (method, path) in [("POST", "/api/plain"), ("DELETE", "/api/resource")] {
        let answer = call(&server.anonymous(), method, path).await;
        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
    }
    let answer = call(&server.anonymous(), "DELETE", "/api/told").await;
    answer.expect_error(405, "MethodNotAllowedError", "Method Not Allowed");
    assert_eq!(answer.headers["allow"], "GET, PUT");
}

// Whatever concerns one caller is kept by no cache.
#[actix_web::test]
async fn answers_about_callers_are_not_stored() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let answers = [
        admin.get("/api/users/me").await,
        admin.get("/api/users-permissions/roles").await,
        server.anonymous().get("/api/users/me").await,
        server
            .anonymous()
            .with_token("x")
            .get("/api/users/me")
            .await,
        server.anonymous().get("/api/users-permissions/setup").await,
        server
            .anonymous()
            .post(
                "/api/auth/local",
                json!({ "identifier": "admin", "password": "AdminPass1" }),
            )
            .await,
        server
            .anonymous()
            .post(
                "/api/auth/local",
                json!({ "identifier": "admin", "password": "wrong" }),
            )
            .await,
    ];
    for answer in answers {
        assert_eq!(
            answer.headers["cache-control"], "no-store",
            "{}",
            answer.text
        );
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert!(
            answer.headers["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("frame-ancestors 'none'")
        );
        assert!(
            answer.headers.get("set-cookie").is_none() && answer.headers.get("server").is_none()
        );
    }
}
