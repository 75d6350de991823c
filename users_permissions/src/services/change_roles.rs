//! Changing what roles are called and what they hold, several at once and all or nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::change_settings::version;
use super::changes::note;
use super::roles::{
    HOLDS_EVERYTHING, NOT_FOUND, RoleInput, change_grants, check_description, check_identity,
    check_name,
};
use super::{Actor, Services};
use crate::acl::Catalog;
use crate::error::{Error, Result};
use crate::model::{ADMINISTRATOR, ChangeKind, Difference, Role, RoleId};
use crate::store::{self, DbConn, transaction};

/// What becomes of the actions a role holds.
#[derive(Debug, Clone, Default)]
pub(crate) enum Grants {
    /// Nothing.
    #[default]
    Keep,
    /// The role shall hold these and no other.
    All(BTreeSet<String>),
    /// The role gets some and loses some; what others change meanwhile stays.
    Delta {
        granted: BTreeSet<String>,
        taken: BTreeSet<String>,
    },
}

/// A change of one role; `None` keeps what is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct RoleChange {
    pub(crate) name: Option<String>,
    /// `Some(None)` empties it.
    pub(crate) description: Option<Option<String>>,
    pub(crate) role_type: Option<String>,
    pub(crate) grants: Grants,
    /// Insist on this version of the role.
    pub(crate) expected: Option<String>,
}

impl From<RoleInput> for RoleChange {
    fn from(input: RoleInput) -> Self {
        Self {
            name: input.name,
            description: input.description,
            role_type: input.role_type,
            grants: input.granted.map_or(Grants::Keep, Grants::All),
            expected: None,
        }
    }
}

const STALE: Error = Error::Conflict("The role was changed meanwhile");

/// What a transaction needs to judge changes.
struct Judge<'a> {
    catalog: &'a Catalog,
    may_grant: &'a dyn Fn(&str) -> bool,
    actor: &'a Actor,
    /// Tokens of a trusted issuer may name roles.
    tokens_name_roles: bool,
}

impl Services {
    /// Changes a role. Grants of actions this program does not know are another program's and stay.
    pub(crate) async fn update_role(
        &self,
        actor: Actor,
        id: RoleId,
        input: RoleInput,
    ) -> Result<()> {
        self.change_roles(actor, vec![(id, input.into())])
            .await
            .map(drop)
    }

    /// Changes roles in one transaction and answers what became different, by role.
    pub(crate) async fn change_roles(
        &self,
        actor: Actor,
        changes: Vec<(RoleId, RoleChange)>,
    ) -> Result<Vec<Vec<Difference>>> {
        for (_, change) in &changes {
            if let Some(name) = &change.name {
                check_name(name)?;
            }
            check_description(change.description.as_ref().and_then(Option::as_deref))?;
            match &change.grants {
                Grants::Keep => {}
                Grants::All(all) => drop(self.positions(all.clone())?),
                Grants::Delta { granted, taken } => {
                    self.positions(granted | taken)?;
                }
            }
        }
        let ids: Vec<RoleId> = changes.iter().map(|(id, _)| *id).collect();
        let (catalog, rights) = (Arc::clone(&self.catalog), Arc::clone(&self.rights));
        let by = actor.id();
        let mut issuers = self.config.trusted_issuers.iter();
        let tokens_name_roles = issuers.any(|issuer| issuer.role_claim.is_some());
        let differences = self
            .change_rights(move |conn| {
                let may_grant = |action: &str| rights.actor_holds(&actor, &catalog, action);
                let judge = Judge {
                    catalog: &catalog,
                    may_grant: &may_grant,
                    actor: &actor,
                    tokens_name_roles,
                };
                transaction(conn, |conn| -> Result<Vec<_>> {
                    store::roles::line_up(conn)?;
                    let each = changes.into_iter();
                    each.map(|(id, change)| apply(conn, &judge, id, &change))
                        .collect()
                })
            })
            .await?;
        for id in ids {
            tracing::info!(target: "users_permissions::security", role = id, actor = by, "role changed");
        }
        Ok(differences)
    }
}

