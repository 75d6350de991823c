//! HTTP: who calls, what they may, and the wire shapes of Strapi. No SQL in here.

mod account_input;
mod auth;
mod auth_user;
mod bearer;
mod body;
mod catalog;
mod confirmation;
mod connect;
pub(crate) mod cookie_keys;
mod device;
mod dto;
mod error;
mod flow_store;
mod guard;
mod identities;
mod input;
mod issuer_caller;
mod issuer_policies;
mod judge;
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
mod require_issuer;
mod roles;
mod routes;
mod served;
mod sessions;
mod settings;
mod setup;
mod shape;
mod token_cache;
mod tree;
mod users;
mod well_known;
mod worker;

pub use auth_user::{AuthUser, Caller};
pub use catalog::{Coverage, ServedAction, ServedRoute};
pub use guard::{Guarded, Protected, consult};
pub use issuer_caller::IssuerCaller;
pub use issuer_policies::{FromIssuer, HasPermission};
#[cfg(feature = "admin")]
pub(crate) use limits::{count_login, count_set_up, origin as request_origin};
pub use listed::{listed, listed_at, mark};
pub use middleware::Middleware;
pub use policy::{Extracted, HasClaim, Policy, PolicyContext};
#[cfg(feature = "admin")]
pub(crate) use profile::parse as parse_profile;
pub use require_issuer::RequireIssuer;
pub(crate) use routes::configure;
pub use routes::not_found;
pub(crate) use well_known::configure_root;
pub(crate) use worker::Shared;
