//! Which roles somebody may give, take and manage.

use std::borrow::Borrow;
use std::sync::Arc;

use super::{Account, Actor, Services};
use crate::error::{Error, Field, Result};
use crate::model::{ADMINISTRATOR, PUBLIC, Role, RoleId, RoleRef, RolesChange, UserRoles};
use crate::store::{self, DbConn};

const NO_ROLE: &str = "Users must have a role";

/// Roles for a user, with what was read of them; nobody has said yet that they may be given.
#[derive(Debug)]
pub(super) struct Choice {
    roles: UserRoles,
    read: Vec<Arc<Role>>,
}

impl Services {
    /// The roles after a change; `None` when they stay what they are.
    pub(super) async fn changed_roles(
        &self,
        actor: &Actor,
        before: &Account,
        change: RolesChange<RoleRef>,
    ) -> Result<Option<UserRoles>> {
        if change.is_empty() {
            return Ok(None);
        }
        let (change, mut read) = self.store.run(move |conn| look_up(conn, change)).await?;
        let roles = change
            .apply(&before.user.roles)
            .ok_or_else(|| Error::field("roles", NO_ROLE))?;
        read.extend(before.roles.iter().cloned());
        let roles = self.check_may_give(actor, Choice { roles, read })?;
        Ok(Some(roles).filter(|roles| *roles != before.user.roles))
    }

    pub(super) fn check_may_give(&self, actor: &Actor, choice: Choice) -> Result<UserRoles> {
        let Choice { roles, mut read } = choice;
        // Those that are taken away are nobody's to judge.
        read.retain(|role| roles.iter().any(|id| id == role.id));
        self.check_may_manage(actor, &read)?;
        Ok(roles)
    }

    /// May the actor give somebody these roles, or manage somebody who has them? The public and the
    /// default role are everybody's to give; any other only with all that it holds.
    pub(super) fn check_may_manage<R: Borrow<Role>>(
        &self,
        actor: &Actor,
        roles: &[R],
    ) -> Result<()> {
        let settings = self.settings.load();
        let manageable = |role: &Role| {
            let common = role.role_type == PUBLIC || role.role_type == settings.default_role;
            (common && role.role_type != ADMINISTRATOR)
                || self.rights.actor_covers(actor, role.id, self.catalog.len())
        };
        if roles.iter().all(|role| manageable(role.borrow())) {
            Ok(())
        } else {
            Err(Error::Forbidden)
        }
    }

    /// May the actor do whatever an administrator may?
    pub(super) fn check_covers_everything(&self, actor: &Actor) -> Result<()> {
        let mut actions = 0..self.catalog.len();
        match actions.all(|action| self.rights.actor_allows(actor, action)) {
            true => Ok(()),
            false => Err(Error::Forbidden),
        }
    }
}

/// The roles of a new user: those asked for, else the default one.
pub(super) fn first_roles(
    conn: &mut DbConn,
    asked: RolesChange<RoleRef>,
    default_role: &str,
) -> Result<Choice> {
    let (asked, mut read) = look_up(conn, asked)?;
    let listed = asked.all.iter().flatten().chain(&asked.added);
    let roles = asked.primary.iter().chain(listed).copied();
    if let Some(roles) = UserRoles::from_places(roles) {
        return Ok(Choice { roles, read });
    }
    let role = store::roles::find_by_type(conn, default_role)?;
    let role = role.ok_or_else(|| Error::application("Impossible to find the default role"))?;
    let roles = UserRoles::new(role.id, []);
    read.push(Arc::new(role));
    Ok(Choice { roles, read })
}

/// A role was named that is not there.
pub(super) fn no_role() -> Error {
    Error::refused(Field::Roles, "The role does not exist")
}

/// The change by ids, and the roles it names.
fn look_up(
    conn: &mut DbConn,
    change: RolesChange<RoleRef>,
) -> Result<(RolesChange<RoleId>, Vec<Arc<Role>>)> {
    let mut read = Vec::new();
    let change = change.try_map(|role| match store::roles::find_ref(conn, &role)? {
        Some(role) => {
            let id = role.id;
            read.push(Arc::new(role));
            Ok(id)
        }
        None => Err(no_role()),
    })?;
    Ok((change, read))
}
