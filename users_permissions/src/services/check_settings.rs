//! What settings and templates may hold.

use super::AdvancedChange;
use crate::error::{Error, FieldError, Result, Validation};
use crate::mail::CompiledTemplate;
use crate::model::{AdvancedSettings, Email, MailKind, MailTemplate, is_page_url};

/// Where mails and what is mailed lead.
pub(super) fn pages(settings: &AdvancedSettings) -> [Option<&str>; 2] {
    [
        settings.email_reset_password.as_deref(),
        settings.email_confirmation_redirection.as_deref(),
    ]
}

pub(super) fn check_pages(change: &AdvancedChange) -> Result<()> {
    let pages = [
        ("email_reset_password", &change.email_reset_password),
        (
            "email_confirmation_redirection",
            &change.email_confirmation_redirection,
        ),
    ];
    let mut errors = Vec::new();
    for (name, page) in pages {
        if let Some(Some(page)) = page
            && !is_page_url(page)
        {
            errors.push(FieldError {
                path: vec![name.to_owned()],
                message: format!("{name} must be an http or https URL without a user name"),
            });
        }
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Error::Validation(Validation {
            message: None,
            errors,
        })),
    }
}

pub(super) fn check_template(kind: MailKind, template: &MailTemplate) -> Result<()> {
    let is_address = |text: &str| text.is_empty() || Email::parse(text).is_ok();
    let from = &template.from;
    if !is_address(&from.email) {
        return Err(template_error(
            kind,
            "from.email",
            "from.email must be a valid email",
        ));
    }
    let plain = from.name.chars().count() <= 128
        && !from
            .name
            .chars()
            .any(|c| c.is_control() || "<>$%{}".contains(c));
    if !plain {
        return Err(template_error(
            kind,
            "from.name",
            "from.name must be a plain name",
        ));
    }
    if !is_address(&template.response_email) {
        return Err(template_error(
            kind,
            "response_email",
            "response_email must be a valid email",
        ));
    }
    if template.object.trim().is_empty() || template.object.chars().count() > 255 {
        return Err(template_error(
            kind,
            "object",
            "object must be 1 to 255 characters",
        ));
    }
    if template.message.trim().is_empty() {
        return Err(template_error(
            kind,
            "message",
            "message is a required field",
        ));
    }
    let compiled = CompiledTemplate::new(kind, template.clone());
    if let Err(error) = compiled.subject {
        return Err(template_error(kind, "object", &format!("object: {error}")));
    }
    match compiled.text {
        Err(error) => Err(template_error(
            kind,
            "message",
            &format!("message: {error}"),
        )),
        Ok(_) => Ok(()),
    }
}

pub(super) fn template_error(kind: MailKind, field: &str, message: &str) -> Error {
    let path = ["email-templates", kind.key(), "options"].into_iter();
    Error::Validation(Validation {
        message: None,
        errors: vec![FieldError {
            path: path.chain(field.split('.')).map(str::to_owned).collect(),
            message: message.to_owned(),
        }],
    })
}
