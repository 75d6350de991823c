//! The published snapshot of rights, and its renewal after a change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::Actor;
use crate::acl::{Catalog, RoleGrants, Snapshot};
use crate::error::Result;
use crate::model::RoleId;
use crate::store::{self, DbConn};

/// See [`Rights::reader`].
pub(crate) type RightsReader = arc_swap::Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>;

/// The rights everybody reads.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    snapshot: Arc<ArcSwap<Snapshot>>,
    /// Two writers must not publish in the opposite order of their reads.
    publishing: Mutex<()>,
    /// A change was committed and is not published yet.
    outdated: AtomicBool,
}

impl Rights {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot: Arc::new(ArcSwap::from_pointee(snapshot)),
            ..Self::default()
        }
    }

    /// Publishes what `read` finds, one publisher at a time.
    pub(super) fn publish(&self, read: impl FnOnce() -> Result<Snapshot>) -> Result<()> {
        let _turn = self
            .publishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Lowered before the read: a change that comes during it raises the flag again.
        let outdated = self.outdated.swap(false, Ordering::AcqRel);
        match read() {
            Ok(snapshot) => {
                self.snapshot.store(Arc::new(snapshot));
                Ok(())
            }
            Err(error) => {
                self.outdated.fetch_or(outdated, Ordering::AcqRel);
                Err(error)
            }
        }
    }

    /// A change was committed and is not published yet.
    pub(super) fn outdate(&self) {
        self.outdated.store(true, Ordering::Release);
    }

    pub(super) fn are_outdated(&self) -> bool {
        self.outdated.load(Ordering::Acquire)
    }

    /// The rights of this moment.
    #[inline]
    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// For one thread that asks very often: looks whether the snapshot was swapped, and takes no
    /// reference unless it was.
    pub(crate) fn reader(&self) -> RightsReader {
        arc_swap::Cache::new(Arc::clone(&self.snapshot))
    }

    /// The rights of this moment, for longer than a moment.
    pub(crate) fn load_full(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// May the actor perform the action at this position of the catalog?
    pub(crate) fn actor_allows(&self, actor: &Actor, action: usize) -> bool {
        let snapshot = self.load();
        match actor {
            Actor::Public => snapshot.public_allows(action),
            Actor::User { roles, .. } => snapshot.allows(roles, action),
            Actor::Stranger { roles, .. } => {
                let mut roles = roles.iter();
                roles.any(|role| snapshot.role_allows(*role, action))
            }
        }
    }

    /// Does the actor hold everything the role holds?
    pub(crate) fn actor_covers(&self, actor: &Actor, role: RoleId, actions: usize) -> bool {
        let snapshot = self.load();
        (0..actions)
            .all(|action| !snapshot.role_allows(role, action) || self.actor_allows(actor, action))
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
