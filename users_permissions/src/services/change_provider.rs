//! The change of one provider, and its entry in the log of changes.

use std::sync::Arc;

use super::changes::{note, provider_differences};
use super::provider_secrets::seal;
use super::providers::{StoredProviders, check, effective, row, write_row};
use super::{Actor, ProviderChange, Sealer};
use crate::error::Result;
use crate::model::{ChangeKind, StoredProvider};
use crate::oauth::ProviderRegistry;
use crate::outbound::OutboundClient;
use crate::store::{self, DbConn};

/// What settings are read and checked with.
pub(super) struct Means {
    pub(super) registry: Arc<ProviderRegistry>,
    pub(super) sealer: Arc<Sealer>,
    pub(super) client: Arc<OutboundClient>,
}

/// Changes one provider, and notes it.
pub(super) fn write_change(
    conn: &mut DbConn,
    means: &Means,
    actor: &Actor,
    name: &str,
    change: Option<ProviderChange>,
    stored: &StoredProviders,
) -> Result<()> {
    let defaults = || StoredProvider {
        settings: means
            .registry
            .get(name)
            .map_or_else(Default::default, |known| known.defaults.clone()),
        sealed: None,
    };
    let old = stored.get(name);
    let new = change
        .map(|change| {
            let Means {
                registry,
                sealer,
                client,
            } = means;
            changed(name, change, registry, stored, sealer, client)
        })
        .transpose()?;
    match &new {
        Some(new) if old != Some(new) => write_row(conn, name, new)?,
        Some(_) => {}
        None => drop(store::settings::delete(conn, &row(name))?),
    }
    let (before, after) = (
        old.cloned().unwrap_or_else(defaults),
        new.unwrap_or_else(defaults),
    );
    let told = provider_differences(&before, &after);
    if !told.is_empty() {
        note(
            conn,
            actor,
            ChangeKind::ProviderChanged,
            (None, name),
            &told,
        )?;
    }
    Ok(())
}

/// The settings a change makes.
fn changed(
    name: &str,
    change: ProviderChange,
    registry: &ProviderRegistry,
    stored: &StoredProviders,
    sealer: &Sealer,
    client: &OutboundClient,
) -> Result<StoredProvider> {
    let keeps_secret = change.secret.is_none();
    let mut settings = effective(name, registry, stored, sealer)
        .map(|known| known.settings)
        .unwrap_or_default();
    change.apply_to(&mut settings);
    check(name, &settings, registry, client)?;
    let sealed = match (&settings.secret, stored.get(name)) {
        (None, _) => None,
        (Some(_), Some(known)) if keeps_secret && known.sealed.is_some() => known.sealed.clone(),
        (Some(secret), _) => Some(seal(name, secret, sealer)?),
    };
    settings.secret = None;
    Ok(StoredProvider { settings, sealed })
}
