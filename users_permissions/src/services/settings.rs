//! Settings an administrator changes while the application runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};

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
    /// Two writers must not publish in the opposite order of their reads.
    publishing: Mutex<()>,
}

impl Settings {
    pub(super) fn new(advanced: AdvancedSettings, templates: MailTemplates) -> Self {
        Self {
            advanced: ArcSwap::from_pointee(advanced),
            templates: ArcSwap::from_pointee(templates),
            publishing: Mutex::new(()),
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

    /// Publishes what the database holds, one publisher at a time.
    pub(super) fn publish(&self, conn: &mut DbConn) -> Result<()> {
        let _turn = self
            .publishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(advanced) = read_advanced(conn)? {
            self.advanced.store(Arc::new(advanced));
        }
        self.templates.store(Arc::new(read_templates(conn)?));
        Ok(())
    }
}

/// The stored advanced settings.
pub(super) fn read_advanced(conn: &mut DbConn) -> Result<Option<AdvancedSettings>> {
    let stored = store::settings::get(conn, ADVANCED)?;
    stored
        .map(|text| serde_json::from_str(&text).map_err(Error::internal))
        .transpose()
}

/// The stored templates over the shipped ones.
pub(super) fn read_templates(conn: &mut DbConn) -> Result<MailTemplates> {
    let mut stored = BTreeMap::new();
    for kind in MailKind::ALL {
        if let Some(text) = store::settings::get(conn, &template_row(kind))? {
            stored.insert(kind, serde_json::from_str(&text).map_err(Error::internal)?);
        }
    }
    Ok(MailTemplates::new(stored))
}

/// Row of a mail template.
fn template_row(kind: MailKind) -> String {
    format!("mail.{}", kind.key())
}
