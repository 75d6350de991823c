//! The caller, for handlers.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::future::{Either, FutureExt as _, LocalBoxFuture};
use serde_json::{Map, Value};

use super::issuer_caller::IssuerCaller;
use super::limits::origin;
use super::worker::{Known, KnownUser, MISSING, Shared, Worker};
use crate::acl::long_form;
use crate::error::Error;
use crate::model::{Role, RoleId, UserId, UserRoles, claim_at};
use crate::services::Actor;

/// The signed-in user who calls, as of this request.
///
/// As an extractor it answers 401 without a token and with a token that is broken, expired, or of a
/// user who is gone, blocked or unconfirmed; 403 with the token of a trusted issuer whose callers are no
/// users; 503 when the database cannot be asked. `Option<AuthUser>` is `None` in all of these cases; behind
/// `#[permission]` a bad token has been refused before, and where that is `auth = false` or stands nowhere
/// [`Caller`] keeps them apart.
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
    known: KnownUser,
    /// Those of the user and of the token.
    all: UserRoles,
    role: Arc<Role>,
    /// Beside the primary one; no allocation for the many who have one role.
    others: Vec<Arc<Role>>,
    shared: Arc<Shared>,
    origin: IpAddr,
}

impl AuthUser {
    fn new(known: KnownUser, shared: &Arc<Shared>, origin: IpAddr) -> Result<Self, Error> {
        let rights = shared.services.rights.load();
        let roles = match &known.person {
            None => known.principal.roles.clone(),
            Some(person) => rights.linked_roles(&known.principal.roles, person),
        };
        let role = |id: RoleId| rights.role(id).map(|grants| Arc::clone(grants.role()));
        let primary = role(roles.primary())
            .ok_or_else(|| Error::unavailable("the caller's role is not known yet"))?;
        Ok(Self {
            others: roles.others().iter().filter_map(|id| role(*id)).collect(),
            all: roles,
            role: primary,
            known,
            shared: Arc::clone(shared),
            origin,
        })
    }

    /// Row id of the user.
    ///
    /// ```
    /// # use users_permissions::{AuthUser, UserId};
    /// fn is_own(user: &AuthUser, author: UserId) -> bool {
    ///     user.id() == author
    /// }
    /// ```
    pub fn id(&self) -> UserId {
        self.known.principal.id
    }

    /// User name.
    ///
    /// ```
    /// # use users_permissions::AuthUser;
    /// fn greet(user: &AuthUser) -> String {
    ///     format!("hello {}", user.username())
    /// }
    /// ```
    pub fn username(&self) -> &str {
        &self.known.principal.username
    }

    /// Canonical e-mail address.
    ///
    /// ```
    /// # use users_permissions::AuthUser;
    /// fn is_staff(user: &AuthUser) -> bool {
    ///     user.email().ends_with("@example.com")
    /// }
    /// ```
    pub fn email(&self) -> &str {
        &self.known.principal.email
    }

    /// Primary role of the user, Strapi's `role`.
    ///
    /// ```
    /// # use users_permissions::AuthUser;
    /// fn badge(user: &AuthUser) -> String {
    ///     format!("{} ({})", user.username(), user.role().name)
    /// }
    /// ```
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// All roles of the user, the primary one first.
    ///
    /// ```
    /// # use users_permissions::AuthUser;
    /// fn badges(user: &AuthUser) -> Vec<&str> {
    ///     user.roles().iter().map(|role| role.name.as_str()).collect()
    /// }
    /// ```
    pub fn roles(&self) -> Vec<&Role> {
        std::iter::once(&self.role)
            .chain(&self.others)
            .map(Arc::as_ref)
            .collect()
    }

    /// Is one of the user's roles of this type (`administrator`, …)?
    ///
    /// ```
    /// # use users_permissions::AuthUser;
    /// fn sees_drafts(user: &AuthUser) -> bool {
    ///     user.has_role("editor") || user.has_role("administrator")
    /// }
    /// ```
    pub fn has_role(&self, role_type: &str) -> bool {
        std::iter::once(&self.role)
            .chain(&self.others)
            .any(|role| role.role_type == role_type)
    }

