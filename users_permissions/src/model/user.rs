//! Users as the rest of the crate knows them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Email, ProfileChange, ProfileValue, RoleId, UserId, UserRoles, Username};

/// A user without anything secret.
///
/// ```
/// use users_permissions::{User, UsersPermissions};
///
/// let builder = UsersPermissions::builder().after_registration(|user: User| {
///     println!("{} <{}> came by {}", user.username, user.email, user.provider);
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// Row id, never reused.
    pub id: UserId,
    /// 24 characters `[a-z0-9]`, the id Strapi's clients know documents by.
    pub document_id: String,
    /// User name, case kept.
    pub username: String,
    /// Canonical e-mail address.
    pub email: String,
    /// `local`, or the name of the provider that created the user.
    pub provider: String,
    /// The address is proven.
    pub confirmed: bool,
    /// May not sign in; tokens are refused.
    pub blocked: bool,
    /// Roles of the user.
    pub roles: UserRoles,
    /// Values of the fields the application has declared, private ones included.
    pub profile: BTreeMap<String, ProfileValue>,
    /// Tokens of a lower version are refused.
    pub token_version: i32,
    /// Creation time.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

/// What a new user row is made of.
#[derive(Debug, Clone)]
pub(crate) struct NewUser {
    pub username: Username,
    pub email: Email,
    /// What has to be unique about the address; `None` while `unique_email` is off.
    pub email_key: Option<String>,
    pub password_hash: Option<String>,
    pub confirmed: bool,
    pub blocked: bool,
    pub roles: UserRoles,
    pub profile: ProfileChange,
}

/// A change of a user; `None` keeps what is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct UserPatch {
    pub username: Option<Username>,
    pub email: Option<Email>,
    /// The new address's, while `unique_email` is on.
    pub email_key: Option<String>,
    pub password_hash: Option<String>,
    pub confirmed: Option<bool>,
    pub blocked: Option<bool>,
    pub roles: Option<UserRoles>,
    pub profile: ProfileChange,
    /// Ends every token issued so far.
    pub end_tokens: bool,
}

/// A role as a body names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RoleRef {
    Id(RoleId),
    Document(String),
}
