//! A request for a page: who asks, may they, and what does the form say.

use std::collections::BTreeSet;
use std::net::IpAddr;

use actix_session::{Session, SessionExt as _};
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};

use super::answer::{self, Outcome};
use super::flash::Flash;
use super::form::{self, Form};
use super::frame::ErrorPage;
use super::session::{self, Me};
use super::{Admin, find, home, login};
use crate::acl::ActionEntry;
use crate::config::AdminSession;
use crate::error::{Error, Result};
use crate::http::request_origin;
use crate::model::UserRoles;
use crate::services::{Actor, Services};

/// Actions of the pages begin so.
pub(super) const ACTIONS: &str = "plugin::users-permissions.admin.";
/// The action that serves files.
const ASSET: &str = "plugin::users-permissions.admin.asset";
/// The action of the start page.
const HOME: &str = "plugin::users-permissions.admin.home";
const EXPIRED: Error =
    Error::Conflict("This form is too old; go back, reload the page and try again");

/// A request that may be served.
pub(super) struct Visit {
    pub(super) req: HttpRequest,
    pub(super) admin: web::Data<Admin>,
    pub(super) session: Session,
    pub(super) me: Option<Me>,
    /// The body of a POST.
    pub(super) form: Form,
    pub(super) query: Form,
}

/// Serves a page: who is signed in, may they, is the form one of ours, and only then the handler.
pub(super) async fn serve(
    entry: &'static ActionEntry,
    req: HttpRequest,
    payload: web::Payload,
    handler: &impl AsyncFn(&Visit) -> Outcome,
) -> HttpResponse {
    let Some(mut visit) = Visit::new(req) else {
        return Error::internal("a page outside of its scope").error_response();
    };
    let answer = match visit.admit(entry, payload).await {
        Ok(Admission::Granted) => handler(&visit).await,
        Ok(Admission::SignIn) => Ok(login::lead_to(&visit)),
        Ok(Admission::Elsewhere) => home::elsewhere(&visit),
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| visit.error_page(&error))
}

/// What answers a path without a page.
pub(super) async fn not_found(req: HttpRequest) -> HttpResponse {
    let Some(mut visit) = Visit::new(req) else {
        return Error::NotFound("Not Found").error_response();
    };
    let known = session::signed_in(&visit.session, visit.services()).await;
    visit.me = known.ok().flatten();
    visit.error_page(&Error::NotFound("This page does not exist"))
}

enum Admission {
    Granted,
    SignIn,
    /// Signed in, and the start page is not theirs.
    Elsewhere,
}

impl Visit {
    fn new(req: HttpRequest) -> Option<Self> {
        let admin = req.app_data::<web::Data<Admin>>().cloned()?;
        Some(Self {
            session: req.get_session(),
            query: Form::parse(req.query_string().as_bytes()),
            form: Form::default(),
            me: None,
            admin,
            req,
        })
    }

    async fn admit(&mut self, entry: &ActionEntry, payload: web::Payload) -> Result<Admission> {
        let admin = self.admin.clone();
        let services = &admin.shared.services;
        // Files are the same for everybody.
        if entry.action != ASSET {
            self.me = session::signed_in(&self.session, services).await?;
        }
        if !entry.open {
            let Some(me) = &self.me else {
                return Ok(Admission::SignIn);
            };
            let action = entry
                .index()
                .ok_or_else(|| Error::internal("an action outside of the catalog"))?;
            if !services.rights.load().allows(&me.principal.roles, action) {
                return match entry.action {
                    HOME => Ok(Admission::Elsewhere),
                    _ => Err(Error::Forbidden),
                };
            }
        }
        if self.is_post() {
            self.check_origin()?;
            self.form = Form::read(&self.req, payload).await?;
            let secret = session::known_forms(&self.session).ok_or(EXPIRED)?;
            if !secret.accepts(self.form.text("_csrf")) {
                return Err(EXPIRED);
            }
        }
        Ok(Admission::Granted)
    }

    /// Browsers tell where a form was sent from; it has to be a page of ours.
    fn check_origin(&self) -> Result<()> {
        let headers = self.req.headers();
        let site = header(headers, "sec-fetch-site");
        if !matches!(site, None | Some("same-origin" | "none")) {
            return Err(Error::Forbidden);
        }
        let Some(origin) = header(headers, ORIGIN.as_str()) else {
            return Ok(());
        };
        let public = &self.services().config.public_url;
        let host = origin.split_once("://").map(|(_, host)| host);
        let asked = header(headers, HOST.as_str());
        let is_public =
            url::Url::parse(public).is_ok_and(|url| url.origin().ascii_serialization() == origin);
        if is_public || (host.is_some() && host == asked) {
            Ok(())
        } else {
            Err(Error::Forbidden)
        }
    }

    pub(super) fn services(&self) -> &Services {
        &self.admin.shared.services
    }

    pub(super) fn is_post(&self) -> bool {
        self.req.method() == Method::POST
    }

    /// Is it a script that asks, and not somebody who will read the page? Browsers tell.
    pub(super) fn is_fetch(&self) -> bool {
        !matches!(
            header(self.req.headers(), "sec-fetch-mode"),
            None | Some("navigate")
        )
    }

