//! Callers as they are right now, remembered until a write changes them.
//!
//! A slot is put in place before the database is read and marked stale by the writer after its
//! commit, so a read that overlaps a write can never be remembered. Writers find slots in the map alone: none
//! that was handed out leaves it, or is left out of it, without being marked stale under the same lock.

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
        if !self.is_good(epoch) {
            return None;
        }
        self.content.get().map(Option::as_ref)
    }

    #[inline]
    fn is_good(&self, epoch: u64) -> bool {
        !self.stale.load(Ordering::Acquire) && self.epoch == epoch
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

/// A slot that was evicted or replaced may still be referenced by a worker's token cache, where no writer finds
/// it.
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
        let found = self.slots.get(&id);
        // Read after it: a slot that was found is of no later epoch.
        let epoch = self.epoch();
        match found {
            Some(slot) if slot.is_good(epoch) => slot,
            _ => self.place(id, epoch),
        }
    }

    /// Puts a new slot into the map, at once: a writer who came while its place was merely reserved would find
    /// nothing to mark. It takes the place of any other, whose holders are then read anew.
    fn place(&self, id: UserId, epoch: u64) -> Arc<Slot> {
        let slot = Arc::new(Slot {
            content: OnceLock::new(),
            stale: AtomicBool::new(false),
            epoch,
        });
        self.slots.insert(id, Arc::clone(&slot));
        slot
    }

    /// The slot of a user in the place of one that may have been read too early.
    pub(crate) fn replace(&self, id: UserId, slot: &Arc<Slot>) -> Arc<Slot> {
        slot.mark_stale();
        self.slot(id)
    }

    /// Forgets one user; call it after the commit and before the answer.
    pub(crate) fn forget(&self, id: UserId) {
        // Marked before it is gone: another writer who finds it no more may rely on it.
        self.slots.remove_if(&id, |slot| {
            slot.mark_stale();
            true
        });
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
    fn a_slot_that_another_takes_the_place_of_is_stale() {
        let principals = Principals::new(100);
        let before = principals.epoch();
        principals.forget_all();
        // Two have found none at once.
        let first = principals.place(1, principals.epoch());
        first.fill(Some(principal(1, 10)));
        let second = principals.place(1, principals.epoch());
        second.fill(Some(principal(1, 10)));
        assert_eq!(role_seen(&principals, &first), None);
        assert_eq!(role_seen(&principals, &second), Some(10));
        // A third has read the epoch before everybody was forgotten.
        let late = principals.place(1, before);
        late.fill(Some(principal(1, 10)));
        assert_eq!(role_seen(&principals, &second), None);
        assert_eq!(role_seen(&principals, &late), None);
        assert!(!Arc::ptr_eq(&late, &principals.slot(1)));
    }

    /// All that is done with slots, of two users; the slots that were handed out.
    fn use_slots(principals: &Principals, thread: i32) -> Vec<(UserId, Arc<Slot>)> {
        let mut slots = Vec::new();
        for step in 0..64 {
            let id = step % 2;
            let slot = principals.slot(id);
            match (step / 2 + thread) % 4 {
                0 => principals.forget(id),
                1 => slots.push((id, principals.replace(id, &slot))),
                2 if step % 16 == 4 => principals.forget_all(),
                _ => {}
            }
            slots.push((id, slot));
        }
        slots
    }

    #[test]
    fn whatever_is_done_at_once_a_slot_that_no_writer_finds_is_stale() {
        let principals = Principals::new(100);
        for _ in 0..300 {
            let slots: Vec<_> = std::thread::scope(|scope| {
                let principals = &principals;
                let threads: Vec<_> = (0..4)
                    .map(|thread| scope.spawn(move || use_slots(principals, thread)))
                    .collect();
                let slots = threads.into_iter().map(|thread| thread.join().unwrap());
                slots.flatten().collect()
            });
            for (id, slot) in slots {
                let is_found = principals
                    .slots
                    .peek(&id)
                    .is_some_and(|found| Arc::ptr_eq(&found, &slot));
                assert!(is_found || !slot.is_good(principals.epoch()));
            }
        }
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
