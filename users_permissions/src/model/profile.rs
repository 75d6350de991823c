//! Fields of users that an application declares for itself.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// Longest text of a field, in characters.
const MAX_TEXT: usize = 255;

/// Type of a profile field.
///
/// ```
/// use users_permissions::{ProfileField, ProfileKind};
///
/// let fields = [("nickname", ProfileKind::Text), ("birthday", ProfileKind::Time)];
/// let fields = fields.map(|(name, kind)| ProfileField::new(name, kind));
/// ```
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
    ///
    /// ```
    /// use users_permissions::{ProfileField, ProfileKind};
    ///
    /// let field = ProfileField::new("loyaltyPoints", ProfileKind::Integer);
    /// assert_eq!(field, ProfileField::integer("loyaltyPoints"));
    /// ```
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
    ///
    /// ```
    /// use users_permissions::{ProfileField, ProfileKind};
    ///
    /// assert_eq!(ProfileField::text("nickname"), ProfileField::new("nickname", ProfileKind::Text));
    /// ```
    pub fn text(name: impl Into<String>) -> Self {
        Self::new(name, ProfileKind::Text)
    }

    /// A field of integers of 32 bits.
    ///
    /// ```
    /// use users_permissions::{ProfileField, ProfileKind};
    ///
    /// assert_eq!(ProfileField::integer("points"), ProfileField::new("points", ProfileKind::Integer));
    /// ```
    pub fn integer(name: impl Into<String>) -> Self {
        Self::new(name, ProfileKind::Integer)
    }

    /// A field of `true` and `false`.
    ///
    /// ```
    /// use users_permissions::{ProfileField, ProfileKind};
    ///
    /// assert_eq!(ProfileField::boolean("newsletter"), ProfileField::new("newsletter", ProfileKind::Boolean));
    /// ```
    pub fn boolean(name: impl Into<String>) -> Self {
        Self::new(name, ProfileKind::Boolean)
    }

    /// A field of times in UTC, of the years 1000 to 9999.
    ///
    /// ```
    /// use users_permissions::{ProfileField, ProfileKind};
    ///
    /// assert_eq!(ProfileField::time("birthday"), ProfileField::new("birthday", ProfileKind::Time));
    /// ```
    pub fn time(name: impl Into<String>) -> Self {
        Self::new(name, ProfileKind::Time)
    }

    /// Every new user needs a value, so it may be sent on registration, too.
    ///
    /// ```
    /// use users_permissions::ProfileField;
    ///
    /// let field = ProfileField::text("company").required();
    /// assert_eq!(field, field.clone().on_registration());
    /// ```
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self.on_registration = true;
        self
    }

    /// Written by administrators and never shown, filtered or sorted by.
    ///
    /// ```
    /// use users_permissions::ProfileField;
    ///
    /// let field = ProfileField::text("note").private();
    /// ```
    #[must_use]
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// May be sent on registration. `UP_REGISTER_ALLOWED_FIELDS` says the same from outside.
    ///
    /// ```
    /// use users_permissions::ProfileField;
    ///
    /// let field = ProfileField::text("nickname").on_registration();
    /// ```
    #[must_use]
    pub fn on_registration(mut self) -> Self {
        self.on_registration = true;
        self
    }

    /// Longest text, in characters; 255 at most.
    ///
    /// ```
    /// use users_permissions::ProfileField;
    ///
    /// let field = ProfileField::text("nickname").max_length(40);
    /// assert_eq!(ProfileField::text("bio").max_length(5_000), ProfileField::text("bio").max_length(255));
    /// ```
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
///
/// ```
/// use users_permissions::{ProfileValue, User};
///
/// fn points(user: &User) -> i32 {
///     match user.profile.get("points") {
///         Some(ProfileValue::Integer(points)) => *points,
///         _ => 0,
///     }
/// }
///
/// assert_eq!(serde_json::to_value(ProfileValue::Text("Ann".to_owned()))?, "Ann");
/// # Ok::<(), serde_json::Error>(())
/// ```
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
