//! Providers of social login: the list, and what is shown of one.

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::form::finds;
use super::frame::Frame;
use super::mark::Mark;
use super::provider;
use super::visit::Visit;

struct Row {
    name: String,
    display: String,
    mark: Mark,
    is_enabled: bool,
    has_key: bool,
    has_secret: bool,
}

impl Row {
    /// Somebody has begun to configure it.
    fn is_begun(&self) -> bool {
        self.has_key || self.has_secret
    }
}

#[derive(Template)]
#[template(path = "providers.html")]
struct ProvidersPage {
    frame: Frame,
    rows: Vec<Row>,
    enabled: usize,
    all: usize,
    query: String,
}

pub(super) async fn find(visit: &Visit) -> Outcome {
    if let Some(name) = visit.req.match_info().get("name") {
        return provider::show(visit, name).await;
    }
    let known = visit.services().providers().await?.value;
    let query = visit.query.text("q").trim().to_owned();
    let all = known.len();
    let enabled = known.iter().filter(|found| found.settings.enabled);
    let enabled = enabled.count();
    let mut rows: Vec<_> = known
        .into_iter()
        .map(|found| Row {
            mark: Mark::new(&found.provider.icon, &found.provider.display),
            display: found.provider.display.clone(),
            is_enabled: found.settings.enabled,
            has_key: !found.settings.key.is_empty(),
            has_secret: found.settings.secret.is_some(),
            name: found.name,
        })
        .filter(|row| finds(&query, &[&row.name, &row.display]))
        .collect();
    // Those in use first.
    rows.sort_by_key(|row| {
        let name = row.display.to_lowercase();
        (!row.is_enabled, !row.is_begun(), name)
    });
    let template = ProvidersPage {
        frame: visit.frame("Providers", "/providers")?,
        rows,
        enabled,
        all,
        query,
    };
    answer::page(StatusCode::OK, &template)
}
