//! The layer of `actix-cors`, for requests of pages only: all others cost a header of the answer.

use std::rc::Rc;
use std::task::{Context, Poll};

use actix_cors::Cors;
use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{self, HeaderValue};
use futures_util::future::{Either, LocalBoxFuture, MapOk, TryFutureExt as _};

/// What an answer depends on, in the words of the layer: caches keep those to pages apart.
const VARY: HeaderValue = HeaderValue::from_static(
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
);

/// [`Cors`], which also tells nothing to an origin that is not let in.
#[derive(Debug)]
pub(crate) struct CrossOrigin(pub(super) Cors);

impl<S, B> Transform<S, ServiceRequest> for CrossOrigin
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = CrossOriginService<S, <Cors as Transform<Rc<S>, ServiceRequest>>::Transform>;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let others = Rc::new(service);
        let pages = self.0.new_transform(Rc::clone(&others));
        Box::pin(async {
            let pages = Rc::new(pages.await?);
            Ok(CrossOriginService { others, pages })
        })
    }
}

pub(crate) struct CrossOriginService<S, P> {
    others: Rc<S>,
    pages: Rc<P>,
}

type Answer<B> = ServiceResponse<EitherBody<B>>;

impl<S, P, B> Service<ServiceRequest> for CrossOriginService<S, P>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    P: Service<ServiceRequest, Response = Answer<B>, Error = Error> + 'static,
    P::Future: 'static,
    B: 'static,
{
    type Response = Answer<B>;
    type Error = Error;
    type Future = Either<
        MapOk<S::Future, fn(ServiceResponse<B>) -> Answer<B>>,
        LocalBoxFuture<'static, Result<Answer<B>, Error>>,
    >;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.others.poll_ready(context)
    }

    fn call(&self, req: ServiceRequest) -> Self::Future {
        let of_a_page = req.headers().contains_key(header::ORIGIN)
            || req
                .headers()
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !of_a_page {
            return Either::Left(self.others.call(req).map_ok(varying));
        }
        let answer = self.pages.call(req);
        Either::Right(Box::pin(async { Ok(silent_to_others(answer.await?)) }))
    }
}

fn varying<B>(mut response: ServiceResponse<B>) -> Answer<B> {
    response.headers_mut().append(header::VARY, VARY);
    response.map_into_left_body()
}

/// Takes back what `actix-cors` says to everybody.
fn silent_to_others<B>(mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    let headers = response.headers_mut();
    if !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
        headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    }
    response
}
