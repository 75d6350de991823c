//! The advanced settings.

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::configuration::{Fact, facts};
use super::faults::Faults;
use super::frame::Frame;
use super::visit::Visit;
use crate::error::{Error, Result};
use crate::model::{ADMINISTRATOR, AdvancedSettings};
use crate::services::{AdvancedChange, Delivery};

/// Fields that can be wrong, in the order of the form.
const FIELDS: [&str; 5] = [
    "default_role",
    "unique_email",
    "email_reset_password",
    "email_confirmation",
    "email_confirmation_redirection",
];

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
    /// What stands in the form, and what is stored.
    now: Fields,
    was: Fields,
    version: String,
    roles: Vec<(String, String, bool)>,
    has_mail: bool,
    may_save: bool,
    faults: Faults,
    meanwhile: Vec<String>,
    /// What is not to be changed here.
    facts: Vec<Fact>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fields {
    unique_email: bool,
    allow_register: bool,
    email_confirmation: bool,
    reset_page: String,
    redirection: String,
    default_role: String,
}

impl From<AdvancedSettings> for Fields {
    fn from(settings: AdvancedSettings) -> Self {
        Self {
            unique_email: settings.unique_email,
            allow_register: settings.allow_register,
            email_confirmation: settings.email_confirmation,
            reset_page: settings.email_reset_password.unwrap_or_default(),
            redirection: settings.email_confirmation_redirection.unwrap_or_default(),
            default_role: settings.default_role,
        }
    }
}

impl Fields {
    /// As they were sent, or as they stood in the form when it was made.
    fn sent(visit: &Visit, prefix: &str) -> Self {
        let form = &visit.form;
        let has = |name: &str| form.has(&format!("{prefix}{name}"));
        let text = |name: &str| form.text(&format!("{prefix}{name}")).trim().to_owned();
        Self {
            unique_email: has("unique_email"),
            allow_register: has("allow_register"),
            email_confirmation: has("email_confirmation"),
            reset_page: text("email_reset_password"),
            redirection: text("email_confirmation_redirection"),
            default_role: text("default_role"),
        }
    }

    /// The fields with their names and what a person reads of them.
    fn told(&self) -> [(&'static str, String); 6] {
        let yes = |on: bool| if on { "on" } else { "off" }.to_owned();
        [
            ("One account per address", yes(self.unique_email)),
            ("Sign-up", yes(self.allow_register)),
            ("Confirmation", yes(self.email_confirmation)),
            ("Reset page", self.reset_page.clone()),
            ("Redirection", self.redirection.clone()),
            ("Default role", self.default_role.clone()),
        ]
    }
}

/// The change from one state to another.
fn change(was: &Fields, now: &Fields) -> AdvancedChange {
    let switch = |was: bool, now: bool| (was != now).then_some(now);
    let page = |was: &str, now: &str| {
        (was != now).then(|| Some(now.to_owned()).filter(|page| !page.is_empty()))
    };
    AdvancedChange {
        unique_email: switch(was.unique_email, now.unique_email),
        allow_register: switch(was.allow_register, now.allow_register),
        email_confirmation: switch(was.email_confirmation, now.email_confirmation),
        email_reset_password: page(&was.reset_page, &now.reset_page),
        email_confirmation_redirection: page(&was.redirection, &now.redirection),
        default_role: (was.default_role != now.default_role).then(|| now.default_role.clone()),
    }
}

async fn page(visit: &Visit, now: Option<Fields>) -> Result<SettingsPage> {
    let services = visit.services();
    let read = services.advanced_settings().await?;
    let was = Fields::from(read.value);
    let now = now.unwrap_or_else(|| was.clone());
    let rights = services.rights.load();
    let roles = rights.roles().iter().map(|role| role.role());
    let roles = roles.filter(|role| role.role_type != ADMINISTRATOR);
    let choice = roles.map(|role| {
        (
            role.role_type.clone(),
            role.name.clone(),
            role.role_type == now.default_role,
        )
    });
    Ok(SettingsPage {
        frame: visit.frame("Advanced settings", "/settings")?,
        roles: choice.collect(),
        now,
        was,
        version: read.version,
        has_mail: services.mails.delivery() != Delivery::None,
        facts: facts(&services.config, services.mails.delivery()),
        may_save: visit.may("updateSettings"),
        faults: Faults::default(),
        meanwhile: Vec::new(),
    })
}

pub(super) async fn show(visit: &Visit) -> Outcome {
    answer::page(StatusCode::OK, &page(visit, None).await?)
}

pub(super) async fn update(visit: &Visit) -> Outcome {
    let (was, now) = (Fields::sent(visit, "was."), Fields::sent(visit, ""));
    let expected = visit.form.text("version").to_owned();
    let written = visit.services().change_advanced_settings(
        visit.actor(),
        change(&was, &now),
        Some(expected),
    );
    match written.await {
        Ok(_) => {
            visit.say("Saved. It counts at once.")?;
            visit.see_first(&[("getSettings", "/settings".to_owned())])
        }
        Err(Error::Conflict(_)) => {
            // What others changed and nobody here typed over shows what is there now.
            let mut page = page(visit, None).await?;
            let theirs = page.was.told().into_iter().zip(was.told());
            page.meanwhile = theirs
                .filter(|((_, present), (_, old))| present != old)
                .map(|((name, present), (_, old))| format!("{name}: “{old}” became “{present}”"))
                .collect();
            page.now = merged(&was, &now, &page.was);
            for (role, _, selected) in &mut page.roles {
                *selected = *role == page.now.default_role;
            }
            answer::page(StatusCode::CONFLICT, &page)
        }
        Err(error) => {
            let mut page = page(visit, Some(now)).await?;
            // What the form is compared with stays what it was made from.
            page.version = visit.form.text("version").to_owned();
            page.was = was;
            page.faults = Faults::of(&error, &FIELDS, |name| name);
            answer::page(error.status_code(), &page)
        }
    }
}

/// The present settings under what was changed here.
fn merged(was: &Fields, now: &Fields, present: &Fields) -> Fields {
    fn pick<T: PartialEq + Clone>(was: &T, now: &T, present: &T) -> T {
        if was == now {
            present.clone()
        } else {
            now.clone()
        }
    }
    Fields {
        unique_email: pick(&was.unique_email, &now.unique_email, &present.unique_email),
        allow_register: pick(
            &was.allow_register,
            &now.allow_register,
            &present.allow_register,
        ),
        email_confirmation: pick(
            &was.email_confirmation,
            &now.email_confirmation,
            &present.email_confirmation,
        ),
        reset_page: pick(&was.reset_page, &now.reset_page, &present.reset_page),
        redirection: pick(&was.redirection, &now.redirection, &present.redirection),
        default_role: pick(&was.default_role, &now.default_role, &present.default_role),
    }
}
