//! Settings of the providers of social login. Secrets are sealed where they are stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::change_provider::{Means, write_change};
use super::change_settings::{Versioned, check_version, version};
use super::provider_secrets::{open, seal};
use super::{Actor, Sealer, Services};
use crate::config::{Config, ConfigError, Secret};
use crate::error::{Error, FieldError, Result, Validation};
use crate::model::{ProviderSettings, StoredProvider, is_provider_name};
use crate::oauth::{Effective, EnabledProvider, ProviderRegistry, is_callback};
use crate::outbound::OutboundClient;
use crate::store::{self, DbConn, transaction};

/// Stored settings by name.
pub(super) type StoredProviders = BTreeMap<String, StoredProvider>;

/// Rows of the settings begin with it.
const ROW: &str = "provider.";
const MAX_ROW: usize = 60_000;

/// A change; `None` keeps what is there.
#[derive(Debug, Default)]
pub(crate) struct ProviderChange {
    pub(crate) enabled: Option<bool>,
    pub(crate) link_by_verified_email: Option<bool>,
    pub(crate) accept_provider_tokens: Option<bool>,
    /// `Some(None)` takes it away.
    pub(crate) secret: Option<Option<Secret>>,
    pub(crate) callback: Option<Vec<String>>,
    pub(crate) scope: Option<Vec<String>>,
    /// Of the other settings by their names.
    pub(crate) texts: BTreeMap<&'static str, String>,
}

/// Settings that are texts.
pub(crate) const TEXTS: [&str; 8] = [
    "key",
    "subdomain",
    "jwksurl",
    "issuer",
    "authorize_url",
    "access_url",
    "profile_url",
    "introspection_url",
];

impl ProviderChange {
    pub(super) fn apply_to(mut self, settings: &mut ProviderSettings) {
        let texts = [
            &mut settings.key,
            &mut settings.subdomain,
            &mut settings.jwksurl,
            &mut settings.issuer,
            &mut settings.authorize_url,
            &mut settings.access_url,
            &mut settings.profile_url,
            &mut settings.introspection_url,
        ];
        for (name, place) in TEXTS.iter().zip(texts) {
            if let Some(text) = self.texts.remove(name) {
                *place = text;
            }
        }
        settings.enabled = self.enabled.unwrap_or(settings.enabled);
        settings.link_by_verified_email = self
            .link_by_verified_email
            .unwrap_or(settings.link_by_verified_email);
        settings.accept_provider_tokens = self
            .accept_provider_tokens
            .unwrap_or(settings.accept_provider_tokens);
        if let Some(secret) = self.secret {
            settings.secret = secret;
        }
        if let Some(callback) = self.callback {
            settings.callback = callback;
        }
        if let Some(scope) = self.scope {
            settings.scope = scope;
        }
    }
}

impl Services {
    /// A provider that people may sign in with now.
    pub(crate) fn enabled_provider(&self, name: &str) -> Result<Effective> {
        let found = self.provider(name, &self.settings.providers());
        let usable =
            |found: &Effective| found.settings.enabled && found.fault(&self.outbound).is_none();
        found
            .filter(usable)
            .ok_or_else(|| Error::application("This provider is disabled"))
    }

    /// Those that people may sign in with now.
    pub(crate) fn enabled_providers(&self) -> Vec<EnabledProvider> {
        let stored = self.settings.providers_full();
        let names = names(&self.hooks.providers, &stored);
        let enabled = names
            .iter()
            .filter_map(|name| self.enabled_provider(name).ok());
        enabled.map(|found| found.shown()).collect()
    }

    /// A provider under the stored settings.
    pub(super) fn provider(&self, name: &str, stored: &StoredProviders) -> Option<Effective> {
        effective(name, &self.hooks.providers, stored, &self.sealer)
    }

    /// All providers, with the version of their settings.
    pub(crate) async fn providers(&self) -> Result<Versioned<Vec<Effective>>> {
        let stored = self
            .store
            .run(|conn| -> Result<_> { Ok(parse(&mut store::settings::all(conn)?)) })
            .await?;
        let names = names(&self.hooks.providers, &stored);
        let all = names.iter().filter_map(|name| self.provider(name, &stored));
        Ok(Versioned {
            value: all.collect(),
            version: version(&[&stored])?,
        })
    }

    /// Changes providers; those that are not named stay. `None` forgets the settings of one.
    ///
    /// Whoever says where a provider is, says who its users are, administrators among them: that needs
    /// every right there is.
    pub(crate) async fn change_providers(
        &self,
        actor: Actor,
        changes: BTreeMap<String, Option<ProviderChange>>,
        expected: Option<String>,
    ) -> Result<String> {
        self.check_covers_everything(&actor)?;
        let (means, by) = (self.means(), actor.id());
        let write = move |conn: &mut DbConn| -> Result<String> {
            store::roles::line_up(conn)?;
            let old = parse(&mut store::settings::all(conn)?);
            check_version(expected.as_deref(), &version(&[&old])?)?;
            for (name, change) in changes {
                write_change(conn, &means, &actor, &name, change, &old)?;
            }
            version(&[&parse(&mut store::settings::all(conn)?)])
        };
        let version = self
            .change_settings(move |conn| transaction(conn, write))
            .await?;
        tracing::info!(target: "users_permissions::security", actor = by, "providers changed");
        Ok(version)
    }

    pub(super) fn means(&self) -> Means {
        Means {
            registry: Arc::clone(&self.hooks.providers),
            sealer: Arc::clone(&self.sealer),
            client: Arc::clone(&self.outbound),
        }
    }
}

