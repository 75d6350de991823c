//! Policies: app code that is asked after the role check.

use std::future::Future;

use actix_web::dev::Payload;
use actix_web::{Error as ActixError, FromRequest, Handler, HttpRequest};

use super::auth_user::{AuthUser, Caller};

/// Says yes or no to a request that passed the role check; no is 403.
///
/// Implemented for every async fn whose arguments are extractors and that returns `bool` or
/// `Result<bool, E>`; implement it for values that carry configuration. A policy sees the request, its
/// path, the caller and app data; the body it does not see, for it has not been read.
///
/// `M` only tells functions from values; leave it at its default.
///
/// ```
/// use actix_web::{Responder, put, web};
/// use users_permissions::{AuthUser, HasClaim, Policy, PolicyContext, permission};
///
/// async fn is_own_page(user: AuthUser, id: web::Path<i32>) -> bool {
///     *id == user.id()
/// }
///
/// struct Weekdays;
///
/// impl Policy for Weekdays {
///     async fn check(&self, context: &PolicyContext<'_>) -> Result<bool, actix_web::Error> {
///         Ok(context.request().headers().get("x-weekend").is_none())
///     }
/// }
///
/// #[permission("api::page.update", policies(is_own_page, Weekdays, HasClaim::new("permissions", "pages:write")))]
/// #[put("/pages/{id}")]
/// async fn update() -> impl Responder {
///     "saved"
/// }
/// ```
pub trait Policy<M = ()> {
    /// Yes, no, or an error that is answered as it is.
    ///
    /// ```
    /// use actix_web::error::ErrorServiceUnavailable;
    /// use users_permissions::{Policy, PolicyContext};
    ///
    /// struct Open;
    ///
    /// impl Policy for Open {
    ///     async fn check(&self, _: &PolicyContext<'_>) -> Result<bool, actix_web::Error> {
    ///         match std::fs::exists("maintenance") {
    ///             Ok(false) => Ok(true),
    ///             _ => Err(ErrorServiceUnavailable("back soon")),
    ///         }
    ///     }
    /// }
    /// ```
    fn check(&self, context: &PolicyContext<'_>) -> impl Future<Output = Result<bool, ActixError>>;
}

/// What a policy may look at.
///
/// ```
/// use users_permissions::{Policy, PolicyContext};
///
/// /// Lets users see their own page, and editors every one.
/// struct OwnPage;
///
/// impl Policy for OwnPage {
///     async fn check(&self, context: &PolicyContext<'_>) -> Result<bool, actix_web::Error> {
///         let id = context.request().match_info().get("id");
///         let is_own = context.user().is_some_and(|user| id == Some(user.id().to_string().as_str()));
///         Ok(is_own || context.caller().has_role("editor"))
///     }
/// }
/// ```
#[derive(Debug)]
pub struct PolicyContext<'a> {
    request: &'a HttpRequest,
    caller: Caller,
}

impl<'a> PolicyContext<'a> {
    pub(super) async fn new(request: &'a HttpRequest) -> Result<Self, ActixError> {
        let caller = Caller::from_request(request, &mut Payload::None).await?;
        Ok(Self { request, caller })
    }

    /// The request; its path parameters are in `match_info()`.
    ///
    /// ```
    /// # use users_permissions::PolicyContext;
    /// fn is_preview(context: &PolicyContext<'_>) -> bool {
    ///     context.request().query_string().contains("preview=true")
    /// }
    /// ```
    pub fn request(&self) -> &'a HttpRequest {
        self.request
    }

    /// Who calls.
    ///
    /// ```
    /// # use users_permissions::PolicyContext;
    /// fn is_editor(context: &PolicyContext<'_>) -> bool {
    ///     context.caller().has_role("editor")
    /// }
    /// ```
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The signed-in user, if any.
    ///
    /// ```
    /// # use users_permissions::PolicyContext;
    /// fn is_ann(context: &PolicyContext<'_>) -> bool {
    ///     context.user().is_some_and(|user| user.username() == "ann")
    /// }
    /// ```
    pub fn user(&self) -> Option<&AuthUser> {
        self.caller.user()
    }

    /// App data of this type (`web::Data<T>` registered on the application or a scope).
    ///
    /// ```
    /// # use users_permissions::PolicyContext;
    /// struct OpeningHours { closed: bool }
    ///
    /// fn is_open(context: &PolicyContext<'_>) -> bool {
    ///     context.data::<OpeningHours>().is_some_and(|hours| !hours.closed)
    /// }
    /// ```
    pub fn data<T: ?Sized + 'static>(&self) -> Option<&'a actix_web::web::Data<T>> {
        self.request.app_data::<actix_web::web::Data<T>>()
    }
}

/// Marks policies that are async functions of extractors.
#[derive(Debug, Clone, Copy)]
pub struct Extracted<Args>(std::marker::PhantomData<Args>);

/// What a policy function may return.
pub trait Verdict {
    /// As a result that actix can answer.
    fn into_result(self) -> Result<bool, ActixError>;
}

impl Verdict for bool {
    fn into_result(self) -> Result<bool, ActixError> {
        Ok(self)
    }
}

impl<E: Into<ActixError>> Verdict for Result<bool, E> {
    fn into_result(self) -> Result<bool, ActixError> {
        self.map_err(Into::into)
    }
}

impl<F, Args> Policy<Extracted<Args>> for F
where
    F: Handler<Args>,
    Args: FromRequest,
    F::Output: Verdict,
{
    async fn check(&self, context: &PolicyContext<'_>) -> Result<bool, ActixError> {
        let args = Args::from_request(context.request, &mut Payload::None)
            .await
            .map_err(Into::into)?;
        self.call(args).await.into_result()
    }
}

/// Asks for a claim of the token, by name or dotted path: equal to a text, or an array (or space-separated
/// text, as `scope`, RFC 8693 section 4.2) that contains it. The token may be ours or a trusted issuer's;
/// [`FromIssuer`](crate::FromIssuer) tells them apart.
///
/// ```
/// use users_permissions::HasClaim;
///
/// let editors = HasClaim::new("permissions", "articles:write");
/// # let _ = editors;
/// ```
#[derive(Debug, Clone)]
pub struct HasClaim {
    claim: String,
    value: String,
}

impl HasClaim {
    /// The claim's name and the value it has to have.
    ///
    /// ```
    /// use users_permissions::HasClaim;
    ///
    /// let premium = HasClaim::new("app_metadata.plan", "premium");
    /// ```
    pub fn new(claim: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            claim: claim.into(),
            value: value.into(),
        }
    }
}

impl Policy for HasClaim {
    async fn check(&self, context: &PolicyContext<'_>) -> Result<bool, ActixError> {
        // The public has no claims.
        Ok(match context.caller().claim(&self.claim) {
            Some(serde_json::Value::String(text)) => {
                *text == self.value || text.split(' ').any(|word| word == self.value)
            }
            Some(serde_json::Value::Array(items)) => {
                items.iter().any(|item| item.as_str() == Some(&self.value))
            }
            _ => false,
        })
    }
}
