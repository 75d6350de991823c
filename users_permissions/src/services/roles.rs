//! Roles: what they are called and what they hold.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::change_roles::{right, role_version};
use super::changes::note;
use super::{Actor, Services, settings};
use crate::error::{Error, Field, Result};
use crate::model::{
    ADMINISTRATOR, ChangeKind, Difference, PUBLIC, Role, RoleId, SEEDED_ROLES, snake_case,
};
use crate::store::{self, Conflict, DbConn, transaction};

pub(super) const NOT_FOUND: Error = Error::NotFound("Role not found");
pub(super) const HOLDS_EVERYTHING: &str = "The administrator role holds every action";

/// A role as the list shows it.
#[derive(Debug)]
pub(crate) struct RoleSummary {
    pub(crate) role: Role,
    pub(crate) users: i64,
}

/// A role with the actions it holds, by catalog position.
#[derive(Debug)]
pub(crate) struct RoleDetail {
    pub(crate) role: Role,
    pub(crate) holds: Vec<bool>,
    /// Names of the actions it holds, of those that handlers carry.
    pub(crate) names: Vec<String>,
    /// Actions it holds that no handler carries.
    pub(crate) stale: Vec<String>,
    /// What a change may insist on.
    pub(crate) version: String,
}

/// What a role is made or changed to; `None` keeps what is there.
#[derive(Debug, Default)]
pub(crate) struct RoleInput {
    pub(crate) name: Option<String>,
    /// `Some(None)` empties it.
    pub(crate) description: Option<Option<String>>,
    /// New roles only.
    pub(crate) role_type: Option<String>,
    /// Names of every action the role shall hold.
    pub(crate) granted: Option<BTreeSet<String>>,
}

impl Services {
    pub(crate) async fn list_roles(&self) -> Result<Vec<RoleSummary>> {
        let (roles, counts) = self
            .store
            .run(|conn| -> Result<_> {
                Ok((
                    store::roles::list(conn)?,
                    store::memberships::count_by_role(conn)?,
                ))
            })
            .await?;
        let counts: HashMap<RoleId, i64> = counts.into_iter().collect();
        let summary = |role: Role| RoleSummary {
            users: counts.get(&role.id).copied().unwrap_or(0),
            role,
        };
        Ok(roles.into_iter().map(summary).collect())
    }

    pub(crate) async fn role(&self, id: RoleId) -> Result<RoleDetail> {
        let (role, granted) = self
            .store
            .run(move |conn| -> Result<_> {
                let role = store::roles::find(conn, id)?.ok_or(NOT_FOUND)?;
                Ok((role, store::roles::granted(conn, id)?))
            })
            .await?;
        let everything = role.role_type == ADMINISTRATOR;
        let mut holds = vec![everything; self.catalog.len()];
        let granted: BTreeSet<String> = granted.into_iter().collect();
        let (mut names, mut stale) = (Vec::new(), Vec::new());
        for action in &granted {
            let place = self.catalog.position(action);
            match place.and_then(|place| holds.get_mut(place)) {
                Some(held) => {
                    *held = true;
                    names.push(action.clone());
                }
                None => stale.push(action.clone()),
            }
        }
        Ok(RoleDetail {
            version: role_version(&role, &granted)?,
            role,
            holds,
            names,
            stale,
        })
    }

