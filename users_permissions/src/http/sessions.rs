//! `/auth/refresh`, `/auth/logout`, `/auth/sessions`: 404 unless tokens are managed by sessions.

use std::rc::Rc;

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde_json::{Value, json};

use super::auth_user::AuthUser;
use super::body::{self, Fields, SMALL};
use super::device::{device_id, wants_cookie};
use super::dto::{LoginView, RenewalView, SessionsView, ok};
use super::input::object;
use super::limits::{self, limited};
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::refresh_cookie as cookie;
use super::worker::Worker;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::SessionId;
use crate::permission;
use crate::services::{Ending, Login, RefreshToken, Services};

/// Exchanges a refresh token, of the body or of the cookie, for a new pair of tokens; refresh mode only.
///
/// A token can be exchanged once. The new one is answered where the old one came from.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::RefreshBody,
    responses(
        (status = 200, description = "The new tokens", body = RenewalView),
        doc::BadBody,
        doc::Missing,
        doc::Limited,
    ),
))]
#[permission("plugin::users-permissions.auth.refresh", grant("public"))]
#[post("/auth/refresh")]
pub(super) async fn refresh(req: HttpRequest, payload: web::Payload) -> HttpResponse {
    limited(&req, &limits::REFRESH, async |_| {
        let worker = with_sessions(&req)?;
        let services = &worker.shared.services;
        let fields = object(body::read::<SMALL>(&req, payload).await?)?;
        let given = given_token(&req, services, &fields)?;
        let given = given.ok_or(Error::BadRequest("Missing refresh token"))?;
        let in_cookie = given.in_cookie || wants_cookie(&req, &services.config)?;
        let renewal = services.renew(given.token, in_cookie).await?;
        let shown = in_body(&renewal.refresh);
        let mut response = ok(RenewalView::new(&renewal.jwt, shown));
        set_cookie(&mut response, services, &renewal.refresh);
        Ok(response)
    })
    .await
}

/// Ends sessions of the caller: all (`scope`), those of a device, the one of a refresh token, or else the
/// one that calls; refresh mode only.
#[cfg_attr(feature = "openapi", utoipa::path(
    request_body = doc::LogoutBody,
    responses(
        (status = 200, description = "They have ended", body = doc::Done),
        doc::BadBody,
        doc::Missing,
        doc::Limited,
    ),
))]
#[permission("plugin::users-permissions.auth.logout", grant("authenticated"))]
#[post("/auth/logout")]
pub(super) async fn logout(
    req: HttpRequest,
    user: AuthUser,
    payload: web::Payload,
) -> HttpResponse {
    limited(&req, &limits::LOGOUT, async |_| {
        let worker = with_sessions(&req)?;
        let services = &worker.shared.services;
        let fields = object(body::read::<SMALL>(&req, payload).await?)?;
        let given = given_token(&req, services, &fields)?;
        let takes_cookie_back = given.as_ref().is_some_and(|given| given.in_cookie)
            || wants_cookie(&req, &services.config)?;
        let device = device_id(&fields)?;
        let ending = match (fields.get("scope").and_then(Value::as_str), device, given) {
            (Some("all"), ..) => Ending::All,
            (_, Some(device), _) => Ending::Device(device),
            (_, None, Some(given)) => Ending::Of(given.token),
            (_, None, None) => Ending::Present,
        };
        services
            .log_out(user.id(), session_of(&user), ending)
            .await?;
        let mut response = ok(json!({ "ok": true }));
        if takes_cookie_back {
            cookie::clear(response.headers_mut(), &services.config);
        }
        Ok(response)
    })
    .await
}

/// Lists the caller's sessions, the one that calls first, then the latest active; refresh mode only.
#[cfg_attr(feature = "openapi", utoipa::path(
    responses((status = 200, description = "The sessions", body = SessionsView), doc::Missing),
))]
#[permission("plugin::users-permissions.auth.getSessions", grant("authenticated"))]
#[get("/auth/sessions")]
pub(super) async fn get_sessions(req: HttpRequest, user: AuthUser) -> Result<HttpResponse> {
    let worker = with_sessions(&req)?;
    let services = &worker.shared.services;
    let sessions = services.sessions(user.id()).await?;
    Ok(ok(SessionsView::new(sessions, session_of(&user))))
}

/// Ends one of the caller's sessions; refresh mode only.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(("session" = String, Path, description = "Id of the session")),
    responses((status = 200, description = "It has ended", body = doc::Ended), doc::Missing),
))]
#[permission("plugin::users-permissions.auth.revokeSession", grant("authenticated"))]
#[delete("/auth/sessions/{session}")]
pub(super) async fn revoke_session(
    req: HttpRequest,
    user: AuthUser,
    session: web::Path<String>,
) -> Result<HttpResponse> {
    let worker = with_sessions(&req)?;
    let services = &worker.shared.services;
    let id = session.parse();
    let id = id.map_err(|_| Error::NotFound("Session not found"))?;
    services.revoke_session(user.id(), id).await?;
    Ok(ok(json!({ "data": {} })))
}

/// The worker, where there are sessions.
fn with_sessions(req: &HttpRequest) -> Result<Rc<Worker>> {
    let worker = Worker::of(req)?;
    if worker.shared.services.has_sessions() {
        Ok(worker)
    } else {
        Err(Error::NotFound("Not Found"))
    }
}

/// The refresh token of a request. Two might be of different sessions, and one of them an attacker's.
fn given_token(
    req: &HttpRequest,
    services: &Services,
    fields: &Fields,
) -> Result<Option<RefreshToken>> {
    let in_body = fields.get("refreshToken").and_then(Value::as_str);
    let in_body = in_body.filter(|token| !token.is_empty());
    let Some(token) = cookie::read(req, &services.config) else {
        return Ok(in_body.map(|token| RefreshToken {
            token: Secret::from(token),
            in_cookie: false,
        }));
    };
    cookie::check_origin(req, &services.config)?;
    if in_body.is_some() {
        return Err(Error::BadRequest(
            "Refresh token both in the cookie and in the body",
        ));
    }
    Ok(Some(RefreshToken {
        token,
        in_cookie: true,
    }))
}

/// The session the caller's token is of.
pub(super) fn session_of(user: &AuthUser) -> Option<SessionId> {
    user.claims().get("sessionId")?.as_str()?.parse().ok()
}

/// The answer to whoever has signed in.
pub(super) fn signed_in(login: Login, services: &Services) -> HttpResponse {
    let shown = login.refresh.as_ref().and_then(in_body);
    let declared = &services.config.profile_fields;
    let mut response = ok(LoginView::new(login.jwt, shown, login.user, declared));
    if let Some(token) = &login.refresh {
        set_cookie(&mut response, services, token);
    }
    response
}

/// A token that is kept from scripts is in no body.
fn in_body(given: &RefreshToken) -> Option<&Secret> {
    (!given.in_cookie).then_some(&given.token)
}

fn set_cookie(response: &mut HttpResponse, services: &Services, given: &RefreshToken) {
    if given.in_cookie {
        cookie::set(response.headers_mut(), &services.config, &given.token);
    }
}
