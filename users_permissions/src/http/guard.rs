//! What `#[permission]` expands to: a handler with one argument, which is extracted once the caller may.

use std::future::{Future, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::{Error as ActixError, FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use pin_project_lite::pin_project;

use super::policy::{Policy, PolicyContext};
use super::worker::Worker;
use crate::acl::ActionEntry;
use crate::error::Error;

/// What the macro says of a handler.
pub trait Protected: 'static {
    /// Are there policies to be asked?
    const HAS_POLICIES: bool = false;

    /// How it is registered.
    fn entry() -> &'static ActionEntry;

    /// Asks the policies in their order; the first refusal is the answer.
    fn policies(_request: &HttpRequest) -> impl Future<Output = Result<(), ActixError>> {
        ready(Ok(()))
    }
}

/// The one argument of an expanded handler: the arguments of the original, of a caller who may call it.
///
/// Nothing of them is extracted before: neither a refusal nor a policy that waits can be overtaken by an
/// extractor that fails or reads the body.
#[allow(missing_debug_implementations)]
pub struct Guarded<P, Args> {
    /// What the handler as it was written takes.
    pub args: Args,
    handler: PhantomData<P>,
}

impl<P: Protected, Args: FromRequest + 'static> FromRequest for Guarded<P, Args> {
    type Error = ActixError;
    type Future = Extracting<P, Args>;

    #[inline]
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        match authorize(P::entry(), request) {
            Ok(true) if !P::HAS_POLICIES => Extracting::Now {
                args: Args::from_request(request, payload),
            },
            Ok(is_allowed) => Extracting::Later {
                args: Box::pin(ask::<P, Args>(request.clone(), payload.take(), is_allowed)),
                handler: PhantomData,
            },
            Err(refusal) => refused(refusal),
        }
    }
}

/// May the caller perform the action, if that is known without waiting? Refuses with 401 or 403; with 500 where
/// the application was put together wrongly.
#[inline]
fn authorize(entry: &'static ActionEntry, request: &HttpRequest) -> Result<bool, ActixError> {
    Worker::with(request, |worker| {
        worker.shared.routes.observe(entry, request);
        worker.check_now(request, entry)
    })
}

/// The same by waiting, for a caller who is not remembered and for policies.
async fn ask<P: Protected, Args: FromRequest>(
    request: HttpRequest,
    mut payload: Payload,
    is_allowed: bool,
) -> Result<Args, ActixError> {
    if !is_allowed {
        let worker = Worker::of(&request)?;
        worker.check_later(&request, P::entry()).await?;
    }
    P::policies(&request).await?;
    Args::from_request(&request, &mut payload)
        .await
        .map_err(Into::into)
}

#[cold]
fn refused<P, Args: FromRequest + 'static>(refusal: ActixError) -> Extracting<P, Args> {
    Extracting::Later {
        args: Box::pin(ready(Err(refusal))),
        handler: PhantomData,
    }
}

pin_project! {
    /// The extraction of [`Guarded`].
    #[allow(missing_debug_implementations)]
    #[project = Projected]
    pub enum Extracting<P, Args: FromRequest> {
        /// Of a caller who may, as actix does it.
        Now {
            #[pin]
            args: Args::Future,
        },
        /// After others had to be asked, or a refusal. Boxed: the rare path shall not widen the future of every
        /// request.
        Later {
            args: LocalBoxFuture<'static, Result<Args, ActixError>>,
            handler: PhantomData<P>,
        },
    }
}

impl<P, Args: FromRequest> Future for Extracting<P, Args> {
    type Output = Result<Guarded<P, Args>, ActixError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = match self.project() {
            Projected::Now { args } => args.poll(context).map_err(Into::into),
            Projected::Later { args, .. } => args.as_mut().poll(context),
        };
        polled.map_ok(|args| Guarded {
            args,
            handler: PhantomData,
        })
    }
}

/// Asks one policy; a no is 403.
pub async fn consult<M, P: Policy<M>>(policy: P, request: &HttpRequest) -> Result<(), ActixError> {
    let context = PolicyContext::new(request).await?;
    if policy.check(&context).await? {
        Ok(())
    } else {
        Err(Error::Forbidden.into())
    }
}
