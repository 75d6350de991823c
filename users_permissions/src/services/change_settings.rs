//! Changing the settings. A writer may say which version it has read; then nobody's change is lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::changes::{advanced_differences, note, template_differences};
use super::check_settings::{check_pages, check_template, pages, template_error};
use super::settings::{ADVANCED, in_force, parse_templates, template_row};
use super::{Actor, Delivery, Hooks, Services};
use crate::config::Secret;
use crate::error::{Error, Field, Result};
use crate::mail::MailTemplates;
use crate::model::{
    ADMINISTRATOR, AdvancedSettings, ChangeKind, Email, MailKind, MailTemplate, NewMail, UserId,
};
use crate::store::{self, Conflict, DbConn, transaction};

/// A setting as it was read, and the version a change may insist on.
#[derive(Debug)]
pub(crate) struct Versioned<T> {
    pub(crate) value: T,
    pub(crate) version: String,
}

/// A change of the advanced settings; `None` keeps what is there, `Some(None)` empties.
#[derive(Debug, Default)]
pub(crate) struct AdvancedChange {
    pub(crate) unique_email: Option<bool>,
    pub(crate) allow_register: Option<bool>,
    pub(crate) email_confirmation: Option<bool>,
    pub(crate) email_reset_password: Option<Option<String>>,
    pub(crate) email_confirmation_redirection: Option<Option<String>>,
    pub(crate) default_role: Option<String>,
}

impl AdvancedChange {
    fn apply_to(self, settings: &AdvancedSettings) -> AdvancedSettings {
        let old = settings.clone();
        AdvancedSettings {
            unique_email: self.unique_email.unwrap_or(old.unique_email),
            allow_register: self.allow_register.unwrap_or(old.allow_register),
            email_confirmation: self.email_confirmation.unwrap_or(old.email_confirmation),
            email_reset_password: self
                .email_reset_password
                .unwrap_or(old.email_reset_password),
            email_confirmation_redirection: self
                .email_confirmation_redirection
                .unwrap_or(old.email_confirmation_redirection),
            default_role: self.default_role.unwrap_or(old.default_role),
        }
    }
}

const STALE: Error = Error::Conflict("The settings were changed meanwhile; read them again");
/// Bytes of a stored template: fits the smallest text column of the three databases.
const MAX_TEMPLATE: usize = 60_000;

impl Services {
    /// The advanced settings as they are stored.
    pub(crate) async fn advanced_settings(&self) -> Result<Versioned<AdvancedSettings>> {
        self.store
            .run(|conn| -> Result<_> {
                let value = in_force(conn)?;
                Ok(Versioned {
                    version: version(&[&value])?,
                    value,
                })
            })
            .await
    }

    /// Changes the advanced settings; with `expected`, only that version of them. Answers the new one.
    ///
    /// Whoever says where mailed links lead, gets the codes of those who follow them, administrators among
    /// them: another page needs every right there is.
    pub(crate) async fn change_advanced_settings(
        &self,
        actor: Actor,
        change: AdvancedChange,
        expected: Option<String>,
    ) -> Result<String> {
        check_pages(&change)?;
        if change.email_confirmation == Some(true) && self.mails.delivery() == Delivery::None {
            return Err(Error::refused(
                Field::EmailConfirmation,
                "Addresses cannot be confirmed without a mail server",
            ));
        }
        if let Some(role_type) = change.default_role.clone() {
            self.check_default_role(&actor, role_type).await?;
        }
        let (hooks, by) = (self.hooks.clone(), actor.id());
        let covers_everything = self.check_covers_everything(&actor);
        let write = move |conn: &mut DbConn| -> Result<String> {
            store::roles::line_up(conn)?;
            let old = in_force(conn)?;
            check_version(expected.as_deref(), &version(&[&old])?)?;
            let new = change.apply_to(&old);
            if pages(&new) != pages(&old) {
                covers_everything?;
            }
            if new != old {
                write_advanced(conn, &old, &new, &hooks)?;
                let told = advanced_differences(&old, &new);
                let target = (None, "advanced settings");
                note(conn, &actor, ChangeKind::SettingsChanged, target, &told)?;
            }
            version(&[&new])
        };
        let version = self
            .change_settings(move |conn| transaction(conn, write))
            .await?;
        tracing::info!(target: "users_permissions::security", actor = by, "advanced settings changed");
        Ok(version)
    }

    /// Nobody makes strangers what they are not themselves, and nobody makes them administrators.
    async fn check_default_role(&self, actor: &Actor, role_type: String) -> Result<()> {
        let unusable = |text: &str| Error::field("default_role", text);
        if role_type == ADMINISTRATOR {
            return Err(unusable("default_role must not be the administrator role"));
        }
        let role = self
            .store
            .run(move |conn| store::roles::find_by_type(conn, &role_type))
            .await?;
        let role = role.ok_or_else(|| unusable("default_role does not exist"))?;
        self.check_may_manage(actor, vec![Arc::new(role)]).await
    }

    /// The templates of all mails as they are stored.
    pub(crate) async fn mail_templates(&self) -> Result<Versioned<MailTemplates>> {
        self.store
            .run(|conn| -> Result<_> {
                let templates = parse_templates(&mut store::settings::all(conn)?);
                Ok(Versioned {
                    version: templates_version(&templates)?,
                    value: templates,
                })
            })
            .await
    }

