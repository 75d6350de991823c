//! Who somebody is at a provider.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a provider says of a person.
///
/// ```
/// use users_permissions::oauth::Profile;
///
/// let profile = Profile::new("4711").username("ann").proven_email("ann@example.com");
/// assert_eq!(profile.subject(), "4711");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    subject: String,
    issuer: String,
    username: Option<String>,
    email: Option<String>,
    proof: EmailProof,
}

/// What is known of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum EmailProof {
    /// Anybody may have written it.
    None,
    /// The provider gives no word on it, nor does its documentation: as if it was typed in.
    Stated,
    /// The provider says that it is the person's, or its documentation that it tells no others.
    Proven,
}

impl Profile {
    /// A person by what never changes about them at the provider.
    ///
    /// ```
    /// # use users_permissions::oauth::Profile;
    /// let profile = Profile::new("4711");
    /// assert_eq!((profile.name(), profile.email_address()), (None, None));
    /// ```
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            issuer: String::new(),
            username: None,
            email: None,
            proof: EmailProof::None,
        }
    }

    /// The name to be called by, if it is free; an empty one is none.
    ///
    /// ```
    /// # use users_permissions::oauth::Profile;
    /// assert_eq!(Profile::new("4711").username("ann").name(), Some("ann"));
    /// assert_eq!(Profile::new("4711").username("").name(), None);
    /// ```
    pub fn username(self, name: impl Into<String>) -> Self {
        let username = Some(name.into()).filter(|name: &String| !name.is_empty());
        Self { username, ..self }
    }

    /// An address the provider says is the person's.
    ///
    /// ```
    /// # use users_permissions::oauth::Profile;
    /// let profile = Profile::new("4711").proven_email("ann@example.com");
    /// assert_eq!(profile.email_address(), Some("ann@example.com"));
    /// ```
    pub fn proven_email(self, email: impl Into<String>) -> Self {
        self.email(email, EmailProof::Proven)
    }

    /// An address without a word on whether it is the person's: nobody is let in by it.
    ///
    /// ```
    /// # use users_permissions::oauth::Profile;
    /// let (email, is_verified) = ("ann@example.com", false);
    /// let profile = match is_verified {
    ///     true => Profile::new("4711").proven_email(email),
    ///     false => Profile::new("4711").unproven_email(email),
    /// };
    /// assert_eq!(profile.email_address(), Some(email));
    /// ```
    pub fn unproven_email(self, email: impl Into<String>) -> Self {
        self.email(email, EmailProof::None)
    }

    /// An address of which nobody says that it is the person's, and nobody that it is not.
    pub(crate) fn stated_email(self, email: impl Into<String>) -> Self {
        self.email(email, EmailProof::Stated)
    }

    fn email(self, email: impl Into<String>, proof: EmailProof) -> Self {
        let email = Some(email.into()).filter(|email: &String| !email.is_empty());
        Self {
            email,
            proof,
            ..self
        }
    }

    /// Whose subjects these are, where a provider has several.
    ///
    /// ```
    /// # use users_permissions::oauth::Profile;
    /// // Each tenant counts its people from 1.
    /// let profile = Profile::new("1").issuer("https://id.example/tenants/shop");
    /// assert_ne!(profile, Profile::new("1").issuer("https://id.example/tenants/bank"));
    /// ```
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        Self { issuer, ..self }
    }

    /// What never changes about the person at the provider.
    ///
    /// ```
    /// # use users_permissions::oauth::Profile;
    /// assert_eq!(Profile::new("4711").subject(), "4711");
    /// ```
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The address, proven or not.
    ///
    /// ```
    /// # use users_permissions::oauth::Profile;
    /// assert_eq!(Profile::new("4711").email_address(), None);
    /// ```
    pub fn email_address(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The name they go by at the provider.
    ///
    /// ```
    /// # use users_permissions::oauth::Profile;
    /// assert_eq!(Profile::new("4711").username("ann").name(), Some("ann"));
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.username.as_deref()
    }

    pub(crate) fn of_issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn proof(&self) -> EmailProof {
        self.proof
    }

    /// The standard claims of OpenID Connect.
    pub(crate) fn from_claims(claims: &Value) -> Result<Self, ProviderError> {
        let subject = text(claims, "/sub").ok_or("the profile has no subject")?;
        let names = ["/preferred_username", "/nickname", "/name"];
        let name = names.iter().find_map(|name| text(claims, name));
        let mut profile = Self::new(subject).username(name.unwrap_or_default());
        if let Some(email) = text(claims, "/email") {
            profile = match claims.pointer("/email_verified") {
                Some(Value::Bool(true)) => profile.proven_email(email),
                _ => profile.unproven_email(email),
            };
        }
        Ok(profile)
    }

    /// Is this a person at all? Columns are as wide, and some databases take two texts for one that differ by
    /// spaces at their ends.
    pub(crate) fn check(self) -> Result<Self, ProviderError> {
        let fits = |text: &str| {
            text.len() <= 255 && text.trim() == text && !text.chars().any(char::is_control)
        };
        if self.subject.is_empty() || !fits(&self.subject) || !fits(&self.issuer) {
            return Err("the subject is empty, too long, or has space at its ends".into());
        }
        Ok(self)
    }
}

/// A text of an answer; numbers are ids.
pub(crate) fn text(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Why a provider's answer is of no use. For the log; the client is told that there was an error.
///
/// ```
/// use users_permissions::oauth::ProviderError;
///
/// assert_eq!(ProviderError::from("no name").to_string(), "no name");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderError(String);

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ProviderError {}

impl From<String> for ProviderError {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

impl From<&str> for ProviderError {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl From<crate::outbound::OutboundError> for ProviderError {
    fn from(error: crate::outbound::OutboundError) -> Self {
        Self(error.to_string())
    }
}
