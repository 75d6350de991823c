//! Which plugin serves a request, where there are several, or one for a part of the application.

use acceptance::TestDatabase;
use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::{App, Error, FromRequest, get, test, web};
use users_permissions::{Caller, UsersPermissions, permission};

use crate::apps::plugin;

/// Is open to the public with one plugin and closed with the other.
#[permission("api::test-served.find", grant("public"))]
#[get("/served")]
async fn find() -> &'static str {
    "served"
}

const OPEN: StatusCode = StatusCode::OK;
const CLOSED: StatusCode = StatusCode::FORBIDDEN;
const UNSERVED: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

async fn opening() -> (UsersPermissions, TestDatabase) {
    plugin(|config| config.initial_grants = true).await
}

async fn closing() -> (UsersPermissions, TestDatabase) {
    plugin(|_| {}).await
}

/// Asks all paths twice, in their order and then backwards.
async fn assert_answers<S, B>(app: &S, expected: &[(&str, StatusCode)])
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    for (path, status) in expected.iter().chain(expected.iter().rev()) {
        let request = test::TestRequest::get().uri(path).to_request();
        let answered = match app.call(request).await {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        assert_eq!(answered, *status, "{path}");
    }
}

#[actix_web::test]
async fn an_inner_plugin_serves_its_scope_and_the_outer_one_the_rest() {
    let ((outer, _one), (inner, _other)) = (closing().await, opening().await);
    let app = App::new()
        .wrap(outer.middleware())
        .service(web::scope("/inner").wrap(inner.middleware()).service(find))
        .service(find);
    let app = test::init_service(app).await;
    let (inside, outside) = (("/inner/served", OPEN), ("/served", CLOSED));
    assert_answers(&app, &[outside, inside, outside, inside]).await;
}

#[actix_web::test]
async fn of_two_around_everything_the_inner_one_serves() {
    let ((outer, _one), (inner, _other)) = (closing().await, opening().await);
    let app = App::new()
        .service(find)
        .wrap(inner.middleware())
        .wrap(outer.middleware());
    let app = test::init_service(app).await;
    assert_answers(&app, &[("/served", OPEN)]).await;
}

#[actix_web::test]
async fn plugins_of_scopes_serve_these_alone() {
    let ((one, _one), (other, _other)) = (opening().await, closing().await);
    let app = App::new()
        .service(web::scope("/one").wrap(one.middleware()).service(find))
        .service(web::scope("/other").wrap(other.middleware()).service(find))
        .service(web::scope("/none").service(find));
    let app = test::init_service(app).await;
    let (open, closed) = (("/one/served", OPEN), ("/other/served", CLOSED));
    let unserved = ("/none/served", UNSERVED);
    assert_answers(&app, &[unserved, open, unserved, closed, open, closed]).await;
}

// Such a scope looks like the whole application.
#[actix_web::test]
async fn a_scope_without_a_prefix_serves_itself() {
    for other_is_first in [false, true] {
        let ((one, _one), (other, _other)) = (opening().await, closing().await);
        let app = App::new()
            .service(web::scope("/other").wrap(other.middleware()).service(find))
            .service(web::scope("").wrap(one.middleware()).service(find));
        let app = test::init_service(app).await;
        let (open, closed) = (("/served", OPEN), ("/other/served", CLOSED));
        let asked = if other_is_first {
            [closed, open, closed]
        } else {
            [open, closed, open]
        };
        assert_answers(&app, &asked).await;
    }
}

// Applications come to lie where former ones lay.
#[actix_web::test]
async fn an_application_that_is_gone_is_served_no_more() {
    let ((one, _one), (other, _other)) = (opening().await, closing().await);
    for _ in 0..20 {
        let wrapped = App::new().wrap(one.middleware()).service(find);
        let wrapped = test::init_service(wrapped).await;
        assert_answers(&wrapped, &[("/served", OPEN)]).await;
        drop(wrapped);
        let bare = test::init_service(App::new().service(find)).await;
        assert_answers(&bare, &[("/served", UNSERVED)]).await;
        drop(bare);
        let wrapped = App::new().wrap(other.middleware()).service(find);
        let wrapped = test::init_service(wrapped).await;
        assert_answers(&wrapped, &[("/served", CLOSED)]).await;
    }
}

#[actix_web::test]
async fn applications_of_one_thread_are_served_by_their_own() {
    let ((one, _one), (other, _other)) = (opening().await, closing().await);
    let open = test::init_service(App::new().wrap(one.middleware()).service(find)).await;
    let closed = test::init_service(App::new().wrap(other.middleware()).service(find)).await;
    let unserved = test::init_service(App::new().service(find)).await;
    for _ in 0..2 {
        assert_answers(&open, &[("/served", OPEN)]).await;
        assert_answers(&closed, &[("/served", CLOSED)]).await;
        assert_answers(&unserved, &[("/served", UNSERVED)]).await;
    }
}

// Each request that a test makes by hand is of an application of its own.
#[actix_web::test]
async fn every_request_of_a_middleware_by_itself_is_served() {
    let (up, _database) = opening().await;
    let middleware = up.middleware().new_transform(test::ok_service());
    let middleware = middleware.await.expect("it cannot fail");
    let mut answers = Vec::new();
    for _ in 0..3 {
        let request = test::TestRequest::default().to_srv_request();
        let answer = middleware.call(request).await.expect("it is answered");
        let caller = Caller::extract(answer.request()).await;
        assert!(matches!(caller, Ok(Caller::Public)), "{caller:?}");
        answers.push(answer);
    }
}
