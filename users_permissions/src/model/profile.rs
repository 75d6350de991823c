//! Fields of users that an application declares for itself.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// Longest text of a field, in characters.
const MAX_TEXT: usize = 255;

/// Type of a profile field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileKind {
    /// Text of at most 255 characters.
    Text,
    /// A 32-bit integer.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A time in UTC, written in ISO 8601.
    Time,
}

/// A field that an application adds to its users: validated, stored, returned and filterable.
///
/// ```
/// use users_permissions::{ProfileField, UsersPermissions};
///
/// let builder = UsersPermissions::builder()
///     .profile_field(ProfileField::text("nickname").max_length(40).on_registration())
///     .profile_field(ProfileField::integer("loyaltyPoints").private());
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileField {
    pub(crate) name: String,
    pub(crate) kind: ProfileKind,
    pub(crate) required: bool,
    pub(crate) private: bool,
    pub(crate) on_registration: bool,
    pub(crate) max_length: usize,
}

impl ProfileField {
    /// A field of a type. Names are letters and digits, the first a lower-case letter; those of a
    /// user's own fields are refused at start.
    pub fn new(name: impl Into<String>, kind: ProfileKind) -> Self {
        Self {
            name: name.into(),
            kind,
            required: false,
            private: false,
            on_registration: false,
            max_length: MAX_TEXT,
        }
    }

    /// A field of text.
    pub fn text(name: impl Into<String>) -> Self {
        Self::new(name, ProfileKind::Text)
    }

    /// A field of integers.
    pub fn integer(name: impl Into<String>) -> Self {
        Self::new(name, ProfileKind::Integer)
    }

    /// A field of `true` and `false`.
    pub fn boolean(name: impl Into<String>) -> Self {
        Self::new(name, ProfileKind::Boolean)
    }

    /// A field of times.
    pub fn time(name: impl Into<String>) -> Self {
        Self::new(name, ProfileKind::Time)
    }

    /// Every new user needs a value, so it may be sent on registration, too.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self.on_registration = true;
        self
    }

    /// Written by administrators and never shown, filtered or sorted by.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// May be sent on registration. `UP_REGISTER_ALLOWED_FIELDS` says the same from outside.
    #[must_use]
    pub fn on_registration(mut self) -> Self {
        self.on_registration = true;
        self
    }

    /// Longest text, in characters; 255 at most.
    #[must_use]
    pub fn max_length(mut self, characters: usize) -> Self {
        self.max_length = characters.min(MAX_TEXT);
        self
    }

    /// Why the name cannot be used.
    pub(crate) fn name_fault(&self) -> Option<&'static str> {
        const OWN: [&str; 20] = [
            "id",
            "documentId",
            "username",
            "email",
            "password",
            "passwordConfirmation",
            "provider",
            "resetPasswordToken",
            "confirmationToken",
            "confirmed",
            "blocked",
            "role",
            "roles",
            "createdAt",
            "updatedAt",
            "publishedAt",
            "createdBy",
            "updatedBy",
            "deviceId",
            "locale",
        ];
        let mut letters = self.name.chars();
        let plain = letters.next().is_some_and(|c| c.is_ascii_lowercase())
            && letters.all(|c| c.is_ascii_alphanumeric());
        if !plain || self.name.len() > 64 {
            Some("must be at most 64 letters and digits, the first a lower-case letter")
        } else if OWN.contains(&self.name.as_str()) {
            Some("is a field every user has")
        } else {
            None
        }
    }
}

/// A value of a profile field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileValue {
    /// Of a [`ProfileKind::Text`].
    Text(String),
    /// Of a [`ProfileKind::Integer`].
    Integer(i32),
    /// Of a [`ProfileKind::Boolean`].
    Boolean(bool),
    /// Of a [`ProfileKind::Time`].
    Time(DateTime<Utc>),
}

impl Serialize for ProfileValue {
    /// As it stands in an answer.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i32(*number),
            Self::Boolean(flag) => serializer.serialize_bool(*flag),
            Self::Time(time) => {
                serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
            }
        }
    }
}

/// Values by field; `None` takes the value away.
pub(crate) type ProfileChange = BTreeMap<String, Option<ProfileValue>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_users_own_fields_and_odd_ones_are_refused() {
        for name in ["nickname", "loyaltyPoints", "x2"] {
            assert_eq!(ProfileField::text(name).name_fault(), None, "{name}");
        }
        let long = "x".repeat(65);
        for name in [
            "",
            "password",
            "role",
            "resetPasswordToken",
            "Name",
            "2x",
            "a.b",
            "$eq",
            "a b",
            "__proto__",
            &long,
        ] {
            assert!(ProfileField::text(name).name_fault().is_some(), "{name}");
        }
    }
}
