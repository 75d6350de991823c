//! The log of changes: written in the transaction of what it tells about.

use super::{Account, Actor, Services};
use crate::error::{Error, Result};
use crate::model::{Change, ChangeFilter, ChangeKind, Difference};
use crate::store::changes::NewChange;
use crate::store::{self, DbConn};

/// Bytes of a name in the log; longer ones are cut.
const NAME: usize = 255;

/// What was changed: its id, where it has one, and its name.
pub(super) type Target<'a> = (Option<i32>, &'a str);

/// Adds an entry, in the caller's transaction.
pub(super) fn note(
    conn: &mut DbConn,
    actor: &Actor,
    kind: ChangeKind,
    (target_id, target): Target<'_>,
    differences: &[Difference],
) -> Result<()> {
    let (actor_id, name, origin) = match actor {
        Actor::Public => (None, "public", String::new()),
        Actor::User {
            id, name, origin, ..
        } => (Some(*id), name.as_str(), origin.to_string()),
        Actor::Stranger { name, origin, .. } => (None, name.as_str(), origin.to_string()),
    };
    let changes = serde_json::to_string(differences).map_err(Error::internal)?;
    let new = NewChange {
        actor_id,
        actor: cut(name),
        origin: &origin,
        kind,
        target_id,
        target: cut(target),
        changes: &changes,
    };
    Ok(store::changes::add(conn, new)?)
}

fn cut(name: &str) -> &str {
    let mut end = name.len().min(NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

/// What differs between two states of a user. Of what must not be read, only that it differs.
pub(super) fn user_differences(
    old: Option<&Account>,
    new: &Account,
    private: &[String],
    new_password: bool,
) -> Vec<Difference> {
    let both = |field: &str, value: &dyn Fn(&Account) -> String| {
        Difference::between(field, old.map(value), Some(value(new)))
    };
    let roles = |account: &Account| {
        let names: Vec<_> = account.roles.iter().map(|role| &*role.name).collect();
        names.join(", ")
    };
    let mut found = vec![
        both("username", &|account| account.user.username.clone()),
        both("email", &|account| account.user.email.clone()),
        both("roles", &roles),
        both("confirmed", &|account| account.user.confirmed.to_string()),
        both("blocked", &|account| account.user.blocked.to_string()),
    ];
    if new_password {
        found.push(Some(Difference {
            field: "password".to_owned(),
            old: None,
            new: Some("***".to_owned()),
        }));
    }
    let known = old.iter().flat_map(|old| old.user.profile.keys());
    let mut fields: Vec<_> = known.chain(new.user.profile.keys()).collect();
    fields.sort_unstable();
    fields.dedup();
    for field in fields {
        let value = |account: &Account| account.user.profile.get(field).map(shown);
        let (before, after) = (old.and_then(value), value(new));
        let hide = |value: Option<String>| value.map(|_| "***".to_owned());
        if before == after {
            continue;
        }
        let (old, new) = if private.contains(field) {
            (hide(before), hide(after))
        } else {
            (before, after)
        };
        found.push(Some(Difference {
            field: field.clone(),
            old,
            new,
        }));
    }
    found.into_iter().flatten().collect()
}

fn shown(value: &crate::model::ProfileValue) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

impl Services {
    /// The newest changes first.
    pub(crate) async fn changes(&self, filter: ChangeFilter, limit: i64) -> Result<Vec<Change>> {
        self.store
            .run(move |conn| store::changes::list(conn, &filter, limit))
            .await
    }

    /// Names of the profile fields nobody may read.
    pub(super) fn private_fields(&self) -> Vec<String> {
        let fields = self.config.profile_fields.iter();
        fields
            .filter(|field| field.private)
            .map(|field| field.name.clone())
            .collect()
    }
}
