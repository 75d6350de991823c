//! The log of changes: written in the transaction of what it tells about.

use super::{Account, Actor, Services};
use crate::error::{Error, Result};
use crate::model::{
    AdvancedSettings, Change, ChangeFilter, ChangeKind, Difference, MailTemplate, StoredProvider,
};
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

/// What differs between two states of the advanced settings.
pub(super) fn advanced_differences(
    old: &AdvancedSettings,
    new: &AdvancedSettings,
) -> Vec<Difference> {
    let values = |settings: &AdvancedSettings| {
        [
            ("unique_email", Some(settings.unique_email.to_string())),
            ("allow_register", Some(settings.allow_register.to_string())),
            (
                "email_confirmation",
                Some(settings.email_confirmation.to_string()),
            ),
            (
                "email_reset_password",
                settings.email_reset_password.clone(),
            ),
            (
                "email_confirmation_redirection",
                settings.email_confirmation_redirection.clone(),
            ),
            ("default_role", Some(settings.default_role.clone())),
        ]
    };
    let pairs = values(old).into_iter().zip(values(new));
    pairs
        .filter_map(|((field, old), (_, new))| Difference::between(field, old, new))
        .collect()
}

/// What differs between two templates of a mail.
pub(super) fn template_differences(
    old: Option<&MailTemplate>,
    new: &MailTemplate,
) -> Vec<Difference> {
    let values = |template: &MailTemplate| {
        [
            ("from.name", template.from.name.clone()),
            ("from.email", template.from.email.clone()),
            ("response_email", template.response_email.clone()),
            ("object", template.object.clone()),
            ("message", template.message.clone()),
        ]
    };
    let old = old.map(values);
    let each = values(new).into_iter().enumerate();
    each.filter_map(|(at, (field, new))| {
        let old = old.as_ref().and_then(|old| old.get(at));
        Difference::between(field, old.map(|(_, old)| old.clone()), Some(new))
    })
    .collect()
}

/// What differs between two states of a provider. Of the secret, only that it differs.
pub(super) fn provider_differences(old: &StoredProvider, new: &StoredProvider) -> Vec<Difference> {
    let values = |provider: &StoredProvider| {
        let settings = &provider.settings;
        [
            ("enabled", settings.enabled.to_string()),
            ("key", settings.key.clone()),
            ("callback", settings.callback.join("\n")),
            ("scope", settings.scope.join(" ")),
            ("subdomain", settings.subdomain.clone()),
            ("issuer", settings.issuer.clone()),
            ("authorize_url", settings.authorize_url.clone()),
            ("access_url", settings.access_url.clone()),
            ("profile_url", settings.profile_url.clone()),
            ("jwksurl", settings.jwksurl.clone()),
            ("introspection_url", settings.introspection_url.clone()),
            (
                "accept_provider_tokens",
                settings.accept_provider_tokens.to_string(),
            ),
            (
                "link_by_verified_email",
                settings.link_by_verified_email.to_string(),
            ),
        ]
    };
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let pairs = values(old).into_iter().zip(values(new));
    let mut found: Vec<_> = pairs
        .filter_map(|((field, old), (_, new))| Difference::between(field, some(old), some(new)))
        .collect();
    if old.sealed != new.sealed {
        let hidden = |provider: &StoredProvider| provider.sealed.as_ref().map(|_| "***".to_owned());
        found.push(Difference {
            field: "secret".to_owned(),
            old: hidden(old),
            new: hidden(new),
        });
    }
    found
}

pub(super) fn shown(value: &crate::model::ProfileValue) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

impl Services {
    /// The newest changes first.
    pub(crate) async fn changes(&self, filter: ChangeFilter, limit: i64) -> Result<Vec<Change>> {
        // No text that is stored holds a NUL, and PostgreSQL takes none in a query.
        let has_nul = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains('\0'));
        if has_nul(&filter.actor) || has_nul(&filter.text) {
            return Ok(Vec::new());
        }
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
