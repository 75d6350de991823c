//! The sign-in of an administrator: an encrypted cookie that names the user and the version of its
//! tokens, so that a new password or a block ends it like any other token. It has an id of its own, by which
//! it is ended. Its times are those of the clock that instances have in common.

use std::sync::Arc;
use std::time::Duration;

use actix_session::Session;
use serde::{Deserialize, Serialize};

use super::csrf;
use super::flash::Flash;
use crate::config::AdminSession;
use crate::error::{Error, Result};
use crate::model::{Principal, SessionId, User, UserId};
use crate::services::Services;

const SIGNED_IN: &str = "in";
const FORMS: &str = "forms";
const FLASH: &str = "flash";
/// The time of the last request is written again after so many seconds at most.
const STEP: u64 = 30;

/// What the cookie says of who is signed in. Times are seconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ticket {
    /// Names the sign-in, so that it can be ended wherever its cookie was copied to.
    id: String,
    user: UserId,
    version: i32,
    since: u64,
    seen: u64,
    /// When the password was last typed.
    proof: u64,
}

/// The administrator who is signed in, as of this request.
#[derive(Debug, Clone)]
pub(super) struct Me {
    pub(super) principal: Arc<Principal>,
    ticket: Ticket,
    /// When the request came.
    now: u64,
}

impl Me {
    /// Was the password typed a short while ago?
    pub(super) fn is_recent(&self, times: &AdminSession) -> bool {
        within(self.now, self.ticket.proof, times.recent)
    }
}

fn within(now: u64, time: u64, span: Duration) -> bool {
    // A clock that was set back must not stretch anything.
    time <= now + 60 && now.saturating_sub(time) < span.as_secs()
}

/// Who is signed in; notes that it was here.
pub(super) async fn signed_in(session: &Session, services: &Services) -> Result<Option<Me>> {
    let Ok(Some(mut ticket)) = session.get::<Ticket>(SIGNED_IN) else {
        return Ok(None);
    };
    let times = &services.config.admin_session;
    let (has_ended, now) = services.has_ended(ticket.id.clone()).await?;
    let is_in_time =
        within(now, ticket.since, times.absolute) && within(now, ticket.seen, times.idle);
    if has_ended || !is_in_time {
        end(session);
        return Ok(None);
    }
    let slot = services.principals.slot(ticket.user);
    let principal = services.principal(&slot, ticket.user).await?;
    let confirming = services.settings.load().email_confirmation;
    let good = |principal: &Arc<Principal>| {
        !principal.blocked
            && principal.token_version == ticket.version
            && (principal.confirmed || !confirming)
    };
    let Some(principal) = principal.filter(good) else {
        end(session);
        return Ok(None);
    };
    // Well before it would count as nobody having been here.
    let step = STEP.min(times.idle.as_secs() / 10);
    if now.saturating_sub(ticket.seen) >= step {
        ticket.seen = now;
        put(session, SIGNED_IN, &ticket)?;
    }
    Ok(Some(Me {
        principal,
        ticket,
        now,
    }))
}

/// Begins a session in the place of whatever was there.
pub(super) async fn begin(session: &Session, user: &User, services: &Services) -> Result<()> {
    let now = services.shared_time().await?;
    session.clear();
    session.renew();
    let ticket = Ticket {
        id: SessionId::random().to_string(),
        user: user.id,
        version: user.token_version,
        since: now,
        seen: now,
        proof: now,
    };
    put(session, SIGNED_IN, &ticket)
}

/// Notes that the password was typed again.
pub(super) fn prove(session: &Session, me: &Me) -> Result<()> {
    let ticket = Ticket {
        proof: me.now,
        ..me.ticket.clone()
    };
    put(session, SIGNED_IN, &ticket)
}

/// Ends a sign-in, that of copies of its cookie included.
pub(super) async fn sign_out(
    session: &Session,
    me: Option<&Me>,
    services: &Services,
) -> Result<()> {
    let ended = match me {
        Some(me) => services.end_sign_in(me.ticket.id.clone()).await,
        None => Ok(()),
    };
    // This browser forgets it in any case.
    end(session);
    ended
}

/// Forgets who is signed in.
fn end(session: &Session) {
    session.clear();
    session.renew();
}

/// The secret of the session's forms, made when the first one is shown.
pub(super) fn forms(session: &Session) -> Result<csrf::Secret> {
    if let Some(secret) = known_forms(session) {
        return Ok(secret);
    }
    let secret = csrf::Secret::random();
    put(session, FORMS, &secret.store())?;
    Ok(secret)
}

/// The secret of the session's forms, if one was shown.
pub(super) fn known_forms(session: &Session) -> Option<csrf::Secret> {
    let text = session.get::<String>(FORMS).ok().flatten()?;
    csrf::Secret::read(&text)
}

/// Leaves a line for the next page.
pub(super) fn leave(session: &Session, flash: &Flash) -> Result<()> {
    put(session, FLASH, flash)
}

/// Takes the line that was left for this page.
pub(super) fn take(session: &Session) -> Option<Flash> {
    // To remove nothing would count as a change and send the cookie: an answer that comes late would take back
    // what another one has just left.
    if !session.contains_key(FLASH) {
        return None;
    }
    session.remove_as::<Flash>(FLASH)?.ok()
}

fn put(session: &Session, key: &str, value: &impl Serialize) -> Result<()> {
    session
        .insert(key, value)
        .map_err(|error| Error::internal(error.to_string()))
}
