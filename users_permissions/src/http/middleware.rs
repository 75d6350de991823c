//! The middleware: tells which worker serves an application, and evens out how paths and methods are spelt.

use std::cell::OnceCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::{Method, Uri, uri::PathAndQuery};
use actix_web::{Error as ActixError, HttpMessage as _, error::ResponseError as _};
use futures_util::future::Either;
use std::future::{Ready, ready};

use super::listed::routing;
use super::served::Place;
use super::worker::{Shared, Worker};
use crate::error::Error;

/// Made by [`UsersPermissions::middleware`](crate::UsersPermissions::middleware).
///
/// It answers nothing by itself, but with `deny_unlisted(true)`: then routes without `#[permission]`
/// are 403. Who calls is found out where it is asked, so unprotected routes cost nothing.
///
/// ```
/// use actix_web::{App, middleware::DefaultHeaders};
/// use users_permissions::UsersPermissions;
///
/// fn serve(up: UsersPermissions) {
///     // What is added last is asked first: refusals have the header, too.
///     let headers = DefaultHeaders::new().add(("x-frame-options", "DENY"));
///     let app = App::new().wrap(up.middleware()).wrap(headers);
///     # let _ = app;
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Middleware {
    shared: Arc<Shared>,
}

impl Middleware {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Middleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = ActixError>,
    B: MessageBody,
{
    type Response = ServiceResponse<B>;
    type Error = ActixError;
    type Transform = MiddlewareService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(MiddlewareService {
            service,
            place: OnceCell::new(),
            denying: self.shared.services.config.deny_unlisted,
            worker: Rc::new(Worker::new(Arc::clone(&self.shared))),
        }))
    }
}

/// The middleware in one worker.
#[allow(missing_debug_implementations)]
pub struct MiddlewareService<S> {
    service: S,
    /// Set by the first request, which tells the application.
    place: OnceCell<Place>,
    /// Are routes without `#[permission]` refused?
    denying: bool,
    worker: Rc<Worker>,
}

impl<S, B> Service<ServiceRequest> for MiddlewareService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = ActixError>,
    B: MessageBody,
{
    type Response = ServiceResponse<B>;
    type Error = ActixError;
    type Future = Either<S::Future, Refusal<ServiceResponse<B>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), ActixError>> {
        self.service.poll_ready(context)
    }

    #[inline]
    fn call(&self, mut req: ServiceRequest) -> Self::Future {
        let place = self.place.get_or_init(|| self.enter(&req));
        if let [_, .., b'/'] = req.path().as_bytes() {
            trim_slash(&mut req);
        }
        if req.method() == Method::HEAD {
            self.answer_head(&mut req);
        }
        if let Some(container) = place.container(&req) {
            req.add_data_container(Rc::clone(container));
        }
        if !self.denying {
            return Either::Left(self.service.call(req));
        }
        // Guards may let another handler through than the path suggests: only routing itself tells.
        let known = req.resource_map().has_resource(req.match_info().as_str());
        match routing(|| self.service.call(req)) {
            (future, true) => Either::Left(future),
            (_, false) if known => refuse(Error::Forbidden),
            (_, false) => refuse(Error::NotFound("Not Found")),
        }
    }
}

/// A refusal, boxed: it is rare, and its size would be everybody's.
type Refusal<T> = Pin<Box<Ready<Result<T, ActixError>>>>;

fn refuse<F, T>(error: Error) -> Either<F, Refusal<T>> {
    Either::Right(Box::pin(ready(Err(error.into()))))
}

/// Marks a HEAD that a GET handler answers: one whose GET changes something leaves it.
pub(super) struct AskedByHead;

impl<S> MiddlewareService<S> {
    #[cold]
    fn enter(&self, req: &ServiceRequest) -> Place {
        let shared = &self.worker.shared;
        shared.routes.learn(req.request(), &shared.services.catalog);
        Place::of(req, &self.worker)
    }

    /// GET handlers answer HEAD, unless the application routes HEAD there itself; the server leaves
    /// the body out (RFC 9110, section 9.3.2).
    #[cold]
    fn answer_head(&self, req: &mut ServiceRequest) {
        let pattern = req
            .resource_map()
            .match_pattern(req.path())
            .unwrap_or_default();
        let methods = self
            .worker
            .shared
            .routes
            .with(|map| map.methods(&pattern))
            .unwrap_or_default();
        if !methods
            .iter()
            .any(|method| method == "HEAD" || method == "*")
        {
            req.head_mut().method = Method::GET;
            req.extensions_mut().insert(AskedByHead);
        }
    }
}

/// `/users/me/` is `/users/me`, as with Strapi, where the application does not serve the former; `//` is no path.
#[cold]
fn trim_slash(req: &mut ServiceRequest) {
    let path = req.path();
    let trimmed = path.strip_suffix('/').unwrap_or(path).to_owned();
    if trimmed.is_empty()
        || req.resource_map().has_resource(req.path())
        || !req.resource_map().has_resource(&trimmed)
    {
        return;
    }
    let path_and_query = match req.uri().query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed,
    };
    let mut parts = req.head().uri.clone().into_parts();
    let Ok(path_and_query) = PathAndQuery::from_maybe_shared(path_and_query) else {
        return;
    };
    parts.path_and_query = Some(path_and_query);
    if let Ok(uri) = Uri::from_parts(parts) {
        req.match_info_mut().get_mut().update(&uri);
        req.head_mut().uri = uri;
    }
}

/// Keeps the error's shape where actix itself would answer with text.
pub(super) fn reject(error: Error) -> ActixError {
    let response = error.error_response();
    actix_web::error::InternalError::from_response(error, response).into()
}
