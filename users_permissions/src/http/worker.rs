//! What one worker thread keeps: the plugin's services and the tokens it has verified.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::{Error as ActixError, HttpRequest};
use serde_json::{Map, Value};

use super::bearer::{bearer, read};
use super::catalog::Routes;
pub(super) use super::judge::MISSING;
use super::judge::{INVALID, judge, knows};
use super::served;
use super::token_cache::{TokenCache, token_cache};
use crate::acl::ActionEntry;
use crate::clock::{is_over, unix_now};
use crate::error::Error;
use crate::model::{Person, Principal, UserId};
use crate::services::{Attested, Proof, RightsReader, Services, Slot, VerifiedToken};

/// What every worker of a plugin shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) services: Services,
    pub(crate) routes: Routes,
    #[cfg(feature = "openapi")]
    pub(crate) api: super::openapi::ApiDescription,
}

/// Found for every request of an application that wraps the middleware.
// What every request looks at comes first, in one cache line.
#[repr(C, align(64))]
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    rights: RefCell<RightsReader>,
    tokens: RefCell<TokenCache<Remembered>>,
}

/// A verified token and the slot of its user, which was made after the session of the token had begun:
/// a session that it does not know has ended.
#[derive(Clone)]
struct Remembered {
    token: VerifiedToken,
    /// None of somebody who is no user.
    slot: Option<Arc<Slot>>,
    /// Of tokens of trusted issuers; boxed, for most are not.
    attested: Option<Box<Attested>>,
}

/// Who called, as of this request.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// A user.
    User(KnownUser),
    /// Somebody of a trusted issuer who is no user.
    Stranger(Stranger),
}

/// A user who called.
#[derive(Debug, Clone)]
pub(super) struct KnownUser {
    pub(super) principal: Arc<Principal>,
    pub(super) claims: Arc<Map<String, Value>>,
    /// Where a trusted issuer vouches for the user.
    pub(super) person: Option<Arc<Person>>,
}

/// Somebody who is known by claims alone.
#[derive(Debug, Clone)]
pub(super) struct Stranger {
    pub(super) person: Arc<Person>,
    pub(super) claims: Arc<Map<String, Value>>,
}

#[cold]
fn refusal(error: Error) -> ActixError {
    error.into()
}

#[cold]
fn unserved() -> Error {
    Error::internal(
        "the request did not pass the middleware; add `.wrap(up.middleware())` to the App",
    )
}

