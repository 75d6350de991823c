//! The application: what is served where.

mod api;
mod articles;
mod cors;
mod hooks;
mod pages;
mod store;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::{App, Error, HttpMessage as _, HttpResponse, Responder, get, web};
use serde_json::json;
use tracing_actix_web::{RequestId, RootSpanBuilder, TracingLogger};
use users_permissions::openapi::utoipa::{self, OpenApi as _};
use users_permissions::{Builder, Config, ProfileField, UsersPermissions, permission};

pub use api::Api;
pub use cors::CorsRules;
use hooks::hooks;
pub use store::Articles;

/// The plugin as this application wants it: described, with a field and a say of its own.
pub fn plugin(config: Config) -> Builder {
    let nickname = ProfileField::text("nickname")
        .max_length(40)
        .on_registration();
    let builder = UsersPermissions::builder()
        .config(config)
        .openapi(Api::openapi())
        .profile_field(nickname);
    hooks(builder)
}

/// The whole application, for `HttpServer` and for tests.
pub fn app(
    up: UsersPermissions,
    articles: Articles,
    cors: CorsRules,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(web::Data::new(articles))
        .app_data(web::Data::new(up.clone()))
        .wrap(up.middleware())
        .wrap(security_headers())
        .wrap(cors.layer())
        .wrap(from_fn(cors::silent_to_others))
        .wrap(TracingLogger::<RequestSpan>::new())
        .service(
            web::scope("/api")
                .configure(articles::routes)
                .configure(up.routes()),
        )
        .configure(up.well_known())
        .service(health)
        .configure(pages::routes)
        .service(up.admin("/admin"))
        .default_service(web::to(users_permissions::not_found))
}

/// Tells that the process lives; asks nothing else.
#[utoipa::path(responses((status = 200, description = "It lives", body = api::Pong)))]
#[permission("api::app.health", auth = false)]
#[get("/health")]
async fn health() -> impl Responder {
    HttpResponse::Ok().json(json!({ "ok": true }))
}

/// A span per request. The query string stays out of the log: it may carry codes.
struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> tracing::Span {
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(ToString::to_string);
        tracing::info_span!("request", id, method = %request.method(), path = request.path())
    }

    fn on_request_end<B: MessageBody>(_: tracing::Span, _: &Result<ServiceResponse<B>, Error>) {}
}

fn security_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
        .add((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ))
        .add((
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        ))
}