    /// Writes templates; those that are not named stay. Answers the new version of all.
    ///
    /// Whoever writes a mail that carries a code can send the code elsewhere: that needs every right there
    /// is. Notices are anybody's who may change templates.
    pub(crate) async fn change_mail_templates(
        &self,
        actor: Actor,
        templates: BTreeMap<MailKind, MailTemplate>,
        expected: Option<String>,
    ) -> Result<String> {
        let mut rows = Vec::new();
        for (kind, template) in templates {
            check_template(kind, &template)?;
            let text = serde_json::to_string(&template).map_err(Error::internal)?;
            if text.len() > MAX_TEMPLATE {
                return Err(template_error(kind, "message", "message is too long"));
            }
            rows.push((kind, template, text));
        }
        let by = actor.id();
        let covers_everything = self.check_covers_everything(&actor);
        let write = move |conn: &mut DbConn| -> Result<String> {
            store::roles::line_up(conn)?;
            let old = parse_templates(&mut store::settings::all(conn)?);
            check_version(expected.as_deref(), &templates_version(&old)?)?;
            let is_new = |kind: &MailKind, template: &MailTemplate| {
                old.get(*kind).is_none_or(|old| old.source != *template)
            };
            let mut changed = rows.iter().filter(|(kind, new, _)| is_new(kind, new));
            if changed.any(|(kind, ..)| kind.carries_code()) {
                covers_everything?;
            }
            for (kind, template, text) in &rows {
                store::settings::put(conn, &template_row(*kind), text)?;
                let told = template_differences(old.get(*kind).map(|old| &old.source), template);
                if !told.is_empty() {
                    let target = (None, kind.key());
                    note(conn, &actor, ChangeKind::TemplateChanged, target, &told)?;
                }
            }
            templates_version(&parse_templates(&mut store::settings::all(conn)?))
        };
        let version = self
            .change_settings(move |conn| transaction(conn, write))
            .await?;
        tracing::info!(target: "users_permissions::security", actor = by, "mail templates changed");
        Ok(version)
    }

    /// Sends a mail as its template makes it, with a code that opens nothing, to the user who asks.
    pub(crate) async fn send_test_mail(&self, id: UserId, kind: MailKind) -> Result<()> {
        if self.mails.delivery() == Delivery::None {
            return Err(Error::application("There is no mail server"));
        }
        let mails = Arc::clone(&self.mails);
        self.store
            .run(move |conn| -> Result<_> {
                let user =
                    store::users::find(conn, id)?.ok_or(Error::NotFound("User not found"))?;
                let to = Email::parse(&user.email)
                    .map_err(|_| Error::internal("a stored address is malformed"))?;
                let code = Secret::from("a-code-that-opens-nothing");
                let mut mail = NewMail::new(kind, &user).to(&to).provider("a provider");
                if kind.carries_code() {
                    mail = mail.code(&code);
                }
                mails.queue(conn, mail)
            })
            .await?;
        self.mails.wake();
        Ok(())
    }
}

/// Writes the settings first: whoever reads them to write a user then waits, or is waited for.
fn write_advanced(
    conn: &mut DbConn,
    old: &AdvancedSettings,
    new: &AdvancedSettings,
    hooks: &Hooks,
) -> Result<()> {
    let text = serde_json::to_string(new).map_err(Error::internal)?;
    store::settings::put(conn, ADVANCED, &text)?;
    if store::roles::find_by_type(conn, &new.default_role)?.is_none()
        && new.default_role != old.default_role
    {
        return Err(Error::field("default_role", "default_role does not exist"));
    }
    if new.email_confirmation && !old.email_confirmation {
        let role = store::roles::find_by_type(conn, ADMINISTRATOR)?;
        let remains = match role {
            Some(role) => store::memberships::has_active_member(conn, role.id, true)?,
            None => false,
        };
        if !remains {
            return Err(Error::refused(
                Field::EmailConfirmation,
                "No administrator has a confirmed address",
            ));
        }
    }
    match (old.unique_email, new.unique_email) {
        (true, false) => drop(store::users::release_emails(conn)?),
        (false, true) => {
            // A savepoint: PostgreSQL gives a transaction up after a violated constraint.
            let reserved = transaction(conn, |conn| reserve_emails(conn, hooks));
            reserved.map_err(|error| match store::conflict(&error) {
                Some(Conflict::Taken) => Error::refused(
                    Field::UniqueEmail,
                    "Several users share an e-mail address; unique_email cannot be turned on",
                ),
                _ => error.into(),
            })?;
        }
        _ => {}
    }
    Ok(())
}

/// Reserves every address by what is unique about it.
fn reserve_emails(conn: &mut DbConn, hooks: &Hooks) -> store::QueryResult<()> {
    if hooks.email_key.is_none() {
        return store::users::reserve_emails(conn).map(drop);
    }
    let mut after = 0;
    loop {
        let addresses = store::accounts::addresses(conn, after)?;
        let Some((last, _)) = addresses.last() else {
            return Ok(());
        };
        after = *last;
        for (id, address) in addresses {
            let key = Email::parse(&address).map_or(address, |email| hooks.email_key(&email));
            store::accounts::set_email_key(conn, id, &key)?;
        }
    }
}

pub(super) fn check_version(expected: Option<&str>, present: &str) -> Result<()> {
    match expected {
        Some(expected) if expected != present => Err(STALE),
        _ => Ok(()),
    }
}

/// The version of a value is a digest of it: equal values are equal versions.
pub(super) fn version<T: serde::Serialize>(values: &[&T]) -> Result<String> {
    let text = serde_json::to_vec(values).map_err(Error::internal)?;
    let digest = Sha256::digest(&text);
    Ok(digest
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn templates_version(templates: &MailTemplates) -> Result<String> {
    let all: Vec<_> = MailKind::ALL
        .into_iter()
        .filter_map(|kind| templates.get(kind).map(|template| &template.source))
        .collect();
    version(&all)
}
