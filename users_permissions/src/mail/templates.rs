//! The templates of all mails: the shipped ones, and those an administrator has written.

use std::collections::BTreeMap;

use super::template::{Place, Template, TemplateError};
use crate::model::{MailKind, MailSender, MailTemplate};

/// A template with what is to be rendered of it; a stored one may be broken.
#[derive(Debug, Clone)]
pub(crate) struct CompiledTemplate {
    pub(crate) source: MailTemplate,
    pub(crate) subject: Result<Template, TemplateError>,
    pub(crate) message: Result<Template, TemplateError>,
    /// The text part of the message.
    pub(crate) text: Result<Template, TemplateError>,
}

impl CompiledTemplate {
    pub(crate) fn new(kind: MailKind, source: MailTemplate) -> Self {
        let message = Template::parse(kind, Place::Message, &source.message);
        Self {
            subject: Template::parse(kind, Place::Subject, &source.object),
            text: message.clone().and_then(|message| message.text()),
            message,
            source,
        }
    }
}

/// One template per kind of mail.
#[derive(Debug)]
pub(crate) struct MailTemplates(BTreeMap<MailKind, CompiledTemplate>);

impl MailTemplates {
    /// The stored templates over the shipped ones.
    pub(crate) fn new(mut stored: BTreeMap<MailKind, MailTemplate>) -> Self {
        let compiled = |kind: MailKind| {
            let source = stored.remove(&kind).unwrap_or_else(|| shipped(kind));
            (kind, CompiledTemplate::new(kind, source))
        };
        Self(MailKind::ALL.into_iter().map(compiled).collect())
    }

    pub(crate) fn get(&self, kind: MailKind) -> Option<&CompiledTemplate> {
        self.0.get(&kind)
    }
}

/// The template that comes with the plugin.
pub(crate) fn shipped(kind: MailKind) -> MailTemplate {
    let (object, message) = match kind {
        MailKind::ResetPassword => (
            "Reset password",
            include_str!("defaults/reset_password.html"),
        ),
        MailKind::Confirmation => (
            "Account confirmation",
            include_str!("defaults/email_confirmation.html"),
        ),
        MailKind::PasswordChanged => (
            "Your password was changed",
            include_str!("defaults/password_changed.html"),
        ),
        MailKind::EmailChanged => (
            "Your e-mail address was changed",
            include_str!("defaults/email_changed.html"),
        ),
        MailKind::ProviderLinked => (
            "A new way to sign in",
            include_str!("defaults/provider_linked.html"),
        ),
    };
    MailTemplate {
        from: MailSender::default(),
        response_email: String::new(),
        object: object.to_owned(),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_templates_are_understood() {
        for kind in MailKind::ALL {
            let template = CompiledTemplate::new(kind, shipped(kind));
            assert_eq!(template.subject.err(), None);
            assert_eq!(template.text.err(), None);
        }
    }
}
