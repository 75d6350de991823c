//! `/users-permissions/advanced` and `/users-permissions/email-templates`.

use std::collections::BTreeMap;

use actix_web::http::header::{ETAG, HeaderValue, IF_MATCH};
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde_json::{Map, Value, json};

use super::auth_user::{AuthUser, Caller};
use super::body::{Body, Content, Fields, LARGE, SMALL};
use super::dto::{RoleListView, ok};
use super::input::{self, Checker};
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::users::actor;
use super::worker::Worker;
use crate::error::{Error, Result};
use crate::model::{MailKind, MailTemplate};
use crate::permission;
use crate::services::AdvancedChange;

/// The advanced settings, with the roles to choose the default one from.
#[cfg_attr(feature = "openapi", utoipa::path(
    responses(
        (
            status = 200,
            description = "The settings",
            body = doc::AdvancedAnswer,
            headers(("ETag" = String, description = "The version")),
        ),
    ),
))]
#[permission("plugin::users-permissions.settings.getAdvancedSettings")]
#[get("/users-permissions/advanced")]
pub(super) async fn advanced(req: HttpRequest) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let settings = services.advanced_settings().await?;
    let roles = services.list_roles().await?;
    let body = json!({
        "settings": settings.value,
        "roles": roles.iter().map(RoleListView::new).collect::<Vec<_>>(),
        "version": settings.version,
    });
    Ok(tagged(ok(body), &settings.version))
}

/// Changes advanced settings; those left out stay as they are.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(doc::IfMatch),
    request_body = doc::AdvancedBody,
    responses(doc::Written, doc::BadBody, doc::Outdated),
))]
#[permission("plugin::users-permissions.settings.updateAdvancedSettings")]
#[put("/users-permissions/advanced")]
pub(super) async fn update_advanced(
    req: HttpRequest,
    caller: Caller,
    body: Body<SMALL>,
) -> Result<HttpResponse> {
    let fields = body_fields(body.0, &ADVANCED_FIELDS)?;
    let mut checker = Checker::default();
    let expected = expected_version(&req, &fields, &mut checker);
    let change = AdvancedChange {
        unique_email: checker.flag(&fields, "unique_email"),
        allow_register: checker.flag(&fields, "allow_register"),
        email_confirmation: checker.flag(&fields, "email_confirmation"),
        email_reset_password: page(&mut checker, &fields, "email_reset_password"),
        email_confirmation_redirection: page(
            &mut checker,
            &fields,
            "email_confirmation_redirection",
        ),
        default_role: fields
            .contains_key("default_role")
            .then(|| checker.text(&fields, "default_role")),
    };
    checker.finish()?;
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let version = services
        .change_advanced_settings(actor(&caller), change, expected)
        .await?;
    Ok(written(&version))
}

/// The templates of all mails.
#[cfg_attr(feature = "openapi", utoipa::path(
    responses(
        (
            status = 200,
            description = "The templates",
            body = doc::Templates,
            headers(("ETag" = String, description = "The version")),
        ),
    ),
))]
#[permission("plugin::users-permissions.settings.getEmailTemplate")]
#[get("/users-permissions/email-templates")]
pub(super) async fn email_templates(req: HttpRequest) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let templates = services.mail_templates().await?;
    let mut body = Map::new();
    for kind in MailKind::ALL {
        if let Some(template) = templates.value.get(kind) {
            body.insert(kind.key().to_owned(), template_view(kind, &template.source));
        }
    }
    Ok(tagged(ok(body), &templates.version))
}

/// Changes templates of mails; those left out stay as they are.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(doc::IfMatch),
    request_body = doc::TemplatesBody,
    responses(doc::Written, doc::BadBody, doc::Outdated),
))]
#[permission("plugin::users-permissions.settings.updateEmailTemplate")]
#[put("/users-permissions/email-templates")]
pub(super) async fn update_email_templates(
    req: HttpRequest,
    caller: Caller,
    body: Body<LARGE>,
) -> Result<HttpResponse> {
    let fields = body_fields(body.0, &["email-templates", "version"])?;
    let mut checker = Checker::default();
    let expected = expected_version(&req, &fields, &mut checker);
    let templates = match fields.get("email-templates") {
        Some(Value::Object(templates)) => parse_templates(&mut checker, templates),
        _ => {
            let text = "email-templates must be a `object` type";
            checker.fail(&["email-templates"], text);
            BTreeMap::new()
        }
    };
    checker.finish()?;
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let version = services
        .change_mail_templates(actor(&caller), templates, expected)
        .await?;
    Ok(written(&version))
}

