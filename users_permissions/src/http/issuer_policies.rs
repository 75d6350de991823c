//! Policies over what trusted issuers say.

use actix_web::Error as ActixError;

use super::policy::{Policy, PolicyContext};
use super::worker::MISSING;

/// Demands a token of this trusted issuer; without one, and with any other, the answer is 401.
///
/// The role check comes first: a handler that the public may not call is 403 for it.
///
/// ```
/// use actix_web::{Responder, get};
/// use users_permissions::{FromIssuer, permission};
///
/// #[permission("api::invoice.find", policies(FromIssuer::new("https://example.kinde.com")))]
/// #[get("/invoices")]
/// async fn find() -> impl Responder {
///     "invoices"
/// }
/// ```
#[derive(Debug, Clone)]
pub struct FromIssuer {
    issuer: String,
}

impl FromIssuer {
    /// The issuer's name, its `iss`.
    ///
    /// ```
    /// use users_permissions::FromIssuer;
    ///
    /// let partners = FromIssuer::new("https://partner.example.com");
    /// ```
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
        }
    }
}

impl Policy for FromIssuer {
    async fn check(&self, context: &PolicyContext<'_>) -> Result<bool, ActixError> {
        if context.caller().issuer() == Some(self.issuer.as_str()) {
            Ok(true)
        } else {
            Err(MISSING.into())
        }
    }
}

/// Asks for a permission in the permissions claim of a trusted issuer. Tokens of ours have none.
///
/// ```
/// use actix_web::{Responder, post};
/// use users_permissions::{HasPermission, permission};
///
/// #[permission("api::article.create", policies(HasPermission::new("articles:write")))]
/// #[post("/articles")]
/// async fn create() -> impl Responder {
///     "written"
/// }
/// ```
#[derive(Debug, Clone)]
pub struct HasPermission {
    permission: String,
}

impl HasPermission {
    /// The permission.
    ///
    /// ```
    /// use users_permissions::HasPermission;
    ///
    /// let cashiers = HasPermission::new("orders:refund");
    /// ```
    pub fn new(permission: impl Into<String>) -> Self {
        Self {
            permission: permission.into(),
        }
    }
}

impl Policy for HasPermission {
    async fn check(&self, context: &PolicyContext<'_>) -> Result<bool, ActixError> {
        Ok(context.caller().has_permission(&self.permission))
    }
}
