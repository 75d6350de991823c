//! GitHub: the address is the primary one of a list of its own.

use serde_json::Value;

use crate::oauth::answers::Answers;
use crate::oauth::profile::{Profile, ProviderError, text};
use crate::oauth::provider::Provider;

const API: [(&str, &str); 1] = [("x-github-api-version", "2022-11-28")];

pub(super) fn provider() -> Provider {
    let provider = Provider::oauth2(
        "https://github.com/login/oauth/authorize",
        "https://github.com/login/oauth/access_token",
    );
    provider
        .scopes(["user:email"])
        .profile(read)
        .display_name("GitHub")
        .icon("github")
        .console_url("https://github.com/settings/developers")
}

async fn read(answers: Answers) -> Result<Profile, ProviderError> {
    let user = answers
        .get_with("https://api.github.com/user", &API)
        .await?;
    let emails = answers
        .get_with("https://api.github.com/user/emails", &API)
        .await?;
    let subject = text(&user, "/id").ok_or("the profile has no subject")?;
    let profile = Profile::new(subject).username(text(&user, "/login").unwrap_or_default());
    let emails = emails.as_array().ok_or("the addresses are no list")?;
    let is = |email: &Value, flag: &str| email.get(flag) == Some(&Value::Bool(true));
    let primary = emails.iter().find(|email| is(email, "primary"));
    let Some((email, address)) = primary.and_then(|email| Some((email, text(email, "/email")?)))
    else {
        return Ok(profile);
    };
    Ok(match is(email, "verified") {
        true => profile.proven_email(address),
        false => profile.unproven_email(address),
    })
}