    /// A path of ours.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.admin.prefix)
    }

    /// The number in the path.
    pub(super) fn id(&self) -> Result<i32> {
        let text = self.req.match_info().get("id").unwrap_or_default();
        form::id(text).ok_or(Error::NotFound("Not found"))
    }

    /// May the administrator do this (the last part of an action)?
    pub(super) fn may(&self, action: &str) -> bool {
        let me = self.me.as_ref();
        me.is_some_and(|me| self.allows(&me.principal.roles, action))
    }

    /// Do these roles allow this (the last part of an action)?
    pub(super) fn allows(&self, roles: &UserRoles, action: &str) -> bool {
        let services = self.services();
        let position = services.catalog.position(&format!("{ACTIONS}{action}"));
        debug_assert!(position.is_some(), "no such action: {action}");
        position.is_some_and(|position| services.rights.load().allows(roles, position))
    }

    /// Would this path show somebody with these roles (`None`: who is not signed in) a page?
    pub(super) fn opens(&self, path: &str, roles: Option<&UserRoles>) -> bool {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        // Whoever may not see the start page is led on from there.
        if path == self.path("") {
            return true;
        }
        let action = find::route(self, "GET", path).and_then(|(_, action)| action);
        let position = action.and_then(|action| self.services().catalog.position(action));
        position.is_some_and(|at| {
            let entry = self.services().catalog.actions().get(at);
            entry.is_some_and(|action| action.is_open())
                || roles.is_some_and(|roles| self.services().rights.load().allows(roles, at))
        })
    }

    /// All that the administrator may do in here: last parts of actions.
    pub(super) fn allowed(&self) -> BTreeSet<&'static str> {
        let Some(me) = &self.me else {
            return BTreeSet::new();
        };
        let services = self.services();
        let rights = services.rights.load();
        let pages = services.catalog.actions().iter().enumerate();
        let pages =
            pages.filter_map(|(at, action)| Some((at, action.name().strip_prefix(ACTIONS)?)));
        pages
            .filter(|(at, _)| rights.allows(&me.principal.roles, *at))
            .map(|(_, name)| name)
            .collect()
    }

    /// May the administrator do anything at all in here?
    pub(super) fn may_enter(&self, roles: &UserRoles) -> bool {
        let services = self.services();
        let rights = services.rights.load();
        let mut actions = services.catalog.actions().iter().enumerate();
        actions.any(|(at, action)| {
            action.name().starts_with(ACTIONS) && !action.is_open() && rights.allows(roles, at)
        })
    }

    pub(super) fn actor(&self) -> Actor {
        match &self.me {
            Some(me) => Actor::User {
                id: me.principal.id,
                name: me.principal.username.clone(),
                roles: me.principal.roles.clone(),
                origin: self.origin(),
            },
            None => Actor::Public,
        }
    }

    pub(super) fn origin(&self) -> IpAddr {
        request_origin(&self.req, &self.services().config.trusted_proxies)
    }

    fn times(&self) -> &AdminSession {
        &self.services().config.admin_session
    }

    /// Was the password typed a short while ago?
    pub(super) fn is_recent(&self) -> bool {
        self.me
            .as_ref()
            .is_some_and(|me| me.is_recent(self.times()))
    }

    /// Asks for the password in the form's field `password`, unless it was typed a short while ago.
    pub(super) async fn insist(&self) -> Result<()> {
        self.insist_in("password").await
    }

    /// As [`insist`](Self::insist), with another name of the field.
    pub(super) async fn insist_in(&self, field: &str) -> Result<()> {
        let me = self.me.as_ref().ok_or(Error::Forbidden)?;
        if me.is_recent(self.times()) {
            return Ok(());
        }
        login::prove_again(self, me, field).await?;
        session::prove(&self.session, me)
    }

    /// Leaves a line for the next page.
    pub(super) fn say(&self, text: impl Into<String>) -> Result<()> {
        self.say_more(text, Vec::new())
    }

    /// Leaves a line, with others below it, for the next page.
    pub(super) fn say_more(&self, text: impl Into<String>, more: Vec<String>) -> Result<()> {
        let text: String = text.into();
        let flash = Flash::new(true, &text, &more);
        session::leave(&self.session, &flash)
    }

    /// Leaves a line about something that did not work.
    pub(super) fn complain(&self, text: impl Into<String>) -> Result<()> {
        self.complain_more(text, Vec::new())
    }

    /// Leaves a line about something that did not work, with others below it.
    pub(super) fn complain_more(&self, text: impl Into<String>, more: Vec<String>) -> Result<()> {
        let text: String = text.into();
        let flash = Flash::new(false, &text, &more);
        session::leave(&self.session, &flash)
    }

    pub(super) fn see(&self, rest: &str) -> Outcome {
        Ok(answer::see(&self.path(rest)))
    }

    /// Leads to the first of these pages that the administrator may open, by action and path; without one, to
    /// the first of the menu.
    pub(super) fn see_first(&self, pages: &[(&str, String)]) -> Outcome {
        match pages.iter().find(|(action, _)| self.may(action)) {
            Some((_, path)) => self.see(path),
            None => self.see(self.first_page()),
        }
    }

    /// Leads to the page of a user, or else to the list of users.
    pub(super) fn see_user(&self, id: i32) -> Outcome {
        self.see_first(&[
            ("findUser", format!("/users/{id}")),
            ("findUsers", "/users".to_owned()),
        ])
    }

    fn error_page(&self, error: &Error) -> HttpResponse {
        error.log();
        let status = error.status_code();
        let page = self
            .frame("Not possible", "?")
            .map(|frame| ErrorPage::new(frame, status, error))
            .and_then(|template| answer::page(status, &template));
        page.unwrap_or_else(|_| HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What a person is told of an error.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::Forbidden => {
            "You may not do this: it takes rights that you do not hold yourself.".to_owned()
        }
        Error::Validation(validation) if !validation.errors.is_empty() => {
            let each = validation.errors.iter().map(|error| error.message.as_str());
            each.collect::<Vec<_>>().join("; ")
        }
        Error::Unavailable(_) => "The database or a queue is not available; try again.".to_owned(),
        Error::Internal(_) => "Something went wrong here; the log tells more.".to_owned(),
        other => other.to_string(),
    }
}
