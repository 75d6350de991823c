//! The application: what is served where.

mod api;
mod articles;
mod cors;
mod hooks;
mod log;
mod pages;
mod store;

use actix_web::body::MessageBody;
use actix_web::dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, Error, Responder, get, web};
use users_permissions::openapi::utoipa::{self, OpenApi as _};
use users_permissions::{Builder, Config, ProfileField, UsersPermissions, permission};

pub use api::Api;
pub use cors::CorsRules;
use hooks::hooks;
pub use log::start_log;
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
        .wrap_fn(|req, app| {
            let span = log::span(&req);
            let answer = span.in_scope(|| app.call(req));
            log::within(span, answer)
        })
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
    web::Json(api::Pong { ok: true })
}

/// Strict-Transport-Security is for what speaks TLS in front of this server (RFC 6797, 7.2).
fn security_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ))
}
