//! `#[permission]` protects wherever it stands.

use acceptance::{Client, Server};
use actix_web::{App, HttpRequest, Responder, get, head, put, route, routes, web};
use reqwest::Method;
use users_permissions::{ServedAction, permission};

use crate::apps::{grant, plugin};

/// Stands above.
#[permission("api::test-place.above")]
#[get("/above")]
async fn above() -> &'static str {
    "above"
}

/// Stands below.
#[get("/below")]
#[permission("api::test-place.below")]
async fn below() -> &'static str {
    "below"
}

/// Stands below several.
#[routes]
#[get("/both")]
#[get("/both/{id}")]
#[permission("api::test-place.both")]
async fn both() -> &'static str {
    "both"
}

/// Is given to a route by hand.
#[permission("api::test-place.plain")]
async fn plain() -> &'static str {
    "plain"
}

/// Is given to a resource that bears the action's name.
#[permission("api::test-place.named")]
async fn named() -> &'static str {
    "named"
}

#[permission("api::test-place.several")]
#[routes]
#[get("/several")]
#[post("/several")]
#[get("/several/{id}")]
async fn several() -> &'static str {
    "several"
}

#[permission("api::test-place.methods")]
#[route("/methods", method = "GET", method = "PUT", method = "REPORT")]
async fn methods() -> &'static str {
    "methods"
}

#[permission("api::test-place.nested")]
#[get("/{id:[0-9]+}/nested")]
async fn nested(path: web::Path<(String, u32)>) -> impl Responder {
    format!("{} {}", path.0, path.1)
}

#[permission("api::test-place.heads")]
#[head("/heads")]
async fn heads() -> &'static str {
    ""
}

#[permission("api::test-place.generic")]
async fn generic<T: Default + std::fmt::Display + 'static>(_: HttpRequest) -> String {
    T::default().to_string()
}

#[permission("api::test-place.fallback")]
async fn fallback() -> &'static str {
    "fallback"
}

const ACTIONS: [&str; 11] = [
    "api::test-place.test-place.above",
    "api::test-place.test-place.below",
    "api::test-place.test-place.plain",
    "api::test-place.test-place.named",
    "api::test-place.test-place.several",
    "api::test-place.test-place.methods",
    "api::test-place.test-place.nested",
    "api::test-place.test-place.heads",
    "api::test-place.test-place.generic",
    "api::test-place.test-place.fallback",
    "api::test-place.test-place.both",
];

const REQUESTS: [(&str, &str, &str); 18] = [
    ("GET", "/api/above", "above"),
    ("GET", "/api/below", "below"),
    ("GET", "/api/plain", "plain"),
    ("POST", "/api/plain", "plain"),
    ("GET", "/api/again", "plain"),
    ("GET", "/api/both", "both"),
    ("GET", "/api/both/1", "both"),
    ("GET", "/api/named", "named"),
    ("GET", "/api/several", "several"),
    ("POST", "/api/several", "several"),
    ("GET", "/api/several/1", "several"),
    ("GET", "/api/methods", "methods"),
    ("PUT", "/api/methods", "methods"),
    ("REPORT", "/api/methods", "methods"),
    ("GET", "/api/shops/one/7/nested", "one 7"),
    ("GET", "/api/generic", "0"),
    ("GET", "/api/words", ""),
    ("DELETE", "/outside/anything", "fallback"),
];

async fn server() -> Server {
    let (up, database) = plugin(|_| {}).await;
    let inside = up.clone();
    let app = move || {
        let api = web::scope("/api")
            .configure(inside.routes())
            .service(above)
            .service(below)
            .service(both)
            .route("/plain", web::get().to(plain))
            .route("/plain", web::post().to(plain))
            .route("/again", web::get().to(plain))
            .service(
                web::resource("/named")
                    .name(ACTIONS[3])
                    .route(web::get().to(named)),
            )
            .service(several)
            .service(methods)
            .service(heads)
            .route("/generic", web::get().to(generic::<u8>))
            .route("/words", web::get().to(generic::<String>))
            .service(web::scope("/shops/{shop}").service(nested));
        let outside = web::scope("/outside").default_service(web::to(fallback));
        App::new()
            .wrap(inside.middleware())
            .service(api)
            .service(outside)
    };
    Server::serve(up, app).await.owning(database)
}

