//! `/connect/…`: to a provider and back, and `/auth/{provider}/callback`, where the front end gets its token.

use std::sync::Arc;

use actix_session::config::PersistentSession;
use actix_session::{SessionExt as _, SessionMiddleware};
use actix_web::body::MessageBody;
use actix_web::cookie::SameSite;
use actix_web::cookie::time::Duration;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, get, web};

use super::cookie_keys::{self, present_key};
use super::device::device;
use super::flow_store::FlowStore;
use super::limits::{self, limited};
use super::middleware::AskedByHead;
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::sessions::signed_in;
use super::worker::Worker;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::oauth::{Arrival, Flow};
use crate::permission;
use crate::services::{Presented, Services};

const FLOW: &str = "flow";
/// How long a browser may stay at a provider.
const MINUTES: i64 = 10;

/// Keeps what a browser needs on its way back, where only we can read it.
pub(super) fn session(services: &Services) -> SessionMiddleware<FlowStore> {
    let life = PersistentSession::default().session_ttl(Duration::minutes(MINUTES));
    let store = FlowStore::new(Arc::clone(&services.flows));
    let place = Place::of(services);
    SessionMiddleware::builder(store, present_key(&services.flow_keys))
        .cookie_name(place.name.to_owned())
        .cookie_path(place.path)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_secure(place.is_secure)
        .session_lifecycle(life)
        .build()
}

/// Takes cookies of former keys, too; goes around [`session`].
pub(super) async fn former_keys<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<B>, actix_web::Error> {
    let cookie = |services: &Services| Place::of(services).name;
    cookie_keys::pass(req, next, cookie, |services| &services.flow_keys).await
}

/// Name and path of the cookie.
struct Place {
    name: &'static str,
    path: String,
    is_secure: bool,
}

impl Place {
    /// Browsers take a `__Host-` name from this very host over https only, and for the whole of it: where
    /// the application has the host to itself, no other subdomain can plant one.
    fn of(services: &Services) -> Self {
        let public = url::Url::parse(&services.config.public_url).ok();
        let path = public
            .as_ref()
            .map_or("", |url| url.path().trim_end_matches('/'));
        let is_secure = services.config.public_url.starts_with("https://");
        match is_secure && path.is_empty() {
            true => Self {
                name: "__Host-up_connect",
                path: "/".to_owned(),
                is_secure,
            },
            false => Self {
                name: "up_connect",
                path: format!("{path}/api/connect"),
                is_secure,
            },
        }
    }
}

/// Sends a browser to a provider (`/connect/{provider}`), from where it returns
/// (`/connect/{provider}/callback`) and is sent on to the front end.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/connect/{provider}",
    params(
        ("provider" = String, Path, description = "Name of the provider"),
        ("callback" = Option<String>, Query, description = "Page of the front end to return to"),
        (
            "code_challenge" = Option<String>,
            Query,
            description = "S256 of a code that the front end will have to know",
        ),
    ),
    responses(
        (
            status = 302,
            description = "To the provider",
            headers(("Location" = String, description = "Page of the provider")),
        ),
        doc::BadRequest,
        doc::Limited,
    ),
))]
#[permission("plugin::users-permissions.auth.connect", grant("public"))]
#[get("/{provider:.*}")]
pub(super) async fn connect(req: HttpRequest, provider: web::Path<String>) -> HttpResponse {
    limited(&req, &limits::CONNECT, async |_| {
        // Those who look at links before people do change nothing.
        let name = provider.strip_suffix("/callback");
        if let Some(answer) = head(&req, name.unwrap_or(&provider))? {
            return Ok(answer);
        }
        match name {
            Some(provider) => arrive(&req, provider).await,
            None => depart(&req, &provider).await,
        }
    })
    .await
}

