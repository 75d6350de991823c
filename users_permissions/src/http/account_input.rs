//! Bodies and queries of the password and confirmation routes, with Strapi's messages.

use serde_json::Value;

use super::body::{Content, Fields};
use super::input::{Checker, object};
use crate::config::Secret;
use crate::error::{Error, FieldError, Result, Validation};
use crate::model::Email;
use crate::services::PasswordUpdate;

/// The body of a closed schema: an unknown key is an error of the whole.
fn closed(content: Content, allowed: &[&str]) -> Result<Fields> {
    let fields = object(content)?;
    let unknown: Vec<&str> = fields
        .keys()
        .map(String::as_str)
        .filter(|key| !allowed.contains(key))
        .collect();
    if unknown.is_empty() {
        return Ok(fields);
    }
    let error = FieldError {
        path: Vec::new(),
        message: format!("this field has unspecified keys: {}", unknown.join(", ")),
    };
    Err(Error::Validation(Validation {
        message: None,
        errors: vec![error],
    }))
}

/// A password, its repetition, and the field that entitles to set it; in the order of Strapi's errors.
fn new_password(fields: &Fields, entitlement: &str) -> Result<(Secret, Secret)> {
    let mut checker = Checker::default();
    checker.text(fields, "passwordConfirmation");
    let repeated = fields.get("passwordConfirmation");
    let is_there = repeated.is_some_and(|value| value.as_str() != Some(""));
    if is_there && repeated != fields.get("password") {
        checker.fail(&["passwordConfirmation"], "Passwords do not match");
    }
    let password = checker.text(fields, "password");
    if password.len() > 72 {
        checker.fail(&["password"], "Password must be less than 73 bytes");
    }
    let entitled = checker.text(fields, entitlement);
    checker.finish()?;
    Ok((Secret::from(entitled), Secret::from(password)))
}

pub(super) fn change_password(content: Content) -> Result<PasswordUpdate> {
    let names = ["currentPassword", "password", "passwordConfirmation"];
    let (current, new) = new_password(&closed(content, &names)?, "currentPassword")?;
    Ok(PasswordUpdate { current, new })
}

/// The code and the new password.
pub(super) fn reset_password(content: Content) -> Result<(Secret, Secret)> {
    let names = ["code", "password", "passwordConfirmation"];
    new_password(&closed(content, &names)?, "code")
}

pub(super) fn forgot_password(content: Content) -> Result<Email> {
    let fields = closed(content, &["email"])?;
    let mut checker = Checker::default();
    let email = checker.email(&fields);
    checker.finish()?;
    email.ok_or_else(|| Error::internal("an address without an error"))
}

/// The address as sent, and as it is compared; other keys are ignored, as Strapi does.
pub(super) fn send_confirmation(content: Content) -> Result<(String, Email)> {
    let fields = object(content)?;
    let mut checker = Checker::default();
    let email = checker.email(&fields);
    checker.finish()?;
    let sent = fields.get("email").and_then(Value::as_str);
    let email = email.ok_or_else(|| Error::internal("an address without an error"))?;
    Ok((sent.unwrap_or_default().to_owned(), email))
}

/// The code of a confirmation link: exactly one plain parameter.
pub(super) fn confirmation(query: &str) -> Result<Secret> {
    let mut values = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == "confirmation" || key.starts_with("confirmation["));
    let message = match (values.next(), values.next()) {
        (Some((key, code)), None) if key == "confirmation" && !code.is_empty() => {
            return Ok(Secret::from(code.into_owned()));
        }
        (Some((key, _)), None) if key == "confirmation" => "confirmation is a required field",
        (None, _) => "confirmation is a required field",
        _ => "confirmation must be a `string` type",
    };
    Err(Error::field("confirmation", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_is_one_text() {
        assert_eq!(
            confirmation("a=b&confirmation=c0de").unwrap().expose(),
            "c0de"
        );
        for (query, message) in [
            ("", "confirmation is a required field"),
            ("confirmation=", "confirmation is a required field"),
            (
                "confirmation[$ne]=x",
                "confirmation must be a `string` type",
            ),
            (
                "confirmation%5B%24ne%5D=x",
                "confirmation must be a `string` type",
            ),
            ("confirmation[]=x", "confirmation must be a `string` type"),
            (
                "confirmation=a&confirmation=b",
                "confirmation must be a `string` type",
            ),
            (
                "confirmation=a&confirmation[0]=b",
                "confirmation must be a `string` type",
            ),
        ] {
            assert_eq!(
                confirmation(query).unwrap_err().to_string(),
                message,
                "{query}"
            );
        }
    }
}
