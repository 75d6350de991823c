//! Policies: the application's own no, after the roles' yes and before the body.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use acceptance::{Client, Server};
use actix_web::{App, HttpRequest, error, post, web};
use serde_json::{Value, json};
use users_permissions::{AuthUser, Error, HasClaim, Policy, PolicyContext, permission};

use crate::apps::{grant, plugin};
use crate::forge;

/// How often each part was reached.
#[derive(Default)]
struct Reached {
    policy: AtomicU32,
    second: AtomicU32,
    handler: AtomicU32,
}

async fn as_the_query_says(
    req: HttpRequest,
    reached: web::Data<Reached>,
) -> Result<bool, actix_web::Error> {
    reached.policy.fetch_add(1, SeqCst);
    // A policy may wait; the body still waits longer.
    actix_web::rt::task::yield_now().await;
    actix_web::rt::time::sleep(std::time::Duration::from_millis(1)).await;
    match req.query_string() {
        "yes" => Ok(true),
        "teapot" => Err(error::ErrorImATeapot("no coffee")),
        "own" => Err(Error::application("Not on Sundays").into()),
        _ => Ok(false),
    }
}

async fn second(reached: web::Data<Reached>) -> bool {
    reached.second.fetch_add(1, SeqCst);
    true
}

#[permission("api::test-policy.function", policies(as_the_query_says, second))]
#[post("/function")]
async fn by_function(reached: web::Data<Reached>, body: web::Json<Value>) -> web::Json<Value> {
    reached.handler.fetch_add(1, SeqCst);
    body
}

struct InMethod {
    header: &'static str,
}

impl Policy for InMethod {
    async fn check(&self, context: &PolicyContext<'_>) -> Result<bool, actix_web::Error> {
        let named = context.user().is_some_and(|user| user.username() == "ann");
        let reached = context
            .data::<Reached>()
            .ok_or_else(|| error::ErrorInternalServerError("no data"))?;
        reached.policy.fetch_add(1, SeqCst);
        Ok(named && context.request().headers().contains_key(self.header))
    }
}

#[permission("api::test-policy.value", policies(InMethod { header: "x-tenant" }))]
#[post("/value")]
async fn by_value() -> &'static str {
    "value"
}

#[permission(
    "api::test-policy.claim",
    policies(HasClaim::new("permissions", "articles:write"))
)]
#[post("/claim")]
async fn by_claim() -> &'static str {
    "claim"
}

#[permission("api::test-policy.plan", policies(HasClaim::new("plan", "Gold plus")))]
#[post("/plan")]
async fn by_plan() -> &'static str {
    "plan"
}

async fn is_own(user: AuthUser, id: web::Path<i32>) -> bool {
    user.id() == *id
}

#[permission("api::test-policy.path", policies(is_own))]
#[post("/path/{id}")]
async fn by_path(body: web::Json<Value>) -> web::Json<Value> {
    body
}

// A policy that asks for the body gets none, and takes none away from the handler.
async fn greedy(body: web::Bytes) -> bool {
    body.is_empty()
}

#[permission("api::test-policy.greedy", policies(greedy))]
#[post("/greedy")]
async fn greedy_route(body: String) -> String {
    body
}

#[post("/beneath/{id}")]
#[permission("api::test-policy.beneath", policies(is_own))]
async fn beneath(body: web::Json<Value>) -> web::Json<Value> {
    body
}

const ACTIONS: [&str; 7] = [
    "api::test-policy.test-policy.function",
    "api::test-policy.test-policy.value",
    "api::test-policy.test-policy.claim",
    "api::test-policy.test-policy.plan",
    "api::test-policy.test-policy.path",
    "api::test-policy.test-policy.greedy",
    "api::test-policy.test-policy.beneath",
];

async fn server() -> (Server, web::Data<Reached>) {
    let (up, database) = plugin(|_| {}).await;
    let (inside, reached) = (up.clone(), web::Data::new(Reached::default()));
    let counted = reached.clone();
    let app = move || {
        let api = web::scope("/api")
            .configure(inside.routes())
            .service(by_function)
            .service(by_value);
        let api = api
            .service(by_claim)
            .service(by_plan)
            .service(by_path)
            .service(greedy_route)
            .service(beneath);
        App::new()
            .app_data(reached.clone())
            .wrap(inside.middleware())
            .service(api)
    };
    (Server::serve(up, app).await.owning(database), counted)
}

#[actix_web::test]
async fn yes_goes_on_no_is_403_and_an_error_is_the_answer() {
    let (server, reached) = server().await;
    grant(&server.admin().await, "authenticated", &ACTIONS).await;
    let ann = server.register("ann").await.client;
    let good = json!({ "a": 1 });
    assert_eq!(
        ann.post("/api/function?yes", good.clone())
            .await
            .expect(200),
        good
    );
    assert_eq!(
        (reached.second.load(SeqCst), reached.handler.load(SeqCst)),
        (1, 1)
    );
    ann.post("/api/function?no", good.clone())
        .await
        .expect_forbidden();
    let teapot = ann.post("/api/function?teapot", good.clone()).await;
    assert_eq!(
        (teapot.status.as_u16(), teapot.text.as_str()),
        (418, "no coffee")
    );
    ann.post("/api/function?own", good).await.expect_error(
        400,
        "ApplicationError",
        "Not on Sundays",
    );
    // The first refusal ends it: the second policy and the handler were reached by the yes alone.
    assert_eq!(
        (
            reached.policy.load(SeqCst),
            reached.second.load(SeqCst),
            reached.handler.load(SeqCst)
        ),
        (4, 1, 1)
    );
}

