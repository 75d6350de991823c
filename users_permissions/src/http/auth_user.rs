//! The caller, for handlers.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::future::{Either, FutureExt as _, LocalBoxFuture};
use serde_json::{Map, Value};

use super::limits::origin;
use super::worker::{Known, MISSING, Shared, Worker};
use crate::acl::long_form;
use crate::error::Error;
use crate::model::{Role, RoleId, UserId};
use crate::services::Actor;

/// The signed-in user who calls, as of this request.
///
/// As an extractor it answers 401 without a token and with a token that is broken, expired, or of a
/// user who is gone, blocked or unconfirmed; 503 when the database cannot be asked. `Option<AuthUser>`
/// is `None` in all of these cases; behind `#[permission]` a bad token has been refused before, and
/// elsewhere [`Caller`] keeps them apart.
///
/// ```
/// use actix_web::{Responder, get};
/// use users_permissions::{AuthUser, permission};
///
/// /// Greets the caller.
/// #[permission("api::greeting.hello")]
/// #[get("/hello")]
/// async fn hello(user: AuthUser) -> impl Responder {
///     format!("hello {}, you may publish: {}", user.username(), user.can("api::article.publish"))
/// }
/// ```
#[derive(Clone)]
pub struct AuthUser {
    known: Known,
    role: Arc<Role>,
    /// Beside the primary one; no allocation for the many who have one role.
    others: Vec<Arc<Role>>,
    shared: Arc<Shared>,
    origin: IpAddr,
}

impl AuthUser {
    fn new(known: Known, shared: &Arc<Shared>, origin: IpAddr) -> Result<Self, Error> {
        let roles = &known.principal.roles;
        let rights = shared.services.rights.load();
        let role = |id: RoleId| rights.role(id).map(|grants| Arc::clone(grants.role()));
        let primary = role(roles.primary())
            .ok_or_else(|| Error::unavailable("the caller's role is not known yet"))?;
        Ok(Self {
            others: roles.others().iter().filter_map(|id| role(*id)).collect(),
            role: primary,
            known,
            shared: Arc::clone(shared),
            origin,
        })
    }

    /// Row id of the user.
    pub fn id(&self) -> UserId {
        self.known.principal.id
    }

    /// User name.
    pub fn username(&self) -> &str {
        &self.known.principal.username
    }

    /// Canonical e-mail address.
    pub fn email(&self) -> &str {
        &self.known.principal.email
    }

    /// Primary role of the user, Strapi's `role`.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// All roles of the user, the primary one first.
    pub fn roles(&self) -> Vec<&Role> {
        std::iter::once(&self.role)
            .chain(&self.others)
            .map(Arc::as_ref)
            .collect()
    }

    /// Is one of the user's roles of this type (`administrator`, …)?
    pub fn has_role(&self, role_type: &str) -> bool {
        std::iter::once(&self.role)
            .chain(&self.others)
            .any(|role| role.role_type == role_type)
    }

    /// Claims of the token, verified.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.known.claims
    }

    /// Does one of the user's roles hold the action (short or long form)? False for unknown actions.
    pub fn can(&self, action: &str) -> bool {
        let services = &self.shared.services;
        let position = services
            .catalog
            .position(action)
            .or_else(|| services.catalog.position(&long_form(action)));
        position.is_some_and(|action| {
            services
                .rights
                .load()
                .allows(&self.known.principal.roles, action)
        })
    }

    /// As whom use cases know the user.
    pub(super) fn actor(&self) -> Actor {
        Actor::User {
            id: self.id(),
            name: self.username().to_owned(),
            roles: self.known.principal.roles.clone(),
            origin: self.origin,
        }
    }
}

impl std::fmt::Debug for AuthUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthUser")
            .field("id", &self.id())
            .field("role", &self.role.role_type)
            .finish_non_exhaustive()
    }
}

impl FromRequest for AuthUser {
    type Error = Error;
    type Future = futures_util::future::Map<
        <Caller as FromRequest>::Future,
        fn(Result<Caller, Error>) -> Result<Self, Error>,
    >;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        fn signed_in(caller: Result<Caller, Error>) -> Result<AuthUser, Error> {
            match caller? {
                Caller::User(user) => Ok(user),
                Caller::Public => Err(MISSING),
            }
        }
        Caller::from_request(req, payload).map(signed_in as fn(_) -> _)
    }
}

/// Who calls. As an extractor it answers 401 for a bad token, on every route.
///
/// ```
/// use actix_web::{Responder, get};
/// use users_permissions::{Caller, permission};
///
/// /// Open to everyone.
/// #[permission("api::greeting.welcome", auth = false)]
/// #[get("/welcome")]
/// async fn welcome(caller: Caller) -> impl Responder {
///     match caller {
///         Caller::Public => "welcome, stranger".to_owned(),
///         Caller::User(user) => format!("welcome back, {}", user.username()),
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub enum Caller {
    /// Nobody signed in.
    Public,
    /// A signed-in user.
    User(AuthUser),
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Either<Ready<Result<Self, Error>>, LocalBoxFuture<'static, Result<Self, Error>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let worker = match Worker::of(req) {
            Ok(worker) => worker,
            Err(error) => return Either::Left(ready(Err(error))),
        };
        // Remembered callers are ready at once; polling is free and nothing is boxed.
        match worker.caller(req).now_or_never() {
            Some(caller) => Either::Left(ready(
                caller.and_then(|known| Self::new(known, &worker.shared, req)),
            )),
            None => {
                let req = req.clone();
                Either::Right(Box::pin(async move {
                    let worker = Worker::of(&req)?;
                    Self::new(worker.caller(&req).await?, &worker.shared, &req)
                }))
            }
        }
    }
}

impl Caller {
    fn new(known: Option<Known>, shared: &Arc<Shared>, req: &HttpRequest) -> Result<Self, Error> {
        match known {
            None => Ok(Self::Public),
            Some(known) => {
                let origin = origin(req, &shared.services.config.trusted_proxies);
                AuthUser::new(known, shared, origin).map(Self::User)
            }
        }
    }

    /// The signed-in user, if any.
    pub fn user(&self) -> Option<&AuthUser> {
        match self {
            Self::Public => None,
            Self::User(user) => Some(user),
        }
    }
}
