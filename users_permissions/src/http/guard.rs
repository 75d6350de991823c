//! What `#[permission]` expands to calls: the check, the policies, and only then the handler.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::body::EitherBody;
use actix_web::dev::Payload;
use actix_web::{Error as ActixError, FromRequest, Handler, HttpRequest, HttpResponse, Responder};
use futures_util::future::LocalBoxFuture;

use super::policy::{Policy, PolicyContext};
use super::worker::Worker;
use crate::acl::ActionEntry;
use crate::error::Error;

/// A request of which nothing was read; what an expanded handler is called with.
#[allow(missing_debug_implementations)]
pub struct Call {
    request: HttpRequest,
    payload: Payload,
}

impl FromRequest for Call {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    #[inline]
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            request: request.clone(),
            payload: payload.take(),
        }))
    }
}

/// What is known without waiting.
#[derive(Debug)]
pub enum Verdict {
    /// The caller may.
    Allowed,
    /// The caller may not, or could not be told.
    Refused(ActixError),
    /// The caller has to be looked up first, by [`look_up`].
    Unknown,
}

/// May the caller perform the action? Refuses with 401, 403 or 503, before any byte of the body is
/// read.
#[inline]
pub fn authorize(entry: &'static ActionEntry, call: &Call) -> Verdict {
    let worker = match Worker::of(&call.request) {
        Ok(worker) => worker,
        Err(error) => return refused(error),
    };
    worker.shared.routes.observe(entry, &call.request);
    match worker.check_now(&call.request, entry) {
        Some(Ok(())) => Verdict::Allowed,
        Some(Err(error)) => refused(error),
        None => Verdict::Unknown,
    }
}

#[cold]
fn refused(error: Error) -> Verdict {
    Verdict::Refused(error.into())
}

/// The same for a caller who is not remembered. Boxed: the rare path shall not widen the future of
/// every request.
#[cold]
pub fn look_up<'a>(
    entry: &'static ActionEntry,
    call: &'a Call,
) -> LocalBoxFuture<'a, Result<(), ActixError>> {
    Box::pin(async move {
        let worker = Worker::of(&call.request)?;
        Ok(worker.check_later(&call.request, entry).await?)
    })
}

/// Asks one policy; a no is 403.
pub async fn consult<M, P: Policy<M>>(policy: P, call: &Call) -> Result<(), ActixError> {
    let context = PolicyContext::new(&call.request).await?;
    if policy.check(&context).await? {
        Ok(())
    } else {
        Err(Error::Forbidden.into())
    }
}

/// What an expanded handler returns: the answer of the original one, or why it was not asked.
#[allow(missing_debug_implementations)]
pub enum Answer<R> {
    /// As the handler gave it; turned into a response no earlier than actix does.
    Given(R),
    /// The caller may not, or an extractor failed.
    Refused(ActixError),
}

impl<R: Responder> Responder for Answer<R> {
    type Body = EitherBody<R::Body>;

    #[inline]
    fn respond_to(self, request: &HttpRequest) -> HttpResponse<Self::Body> {
        match self {
            Self::Given(answer) => answer.respond_to(request).map_into_left_body(),
            Self::Refused(error) => from_error(error).map_into_right_body(),
        }
    }
}

#[cold]
fn from_error(error: ActixError) -> HttpResponse {
    HttpResponse::from_error(error)
}

/// Runs extractors and handler, as actix would have.
#[inline]
pub async fn respond<H, Args>(handler: H, call: &mut Call) -> Answer<H::Output>
where
    H: Handler<Args>,
    Args: FromRequest,
    H::Output: Responder,
{
    match Args::from_request(&call.request, &mut call.payload).await {
        Err(error) => Answer::Refused(error.into()),
        Ok(args) => Answer::Given(handler.call(args).await),
    }
}
