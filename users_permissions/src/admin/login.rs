//! Signing in and out, the first administrator, and the password once more before what is grave.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::answer::{self, Outcome};
use super::frame::Frame;
use super::session::{self, Me};
use super::visit::{Visit, words};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::http::{count_login, count_set_up};
use crate::model::{Email, User};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    identifier: String,
    next: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetUpPage {
    frame: Frame,
    token: String,
    username: String,
    email: String,
    error: Option<String>,
}

/// Where somebody who is not signed in is led to.
pub(super) fn lead_to(visit: &Visit) -> HttpResponse {
    let here = visit.req.uri().path_and_query();
    let next = here
        .filter(|_| !visit.is_post())
        .map_or("", |here| here.as_str());
    let query: String = match next == visit.path("") || next.is_empty() {
        true => String::new(),
        false => {
            let encoded: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            format!("?next={encoded}")
        }
    };
    answer::see(&visit.path(&format!("/login{query}")))
}

/// A page of ours to go on with; anything else is none.
pub(super) fn own_page(visit: &Visit, next: &str) -> Option<String> {
    let rest = next.strip_prefix(&*visit.path(""))?;
    let plain = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let own = plain && (rest.is_empty() || rest.starts_with(['/', '?'])) && !next.starts_with("//");
    own.then(|| next.to_owned())
}

pub(super) async fn form(visit: &Visit) -> Outcome {
    if visit.me.is_some() {
        return visit.see(visit.first_page());
    }
    show_form(visit, StatusCode::OK, "", visit.query.text("next"), None)
}

fn show_form(
    visit: &Visit,
    status: StatusCode,
    identifier: &str,
    next: &str,
    error: Option<String>,
) -> Outcome {
    let template = LoginPage {
        frame: visit.frame("Sign in", "")?,
        identifier: identifier.to_owned(),
        next: own_page(visit, next).unwrap_or_default(),
        error,
    };
    answer::page(status, &template)
}

pub(super) async fn sign_in(visit: &Visit) -> Outcome {
    let identifier = visit.form.text("identifier").trim();
    let next = visit.form.text("next");
    match admit(visit, identifier).await {
        Ok(user) => {
            // Whoever was signed in here is no more.
            session::sign_out(&visit.session, visit.me.as_ref(), visit.services()).await?;
            session::begin(&visit.session, &user, visit.services()).await?;
            tracing::info!(target: "users_permissions::security", user = user.id, "an administrator signed in");
            let next = own_page(visit, next).filter(|page| visit.opens(page, Some(&user.roles)));
            match next {
                Some(next) => Ok(answer::see(&next)),
                None => visit.see(visit.first_page_of(&user.roles)),
            }
        }
        Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => Err(error),
        Err(error) => {
            let status = match error {
                Error::RateLimited => StatusCode::TOO_MANY_REQUESTS,
                Error::Forbidden => StatusCode::FORBIDDEN,
                _ => StatusCode::BAD_REQUEST,
            };
            let text = match error {
                Error::Forbidden => "This account has no rights on these pages.".to_owned(),
                error => words(&error),
            };
            show_form(visit, status, identifier, next, Some(text))
        }
    }
}

async fn admit(visit: &Visit, identifier: &str) -> Result<User> {
    let services = visit.services();
    let attempt = count_login(&visit.req, services, identifier.to_owned()).await?;
    let password = Secret::from(visit.form.text("password").to_owned());
    let user = services.prove(attempt, password).await?;
    match visit.may_enter(&user.roles) {
        true => Ok(user),
        false => Err(Error::Forbidden),
    }
}

/// The password of who is signed in, once more, in this field of the form.
pub(super) async fn prove_again(visit: &Visit, me: &Me, field: &str) -> Result<()> {
    const WRONG: &str = "Your password is wrong";
    let services = visit.services();
    let name = &me.principal.username;
    let attempt = count_login(&visit.req, services, name.clone()).await?;
    let password = visit.form.text(field);
    if password.is_empty() {
        return Err(Error::field(field, "Type your password to confirm"));
    }
    // By the name, for several may have one address. Whoever else a name leads to is not taken.
    let by_name = services
        .prove(attempt, Secret::from(password.to_owned()))
        .await;
    match by_name {
        Ok(user) if user.id == me.principal.id => Ok(()),
        Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => Err(error),
        _ => Err(Error::field(field, WRONG)),
    }
}

pub(super) async fn sign_out(visit: &Visit) -> Outcome {
    session::sign_out(&visit.session, visit.me.as_ref(), visit.services()).await?;
    visit.say("You are signed out.")?;
    visit.see("/login")
}

pub(super) async fn set_up(visit: &Visit) -> Outcome {
    if !visit.is_post() {
        return show_set_up(visit, StatusCode::OK, visit.query.text("token"), None);
    }
    let form = &visit.form;
    match create_first(visit).await {
        Ok(user) => {
            session::begin(&visit.session, &user, visit.services()).await?;
            visit.say("Welcome. You are the first administrator.")?;
            visit.see("")
        }
        Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => Err(error),
        Err(error) => {
            let status = actix_web::ResponseError::status_code(&error);
            show_set_up(visit, status, form.text("token"), Some(words(&error)))
        }
    }
}

async fn create_first(visit: &Visit) -> Result<User> {
    let form = &visit.form;
    count_set_up(&visit.req, visit.services()).await?;
    let email = Email::parse(form.text("email"))
        .map_err(|_| Error::field("email", "This is no e-mail address"))?;
    let secret = |name: &str| Secret::from(form.text(name).to_owned());
    let username = form.text("username").to_owned();
    visit
        .services()
        .set_up(secret("token"), username, email, secret("password"))
        .await
}

fn show_set_up(visit: &Visit, status: StatusCode, token: &str, error: Option<String>) -> Outcome {
    let form = &visit.form;
    let template = SetUpPage {
        frame: visit.frame("First administrator", "")?,
        token: token.to_owned(),
        username: form.text("username").to_owned(),
        email: form.text("email").to_owned(),
        error,
    };
    answer::secret_page(status, &template)
}
