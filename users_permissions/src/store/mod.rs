//! All SQL of the crate. Functions take a connection first and return a `QueryResult`; rules live in
//! `services`.

pub(crate) mod accounts;
pub(crate) mod actions;
pub(crate) mod changes;
pub(crate) mod codes;
mod conn;
pub(crate) mod counts;
mod database;
pub(crate) mod departures;
pub(crate) mod endings;
pub(crate) mod identities;
pub(crate) mod mail_requests;
pub(crate) mod memberships;
mod migrate;
pub(crate) mod outbox;
mod profiles;
pub(crate) mod proofs;
pub(crate) mod reach;
pub(crate) mod roles;
mod schema;
pub(crate) mod sessions;
pub(crate) mod settings;
#[cfg(feature = "admin")]
pub(crate) mod sign_ins;
pub(crate) mod tickets;
mod time;
pub(crate) mod user_codes;
pub(crate) mod users;
pub(crate) mod users_query;
#[cfg(feature = "admin")]
pub(crate) mod walk_users;

pub use conn::DbConn;
pub(crate) use conn::{Conflict, Store, StoreError, conflict, transaction};
pub use database::Database;
pub(crate) use diesel::QueryResult;
pub(crate) use diesel::result::Error as QueryError;
pub(crate) use migrate::with_schema_lock;
pub(crate) use time::{now, shared_now};
pub(crate) use users_query::UserFields;
