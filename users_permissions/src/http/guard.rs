//! What `#[permission]` expands to calls: the check, the policies, and only then the handler.

use actix_web::{
    Error as ActixError, FromRequest, Handler, HttpRequest, HttpResponse, Responder, web,
};

use super::policy::{Policy, PolicyContext};
use super::worker::Worker;
use crate::acl::ActionEntry;
use crate::error::Error;

/// May the caller perform the action? Answers 401, 403 or 503 before any byte of the body is read.
#[inline]
pub async fn authorize(entry: &'static ActionEntry, req: &HttpRequest) -> Result<(), ActixError> {
    let worker = Worker::of(req)?;
    worker.shared.routes.observe(entry, req);
    match worker.check_now(req, entry) {
        Some(verdict) => verdict.map_err(ActixError::from),
        // Boxed: the rare path shall not widen the future of every request.
        None => Box::pin(worker.check_later(req, entry))
            .await
            .map_err(ActixError::from),
    }
}

/// Asks one policy; a no is 403.
pub async fn consult<M, P: Policy<M>>(policy: P, req: &HttpRequest) -> Result<(), ActixError> {
    let context = PolicyContext::new(req).await?;
    if policy.check(&context).await? {
        Ok(())
    } else {
        Err(Error::Forbidden.into())
    }
}

/// Runs extractors and handler, as actix would have.
#[inline]
pub async fn respond<H, Args>(handler: H, req: HttpRequest, payload: web::Payload) -> HttpResponse
where
    H: Handler<Args>,
    Args: FromRequest,
    H::Output: Responder,
{
    let mut payload = payload.into_inner();
    match Args::from_request(&req, &mut payload).await {
        Err(error) => HttpResponse::from_error(error),
        Ok(args) => handler
            .call(args)
            .await
            .respond_to(&req)
            .map_into_boxed_body(),
    }
}
