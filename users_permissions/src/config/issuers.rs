//! Identity services whose tokens are accepted.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use url::Url;

use super::{Config, ConfigError};
use crate::model::ADMINISTRATOR;

/// Algorithms of signatures that a published key verifies.
const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

/// An identity service (Kinde, Auth0, Keycloak, Cognito, …) whose access tokens are accepted like our
/// own, an element of `UP_TRUSTED_ISSUERS`; times in seconds.
///
/// ```
/// use users_permissions::{IssuerUsers, TrustedIssuer};
///
/// let mut issuer = TrustedIssuer::new("https://example.kinde.com", ["https://api.example.com"]);
/// issuer.users = IssuerUsers::Link;
/// let same: TrustedIssuer = serde_json::from_str(
///     r#"{"issuer": "https://example.kinde.com", "audience": "https://api.example.com", "users": "link"}"#,
/// )?;
/// assert_eq!(same, issuer);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct TrustedIssuer {
    /// `iss` of its tokens, exactly.
    pub issuer: String,
    /// Audiences one of which a token has to name; a lone one may be a text.
    #[serde(deserialize_with = "one_or_many")]
    pub audience: Vec<String>,
    /// Claim that holds the audience (default `aud`; for Cognito's access tokens `client_id`).
    #[serde(default = "audience_claim")]
    pub audience_claim: String,
    /// Clients (`azp`, or `client_id`) the token may have been issued to (default any).
    #[serde(default)]
    pub authorized_parties: Vec<String>,
    /// Where its keys are; none: `jwks_uri` of `<issuer>/.well-known/openid-configuration`.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// Algorithms it may sign by (default `RS256`, `ES256`, `EdDSA`).
    #[serde(default = "algorithms")]
    pub algorithms: Vec<String>,
    /// What its clock may differ from ours (default 5 s, at most 60).
    #[serde(default = "leeway", deserialize_with = "seconds")]
    pub leeway: Duration,
    /// Age at which its keys are read again (default 10 minutes).
    #[serde(default = "key_age", deserialize_with = "seconds")]
    pub key_age: Duration,
    /// How long keys are believed that cannot be read again (default one day).
    #[serde(default = "key_limit", deserialize_with = "seconds")]
    pub key_limit: Duration,
    /// Least time between two readings for tokens whose key is unknown (default one minute).
    #[serde(default = "unknown_key_pause", deserialize_with = "seconds")]
    pub unknown_key_pause: Duration,
    /// Whether callers are users of ours (default `none`).
    #[serde(default)]
    pub users: IssuerUsers,
    /// What the users it makes have as `provider` (default the issuer's host); the name that social login
    /// by the same service goes by, so that both are the same identity.
    #[serde(default)]
    pub provider: Option<String>,
    /// Claim, or dotted path to one, with the address of users it makes (default `email`).
    #[serde(default = "email_claim")]
    pub email_claim: String,
    /// Claim, or dotted path to one, that has to be `true` for the address to count (default
    /// `email_verified`).
    #[serde(default = "email_verified_claim")]
    pub email_verified_claim: String,
    /// Claim, or dotted path to one, with the name of users it makes (default the first there is of
    /// `preferred_username`, `nickname`, `name`).
    #[serde(default)]
    pub username_claim: Option<String>,
    /// Claim, or dotted path to one, that names roles of the caller by type or name (default none). A path
    /// leads through lists: `roles.key` for `"roles": [{"key": "editor"}]`.
    #[serde(default)]
    pub role_claim: Option<String>,
    /// Our role types for values of the role claim that are called otherwise. The administrator's role is
    /// given by an entry here only.
    #[serde(default)]
    pub roles: std::collections::BTreeMap<String, String>,
    /// Role type of callers without a user of ours whom the claim gives no role (default
    /// `authenticated`).
    #[serde(default = "default_role")]
    pub default_role: String,
    /// Claim, or dotted path to one, with permissions (default `permissions`), for
    /// [`Caller::has_permission`](crate::Caller::has_permission).
    #[serde(default = "permissions_claim")]
    pub permissions_claim: String,
    /// Whether permissions that are actions of the application (`api::article.create`) let the caller
    /// perform them (default false).
    #[serde(default)]
    pub permissions_grant: bool,
    /// Claim, or dotted path to one, with the caller's organisation (default `org_code`).
    #[serde(default = "organisation_claim")]
    pub organisation_claim: String,
}

