//! Which roles somebody may give, take and manage.

use std::sync::Arc;

use super::{Account, Actor, Services, settings};
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
        let roles = self.check_may_give(actor, Choice { roles, read }).await?;
        Ok(Some(roles).filter(|roles| *roles != before.user.roles))
    }

    pub(super) async fn check_may_give(&self, actor: &Actor, choice: Choice) -> Result<UserRoles> {
        let Choice { roles, mut read } = choice;
        // Those that are taken away are nobody's to judge.
        read.retain(|role| roles.iter().any(|id| id == role.id));
        self.check_may_manage(actor, read).await?;
        Ok(roles)
    }

    /// May the actor give somebody these roles, or manage somebody who has them? The public and the
    /// default role are everybody's to give; any other only with all that it holds.
    ///
    /// What a role holds is asked of the database: another instance, or another version of the program, may have
    /// made it and know more of it than this one.
    pub(super) async fn check_may_manage(
        &self,
        actor: &Actor,
        roles: Vec<Arc<Role>>,
    ) -> Result<()> {
        if self.rights.is_administrator(actor) {
            return Ok(());
        }
        let held = self.store.run(move |conn| held(conn, &roles)).await?;
        let holds = |action: &String| self.rights.actor_holds(actor, &self.catalog, action);
        for of_one in held {
            match of_one {
                Held::Common => {}
                Held::Everything => self.check_covers_everything(actor)?,
                Held::Actions(actions) if actions.iter().all(holds) => {}
                Held::Actions(_) => return Err(Error::Forbidden),
            }
        }
        Ok(())
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

/// What a role holds, as far as it matters to whoever gives it.
enum Held {
    /// Whatever it is: everybody may have it.
    Common,
    Everything,
    Actions(Vec<String>),
}

fn held(conn: &mut DbConn, roles: &[Arc<Role>]) -> Result<Vec<Held>> {
    let default_role = settings::in_force(conn)?.default_role;
    let of_one = |role: &Arc<Role>| {
        Ok(match role.role_type.as_str() {
            ADMINISTRATOR => Held::Everything,
            role_type if role_type == PUBLIC || role_type == default_role => Held::Common,
            _ => Held::Actions(store::roles::granted(conn, role.id)?),
        })
    };
    roles.iter().map(of_one).collect()
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