async fn status(client: &Client, method: &str, path: &str) -> (u16, String) {
    let answer = client
        .send(client.request(method.parse::<Method>().unwrap(), path))
        .await;
    (answer.status.as_u16(), answer.text)
}

#[actix_web::test]
async fn every_placement_asks_the_roles_and_refuses_bad_tokens() {
    let server = server().await;
    let (admin, ann, anonymous) = (
        server.admin().await,
        server.register("ann").await.client,
        server.anonymous(),
    );
    let broken = anonymous.with_token("a.b.c");
    for (method, path, text) in REQUESTS {
        assert_eq!(
            status(&anonymous, method, path).await.0,
            403,
            "{method} {path}"
        );
        assert_eq!(
            status(&broken, method, path).await.0,
            401,
            "{method} {path}"
        );
        assert_eq!(status(&ann, method, path).await.0, 403, "{method} {path}");
        assert_eq!(
            status(&admin, method, path).await,
            (200, text.to_owned()),
            "{method} {path}"
        );
    }
    grant(&admin, "authenticated", &ACTIONS).await;
    for (method, path, text) in REQUESTS {
        assert_eq!(
            status(&anonymous, method, path).await.0,
            403,
            "{method} {path}"
        );
        assert_eq!(
            status(&ann, method, path).await,
            (200, text.to_owned()),
            "{method} {path}"
        );
    }
}

#[actix_web::test]
async fn each_action_opens_its_own_handler_only() {
    let server = server().await;
    let (admin, ann) = (server.admin().await, server.register("ann").await.client);
    let role = admin.role_id("authenticated").await;
    for granted in ACTIONS {
        admin.set_grants(role, &[granted]).await.expect(200);
        for (method, path, _) in REQUESTS {
            let name = path.strip_prefix("/outside/").map_or_else(
                || {
                    if path.ends_with("/nested") {
                        return "nested";
                    }
                    match path.split('/').nth(2).unwrap() {
                        "again" => "plain",
                        "words" => "generic",
                        name => name,
                    }
                },
                |_| "fallback",
            );
            let expected = if granted.ends_with(&format!(".{name}")) {
                200
            } else {
                403
            };
            assert_eq!(
                status(&ann, method, path).await.0,
                expected,
                "{granted} {method} {path}"
            );
        }
    }
}

fn urls(catalog: &[ServedAction], name: &str) -> Vec<String> {
    let name = format!("api::test-place.test-place.{name}");
    let served = catalog
        .iter()
        .find(|served| served.action.name() == name)
        .expect(&name);
    served
        .routes
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect()
}

#[actix_web::test]
async fn the_catalog_has_full_urls_at_once_or_after_the_first_call() {
    let server = server().await;
    assert!(
        server
            .up
            .catalog()
            .iter()
            .all(|served| served.routes.is_empty()),
        "nothing was asked yet"
    );
    server.anonymous().get("/nowhere").await;
    let catalog = server.up.catalog();
    for (name, expected) in [
        ("above", &["GET /api/above"][..]),
        ("named", &["GET /api/named"]),
        (
            "several",
            &[
                "GET /api/several",
                "POST /api/several",
                "GET /api/several/{id}",
            ],
        ),
        (
            "methods",
            &[
                "GET /api/methods",
                "PUT /api/methods",
                "REPORT /api/methods",
            ],
        ),
        ("nested", &["GET /api/shops/{shop}/{id:[0-9]+}/nested"]),
        ("heads", &["HEAD /api/heads"]),
        ("below", &[]),
        ("both", &[]),
        ("plain", &[]),
        ("generic", &[]),
        ("fallback", &[]),
    ] {
        assert_eq!(urls(&catalog, name), expected, "{name}");
    }
    // Even a call that is refused tells where the handler is.
    for (method, path, _) in REQUESTS {
        status(&server.anonymous(), method, path).await;
    }
    let catalog = server.up.catalog();
    assert_eq!(urls(&catalog, "below"), ["GET /api/below"]);
    for (name, expected) in [
        ("both", &["GET /api/both", "GET /api/both/{id}"][..]),
        ("generic", &["GET /api/generic", "GET /api/words"]),
        (
            "plain",
            &["GET /api/again", "GET /api/plain", "POST /api/plain"],
        ),
    ] {
        assert_eq!(urls(&catalog, name), expected, "{name}");
    }
}

