//! Which routes are limited, and how: the table, and what counts a request before its handler works.
//!
//! A limit belongs to the handler and its buckets are named by it, so no spelling of a path is a way
//! around. A request counts twice: for the client's network, before its body is read, and for the
//! account that the body names, by whichever of its names, before a password is hashed. Both have to pass.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};

use super::body::{self, SMALL};
use super::worker::Worker;
use crate::error::{Error, Result};
use crate::limits::{Count, Limits, client_address, client_network, short};
#[cfg(feature = "admin")]
use crate::services::{Attempt, Services};

/// A limited route.
pub(super) struct Limit {
    /// Names the buckets.
    route: &'static str,
    /// Requests of one client network, as a multiple of the configured number. Strapi counts some
    /// routes per client and address; there, a client may try twice as often as one address may be
    /// tried. Sessions are renewed by everybody behind one address, often.
    networks: u32,
}

const fn limit(route: &'static str, networks: u32) -> Limit {
    Limit { route, networks }
}

pub(super) static LOGIN: Limit = limit("auth.local", 1);
pub(super) static PROVIDER_LOGIN: Limit = limit("auth.callback", 1);
pub(super) static CONNECT: Limit = limit("auth.connect", 1);
pub(super) static LINK: Limit = limit("identities.link", 1);
pub(super) static REGISTER: Limit = limit("auth.register", 2);
pub(super) static FORGOT_PASSWORD: Limit = limit("auth.forgotPassword", 2);
pub(super) static RESET_PASSWORD: Limit = limit("auth.resetPassword", 1);
pub(super) static CHANGE_PASSWORD: Limit = limit("auth.changePassword", 1);
pub(super) static EMAIL_CONFIRMATION: Limit = limit("auth.emailConfirmation", 1);
pub(super) static SEND_EMAIL_CONFIRMATION: Limit = limit("auth.sendEmailConfirmation", 2);
pub(super) static REFRESH: Limit = limit("auth.refresh", 10);
pub(super) static LOGOUT: Limit = limit("auth.logout", 10);
pub(super) static SET_UP: Limit = limit("setup.submit", 1);

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// A request of a limited route, counted for its network.
pub(super) struct Counted<'a> {
    limits: &'a Limits,
    limit: &'static Limit,
    /// The count that is told.
    tightest: Option<Count>,
}

/// Runs a handler's work unless the client has made too many requests, and writes the limit's headers
/// on whatever is answered.
pub(super) async fn limited(
    req: &HttpRequest,
    limit: &'static Limit,
    work: impl AsyncFnOnce(&mut Counted<'_>) -> Result<HttpResponse>,
) -> HttpResponse {
    let worker = match Worker::of(req) {
        Ok(worker) => worker,
        Err(error) => return error.error_response(),
    };
    let services = &worker.shared.services;
    let mut counted = Counted {
        limits: &services.limits,
        limit,
        tightest: None,
    };
    let outcome = match counted.network(req, &services.config.trusted_proxies).await {
        Ok(()) => work(&mut counted).await,
        Err(error) => Err(error),
    };
    let mut response = outcome.unwrap_or_else(|error| error.error_response());
    let is_refused = response.status() == StatusCode::TOO_MANY_REQUESTS;
    counted.write(response.headers_mut(), is_refused);
    response
}

/// The address a request comes from, for the log of changes.
pub(crate) fn origin(req: &HttpRequest, trusted: &[ipnet::IpNet]) -> std::net::IpAddr {
    let peer = req.peer_addr().map(|peer| peer.ip());
    // Nothing is read, let alone allocated, where no proxy is believed.
    if trusted.is_empty() {
        return client_address(peer, std::iter::empty(), trusted);
    }
    let values: Vec<_> = req
        .headers()
        .get_all(X_FORWARDED_FOR)
        .map(|value| value.to_str().unwrap_or("unreadable"))
        .collect();
    let hops: Vec<_> = values.iter().flat_map(|value| value.split(',')).collect();
    client_address(peer, hops.into_iter(), trusted)
}

/// Counts a try to sign in elsewhere than by the API, in the buckets of the login.
#[cfg(feature = "admin")]
pub(crate) async fn count_login(
    req: &HttpRequest,
    services: &Services,
    identifier: String,
) -> Result<Attempt> {
    let mut counted = count_network(req, services, &LOGIN).await?;
    let attempt = services.attempt(identifier).await?;
    counted.account(attempt.account()).await?;
    Ok(attempt)
}

/// Counts a try to become the first administrator, in the buckets of the API's.
#[cfg(feature = "admin")]
pub(crate) async fn count_set_up(req: &HttpRequest, services: &Services) -> Result<()> {
    count_network(req, services, &SET_UP).await.map(drop)
}

#[cfg(feature = "admin")]
async fn count_network<'a>(
    req: &HttpRequest,
    services: &'a Services,
    limit: &'static Limit,
) -> Result<Counted<'a>> {
    let mut counted = Counted {
        limits: &services.limits,
        limit,
        tightest: None,
    };
    counted
        .network(req, &services.config.trusted_proxies)
        .await?;
    Ok(counted)
}

