//! Callers as they are right now, remembered until a write changes them.
//!
//! A slot is put in place before the database is read and marked stale by the writer after its
//! commit, so a read that overlaps a write can never be remembered.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Lifecycle, UnitWeighter};

use crate::model::{Principal, UserId};

/// What is remembered of one user id; `None` inside: there is no such user.
#[derive(Debug)]
pub(crate) struct Slot {
    content: OnceLock<Option<Arc<Principal>>>,
    stale: AtomicBool,
    epoch: u64,
}

impl Slot {
    /// The caller, unless nothing was read yet or a write came between.
    #[inline]
    pub(crate) fn current(&self, epoch: u64) -> Option<Option<&Arc<Principal>>> {
        if self.stale.load(Ordering::Acquire) || self.epoch != epoch {
            return None;
        }
        self.content.get().map(Option::as_ref)
    }

    pub(crate) fn fill(&self, principal: Option<Principal>) -> Option<&Arc<Principal>> {
        self.content
            .get_or_init(|| principal.map(Arc::new))
            .as_ref()
    }

    fn mark_stale(&self) {
        self.stale.store(true, Ordering::Release);
    }
}

/// An evicted slot may still be referenced by a worker's token cache, where no writer finds it.
#[derive(Debug, Clone, Default)]
struct StaleWhenEvicted;

impl Lifecycle<UserId, Arc<Slot>> for StaleWhenEvicted {
    type RequestState =
        <DefaultLifecycle<UserId, Arc<Slot>> as Lifecycle<UserId, Arc<Slot>>>::RequestState;

    fn on_evict(&self, _: &mut Self::RequestState, _: UserId, slot: Arc<Slot>) {
        slot.mark_stale();
    }
}

/// The remembered callers of this process.
pub(crate) struct Principals {
    slots: Cache<UserId, Arc<Slot>, UnitWeighter, DefaultHashBuilder, StaleWhenEvicted>,
    epoch: AtomicU64,
}

impl Principals {
    pub(crate) fn new(capacity: usize) -> Self {
        let slots = Cache::with(
            capacity.max(16),
            capacity.max(16) as u64,
            UnitWeighter,
            DefaultHashBuilder::default(),
            StaleWhenEvicted,
        );
        Self {
            slots,
            epoch: AtomicU64::new(0),
        }
    }

    /// Counts the times everybody was forgotten at once.
    #[inline]
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The slot of a user, in place before the caller reads the database.
    pub(crate) fn slot(&self, id: UserId) -> Arc<Slot> {
        let epoch = self.epoch();
        let fresh = || {
            Arc::new(Slot {
                content: OnceLock::new(),
                stale: AtomicBool::new(false),
                epoch,
            })
        };
        if let Some(slot) = self.slots.get(&id) {
            if !slot.stale.load(Ordering::Acquire) && slot.epoch == epoch {
                return slot;
            }
            self.slots.remove_if(&id, |found| Arc::ptr_eq(found, &slot));
        }
        match self
            .slots
            .get_or_insert_with(&id, || Ok::<_, std::convert::Infallible>(fresh()))
        {
            Ok(slot) => slot,
            Err(never) => match never {},
        }
    }

    /// The slot of a user in the place of one that may have been read too early.
    pub(crate) fn replace(&self, id: UserId, slot: &Arc<Slot>) -> Arc<Slot> {
        slot.mark_stale();
        self.slots.remove_if(&id, |found| Arc::ptr_eq(found, slot));
        self.slot(id)
    }

    /// Forgets one user; call it after the commit and before the answer.
    pub(crate) fn forget(&self, id: UserId) {
        if let Some((_, slot)) = self.slots.remove(&id) {
            slot.mark_stale();
        }
    }

    /// Forgets everybody, for writes that touch many users at once.
    pub(crate) fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

impl std::fmt::Debug for Principals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Principals")
            .field("len", &self.slots.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RoleId, UserRoles};

    fn principal(id: UserId, role: RoleId) -> Principal {
        Principal {
            id,
            username: String::new(),
            email: String::new(),
            roles: UserRoles::new(role, []),
            blocked: false,
            confirmed: true,
            token_version: 0,
            sessions: Vec::new(),
        }
    }

    fn role_seen(principals: &Principals, slot: &Slot) -> Option<RoleId> {
        slot.current(principals.epoch())
            .flatten()
            .map(|principal| principal.roles.primary())
    }

    #[test]
    fn a_read_that_overlaps_a_write_is_not_remembered() {
        let principals = Principals::new(100);
        let slot = principals.slot(1);
        // The reader has its old answer; the writer commits and forgets before the reader stores it.
        principals.forget(1);
        slot.fill(Some(principal(1, 10)));
        assert_eq!(role_seen(&principals, &slot), None);
        let next = principals.slot(1);
        assert!(!Arc::ptr_eq(&slot, &next));
        next.fill(Some(principal(1, 20)));
        assert_eq!(role_seen(&principals, &next), Some(20));
    }

    #[test]
    fn forgetting_everybody_reaches_every_slot() {
        let principals = Principals::new(100);
        let slot = principals.slot(1);
        slot.fill(Some(principal(1, 10)));
        assert_eq!(role_seen(&principals, &slot), Some(10));
        principals.forget_all();
        assert_eq!(role_seen(&principals, &slot), None);
        let next = principals.slot(1);
        assert!(!Arc::ptr_eq(&slot, &next) && next.current(principals.epoch()).is_none());
        // It is kept, and can be filled.
        next.fill(Some(principal(1, 20)));
        assert!(Arc::ptr_eq(&next, &principals.slot(1)));
        assert_eq!(role_seen(&principals, &next), Some(20));
    }

    #[test]
    fn a_slot_that_was_read_too_early_is_replaced() {
        let principals = Principals::new(100);
        let slot = principals.slot(1);
        slot.fill(Some(principal(1, 10)));
        let next = principals.replace(1, &slot);
        assert!(!Arc::ptr_eq(&slot, &next) && Arc::ptr_eq(&next, &principals.slot(1)));
        assert_eq!(role_seen(&principals, &slot), None);
        // Whoever comes later with the same old slot does not throw the new one away.
        assert!(Arc::ptr_eq(&next, &principals.replace(1, &slot)));
    }

    #[test]
    fn an_evicted_slot_is_stale() {
        let principals = Principals::new(16);
        let slot = principals.slot(1);
        slot.fill(Some(principal(1, 10)));
        for id in 2..2_000 {
            principals.slot(id).fill(None);
        }
        let still_cached = Arc::ptr_eq(&principals.slot(1), &slot);
        assert!(still_cached || role_seen(&principals, &slot).is_none());
    }
}
