//! Applications of the tests' own.

use acceptance::{Client, Kind, TestDatabase, config};
use users_permissions::{Config, UsersPermissions};

/// A plugin over a fresh SQLite database, for an application that a test puts together.
pub async fn plugin(change: impl FnOnce(&mut Config)) -> (UsersPermissions, TestDatabase) {
    plugin_over(Kind::Sqlite, change).await
}

/// The same over a database of this kind.
pub async fn plugin_over(
    kind: Kind,
    change: impl FnOnce(&mut Config),
) -> (UsersPermissions, TestDatabase) {
    let database = TestDatabase::create(kind);
    let mut config = config(&database);
    change(&mut config);
    let up = UsersPermissions::builder()
        .config(config)
        .build()
        .await
        .expect("the plugin starts");
    (up, database)
}

/// Gives the signed-in callers of the default role these actions beside their own.
pub async fn grant(admin: &Client, role: &str, actions: &[&str]) {
    let id = admin.role_id(role).await;
    let mut held = admin.grants(id).await;
    held.extend(actions.iter().map(|action| (*action).to_owned()));
    admin
        .set_grants(id, &held.iter().map(String::as_str).collect::<Vec<_>>())
        .await
        .expect(200);
}
