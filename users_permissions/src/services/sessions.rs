//! Sessions: begun by signing in, renewed by their refresh token, and ended.

use chrono::{DateTime, TimeDelta, Utc};

use super::letters::{digest, new_code};
use super::login::REFUSED;
use super::session_tokens::successor;
use super::{Login, Services};
use crate::config::{JwtManagement, Secret};
use crate::error::{Error, Result};
use crate::model::{Device, Session, SessionId, User, UserId};
use crate::store::sessions::Rotation;
use crate::store::{self, DbConn, transaction};

/// A refresh token, and whether it goes into a cookie.
#[derive(Debug)]
pub(crate) struct RefreshToken {
    pub(crate) token: Secret,
    pub(crate) in_cookie: bool,
}

/// A renewed session.
#[derive(Debug)]
pub(crate) struct Renewal {
    pub(crate) jwt: Secret,
    pub(crate) refresh: RefreshToken,
}

/// Which sessions a user ends.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Every one.
    All,
    /// Those of a device.
    Device(String),
    /// The one of this refresh token; if it is none of the user's, the present one.
    Of(Secret),
    /// The present one.
    Present,
}

const INVALID: Error = Error::Unauthorized("Invalid refresh token");
const NOT_FOUND: Error = Error::NotFound("Session not found");

/// Random bytes that make a refresh token unlike any other.
const TOKEN_BYTES: usize = 32;

impl Services {
    /// Does signing in begin a session?
    pub(crate) fn has_sessions(&self) -> bool {
        self.config.jwt_management == JwtManagement::Refresh
    }

    /// Signs a user in who has proven to be who it is; `user` as it was read for the proof, so that a
    /// change of the password in between is noticed.
    pub(crate) async fn sign_in(&self, user: User, device: Device) -> Result<Login> {
        if !self.has_sessions() {
            let jwt = Some(self.tokens.issue(user.id, user.token_version)?);
            let refresh = None;
            return Ok(Login { jwt, refresh, user });
        }
        let now = self.store.run(store::shared_now).await?;
        let mut session = self.new_session(user.id, device, now);
        let token = self
            .tokens
            .refresh(&session, new_code(TOKEN_BYTES).expose())?;
        session.token_hash = digest(token.expose());
        let jwt = self.access_token(&session)?;
        let in_cookie = session.device.in_cookie;
        let (version, most) = (user.token_version, self.config.sessions.max_per_user);
        // Whoever is remembered knows nothing of the new session yet.
        let begun = self
            .change_user(user.id, move |conn| begin(conn, &session, version, most))
            .await?;
        if !begun {
            return Err(Error::validation(REFUSED));
        }
        Ok(Login {
            jwt: Some(jwt),
            refresh: Some(RefreshToken { token, in_cookie }),
            user,
        })
    }

    fn new_session(&self, user: UserId, device: Device, now: DateTime<Utc>) -> Session {
        let ends_at = now + span(self.config.sessions.max_refresh_token_lifespan);
        Session {
            id: SessionId::random(),
            user,
            device,
            token_hash: String::new(),
            created_at: now,
            last_active_at: now,
            expires_at: self.idle_end(now).min(ends_at),
            ends_at,
        }
    }

