//! Templates of mails: edited, previewed on sample data, tried out.

use std::collections::BTreeMap;

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use askama::Template;
use sha2::{Digest, Sha256};

use super::answer::{self, Outcome};
use super::frame::Frame;
use super::visit::{Visit, words};
use crate::error::{Error, Result};
use crate::mail::{CompiledTemplate, Values, escape, shipped};
use crate::model::{MailKind, MailSender, MailTemplate};
use crate::services::Delivery;

struct Row {
    key: &'static str,
    title: &'static str,
    when: &'static str,
    subject: String,
}

#[derive(Template)]
#[template(path = "emails.html")]
struct EmailsPage {
    frame: Frame,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "email.html")]
struct EmailPage {
    frame: Frame,
    key: &'static str,
    when: &'static str,
    variables: Vec<(&'static str, &'static str)>,
    template: MailTemplate,
    base: String,
    error: Option<String>,
    /// Field the error is about.
    wrong: String,
    meanwhile: Option<MailTemplate>,
    may_save: bool,
    may_test: bool,
    may_preview: bool,
    is_dirty: bool,
}

fn title(kind: MailKind) -> (&'static str, &'static str) {
    match kind {
        MailKind::ResetPassword => (
            "Reset password",
            "Somebody forgot the password, or an administrator sends a link to choose one.",
        ),
        MailKind::Confirmation => (
            "Address confirmation",
            "Somebody registered or changed the address, and addresses have to be confirmed.",
        ),
        MailKind::PasswordChanged => (
            "Password changed",
            "A password was changed; goes to its owner.",
        ),
        MailKind::EmailChanged => (
            "Address changed",
            "An address was changed; goes to the old one.",
        ),
        MailKind::ProviderLinked => (
            "Provider linked",
            "A way to sign in was added; goes to the user.",
        ),
    }
}

fn variables(kind: MailKind) -> Vec<(&'static str, &'static str)> {
    let mut known = vec![
        ("USER.username", "name of the user"),
        ("USER.email", "address of the user"),
        ("URL", "page the link leads to"),
        ("SERVER_URL", "this application"),
        ("ADMIN_URL", "these pages"),
    ];
    if kind.carries_code() {
        known.insert(2, ("CODE", "the code of the link (not in subjects)"));
    }
    if kind == MailKind::ProviderLinked {
        known.push(("PROVIDER", "name of the provider"));
    }
    known
}

fn kind(visit: &Visit) -> Result<MailKind> {
    let key = visit.req.match_info().get("key").unwrap_or_default();
    MailKind::of_key(key).ok_or(Error::NotFound("There is no such mail"))
}

