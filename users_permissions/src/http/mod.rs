//! HTTP: who calls, what they may, and the wire shapes of Strapi. No SQL in here.

mod account_input;
mod auth;
mod auth_user;
mod bearer;
mod body;
mod catalog;
mod confirmation;
mod connect;
mod device;
mod dto;
mod error;
mod guard;
mod identities;
mod input;
mod limits;
mod listed;
mod mails;
mod middleware;
#[cfg(feature = "openapi")]
pub mod openapi;
mod passwords;
mod permissions;
mod policy;
mod profile;
mod providers;
mod refresh_cookie;
mod relation;
mod roles;
mod routes;
mod sessions;
mod settings;
mod setup;
mod shape;
mod tree;
mod users;
mod worker;

pub use auth_user::{AuthUser, Caller};
pub use catalog::{Coverage, ServedAction, ServedRoute};
pub use guard::{Call, Verdict, authorize, consult, look_up, refuse, respond};
pub use listed::listed;
pub use middleware::{Middleware, MiddlewareService};
pub use policy::{Extracted, HasClaim, Policy, PolicyContext};
pub(crate) use routes::configure;
pub use routes::not_found;
pub(crate) use worker::Shared;