    fn idle_end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + span(self.config.sessions.idle_refresh_token_lifespan)
    }

    fn access_token(&self, session: &Session) -> Result<Secret> {
        let life = self.config.sessions.access_token_lifespan;
        self.tokens.access(session, life.as_secs())
    }

    /// Exchanges a refresh token for a new pair. `in_cookie`: the new one goes into a cookie, as those of
    /// a session that is kept in one do anyway.
    pub(crate) async fn renew(&self, token: Secret, in_cookie: bool) -> Result<Renewal> {
        let proven = self.tokens.verify_refresh(token.expose()).ok_or(INVALID)?;
        let hash = digest(token.expose());
        let (now, session, user) = self
            .store
            .run(move |conn| -> Result<_> {
                let now = store::shared_now(conn)?;
                let session = store::sessions::find(conn, proven.session, now)?;
                if session.is_none() {
                    store::sessions::end_over(conn, proven.session, now)?;
                }
                Ok((now, session, store::users::principal(conn, proven.user)?))
            })
            .await?;
        let session = session.filter(|session| session.user == proven.user);
        let session = session.ok_or(INVALID)?;
        let confirming = self.settings.load().email_confirmation;
        if !user.is_some_and(|user| !user.blocked && (user.confirmed || !confirming)) {
            return Err(INVALID);
        }
        if session.token_hash != hash {
            // A predecessor whose time is over anyway is worth nothing to whoever has it.
            return match proven.is_over(now) {
                true => Err(INVALID),
                false => self.used_before(session, token, now).await,
            };
        }
        let in_cookie = in_cookie || session.device.in_cookie;
        let id = if self.config.sessions.reuse_answers {
            successor(token.expose())
        } else {
            new_code(TOKEN_BYTES).expose().to_owned()
        };
        let session = Session {
            last_active_at: now,
            expires_at: self.idle_end(now).min(session.ends_at),
            ..session
        };
        let new = self.tokens.refresh(&session, &id)?;
        let (new_hash, times) = (digest(new.expose()), (now, session.expires_at));
        let reuse = span(self.config.sessions.reuse_span);
        let rotated = self
            .store
            .run(move |conn| -> Result<_> {
                let (time, expires_at) = times;
                let rotation = Rotation {
                    session: proven.session,
                    old_hash: &hash,
                    new_hash: &new_hash,
                    in_cookie,
                    time,
                    expires_at,
                };
                if rotate(conn, &rotation, reuse)? {
                    return Ok(None);
                }
                Ok(Some(store::sessions::find(conn, proven.session, time)?))
            })
            .await?;
        match rotated {
            None => self.renewal(&session, new, in_cookie),
            // Another request with the same token was faster.
            Some(Some(session)) => self.used_before(session, token, now).await,
            Some(None) => Err(INVALID),
        }
    }

    fn renewal(&self, session: &Session, token: Secret, in_cookie: bool) -> Result<Renewal> {
        Ok(Renewal {
            jwt: self.access_token(session)?,
            refresh: RefreshToken { token, in_cookie },
        })
    }

    /// A token that is not the present one of its session: its client lost an answer or asked twice at
    /// once, or somebody has a copy. Nobody can tell, but for the time that has passed: that of the database,
    /// whichever instances had the two requests.
    async fn used_before(
        &self,
        session: Session,
        token: Secret,
        now: DateTime<Utc>,
    ) -> Result<Renewal> {
        let sessions = &self.config.sessions;
        let hash = digest(token.expose());
        let (user, id) = (session.user, session.id);
        let used_at = self
            .store
            .run(move |conn| store::sessions::used_at(conn, id, &hash))
            .await?;
        if !used_at.is_some_and(|time| is_near(time, now, span(sessions.reuse_span))) {
            self.end_session(user, id).await?;
            tracing::warn!(target: "users_permissions::security", user, session = %id, "a refresh token came twice; its session has ended");
            return Err(INVALID);
        }
        if sessions.reuse_answers {
            let again = self.tokens.refresh(&session, &successor(token.expose()))?;
            if digest(again.expose()) == session.token_hash {
                return self.renewal(&session, again, session.device.in_cookie);
            }
        }
        Err(INVALID)
    }

    /// The sessions of a user that have not ended, the latest active first.
    pub(crate) async fn sessions(&self, user: UserId) -> Result<Vec<Session>> {
        self.store
            .run(move |conn| store::sessions::of(conn, user))
            .await
    }

    /// Ends sessions of a user; those that have ended already are no error.
    pub(crate) async fn log_out(
        &self,
        user: UserId,
        present: Option<SessionId>,
        ending: Ending,
    ) -> Result<()> {
        let given = match &ending {
            Ending::Of(token) => self.tokens.verify_refresh(token.expose()),
            _ => None,
        };
        let own = given.filter(|given| given.user == user);
        let ended = self.end_sessions(user, move |conn| match ending {
            Ending::All => Ok(store::sessions::end_all(conn, user)?),
            Ending::Device(device) => Ok(store::sessions::end_on_device(conn, user, &device)?),
            Ending::Of(_) | Ending::Present => {
                let one = match own {
                    Some(own) if !own.is_over(store::shared_now(conn)?) => Some(own.session),
                    _ => present,
                };
                match one {
                    Some(id) => Ok(usize::from(store::sessions::end(conn, user, id)?)),
                    None => Ok(0),
                }
            }
        });
        let ended = ended.await?;
        tracing::info!(target: "users_permissions::security", user, sessions = ended, "logout");
        Ok(())
    }

    /// Ends one session of a user.
    pub(crate) async fn revoke_session(&self, user: UserId, id: SessionId) -> Result<()> {
        match self.end_session(user, id).await? {
            0 => Err(NOT_FOUND),
            _ => {
                tracing::info!(target: "users_permissions::security", user, session = %id, "session revoked");
                Ok(())
            }
        }
    }

    /// Ends one session of a user; 0 when it has ended already.
    async fn end_session(&self, user: UserId, id: SessionId) -> Result<usize> {
        self.end_sessions(user, move |conn| {
            Ok(usize::from(store::sessions::end(conn, user, id)?))
        })
        .await
    }

    /// Ends sessions of one user and answers how many there were. In the line of changes, by which other
    /// instances learn of it; not when there were none.
    async fn end_sessions(
        &self,
        user: UserId,
        end: impl FnOnce(&mut DbConn) -> Result<usize> + Send + 'static,
    ) -> Result<usize> {
        let ended = self.change_user(user, move |conn| {
            transaction(conn, |conn| -> Result<usize> {
                store::roles::line_up(conn)?;
                match end(conn)? {
                    // Undoes the step of the line.
                    0 => Err(NOT_FOUND),
                    ended => {
                        store::endings::note(conn, user)?;
                        Ok(ended)
                    }
                }
            })
        });
        match ended.await {
            Err(Error::NotFound(_)) => Ok(0),
            other => other,
        }
    }
}

