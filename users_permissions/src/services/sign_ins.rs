//! Sign-ins to the pages of administrators, and their end. Only those pages ask, so the API pays nothing.

use chrono::TimeDelta;

use super::Services;
use super::shared_time::seconds;
use crate::error::Result;
use crate::store;

/// Nobody stays signed in for longer.
const MOST: TimeDelta = TimeDelta::days(3_650);
/// Clocks of instances differ by less.
const SLACK: TimeDelta = TimeDelta::minutes(5);

impl Services {
    /// Was the sign-in ended, by whichever instance? With the time by the clock they have in common, in seconds
    /// since the epoch.
    pub(crate) async fn has_ended(&self, sign_in: String) -> Result<(bool, u64)> {
        self.store
            .run(move |conn| -> store::QueryResult<_> {
                let ended = store::sign_ins::has_ended(conn, &sign_in)?;
                Ok((ended, seconds(store::shared_now(conn)?)))
            })
            .await
    }

    /// Ends a sign-in, wherever there is a copy of its cookie.
    pub(crate) async fn end_sign_in(&self, sign_in: String) -> Result<()> {
        // It may have begun just now; longer than this it does not last.
        let life = TimeDelta::from_std(self.config.admin_session.absolute);
        let life = life.map_or(MOST, |life| life.min(MOST)) + SLACK;
        self.store
            .run(move |conn| store::sign_ins::end(conn, &sign_in, life))
            .await
    }
}