/// As [`limited`], for work that reads a body.
pub(super) async fn limited_body(
    req: &HttpRequest,
    payload: web::Payload,
    limit: &'static Limit,
    work: impl AsyncFnOnce(&mut Counted<'_>, body::Content) -> Result<HttpResponse>,
) -> HttpResponse {
    limited(req, limit, async |counted| {
        let content = body::read::<SMALL>(req, payload).await?;
        work(counted, content).await
    })
    .await
}

impl Counted<'_> {
    async fn network(&mut self, req: &HttpRequest, trusted: &[ipnet::IpNet]) -> Result<()> {
        if !self.limits.are_on() {
            return Ok(());
        }
        let peer = req.peer_addr().map(|peer| peer.ip());
        let values: Vec<_> = req
            .headers()
            .get_all(X_FORWARDED_FOR)
            .map(|value| value.to_str().unwrap_or("unreadable"))
            .collect();
        let hops: Vec<_> = values.iter().flat_map(|value| value.split(',')).collect();
        let network = client_network(peer, hops.into_iter(), trusted);
        let most = self.limits.max().saturating_mul(self.limit.networks);
        self.count(format!("{}:net:{network}", self.limit.route), most)
            .await
    }

    /// Counts for an account.
    pub(super) async fn account(&mut self, account: &str) -> Result<()> {
        if !self.limits.are_on() {
            return Ok(());
        }
        let key = format!("{}:account:{}", self.limit.route, short(account));
        self.count(key, self.limits.max()).await
    }

    async fn count(&mut self, key: String, most: u32) -> Result<()> {
        let count = self.limits.count(&key, most).await;
        // Of two limits of one size the client's own is told: what others have tried on an account, and
        // whether a name and an address are one account's, is not.
        let tells_more = |told: Count| {
            count.is_exceeded()
                || (count.limit < told.limit && count.remaining() < told.remaining())
        };
        if self.tightest.is_none_or(tells_more) {
            self.tightest = Some(count);
        }
        if count.is_first_beyond() {
            tracing::warn!(target: "users_permissions::security", bucket = key, "rate limit reached");
        }
        if count.is_exceeded() {
            return Err(Error::RateLimited);
        }
        Ok(())
    }

    /// A mail budget that is used up refuses too; its window is as long.
    fn write(&self, headers: &mut HeaderMap, is_refused: bool) {
        let Some(count) = self.tightest else { return };
        let told = [
            (LIMIT, u64::from(count.limit)),
            (REMAINING, count.remaining()),
            (RESET, count.reset()),
        ];
        for (name, number) in told {
            headers.insert(name, HeaderValue::from(number));
        }
        if count.is_exceeded() || is_refused {
            headers.insert(RETRY_AFTER, HeaderValue::from(count.retry_after()));
        }
    }
}
