//! Settings an administrator changes while the application runs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};

use super::providers::{self, StoredProviders};
use crate::error::{Error, Result};
use crate::mail::MailTemplates;
use crate::model::{AdvancedSettings, MailKind};
use crate::store::{self, DbConn};

/// Row of the advanced settings.
pub(super) const ADVANCED: &str = "advanced";

/// The settings in force, published as wholes.
#[derive(Debug)]
pub(crate) struct Settings {
    advanced: ArcSwap<AdvancedSettings>,
    templates: ArcSwap<MailTemplates>,
    providers: ArcSwap<StoredProviders>,
    /// Two writers must not publish in the opposite order of their reads.
    publishing: Mutex<()>,
    /// A change was committed and is not published yet.
    outdated: AtomicBool,
}

impl Settings {
    pub(super) fn new(all: AllSettings) -> Self {
        let AllSettings {
            advanced,
            templates,
            providers,
        } = all;
        Self {
            advanced: ArcSwap::from_pointee(advanced),
            templates: ArcSwap::from_pointee(templates),
            providers: ArcSwap::from_pointee(providers),
            publishing: Mutex::new(()),
            outdated: AtomicBool::new(false),
        }
    }

    /// The advanced settings of this moment.
    #[inline]
    pub(crate) fn load(&self) -> Guard<Arc<AdvancedSettings>> {
        self.advanced.load()
    }

    /// The advanced settings of this moment, for longer than a moment.
    pub(crate) fn load_full(&self) -> Arc<AdvancedSettings> {
        self.advanced.load_full()
    }

    /// The mail templates of this moment.
    pub(crate) fn templates(&self) -> Guard<Arc<MailTemplates>> {
        self.templates.load()
    }

    /// The providers' settings of this moment, secrets sealed.
    pub(super) fn providers(&self) -> Guard<Arc<StoredProviders>> {
        self.providers.load()
    }

    /// The same, for longer than a moment.
    pub(super) fn providers_full(&self) -> Arc<StoredProviders> {
        self.providers.load_full()
    }

    pub(super) fn are_outdated(&self) -> bool {
        self.outdated.load(Ordering::Acquire)
    }

    pub(super) fn outdate(&self) {
        self.outdated.store(true, Ordering::Release);
    }

    /// Publishes what the database holds, one publisher at a time.
    pub(super) fn publish(&self, conn: &mut DbConn) -> Result<()> {
        let _turn = self
            .publishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Lowered before the read: a change that comes during it raises the flag again.
        let outdated = self.outdated.swap(false, Ordering::AcqRel);
        match read(conn) {
            Ok(all) => {
                self.advanced.store(Arc::new(all.advanced));
                self.templates.store(Arc::new(all.templates));
                self.providers.store(Arc::new(all.providers));
                Ok(())
            }
            Err(error) => {
                self.outdated.fetch_or(outdated, Ordering::AcqRel);
                Err(error)
            }
        }
    }
}

/// All settings as they are stored.
#[derive(Debug)]
pub(super) struct AllSettings {
    advanced: AdvancedSettings,
    templates: MailTemplates,
    providers: StoredProviders,
}

pub(super) fn read(conn: &mut DbConn) -> Result<AllSettings> {
    let mut rows = store::settings::all(conn)?;
    let advanced = rows
        .remove(ADVANCED)
        .ok_or_else(|| Error::internal("the advanced settings are missing"))?;
    Ok(AllSettings {
        advanced: parse_advanced(&advanced)?,
        templates: parse_templates(&mut rows),
        providers: providers::parse(&mut rows),
    })
}

/// The stored advanced settings, for a transaction that holds the line of changes.
pub(super) fn in_force(conn: &mut DbConn) -> Result<AdvancedSettings> {
    let stored = store::settings::get(conn, ADVANCED)?;
    parse_advanced(&stored.ok_or_else(|| Error::internal("the advanced settings are missing"))?)
}

/// The stored advanced settings, which stay as they are until the transaction ends; for those that do
/// not hold the line of changes. First statement of a transaction.
pub(super) fn held(conn: &mut DbConn) -> Result<AdvancedSettings> {
    let stored = store::settings::hold(conn, ADVANCED)?;
    parse_advanced(&stored.ok_or_else(|| Error::internal("the advanced settings are missing"))?)
}

pub(super) fn parse_advanced(text: &str) -> Result<AdvancedSettings> {
    serde_json::from_str(text).map_err(Error::internal)
}

/// The stored templates over the shipped ones.
pub(super) fn parse_templates(rows: &mut BTreeMap<String, String>) -> MailTemplates {
    let mut stored = BTreeMap::new();
    for kind in MailKind::ALL {
        let Some(text) = rows.remove(&template_row(kind)) else {
            continue;
        };
        match serde_json::from_str(&text) {
            Ok(template) => drop(stored.insert(kind, template)),
            Err(error) => {
                tracing::error!(mail = kind.key(), %error, "a stored mail template cannot be read; the shipped one is used");
            }
        }
    }
    MailTemplates::new(stored)
}

/// Row of a mail template.
pub(super) fn template_row(kind: MailKind) -> String {
    format!("mail.{}", kind.key())
}
