//! The built-in providers: a table of those that are data, and a file for each that is not.

mod github;
mod microsoft;
mod twitter;
mod vk;

use serde_json::Value;

use super::answers::Answers;
use super::profile::{Profile, ProviderError, text};
use super::provider::{ClientAuth, Provider};
use super::subdomain::Subdomain;

/// By name, all disabled.
pub(super) fn all() -> Vec<(&'static str, Provider)> {
    vec![
        ("auth0", auth0()),
        ("cas", cas()),
        ("cognito", cognito()),
        ("discord", discord()),
        ("facebook", facebook()),
        ("github", github::provider()),
        ("google", google()),
        ("instagram", instagram()),
        ("keycloak", keycloak()),
        ("linkedin", linkedin()),
        ("microsoft", microsoft::provider()),
        ("patreon", patreon()),
        ("reddit", reddit()),
        ("twitch", twitch()),
        ("twitter", twitter::provider()),
        ("vk", vk::provider()),
    ]
}

/// Where the parts of a profile stand in an answer.
struct Places {
    subject: &'static str,
    username: &'static str,
    email: &'static str,
    proof: Proof,
}

/// What tells that an address is the person's.
enum Proof {
    /// This field is true.
    Flag(&'static str),
    /// The provider's documentation: it tells no others.
    Documented,
    /// Nothing.
    Nothing,
}

fn read(answer: &Value, places: &Places) -> Result<Profile, ProviderError> {
    let subject = text(answer, places.subject).ok_or("the profile has no subject")?;
    let profile = Profile::new(subject).username(text(answer, places.username).unwrap_or_default());
    let Some(email) = text(answer, places.email) else {
        return Ok(profile);
    };
    Ok(match places.proof {
        Proof::Documented => profile.proven_email(email),
        Proof::Nothing => profile.stated_email(email),
        Proof::Flag(flag) if answer.pointer(flag) == Some(&Value::Bool(true)) => {
            profile.proven_email(email)
        }
        Proof::Flag(_) => profile.unproven_email(email),
    })
}

/// A provider whose profile is one answer.
fn placed(provider: Provider, places: &'static Places) -> Provider {
    provider.profile(move |answers: Answers| async move { read(&answers.profile().await?, places) })
}

/// An OpenID Connect provider whose URLs are known.
fn openid(issuer: &str, urls: [&str; 4]) -> Provider {
    let [authorize, access, profile, keys] = urls.map(str::to_owned);
    Provider {
        authorize_url: authorize,
        access_url: access,
        profile_url: profile,
        jwks_url: keys,
        // Nobody discovers anything here; the documentation of all of them has the body.
        auth: Some(ClientAuth::Body),
        ..Provider::openid(issuer)
    }
}

fn of_subdomain(provider: Provider, subdomain: Subdomain) -> Provider {
    let subdomain = Some(subdomain);
    Provider {
        subdomain,
        ..provider
    }
}

fn auth0() -> Provider {
    let provider = openid(
        "https://[subdomain].auth0.com/",
        [
            "https://[subdomain].auth0.com/authorize",
            "https://[subdomain].auth0.com/oauth/token",
            "https://[subdomain].auth0.com/userinfo",
            "https://[subdomain].auth0.com/.well-known/jwks.json",
        ],
    );
    of_subdomain(provider, Subdomain::Labels)
        .display_name("Auth0")
        .icon("shield")
        .console_url("https://manage.auth0.com")
}

/// Addresses are what the operator of the server releases, with or without a word on them.
fn cas() -> Provider {
    let provider = openid(
        "https://[subdomain]/oidc",
        [
            "https://[subdomain]/oidc/authorize",
            "https://[subdomain]/oidc/token",
            "https://[subdomain]/oidc/profile",
            "https://[subdomain]/oidc/jwks",
        ],
    );
    let provider = provider.profile(async |answers: Answers| {
        let subject = answers.claims().and_then(|claims| text(claims, "/sub"));
        let subject = subject.ok_or("the id token has no subject")?;
        let answer = answers.profile().await?;
        let same = text(&answer, "/sub").or_else(|| text(&answer, "/id"));
        if same.as_deref() != Some(subject.as_str()) {
            return Err("the profile is somebody else's".into());
        }
        // Attributes stand at the top, or below `attributes`, alone or in a list.
        let attribute = |name: &str| {
            [format!("/attributes/{name}"), format!("/{name}")]
                .iter()
                .find_map(|place| {
                    text(&answer, place).or_else(|| text(&answer, &format!("{place}/0")))
                })
        };
        let name = attribute("strapiusername").unwrap_or_else(|| subject.clone());
        let profile = Profile::new(subject).username(name);
        let standard = attribute("email");
        let email = attribute("strapiemail").or_else(|| standard.clone());
        let word = ["/attributes/email_verified", "/email_verified"]
            .iter()
            .find_map(|place| answer.pointer(place)?.as_bool());
        Ok(match (email, word) {
            (Some(email), Some(false)) => profile.unproven_email(email),
            // The word is on the standard claim.
            (Some(email), Some(true)) if Some(&email) == standard.as_ref() => {
                profile.proven_email(email)
            }
            (Some(email), _) => profile.stated_email(email),
            (None, _) => profile,
        })
    });
    of_subdomain(provider, Subdomain::Host)
        .display_name("CAS")
        .icon("book")
}

/// The host of the sign-in pages has no keys: issuer and keys are those of `jwksurl`.
fn cognito() -> Provider {
    let provider = openid(
        "",
        [
            "https://[subdomain]/oauth2/authorize",
            "https://[subdomain]/oauth2/token",
            "https://[subdomain]/oauth2/userInfo",
            "",
        ],
    );
    let provider = provider.profile(async |answers: Answers| {
        let claims = answers.claims().ok_or("there is no id token")?;
        if text(claims, "/token_use").as_deref() != Some("id") {
            return Err("the token is no id token".into());
        }
        let name = text(claims, "/cognito:username").unwrap_or_default();
        Ok(Profile::from_claims(claims)?.username(name))
    });
    of_subdomain(provider, Subdomain::Host)
        .display_name("AWS Cognito")
        .icon("aws")
        .console_url("https://console.aws.amazon.com/cognito")
}

fn discord() -> Provider {
    let provider = Provider::oauth2(
        "https://discord.com/oauth2/authorize",
        "https://discord.com/api/oauth2/token",
    );
    let provider = provider
        .profile_url("https://discord.com/api/users/@me")
        .scopes(["identify", "email"]);
    let places = &Places {
        subject: "/id",
        username: "/username",
        email: "/email",
        proof: Proof::Flag("/verified"),
    };
    placed(provider, places)
        .display_name("Discord")
        .icon("discord")
        .console_url("https://discord.com/developers/applications")
}

/// Tells the address on the profile where it is "valid", and promises no more of it.
fn facebook() -> Provider {
    let provider = Provider::oauth2(
        "https://www.facebook.com/v23.0/dialog/oauth",
        "https://graph.facebook.com/v23.0/oauth/access_token",
    );
    let provider = provider
        .profile_url("https://graph.facebook.com/v23.0/me?fields=id,name,email")
        .scopes(["email", "public_profile"])
        .comma_scopes();
    let places = &Places {
        subject: "/id",
        username: "/name",
        email: "/email",
        proof: Proof::Nothing,
    };
    placed(provider, places)
        .display_name("Facebook")
        .icon("facebook")
        .console_url("https://developers.facebook.com/apps")
}

fn google() -> Provider {
    let provider = openid(
        "https://accounts.google.com",
        [
            "https://accounts.google.com/o/oauth2/v2/auth",
            "https://oauth2.googleapis.com/token",
            "https://openidconnect.googleapis.com/v1/userinfo",
            "https://www.googleapis.com/oauth2/v3/certs",
        ],
    );
    provider
        .display_name("Google")
        .icon("google")
        .console_url("https://console.cloud.google.com/apis/credentials")
}

/// Tells no address: a user has to link it.
fn instagram() -> Provider {
    let provider = Provider::oauth2(
        "https://www.instagram.com/oauth/authorize",
        "https://api.instagram.com/oauth/access_token",
    );
    let provider = provider
        .profile_url("https://graph.instagram.com/me?fields=user_id,username")
        .scopes(["instagram_business_basic"])
        .comma_scopes()
        .without_pkce();
    let places = &Places {
        subject: "/user_id",
        username: "/username",
        email: "",
        proof: Proof::Flag(""),
    };
    let provider = provider.profile(move |answers: Answers| async move {
        // Like its tokens: the first of a list below `data`, or without one.
        let answer = answers.profile().await?;
        let listed = answer.pointer("/data/0");
        let listed = listed.filter(|_| answer.get("user_id").is_none());
        read(listed.unwrap_or(&answer), places)
    });
    provider
        .display_name("Instagram")
        .icon("instagram")
        .console_url("https://developers.facebook.com/apps")
}

fn keycloak() -> Provider {
    let provider = openid(
        "https://[subdomain]",
        [
            "https://[subdomain]/protocol/openid-connect/auth",
            "https://[subdomain]/protocol/openid-connect/token",
            "https://[subdomain]/protocol/openid-connect/userinfo",
            "https://[subdomain]/protocol/openid-connect/certs",
        ],
    );
    of_subdomain(provider, Subdomain::Host)
        .introspection_url("https://[subdomain]/protocol/openid-connect/token/introspect")
        .display_name("Keycloak")
        .icon("key")
}

/// Its id tokens carry no nonce, and web applications may not send PKCE.
fn linkedin() -> Provider {
    let provider = openid(
        "https://www.linkedin.com/oauth",
        [
            "https://www.linkedin.com/oauth/v2/authorization",
            "https://www.linkedin.com/oauth/v2/accessToken",
            "https://api.linkedin.com/v2/userinfo",
            "https://www.linkedin.com/oauth/openid/jwks",
        ],
    );
    let provider = Provider {
        nonce: false,
        pkce: false,
        ..provider
    };
    provider
        .display_name("LinkedIn")
        .icon("linkedin")
        .console_url("https://www.linkedin.com/developers/apps")
}

fn patreon() -> Provider {
    let provider = Provider::oauth2(
        "https://www.patreon.com/oauth2/authorize",
        "https://www.patreon.com/api/oauth2/token",
    );
    let provider = provider
        .profile_url("https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=full_name,email,is_email_verified")
        .scopes(["identity", "identity[email]"]);
    let places = &Places {
        subject: "/data/id",
        username: "/data/attributes/full_name",
        email: "/data/attributes/email",
        proof: Proof::Flag("/data/attributes/is_email_verified"),
    };
    placed(provider, places)
        .display_name("Patreon")
        .icon("patreon")
        .console_url("https://www.patreon.com/portal/registration/register-clients")
}

/// Tells no address: a user has to link it.
fn reddit() -> Provider {
    let provider = Provider::oauth2(
        "https://www.reddit.com/api/v1/authorize",
        "https://www.reddit.com/api/v1/access_token",
    );
    let provider = provider
        .profile_url("https://oauth.reddit.com/api/v1/me")
        .scopes(["identity"])
        .client_auth(ClientAuth::Basic)
        .authorize_param("duration", "temporary")
        .without_pkce();
    let places = &Places {
        subject: "/id",
        username: "/name",
        email: "",
        proof: Proof::Flag(""),
    };
    placed(provider, places)
        .display_name("Reddit")
        .icon("reddit")
        .console_url("https://www.reddit.com/prefs/apps")
}

/// Tells "the user's verified email address" alone.
fn twitch() -> Provider {
    let provider = Provider::oauth2(
        "https://id.twitch.tv/oauth2/authorize",
        "https://id.twitch.tv/oauth2/token",
    );
    let places = &Places {
        subject: "/data/0/id",
        username: "/data/0/login",
        email: "/data/0/email",
        proof: Proof::Documented,
    };
    let provider =
        provider
            .scopes(["user:read:email"])
            .profile(move |answers: Answers| async move {
                let client = [("client-id", answers.client_id())];
                let users = "https://api.twitch.tv/helix/users";
                read(&answers.get_with(users, &client).await?, places)
            });
    provider
        .display_name("Twitch")
        .icon("twitch")
        .console_url("https://dev.twitch.tv/console/apps")
}
