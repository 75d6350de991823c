//! Time as all three databases keep it: UTC, microseconds.

use chrono::{DateTime, NaiveDateTime, Utc};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel::prelude::*;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel::sql_types::Timestamp;

use super::conn::DbConn;
/// The present, cut to what every database stores, so that a read equals the write.
pub(crate) use crate::clock::now;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::clock::of_database;

/// The present by the clock of the database: the one that all instances have in common, for what one of them
/// writes and another judges within seconds. An embedded database has the clock of its process.
pub(crate) fn shared_now(conn: &mut DbConn) -> diesel::QueryResult<DateTime<Utc>> {
    match conn {
        #[cfg(feature = "sqlite")]
        DbConn::Sqlite(_) => Ok(now()),
        #[cfg(feature = "postgres")]
        DbConn::Postgres(conn) => {
            let time = diesel::dsl::sql::<Timestamp>("clock_timestamp() AT TIME ZONE 'UTC'");
            let told = diesel::select(time).get_result(conn).map(from_db);
            told.map(of_database)
        }
        #[cfg(feature = "mysql")]
        DbConn::Mysql(conn) => {
            let time = diesel::dsl::sql::<Timestamp>("UTC_TIMESTAMP(6)");
            let told = diesel::select(time).get_result(conn).map(from_db);
            told.map(of_database)
        }
    }
}

pub(super) fn to_db(time: DateTime<Utc>) -> NaiveDateTime {
    time.naive_utc()
}

pub(super) fn from_db(time: NaiveDateTime) -> DateTime<Utc> {
    time.and_utc()
}
