//! The same handler behind the plugin.

use actix_web::{Responder, get};
use users_permissions::{Config, JwtManagement, SigningKeys, UsersPermissions, permission};

use crate::{BODY, SECRET, StartResult};

/// Starts the plugin over the given database, as an application would.
pub async fn plugin(database_url: &str) -> StartResult<UsersPermissions> {
    start(database_url, JwtManagement::LegacySupport).await
}

/// The same with sessions, whose access tokens are refused once they have ended.
pub async fn with_sessions(database_url: &str) -> StartResult<UsersPermissions> {
    start(database_url, JwtManagement::Refresh).await
}

async fn start(database_url: &str, tokens: JwtManagement) -> StartResult<UsersPermissions> {
    let mut config = Config::new(database_url);
    config.signing_keys = Some(SigningKeys::parse(SECRET)?);
    config.jwt_management = tokens;
    config.ratelimit.enabled = false; // or a storm of logins is over after ten
    Ok(UsersPermissions::builder().config(config).build().await?)
}

/// Answers to whom it may.
#[permission("api::bench.hello", grant("public", "authenticated"))]
#[get("/api/ping")]
pub async fn ping() -> impl Responder {
    BODY
}

/// Stands in the plugin's scope, above its routes as README asks, or below all of them: then actix
/// tries those first.
#[permission("api::bench.mounted", grant("public", "authenticated"))]
#[get("/ping")]
pub async fn mounted_ping() -> impl Responder {
    BODY
}