/// Sends a mail as its template makes it to the caller, with a code that opens nothing.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("key" = inline(doc::TemplateKey), Path, description = "Key of the template")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Queued", body = doc::Done),
        doc::BadRequest,
        doc::Missing,
    ),
))]
#[permission("plugin::users-permissions.settings.testEmailTemplate")]
#[post("/users-permissions/email-templates/{key}/test")]
pub(super) async fn test_email_template(
    req: HttpRequest,
    caller: AuthUser,
    key: web::Path<String>,
) -> Result<HttpResponse> {
    let kind = MailKind::of_key(&key).ok_or(Error::NotFound("Template not found"))?;
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    services.send_test_mail(caller.id(), kind).await?;
    Ok(ok(json!({ "ok": true })))
}

const ADVANCED_FIELDS: [&str; 7] = [
    "unique_email",
    "allow_register",
    "email_confirmation",
    "email_reset_password",
    "email_confirmation_redirection",
    "default_role",
    "version",
];

pub(super) fn body_fields(content: Content, allowed: &[&str]) -> Result<Fields> {
    let fields = input::only(content, allowed)?;
    if fields.is_empty() {
        return Err(Error::validation("Request body cannot be empty"));
    }
    Ok(fields)
}

/// The version a change insists on: `If-Match`, or `version` in the body.
pub(super) fn expected_version(
    req: &HttpRequest,
    fields: &Fields,
    checker: &mut Checker,
) -> Option<String> {
    if let Some(tag) = req.headers().get(IF_MATCH) {
        let tag = tag.to_str().unwrap_or_default().trim();
        // What is no version of ours matches none.
        return (tag != "*").then(|| tag.trim_start_matches("W/").trim_matches('"').to_owned());
    }
    match fields.get("version") {
        None | Some(Value::Null) => None,
        Some(Value::String(version)) => Some(version.clone()),
        Some(_) => {
            checker.fail(&["version"], "version must be a `string` type");
            None
        }
    }
}

/// The URL of a page; null and nothing take it away.
fn page(checker: &mut Checker, fields: &Fields, name: &str) -> Option<Option<String>> {
    match fields.get(name)? {
        Value::Null => Some(None),
        Value::String(text) if text.is_empty() => Some(None),
        Value::String(text) => Some(Some(text.clone())),
        _ => {
            checker.fail(&[name], format!("{name} must be a `string` type"));
            None
        }
    }
}

/// A template as Strapi's administration shows it: a label, an icon, and what can be changed.
fn template_view(kind: MailKind, template: &MailTemplate) -> Value {
    let icon = match kind {
        MailKind::ResetPassword => "sync",
        MailKind::Confirmation => "check-square",
        _ => "bell",
    };
    json!({
        "display": format!("Email.template.{}", kind.key()),
        "icon": icon,
        "options": template,
    })
}

fn parse_templates(
    checker: &mut Checker,
    templates: &Map<String, Value>,
) -> BTreeMap<MailKind, MailTemplate> {
    let mut parsed = BTreeMap::new();
    for (key, value) in templates {
        // Only a known key is repeated.
        let Some(kind) = MailKind::of_key(key) else {
            checker.fail(&["email-templates"], "there is no such template");
            continue;
        };
        let path = ["email-templates", kind.key()];
        let known = |name: &String| matches!(name.as_str(), "display" | "icon" | "options");
        match value {
            Value::Object(fields) if fields.keys().all(known) => {
                let options = fields.get("options").cloned().unwrap_or_default();
                match serde_json::from_value(options) {
                    Ok(template) => drop(parsed.insert(kind, template)),
                    Err(_) => checker.fail(
                        &[path[0], path[1], "options"],
                        "options must hold from (name, email), response_email, object and message, all texts",
                    ),
                }
            }
            _ => checker.fail(&path, "a template holds display, icon and options"),
        }
    }
    parsed
}

pub(super) fn written(version: &str) -> HttpResponse {
    tagged(ok(json!({ "ok": true, "version": version })), version)
}

pub(super) fn tagged(mut response: HttpResponse, version: &str) -> HttpResponse {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
