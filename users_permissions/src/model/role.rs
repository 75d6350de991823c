//! Roles and the three that always exist.

use chrono::{DateTime, Utc};

use super::RoleId;

/// Type of the role of callers without a token.
pub(crate) const PUBLIC: &str = "public";
/// Type of the role new users get by default.
pub(crate) const AUTHENTICATED: &str = "authenticated";
/// Type of the role that holds every action.
pub(crate) const ADMINISTRATOR: &str = "administrator";

/// Type, name and description of the roles that exist from the first start.
pub(crate) const SEEDED_ROLES: [(&str, &str, &str); 3] = [
    (
        AUTHENTICATED,
        "Authenticated",
        "Default role given to authenticated user.",
    ),
    (
        PUBLIC,
        "Public",
        "Default role given to unauthenticated user.",
    ),
    (
        ADMINISTRATOR,
        "Administrator",
        "Holds every action, also those that appear later.",
    ),
];

/// A role.
///
/// ```
/// use users_permissions::AuthUser;
///
/// fn roles(user: &AuthUser) -> Vec<String> {
///     let describe = |role: &users_permissions::Role| {
///         format!("{} ({}): {}", role.name, role.role_type, role.description.as_deref().unwrap_or("-"))
///     };
///     user.roles().into_iter().map(describe).collect()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role {
    /// Row id, never reused.
    pub id: RoleId,
    /// 24 characters `[a-z0-9]`.
    pub document_id: String,
    /// Name shown to people.
    pub name: String,
    /// Description shown to people.
    pub description: Option<String>,
    /// Unique key of the role, immutable: `public`, `authenticated`, …
    pub role_type: String,
    /// Creation time.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

#[cfg(test)]
impl Role {
    /// A role for unit tests.
    pub(crate) fn sample(id: RoleId, role_type: &str, name: &str) -> Self {
        Self {
            id,
            document_id: String::new(),
            name: name.to_owned(),
            description: None,
            role_type: role_type.to_owned(),
            created_at: Default::default(),
            updated_at: Default::default(),
        }
    }
}