    /// Claims of the token, verified.
    ///
    /// ```
    /// # use users_permissions::AuthUser;
    /// fn expires(user: &AuthUser) -> Option<i64> {
    ///     user.claims().get("exp")?.as_i64()
    /// }
    /// ```
    pub fn claims(&self) -> &Map<String, Value> {
        &self.known.claims
    }

    /// The claim of this name, or at this dotted path.
    ///
    /// ```
    /// # use users_permissions::AuthUser;
    /// fn language(user: &AuthUser) -> Option<&str> {
    ///     user.claim("profile.locale")?.as_str()
    /// }
    /// ```
    pub fn claim(&self, path: &str) -> Option<&Value> {
        claim_at(&self.known.claims, path)
    }

    /// The trusted issuer whose token this is; `None`: it is ours.
    ///
    /// ```
    /// # use users_permissions::AuthUser;
    /// fn signed_in_by(user: &AuthUser) -> &str {
    ///     user.issuer().unwrap_or("ourselves")
    /// }
    /// ```
    pub fn issuer(&self) -> Option<&str> {
        let person = self.known.person.as_ref();
        person.map(|person| person.issuer.as_str())
    }

    /// The organisation a trusted issuer says the caller acts for.
    ///
    /// ```
    /// # use users_permissions::{AuthUser, Error};
    /// fn tenant(user: &AuthUser) -> Result<&str, Error> {
    ///     user.organisation().ok_or(Error::Forbidden)
    /// }
    /// ```
    pub fn organisation(&self) -> Option<&str> {
        self.known.person.as_ref()?.organisation.as_deref()
    }

    /// Permissions that a trusted issuer says the caller has; none with a token of ours.
    ///
    /// ```
    /// # use users_permissions::AuthUser;
    /// fn may_refund(user: &AuthUser) -> bool {
    ///     user.permissions().iter().any(|held| held == "orders:refund")
    /// }
    /// ```
    pub fn permissions(&self) -> &[String] {
        let person = self.known.person.as_ref();
        person.map_or(&[], |person| &person.permissions)
    }

    /// Does one of the user's roles hold the action (short or long form)? False for unknown actions.
    ///
    /// ```
    /// # use users_permissions::{AuthUser, Error};
    /// fn publish(user: &AuthUser) -> Result<(), Error> {
    ///     if user.can("api::article.publish") { Ok(()) } else { Err(Error::Forbidden) }
    /// }
    /// ```
    pub fn can(&self, action: &str) -> bool {
        let services = &self.shared.services;
        position(&self.shared, action).is_some_and(|action| {
            let person = self.known.person.as_ref();
            services.rights.load().allows(&self.all, action)
                || person.is_some_and(|person| person.actions.contains(&action))
        })
    }

    /// As whom use cases know the user.
    pub(super) fn actor(&self) -> Actor {
        Actor::User {
            id: self.id(),
            name: self.username().to_owned(),
            roles: self.all.clone(),
            origin: self.origin,
        }
    }
}

/// The place of an action in the catalog, by its short or long form.
pub(super) fn position(shared: &Shared, action: &str) -> Option<usize> {
    let catalog = &shared.services.catalog;
    let position = catalog.position(action);
    position.or_else(|| catalog.position(&long_form(action)))
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
                Caller::Issuer(_) => Err(Error::Denied(NO_USER.to_owned())),
            }
        }
        Caller::from_request(req, payload).map(signed_in as fn(_) -> _)
    }
}

const NO_USER: &str = "This needs a user account, and the token belongs to none";

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
///         Caller::Issuer(caller) => format!("welcome, {} of {}", caller.subject(), caller.issuer()),
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub enum Caller {
    /// Nobody signed in.
    Public,
    /// A signed-in user.
    User(AuthUser),
    /// Somebody of a trusted issuer who is known by claims alone.
    Issuer(IssuerCaller),
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Either<Ready<Result<Self, Error>>, LocalBoxFuture<'static, Result<Self, Error>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let worker = match Worker::of(req) {
            Ok(worker) => worker,
            Err(error) => return Either::Left(ready(Err(error))),
        };
        // Remembered callers are ready at once, and nothing is boxed.
        match worker.caller_now(req) {
            Some(caller) => Either::Left(ready(
                caller.and_then(|known| Self::new(known, &worker.shared, req)),
            )),
            None => {
                let req = req.clone();
                Either::Right(Box::pin(async move {
                    Self::new(worker.caller(&req).await?, &worker.shared, &req)
                }))
            }
        }
    }
}

