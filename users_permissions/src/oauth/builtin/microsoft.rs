//! Microsoft Entra ID: addresses are whatever a tenant's administrator writes, so a person is tenant and
//! object, and an address counts only where Microsoft vouches for its domain's owner.

use serde_json::Value;

use super::{Subdomain, of_subdomain, openid};
use crate::oauth::answers::Answers;
use crate::oauth::profile::{Profile, ProviderError, text};
use crate::oauth::provider::Provider;

pub(super) fn provider() -> Provider {
    let provider = openid(
        "https://login.microsoftonline.com/[subdomain]/v2.0",
        [
            "https://login.microsoftonline.com/[subdomain]/oauth2/v2.0/authorize",
            "https://login.microsoftonline.com/[subdomain]/oauth2/v2.0/token",
            "",
            "https://login.microsoftonline.com/[subdomain]/discovery/v2.0/keys",
        ],
    );
    of_subdomain(provider, Subdomain::Tenant)
        .profile(read)
        .display_name("Microsoft")
        .icon("windows")
        .console_url("https://entra.microsoft.com")
}

async fn read(answers: Answers) -> Result<Profile, ProviderError> {
    let claims = answers.claims().ok_or("there is no id token")?;
    let (tenant, object) = text(claims, "/tid")
        .zip(text(claims, "/oid"))
        .ok_or("the id token names no tenant or no object")?;
    let profile = Profile::new(format!("{tenant}:{object}"));
    let name = text(claims, "/preferred_username").unwrap_or_default();
    let profile = profile.username(name.split('@').next().unwrap_or_default());
    let vouched = match claims.get("xms_edov") {
        Some(Value::Bool(vouched)) => *vouched,
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        Some(Value::String(text)) => text == "1" || text == "true",
        _ => false,
    };
    Ok(match text(claims, "/email") {
        Some(email) if vouched => profile.proven_email(email),
        Some(email) => profile.unproven_email(email),
        None => profile,
    })
}
