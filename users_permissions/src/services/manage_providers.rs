//! One provider, as administrators see and change it.

use super::change_provider::write_change;
use super::change_settings::{check_version, version};
use super::providers::parse;
use super::{Actor, ProviderChange, Services};
use crate::error::{Error, Result};
use crate::model::{ProviderSettings, is_page_url};
use crate::oauth::{Effective, Finding};
use crate::store::{self, DbConn, transaction};

const MISSING: Error = Error::NotFound("There is no such provider");

/// A provider, and the versions a change may insist on.
#[derive(Debug)]
pub(crate) struct ProviderDetail {
    pub(crate) name: String,
    pub(crate) display: String,
    /// The name of an icon; empty without one.
    pub(crate) icon: String,
    /// Where applications are registered, if that is known.
    pub(crate) console_url: Option<String>,
    pub(crate) settings: ProviderSettings,
    /// What is asked for where the settings name no scopes.
    pub(crate) own_scopes: Vec<String>,
    pub(crate) has_subdomain: bool,
    /// Where the provider sends people back to.
    pub(crate) redirect_url: String,
    pub(crate) version: String,
    /// Another one after the secret was replaced.
    pub(crate) secret_version: String,
}

impl Services {
    /// A provider with its settings.
    pub(crate) async fn provider_detail(&self, name: &str) -> Result<ProviderDetail> {
        let stored = self
            .store
            .run(|conn| -> Result<_> { Ok(parse(&mut store::settings::all(conn)?)) })
            .await?;
        let found: Effective = self.provider(name, &stored).ok_or(MISSING)?;
        let row = stored.get(name);
        Ok(ProviderDetail {
            display: found.provider.display.clone(),
            icon: found.provider.icon.clone(),
            console_url: Some(found.provider.console_url.clone()).filter(|url| is_page_url(url)),
            own_scopes: found.provider.scopes.clone(),
            has_subdomain: found.provider.subdomain.is_some(),
            redirect_url: self.redirect_url(name),
            version: version(&[&row])?,
            secret_version: version(&[&row.and_then(|row| row.sealed.as_ref())])?,
            settings: found.settings,
            name: found.name,
        })
    }

    /// Changes a provider that is as it was read; as all changes of providers, by whoever holds every right.
    pub(crate) async fn change_provider(
        &self,
        actor: Actor,
        name: &str,
        change: ProviderChange,
        expected: String,
    ) -> Result<()> {
        self.check_covers_everything(&actor)?;
        let (means, by, name) = (self.means(), actor.id(), name.to_owned());
        let target = name.clone();
        let write = move |conn: &mut DbConn| -> Result<()> {
            store::roles::line_up(conn)?;
            let stored = parse(&mut store::settings::all(conn)?);
            let old = stored.get(&name);
            if old.is_none() && means.registry.get(&name).is_none() {
                return Err(MISSING);
            }
            check_version(Some(&expected), &version(&[&old])?)?;
            write_change(conn, &means, &actor, &name, Some(change), &stored)
        };
        self.change_settings(move |conn| transaction(conn, write))
            .await?;
        tracing::info!(target: "users_permissions::security", actor = by, provider = target, "provider changed");
        Ok(())
    }

    /// Asks a provider whether its settings are of use.
    pub(crate) async fn test_provider(&self, name: &str) -> Result<Vec<Finding>> {
        let found = self.provider(name, &self.settings.providers_full());
        let found = found.ok_or(MISSING)?;
        Ok(found.test(&self.asking, &self.redirect_url(name)).await)
    }

    /// What users may have come from: names of providers and issuers, and `local`.
    pub(crate) fn origins_of_users(&self) -> Vec<String> {
        let known = self.hooks.providers.list().map(|(name, _)| name.to_owned());
        let stored = self.settings.providers_full();
        let issuers = self
            .config
            .trusted_issuers
            .iter()
            .map(|issuer| issuer.provider_name());
        let mut all: Vec<_> = known.chain(stored.keys().cloned()).chain(issuers).collect();
        all.sort_unstable();
        all.dedup();
        all.insert(0, "local".to_owned());
        all
    }
}
