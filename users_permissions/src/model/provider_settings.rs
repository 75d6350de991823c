//! Settings of a provider of social login, with Strapi's names.

use serde::{Deserialize, Deserializer, Serialize};

use crate::config::Secret;

/// How a provider is asked. What is empty is the provider's own.
///
/// ```
/// use users_permissions::ProviderSettings;
///
/// let settings: ProviderSettings = serde_json::from_str(
///     r#"{"enabled": true, "key": "id", "secret": "s", "callback": "https://app.example/connect/github/redirect"}"#,
/// )?;
/// assert_eq!(settings.callback.len(), 1);
/// assert!(!format!("{settings:?}").contains("\"s\""));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSettings {
    /// May be signed in with.
    pub enabled: bool,
    /// Our client id at the provider.
    pub key: String,
    /// Our client secret at the provider.
    #[serde(skip_serializing, deserialize_with = "secret")]
    pub secret: Option<Secret>,
    /// Pages of front ends a login may return to; the first where none is asked for.
    #[serde(deserialize_with = "one_or_many")]
    pub callback: Vec<String>,
    /// Scopes to ask for.
    #[serde(deserialize_with = "one_or_many")]
    pub scope: Vec<String>,
    /// The host, or a part of it, of providers that have one per customer.
    pub subdomain: String,
    /// Where the provider's keys are.
    pub jwksurl: String,
    /// The OpenID Connect issuer.
    pub issuer: String,
    /// Page of the provider people sign in on.
    pub authorize_url: String,
    /// Where a code is exchanged.
    pub access_url: String,
    /// Where the profile is.
    pub profile_url: String,
    /// Where the provider tells whom a token is for (RFC 7662).
    pub introspection_url: String,
    /// Apps may sign in by a token they have got from the provider themselves; only one that the provider
    /// has provably made for our client.
    pub accept_provider_tokens: bool,
    /// An address that both sides have proven makes the user with this address the same person.
    pub link_by_verified_email: bool,
}

/// The settings as they are stored: the secret sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredProvider {
    pub(crate) settings: ProviderSettings,
    pub(crate) sealed: Option<String>,
}

fn secret<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Secret>, D::Error> {
    let text = Option::<String>::deserialize(input)?;
    Ok(text.filter(|text| !text.is_empty()).map(Secret::from))
}

fn one_or_many<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        None(()),
        One(String),
        Many(Vec<String>),
    }
    Ok(match Texts::deserialize(input)? {
        Texts::None(()) => Vec::new(),
        Texts::One(text) if text.is_empty() => Vec::new(),
        Texts::One(text) => vec![text],
        Texts::Many(texts) => texts,
    })
}

/// Is this a name of a provider? Part of a URL and of the name of a settings row.
pub(crate) fn is_provider_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    (2..=40).contains(&name.len())
        && name.chars().all(is_word)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !matches!(name, "local" | "email" | "constructor" | "reset-password")
}