/// Exchanges a token; false when another request was faster. Then forgets those that were exchanged longer ago
/// than they may come again.
fn rotate(conn: &mut DbConn, rotation: &Rotation<'_>, reuse: TimeDelta) -> Result<bool> {
    let is_first = transaction(conn, |conn| -> Result<_> {
        Ok(store::sessions::rotate(conn, rotation)?)
    })?;
    // A statement of its own: it may meet another's, and can wait for the next exchange.
    if is_first
        && let Err(error) =
            store::sessions::sweep_used(conn, rotation.session, rotation.time - reuse)
    {
        tracing::debug!(%error, "refresh tokens that were used long ago could not be forgotten");
    }
    Ok(is_first)
}

/// Are the two within this span of each other? A clock that was set back stretches nothing.
fn is_near(time: DateTime<Utc>, now: DateTime<Utc>, within: TimeDelta) -> bool {
    (now - time).abs() <= within
}

/// Writes a session, unless its user has changed; the longest idle ones make room for it. Then sweeps.
fn begin(conn: &mut DbConn, session: &Session, version: i32, most: u32) -> Result<bool> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut begun = transaction(conn, |conn| write(conn, session, version, most, false))?;
    if begun.is_none() {
        begun = transaction(conn, |conn| -> Result<_> {
            store::roles::line_up(conn)?;
            store::endings::note(conn, session.user)?;
            write(conn, session, version, most, true)
        })?;
    }
    // A statement of its own: it may meet that of another login, and can wait for the next one.
    if let Err(error) = store::sessions::sweep(conn, session.created_at) {
        tracing::debug!(%error, "sessions whose time is over could not be removed");
    }
    Ok(begun == Some(true))
}

/// `None`: sessions have to end, for which the line of changes is to be taken first, before the user.
fn write(
    conn: &mut DbConn,
    session: &Session,
    version: i32,
    most: usize,
    may_end: bool,
) -> Result<Option<bool>> {
    if !store::sessions::hold_user(conn, session.user, version)? {
        return Ok(Some(false));
    }
    // What is over and not swept yet takes nobody's place.
    let present = store::sessions::living(conn, session.user, session.created_at)?;
    let too_many = (present.len() + 1).saturating_sub(most);
    if too_many > 0 && !may_end {
        return Ok(None);
    }
    for id in present.into_iter().take(too_many) {
        store::sessions::end(conn, session.user, id)?;
    }
    store::sessions::create(conn, session.clone())?;
    Ok(Some(true))
}

fn span(life: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(life).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_two_ends() {
        let (time, within) = (store::now(), TimeDelta::seconds(10));
        let more = TimeDelta::microseconds(1);
        for (now, expected) in [
            (time, true),
            (time + within, true),
            (time + within + more, false),
            (time - within, true),
            (time - within - more, false),
        ] {
            assert_eq!(is_near(time, now, within), expected, "{now}");
        }
    }
}
