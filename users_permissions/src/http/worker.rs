//! What one worker thread keeps: the plugin's services and the tokens it has verified.

use std::cell::RefCell;
use std::sync::Arc;

use actix_web::HttpRequest;
use quick_cache::unsync::Cache;
use serde_json::{Map, Value};

use super::bearer::{bearer, read};
use super::catalog::Routes;
use crate::acl::ActionEntry;
use crate::error::Error;
use crate::model::Principal;
use crate::services::{Proof, RightsReader, Services, Slot, VerifiedToken, unix_now};

/// A token that does not verify, or none where one is needed.
pub(super) const MISSING: Error = Error::Unauthorized("Missing or invalid credentials");
/// A good token of a user who is gone, blocked or unconfirmed.
const INVALID: Error = Error::Unauthorized("Invalid credentials");

/// What every worker of a plugin shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) services: Services,
    pub(crate) routes: Routes,
    #[cfg(feature = "openapi")]
    pub(crate) api: super::openapi::ApiDescription,
}

/// Reachable from every request that passed the middleware.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    tokens: RefCell<Cache<Box<[u8]>, Remembered>>,
    rights: RefCell<RightsReader>,
}

/// A verified token and the slot of its user, which was made after the session of the token had begun:
/// a session that it does not know has ended.
#[derive(Clone)]
struct Remembered {
    token: VerifiedToken,
    slot: Arc<Slot>,
}

/// A user who called, as of this request.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) principal: Arc<Principal>,
    pub(super) claims: Arc<Map<String, Value>>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let capacity = shared.services.config.token_cache.max(16);
        Self {
            tokens: RefCell::new(Cache::new(capacity)),
            rights: RefCell::new(shared.services.rights.reader()),
            shared,
        }
    }

    /// The worker a request came through.
    ///
    /// # Errors
    /// When the application does not wrap the middleware: nobody can be let in.
    #[inline]
    pub(super) fn of(req: &HttpRequest) -> Result<&Self, Error> {
        req.app_data::<Self>().ok_or_else(|| {
            Error::internal(
                "the request did not pass the middleware; add `.wrap(up.middleware())` to the App",
            )
        })
    }

    /// The check without waiting; `None` when the caller has to be looked up first.
    #[inline]
    pub(super) fn check_now(
        &self,
        req: &HttpRequest,
        entry: &ActionEntry,
    ) -> Option<Result<(), Error>> {
        if entry.open {
            return Some(Ok(()));
        }
        let services = &self.shared.services;
        let Some(action) = entry.index() else {
            return Some(Err(Error::internal("an action outside of the catalog")));
        };
        let allowed = match bearer(req.headers()) {
            None => self.rights.borrow_mut().load().public_allows(action),
            Some(token) => {
                let tokens = self.tokens.borrow();
                let remembered = tokens.get(token)?;
                let principal = remembered.slot.current(services.principals.epoch())?;
                match self.judge(&remembered.token, principal) {
                    Ok(principal) => self
                        .rights
                        .borrow_mut()
                        .load()
                        .allows(&principal.roles, action),
                    Err(error) => return Some(Err(error)),
                }
            }
        };
        Some(if allowed {
            Ok(())
        } else {
            Err(Error::Forbidden)
        })
    }

    /// The check for a caller that is not remembered.
    pub(super) async fn check_later(
        &self,
        req: &HttpRequest,
        entry: &ActionEntry,
    ) -> Result<(), Error> {
        let action = entry
            .index()
            .ok_or_else(|| Error::internal("an action outside of the catalog"))?;
        let rights = &self.shared.services.rights;
        let allowed = match self.caller(req).await? {
            None => rights.load().public_allows(action),
            Some(known) => rights.load().allows(&known.principal.roles, action),
        };
        if allowed {
            Ok(())
        } else {
            Err(Error::Forbidden)
        }
    }

    /// Who calls; `None`: the public.
    ///
    /// # Errors
    /// 401 for anything but one good token of an active user, 503 without a database.
    pub(super) async fn caller(&self, req: &HttpRequest) -> Result<Option<Known>, Error> {
        let Some(bytes) = bearer(req.headers()) else {
            return Ok(None);
        };
        let services = &self.shared.services;
        let remembered = self.tokens.borrow().get(bytes).cloned();
        let is_new = remembered.is_none();
        let token = match remembered {
            Some(Remembered { token, slot }) => {
                if let Some(principal) = slot.current(services.principals.epoch()) {
                    let principal = Arc::clone(self.judge(&token, principal)?);
                    return Ok(Some(Known {
                        principal,
                        claims: token.claims,
                    }));
                }
                token
            }
            None => read(bytes)
                .and_then(|text| services.tokens.verify(text))
                .ok_or(MISSING)?,
        };
        let user = token.user_id;
        let mut slot = services.principals.slot(user);
        let mut principal = services.principal(&slot, user).await?;
        if is_new
            && principal
                .as_deref()
                .is_some_and(|user| !knows(user, &token))
        {
            // The session may have begun in another instance, after the user was read here.
            slot = services.principals.replace(user, &slot);
            principal = services.principal(&slot, user).await?;
        }
        let remembered = Remembered {
            token: token.clone(),
            slot,
        };
        self.tokens.borrow_mut().insert(bytes.into(), remembered);
        let principal = Arc::clone(self.judge(&token, principal.as_ref())?);
        let claims = token.claims;
        Ok(Some(Known { principal, claims }))
    }

    /// Is the token still good for its user?
    #[inline]
    fn judge<'a>(
        &self,
        token: &VerifiedToken,
        principal: Option<&'a Arc<Principal>>,
    ) -> Result<&'a Arc<Principal>, Error> {
        if token.expires_at <= unix_now() {
            return Err(MISSING);
        }
        let principal = match (principal, token.proof) {
            (Some(principal), _) => principal,
            (None, Proof::Version(_)) => return Err(INVALID),
            // As Strapi says it.
            (None, Proof::Session(_)) => return Err(MISSING),
        };
        let is_outdated = match token.proof {
            Proof::Version(version) => principal.token_version != version,
            Proof::Session(_) => false,
        };
        if principal.blocked || is_outdated {
            return Err(INVALID);
        }
        if !knows(principal, token) {
            return Err(MISSING);
        }
        if !principal.confirmed && self.shared.services.settings.load().email_confirmation {
            return Err(INVALID);
        }
        Ok(principal)
    }
}

/// Does the session of the token live? Tokens without one know no such end.
#[inline]
fn knows(principal: &Principal, token: &VerifiedToken) -> bool {
    match token.proof {
        Proof::Version(_) => true,
        Proof::Session(id) => principal.sessions.contains(&id),
    }
}