/// What is wrong with a field of a provider.
pub(super) fn refused(name: &str, field: &str, message: String) -> Error {
    let path = ["providers", name, field];
    let path = path.iter().filter(|part| !part.is_empty());
    Error::Validation(Validation {
        message: None,
        errors: vec![FieldError {
            path: path.map(|part| (*part).to_owned()).collect(),
            message,
        }],
    })
}

/// Could the provider be used like this?
pub(super) fn check(
    name: &str,
    settings: &ProviderSettings,
    registry: &ProviderRegistry,
    client: &OutboundClient,
) -> Result<()> {
    let known = registry.shared(name);
    let refused = |field: &str, message: String| refused(name, field, message);
    if known.is_none() && !is_provider_name(name) {
        return Err(refused(
            "",
            "there is no such provider, and none can have this name".to_owned(),
        ));
    }
    let made_of_settings = !settings.issuer.is_empty() || !settings.authorize_url.is_empty();
    if known.is_none() && !made_of_settings {
        let message =
            "a provider of one's own needs issuer, or authorize_url, access_url and profile_url";
        return Err(refused("", message.to_owned()));
    }
    let plain =
        |text: &str| text.len() <= 1_000 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain(&settings.key) {
        return Err(refused(
            "key",
            "key must be plain text without spaces".to_owned(),
        ));
    }
    let secret = settings
        .secret
        .as_ref()
        .map_or("", |secret| secret.expose());
    if !plain(secret) {
        return Err(refused(
            "secret",
            "secret must be plain text without spaces".to_owned(),
        ));
    }
    if settings.scope.len() > 50
        || !settings
            .scope
            .iter()
            .all(|scope| plain(scope) && !scope.is_empty())
    {
        return Err(refused("scope", "scope must be a list of words".to_owned()));
    }
    if settings.callback.len() > 20 || !settings.callback.iter().all(|url| is_callback(url)) {
        let message = "callback must be a URL, or a list of them, without user name, fragment and dot segments";
        return Err(refused("callback", message.to_owned()));
    }
    match Effective::new(name, known, settings.clone()).fault(client) {
        Some((field, message)) => Err(refused(field, message)),
        None => Ok(()),
    }
}

/// Writes the configured settings of providers that have none yet.
pub(super) fn seed(
    conn: &mut DbConn,
    config: &Config,
    registry: &ProviderRegistry,
    sealer: &Sealer,
    client: &OutboundClient,
) -> Result<()> {
    let stored = store::settings::all(conn)?;
    for (name, settings) in &config.providers {
        if stored.contains_key(&row(name)) {
            continue;
        }
        check(name, settings, registry, client)?;
        let sealed = settings
            .secret
            .as_ref()
            .map(|secret| seal(name, secret, sealer));
        let settings = ProviderSettings {
            secret: None,
            ..settings.clone()
        };
        let sealed = sealed.transpose()?;
        write_row(conn, name, &StoredProvider { settings, sealed })?;
    }
    Ok(())
}

/// Are the configured providers and those of the application such that they can be asked?
pub(super) fn check_configured(
    config: &Config,
    registry: &ProviderRegistry,
    client: &OutboundClient,
) -> Result<(), ConfigError> {
    if let Some(name) = registry.faults().first() {
        return Err(ConfigError::invalid(
            "providers",
            format!("`{name}` cannot be the name of a provider"),
        ));
    }
    for (name, settings) in &config.providers {
        if let Err(error) = check(name, settings, registry, client) {
            return Err(ConfigError::invalid(
                "UP_PROVIDERS",
                format!("`{name}`: {error}"),
            ));
        }
    }
    Ok(())
}

/// The stored settings; what cannot be read is left out.
pub(super) fn parse(rows: &mut BTreeMap<String, String>) -> StoredProviders {
    let mut stored = StoredProviders::new();
    for (row, text) in rows.iter() {
        let Some(name) = row.strip_prefix(ROW) else {
            continue;
        };
        match serde_json::from_str(text) {
            Ok(provider) => drop(stored.insert(name.to_owned(), provider)),
            Err(_) => tracing::error!(
                provider = name,
                "the stored settings of a provider cannot be read"
            ),
        }
    }
    stored
}

fn names(registry: &ProviderRegistry, stored: &StoredProviders) -> BTreeSet<String> {
    let known = registry.list().map(|(name, _)| name.to_owned());
    known.chain(stored.keys().cloned()).collect()
}

pub(super) fn effective(
    name: &str,
    registry: &ProviderRegistry,
    stored: &StoredProviders,
    sealer: &Sealer,
) -> Option<Effective> {
    let known = registry.shared(name);
    let settings = match (stored.get(name), &known) {
        (Some(stored), _) => ProviderSettings {
            secret: stored
                .sealed
                .as_ref()
                .and_then(|sealed| open(name, sealed, sealer)),
            ..stored.settings.clone()
        },
        (None, Some(known)) => known.defaults.clone(),
        (None, None) => return None,
    };
    Some(Effective::new(name, known, settings))
}

pub(super) fn row(name: &str) -> String {
    format!("{ROW}{name}")
}

pub(super) fn write_row(conn: &mut DbConn, name: &str, provider: &StoredProvider) -> Result<()> {
    let text = serde_json::to_string(provider).map_err(Error::internal)?;
    if text.len() > MAX_ROW {
        return Err(Error::validation("the settings are too long"));
    }
    store::settings::put(conn, &row(name), &text)?;
    Ok(())
}
