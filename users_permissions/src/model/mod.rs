//! Plain data: users, roles, settings, names. No database, no HTTP.

mod change;
mod code;
mod identity;
mod mail;
mod names;
mod person;
mod principal;
mod profile;
mod provider_settings;
mod role;
mod session;
mod settings;
mod user;
mod user_roles;

pub(crate) use change::{Change, ChangeFilter, ChangeKind, Difference};
pub(crate) use code::CodePurpose;
pub(crate) use identity::{Identity, NewIdentity};
pub(crate) use mail::{MailKind, MailSender, MailTemplate, NewMail, OutboxMail};
pub use names::new_document_id;
#[cfg(feature = "admin")]
pub(crate) use names::reads_as;
pub(crate) use names::snake_case;
pub use names::{Email, NameError, Username};
pub(crate) use person::{Person, claim_at, claim_roles, claim_texts};
pub(crate) use principal::Principal;
pub(crate) use profile::ProfileChange;
pub use profile::{ProfileField, ProfileKind, ProfileValue};
pub use provider_settings::ProviderSettings;
pub(crate) use provider_settings::{StoredProvider, is_provider_name};
pub use role::Role;
pub(crate) use role::{ADMINISTRATOR, AUTHENTICATED, PUBLIC, SEEDED_ROLES};
pub(crate) use session::{Device, Session, SessionId};
pub use settings::AdvancedSettings;
pub(crate) use settings::is_page_url;
pub use user::User;
pub(crate) use user::{NewUser, RoleRef, UserPatch};
pub(crate) use user_roles::RolesChange;
pub use user_roles::UserRoles;

/// Id of a user row; never reused.
///
/// ```
/// use users_permissions::{AuthUser, UserId};
///
/// struct Note {
///     author: UserId,
/// }
///
/// fn is_author(user: &AuthUser, note: &Note) -> bool {
///     note.author == user.id()
/// }
/// ```
pub type UserId = i32;
/// Id of a role row; never reused.
///
/// ```
/// use users_permissions::{RoleId, User};
///
/// fn has(user: &User, role: RoleId) -> bool {
///     user.roles.iter().any(|id| id == role)
/// }
/// ```
pub type RoleId = i32;
