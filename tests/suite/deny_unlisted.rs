//! `deny_unlisted(true)`: what carries no `#[permission]` is closed, however it is spelt.

use acceptance::{Client, Server};
use actix_web::{App, get, guard, post, put, web};
use users_permissions::{listed as listed_mark, permission};

use crate::apps::plugin;

#[permission("api::test-deny.listed", grant("public"))]
#[get("/listed")]
async fn listed() -> &'static str {
    "listed"
}

#[permission("api::test-deny.open", auth = false)]
#[get("/open")]
async fn open() -> &'static str {
    "open"
}

#[get("/unlisted")]
async fn unlisted() -> &'static str {
    "unlisted"
}

#[post("/listed")]
async fn unlisted_method() -> &'static str {
    "unlisted"
}

#[get("/unlisted/{id}")]
async fn unlisted_pattern() -> &'static str {
    "unlisted"
}

async fn bare() -> &'static str {
    "unlisted"
}

#[permission("api::test-deny.named", grant("public"))]
async fn named() -> &'static str {
    "named"
}

#[permission("api::test-deny.two", grant("public"))]
async fn two() -> &'static str {
    "two"
}

#[permission("api::test-deny.latest", grant("public"))]
#[get("/files/latest")]
async fn latest() -> &'static str {
    "latest"
}

#[permission("api::test-deny.upload", grant("public"))]
#[put("/files/{name}")]
async fn upload() -> &'static str {
    "uploaded"
}

fn is_internal(ctx: &guard::GuardContext<'_>) -> bool {
    ctx.head().headers().contains_key("x-internal")
}

#[permission("api::test-deny.guarded")]
#[get("/guarded", guard = "is_internal")]
async fn guarded() -> &'static str {
    "guarded"
}

#[get("/guarded")]
async fn unlisted_beside_guarded() -> &'static str {
    "unlisted"
}

#[get("/shadow")]
async fn unlisted_before_listed() -> &'static str {
    "unlisted"
}

#[permission("api::test-deny.shadowed", grant("public"))]
#[get("/shadow")]
async fn shadowed() -> &'static str {
    "shadowed"
}

async fn server(deny: bool) -> Server {
    let (up, database) = plugin(|config| {
        config.deny_unlisted = deny;
        config.initial_grants = true;
    })
    .await;
    let inside = up.clone();
    let app = move || {
        let api = web::scope("/api")
            .configure(inside.routes())
            .service(listed)
            .service(open)
            .service(unlisted)
            .service(unlisted_method)
            .service(unlisted_pattern)
            .service(web::resource("/named").route(web::get().guard(listed_mark).to(named)))
            .service(
                web::resource("/two")
                    .route(web::get().guard(listed_mark).to(two))
                    .route(web::post().to(bare)),
            )
            .service(
                web::resource("/ordered")
                    .route(web::get().guard(is_internal).guard(listed_mark).to(two))
                    .route(web::get().to(bare)),
            )
            .service(latest)
            .service(upload)
            .service(guarded)
            .service(unlisted_beside_guarded)
            .service(unlisted_before_listed)
            .service(shadowed)
            .route("/bare", web::to(bare))
            .service(web::scope("/deep").route("/bare", web::get().to(bare)));
        App::new()
            .wrap(inside.middleware())
            .service(api)
            .route("/bare", web::get().to(bare))
    };
    Server::serve(up, app).await.owning(database)
}

async fn call(client: &Client, method: &str, path: &str) -> (u16, String) {
    let answer = client
        .send(client.request(method.parse().unwrap(), path))
        .await;
    (answer.status.as_u16(), answer.text)
}

