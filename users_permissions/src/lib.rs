//! Users & Permissions for actix-web: sign-up, login, tokens, roles and permissions kept in a
//! database, wire-compatible with Strapi's plugin of that name.
//!
//! Annotate a handler, and an administrator decides who may call it, while the application runs:
//!
//! ```no_run
//! use actix_web::{App, HttpServer, Responder, get, web};
//! use users_permissions::{AuthUser, Config, UsersPermissions, permission};
//!
//! /// Greets the caller.
//! #[permission("api::greeting.hello", grant("authenticated"))]
//! #[get("/hello")]
//! async fn hello(user: AuthUser) -> impl Responder {
//!     format!("hello {}", user.username())
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let up = UsersPermissions::builder().config(Config::from_env()?).build().await?;
//!     HttpServer::new(move || {
//!         App::new()
//!             .wrap(up.middleware())
//!             .service(web::scope("/api").service(hello).configure(up.routes()))
//!     })
//!     .bind(("127.0.0.1", 1337))?
//!     .run()
//!     .await?;
//!     Ok(())
//! }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]
// What only the pages for administrators ask for is there without them, too.
#![cfg_attr(not(feature = "admin"), allow(dead_code, unused_imports))]

// The macro names this crate by its name, in here as everywhere.
extern crate self as users_permissions;

mod acl;
#[cfg(feature = "admin")]
mod admin;
mod clock;
mod config;
mod error;
mod http;
mod limits;
mod mail;
mod model;
pub mod oauth;
mod outbound;
mod plugin;
mod published_keys;
pub mod query;
mod services;
mod store;
pub mod testing;

pub use acl::{CatalogAction, CatalogError};
#[cfg(feature = "toml")]
pub use config::SettingsFile;
pub use config::{
    AdminSession, CodeLife, Config, ConfigError, Environment, FirstAdmin, IpNet, IssuerUsers,
    JwtManagement, KeyPair, MailConfig, PasswordPolicy, RateLimit, SameSite, Secret, SessionCookie,
    Sessions, SigningKey, SigningKeys, TrustedIssuer, parse_span,
};
pub use error::{Cause, Error, Field, FieldError, QueryError, Refusal, StartError, Validation};
#[cfg(feature = "openapi")]
pub use http::openapi;
pub use http::{
    AuthUser, Caller, Coverage, FromIssuer, HasClaim, HasPermission, IssuerCaller, Middleware,
    Policy, PolicyContext, RequireIssuer, ServedAction, ServedRoute, listed, not_found,
};
pub use mail::{Mail, MailAddress, MailError, MailFuture, Mailer, OutgoingMail};
pub use model::{
    AdvancedSettings, Email, NameError, ProfileField, ProfileKind, ProfileValue, ProviderSettings,
    Role, RoleId, User, UserId, UserRoles, Username, new_document_id,
};
pub use plugin::{Builder, UsersPermissions};
pub use services::{Hook, IssuerProfile, NewPassword, RegistrationRequest};
pub use store::{Database, DbConn};
// Here, and not at the macro itself: an example of it needs this crate.
/// Puts an actix-web handler behind a permission.
///
/// ```
/// use actix_web::{HttpResponse, get, put, web};
/// use users_permissions::{AuthUser, permission};
/// # struct Articles;
/// # impl Articles {
/// #     fn all(&self) -> Vec<String> { Vec::new() }
/// #     fn is_by(&self, author: i32, article: u32) -> bool { true }
/// # }
///
/// /// Lists articles.
/// #[permission("api::article.find", grant("public", "authenticated"))]
/// #[get("/articles")]
/// async fn find(articles: web::Data<Articles>) -> HttpResponse {
///     HttpResponse::Ok().json(articles.all())
/// }
///
/// /// Changes an article of one's own.
/// #[permission("api::article.update", grant("authenticated"), policies(is_author))]
/// #[put("/articles/{id}")]
/// async fn update(id: web::Path<u32>, text: String) -> HttpResponse {
///     HttpResponse::NoContent().finish()
/// }
///
/// async fn is_author(user: AuthUser, id: web::Path<u32>, articles: web::Data<Articles>) -> bool {
///     articles.is_by(user.id(), *id)
/// }
/// ```
pub use users_permissions_macros::permission;

/// What expanded macros name; no part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::acl::action::{ActionEntry, Registration, RouteDecl};
    pub use crate::http::{Extracted, Guarded, Protected, consult, listed, listed_at, mark};
    pub use actix_web;
    pub use chrono;
    pub use diesel;
    pub use inventory;
}
