//! What is done to several users of the list at once.

use std::collections::BTreeSet;

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::find;
use super::form;
use super::frame::Frame;
use super::user_slice::MOST;
use super::visit::{Visit, words};
use crate::error::{Error, Result};
use crate::services::{Account, UserChange};

#[derive(Template)]
#[template(path = "users_delete.html")]
struct DeletePage {
    frame: Frame,
    /// Ids and names.
    users: Vec<(i32, String)>,
    /// Who deletes is among them.
    is_own: bool,
    here: String,
    back: String,
    error: Option<String>,
    ask_password: bool,
}

/// The users that are ticked.
fn ticked(visit: &Visit) -> Result<BTreeSet<i32>> {
    let ids: BTreeSet<i32> = visit.form.all("u").filter_map(form::id).collect();
    match ids.len() > MOST {
        true => Err(Error::validation(format!("At most {MOST} users at once"))),
        false => Ok(ids),
    }
}

/// The list as it was.
fn list(visit: &Visit) -> String {
    let query = visit.form.text("here");
    let plain = query.bytes().all(|byte| byte.is_ascii_graphic());
    match query.is_empty() || !plain {
        true => "/users".to_owned(),
        false => format!("/users?{query}"),
    }
}

fn back(visit: &Visit) -> Outcome {
    visit.see_first(&[("findUsers", list(visit))])
}

/// Tells of how many users something was done, and of which not.
fn tell(visit: &Visit, what: &str, done: &[String], failed: Vec<String>) -> Outcome {
    match (done, failed.is_empty()) {
        ([], true) => visit.complain("No user was selected.")?,
        ([one], true) => visit.say(format!("{one} is {what}."))?,
        (all, true) => visit.say(format!("{} users are {what}.", all.len()))?,
        (all, false) => {
            let text = format!("{} users are {what}; of others not:", all.len());
            visit.complain_more(text, failed)?;
        }
    }
    back(visit)
}

/// Does it to one after the other; what fails stops nobody but a fault of ours. Answers the names, and what went
/// wrong with others.
async fn each(
    mut users: impl ExactSizeIterator<Item = (i32, String)>,
    work: impl AsyncFn(i32) -> Result<Account>,
) -> (Vec<String>, Vec<String>) {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for (id, name) in users.by_ref() {
        match work(id).await {
            Ok(account) => done.push(account.user.username),
            Err(error) => {
                error.log();
                failed.push(format!("{name}: {}", words(&error)));
                if matches!(error, Error::Unavailable(_) | Error::Internal(_)) {
                    break;
                }
            }
        }
    }
    match users.len() {
        0 => {}
        1 => failed.push("One more was not tried.".to_owned()),
        rest => failed.push(format!("{rest} more were not tried.")),
    }
    (done, failed)
}

/// Blocks or unblocks one user, or all that are ticked.
pub(super) async fn block(visit: &Visit) -> Outcome {
    let form = &visit.form;
    let (blocked, ids) = match (form.number("block"), form.number("unblock")) {
        (Some(id), _) => (true, BTreeSet::from([id])),
        (None, Some(id)) => (false, BTreeSet::from([id])),
        (None, None) => (form.text("all") != "unblock", ticked(visit)?),
    };
    let work = async |id| {
        let change = UserChange {
            blocked: Some(blocked),
            ..UserChange::default()
        };
        let services = visit.services();
        services.update_user(visit.actor(), id, change).await
    };
    let ids: Vec<_> = ids
        .into_iter()
        .map(|id| (id, format!("User {id}")))
        .collect();
    let (done, failed) = each(ids.into_iter(), work).await;
    let what = if blocked { "blocked" } else { "unblocked" };
    tell(visit, what, &done, failed)
}

/// Asks whether all that are ticked shall be deleted, and then does it.
pub(super) async fn delete(visit: &Visit) -> Outcome {
    let users = named(visit, &ticked(visit)?).await?;
    if users.is_empty() {
        return tell(visit, "deleted", &[], Vec::new());
    }
    if !visit.form.has("sure") {
        return answer::page(StatusCode::OK, &delete_page(visit, users, None)?);
    }
    match visit.insist().await {
        Ok(()) => {}
        Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => return Err(error),
        Err(error) => {
            let page = delete_page(visit, users, Some(words(&error)))?;
            return answer::page(error.status_code(), &page);
        }
    }
    let work = async |id| visit.services().delete_user(visit.actor(), id).await;
    let (done, failed) = each(users.into_iter(), work).await;
    tell(visit, "deleted", &done, failed)
}

/// Those of the users who are there, with their names.
async fn named(visit: &Visit, ids: &BTreeSet<i32>) -> Result<Vec<(i32, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let each = ids.iter().enumerate();
    let each = each.map(|(at, id)| (format!("filters[id][$in][{at}]"), id.to_string()));
    let each: Vec<_> = each.collect();
    let parts = each.iter().map(|(name, id)| (name.as_str(), id.as_str()));
    let parts: Vec<_> = parts.chain([("sort", "id")]).collect();
    let found = visit.services().users(find::query(visit, &parts)?).await?;
    let name = |account: Account| (account.user.id, account.user.username);
    Ok(found.into_iter().map(name).collect())
}

fn delete_page(
    visit: &Visit,
    users: Vec<(i32, String)>,
    error: Option<String>,
) -> Result<DeletePage> {
    let title = match users.as_slice() {
        [(_, name)] => format!("Delete {name}"),
        several => format!("Delete {} users", several.len()),
    };
    let me = visit.me.as_ref().map(|me| me.principal.id);
    Ok(DeletePage {
        frame: visit.frame(title, "/users")?,
        is_own: users.iter().any(|(id, _)| Some(*id) == me),
        users,
        here: visit.form.text("here").to_owned(),
        back: list(visit),
        error,
        ask_password: !visit.is_recent(),
    })
}
