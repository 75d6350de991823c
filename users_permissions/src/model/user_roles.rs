//! Which roles a user has.

use super::RoleId;

/// The roles of a user: the primary one, Strapi's `role`, and any others. Permissions are their union.
///
/// ```
/// use users_permissions::User;
///
/// fn describe(user: &User) -> String {
///     format!("role {} and {} more", user.roles.primary(), user.roles.iter().count() - 1)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRoles {
    primary: RoleId,
    others: Box<[RoleId]>,
}

impl UserRoles {
    /// The primary role and others, each of which counts once.
    pub(crate) fn new(primary: RoleId, others: impl IntoIterator<Item = RoleId>) -> Self {
        let mut distinct = Vec::new();
        for role in others {
            if role != primary && !distinct.contains(&role) {
                distinct.push(role);
            }
        }
        Self {
            primary,
            others: distinct.into(),
        }
    }

    /// The first is the primary one; `None` without any.
    pub(crate) fn from_places(roles: impl IntoIterator<Item = RoleId>) -> Option<Self> {
        let mut roles = roles.into_iter();
        Some(Self::new(roles.next()?, roles))
    }

    /// The primary role, Strapi's `role`.
    ///
    /// ```
    /// # use users_permissions::{RoleId, User};
    /// fn role(user: &User) -> RoleId {
    ///     user.roles.primary()
    /// }
    /// ```
    pub fn primary(&self) -> RoleId {
        self.primary
    }

    /// All roles, the primary one first.
    ///
    /// ```
    /// # use users_permissions::{RoleId, User};
    /// fn roles(user: &User) -> Vec<RoleId> {
    ///     user.roles.iter().collect()
    /// }
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = RoleId> {
        std::iter::once(self.primary).chain(self.others.iter().copied())
    }

    /// The roles beside the primary one.
    pub(crate) fn others(&self) -> &[RoleId] {
        &self.others
    }
}

/// Change of a user's roles, as far as a body tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RolesChange<R> {
    /// The primary role.
    pub(crate) primary: Option<R>,
    /// All roles there shall be.
    pub(crate) all: Option<Vec<R>>,
    /// Roles to add.
    pub(crate) added: Vec<R>,
    /// Roles to take away.
    pub(crate) removed: Vec<R>,
}

impl<R> Default for RolesChange<R> {
    fn default() -> Self {
        Self {
            primary: None,
            all: None,
            added: Vec::new(),
            removed: Vec::new(),
        }
    }
}

impl<R> RolesChange<R> {
    pub(crate) fn is_empty(&self) -> bool {
        self.primary.is_none()
            && self.all.is_none()
            && self.added.is_empty()
            && self.removed.is_empty()
    }

    /// The same change, with every role looked up.
    pub(crate) fn try_map<S, E>(
        self,
        mut look_up: impl FnMut(R) -> Result<S, E>,
    ) -> Result<RolesChange<S>, E> {
        let mut list = |roles: Vec<R>| roles.into_iter().map(&mut look_up).collect();
        let all = self.all.map(&mut list).transpose()?;
        let (added, removed) = (list(self.added)?, list(self.removed)?);
        Ok(RolesChange {
            primary: self.primary.map(look_up).transpose()?,
            all,
            added,
            removed,
        })
    }
}

impl RolesChange<RoleId> {
    /// The roles after the change; `None` when none is left. The primary role stays what it was as long
    /// as it is among them; a list on its own makes its first one primary.
    pub(crate) fn apply(&self, before: &UserRoles) -> Option<UserRoles> {
        let mut roles: Vec<RoleId> = match (&self.all, self.primary) {
            (Some(all), _) => all.clone(),
            // A new primary role takes the place of the old one.
            (None, Some(primary)) => std::iter::once(primary)
                .chain(before.others.iter().copied())
                .collect(),
            (None, None) => before.iter().collect(),
        };
        roles.extend(&self.added);
        roles.retain(|role| !self.removed.contains(role));
        let primary = self
            .primary
            .or_else(|| roles.contains(&before.primary).then_some(before.primary))
            .or_else(|| roles.first().copied())?;
        Some(UserRoles::new(primary, roles))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(before: &[RoleId], change: RolesChange<RoleId>) -> Option<Vec<RoleId>> {
        let before = UserRoles::from_places(before.iter().copied()).unwrap();
        change.apply(&before).map(|roles| roles.iter().collect())
    }

    #[test]
    fn each_role_counts_once() {
        let roles = UserRoles::from_places([3, 1, 3, 2, 1]).unwrap();
        assert_eq!(roles.iter().collect::<Vec<_>>(), [3, 1, 2]);
        assert_eq!(UserRoles::from_places([]), None);
    }

    #[test]
    fn a_new_primary_role_leaves_the_others_alone() {
        let change = RolesChange {
            primary: Some(5),
            ..Default::default()
        };
        assert_eq!(after(&[1, 2, 3], change), Some(vec![5, 2, 3]));
    }

    #[test]
    fn a_list_is_all_there_is_and_keeps_a_primary_role_it_holds() {
        let all = |all: &[RoleId]| RolesChange {
            all: Some(all.to_vec()),
            ..Default::default()
        };
        assert_eq!(after(&[1, 2], all(&[4, 1])), Some(vec![1, 4]));
        assert_eq!(after(&[1, 2], all(&[4, 3])), Some(vec![4, 3]));
        assert_eq!(after(&[1, 2], all(&[])), None);
    }

    #[test]
    fn roles_are_added_and_taken_away() {
        let change = RolesChange {
            added: vec![3],
            removed: vec![1],
            ..Default::default()
        };
        assert_eq!(after(&[1, 2], change), Some(vec![2, 3]));
        let change = RolesChange {
            removed: vec![1],
            ..Default::default()
        };
        assert_eq!(after(&[1], change), None);
    }
}