/// What tells whether a template is still the one that was read.
fn digest(template: &MailTemplate) -> Result<String> {
    let text = serde_json::to_vec(template).map_err(Error::internal)?;
    let digest = Sha256::digest(&text);
    Ok(digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

pub(super) async fn list(visit: &Visit) -> Outcome {
    let templates = visit.services().mail_templates().await?.value;
    let row = |kind: MailKind| {
        let (name, when) = title(kind);
        Row {
            key: kind.key(),
            title: name,
            when,
            subject: templates
                .get(kind)
                .map(|found| found.source.object.clone())
                .unwrap_or_default(),
        }
    };
    let template = EmailsPage {
        frame: visit.frame("E-mail templates", "/emails")?,
        rows: MailKind::ALL.into_iter().map(row).collect(),
    };
    answer::page(StatusCode::OK, &template)
}

fn page(visit: &Visit, kind: MailKind, template: MailTemplate, base: String) -> Result<EmailPage> {
    let (name, when) = title(kind);
    Ok(EmailPage {
        frame: visit.frame(name, "/emails")?,
        key: kind.key(),
        when,
        variables: variables(kind),
        template,
        base,
        error: None,
        wrong: String::new(),
        meanwhile: None,
        may_save: visit.may("updateTemplate"),
        may_test: visit.may("testTemplate") && visit.services().mails.delivery() != Delivery::None,
        may_preview: visit.may("previewTemplate"),
        is_dirty: false,
    })
}

async fn stored(visit: &Visit, kind: MailKind) -> Result<(MailTemplate, String)> {
    let read = visit.services().mail_templates().await?;
    let found = read.value.get(kind).map(|found| found.source.clone());
    let found = found.ok_or_else(|| Error::internal("a template is missing"))?;
    Ok((found, read.version))
}

pub(super) async fn show(visit: &Visit) -> Outcome {
    let kind = kind(visit)?;
    let (present, _) = stored(visit, kind).await?;
    let base = digest(&present)?;
    let is_shipped = visit.query.has("shipped");
    let template = if is_shipped {
        shipped(kind)
    } else {
        present.clone()
    };
    let mut page = page(visit, kind, template, base)?;
    page.is_dirty = page.template != present;
    answer::page(StatusCode::OK, &page)
}

fn sent(visit: &Visit) -> MailTemplate {
    let text = |name: &str| visit.form.text(name).trim().to_owned();
    MailTemplate {
        from: MailSender {
            name: text("from_name"),
            email: text("from_email"),
        },
        response_email: text("response_email"),
        object: text("object"),
        message: visit.form.text("message").replace("\r\n", "\n"),
    }
}

pub(super) async fn update(visit: &Visit) -> Outcome {
    let (kind, template) = (kind(visit)?, sent(visit));
    let (present, version) = stored(visit, kind).await?;
    if digest(&present)? != visit.form.text("base") && present != template {
        return conflict(visit, kind, template, present);
    }
    let change = BTreeMap::from([(kind, template.clone())]);
    let written = visit
        .services()
        .change_mail_templates(visit.actor(), change, Some(version))
        .await;
    match written {
        Ok(_) => {
            visit.say("Saved. The next mail is written by it.")?;
            visit.see(&format!("/emails/{}", kind.key()))
        }
        Err(Error::Conflict(_)) => {
            let (present, _) = stored(visit, kind).await?;
            conflict(visit, kind, template, present)
        }
        Err(error) => {
            let mut page = page(visit, kind, template, visit.form.text("base").to_owned())?;
            if let Error::Validation(validation) = &error {
                let path = validation
                    .errors
                    .first()
                    .and_then(|error| error.path.last());
                page.wrong = path.cloned().unwrap_or_default();
            }
            page.error = Some(words(&error));
            page.is_dirty = true;
            answer::page(error.status_code(), &page)
        }
    }
}

fn conflict(visit: &Visit, kind: MailKind, mine: MailTemplate, present: MailTemplate) -> Outcome {
    let mut page = page(visit, kind, mine, digest(&present)?)?;
    page.meanwhile = Some(present);
    page.is_dirty = true;
    answer::page(StatusCode::CONFLICT, &page)
}

/// The mail as it would be, in a frame of its own.
pub(super) async fn preview(visit: &Visit) -> Outcome {
    let kind = kind(visit)?;
    let compiled = CompiledTemplate::new(kind, sent(visit));
    let config = &visit.services().config;
    let admin_url = format!("{}{}", config.public_url, visit.path(""));
    let values = Values {
        url: "https://app.example/page",
        server_url: &config.public_url,
        admin_url: &admin_url,
        username: "Ann <Example>",
        email: "ann@example.com",
        code: "0123456789abcdef",
        provider: "github",
    };
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Preview</title>\
<style>body{font:15px/1.5 system-ui,sans-serif;margin:1rem;color:#1b2426;background:#fff}\
.h{color:#566266;font-size:13px;margin:0 0 .75rem;border-bottom:1px solid #dde2e3;padding-bottom:.5rem}\
pre{white-space:pre-wrap;background:#f6f7f7;padding:.75rem;border-radius:6px}.e{color:#a8231c;font-weight:600}</style>",
    );
    let mut heading = |text: &str| {
        html.push_str("<p class=\"h\">");
        escape(&mut html, text);
        html.push_str("</p>");
    };
    match &compiled.subject {
        Ok(subject) => heading(&format!("Subject: {}", subject.plain(&values))),
        Err(error) => heading(&format!("Subject: {error}")),
    }
    match (&compiled.message, &compiled.text) {
        (Ok(message), Ok(text)) => {
            html.push_str(&message.html(&values));
            html.push_str("<p class=\"h\">As plain text:</p><pre>");
            escape(&mut html, &text.plain(&values));
            html.push_str("</pre>");
        }
        (Err(error), _) | (_, Err(error)) => {
            html.push_str("<p class=\"e\">");
            escape(&mut html, &format!("Message: {error}"));
            html.push_str("</p>");
        }
    }
    Ok(answer::sandboxed(html))
}

pub(super) async fn test(visit: &Visit) -> Outcome {
    let kind = kind(visit)?;
    let me = visit.me.as_ref().ok_or(Error::Forbidden)?;
    match visit.services().send_test_mail(me.principal.id, kind).await {
        Ok(()) => visit.say(format!(
            "A mail by the saved template is on its way to {}.",
            me.principal.email
        ))?,
        Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => return Err(error),
        Err(error) => visit.complain(words(&error))?,
    }
    visit.see(&format!("/emails/{}", kind.key()))
}
