//! Who a user is elsewhere.

use chrono::{DateTime, Utc};

use super::UserId;

/// A person at a provider of social login or at a trusted issuer. Provider, issuer and subject
/// together name them, their address does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewIdentity {
    pub(crate) provider: String,
    /// Empty for providers that have none.
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// What the provider called their address, for display.
    pub(crate) email: Option<String>,
}

/// A [`NewIdentity`] that belongs to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: i32,
    pub(crate) user: UserId,
    pub(crate) person: NewIdentity,
    pub(crate) created_at: DateTime<Utc>,
}
