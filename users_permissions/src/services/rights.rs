//! The published snapshot of rights, and its renewal after a change.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Actor, Services};
use crate::acl::{Catalog, RoleGrants, Snapshot};
use crate::error::Result;
use crate::model::RoleId;
use crate::store::{self, DbConn};

/// The rights everybody reads.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    snapshot: ArcSwap<Snapshot>,
    /// Two writers must not publish in the opposite order of their reads.
    publishing: tokio::sync::Mutex<()>,
}

impl Rights {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            publishing: tokio::sync::Mutex::new(()),
        }
    }

    /// The rights of this moment.
    #[inline]
    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// May the actor perform the action at this position of the catalog?
    pub(crate) fn actor_allows(&self, actor: Actor, action: usize) -> bool {
        let snapshot = self.load();
        match actor {
            Actor::Public => snapshot.public_allows(action),
            Actor::User(role) => snapshot.allows(role, action),
        }
    }

    /// Does the actor hold everything the role holds?
    pub(crate) fn actor_covers(&self, actor: Actor, role: RoleId, actions: usize) -> bool {
        let snapshot = self.load();
        (0..actions)
            .all(|action| !snapshot.allows(role, action) || self.actor_allows(actor, action))
    }
}

/// Reads roles and grants as one snapshot over the catalog.
pub(super) fn read(conn: &mut DbConn, catalog: &Catalog) -> Result<Snapshot> {
    let mut granted = store::roles::all_granted(conn)?;
    let roles = store::roles::list(conn)?;
    let grants = roles.into_iter().map(|role| {
        let actions = granted.remove(&role.id).unwrap_or_default();
        RoleGrants::new(
            role,
            catalog.len(),
            actions.iter().filter_map(|action| catalog.position(action)),
        )
    });
    Ok(Snapshot::new(grants.collect()))
}

impl Services {
    /// Publishes what the database holds; call it after the commit and before the answer.
    pub(crate) async fn publish_rights(&self) -> Result<()> {
        let _turn = self.rights.publishing.lock().await;
        let catalog = Arc::clone(&self.catalog);
        let snapshot = self.store.run(move |conn| read(conn, &catalog)).await?;
        self.rights.snapshot.store(Arc::new(snapshot));
        Ok(())
    }
}
