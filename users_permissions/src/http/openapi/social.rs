//! Shapes of providers and identities.
#![allow(dead_code)] // Fields are read by the derive alone.

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// Providers by name; `email` is the login by password and has nothing but `enabled` and `icon`.
#[derive(ToSchema)]
#[schema(as = users_permissions::Providers)]
pub(crate) struct Providers(BTreeMap<String, ShownProvider>);

/// A text, or a list of texts.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = users_permissions::OneOrMany)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// A provider of social login.
#[derive(ToSchema)]
#[schema(as = users_permissions::Provider)]
struct ShownProvider {
    enabled: bool,
    /// Name of an icon.
    icon: String,
    /// What people call it.
    #[schema(nullable = false)]
    display: Option<String>,
    /// Client id at the provider.
    #[schema(nullable = false)]
    key: Option<String>,
    /// `***` where there is one.
    #[schema(nullable = false)]
    secret: Option<String>,
    /// Pages of front ends a login may return to.
    #[schema(nullable = false)]
    callback: Option<OneOrMany>,
    #[schema(nullable = false)]
    scope: Option<Vec<String>>,
    #[schema(nullable = false)]
    subdomain: Option<String>,
    #[schema(nullable = false)]
    jwksurl: Option<String>,
    #[schema(nullable = false)]
    issuer: Option<String>,
    #[schema(nullable = false)]
    authorize_url: Option<String>,
    #[schema(nullable = false)]
    access_url: Option<String>,
    #[schema(nullable = false)]
    profile_url: Option<String>,
    /// Where the provider tells whom a token is for (RFC 7662).
    #[schema(nullable = false)]
    introspection_url: Option<String>,
    /// Apps may sign in by tokens of the provider that are provably for our client.
    #[schema(nullable = false)]
    accept_provider_tokens: Option<bool>,
    #[schema(nullable = false)]
    link_by_verified_email: Option<bool>,
    /// The URL to register at the provider.
    #[schema(nullable = false)]
    #[serde(rename = "redirectUri")]
    redirect_uri: Option<String>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(
    as = users_permissions::ProvidersBody,
    example = json!({ "providers": { "github": { "enabled": true, "key": "id", "secret": "secret", "callback": "https://app.example/connect/github/redirect" } } })
)]
pub(crate) struct ProvidersBody {
    /// By name.
    providers: BTreeMap<String, ChangedProvider>,
    /// The version that is to be changed, as an alternative to `If-Match`.
    version: Option<String>,
}

/// What changes of a provider.
#[derive(ToSchema)]
#[schema(as = users_permissions::ChangedProvider)]
struct ChangedProvider {
    #[schema(nullable = false)]
    enabled: Option<bool>,
    #[schema(nullable = false)]
    key: Option<String>,
    /// Empty or `***` keeps it, null takes it away.
    secret: Option<String>,
    callback: Option<OneOrMany>,
    scope: Option<OneOrMany>,
    #[schema(nullable = false)]
    subdomain: Option<String>,
    #[schema(nullable = false)]
    jwksurl: Option<String>,
    #[schema(nullable = false)]
    issuer: Option<String>,
    #[schema(nullable = false)]
    authorize_url: Option<String>,
    #[schema(nullable = false)]
    access_url: Option<String>,
    #[schema(nullable = false)]
    profile_url: Option<String>,
    /// Where the provider tells whom a token is for (RFC 7662).
    #[schema(nullable = false)]
    introspection_url: Option<String>,
    /// Apps may sign in by tokens of the provider that are provably for our client.
    #[schema(nullable = false)]
    accept_provider_tokens: Option<bool>,
    #[schema(nullable = false)]
    link_by_verified_email: Option<bool>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::LinkBody)]
pub(crate) struct LinkBody {
    #[schema(min_length = 1)]
    provider: String,
    /// What the front end was called with after the login at the provider.
    #[schema(min_length = 1)]
    access_token: String,
    /// The code of `code_challenge`, where the login began with one.
    code_verifier: Option<String>,
    /// Of users who have a password.
    #[serde(rename = "currentPassword")]
    current_password: Option<String>,
}
