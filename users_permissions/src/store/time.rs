//! Time as all three databases keep it: UTC, microseconds.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

/// The present, cut to what every database stores, so that a read equals the write.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

pub(super) fn to_db(time: DateTime<Utc>) -> NaiveDateTime {
    time.naive_utc()
}

pub(super) fn from_db(time: NaiveDateTime) -> DateTime<Utc> {
    time.and_utc()
}
