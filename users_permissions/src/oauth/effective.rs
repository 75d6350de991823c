//! A provider under its settings: the URLs that will be asked.

use std::sync::Arc;

use url::Url;

use super::discovery::Discoveries;
use super::id_token::Keys;
use super::profile::ProviderError;
use super::provider::{ClientAuth, Protocol, Provider};
use super::registry::capitalised;
use super::subdomain::{PLACEHOLDER, Subdomain};
use crate::config::Config;
use crate::model::ProviderSettings;
use crate::outbound::OutboundClient;

/// What providers are asked with; one per plugin.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(super) client: Arc<OutboundClient>,
    /// Stands in front of every host, in tests.
    pub(super) base: Option<String>,
    pub(super) keys: Keys,
    pub(super) discoveries: Discoveries,
}

impl Asking {
    pub(crate) fn new(client: Arc<OutboundClient>, config: &Config) -> Self {
        Self {
            keys: Keys::new(Arc::clone(&client), config),
            client,
            base: config.provider_base.clone(),
            discoveries: Discoveries::default(),
        }
    }
}

/// A provider as it is configured.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    pub(crate) name: String,
    pub(crate) provider: Arc<Provider>,
    pub(crate) settings: ProviderSettings,
    /// Made of its settings alone.
    is_own: bool,
}

/// Where a provider is asked.
#[derive(Debug, Clone)]
pub(super) struct Endpoints {
    pub(super) authorize: Url,
    pub(super) access: Url,
    pub(super) request: Option<Url>,
    pub(super) profile: Option<Url>,
    pub(super) jwks: Option<Url>,
    pub(super) introspection: Option<Url>,
    /// May hold `{tid}`.
    pub(super) issuer: String,
    /// How key and secret are shown to the token endpoint.
    pub(super) auth: ClientAuth,
    /// And to the introspection.
    pub(super) introspection_auth: ClientAuth,
}

/// Names that stand for several tenants.
const TENANTS: [&str; 3] = ["common", "organizations", "consumers"];
/// The tenant of private accounts at Microsoft.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const JWKS_PATH: &str = "/.well-known/jwks.json";

impl Effective {
    /// A provider of the registry, or one that is made of its settings alone.
    pub(crate) fn new(
        name: &str,
        known: Option<Arc<Provider>>,
        settings: ProviderSettings,
    ) -> Self {
        let is_own = known.is_none();
        let provider = known.unwrap_or_else(|| {
            let made = match settings.issuer.is_empty() {
                false => Provider::openid(settings.issuer.clone()),
                true => {
                    Provider::oauth2(settings.authorize_url.clone(), settings.access_url.clone())
                }
            };
            Arc::new(made.display_name(capitalised(name)))
        });
        Self {
            name: name.to_owned(),
            provider,
            settings,
            is_own,
        }
    }

    /// The scopes that are asked for.
    pub(crate) fn scopes(&self) -> &[String] {
        if self.settings.scope.is_empty() {
            &self.provider.scopes
        } else {
            &self.settings.scope
        }
    }

    /// The URL of the settings, or the provider's own with the subdomain in it; empty: there is none.
    fn url(&self, own: &str, set: &str) -> String {
        if !set.is_empty() {
            return set.to_owned();
        }
        own.replace(PLACEHOLDER, self.settings.subdomain.trim_end_matches('/'))
    }

    fn urls(&self) -> [String; 6] {
        let (provider, set) = (&self.provider, &self.settings);
        [
            self.url(&provider.authorize_url, &set.authorize_url),
            self.url(&provider.access_url, &set.access_url),
            self.url(&provider.profile_url, &set.profile_url),
            self.url(&provider.jwks_url, &set.jwksurl),
            self.url(&provider.request_url, ""),
            self.url(&provider.introspection_url, &set.introspection_url),
        ]
    }

    pub(super) fn issuer(&self) -> String {
        let issuer = self.url(&self.provider.issuer, &self.settings.issuer);
        if issuer.is_empty() {
            let keys = self.settings.jwksurl.strip_suffix(JWKS_PATH);
            return keys.unwrap_or_default().to_owned();
        }
        if self.provider.subdomain != Some(Subdomain::Tenant) || !self.settings.issuer.is_empty() {
            return issuer;
        }
        let tenant = self.settings.subdomain.to_ascii_lowercase();
        let tenant = match tenant.as_str() {
            // All private accounts are of one tenant.
            "consumers" => CONSUMERS,
            id if is_uuid(id) => id,
            // Those that are no ids stand for several issuers.
            _ => "{tid}",
        };
        self.provider.issuer.replace(PLACEHOLDER, tenant)
    }

