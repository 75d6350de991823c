//! Pages for administrators: HTML over the same services as the JSON API. All HTML of the crate is in
//! here and in `templates`; no SQL, and no rule about rights but who may open which page.

mod actions;
mod answer;
mod assets;
mod changes;
mod configuration;
mod csrf;
mod effective;
mod emails;
mod explain;
mod faults;
mod find;
mod flash;
mod form;
mod frame;
mod home;
mod login;
mod mark;
mod matrix;
mod order;
mod outbox;
mod provider;
mod providers;
mod role_page;
mod roles;
mod routes;
mod session;
mod settings;
mod sheet;
mod table;
mod user;
mod user_bulk;
mod user_page;
mod user_slice;
mod user_state;
mod user_steps;
mod users;
mod visit;

use std::sync::Arc;

use actix_session::SessionMiddleware;
use actix_session::config::CookieContentSecurity;
use actix_session::storage::CookieSessionStore;
use actix_web::body::MessageBody;
use actix_web::cookie::SameSite;
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::web;

use crate::config::{Config, Environment};
use crate::http::cookie_keys::{self, present_key};
use crate::http::{Shared, listed};
use crate::services::Services;

/// What every page works with.
#[derive(Debug, Clone)]
pub(super) struct Admin {
    shared: Arc<Shared>,
    /// Path the pages are under, without a slash at its end.
    prefix: Arc<str>,
}

impl Admin {
    /// Are cookies for https only?
    fn is_secure(&self) -> bool {
        is_secure(&self.shared.services.config)
    }
}

/// Production knows no other cookies.
fn is_secure(config: &Config) -> bool {
    config.environment == Environment::Production || config.public_url.starts_with("https://")
}

fn cookie_name(is_secure: bool) -> &'static str {
    match is_secure {
        true => "__Host-up_admin",
        false => "up_admin",
    }
}

/// Takes cookies of former keys, too; goes around the session.
async fn former_keys<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let cookie = |services: &Services| cookie_name(is_secure(&services.config));
    cookie_keys::pass(req, next, cookie, |services| &services.admin_keys).await
}

/// The pages under a path.
pub(crate) fn scope(
    prefix: &str,
    shared: Arc<Shared>,
) -> impl HttpServiceFactory + use<> + 'static {
    let prefix = format!("/{}", prefix.trim_matches('/'));
    let admin = Admin {
        shared,
        prefix: prefix.as_str().into(),
    };
    let session = sessions(&admin);
    // The mark of listed routes is set before the session is read, which waits.
    let scope = web::scope(&prefix)
        .guard(listed)
        .app_data(web::Data::new(admin));
    routes::register(scope)
        .default_service(web::to(visit::not_found))
        .wrap(session)
        .wrap(from_fn(former_keys))
        .wrap(Compress::default())
}

/// A cookie of the pages' own: encrypted, and sent to nobody else. Browsers take a `__Host-` name from
/// this host over https only, so no other subdomain can plant one.
fn sessions(admin: &Admin) -> SessionMiddleware<CookieSessionStore> {
    let secure = admin.is_secure();
    let path = if secure { "/" } else { &*admin.prefix };
    let key = present_key(&admin.shared.services.admin_keys);
    SessionMiddleware::builder(CookieSessionStore::default(), key)
        .cookie_name(cookie_name(secure).to_owned())
        .cookie_path(path.to_owned())
        .cookie_secure(secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_content_security(CookieContentSecurity::Private)
        .build()
}