#[actix_web::test]
async fn unlisted_routes_are_403_listed_ones_work_and_unknown_ones_are_404() {
    let server = server(true).await;
    let (anonymous, admin) = (server.anonymous(), server.admin().await);
    for (method, path, text) in [
        ("GET", "/api/listed", "listed"),
        ("GET", "/api/open", "open"),
        ("GET", "/api/named", "named"),
        ("GET", "/api/files/latest", "latest"),
        ("PUT", "/api/files/x", "uploaded"),
        ("GET", "/api/listed/", "listed"),
    ] {
        assert_eq!(
            call(&anonymous, method, path).await,
            (200, text.to_owned()),
            "{method} {path}"
        );
    }
    assert_eq!(call(&anonymous, "HEAD", "/api/listed").await.0, 200);
    for (method, path) in [
        ("GET", "/api/unlisted"),
        ("POST", "/api/listed"),
        ("GET", "/api/unlisted/7"),
        ("GET", "/api/bare"),
        ("POST", "/api/bare"),
        ("GET", "/api/deep/bare"),
        ("GET", "/bare"),
        ("HEAD", "/api/unlisted"),
        ("GET", "/api/unlisted?x=/api/listed"),
    ] {
        for client in [&anonymous, &admin] {
            assert_eq!(call(client, method, path).await.0, 403, "{method} {path}");
        }
    }
    anonymous.get("/api/unlisted").await.expect_forbidden();
    for (method, path) in [
        ("GET", "/api/nowhere"),
        ("GET", "/nowhere"),
        ("POST", "/api/nowhere/x"),
    ] {
        assert_eq!(
            call(&anonymous, method, path).await.0,
            404,
            "{method} {path}"
        );
    }
    // The plugin's own routes are listed.
    assert_eq!(call(&anonymous, "GET", "/api/connect/none").await.0, 400);
    assert_eq!(
        call(&admin, "GET", "/api/users-permissions/roles").await.0,
        200
    );
}

#[actix_web::test]
async fn another_spelling_of_the_path_leads_to_no_unlisted_handler() {
    let server = server(true).await;
    let anonymous = server.anonymous();
    for path in [
        "/api/unlisted/",
        "/api/%75nlisted",
        "/%61pi/unlisted",
        "/api/unliste%64",
        "/api/unlisted//",
        "/api//unlisted",
        "//api/unlisted",
        "/api/./unlisted",
        "/api/x/../unlisted",
        "/api/unlisted;x",
        "/api/unlisted%2f",
        "/api/UNLISTED",
        "/api/unlisted%00",
        "/api/deep/b%61re",
        "/b%61re",
        "/api/unlisted/%37",
        "/api/b%61re",
    ] {
        // As bytes: clients tidy paths up.
        let mut raw = server.raw();
        raw.write(format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        ));
        let (answer, _) = raw.read_to_end();
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        assert!(
            ["400", "403", "404"].contains(&status.as_str()),
            "{path}: {answer}"
        );
    }
    assert_eq!(call(&anonymous, "GET", "/api/listed").await.0, 200);
}

// Which of two handlers of one path answers, guards decide: the path alone does not tell.
#[actix_web::test]
async fn an_unlisted_handler_beside_a_listed_one_of_the_same_path_stays_closed() {
    let server = server(true).await;
    let anonymous = server.anonymous();
    let internal = anonymous
        .request("GET".parse().unwrap(), "/api/guarded")
        .header("x-internal", "1");
    anonymous.send(internal).await.expect_forbidden();
    assert_eq!(call(&anonymous, "GET", "/api/guarded").await.0, 403);
}

#[actix_web::test]
async fn behind_a_marked_route_that_refuses_an_unlisted_one_stays_closed() {
    let server = server(true).await;
    let anonymous = server.anonymous();
    assert_eq!(call(&anonymous, "GET", "/api/ordered").await.0, 403);
    let internal = anonymous
        .request("GET".parse().unwrap(), "/api/ordered")
        .header("x-internal", "1");
    let answer = anonymous.send(internal).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "two"));
}

#[actix_web::test]
async fn an_unlisted_handler_before_a_listed_one_of_the_same_route_stays_closed() {
    let server = server(true).await;
    assert_eq!(call(&server.anonymous(), "GET", "/api/shadow").await.0, 403);
}

#[actix_web::test]
async fn an_unlisted_method_of_a_resource_that_bears_an_actions_name_stays_closed() {
    let server = server(true).await;
    assert_eq!(call(&server.anonymous(), "POST", "/api/two").await.0, 403);
    let found = server.up.coverage().unlisted;
    assert!(
        found
            .iter()
            .any(|route| route.path == "/api/two" && route.method == "POST"),
        "{found:?}"
    );
}

#[actix_web::test]
async fn a_listed_handler_is_reached_though_another_pattern_fits_its_path_first() {
    let server = server(true).await;
    assert_eq!(
        call(&server.anonymous(), "PUT", "/api/files/latest").await,
        (200, "uploaded".to_owned())
    );
}

#[actix_web::test]
async fn without_it_unlisted_routes_are_the_applications_own_business() {
    let server = server(false).await;
    for path in ["/api/unlisted", "/api/bare", "/bare"] {
        assert_eq!(
            call(&server.anonymous(), "GET", path).await,
            (200, "unlisted".to_owned()),
            "{path}"
        );
        let broken = server.anonymous().with_token("a.b.c");
        assert_eq!(call(&broken, "GET", path).await.0, 200, "{path}");
    }
}