    /// What is missing or wrong before the provider can be enabled: the field, and why.
    pub(crate) fn fault(&self, client: &OutboundClient) -> Option<(&'static str, String)> {
        let set = &self.settings;
        if let Some(fault) = self.subdomain_fault() {
            return Some(("subdomain", fault));
        }
        if set.enabled && set.key.is_empty() {
            return Some(("key", "key is a required field".to_owned()));
        }
        let public = self.provider.protocol == Protocol::OpenId && !set.issuer.is_empty();
        if set.enabled && set.secret.is_none() && !public {
            return Some(("secret", "secret is a required field".to_owned()));
        }
        let names = [
            "authorize_url",
            "access_url",
            "profile_url",
            "jwksurl",
            "issuer",
            "introspection_url",
        ];
        let [authorize, access, profile, keys, _, introspection] = self.urls();
        let issuer = self.issuer();
        let given = [
            &set.authorize_url,
            &set.access_url,
            &set.profile_url,
            &set.jwksurl,
            &set.issuer,
            &set.introspection_url,
        ];
        for (name, text) in names.into_iter().zip(given) {
            if let Some(fault) = url_fault(text, client) {
                return Some((name, format!("{name}: {fault}")));
            }
        }
        if let Some(fault) = self.trust_fault(&introspection) {
            return Some(("accept_provider_tokens", fault));
        }
        if !set.enabled {
            return None;
        }
        let found = !issuer.is_empty() && self.provider.protocol == Protocol::OpenId;
        let missing = |text: &str, name: &'static str| {
            (text.is_empty() && !found).then(|| (name, format!("{name} is a required field")))
        };
        let is_openid = self.provider.protocol == Protocol::OpenId;
        if is_openid && issuer.is_empty() {
            return Some(("jwksurl", "jwksurl is a required field".to_owned()));
        }
        missing(&authorize, "authorize_url")
            .or_else(|| missing(&access, "access_url"))
            .or_else(|| {
                self.is_own
                    .then(|| missing(&profile, "profile_url"))
                    .flatten()
            })
            .or_else(|| {
                let fixed = [authorize, access, profile, keys, introspection];
                let fault = fixed.iter().find_map(|text| url_fault(text, client));
                fault.map(|fault| ("subdomain", fault.to_owned()))
            })
    }

    /// Why the provider's own tokens cannot be accepted.
    fn trust_fault(&self, introspection: &str) -> Option<String> {
        let proves = match self.provider.protocol {
            Protocol::OpenId => true,
            Protocol::OAuth2 => !introspection.is_empty(),
            Protocol::OAuth1 => false,
        };
        let fault = "accept_provider_tokens needs introspection_url: \
                     nothing else tells whom a token of this provider is for";
        (self.settings.accept_provider_tokens && !proves).then(|| fault.to_owned())
    }

    fn subdomain_fault(&self) -> Option<String> {
        let kind = self.provider.subdomain?;
        let text = self.settings.subdomain.as_str();
        if text.is_empty() {
            let required = "subdomain is a required field";
            return self.settings.enabled.then(|| required.to_owned());
        }
        if kind == Subdomain::Tenant {
            let fault =
                "subdomain must be the id of a tenant, or common, organizations or consumers";
            let fits = is_uuid(text) || TENANTS.contains(&text);
            return (!fits).then(|| fault.to_owned());
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let fits = text.len() <= 255
            && match kind {
                Subdomain::Labels => text.split('.').all(|label| {
                    !label.is_empty()
                        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                }),
                Subdomain::Name | Subdomain::Tenant => {
                    text.chars().all(is_word) && text != "." && !text.contains("..")
                }
                Subdomain::Host => {
                    let url = Url::parse(&format!("https://{text}"));
                    let host = text.split(['/', ':']).next().unwrap_or_default();
                    text.chars().all(|c| is_word(c) || c == '/' || c == ':')
                        && !text
                            .split('/')
                            .any(|segment| segment == "." || segment == "..")
                        && url.is_ok_and(|url| url.host_str() == Some(&host.to_ascii_lowercase()))
                }
            };
        (!fits).then(|| "subdomain must be a host, or a part of one, without https://".to_owned())
    }

    /// Where to ask; what is not known yet is discovered.
    pub(super) async fn endpoints(&self, asking: &Asking) -> Result<Endpoints, ProviderError> {
        let base = asking.base.as_deref();
        let [
            mut authorize,
            mut access,
            mut profile,
            mut keys,
            request,
            mut introspection,
        ] = self.urls();
        let issuer = self.issuer();
        let mut told = (ClientAuth::Body, ClientAuth::Body);
        if self.provider.protocol == Protocol::OpenId && (authorize.is_empty() || access.is_empty())
        {
            let found = asking.discoveries.of(&issuer, asking).await?;
            let fill = |text: &mut String, found: &Option<String>| {
                if text.is_empty() {
                    *text = found.clone().unwrap_or_default();
                }
            };
            fill(&mut authorize, &Some(found.authorization_endpoint.clone()));
            fill(&mut access, &Some(found.token_endpoint.clone()));
            fill(&mut profile, &found.userinfo_endpoint);
            fill(&mut keys, &Some(found.jwks_uri.clone()));
            fill(&mut introspection, &found.introspection_endpoint);
            told = (found.token_auth(), found.introspection_auth());
        }
        let optional = |text: &str| match text.is_empty() {
            true => Ok(None),
            false => rebase(text, base).map(Some),
        };
        Ok(Endpoints {
            authorize: rebase(&authorize, base)?,
            access: rebase(&access, base)?,
            request: optional(&request)?,
            profile: optional(&profile)?,
            jwks: optional(&keys)?,
            introspection: optional(&introspection)?,
            issuer,
            auth: self.provider.auth.unwrap_or(told.0),
            introspection_auth: self.provider.auth.unwrap_or(told.1),
        })
    }
}