/// Changes a role; the caller holds the line, so of two writers the second sees what the first one left.
fn apply(
    conn: &mut DbConn,
    judge: &Judge<'_>,
    id: RoleId,
    change: &RoleChange,
) -> Result<Vec<Difference>> {
    let role = store::roles::find(conn, id)?.ok_or(NOT_FOUND)?;
    check_identity(&role, change.name.as_deref(), change.role_type.as_deref())?;
    let held: BTreeSet<String> = store::roles::granted(conn, id)?.into_iter().collect();
    if let Some(expected) = &change.expected
        && *expected != role_version(&role, &held)?
    {
        return Err(STALE);
    }
    if !may_rename(judge, &role, change.name.as_deref(), &held) {
        return Err(Error::Forbidden);
    }
    let description = change.description.as_ref().map(Option::as_deref);
    store::roles::update(conn, id, change.name.as_deref(), description)?;
    let (new, lost) = grants_after(judge, &role, &held, &change.grants)?;
    if !new.iter().all(|action| (judge.may_grant)(action)) {
        return Err(Error::Forbidden);
    }
    change_grants(conn, id, &new, &lost)?;
    let name = Difference::between(
        "name",
        Some(role.name.clone()),
        change.name.clone().or(Some(role.name.clone())),
    );
    let text = Difference::between(
        "description",
        role.description.clone(),
        change
            .description
            .clone()
            .unwrap_or(role.description.clone()),
    );
    let grant = |action: &&str| right(action, true);
    let loss = |action: &&str| right(action, false);
    let differences: Vec<_> = name
        .into_iter()
        .chain(text)
        .chain(new.iter().map(grant))
        .chain(lost.iter().map(loss))
        .collect();
    if !differences.is_empty() {
        let target = (Some(id), role.name.as_str());
        note(
            conn,
            judge.actor,
            ChangeKind::RoleChanged,
            target,
            &differences,
        )?;
    }
    Ok(differences)
}

/// Where tokens name roles, a new name hands the role to others: who gives it has to hold what the role holds.
fn may_rename(judge: &Judge<'_>, role: &Role, name: Option<&str>, held: &BTreeSet<String>) -> bool {
    let is_new = name.is_some_and(|name| name != role.name);
    !is_new || !judge.tokens_name_roles || held.iter().all(|action| (judge.may_grant)(action))
}

/// Actions the role gets and loses, of those it has not, or has.
fn grants_after<'a>(
    judge: &Judge<'a>,
    role: &Role,
    held: &BTreeSet<String>,
    grants: &Grants,
) -> Result<(Vec<&'a str>, Vec<&'a str>)> {
    let all = judge.catalog.actions().iter().map(|action| action.name());
    let (wanted, unwanted): (Vec<_>, Vec<_>) = match grants {
        Grants::Keep => return Ok((Vec::new(), Vec::new())),
        Grants::All(wanted) => all.partition(|action| wanted.contains(*action)),
        Grants::Delta { granted, taken } => (
            all.clone()
                .filter(|action| granted.contains(*action))
                .collect(),
            all.filter(|action| taken.contains(*action)).collect(),
        ),
    };
    if role.role_type == ADMINISTRATOR {
        return match unwanted.is_empty() {
            true => Ok((Vec::new(), Vec::new())),
            false => Err(Error::application(HOLDS_EVERYTHING)),
        };
    }
    let holds = |action: &&str| held.contains(*action);
    Ok((
        wanted.into_iter().filter(|action| !holds(action)).collect(),
        unwanted.into_iter().filter(holds).collect(),
    ))
}

/// A right that was granted or taken, as the log has it.
pub(super) fn right(action: &str, granted: bool) -> Difference {
    let (old, new) = match granted {
        true => ("no", "yes"),
        false => ("yes", "no"),
    };
    Difference {
        field: action.to_owned(),
        old: Some(old.to_owned()),
        new: Some(new.to_owned()),
    }
}

/// The version of a role: equal names and grants are equal versions.
pub(super) fn role_version(role: &Role, held: &BTreeSet<String>) -> Result<String> {
    let parts = [
        serde_json::json!([role.name, role.description]),
        serde_json::json!(held),
    ];
    version(&[&parts])
}
