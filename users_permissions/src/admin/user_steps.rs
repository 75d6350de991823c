//! What is done for a user beside changing it: the end of it, of its sessions, and mails with links.

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::form;
use super::frame::Frame;
use super::visit::{Visit, words};
use crate::error::{Error, Result};
use crate::model::CodePurpose;

#[derive(Template)]
#[template(path = "user_delete.html")]
struct DeletePage {
    frame: Frame,
    id: i32,
    name: String,
    error: Option<String>,
    ask_password: bool,
}

pub(super) async fn delete(visit: &Visit) -> Outcome {
    let id = visit.id()?;
    if !visit.is_post() {
        return answer::page(StatusCode::OK, &delete_page(visit, id, None).await?);
    }
    let deleted = match visit.insist().await {
        Ok(()) => visit.services().delete_user(visit.actor(), id).await,
        Err(error) => Err(error),
    };
    match deleted {
        Ok(account) => {
            visit.say(format!("{} was deleted.", account.user.username))?;
            visit.see_first(&[("findUsers", "/users".to_owned())])
        }
        Err(error @ (Error::Unavailable(_) | Error::Internal(_) | Error::NotFound(_))) => {
            Err(error)
        }
        Err(error) => {
            let page = delete_page(visit, id, Some(words(&error))).await?;
            answer::page(error.status_code(), &page)
        }
    }
}

async fn delete_page(visit: &Visit, id: i32, error: Option<String>) -> Result<DeletePage> {
    let name = visit.services().user(id).await?.user.username;
    Ok(DeletePage {
        frame: visit.frame(format!("Delete {name}"), "/users")?,
        id,
        name,
        error,
        ask_password: !visit.is_recent(),
    })
}

/// Tells how something went that was asked for on a user's page.
fn told(visit: &Visit, id: i32, done: Result<()>, text: &str) -> Outcome {
    match done {
        Ok(()) => visit.say(text)?,
        Err(error @ (Error::Unavailable(_) | Error::Internal(_) | Error::NotFound(_))) => {
            return Err(error);
        }
        Err(error) => visit.complain(words(&error))?,
    }
    visit.see_user(id)
}

pub(super) async fn resend_confirmation(visit: &Visit) -> Outcome {
    let id = visit.id()?;
    let done = visit
        .services()
        .mail_code(visit.actor(), id, CodePurpose::Confirmation)
        .await;
    told(visit, id, done, "The confirmation link is on its way.")
}

pub(super) async fn send_password_link(visit: &Visit) -> Outcome {
    let id = visit.id()?;
    let done = visit
        .services()
        .mail_code(visit.actor(), id, CodePurpose::Reset)
        .await;
    told(
        visit,
        id,
        done,
        "A link to choose a password is on its way.",
    )
}

pub(super) async fn unlink(visit: &Visit) -> Outcome {
    let id = visit.id()?;
    let identity = visit.req.match_info().get("identity").and_then(form::id);
    let identity = identity.ok_or(Error::NotFound("Identity not found"))?;
    let done = visit
        .services()
        .unlink_identity_of(visit.actor(), id, identity)
        .await;
    told(visit, id, done, "The provider is unlinked.")
}

pub(super) async fn end_sessions(visit: &Visit) -> Outcome {
    let id = visit.id()?;
    let done = visit.services().end_sessions_of(visit.actor(), id).await;
    told(visit, id, done, "Every session of the user has ended.")
}
