//! The clock that instances have in common, for what is kept in the cookies of browsers: one instance writes it
//! and another may judge it.

use chrono::{DateTime, Utc};

use super::Services;
use crate::error::Result;
use crate::store;

impl Services {
    /// Seconds since the epoch.
    pub(crate) async fn shared_time(&self) -> Result<u64> {
        let now: DateTime<Utc> = self.store.run(store::shared_now).await?;
        Ok(seconds(now))
    }
}

pub(super) fn seconds(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or_default()
}
