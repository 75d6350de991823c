//! The start page, and the appearance of all.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::changes::Entry;
use super::frame::{Frame, THEME};
use super::login::own_page;
use super::sheet;
use super::users::grouped;
use super::visit::Visit;
use crate::error::Error;
use crate::model::ChangeFilter;

/// A number that leads somewhere.
struct Tile {
    number: String,
    label: &'static str,
    path: &'static str,
    is_alarm: bool,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    tiles: Vec<Tile>,
    entries: Vec<Entry>,
    may_read_log: bool,
}

/// The start page of somebody whose rights open none.
#[derive(Template)]
#[template(path = "nothing.html")]
struct NothingPage {
    frame: Frame,
}

/// Where somebody is led who may not see the start page: to the first page that is theirs, or to one that says
/// that there is none.
pub(super) fn elsewhere(visit: &Visit) -> Outcome {
    match visit.first_page() {
        "" => {
            let frame = visit.frame("No page is yours", "")?;
            answer::page(StatusCode::OK, &NothingPage { frame })
        }
        path => visit.see(path),
    }
}

pub(super) async fn show(visit: &Visit) -> Outcome {
    let services = visit.services();
    let mut tiles = Vec::new();
    let mut tile = |number: i64, label: &'static str, path: &'static str, is_alarm: bool| {
        let number = grouped(number);
        tiles.push(Tile {
            number,
            label,
            path,
            is_alarm,
        });
    };
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    if visit.may("findUsers") {
        tile(services.user_total().await?, "users", "/users", false);
    }
    if visit.may("findRoles") {
        tile(
            count(services.rights.load().roles().len()),
            "roles",
            "/roles",
            false,
        );
    }
    if visit.may("getMatrix") {
        tile(
            count(sheet::tickable(&services.catalog).count()),
            "protected actions",
            "/matrix",
            false,
        );
    }
    if visit.may("findMails") {
        let dead = services.dead_mails().await?;
        tile(dead, "mails given up", "/outbox?state=dead", dead > 0);
    }
    let may_read_log = visit.may("findChanges");
    let changes = match may_read_log {
        true => services.changes(ChangeFilter::default(), 8).await?,
        false => Vec::new(),
    };
    let template = HomePage {
        frame: visit.frame("Start", "")?,
        tiles,
        entries: changes
            .into_iter()
            .map(|change| Entry::new(visit, change))
            .collect(),
        may_read_log,
    };
    answer::page(StatusCode::OK, &template)
}

pub(super) async fn set_theme(visit: &Visit) -> Outcome {
    let theme = match visit.form.text("theme") {
        theme @ ("light" | "dark") => theme,
        _ => "",
    };
    let roles = visit.me.as_ref().map(|me| &me.principal.roles);
    let back = own_page(visit, visit.form.text("next")).filter(|page| visit.opens(page, roles));
    let back = back.unwrap_or_else(|| visit.path(""));
    let mut response = answer::see(&back);
    let cookie = Cookie::build(THEME, theme.to_owned())
        .path(visit.path(""))
        .http_only(true)
        .secure(visit.admin.is_secure())
        .same_site(SameSite::Lax)
        .permanent()
        .finish();
    response
        .add_cookie(&cookie)
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok(response)
}
