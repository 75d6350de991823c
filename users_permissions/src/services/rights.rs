//! The published snapshot of rights, and its renewal after a change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::Actor;
use crate::acl::{Catalog, RoleGrants, Snapshot};
use crate::error::Result;
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

    /// May the actor perform the action of this name? One that no handler here carries, as another version of
    /// the program may have it, is held by administrators alone.
    pub(crate) fn actor_holds(&self, actor: &Actor, catalog: &Catalog, action: &str) -> bool {
        match catalog.position(action) {
            Some(position) => self.actor_allows(actor, position),
            None => self.is_administrator(actor),
        }
    }

    /// Does the actor hold everything, actions that nobody knows yet included?
    pub(crate) fn is_administrator(&self, actor: &Actor) -> bool {
        self.actor_allows(actor, usize::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::model::{ADMINISTRATOR, PUBLIC, Role, RoleId, UserRoles};

    fn role(id: RoleId, role_type: &str, granted: &[usize]) -> RoleGrants {
        let role = Role::sample(id, role_type, "");
        RoleGrants::new(role, 3, granted.iter().copied())
    }

    fn rights() -> Rights {
        Rights::new(Snapshot::new(vec![
            role(1, PUBLIC, &[0]),
            role(2, "editor", &[0, 1]),
            role(3, "author", &[2]),
        ]))
    }

    fn user(first: RoleId, others: &[RoleId]) -> Actor {
        Actor::User {
            id: 1,
            name: String::new(),
            roles: UserRoles::new(first, others.iter().copied()),
            origin: [127, 0, 0, 1].into(),
        }
    }

    fn stranger(roles: &[RoleId]) -> Actor {
        Actor::Stranger {
            name: String::new(),
            roles: roles.to_vec(),
            origin: [127, 0, 0, 1].into(),
        }
    }

    #[test]
    fn an_actor_may_what_its_roles_may() {
        let rights = rights();
        let held = |actor: &Actor| -> Vec<usize> {
            (0..4)
                .filter(|action| rights.actor_allows(actor, *action))
                .collect()
        };
        assert_eq!(held(&Actor::Public), [0]);
        assert_eq!(held(&user(3, &[])), [2]);
        assert_eq!(held(&user(3, &[2])), [0, 1, 2]);
        assert_eq!(held(&stranger(&[2, 3])), [0, 1, 2]);
        assert_eq!(held(&stranger(&[])), [0; 0]);
    }

    #[test]
    fn only_administrators_hold_what_no_handler_carries() {
        let rights = Rights::new(Snapshot::new(vec![
            role(1, PUBLIC, &[0, 1, 2]),
            role(2, "editor", &[0, 1, 2]),
            role(3, ADMINISTRATOR, &[]),
        ]));
        let catalog = Catalog::collect().unwrap();
        let holds = |actor: &Actor| rights.actor_holds(actor, &catalog, "api::gone.gone.find");
        for actor in [Actor::Public, user(2, &[1]), stranger(&[2])] {
            assert!(!holds(&actor) && !rights.is_administrator(&actor));
        }
        for actor in [user(3, &[]), user(2, &[3])] {
            assert!(holds(&actor) && rights.is_administrator(&actor));
        }
        let known = catalog.actions()[0].name();
        assert!(rights.actor_holds(&user(2, &[]), &catalog, known));
        assert!(!rights.actor_holds(&user(9, &[]), &catalog, known));
    }

    #[test]
    fn a_change_that_could_not_be_read_stays_to_be_published() {
        let rights = rights();
        let mut reader = rights.reader();
        assert!(!rights.are_outdated());
        let fails = || Err(Error::Forbidden);
        assert!(rights.publish(fails).is_err() && !rights.are_outdated());
        rights.outdate();
        assert!(rights.publish(fails).is_err() && rights.are_outdated());
        assert_eq!(rights.load().roles().len(), 3);
        rights.publish(|| Ok(Snapshot::default())).unwrap();
        assert!(!rights.are_outdated());
        assert!(rights.load().roles().is_empty() && rights.load_full().roles().is_empty());
        assert!(reader.load().roles().is_empty());
        // A change that comes while one is read.
        let meanwhile = || {
            rights.outdate();
            Ok(Snapshot::default())
        };
        rights.publish(meanwhile).unwrap();
        assert!(rights.are_outdated());
    }
}