async fn depart(req: &HttpRequest, provider: &str) -> Result<HttpResponse> {
    let worker = Worker::of(req)?;
    let services = &worker.shared.services;
    // Disabled comes before what is wrong with the query.
    services.enabled_provider(provider)?;
    let query = Query::of(req);
    let invalid = || Error::validation("Invalid callback URL provided");
    let callback = query.single("callback").ok_or_else(invalid)?;
    let malformed = || Error::validation("code_challenge must be the S256 challenge of RFC 7636");
    let challenge = query.single("code_challenge").ok_or_else(malformed)?;
    let method = query
        .single("code_challenge_method")
        .ok_or_else(malformed)?;
    let is_challenge = |text: &str| {
        text.len() == 43
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if challenge.as_deref().is_some_and(|text| !is_challenge(text))
        || method.is_some_and(|method| method != "S256")
    {
        return Err(malformed());
    }
    let departure = services.depart(provider, callback, challenge).await?;
    let session = req.get_session();
    if let Some(flow) = &departure.flow {
        session
            .insert(FLOW, flow)
            .map_err(|error| Error::internal(error.to_string()))?;
    }
    Ok(redirect(&departure.to))
}

async fn arrive(req: &HttpRequest, provider: &str) -> Result<HttpResponse> {
    let worker = Worker::of(req)?;
    let services = &worker.shared.services;
    let query = Query::of(req);
    let session = req.get_session();
    let flow = session.get::<Flow>(FLOW).ok().flatten();
    // What comes twice is nothing at all.
    let field = |name: &str| query.single(name).flatten();
    let denied = field("denied");
    let arrival = Arrival {
        error: field("error").or_else(|| denied.as_ref().map(|_| "access_denied".to_owned())),
        state: field("state").or_else(|| field("oauth_token")).or(denied),
        code: field("code").or_else(|| field("oauth_verifier")),
        issuer: field("iss"),
    };
    let back = services.arrive(provider, flow, arrival).await?;
    if back.is_over {
        session.purge();
    }
    Ok(redirect(&back.to))
}

/// Exchanges a ticket, or a provider's token where that is accepted, for a token.
pub(super) async fn redeem(req: &HttpRequest, provider: &str) -> HttpResponse {
    limited(req, &limits::PROVIDER_LOGIN, async |_| {
        if let Some(answer) = head(req, provider)? {
            return Ok(answer);
        }
        let worker = Worker::of(req)?;
        let services = &worker.shared.services;
        let query = Query::of(req);
        let field = |name: &str| query.single(name).flatten();
        let presented = Presented {
            access_token: field("access_token").map(Secret::from),
            id_token: field("id_token").map(Secret::from),
            verifier: field("code_verifier"),
        };
        let device = device(req, &services.config, None)?;
        let login = services.social_login(provider, presented, device).await?;
        Ok(signed_in(login, services))
    })
    .await
}

/// The answer to HEAD, which says no more than that there is such a provider.
fn head(req: &HttpRequest, provider: &str) -> Result<Option<HttpResponse>> {
    if req.extensions().get::<AskedByHead>().is_none() {
        return Ok(None);
    }
    let worker = Worker::of(req)?;
    let services = &worker.shared.services;
    services.enabled_provider(provider)?;
    Ok(Some(HttpResponse::Ok().finish()))
}

fn redirect(to: &str) -> HttpResponse {
    HttpResponse::Found()
        .insert_header((LOCATION, to))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .finish()
}

/// The fields of a query string.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(req: &HttpRequest) -> Self {
        let fields = url::form_urlencoded::parse(req.query_string().as_bytes());
        Self(fields.into_owned().collect())
    }

    /// The value of a field, if there is one; the outer `None`: it comes several times, or as a list.
    fn single(&self, name: &str) -> Option<Option<String>> {
        let is_list = |field: &str| {
            let rest = field.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with('['))
        };
        if self.0.iter().any(|(field, _)| is_list(field)) {
            return None;
        }
        let mut values = self.0.iter().filter(|(field, _)| field == name);
        match (values.next(), values.next()) {
            (None, _) => Some(None),
            (Some((_, value)), None) => Some(Some(value.clone())),
            _ => None,
        }
    }
}