    pub(crate) async fn create_role(&self, actor: Actor, input: RoleInput) -> Result<RoleId> {
        let name = input
            .name
            .ok_or_else(|| Error::field("name", "name is a required field"))?;
        check_name(&name)?;
        let role_type = input.role_type.unwrap_or_else(|| snake_case(&name));
        check_type(&role_type)?;
        let description = input.description.flatten();
        check_description(description.as_deref())?;
        if is_reserved(&role_type) || is_reserved(&snake_case(&name)) {
            return Err(Error::refused(
                Field::RoleName,
                "This role name is reserved",
            ));
        }
        let granted = self.positions(input.granted.unwrap_or_default())?;
        self.check_may_grant(&actor, &granted)?;
        let names = self.action_names(&granted);
        let by = actor.id();
        let id = self
            .change_rights(move |conn| {
                transaction(conn, |conn| -> Result<_> {
                    store::roles::line_up(conn)?;
                    let role =
                        store::roles::create(conn, &role_type, &name, description.as_deref())
                            .map_err(|error| match store::conflict(&error) {
                                Some(Conflict::Taken) => {
                                    let text = "A role of this type already exists";
                                    Error::refused(Field::RoleName, text)
                                }
                                _ => error.into(),
                            })?;
                    change_grants(conn, role.id, &names, &[])?;
                    let told = [("name", Some(name)), ("description", description)];
                    let told = told.map(|(field, new)| Difference::between(field, None, new));
                    let grants = names.iter().map(|action| right(action, true));
                    let told: Vec<_> = told.into_iter().flatten().chain(grants).collect();
                    let target = (Some(role.id), role.name.as_str());
                    note(conn, &actor, ChangeKind::RoleCreated, target, &told)?;
                    Ok(role.id)
                })
            })
            .await?;
        tracing::info!(target: "users_permissions::security", role = id, actor = by, "role created");
        Ok(id)
    }

    /// Deletes a role; its users move to the public role in the same transaction.
    pub(crate) async fn delete_role(&self, actor: Actor, id: RoleId) -> Result<()> {
        let (principals, by) = (Arc::clone(&self.principals), actor.id());
        let delete = move |conn: &mut DbConn| -> Result<()> {
            transaction(conn, |conn| -> Result<_> {
                store::roles::line_up(conn)?;
                let role = store::roles::find(conn, id)?.ok_or(NOT_FOUND)?;
                if role.role_type == PUBLIC {
                    return Err(Error::application("Cannot delete public role"));
                }
                if role.role_type == ADMINISTRATOR {
                    return Err(Error::application("Cannot delete administrator role"));
                }
                if role.role_type == settings::in_force(conn)?.default_role {
                    return Err(Error::application("Cannot delete the default role"));
                }
                let public = store::roles::find_by_type(conn, PUBLIC)?
                    .ok_or_else(|| Error::internal("the public role is missing"))?;
                store::memberships::replace_role(conn, id, public.id)?;
                store::roles::delete(conn, id).map_err(|error| {
                    match store::conflict(&error) {
                        // Somebody was given the role while it was emptied.
                        Some(Conflict::MissingReference) => Error::unavailable(error),
                        _ => error.into(),
                    }
                })?;
                let target = (Some(id), role.name.as_str());
                let told = Difference::between("name", Some(role.name.clone()), None);
                note(
                    conn,
                    &actor,
                    ChangeKind::RoleDeleted,
                    target,
                    told.as_slice(),
                )
            })?;
            principals.forget_all();
            Ok(())
        };
        self.change_rights(delete).await?;
        tracing::info!(target: "users_permissions::security", role = id, actor = by, "role deleted");
        Ok(())
    }

    /// Names of the actions the database knows, sorted; those outside of the catalog are stale.
    pub(crate) async fn known_actions(&self) -> Result<BTreeSet<String>> {
        Ok(self
            .store
            .run(store::actions::all)
            .await?
            .into_keys()
            .collect())
    }

    /// Removes a stale action with every grant of it.
    pub(crate) async fn delete_stale_action(&self, actor: Actor, action: String) -> Result<()> {
        if self.catalog.position(&action).is_some() {
            return Err(Error::application("The action is in use"));
        }
        self.change_rights(move |conn| {
            transaction(conn, |conn| -> Result<_> {
                store::roles::line_up(conn)?;
                let id = store::actions::all(conn)?.get(&action).copied();
                let id = id.ok_or(Error::NotFound("Action not found"))?;
                store::actions::remove(conn, id, &action)?;
                let target = (None, action.as_str());
                note(conn, &actor, ChangeKind::ActionRemoved, target, &[])
            })
        })
        .await
    }

