//! What the log of changes remembers.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::UserId;

/// What was changed, and how. The names are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    RoleCreated,
    RoleChanged,
    RoleDeleted,
    ActionRemoved,
    UserCreated,
    UserChanged,
    UserDeleted,
    SessionsEnded,
    PasswordLinkSent,
    ConfirmationSent,
    SettingsChanged,
    TemplateChanged,
    ProviderChanged,
    IdentityUnlinked,
}

impl ChangeKind {
    pub(crate) const ALL: [Self; 14] = [
        Self::RoleCreated,
        Self::RoleChanged,
        Self::RoleDeleted,
        Self::ActionRemoved,
        Self::UserCreated,
        Self::UserChanged,
        Self::UserDeleted,
        Self::SessionsEnded,
        Self::PasswordLinkSent,
        Self::ConfirmationSent,
        Self::SettingsChanged,
        Self::TemplateChanged,
        Self::ProviderChanged,
        Self::IdentityUnlinked,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RoleCreated => "role.created",
            Self::RoleChanged => "role.changed",
            Self::RoleDeleted => "role.deleted",
            Self::ActionRemoved => "action.removed",
            Self::UserCreated => "user.created",
            Self::UserChanged => "user.changed",
            Self::UserDeleted => "user.deleted",
            Self::SessionsEnded => "user.sessions-ended",
            Self::PasswordLinkSent => "user.password-link-sent",
            Self::ConfirmationSent => "user.confirmation-sent",
            Self::SettingsChanged => "settings.changed",
            Self::TemplateChanged => "template.changed",
            Self::ProviderChanged => "provider.changed",
            Self::IdentityUnlinked => "user.identity-unlinked",
        }
    }

    /// Is it a change of a user?
    pub(crate) fn is_of_user(self) -> bool {
        match self {
            Self::UserCreated
            | Self::UserChanged
            | Self::UserDeleted
            | Self::SessionsEnded
            | Self::PasswordLinkSent
            | Self::ConfirmationSent
            | Self::IdentityUnlinked => true,
            Self::RoleCreated
            | Self::RoleChanged
            | Self::RoleDeleted
            | Self::ActionRemoved
            | Self::SettingsChanged
            | Self::TemplateChanged
            | Self::ProviderChanged => false,
        }
    }

    /// The kind of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One value before and after; `None`: there was, or is, none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Difference {
    pub(crate) field: String,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

impl Difference {
    /// What differs, if it does.
    pub(crate) fn between(field: &str, old: Option<String>, new: Option<String>) -> Option<Self> {
        (old != new).then(|| Self {
            field: field.to_owned(),
            old,
            new,
        })
    }
}

/// An entry of the log.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) id: i32,
    pub(crate) actor_id: Option<UserId>,
    /// Name of who did it, as it was.
    pub(crate) actor: String,
    /// Address it came from.
    pub(crate) origin: String,
    pub(crate) kind: String,
    pub(crate) target_id: Option<i32>,
    /// Name of what was changed, as it was.
    pub(crate) target: String,
    pub(crate) differences: Vec<Difference>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Which entries of the log are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChangeFilter {
    pub(crate) kind: Option<ChangeKind>,
    /// Name of who did it, exactly.
    pub(crate) actor: Option<String>,
    /// Part of the name of what was changed, or of what differs.
    pub(crate) text: Option<String>,
    /// Changes of this user, whatever it was called.
    pub(crate) user: Option<UserId>,
    /// The first and the last day, in UTC.
    pub(crate) from: Option<NaiveDate>,
    pub(crate) to: Option<NaiveDate>,
    /// Entries before this one.
    pub(crate) before: Option<i32>,
}
