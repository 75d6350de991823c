//! Providers of social login, as their public documentation describes them: one local server that answers
//! for all, each below a path that begins with its host.

mod issuers;
mod openid;
mod plain;
mod server;
mod simulators;
mod twitter;
mod wire;

pub use issuers::STRICT_SECRET;
pub use openid::{Forgery, PUBLIC_KEY_PEM};
pub use simulators::{Fault, Person as Someone, Scenario, Simulators};
pub use wire::Asked;

use serde_json::{Value, json};
use simulators::State;
use users_permissions::{ProviderSettings, Secret};
use wire::Reply;

type Answering = fn(&State, &Asked) -> Reply;

/// What a provider's documentation says of it.
#[derive(Debug)]
pub struct Spec {
    /// Name in the plugin.
    pub name: &'static str,
    /// What people call it.
    pub display: &'static str,
    /// Host and path of the page people sign in on.
    pub authorize: &'static str,
    /// Host and path of the token endpoint.
    pub token: &'static str,
    /// The header of HTTP Basic that the client authenticates with, and not in the body.
    pub basic: Option<&'static str>,
    /// PKCE is taken.
    pub pkce: bool,
    /// What is asked for, as it is written.
    pub scope: &'static str,
    /// What else stands in the link to the page people sign in on.
    pub params: &'static [(&'static str, &'static str)],
    /// The error that says that the person does not want to.
    pub denied: &'static str,
    /// The setting the plugin needs.
    pub subdomain: &'static str,
    /// The issuer, of OpenID Connect.
    pub issuer: Option<&'static str>,
    /// Host and path where it tells whom a token is for.
    pub introspection: Option<&'static str>,
    /// Addresses come with a word on whether they are proven.
    pub has_flag: bool,
    /// Addresses are proven, by that word or by the documentation.
    pub vouches: bool,
    /// There are addresses.
    pub has_email: bool,
    token_answer: Answering,
    /// How a code is refused.
    refusal: fn() -> Reply,
    /// By host and path.
    resources: &'static [(&'static str, Answering)],
}

/// All but Twitter, which speaks OAuth 1.0a and has a file of its own.
pub fn specs() -> Vec<Spec> {
    let mut all = plain::specs();
    all.extend(openid::specs());
    all.extend(issuers::specs());
    all
}

/// The settings that a provider's documentation asks for, for logins that return to this page.
pub fn settings(name: &str, callback: String) -> ProviderSettings {
    let spec = specs().into_iter().find(|spec| spec.name == name);
    let keys =
        "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_shop/.well-known/jwks.json";
    ProviderSettings {
        enabled: true,
        key: "client-id".to_owned(),
        secret: Some(Secret::from("client-secret")),
        callback: vec![callback],
        subdomain: spec.map_or("", |spec| spec.subdomain).to_owned(),
        jwksurl: if name == "cognito" { keys } else { "" }.to_owned(),
        ..ProviderSettings::default()
    }
}

/// Name and display name of all sixteen.
pub const ALL: [(&str, &str); 16] = [
    ("auth0", "Auth0"),
    ("cas", "CAS"),
    ("cognito", "AWS Cognito"),
    ("discord", "Discord"),
    ("facebook", "Facebook"),
    ("github", "GitHub"),
    ("google", "Google"),
    ("instagram", "Instagram"),
    ("keycloak", "Keycloak"),
    ("linkedin", "LinkedIn"),
    ("microsoft", "Microsoft"),
    ("patreon", "Patreon"),
    ("reddit", "Reddit"),
    ("twitch", "Twitch"),
    ("twitter", "Twitter"),
    ("vk", "VK"),
];

/// RFC 6749, section 5.2.
fn invalid_grant() -> Reply {
    let text = "secret text";
    Reply::json(
        400,
        json!({ "error": "invalid_grant", "error_description": text }),
    )
}

fn json(body: Value) -> Reply {
    Reply::json(200, body)
}
