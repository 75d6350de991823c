//! HTTP: who calls, what they may, and the wire shapes of Strapi. No SQL in here.

mod auth;
mod auth_user;
mod bearer;
mod body;
mod catalog;
mod dto;
mod error;
mod guard;
mod input;
mod listed;
mod middleware;
#[cfg(feature = "openapi")]
pub mod openapi;
mod permissions;
mod policy;
mod roles;
mod routes;
mod setup;
mod shape;
mod tree;
mod users;
mod worker;

pub use auth_user::{AuthUser, Caller};
pub use catalog::{Coverage, ServedAction, ServedRoute};
pub use guard::{authorize, consult, respond};
pub use listed::listed;
pub use middleware::{Middleware, MiddlewareService};
pub use policy::{Extracted, HasClaim, Policy, PolicyContext};
pub(crate) use routes::configure;
pub use routes::not_found;
pub(crate) use worker::Shared;