fn url_fault(text: &str, client: &OutboundClient) -> Option<&'static str> {
    if text.is_empty() {
        return None;
    }
    match Url::parse(text) {
        Ok(url) if text.len() <= 2_000 => client.fault(&url),
        _ => Some("must be a URL"),
    }
}

fn is_uuid(text: &str) -> bool {
    let groups = text.split('-');
    groups.clone().map(str::len).eq([8, 4, 4, 4, 12])
        && groups.flat_map(str::chars).all(|c| c.is_ascii_hexdigit())
}

/// The URL; where there is a base, below it.
pub(super) fn rebase(text: &str, base: Option<&str>) -> Result<Url, ProviderError> {
    let malformed = |_| ProviderError::from("a URL is malformed");
    let url = Url::parse(text).map_err(malformed)?;
    let Some(base) = base else { return Ok(url) };
    let (_, rest) = text.split_once("://").ok_or("a URL is malformed")?;
    Url::parse(&format!("{base}/{rest}")).map_err(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::ProviderRegistry;

    #[test]
    fn a_tenant_is_an_id_or_a_name_of_several() {
        let registry = ProviderRegistry::default();
        let of = |tenant: &str| {
            let settings = ProviderSettings {
                subdomain: tenant.to_owned(),
                ..ProviderSettings::default()
            };
            Effective::new("microsoft", registry.shared("microsoft"), settings)
        };
        let issuer = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let id = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        for (tenant, expected) in [
            (id, id),
            ("72F988BF-86F1-41AF-91AB-2D7CD011DB47", id),
            ("consumers", CONSUMERS),
            ("common", "{tid}"),
            ("organizations", "{tid}"),
        ] {
            let provider = of(tenant);
            assert_eq!(provider.subdomain_fault(), None, "{tenant}");
            assert_eq!(provider.issuer(), issuer(expected), "{tenant}");
        }
        for bad in [
            "shop.onmicrosoft.com",
            "example.com",
            "Common",
            "common/",
            "72f988bf86f141af91ab2d7cd011db47",
            "------------------------------------",
            "72f988bf-86f1-41af-91ab-2d7cd011db4g",
        ] {
            assert!(of(bad).subdomain_fault().is_some(), "{bad}");
        }
    }
}