#[actix_web::test]
async fn no_policy_is_asked_about_whom_the_roles_refuse() {
    let (server, reached) = server().await;
    let ann = server.register("ann").await.client;
    for client in [&ann, &server.anonymous()] {
        for path in ["function?yes", "function?teapot", "value", "path/x"] {
            client
                .post(&format!("/api/{path}"), json!({}))
                .await
                .expect_forbidden();
        }
    }
    server
        .anonymous()
        .with_token("a.b.c")
        .post("/api/function?yes", json!({}))
        .await
        .expect_bad_token();
    assert_eq!(reached.policy.load(SeqCst), 0);
}

#[actix_web::test]
async fn a_refused_request_with_a_broken_body_is_403_and_a_let_in_one_400() {
    let (server, _) = server().await;
    grant(&server.admin().await, "authenticated", &ACTIONS).await;
    let ann = server.register("ann").await;
    let own = format!("path/{}", ann.id);
    let below = format!("beneath/{}", ann.id);
    for (path, status) in [
        ("function?no", 403),
        ("function?teapot", 418),
        ("function?yes", 400),
        (own.as_str(), 400),
        ("path/0", 403),
        (below.as_str(), 400),
        ("beneath/0", 403),
    ] {
        for (media_type, body) in [
            ("application/json", "{"),
            ("text/xml", "<a/>"),
            ("application/json", ""),
        ] {
            let answer = ann
                .client
                .post_raw(&format!("/api/{path}"), media_type, body)
                .await;
            let status = if status == 400 && media_type == "text/xml" {
                415
            } else {
                status
            };
            assert_eq!(
                answer.status.as_u16(),
                status,
                "{path} {body}: {}",
                answer.text
            );
        }
    }
    // The argument of a policy that cannot be extracted is answered before the body as well.
    let answer = ann
        .client
        .post_raw("/api/path/x", "application/json", "{")
        .await;
    answer.expect_error(404, "NotFoundError", "Not Found");
}

#[actix_web::test]
async fn values_see_request_caller_and_data() {
    let (server, reached) = server().await;
    grant(&server.admin().await, "authenticated", &ACTIONS).await;
    let (ann, bob) = (
        server.register("ann").await.client,
        server.register("bob").await.client,
    );
    let call = async |client: &Client, header: &str| {
        client
            .send(
                client
                    .request("POST".parse().unwrap(), "/api/value")
                    .header(header, "1"),
            )
            .await
            .status
            .as_u16()
    };
    assert_eq!(call(&ann, "x-tenant").await, 200);
    assert_eq!(call(&ann, "x-other").await, 403);
    assert_eq!(call(&bob, "x-tenant").await, 403);
    assert_eq!(reached.policy.load(SeqCst), 3);
}

#[actix_web::test]
async fn a_claim_is_asked_for_by_value_in_texts_and_lists() {
    let (server, _) = server().await;
    grant(&server.admin().await, "authenticated", &ACTIONS).await;
    let ann = server.register("ann").await;
    for (claim, status) in [
        (json!("articles:write"), 200),
        (json!("articles:read articles:write"), 200),
        (json!(["articles:read", "articles:write"]), 200),
        (json!("articles:writeall"), 403),
        (json!("xarticles:write"), 403),
        (json!("articles:read,articles:write"), 403),
        (json!(["articles:read articles:write"]), 403),
        (json!({ "articles:write": true }), 403),
        (json!(true), 403),
        (json!(null), 403),
        (json!([]), 403),
    ] {
        let mut claims = forge::claims(ann.id);
        claims["permissions"] = claim.clone();
        let answer = ann
            .client
            .with_token(forge::token(&claims))
            .post("/api/claim", json!({}))
            .await;
        assert_eq!(answer.status.as_u16(), status, "{claim}: {}", answer.text);
    }
    ann.client
        .post("/api/claim", json!({}))
        .await
        .expect_forbidden();
}

#[actix_web::test]
async fn a_claim_may_be_a_text_with_spaces() {
    let (server, _) = server().await;
    grant(&server.admin().await, "authenticated", &ACTIONS).await;
    let ann = server.register("ann").await;
    for (claim, status) in [
        (json!("Gold plus"), 200),
        (json!(["Silver", "Gold plus"]), 200),
        (json!("Gold"), 403),
        (json!("plus Gold"), 403),
        (json!("Gold plus plus"), 403),
        (json!("Gold  plus"), 403),
        (json!(["Gold", "plus"]), 403),
    ] {
        let mut claims = forge::claims(ann.id);
        claims["plan"] = claim.clone();
        let caller = ann.client.with_token(forge::token(&claims));
        let answer = caller.post("/api/plan", json!({})).await;
        assert_eq!(answer.status.as_u16(), status, "{claim}: {}", answer.text);
    }
}

#[actix_web::test]
async fn a_policy_leaves_the_body_to_the_handler() {
    let (server, _) = server().await;
    grant(&server.admin().await, "authenticated", &ACTIONS).await;
    let ann = server.register("ann").await.client;
    let answer = ann
        .post_raw("/api/greedy", "text/plain", "for the handler")
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (200, "for the handler")
    );
}
