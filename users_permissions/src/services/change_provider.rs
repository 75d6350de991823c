//! The change of one provider, and its entry in the log of changes.

use std::sync::Arc;

use super::changes::{note, provider_differences};
use super::provider_secrets::seal;
use super::providers::{StoredProviders, check, effective, refused, row, write_row};
use super::{Actor, ProviderChange, Sealer};
use crate::error::Result;
use crate::model::{ChangeKind, ProviderSettings, StoredProvider};
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
    let before = effective(name, registry, stored, sealer)
        .map(|known| known.settings)
        .unwrap_or_default();
    let mut settings = before.clone();
    change.apply_to(&mut settings);
    check(name, &settings, registry, client)?;
    // One that cannot be opened now may be by a former key that comes back.
    let kept = stored.get(name).and_then(|known| known.sealed.clone());
    let kept = kept.filter(|_| keeps_secret);
    if keeps_secret && (kept.is_some() || settings.secret.is_some()) {
        check_place(name, &before, &settings)?;
    }
    let sealed = match (kept, &settings.secret) {
        (Some(kept), _) => Some(kept),
        (None, Some(secret)) => Some(seal(name, secret, sealer)?),
        (None, None) => None,
    };
    settings.secret = None;
    Ok(StoredProvider { settings, sealed })
}

/// A secret that was entered for one place is sent to no other: whoever moves the provider has to know it.
fn check_place(name: &str, before: &ProviderSettings, after: &ProviderSettings) -> Result<()> {
    let places = [
        ("access_url", &before.access_url, &after.access_url),
        ("issuer", &before.issuer, &after.issuer),
        (
            "introspection_url",
            &before.introspection_url,
            &after.introspection_url,
        ),
        ("subdomain", &before.subdomain, &after.subdomain),
    ];
    match places.iter().find(|(_, before, after)| before != after) {
        Some((field, ..)) => Err(refused(
            name,
            "secret",
            format!(
                "secret must be entered again where {field} changes: it would be sent elsewhere"
            ),
        )),
        None => Ok(()),
    }
}
