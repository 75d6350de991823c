//! `/users-permissions/outbox`, and in development the mails that nobody sends.

use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, FORWARDED, HOST, HeaderName, VIA,
};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use serde_json::{Value, json};
use url::{Host, Url};

use super::dto::{OutboxView, ok};
use super::input;
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::worker::Worker;
use crate::error::{Error, Result};
use crate::mail::{MailAddress, OutgoingMail, escape};
use crate::permission;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    state: Option<String>,
    start: Option<u32>,
    limit: Option<u32>,
}

/// Mails answered at once.
const MAX_LIMIT: u32 = 100;

/// Lists mails, the newest first, without their contents; `state` is `queued`, `sent`, `dead` or `kept`.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(doc::MailList),
    responses((status = 200, description = "Mails", body = doc::MailsAnswer), doc::BadRequest),
))]
#[permission("plugin::users-permissions.outbox.find")]
#[get("/users-permissions/outbox")]
pub(super) async fn find(req: HttpRequest, page: web::Query<Page>) -> Result<HttpResponse> {
    let page = page.into_inner();
    let limit = page.limit.unwrap_or(MAX_LIMIT).clamp(1, MAX_LIMIT);
    let start = page.start.unwrap_or(0);
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let rows = services
        .list_mails(page.state, start.into(), limit.into())
        .await?;
    let mails: Vec<_> = rows.into_iter().map(OutboxView::new).collect();
    Ok(ok(json!({ "mails": mails })))
}

/// Queues a mail again that was given up.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("id" = i32, Path, minimum = 1, description = "Id of the mail")),
    responses(
        (status = 200, description = "Queued", body = doc::Done),
        doc::BadRequest,
        doc::Missing,
    ),
))]
#[permission("plugin::users-permissions.outbox.retry")]
#[post("/users-permissions/outbox/{id}/retry")]
pub(super) async fn retry(req: HttpRequest, id: web::Path<String>) -> Result<HttpResponse> {
    let id = input::id(&id).ok_or(Error::NotFound("Mail not found"))?;
    Worker::of(&req)?.shared.services.retry_mail(id).await?;
    Ok(ok(json!({ "ok": true })))
}

/// In development without a mail server: the mails, oldest first, for callers on this machine.
#[cfg_attr(feature = "openapi", utoipa::path(
    responses(
        (status = 200, description = "Mails", content(
            (Vec<doc::KeptMail> = "application/json"),
            (String = "text/html"),
        )),
        doc::Missing,
        doc::Unavailable,
    ),
))]
#[permission("plugin::users-permissions.outbox.kept", auth = false)]
#[get("/users-permissions/dev/mails")]
pub(super) async fn kept(req: HttpRequest) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    if !comes_from_here(&req, &services.config.public_url) {
        return Err(Error::NotFound("Not Found"));
    }
    let mails = services.kept_mails().await?;
    let accept = req
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        return Ok(HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
            ))
            .body(html(&mails)));
    }
    Ok(ok(mails.iter().map(json_view).collect::<Vec<_>>()))
}

/// The mails hold codes, so they are for whoever sits at this machine: not for its network, not through
/// a proxy, and not for a web page that has its own name lead here. A proxy on this machine need not show
/// in a request, so an application that others know by its `PUBLIC_URL` shows them to nobody.
fn comes_from_here(req: &HttpRequest, public_url: &str) -> bool {
    let headers = req.headers();
    let forwarded = [VIA, FORWARDED, HeaderName::from_static("x-forwarded-for")];
    let local = req
        .peer_addr()
        .is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    local
        && is_this_machine(public_url)
        && is_this_machine(&format!("http://{host}"))
        && !forwarded.iter().any(|name| headers.contains_key(name))
}

/// Does the host of a URL lead to the machine itself, wherever it is opened?
fn is_this_machine(url: &str) -> bool {
    let url = Url::parse(url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

fn json_view(mail: &OutgoingMail) -> Value {
    json!({
        "to": mail.to,
        "from": address(&mail.from),
        "replyTo": mail.reply_to,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "messageId": mail.message_id,
    })
}

fn address(from: &MailAddress) -> String {
    match from.name.as_str() {
        "" => from.email.clone(),
        name => format!("{name} <{}>", from.email),
    }
}

/// The newest first; links of the text can be followed.
fn html(mails: &[OutgoingMail]) -> String {
    let mut page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Mails</title><style>\
body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;padding:1rem}</style><h1>Mails</h1>\
<p>There is no mail server (SMTP_URL), so mails are kept here.</p>"
        .to_owned();
    for mail in mails.iter().rev() {
        page.push_str("<h2>");
        escape(&mut page, &mail.subject);
        page.push_str("</h2><p>to ");
        escape(&mut page, &mail.to);
        page.push_str(", from ");
        escape(&mut page, &address(&mail.from));
        page.push_str("</p><pre>");
        for part in mail
            .text
            .split_inclusive(|c: char| c.is_whitespace() || "<>".contains(c))
        {
            let word = part.trim_end_matches(|c: char| c.is_whitespace() || "<>".contains(c));
            let rest = part.get(word.len()..).unwrap_or_default();
            if word.starts_with("http://") || word.starts_with("https://") {
                page.push_str("<a rel=\"noreferrer\" href=\"");
                escape(&mut page, word);
                page.push_str("\">");
                escape(&mut page, word);
                page.push_str("</a>");
            } else {
                escape(&mut page, word);
            }
            escape(&mut page, rest);
        }
        page.push_str("</pre>");
    }
    page.push_str("</html>");
    page
}