/// Whether callers with tokens of an issuer are users of ours.
///
/// ```
/// use users_permissions::{IssuerUsers, TrustedIssuer};
///
/// let mut issuer = TrustedIssuer::new("https://example.kinde.com", ["https://api.example.com"]);
/// assert_eq!(issuer.users, IssuerUsers::None);
/// issuer.users = IssuerUsers::Link;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssuerUsers {
    /// They are known by their claims alone; nothing is stored.
    #[default]
    None,
    /// Each is a user, found by issuer and subject or made with the first token.
    Link,
}

impl TrustedIssuer {
    /// The defaults for an issuer whose tokens are for these audiences.
    ///
    /// ```
    /// use users_permissions::TrustedIssuer;
    ///
    /// let mut issuer = TrustedIssuer::new("https://id.example.com", ["https://api.example.com"]);
    /// assert_eq!(issuer.algorithms, ["RS256", "ES256", "EdDSA"]);
    /// issuer.role_claim = Some("realm_access.roles".to_owned());
    /// ```
    pub fn new<A: Into<String>>(
        issuer: impl Into<String>,
        audience: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into_iter().map(Into::into).collect(),
            audience_claim: audience_claim(),
            authorized_parties: Vec::new(),
            jwks_url: None,
            algorithms: algorithms(),
            leeway: leeway(),
            key_age: key_age(),
            key_limit: key_limit(),
            unknown_key_pause: unknown_key_pause(),
            users: IssuerUsers::None,
            provider: None,
            email_claim: email_claim(),
            email_verified_claim: email_verified_claim(),
            username_claim: None,
            role_claim: None,
            roles: Default::default(),
            default_role: default_role(),
            permissions_claim: permissions_claim(),
            permissions_grant: false,
            organisation_claim: organisation_claim(),
        }
    }

    /// What users it makes have as `provider`.
    pub(crate) fn provider_name(&self) -> String {
        let host = || {
            let url = Url::parse(&self.issuer).ok();
            url.and_then(|url| url.host_str().map(str::to_owned))
        };
        let name = self.provider.clone().or_else(host);
        let name = name.unwrap_or_else(|| self.issuer.clone());
        name.chars().take(64).collect()
    }

    fn fault(&self) -> Option<&'static str> {
        let is_url = |text: &str| Url::parse(text).is_ok_and(|url| url.has_host());
        let unknown = |name: &String| !ALGORITHMS.contains(&name.as_str());
        let faults = [
            (self.issuer.is_empty(), "has no issuer"),
            (self.issuer.len() > 255, "has an issuer that is too long"),
            (
                self.audience.is_empty() || self.audience.iter().any(String::is_empty),
                "has no audience; a token for anybody is a token for nobody",
            ),
            (
                self.jwks_url.is_none() && !is_url(&self.issuer),
                "is no URL and has no jwksUrl",
            ),
            (
                self.jwks_url.as_deref().is_some_and(|url| !is_url(url)),
                "has a jwksUrl that is no URL",
            ),
            (
                self.algorithms.is_empty() || self.algorithms.iter().any(unknown),
                "allows no algorithm, or one that is none of a public key",
            ),
            (
                self.leeway > Duration::from_secs(60),
                "has a leeway of more than a minute",
            ),
            (self.key_age.is_zero(), "has a keyAge of 0"),
            (
                self.default_role == ADMINISTRATOR,
                "has the administrator role as its defaultRole; `roles` can give it to whom it is meant for",
            ),
            (
                self.key_limit <= self.key_age,
                "has a keyLimit that is no longer than its keyAge",
            ),
            (
                self.provider
                    .as_deref()
                    .is_some_and(|name| name.is_empty() || name.len() > 64 || name == "local"),
                "has a provider that is empty, too long, or `local`",
            ),
        ];
        faults
            .into_iter()
            .find_map(|(is_so, fault)| is_so.then_some(fault))
    }
}