    pub(super) fn positions(&self, names: BTreeSet<String>) -> Result<BTreeSet<usize>> {
        let position = |name: String| {
            self.catalog
                .position(&name)
                .ok_or_else(|| Error::field("permissions", format!("Unknown action {name}")))
        };
        names.into_iter().map(position).collect()
    }

    fn action_names<'a>(
        &self,
        positions: impl IntoIterator<Item = &'a usize>,
    ) -> Vec<&'static str> {
        let name = |at: &usize| self.catalog.actions().get(*at).map(|action| action.name());
        positions.into_iter().filter_map(name).collect()
    }

    /// Nobody hands out what they lack.
    fn check_may_grant(&self, actor: &Actor, actions: &BTreeSet<usize>) -> Result<()> {
        if actions
            .iter()
            .all(|action| self.rights.actor_allows(actor, *action))
        {
            Ok(())
        } else {
            Err(Error::Forbidden)
        }
    }
}

pub(super) fn change_grants(
    conn: &mut DbConn,
    role: RoleId,
    grant: &[&str],
    revoke: &[&str],
) -> Result<()> {
    if grant.is_empty() && revoke.is_empty() {
        return Ok(());
    }
    let ids = store::actions::all(conn)?;
    let held: BTreeSet<String> = store::roles::granted(conn, role)?.into_iter().collect();
    let revoked: Vec<i32> = revoke
        .iter()
        .filter_map(|action| ids.get(*action).copied())
        .collect();
    store::roles::revoke(conn, role, &revoked)?;
    for action in grant.iter().filter(|action| !held.contains(**action)) {
        let id = match ids.get(*action) {
            Some(id) => *id,
            None => store::actions::create(conn, action)?,
        };
        store::roles::grant(conn, role, id)?;
    }
    Ok(())
}

/// The type stays, and no role takes a seeded one's name.
pub(super) fn check_identity(
    role: &Role,
    name: Option<&str>,
    role_type: Option<&str>,
) -> Result<()> {
    if role_type.is_some_and(|role_type| *role_type != role.role_type) {
        return Err(Error::field("type", "type cannot be changed"));
    }
    let key = name.map(snake_case).unwrap_or_default();
    if is_reserved(&key) && key != role.role_type {
        return Err(Error::refused(
            Field::RoleName,
            "This role name is reserved",
        ));
    }
    Ok(())
}

pub(super) fn check_name(name: &str) -> Result<()> {
    match name.chars().count() {
        0..=2 => Err(Error::field("name", "name must be at least 3 characters")),
        256.. => Err(Error::field("name", "name must be at most 255 characters")),
        _ if name.trim() != name || name.chars().any(char::is_control) => Err(Error::field(
            "name",
            "name contains characters that are not allowed",
        )),
        _ => Ok(()),
    }
}

/// Characters of a description; fits the smallest text column of the three databases.
const MAX_DESCRIPTION: usize = 4_000;

pub(super) fn check_description(text: Option<&str>) -> Result<()> {
    let fits = |text: &str| !text.contains('\0') && text.chars().count() <= MAX_DESCRIPTION;
    match text.is_none_or(fits) {
        true => Ok(()),
        false => Err(Error::field(
            "description",
            "description is too long or holds a NUL",
        )),
    }
}

fn check_type(role_type: &str) -> Result<()> {
    let fits = (1..=255).contains(&role_type.chars().count());
    if fits
        && role_type
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
    {
        Ok(())
    } else {
        Err(Error::field(
            "type",
            "type must consist of letters, digits, `_` and `-`",
        ))
    }
}

fn is_reserved(key: &str) -> bool {
    SEEDED_ROLES
        .iter()
        .any(|(role_type, ..)| key.eq_ignore_ascii_case(role_type))
}
