//! Who calls.

use super::{SessionId, UserId, UserRoles};

/// A user as permission checks see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) id: UserId,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) roles: UserRoles,
    pub(crate) blocked: bool,
    pub(crate) confirmed: bool,
    pub(crate) token_version: i32,
    /// Those that have not ended; none where tokens are long-lived.
    pub(crate) sessions: Vec<SessionId>,
}
