//! Mails on their way, and those that were given up.

use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::frame::Frame;
use super::visit::{Visit, words};
use crate::error::Error;
use crate::model::OutboxMail;
use crate::services::Delivery;

const SIZE: i64 = 50;
const STATES: [(&str, &str); 4] = [
    ("dead", "Given up"),
    ("queued", "Waiting"),
    ("sent", "Sent"),
    ("kept", "Kept"),
];

#[derive(Template)]
#[template(path = "outbox.html")]
struct OutboxPage {
    frame: Frame,
    mails: Vec<OutboxMail>,
    state: String,
    states: [(&'static str, &'static str); 4],
    newer: Option<i64>,
    older: Option<i64>,
    may_retry: bool,
    is_kept: bool,
}

pub(super) async fn list(visit: &Visit) -> Outcome {
    let services = visit.services();
    let state = visit.query.text("state");
    let known = STATES.iter().find(|(name, _)| *name == state);
    let start = visit.query.number("start").map_or(0, i64::from);
    let filter = known.map(|(name, _)| (*name).to_owned());
    let mut mails = services.list_mails(filter, start, SIZE + 1).await?;
    let has_more = mails.len() > SIZE as usize;
    mails.truncate(SIZE as usize);
    let delivery = services.mails.delivery();
    let template = OutboxPage {
        frame: visit.frame("Outbox", "/outbox")?,
        mails,
        state: known.map_or("", |(name, _)| name).to_owned(),
        states: STATES,
        newer: (start > 0).then(|| (start - SIZE).max(0)),
        older: has_more.then_some(start + SIZE),
        may_retry: visit.may("retryMail") && delivery == Delivery::Sent,
        is_kept: delivery == Delivery::Kept,
    };
    answer::page(StatusCode::OK, &template)
}

pub(super) async fn retry(visit: &Visit) -> Outcome {
    match visit.services().retry_mail(visit.id()?).await {
        Ok(()) => visit.say("The mail waits to be sent again.")?,
        Err(error @ (Error::Unavailable(_) | Error::Internal(_) | Error::NotFound(_))) => {
            return Err(error);
        }
        Err(error) => visit.complain(words(&error))?,
    }
    visit.see_first(&[("findMails", "/outbox?state=dead".to_owned())])
}