impl Config {
    pub(super) fn check_issuers(&self) -> Result<(), ConfigError> {
        for (place, issuer) in self.trusted_issuers.iter().enumerate() {
            let mut others = self.trusted_issuers.iter().take(place);
            let twice = others.any(|other| other.issuer == issuer.issuer);
            let fault = issuer
                .fault()
                .or(twice.then_some("stands there twice"))
                .or((issuer.issuer == self.jwt_issuer).then_some("is the name of our own tokens"));
            if let Some(fault) = fault {
                return Err(ConfigError::invalid(
                    "UP_TRUSTED_ISSUERS",
                    format!("`{}` {fault}", issuer.issuer),
                ));
            }
        }
        Ok(())
    }
}

fn audience_claim() -> String {
    "aud".to_owned()
}

fn algorithms() -> Vec<String> {
    ["RS256", "ES256", "EdDSA"].map(str::to_owned).to_vec()
}

fn leeway() -> Duration {
    Duration::from_secs(5)
}

fn key_age() -> Duration {
    Duration::from_secs(600)
}

fn key_limit() -> Duration {
    Duration::from_secs(86_400)
}

fn unknown_key_pause() -> Duration {
    Duration::from_secs(60)
}

fn default_role() -> String {
    crate::model::AUTHENTICATED.to_owned()
}

fn email_claim() -> String {
    "email".to_owned()
}

fn email_verified_claim() -> String {
    "email_verified".to_owned()
}

fn permissions_claim() -> String {
    "permissions".to_owned()
}

fn organisation_claim() -> String {
    "org_code".to_owned()
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer).map(|seconds| Duration::from_secs(seconds.into()))
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Audience::deserialize(deserializer)? {
        Audience::One(one) => vec![one],
        Audience::Many(many) => many,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Option<String> {
        let mut config = Config::new("sqlite://:memory:");
        config.trusted_issuers = serde_json::from_str(json).unwrap();
        config.validate().err().map(|error| error.to_string())
    }

    #[test]
    fn what_a_token_is_for_has_to_be_said() {
        let good = r#"{"issuer":"https://a.example","audience":["x"]}"#;
        assert_eq!(fault(&format!("[{good}]")), None);
        for bad in [
            r#"{"issuer":"https://a.example","audience":[]}"#.to_owned(),
            r#"{"issuer":"https://a.example","audience":""}"#.to_owned(),
            r#"{"issuer":"","audience":"x"}"#.to_owned(),
            r#"{"issuer":"a name","audience":"x"}"#.to_owned(),
            r#"{"issuer":"users-permissions","audience":"x","jwksUrl":"https://a.example/k"}"#
                .to_owned(),
            r#"{"issuer":"https://a.example","audience":"x","algorithms":["HS256"]}"#.to_owned(),
            r#"{"issuer":"https://a.example","audience":"x","algorithms":["none"]}"#.to_owned(),
            r#"{"issuer":"https://a.example","audience":"x","algorithms":[]}"#.to_owned(),
            r#"{"issuer":"https://a.example","audience":"x","leeway":61}"#.to_owned(),
            r#"{"issuer":"https://a.example","audience":"x","keyAge":60,"keyLimit":60}"#.to_owned(),
            r#"{"issuer":"https://a.example","audience":"x","provider":"local"}"#.to_owned(),
            r#"{"issuer":"https://a.example","audience":"x","jwksUrl":"/keys"}"#.to_owned(),
            r#"{"issuer":"https://a.example","audience":"x","defaultRole":"administrator"}"#
                .to_owned(),
            format!("{good},{good}"),
        ] {
            let fault = fault(&format!("[{bad}]")).expect(&bad);
            assert!(fault.starts_with("UP_TRUSTED_ISSUERS"), "{fault}");
        }
    }

    #[test]
    fn users_are_called_after_the_host_or_as_configured() {
        let mut issuer = TrustedIssuer::new("https://id.example/realms/a", ["x"]);
        assert_eq!(issuer.provider_name(), "id.example");
        issuer.provider = Some("keycloak".into());
        assert_eq!(issuer.provider_name(), "keycloak");
    }
}
