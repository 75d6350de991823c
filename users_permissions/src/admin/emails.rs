//! Templates of mails: edited, previewed on sample data, tried out.

use std::collections::BTreeMap;

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use askama::Template;
use sha2::{Digest, Sha256};

use super::answer::{self, Outcome};
use super::faults::Faults;
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
    /// What the form was made from.
    was: Vec<(&'static str, String)>,
    faults: Faults,
    /// What others have changed since: name, before, now.
    meanwhile: Vec<(&'static str, String, String)>,
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

/// The fields of a form, in their order, with what a person calls them.
const FIELDS: [(&str, &str); 5] = [
    ("object", "Subject"),
    ("message", "Message"),
    ("from_name", "Sender’s name"),
    ("from_email", "Sender’s e-mail"),
    ("response_email", "Answers go to"),
];

/// The values in the order of [`FIELDS`].
fn values(template: &MailTemplate) -> [String; 5] {
    [
        template.object.clone(),
        template.message.clone(),
        template.from.name.clone(),
        template.from.email.clone(),
        template.response_email.clone(),
    ]
}

/// The inverse of [`values`].
fn template([object, message, name, email, response_email]: [String; 5]) -> MailTemplate {
    MailTemplate {
        from: MailSender { name, email },
        response_email,
        object,
        message,
    }
}

/// What a form is made from, as it carries it.
fn carried(template: &MailTemplate) -> Vec<(&'static str, String)> {
    let names = FIELDS.into_iter().map(|(name, _)| name);
    names.zip(values(template)).collect()
}

/// What was changed in a form, on top of the present template.
fn merged(was: &MailTemplate, now: MailTemplate, present: &MailTemplate) -> MailTemplate {
    let (was, present) = (values(was), values(present));
    let mut merged = values(&now);
    for (value, (was, present)) in merged.iter_mut().zip(was.into_iter().zip(present)) {
        if *value == was {
            *value = present;
        }
    }
    template(merged)
}

fn page(
    visit: &Visit,
    kind: MailKind,
    template: MailTemplate,
    base: String,
    was: &MailTemplate,
) -> Result<EmailPage> {
    let (name, when) = title(kind);
    Ok(EmailPage {
        frame: visit.frame(name, "/emails")?,
        key: kind.key(),
        when,
        variables: variables(kind),
        template,
        base,
        was: carried(was),
        faults: Faults::default(),
        meanwhile: Vec::new(),
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
    let mut page = page(visit, kind, template, base, &present)?;
    page.is_dirty = page.template != present;
    answer::page(StatusCode::OK, &page)
}

/// As it was sent, or as it stood in the form when it was made.
fn sent(visit: &Visit, prefix: &str) -> MailTemplate {
    let raw = |name: &str| visit.form.text(&format!("{prefix}{name}"));
    template(FIELDS.map(|(name, _)| match name {
        // Browsers send line ends of their own.
        "message" => raw(name).replace("\r\n", "\n"),
        name => raw(name).trim().to_owned(),
    }))
}

pub(super) async fn update(visit: &Visit) -> Outcome {
    let (kind, mine) = (kind(visit)?, sent(visit, ""));
    let base = visit.form.text("base");
    // The version is that of all templates: when another one was changed, this one is tried again.
    for _ in 0..3 {
        let (present, version) = stored(visit, kind).await?;
        if digest(&present)? != base && present != mine {
            return conflict(visit, kind, mine, &present);
        }
        let change = BTreeMap::from([(kind, mine.clone())]);
        let written = visit
            .services()
            .change_mail_templates(visit.actor(), change, Some(version))
            .await;
        match written {
            Ok(_) => return saved(visit, kind, &mine),
            Err(Error::Conflict(_)) => {}
            Err(error) => return refused(visit, kind, mine, &error),
        }
    }
    let (present, _) = stored(visit, kind).await?;
    conflict(visit, kind, mine, &present)
}

fn saved(visit: &Visit, kind: MailKind, template: &MailTemplate) -> Outcome {
    let warnings = lost(kind, &template.message).into_iter();
    let more = warnings.map(|lost| format!("Warning: {lost}")).collect();
    visit.say_more("Saved. The next mail is written by it.", more)?;
    visit.see_first(&[
        ("findTemplate", format!("/emails/{}", kind.key())),
        ("findTemplates", "/emails".to_owned()),
    ])
}

/// What a message that was found to be well formed lacks for whoever gets it.
fn lost(kind: MailKind, message: &str) -> Vec<&'static str> {
    const CODE: &str = "This mail has neither <%= CODE %> nor <%= TOKEN %> in its message: \
whoever gets it cannot go on with it.";
    const LINK: &str = "This mail has no <%= URL %> in its message: \
it has a link only where you wrote an address out.";
    if !kind.carries_code() {
        return Vec::new();
    }
    let has_code = names(message, &["CODE", "TOKEN"]);
    let has_link = names(message, &["URL"]) || goes_on_from_an_address(message);
    let faults = [(has_code, CODE), (has_link, LINK)];
    let faults = faults.into_iter().filter(|(is_there, _)| !is_there);
    faults.map(|(_, text)| text).collect()
}

/// Does one of these names stand in a message?
fn names(message: &str, wanted: &[&str]) -> bool {
    let mut tags = message.split("<%").skip(1);
    tags.any(|tag| {
        let inside = tag.split("%>").next().unwrap_or_default();
        let name = inside.trim_start_matches(['=', '-']).trim();
        wanted.contains(&name)
    })
}

/// Is there an address that is written out up to a name, as in `https://app.example/reset?code=<%= CODE %>`?
fn goes_on_from_an_address(message: &str) -> bool {
    let is_end = |c: char| c.is_whitespace() || "\"'<>".contains(c);
    let mut addresses = message.split("://").skip(1);
    addresses.any(|address| {
        let rest = address.find(is_end).and_then(|end| address.get(end..));
        rest.is_some_and(|rest| rest.starts_with("<%"))
    })
}

/// The form again, with what is wrong; it stays what it was made from.
fn refused(visit: &Visit, kind: MailKind, mine: MailTemplate, error: &Error) -> Outcome {
    let base = visit.form.text("base").to_owned();
    let mut page = page(visit, kind, mine, base, &sent(visit, "was."))?;
    let known = FIELDS.map(|(name, _)| name);
    page.faults = Faults::of(error, &known, |name| match name {
        "name" => "from_name",
        "email" => "from_email",
        name => name,
    });
    page.is_dirty = true;
    answer::page(error.status_code(), &page)
}

fn conflict(visit: &Visit, kind: MailKind, mine: MailTemplate, present: &MailTemplate) -> Outcome {
    let was = sent(visit, "was.");
    let differs = |((_, name), (old, new)): ((&'static str, &'static str), (String, String))| {
        (old != new).then_some((name, old, new))
    };
    let pairs = values(&was).into_iter().zip(values(present));
    let meanwhile = FIELDS.into_iter().zip(pairs).filter_map(differs);
    let shown = merged(&was, mine, present);
    let mut page = page(visit, kind, shown, digest(present)?, present)?;
    page.meanwhile = meanwhile.collect();
    page.is_dirty = true;
    answer::page(StatusCode::CONFLICT, &page)
}

/// The mail as it would be, in a frame of its own.
pub(super) async fn preview(visit: &Visit) -> Outcome {
    let kind = kind(visit)?;
    let compiled = CompiledTemplate::new(kind, sent(visit, ""));
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
    visit.see_first(&[
        ("findTemplate", format!("/emails/{}", kind.key())),
        ("findTemplates", "/emails".to_owned()),
    ])
}