#[actix_web::test]
async fn descriptions_and_places_of_every_placement_are_known() {
    let (up, _database) = plugin(|_| {}).await;
    for (name, description) in [
        ("above", "Stands above."),
        ("below", "Stands below."),
        ("plain", "Is given to a route by hand."),
        ("several", ""),
    ] {
        let catalog = up.catalog();
        let name = format!("api::test-place.test-place.{name}");
        let action = catalog
            .iter()
            .find(|served| served.action.name() == name)
            .unwrap()
            .action;
        assert_eq!(action.description(), description);
        assert!(
            action.file().ends_with("placements.rs")
                && action.handler().starts_with("suite::placements::")
        );
    }
}

#[permission("api::test-place.page")]
async fn page() -> &'static str {
    "page"
}

#[permission("api::test-place.graph")]
async fn graph() -> &'static str {
    "graph"
}

// Whoever invents methods makes nobody remember them.
#[actix_web::test]
async fn a_handler_of_all_methods_is_noted_under_those_that_exist() {
    let (up, _database) = plugin(|_| {}).await;
    let resource = web::resource("/graph")
        .route(web::get().to(page))
        .route(web::to(graph));
    let app = App::new().wrap(up.middleware()).service(resource);
    let app = actix_web::test::init_service(app).await;
    let known = ["GET", "POST", "PATCH"].map(str::to_owned);
    let invented = (0..50).map(|count| format!("AAAA{count}"));
    for method in known.into_iter().chain(invented) {
        let ask = actix_web::test::TestRequest::with_uri("/graph").method(method.parse().unwrap());
        let answer = users_permissions::testing::call(&app, ask).await;
        assert_eq!(answer.status(), 403, "{method}");
    }
    let catalog = up.catalog();
    assert_eq!(urls(&catalog, "page"), ["GET /graph"]);
    assert_eq!(urls(&catalog, "graph"), ["PATCH /graph", "POST /graph"]);
    assert!(up.coverage().unlisted.is_empty());
}

#[permission("api::test-place.twice")]
#[get("/{id}")]
async fn twice() -> &'static str {
    "twice"
}

#[permission("api::test-place.twice_several")]
#[routes]
#[get("/several")]
#[post("/several")]
async fn twice_several() -> &'static str {
    "several"
}

/// Looks like the handler above, and is none of the plugin's.
#[get("/{id}")]
async fn naked() -> &'static str {
    "naked"
}

#[permission("api::test-place.twice_change")]
#[put("/{id}")]
async fn twice_change() -> &'static str {
    "changed"
}

// In several scopes every place is told at once, and no other handler's.
#[actix_web::test]
async fn a_handler_in_several_scopes_is_found_in_each() {
    let (up, _database) = plugin(|_| {}).await;
    let v3 = web::scope("/v3").service(naked).service(twice_change);
    let app = App::new()
        .wrap(up.middleware())
        .service(web::scope("/api").service(twice_several).service(twice))
        .service(web::scope("/v2").service(twice_several).service(twice))
        .service(v3)
        .service(web::scope("/v4").service(twice_change));
    let app = actix_web::test::init_service(app).await;
    let coverage = users_permissions::testing::coverage(&up, &app).await;
    let unlisted = coverage.unlisted.iter();
    let unlisted: Vec<_> = unlisted
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(unlisted, ["GET /v3/{id}"]);
    let catalog = up.catalog();
    assert_eq!(urls(&catalog, "twice"), ["GET /api/{id}", "GET /v2/{id}"]);
    assert_eq!(
        urls(&catalog, "twice_change"),
        ["PUT /v3/{id}", "PUT /v4/{id}"]
    );
    assert_eq!(
        urls(&catalog, "twice_several"),
        [
            "GET /api/several",
            "POST /api/several",
            "GET /v2/several",
            "POST /v2/several"
        ]
    );
    let ask = actix_web::test::TestRequest::get().uri("/api/7");
    let answer = actix_web::test::call_service(&app, ask.to_request()).await;
    assert_eq!(answer.status(), 403);
}