impl Caller {
    fn new(known: Option<Known>, shared: &Arc<Shared>, req: &HttpRequest) -> Result<Self, Error> {
        let origin = || origin(req, &shared.services.config.trusted_proxies);
        match known {
            None => Ok(Self::Public),
            Some(Known::User(user)) => AuthUser::new(user, shared, origin()).map(Self::User),
            Some(Known::Stranger(stranger)) => {
                Ok(Self::Issuer(IssuerCaller::new(stranger, shared, origin())))
            }
        }
    }

    /// The signed-in user, if any.
    ///
    /// ```
    /// # use users_permissions::Caller;
    /// fn name(caller: &Caller) -> &str {
    ///     caller.user().map_or("stranger", |user| user.username())
    /// }
    /// ```
    pub fn user(&self) -> Option<&AuthUser> {
        match self {
            Self::Public | Self::Issuer(_) => None,
            Self::User(user) => Some(user),
        }
    }

    /// Claims of the token, verified; `None` of the public.
    ///
    /// ```
    /// # use users_permissions::Caller;
    /// fn has_token(caller: &Caller) -> bool {
    ///     caller.claims().is_some()
    /// }
    /// ```
    pub fn claims(&self) -> Option<&Map<String, Value>> {
        match self {
            Self::Public => None,
            Self::User(user) => Some(user.claims()),
            Self::Issuer(caller) => Some(caller.claims()),
        }
    }

    /// The claim of this name, or at this dotted path.
    ///
    /// ```
    /// # use users_permissions::Caller;
    /// fn plan(caller: &Caller) -> &str {
    ///     caller.claim("plan").and_then(|plan| plan.as_str()).unwrap_or("free")
    /// }
    /// ```
    pub fn claim(&self, path: &str) -> Option<&Value> {
        claim_at(self.claims()?, path)
    }

    /// The trusted issuer whose token this is; `None` of the public, and with a token of ours.
    ///
    /// ```
    /// # use users_permissions::Caller;
    /// fn is_partner(caller: &Caller) -> bool {
    ///     caller.issuer() == Some("https://partner.example.com")
    /// }
    /// ```
    pub fn issuer(&self) -> Option<&str> {
        match self {
            Self::Public => None,
            Self::User(user) => user.issuer(),
            Self::Issuer(caller) => Some(caller.issuer()),
        }
    }

    /// The organisation a trusted issuer says the caller acts for.
    ///
    /// ```
    /// # use users_permissions::{Caller, Error};
    /// fn tenant(caller: &Caller) -> Result<&str, Error> {
    ///     caller.organisation().ok_or(Error::Forbidden)
    /// }
    /// ```
    pub fn organisation(&self) -> Option<&str> {
        match self {
            Self::Public => None,
            Self::User(user) => user.organisation(),
            Self::Issuer(caller) => caller.organisation(),
        }
    }

    /// Does a trusted issuer say that the caller has this permission?
    ///
    /// ```
    /// # use users_permissions::Caller;
    /// fn may_refund(caller: &Caller) -> bool {
    ///     caller.has_permission("orders:refund")
    /// }
    /// ```
    pub fn has_permission(&self, permission: &str) -> bool {
        let permissions = match self {
            Self::Public => &[],
            Self::User(user) => user.permissions(),
            Self::Issuer(caller) => caller.permissions(),
        };
        permissions.iter().any(|held| held == permission)
    }

    /// Is one of the caller's roles of this type? The public has the role `public`.
    ///
    /// ```
    /// # use users_permissions::Caller;
    /// fn sees_prices(caller: &Caller) -> bool {
    ///     !caller.has_role("public")
    /// }
    /// ```
    pub fn has_role(&self, role_type: &str) -> bool {
        match self {
            Self::Public => role_type == crate::model::PUBLIC,
            Self::User(user) => user.has_role(role_type),
            Self::Issuer(caller) => caller.has_role(role_type),
        }
    }

    /// As whom use cases know the caller.
    pub(super) fn actor(&self) -> Actor {
        match self {
            Self::Public => Actor::Public,
            Self::User(user) => user.actor(),
            Self::Issuer(caller) => caller.actor(),
        }
    }
}
