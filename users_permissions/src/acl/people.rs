//! What callers may whom a trusted issuer vouches for.

use std::sync::Arc;

use super::snapshot::{RoleGrants, Snapshot};
use crate::model::{Person, Role, RoleId, UserRoles};

impl Snapshot {
    /// The roles the token gives, as they are now.
    fn given<'a>(&'a self, person: &'a Person) -> impl Iterator<Item = &'a RoleGrants> {
        self.roles()
            .iter()
            .filter(|grants| person.has(grants.role()))
    }

    /// The roles of somebody who is no user: those of the token, or the default one.
    fn of_stranger<'a>(&'a self, person: &'a Person) -> impl Iterator<Item = &'a RoleGrants> {
        let has_none = self.given(person).next().is_none();
        let default = self
            .roles()
            .iter()
            .filter(move |grants| has_none && grants.role().role_type == person.default_role);
        self.given(person).chain(default)
    }

    /// May a user with such a token perform the action? What the token gives comes on top.
    pub(crate) fn allows_linked(&self, roles: &UserRoles, person: &Person, action: usize) -> bool {
        self.allows(roles, action)
            || self.given(person).any(|grants| grants.allows(action))
            || person.actions.contains(&action)
    }

    /// May somebody who is no user perform the action?
    pub(crate) fn allows_stranger(&self, person: &Person, action: usize) -> bool {
        self.of_stranger(person).any(|grants| grants.allows(action))
            || person.actions.contains(&action)
    }

    /// The user's roles and those of the token.
    pub(crate) fn linked_roles(&self, roles: &UserRoles, person: &Person) -> UserRoles {
        let given: Vec<RoleId> = self.given(person).map(|grants| grants.role().id).collect();
        UserRoles::new(roles.primary(), roles.others().iter().copied().chain(given))
    }

    /// The roles of somebody who is no user.
    pub(crate) fn stranger_roles(&self, person: &Person) -> Vec<Arc<Role>> {
        let roles = self.of_stranger(person);
        roles.map(|grants| Arc::clone(grants.role())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(id: RoleId, role_type: &str, name: &str) -> Role {
        Role::sample(id, role_type, name)
    }

    fn snapshot() -> Snapshot {
        Snapshot::new(vec![
            RoleGrants::new(role(1, "authenticated", "Authenticated"), 4, [0]),
            RoleGrants::new(role(2, "editor", "The editors"), 4, [1]),
            RoleGrants::new(role(3, "administrator", "Boss"), 4, []),
        ])
    }

    fn person(named: &[&str], given: &[&str]) -> Person {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Person {
            issuer: String::new(),
            subject: String::new(),
            named_roles: texts(named),
            given_roles: texts(given),
            default_role: "authenticated".to_owned(),
            permissions: Vec::new(),
            actions: vec![3],
            organisation: None,
        }
    }

    fn held(person: &Person) -> Vec<usize> {
        let snapshot = snapshot();
        (0..4)
            .filter(|action| snapshot.allows_stranger(person, *action))
            .collect()
    }

    #[test]
    fn roles_go_by_type_or_name_and_the_default_one_is_for_those_without() {
        assert_eq!(held(&person(&["editor"], &[])), [1, 3]);
        assert_eq!(held(&person(&["The editors", "unknown"], &[])), [1, 3]);
        assert_eq!(held(&person(&["unknown"], &[])), [0, 3]);
        assert_eq!(held(&person(&[], &[])), [0, 3]);
        let types = |person: &Person| -> Vec<String> {
            let roles = snapshot().stranger_roles(person);
            roles.iter().map(|role| role.role_type.clone()).collect()
        };
        assert_eq!(types(&person(&["editor"], &[])), ["editor"]);
        assert_eq!(types(&person(&[], &[])), ["authenticated"]);
    }

    #[test]
    fn no_token_names_the_administrator() {
        for name in ["administrator", "Boss"] {
            assert_eq!(held(&person(&[name], &[])), [0, 3], "{name}");
        }
        assert_eq!(held(&person(&[], &["administrator"])), [0, 1, 2, 3]);
    }

    #[test]
    fn what_a_token_gives_a_user_comes_on_top() {
        let (snapshot, roles) = (snapshot(), UserRoles::new(1, []));
        let editor = person(&["editor"], &[]);
        let held: Vec<_> = (0..4)
            .filter(|action| snapshot.allows_linked(&roles, &editor, *action))
            .collect();
        assert_eq!(held, [0, 1, 3]);
        let both: Vec<_> = snapshot.linked_roles(&roles, &editor).iter().collect();
        assert_eq!(both, [1, 2]);
    }
}
