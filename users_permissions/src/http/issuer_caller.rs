//! Callers who are known by the claims of a trusted issuer alone, for handlers.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::auth_user::position;
use super::worker::{Shared, Stranger};
use crate::model::{Role, claim_at};
use crate::services::Actor;

/// Somebody with a token of a trusted issuer who is no user of ours (`users: none`).
///
/// ```
/// use actix_web::{Responder, get};
/// use users_permissions::{Caller, Error, permission};
///
/// /// What the caller's organisation has.
/// #[permission("api::invoice.find")]
/// #[get("/invoices")]
/// async fn find(caller: Caller) -> Result<impl Responder, Error> {
///     let Caller::Issuer(caller) = &caller else { return Err(Error::Forbidden) };
///     Ok(format!("{} for {}", caller.subject(), caller.organisation().unwrap_or("nobody")))
/// }
/// ```
#[derive(Clone)]
pub struct IssuerCaller {
    stranger: Stranger,
    roles: Vec<Arc<Role>>,
    shared: Arc<Shared>,
    origin: IpAddr,
}

impl IssuerCaller {
    pub(super) fn new(stranger: Stranger, shared: &Arc<Shared>, origin: IpAddr) -> Self {
        Self {
            roles: shared
                .services
                .rights
                .load()
                .stranger_roles(&stranger.person),
            stranger,
            shared: Arc::clone(shared),
            origin,
        }
    }

    /// The issuer, `iss`.
    ///
    /// ```
    /// # use users_permissions::IssuerCaller;
    /// fn is_partner(caller: &IssuerCaller) -> bool {
    ///     caller.issuer() == "https://partner.example.com"
    /// }
    /// ```
    pub fn issuer(&self) -> &str {
        &self.stranger.person.issuer
    }

    /// Who it is there, `sub`.
    ///
    /// ```
    /// # use users_permissions::IssuerCaller;
    /// // Subjects are unique within their issuer only.
    /// fn key(caller: &IssuerCaller) -> String {
    ///     format!("{} {}", caller.issuer(), caller.subject())
    /// }
    /// ```
    pub fn subject(&self) -> &str {
        &self.stranger.person.subject
    }

    /// Claims of the token, verified.
    ///
    /// ```
    /// # use users_permissions::IssuerCaller;
    /// fn expires(caller: &IssuerCaller) -> Option<i64> {
    ///     caller.claims().get("exp")?.as_i64()
    /// }
    /// ```
    pub fn claims(&self) -> &Map<String, Value> {
        &self.stranger.claims
    }

    /// The claim of this name, or at this dotted path.
    ///
    /// ```
    /// # use users_permissions::IssuerCaller;
    /// fn language(caller: &IssuerCaller) -> Option<&str> {
    ///     caller.claim("profile.locale")?.as_str()
    /// }
    /// ```
    pub fn claim(&self, path: &str) -> Option<&Value> {
        claim_at(&self.stranger.claims, path)
    }

    /// The organisation the caller acts for.
    ///
    /// ```
    /// # use users_permissions::{Error, IssuerCaller};
    /// fn tenant(caller: &IssuerCaller) -> Result<&str, Error> {
    ///     caller.organisation().ok_or(Error::Forbidden)
    /// }
    /// ```
    pub fn organisation(&self) -> Option<&str> {
        self.stranger.person.organisation.as_deref()
    }

    /// Permissions of the token.
    ///
    /// ```
    /// # use users_permissions::IssuerCaller;
    /// fn may_refund(caller: &IssuerCaller) -> bool {
    ///     caller.permissions().iter().any(|held| held == "orders:refund")
    /// }
    /// ```
    pub fn permissions(&self) -> &[String] {
        &self.stranger.person.permissions
    }

    /// Roles the token gives, or the default one.
    ///
    /// ```
    /// # use users_permissions::IssuerCaller;
    /// fn badges(caller: &IssuerCaller) -> Vec<&str> {
    ///     caller.roles().iter().map(|role| role.name.as_str()).collect()
    /// }
    /// ```
    pub fn roles(&self) -> Vec<&Role> {
        self.roles.iter().map(Arc::as_ref).collect()
    }

    /// Is one of the roles of this type?
    ///
    /// ```
    /// # use users_permissions::IssuerCaller;
    /// fn sees_drafts(caller: &IssuerCaller) -> bool {
    ///     caller.has_role("editor")
    /// }
    /// ```
    pub fn has_role(&self, role_type: &str) -> bool {
        self.roles.iter().any(|role| role.role_type == role_type)
    }

    /// May the caller perform the action (short or long form)? False for unknown actions.
    ///
    /// ```
    /// # use users_permissions::{Error, IssuerCaller};
    /// fn publish(caller: &IssuerCaller) -> Result<(), Error> {
    ///     if caller.can("api::article.publish") { Ok(()) } else { Err(Error::Forbidden) }
    /// }
    /// ```
    pub fn can(&self, action: &str) -> bool {
        let rights = self.shared.services.rights.load();
        position(&self.shared, action)
            .is_some_and(|action| rights.allows_stranger(&self.stranger.person, action))
    }

    /// As whom use cases know the caller.
    pub(super) fn actor(&self) -> Actor {
        Actor::Stranger {
            name: format!("{} at {}", self.subject(), self.issuer()),
            origin: self.origin,
            roles: self.roles.iter().map(|role| role.id).collect(),
        }
    }
}

impl fmt::Debug for IssuerCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerCaller")
            .field("issuer", &self.issuer())
            .field("subject", &self.subject())
            .finish_non_exhaustive()
    }
}
