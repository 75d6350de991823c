//! The start page, and the appearance of all.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::frame::{Frame, THEME};
use super::login::own_page;
use super::visit::Visit;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
}

pub(super) async fn show(visit: &Visit) -> Outcome {
    let template = HomePage {
        frame: visit.frame("Start", "")?,
    };
    answer::page(StatusCode::OK, &template)
}

pub(super) async fn set_theme(visit: &Visit) -> Outcome {
    let theme = match visit.form.text("theme") {
        theme @ ("light" | "dark") => theme,
        _ => "",
    };
    let back = own_page(visit, visit.form.text("next")).unwrap_or_else(|| visit.path(""));
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
        .map_err(|error| crate::error::Error::internal(error.to_string()))?;
    Ok(response)
}
