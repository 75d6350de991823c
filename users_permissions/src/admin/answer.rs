//! Answers: rendered pages, redirects, downloads, each with the headers of a page for administrators.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use futures_util::Stream;

use crate::error::{Error, Result};

/// What a page's handler answers; an error becomes a page, too.
pub(super) type Outcome = Result<HttpResponse>;

/// Scripts and styles come from files of this host, and nothing else does.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The headers of every page: stored by nobody, framed by nobody.
fn builder(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header((OPENER, "same-origin"))
        .insert_header((RESOURCE, "same-origin"));
    response
}

/// A page.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Outcome {
    let html = template.render().map_err(Error::internal)?;
    Ok(builder(status)
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// Leads to another page of ours, by GET.
pub(super) fn see(path: &str) -> HttpResponse {
    // What is no header value is no path of ours.
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    builder(StatusCode::SEE_OTHER)
        .insert_header((LOCATION, location))
        .finish()
}

fn file(name: &'static str) -> HttpResponseBuilder {
    let mut response = builder(StatusCode::OK);
    response
        .content_type("text/csv; charset=utf-8")
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ));
    response
}

/// A file to be kept.
pub(super) fn download(name: &'static str, csv: String) -> HttpResponse {
    file(name).body(csv)
}

/// A file to be kept that is written while it is sent. An error ends it early, which the client notices.
pub(super) fn streamed(
    name: &'static str,
    parts: impl Stream<Item = Result<Bytes>> + 'static,
) -> HttpResponse {
    file(name).streaming(parts)
}

/// A page whose address is a secret. Browsers tell nobody more than the host; telling nothing at all, they
/// would send its form without saying where it stood.
pub(super) fn secret_page(status: StatusCode, template: &impl Template) -> Outcome {
    let mut response = page(status, template)?;
    let policy = HeaderValue::from_static("strict-origin");
    response.headers_mut().insert(REFERRER_POLICY, policy);
    Ok(response)
}

/// A value of a CSV file. What a spreadsheet would take for a formula is text.
pub(super) fn csv(value: &str) -> String {
    let guard = match value.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => "'",
        _ => "",
    };
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}

/// HTML of somebody else's making, shown in a frame that may do nothing.
pub(super) fn sandboxed(html: String) -> HttpResponse {
    const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; \
form-action 'none'; frame-ancestors 'self'; base-uri 'none'";
    builder(StatusCode::OK)
        .insert_header((CONTENT_SECURITY_POLICY, SANDBOX))
        .insert_header((X_FRAME_OPTIONS, "SAMEORIGIN"))
        .content_type("text/html; charset=utf-8")
        .body(html)
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn spreadsheets_find_text() {
        assert_eq!(csv("a \"b\""), "\"a \"\"b\"\"\"");
        assert_eq!(csv("=1+1"), "\"'=1+1\"");
        assert_eq!(csv("@x"), "\"'@x\"");
    }
}
