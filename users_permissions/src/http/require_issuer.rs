//! Demands a token of one issuer from a scope or the whole application.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error as ActixError, HttpRequest};
use futures_util::future::{Either, LocalBoxFuture};

use super::worker::{Known, MISSING, Shared, Worker};
use crate::error::Error;

/// Made by [`UsersPermissions::require_issuer`](crate::UsersPermissions::require_issuer).
///
/// ```
/// use actix_web::{App, web};
/// use users_permissions::{RequireIssuer, UsersPermissions};
///
/// fn serve(up: UsersPermissions) {
///     let partners_only: RequireIssuer = up.require_issuer("https://partner.example.com");
///     let app = App::new()
///         .wrap(up.middleware())
///         .service(web::scope("/partners").wrap(partners_only));
///     # let _ = app;
/// }
/// ```
#[derive(Debug, Clone)]
pub struct RequireIssuer {
    shared: Arc<Shared>,
    issuer: Rc<str>,
}

impl RequireIssuer {
    pub(crate) fn new(shared: Arc<Shared>, issuer: String) -> Self {
        Self {
            shared,
            issuer: issuer.into(),
        }
    }
}

impl<S, B> Transform<S, ServiceRequest> for RequireIssuer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = ActixError> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = ActixError;
    type Transform = RequireIssuerService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(RequireIssuerService {
            service: Rc::new(service),
            issuer: Rc::clone(&self.issuer),
            worker: Rc::new(Worker::new(Arc::clone(&self.shared))),
        }))
    }
}

/// The demand in one worker.
#[allow(missing_debug_implementations)]
pub struct RequireIssuerService<S> {
    service: Rc<S>,
    issuer: Rc<str>,
    /// For requests that have not passed the middleware yet.
    worker: Rc<Worker>,
}

impl<S> RequireIssuerService<S> {
    /// The one that the request goes to, and has remembered its token, if it is of the plugin that demands.
    fn worker_of(&self, req: &HttpRequest) -> Rc<Worker> {
        let served = Worker::of(req).ok();
        let served = served.filter(|worker| Arc::ptr_eq(&worker.shared, &self.worker.shared));
        served.unwrap_or_else(|| Rc::clone(&self.worker))
    }
}

impl<S, B> Service<ServiceRequest> for RequireIssuerService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = ActixError> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = ActixError;
    type Future = Either<S::Future, LocalBoxFuture<'static, Result<S::Response, ActixError>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), ActixError>> {
        self.service.poll_ready(context)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        let worker = self.worker_of(req.request());
        // Of a remembered caller it is known at once.
        let known = worker.caller_now(req.request());
        let judged = known.map(|known| known.and_then(|known| judge(known, &self.issuer)));
        match judged {
            Some(Ok(())) => Either::Left(self.service.call(req)),
            Some(Err(error)) => Either::Right(Box::pin(ready(Err(error.into())))),
            None => {
                let (service, issuer) = (Rc::clone(&self.service), Rc::clone(&self.issuer));
                Either::Right(Box::pin(async move {
                    judge(worker.caller(req.request()).await?, &issuer)?;
                    service.call(req).await
                }))
            }
        }
    }
}

fn judge(known: Option<Known>, issuer: &str) -> Result<(), Error> {
    let person = known.as_ref().and_then(|known| match known {
        Known::User(user) => user.person.as_ref(),
        Known::Stranger(stranger) => Some(&stranger.person),
    });
    match person {
        Some(person) if person.issuer == issuer => Ok(()),
        _ => Err(MISSING),
    }
}
