//! The pool, for tables of the application's own.

use super::conn::{DbConn, Store, StoreError};
use super::migrate::with_schema_lock;
use crate::error::Error;

/// The plugin's connections, lent to the application.
///
/// ```no_run
/// use diesel::prelude::*;
/// use users_permissions::{Error, UsersPermissions};
///
/// diesel::table! {
///     notes (id) { id -> Integer, text -> Text }
/// }
///
/// async fn texts(up: &UsersPermissions) -> Result<Vec<String>, Error> {
///     up.database().run(|conn| notes::table.select(notes::text).load::<String>(conn)).await
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Database {
    store: Store,
}

impl Database {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Runs `work` with a connection, on a thread that may block.
    ///
    /// # Errors
    /// What `work` answers; [`Error::Unavailable`] when there is no connection.
    ///
    /// ```
    /// use diesel::prelude::*;
    /// use users_permissions::{Database, Error};
    ///
    /// diesel::table! {
    ///     notes (id) { id -> Integer, text -> Text }
    /// }
    ///
    /// async fn forget(database: &Database, note: i32) -> Result<bool, Error> {
    ///     let deleted = database.run(move |conn| diesel::delete(notes::table.find(note)).execute(conn)).await?;
    ///     Ok(deleted > 0)
    /// }
    /// ```
    pub async fn run<T, E>(
        &self,
        work: impl FnOnce(&mut DbConn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        E: Into<Error> + Send + 'static,
    {
        self.store.run(work).await
    }

    /// As [`run`](Self::run), while no other instance does the same: for making tables at start.
    ///
    /// # Errors
    /// What `work` answers; [`Error::Unavailable`] when there is no connection.
    ///
    /// ```
    /// use diesel::connection::SimpleConnection as _;
    /// use users_permissions::{Error, UsersPermissions};
    ///
    /// async fn make_tables(up: &UsersPermissions) -> Result<(), Error> {
    ///     let create = "CREATE TABLE IF NOT EXISTS notes (id VARCHAR(24) PRIMARY KEY, text VARCHAR(255))";
    ///     up.database().set_up(move |conn| conn.batch_execute(create)).await
    /// }
    /// ```
    pub async fn set_up<E>(
        &self,
        work: impl FnOnce(&mut DbConn) -> Result<(), E> + Send + 'static,
    ) -> Result<(), Error>
    where
        E: Into<Error> + Send + 'static,
    {
        let store = self.store.clone();
        let task = tokio::task::spawn_blocking(move || {
            with_schema_lock(&store, |conn| Ok::<_, StoreError>(work(conn)))?.map_err(Into::into)
        });
        task.await.map_err(Error::internal)?
    }
}
