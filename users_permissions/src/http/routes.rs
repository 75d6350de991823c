//! The route table: every path of the JSON API stands on the handlers listed here.

use actix_web::error::{JsonPayloadError, UrlencodedError};
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};

use super::middleware::reject;
use super::worker::Worker;
use super::{
    auth, confirmation, connect, identities, listed_at, mails, passwords, permissions, providers,
    roles, sessions, settings, setup, users,
};
use crate::error::Error;
use crate::services::Services;

/// Registers the JSON API in a scope, and the error shapes of Strapi for the handlers beside it.
pub(crate) fn configure(config: &mut web::ServiceConfig, services: &Services) {
    config
        .app_data(web::JsonConfig::default().error_handler(|error, _| reject(json_error(&error))))
        .app_data(web::FormConfig::default().error_handler(|error, _| reject(form_error(&error))))
        .app_data(
            web::QueryConfig::default()
                .error_handler(|_, _| reject(Error::validation("Malformed query string"))),
        )
        .app_data(
            web::PathConfig::default().error_handler(|_, _| reject(Error::NotFound("Not Found"))),
        );
    config
        .service(auth::callback)
        .service(auth::register)
        .service(passwords::forgot_password)
        .service(passwords::reset_password)
        .service(passwords::change_password)
        .service(confirmation::email_confirmation)
        .service(confirmation::send_email_confirmation)
        .service(sessions::refresh)
        .service(sessions::logout)
        .service(sessions::get_sessions)
        .service(sessions::revoke_session)
        .service(identities::find)
        .service(identities::link)
        .service(identities::unlink)
        .service(
            // The session waits before it passes a request on: what is below is marked before it.
            web::scope("/connect")
                .guard(listed_at::<0>)
                .wrap(connect::session(services))
                .wrap(from_fn(connect::former_keys))
                .service(connect::connect),
        );
    config
        .service(users::me)
        .service(users::count)
        .service(users::find)
        .service(users::find_one)
        .service(users::create)
        .service(users::update)
        .service(users::destroy);
    config
        .service(roles::find)
        .service(roles::find_one)
        .service(roles::create)
        .service(roles::update)
        .service(roles::delete)
        .service(permissions::permissions)
        .service(permissions::routes)
        .service(permissions::delete_stale)
        .service(settings::advanced)
        .service(settings::update_advanced)
        .service(settings::email_templates)
        .service(settings::update_email_templates)
        .service(settings::test_email_template)
        .service(providers::find)
        .service(providers::update)
        .service(mails::find)
        .service(mails::retry)
        .service(mails::kept)
        .service(setup::page)
        .service(setup::submit);
    #[cfg(feature = "openapi")]
    config
        .service(super::openapi::page::document)
        .service(super::openapi::page::page);
    config.default_service(web::to(not_found));
}

/// The parsers' own words repeat what was sent, which may be a password; only places and the names of
/// missing fields are passed on.
fn json_error(error: &JsonPayloadError) -> Error {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            Error::TooLarge
        }
        JsonPayloadError::ContentType => Error::UnsupportedMediaType,
        JsonPayloadError::Deserialize(error) if error.is_data() => {
            let text = error.to_string();
            let missing = text
                .starts_with("missing field")
                .then(|| text.split(" at line").next().unwrap_or_default());
            match missing {
                Some(missing) => Error::validation(missing),
                None => Error::validation(format!(
                    "Invalid value at line {} column {}",
                    error.line(),
                    error.column()
                )),
            }
        }
        JsonPayloadError::Deserialize(error) => Error::Syntax(format!(
            "Malformed JSON at line {} column {}",
            error.line(),
            error.column()
        )),
        _ => Error::Syntax("Malformed body".to_owned()),
    }
}

fn form_error(error: &UrlencodedError) -> Error {
    match error {
        UrlencodedError::Overflow { .. } => Error::TooLarge,
        UrlencodedError::ContentType => Error::UnsupportedMediaType,
        _ => Error::Syntax("Malformed form".to_owned()),
    }
}

/// Answers what no route answers: 405 with `Allow` where the path is known, else 404, as JSON.
///
/// [`UsersPermissions::routes`](crate::UsersPermissions::routes) sets it for its scope; give it to
/// `App::default_service` for the rest.
///
/// ```
/// use actix_web::{App, web};
///
/// let app = App::new().default_service(web::to(users_permissions::not_found));
/// # let _ = app;
/// ```
pub async fn not_found(req: HttpRequest) -> HttpResponse {
    let pattern = req
        .resource_map()
        .match_pattern(req.path())
        .unwrap_or_default();
    let methods = Worker::of(&req)
        .ok()
        .and_then(|worker| worker.shared.routes.with(|map| map.methods(&pattern)));
    match methods {
        Some(methods) if !methods.is_empty() && !methods.iter().any(|method| method == "*") => {
            let mut response = Error::MethodNotAllowed.error_response();
            if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
                response.headers_mut().insert(ALLOW, allow);
            }
            response
        }
        _ => Error::NotFound("Not Found").error_response(),
    }
}
