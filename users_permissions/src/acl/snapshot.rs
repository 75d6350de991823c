//! Who holds what at one moment: immutable, swapped as a whole.

use std::sync::Arc;

use crate::model::{ADMINISTRATOR, PUBLIC, Role, RoleId, UserRoles};

/// The grants of one role, a bit per action of the catalog.
#[derive(Debug, Clone)]
pub(crate) struct RoleGrants {
    role: Arc<Role>,
    everything: bool,
    bits: Box<[u64]>,
}

impl RoleGrants {
    /// The grants of `role` over a catalog of `actions` actions; the administrator holds them all.
    pub(crate) fn new(
        role: Role,
        actions: usize,
        granted: impl IntoIterator<Item = usize>,
    ) -> Self {
        let mut bits = vec![0u64; actions.div_ceil(64)].into_boxed_slice();
        for action in granted {
            if let Some(word) = bits.get_mut(action / 64) {
                *word |= 1 << (action % 64);
            }
        }
        Self {
            everything: role.role_type == ADMINISTRATOR,
            role: Arc::new(role),
            bits,
        }
    }

    pub(crate) fn role(&self) -> &Arc<Role> {
        &self.role
    }

    #[inline]
    pub(crate) fn allows(&self, action: usize) -> bool {
        self.everything
            || self
                .bits
                .get(action / 64)
                .is_some_and(|word| word & (1 << (action % 64)) != 0)
    }
}

/// All roles with their grants; in one cache line, for every request looks here.
#[derive(Debug, Clone, Default)]
#[repr(align(64))]
pub(crate) struct Snapshot {
    /// Sorted by id.
    roles: Vec<RoleGrants>,
    public: Option<RoleGrants>,
}

impl Snapshot {
    pub(crate) fn new(mut roles: Vec<RoleGrants>) -> Self {
        roles.sort_by_key(|grants| grants.role.id);
        let public = roles
            .iter()
            .find(|grants| grants.role.role_type == PUBLIC)
            .cloned();
        Self { roles, public }
    }

    /// All roles, by id.
    pub(crate) fn roles(&self) -> &[RoleGrants] {
        &self.roles
    }

    pub(crate) fn role(&self, id: RoleId) -> Option<&RoleGrants> {
        let at = self
            .roles
            .binary_search_by_key(&id, |grants| grants.role.id)
            .ok()?;
        self.roles.get(at)
    }

    /// The roles a user has, in its order; those not known yet are left out.
    pub(crate) fn roles_of(&self, roles: &UserRoles) -> Vec<Arc<Role>> {
        let known = roles.iter().filter_map(|id| self.role(id));
        known.map(|grants| Arc::clone(grants.role())).collect()
    }

    /// May a holder of the role perform the action? Unknown roles hold nothing.
    #[inline]
    pub(crate) fn role_allows(&self, role: RoleId, action: usize) -> bool {
        self.role(role).is_some_and(|grants| grants.allows(action))
    }

    /// May somebody of these roles perform the action? One role that holds it is enough.
    #[inline]
    pub(crate) fn allows(&self, roles: &UserRoles, action: usize) -> bool {
        self.role_allows(roles.primary(), action)
            || roles
                .others()
                .iter()
                .any(|role| self.role_allows(*role, action))
    }

    /// May a caller without a token perform the action?
    #[inline]
    pub(crate) fn public_allows(&self, action: usize) -> bool {
        self.public
            .as_ref()
            .is_some_and(|grants| grants.allows(action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(id: RoleId, role_type: &str) -> Role {
        Role::sample(id, role_type, "")
    }

    #[test]
    fn a_role_is_allowed_what_it_was_granted_and_nothing_else() {
        let snapshot = Snapshot::new(vec![
            RoleGrants::new(role(9, "editor"), 130, [0, 64, 129, 64, 500]),
            RoleGrants::new(role(2, PUBLIC), 130, [1]),
        ]);
        let held: Vec<_> = (0..200)
            .filter(|action| snapshot.role_allows(9, *action))
            .collect();
        assert_eq!(held, [0, 64, 129]);
        assert!(snapshot.public_allows(1) && !snapshot.public_allows(0));
        assert!(!snapshot.role_allows(3, 0), "an unknown role holds nothing");
    }

    #[test]
    fn rights_are_the_union_of_the_roles() {
        let snapshot = Snapshot::new(vec![
            RoleGrants::new(role(1, "editor"), 3, [0]),
            RoleGrants::new(role(2, "author"), 3, [1]),
        ]);
        let held = |roles: UserRoles| -> Vec<_> {
            (0..3)
                .filter(|action| snapshot.allows(&roles, *action))
                .collect()
        };
        assert_eq!(held(UserRoles::new(1, [])), [0]);
        assert_eq!(held(UserRoles::new(1, [2])), [0, 1]);
        assert_eq!(held(UserRoles::new(7, [2])), [1]);
    }

    #[test]
    fn roles_are_found_by_their_ids() {
        let snapshot = Snapshot::new(vec![
            RoleGrants::new(role(3, "three"), 0, []),
            RoleGrants::new(role(1, "one"), 0, []),
            RoleGrants::new(role(2, "two"), 0, []),
        ]);
        let types = |roles: &UserRoles| -> Vec<String> {
            let roles = snapshot.roles_of(roles);
            roles.iter().map(|role| role.role_type.clone()).collect()
        };
        assert_eq!(types(&UserRoles::new(3, [1, 7])), ["three", "one"]);
        assert!(snapshot.role(0).is_none() && snapshot.role(4).is_none());
        let ids: Vec<_> = snapshot
            .roles()
            .iter()
            .map(|grants| grants.role().id)
            .collect();
        assert_eq!(ids, [1, 2, 3]);
    }

    #[test]
    fn the_administrator_holds_actions_that_appear_later() {
        let snapshot = Snapshot::new(vec![RoleGrants::new(role(1, ADMINISTRATOR), 1, [])]);
        assert!(snapshot.role_allows(1, 0) && snapshot.role_allows(1, 5_000));
    }

    #[test]
    fn nothing_is_allowed_without_roles() {
        assert!(!Snapshot::default().public_allows(0));
    }
}
