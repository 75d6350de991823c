//! Follows what other instances change (rights, callers, settings): one small query at a fixed interval.

use std::sync::Weak;
use std::time::{Duration, Instant};

use super::{Services, rights};
use crate::error::Result;
use crate::store;

/// For how long callers are remembered while nobody can tell what other instances changed. Afterwards they are asked for
/// in the database, which answers, or does not: then nobody is let in.
const BLIND: Duration = Duration::from_secs(30);

/// Starts a thread that renews rights and settings and forgets callers when another instance changed something; it
/// ends with the plugin. `services` tells where the services are while they live.
pub(crate) fn follow_other_instances<T, F>(
    owner: Weak<T>,
    interval: Duration,
    services: F,
) -> std::io::Result<()>
where
    T: Send + Sync + 'static,
    F: Fn(&T) -> &Services + Send + 'static,
{
    let follow = move || {
        let (mut seen, mut looked) = (None, Instant::now());
        loop {
            std::thread::sleep(interval);
            let Some(owner) = owner.upgrade() else { return };
            let services = services(&owner);
            match services.catch_up(seen) {
                Ok(revision) => (seen, looked) = (revision, Instant::now()),
                Err(error) => {
                    tracing::warn!(%error, "changes of other instances cannot be read; trying again");
                    if looked.elapsed() > BLIND.max(interval) {
                        services.principals.forget_all();
                    }
                }
            }
        }
    };
    std::thread::Builder::new()
        .name("up-sync".to_owned())
        .spawn(follow)
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
