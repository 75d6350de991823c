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
    pub fn issuer(&self) -> &str {
        &self.stranger.person.issuer
    }

    /// Who it is there, `sub`.
    pub fn subject(&self) -> &str {
        &self.stranger.person.subject
    }

    /// Claims of the token, verified.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.stranger.claims
    }

    /// The claim of this name, or at this dotted path.
    pub fn claim(&self, path: &str) -> Option<&Value> {
        claim_at(&self.stranger.claims, path)
    }

    /// The organisation the caller acts for.
    pub fn organisation(&self) -> Option<&str> {
        self.stranger.person.organisation.as_deref()
    }

    /// Permissions of the token.
    pub fn permissions(&self) -> &[String] {
        &self.stranger.person.permissions
    }

    /// Roles the token gives, or the default one.
    pub fn roles(&self) -> Vec<&Role> {
        self.roles.iter().map(Arc::as_ref).collect()
    }

    /// Is one of the roles of this type?
    pub fn has_role(&self, role_type: &str) -> bool {
        self.roles.iter().any(|role| role.role_type == role_type)
    }

    /// May the caller perform the action (short or long form)? False for unknown actions.
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
