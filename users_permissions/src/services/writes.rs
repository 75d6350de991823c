//! Writes with what follows them in the memory of this process. Both are done on one thread: a request whose client
//! goes away is dropped, its transaction is not, and what that changed must be forgotten all the same.

use std::sync::Arc;

use super::{Services, rights};
use crate::error::Result;
use crate::model::UserId;
use crate::store::DbConn;

impl Services {
    /// Changes a user, who is forgotten whatever came of it.
    pub(super) async fn change_user<T: Send + 'static>(
        &self,
        user: UserId,
        write: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let principals = Arc::clone(&self.principals);
        let work = move |conn: &mut DbConn| -> Result<T> {
            let written = write(conn);
            principals.forget(user);
            written
        };
        self.store.run(work).await
    }

    /// Changes rights and publishes them.
    pub(super) async fn change_rights<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (rights, catalog) = (Arc::clone(&self.rights), Arc::clone(&self.catalog));
        let work = move |conn: &mut DbConn| -> Result<T> {
            let written = write(conn)?;
            // Until it succeeds, whoever follows other instances tries again.
            rights.outdate();
            rights.publish(|| rights::read(conn, &catalog))?;
            Ok(written)
        };
        self.store.run(work).await
    }

    /// Changes settings and publishes them.
    pub(super) async fn change_settings<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let settings = Arc::clone(&self.settings);
        let work = move |conn: &mut DbConn| -> Result<T> {
            let written = write(conn)?;
            settings.outdate();
            settings.publish(conn)?;
            Ok(written)
        };
        self.store.run(work).await
    }
}
