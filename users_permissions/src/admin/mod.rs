//! Pages for administrators: HTML over the same services as the JSON API. All HTML of the crate is in
//! here and in `templates`; no SQL, and no rule about rights but who may open which page.

mod actions;
mod answer;
mod assets;
mod changes;
mod csrf;
mod emails;
mod explain;
mod find;
mod flash;
mod form;
mod frame;
mod home;
mod login;
mod matrix;
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
mod user_slice;
mod user_steps;
mod users;
mod visit;

use std::sync::Arc;

use actix_session::SessionMiddleware;
use actix_session::config::CookieContentSecurity;
use actix_session::storage::CookieSessionStore;
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::HttpServiceFactory;
use actix_web::{middleware::Compress, web};

use crate::config::Environment;
use crate::http::{Shared, listed};

/// What every page works with.
#[derive(Debug, Clone)]
pub(super) struct Admin {
    shared: Arc<Shared>,
    /// Path the pages are under, without a slash at its end.
    prefix: Arc<str>,
}

impl Admin {
    /// Are cookies for https only? Production knows no other.
    fn is_secure(&self) -> bool {
        let config = &self.shared.services.config;
        config.environment == Environment::Production || config.public_url.starts_with("https://")
    }
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
        .wrap(Compress::default())
}

/// A cookie of the pages' own: encrypted, and sent to nobody else. Browsers take a `__Host-` name from
/// this host over https only, so no other subdomain can plant one.
fn sessions(admin: &Admin) -> SessionMiddleware<CookieSessionStore> {
    let secure = admin.is_secure();
    let (name, path) = match secure {
        true => ("__Host-up_admin", "/"),
        false => ("up_admin", &*admin.prefix),
    };
    let key = Key::from(&admin.shared.services.cookie_key.0);
    SessionMiddleware::builder(CookieSessionStore::default(), key)
        .cookie_name(name.to_owned())
        .cookie_path(path.to_owned())
        .cookie_secure(secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_content_security(CookieContentSecurity::Private)
        .build()
}
