//! Shapes of the advanced settings and of the templates of mails.
#![allow(dead_code)] // Fields are read by the derive alone.

use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::http::dto::RoleListView;

#[derive(ToSchema)]
#[schema(as = users_permissions::AdvancedAnswer)]
pub(crate) struct AdvancedAnswer {
    settings: Advanced,
    /// Roles to choose the default one from.
    roles: Vec<RoleListView>,
    version: String,
}

/// The advanced settings.
#[derive(ToSchema)]
#[schema(as = users_permissions::Advanced)]
struct Advanced {
    /// One account per e-mail address.
    unique_email: bool,
    /// Strangers may register.
    allow_register: bool,
    /// New users have to confirm their address before they may sign in.
    email_confirmation: bool,
    /// Page a password-reset mail links to.
    email_reset_password: Option<String>,
    /// Page a confirmed user is sent to.
    email_confirmation_redirection: Option<String>,
    /// Type of the role of new users.
    default_role: String,
}

/// What changes of the advanced settings; what is left out stays, and no other key is taken.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::AdvancedBody, example = json!({ "allow_register": true }))]
pub(crate) struct AdvancedBody {
    /// One account per e-mail address.
    #[schema(nullable = false)]
    unique_email: Option<bool>,
    /// Strangers may register.
    #[schema(nullable = false)]
    allow_register: Option<bool>,
    /// New users have to confirm their address before they may sign in.
    #[schema(nullable = false)]
    email_confirmation: Option<bool>,
    /// An http or https URL; null takes it away.
    #[schema(max_length = 2000)]
    email_reset_password: Option<String>,
    /// An http or https URL; null takes it away.
    #[schema(max_length = 2000)]
    email_confirmation_redirection: Option<String>,
    /// Type of a role; the administrator's is refused.
    #[schema(min_length = 1, nullable = false)]
    default_role: Option<String>,
    /// The version that is to be changed, as an alternative to `If-Match`.
    version: Option<String>,
}

/// What a change takes beside its body.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct IfMatch {
    /// The version that is to be changed
    #[param(rename = "If-Match", required = false, nullable = false)]
    version: String,
}

/// Changed
#[derive(IntoResponses)]
#[response(status = 200, headers(("ETag" = String, description = "The version")))]
pub(crate) struct Written(WrittenAnswer);

#[derive(ToSchema)]
#[schema(as = users_permissions::WrittenAnswer)]
pub(crate) struct WrittenAnswer {
    ok: bool,
    /// The new version.
    version: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum TemplateKey {
    ResetPassword,
    EmailConfirmation,
    PasswordChanged,
    EmailChanged,
    ProviderLinked,
}

/// The template of each mail.
#[derive(ToSchema)]
#[schema(as = users_permissions::MailTemplates)]
pub(crate) struct Templates {
    reset_password: Template,
    email_confirmation: Template,
    password_changed: Template,
    email_changed: Template,
    provider_linked: Template,
}

#[derive(ToSchema)]
#[schema(as = users_permissions::MailTemplate)]
struct Template {
    /// Key of a label of Strapi's administration.
    display: String,
    /// Name of an icon of Strapi's administration.
    icon: String,
    options: TemplateOptions,
}

#[derive(ToSchema)]
#[schema(as = users_permissions::MailTemplateOptions)]
struct TemplateOptions {
    from: Sender,
    /// Address answers go to; empty: the sender's.
    response_email: String,
    /// The subject.
    object: String,
    /// HTML.
    message: String,
}

/// Empty ones are those of the configuration.
#[derive(ToSchema)]
#[schema(as = users_permissions::MailSender)]
struct Sender {
    name: String,
    email: String,
}

/// Templates to write; those left out stay, and no other key is taken.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::MailTemplatesBody)]
pub(crate) struct TemplatesBody {
    #[schema(rename = "email-templates")]
    email_templates: ChangedTemplates,
    /// The version that is to be changed, as an alternative to `If-Match`.
    version: Option<String>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::ChangedMailTemplates)]
struct ChangedTemplates {
    #[schema(nullable = false)]
    reset_password: Option<ChangedTemplate>,
    #[schema(nullable = false)]
    email_confirmation: Option<ChangedTemplate>,
    #[schema(nullable = false)]
    password_changed: Option<ChangedTemplate>,
    #[schema(nullable = false)]
    email_changed: Option<ChangedTemplate>,
    #[schema(nullable = false)]
    provider_linked: Option<ChangedTemplate>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::ChangedMailTemplate)]
struct ChangedTemplate {
    /// Ignored.
    #[schema(nullable = false)]
    display: Option<String>,
    /// Ignored.
    #[schema(nullable = false)]
    icon: Option<String>,
    options: ChangedOptions,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::ChangedMailTemplateOptions)]
struct ChangedOptions {
    from: ChangedSender,
    /// Address answers go to; empty: the sender's.
    #[schema(nullable = false)]
    response_email: Option<String>,
    /// The subject.
    #[schema(
        min_length = 1,
        max_length = 255,
        example = "A word to <%= USER.username %>"
    )]
    object: String,
    /// HTML.
    #[schema(min_length = 1, example = "<p>Hello <%= USER.username %></p>")]
    message: String,
}

/// Empty ones are those of the configuration.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::ChangedMailSender)]
struct ChangedSender {
    #[schema(max_length = 128, nullable = false, example = "Somebody")]
    name: Option<String>,
    #[schema(max_length = 254, nullable = false, example = "no-reply@example.com")]
    email: Option<String>,
}