impl Known {
    /// A user with a token of ours.
    fn own(principal: Arc<Principal>, claims: Arc<Map<String, Value>>) -> Self {
        Self::User(KnownUser {
            principal,
            claims,
            person: None,
        })
    }
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let capacity = shared.services.config.token_cache.max(16);
        Self {
            tokens: RefCell::new(token_cache(capacity)),
            rights: RefCell::new(shared.services.rights.reader()),
            shared,
        }
    }

    /// The worker that serves a request.
    ///
    /// # Errors
    /// When the application does not wrap the middleware: nobody can be let in.
    pub(super) fn of(req: &HttpRequest) -> Result<Rc<Self>, Error> {
        Self::with(req, |worker| Ok(Rc::clone(worker)))
    }

    /// Asks the worker that serves a request, which is cheaper than to take it along.
    ///
    /// # Errors
    /// As [`of`](Self::of), and what the question answers.
    #[inline]
    pub(super) fn with<T, E: From<Error>>(
        req: &HttpRequest,
        question: impl FnOnce(&Rc<Self>) -> Result<T, E>,
    ) -> Result<T, E> {
        served::ask(req, question).unwrap_or_else(|| Err(unserved().into()))
    }

    /// May the caller, if that is known without waiting? False: the caller has to be looked up first.
    ///
    /// # Errors
    /// A refusal, boxed: what every request gets for its answer shall fit into registers.
    #[inline]
    pub(super) fn check_now(
        &self,
        req: &HttpRequest,
        entry: &ActionEntry,
    ) -> Result<bool, ActixError> {
        if entry.open {
            return Ok(true);
        }
        let Some(action) = entry.index() else {
            return Err(refusal(Error::internal("an action outside of the catalog")));
        };
        let allowed = match bearer(req.headers()) {
            None => Some(self.rights.borrow_mut().load().public_allows(action)),
            Some(token) => self.allows_bearer(token, action)?,
        };
        match allowed {
            Some(true) => Ok(true),
            Some(false) => Err(refusal(Error::Forbidden)),
            None => Ok(false),
        }
    }

    /// The same for whoever has a token.
    #[inline]
    fn allows_bearer(&self, token: &[u8], action: usize) -> Result<Option<bool>, ActixError> {
        let tokens = self.tokens.borrow();
        let Some(remembered) = tokens.get(token) else {
            return Ok(None);
        };
        if let Some(attested) = &remembered.attested {
            return self.allows_attested(remembered, attested, action);
        }
        let epoch = self.shared.services.principals.epoch();
        let slot = remembered.slot.as_ref();
        let Some(principal) = slot.and_then(|slot| slot.current(epoch)) else {
            return Ok(None);
        };
        let principal = self.judge(&remembered.token, principal).map_err(refusal)?;
        let mut rights = self.rights.borrow_mut();
        Ok(Some(rights.load().allows(&principal.roles, action)))
    }

    /// The same for somebody a trusted issuer vouches for.
    fn allows_attested(
        &self,
        remembered: &Remembered,
        attested: &Attested,
        action: usize,
    ) -> Result<Option<bool>, ActixError> {
        if !attested.is_current() {
            return Ok(None);
        }
        let principal = match &remembered.slot {
            None if is_over(attested.expires_at, unix_now()) => return Err(refusal(MISSING)),
            None => None,
            Some(slot) => {
                let epoch = self.shared.services.principals.epoch();
                let Some(Some(principal)) = slot.current(epoch) else {
                    return Ok(None);
                };
                let token = &remembered.token;
                Some(self.judge(token, Some(principal)).map_err(refusal)?)
            }
        };
        let mut rights = self.rights.borrow_mut();
        let rights = rights.load();
        Ok(Some(match principal {
            Some(user) => rights.allows_linked(&user.roles, &attested.person, action),
            None => rights.allows_stranger(&attested.person, action),
        }))
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
            Some(Known::User(user)) => {
                let (rights, roles) = (rights.load(), &user.principal.roles);
                match &user.person {
                    None => rights.allows(roles, action),
                    Some(person) => rights.allows_linked(roles, person, action),
                }
            }
            Some(Known::Stranger(stranger)) => {
                rights.load().allows_stranger(&stranger.person, action)
            }
        };
        if allowed {
            Ok(())
        } else {
            Err(Error::Forbidden)
        }
    }

    /// Who calls, if that is known without waiting; `None`: the caller has to be looked up.
    pub(super) fn caller_now(&self, req: &HttpRequest) -> Option<Result<Option<Known>, Error>> {
        let Some(bytes) = bearer(req.headers()) else {
            return Some(Ok(None));
        };
        let tokens = self.tokens.borrow();
        let remembered = tokens.get(bytes)?;
        let known = match &remembered.attested {
            None => self.recall(remembered)?,
            Some(attested) => self.recall_attested(remembered, attested)?,
        };
        Some(known.map(Some))
    }

    /// The user with a remembered token of ours, while that is current.
    fn recall(&self, remembered: &Remembered) -> Option<Result<Known, Error>> {
        let epoch = self.shared.services.principals.epoch();
        let principal = remembered.slot.as_ref()?.current(epoch)?;
        let token = &remembered.token;
        let judged = self.judge(token, principal);
        Some(judged.map(|user| Known::own(Arc::clone(user), Arc::clone(&token.claims))))
    }

    /// The same with a token of a trusted issuer.
    fn recall_attested(
        &self,
        remembered: &Remembered,
        attested: &Attested,
    ) -> Option<Result<Known, Error>> {
        if !attested.is_current() {
            return None;
        }
        let principal = match &remembered.slot {
            None => None,
            // Where something has changed it is asked again who they are, for they may have been unlinked.
            Some(slot) => Some(slot.current(self.shared.services.principals.epoch())??),
        };
        Some(self.vouched(&remembered.token, &attested.person, principal))
    }

    /// Who calls; `None`: the public.
    ///
    /// # Errors
    /// 401 for anything but one good token of an active user, 503 without a database.
    pub(super) async fn caller(&self, req: &HttpRequest) -> Result<Option<Known>, Error> {
        match self.caller_now(req) {
            Some(known) => known,
            None => self.look_up(req).await,
        }
    }

    /// The same for a caller who is not remembered.
    async fn look_up(&self, req: &HttpRequest) -> Result<Option<Known>, Error> {
        let Some(bytes) = bearer(req.headers()) else {
            return Ok(None);
        };
        let services = &self.shared.services;
        let remembered = self.tokens.borrow().get(bytes).cloned();
        let is_new = remembered.is_none();
        let token = match remembered {
            Some(remembered) if remembered.attested.is_some() => {
                let text = read(bytes).ok_or(MISSING)?;
                let user = remembered.slot.map(|_| remembered.token.user_id);
                return self.caller_of_issuer(text, user).await.map(Some);
            }
            Some(remembered) => remembered.token,
            None => {
                let text = read(bytes).ok_or(MISSING)?;
                if services.issuers.of(text).is_some() {
                    return self.caller_of_issuer(text, None).await.map(Some);
                }
                services.tokens.verify(text).ok_or(MISSING)?
            }
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
            slot: Some(slot),
            attested: None,
        };
        self.tokens.borrow_mut().insert(bytes.into(), remembered);
        let principal = Arc::clone(self.judge(&token, principal.as_ref())?);
        Ok(Some(Known::own(principal, token.claims)))
    }

    /// Who calls with a token that a trusted issuer has signed, or says so; `expected`: the user it was of.
    async fn caller_of_issuer(&self, text: &str, expected: Option<UserId>) -> Result<Known, Error> {
        let services = &self.shared.services;
        let issuer = services.issuers.of(text).ok_or(MISSING)?;
        let attested = issuer.verify(text, &services.catalog).await?;
        let attested = attested.ok_or(MISSING)?;
        let linked = match issuer.links_users() {
            true => Some(self.linked(&attested, expected).await?),
            false => None,
        };
        self.attested(text, attested, linked).await
    }

    /// The user somebody of an issuer is, and its slot, in place before it was asked who that is.
    async fn linked(
        &self,
        attested: &Attested,
        expected: Option<UserId>,
    ) -> Result<(UserId, Arc<Slot>), Error> {
        let services = &self.shared.services;
        let placed = |user| (user, services.principals.slot(user));
        let mut last = expected.map(placed);
        loop {
            let user = services.user_of(attested).await?.ok_or(INVALID)?;
            match last {
                Some((known, slot)) if known == user => return Ok((user, slot)),
                // Asked once more: whoever unlinks them from here on finds the slot.
                _ => last = Some(placed(user)),
            }
        }
    }

    /// Remembers and judges a token of an issuer that was verified just now.
    async fn attested(
        &self,
        text: &str,
        attested: Attested,
        linked: Option<(UserId, Arc<Slot>)>,
    ) -> Result<Known, Error> {
        let services = &self.shared.services;
        let user = linked.as_ref().map(|(user, _)| *user);
        let token = VerifiedToken {
            user_id: user.unwrap_or_default(),
            proof: Proof::Attested,
            expires_at: attested.expires_at,
            claims: Arc::clone(&attested.claims),
        };
        let principal = match &linked {
            Some((user, slot)) => Some(services.principal(slot, *user).await?.ok_or(INVALID)?),
            None => None,
        };
        let slot = linked.map(|(_, slot)| slot);
        let person = Arc::clone(&attested.person);
        let remembered = Remembered {
            token: token.clone(),
            slot,
            attested: Some(Box::new(attested)),
        };
        self.tokens
            .borrow_mut()
            .insert(text.as_bytes().into(), remembered);
        self.vouched(&token, &person, principal.as_ref())
    }

    /// Judges a token of an issuer; without a principal it is no user's.
    fn vouched(
        &self,
        token: &VerifiedToken,
        person: &Arc<Person>,
        principal: Option<&Arc<Principal>>,
    ) -> Result<Known, Error> {
        let (person, claims) = (Arc::clone(person), Arc::clone(&token.claims));
        if principal.is_none() {
            if is_over(token.expires_at, unix_now()) {
                return Err(MISSING);
            }
            return Ok(Known::Stranger(Stranger { person, claims }));
        }
        let principal = Arc::clone(self.judge(token, principal)?);
        Ok(Known::User(KnownUser {
            principal,
            claims,
            person: Some(person),
        }))
    }

    /// Is the token still good for its user?
    #[inline]
    fn judge<'a>(
        &self,
        token: &VerifiedToken,
        principal: Option<&'a Arc<Principal>>,
    ) -> Result<&'a Arc<Principal>, Error> {
        let is_confirming = || self.shared.services.settings.load().email_confirmation;
        judge(token, principal, is_confirming, unix_now())
    }
}
