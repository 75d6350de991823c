//! Follows what other instances change (rights, callers, settings): one small query at a fixed interval.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Services, rights};
use crate::error::Result;
use crate::store;

/// When the last look at what other instances changed that came to its end had begun.
struct LastLook(Mutex<Instant>);

impl LastLook {
    fn time(&self) -> MutexGuard<'_, Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a thread that renews rights and settings and forgets callers when another instance changed something, and
/// one that watches it; both end with the plugin. `services` tells where the services are in it.
pub(crate) fn follow_other_instances<T, F>(owner: &Arc<T>, services: F) -> std::io::Result<()>
where
    T: Send + Sync + 'static,
    F: Fn(&T) -> &Services + Copy + Send + 'static,
{
    let config = &services(owner).config;
    let interval = config.sync_interval;
    // Between two good looks lies the interval and the time of one.
    let blind_span = config.blind_span.max(interval.saturating_mul(2));
    let last_look = Arc::new(LastLook(Mutex::new(Instant::now())));
    let (noted, mut seen) = (Arc::clone(&last_look), None);
    every(interval, "up-sync", owner, move |owner: &T| {
        let begun = Instant::now();
        match services(owner).catch_up(seen) {
            Ok(revision) => {
                seen = revision;
                *noted.time() = begun;
            }
            Err(error) => {
                tracing::warn!(%error, "changes of other instances cannot be read; trying again");
            }
        }
    })?;
    // On a thread of its own, for a database that neither answers nor fails keeps the other one waiting. Users who
    // are not remembered are asked for in the database, which answers, or does not: then they are not let in. The
    // public and people of issuers who are no users are judged by the rights that were read last.
    let mut was_blind = false;
    every(interval, "up-watch", owner, move |owner: &T| {
        let span = last_look.time().elapsed();
        let is_blind = span > blind_span;
        if is_blind {
            // Each time anew: who is remembered meanwhile is so for no longer than in good times.
            services(owner).principals.forget_all();
        }
        if is_blind && !was_blind {
            tracing::warn!(
                seconds = span.as_secs(),
                "no user is remembered, and rights stay as they were read last, \
                 for changes of other instances were not read for long"
            );
        }
        was_blind = is_blind;
    })
}

/// Does this again and again on a thread of its own, as long as the owner lives.
fn every<T: Send + Sync + 'static>(
    interval: Duration,
    name: &str,
    owner: &Arc<T>,
    mut work: impl FnMut(&T) + Send + 'static,
) -> std::io::Result<()> {
    let owner = Arc::downgrade(owner);
    let run = move || {
        loop {
            std::thread::sleep(interval);
            let Some(owner) = owner.upgrade() else { return };
            work(&owner);
        }
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(drop)
}

impl Services {
    /// Renews what is remembered unless the revision is still `seen`; answers the present one.
    ///
    /// A database of one process has no other instances: there, only a change that could not be
    /// published is a reason to ask.
    fn catch_up(&self, seen: Option<i64>) -> Result<Option<i64>> {
        let outdated = self.rights.are_outdated() || self.settings.are_outdated();
        if self.store.is_embedded() && !outdated {
            return Ok(seen);
        }
        let mut conn = self.store.conn()?;
        // Read first: a change that comes between is found the next time.
        let revision = store::roles::revision(&mut conn)?;
        let only = match seen {
            Some(seen) if !outdated => store::endings::between(&mut conn, seen, revision)?,
            _ => None,
        };
        if let Some(users) = only {
            for user in users {
                self.principals.forget(user);
            }
        } else if seen != Some(revision) || outdated {
            self.principals.forget_all();
            self.rights
                .publish(|| rights::read(&mut conn, &self.catalog))?;
            self.settings.publish(&mut conn)?;
        }
        Ok(Some(revision))
    }
}
