//! From fields to typed inputs, with Strapi's messages. Values never appear in a message.

use serde_json::Value;

use super::body::{Content, Fields};
use super::device::device_id;
use super::profile;
use super::relation::roles;
use crate::config::{Config, Secret};
use crate::error::{Error, FieldError, Result, Validation};
use crate::model::{Email, ProfileField};
use crate::services::{NewAccount, Registration, UserChange};

/// Collects the broken rules of a body, in the order they are met.
#[derive(Debug, Default)]
pub(super) struct Checker {
    errors: Vec<FieldError>,
}

impl Checker {
    pub(super) fn fail(&mut self, path: &[&str], message: impl Into<String>) {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        self.errors.push(FieldError {
            path,
            message: message.into(),
        });
    }

    /// A required, non-empty text.
    pub(super) fn text(&mut self, fields: &Fields, name: &str) -> String {
        match fields.get(name) {
            None => self.fail(&[name], format!("{name} is a required field")),
            Some(Value::String(text)) if text.is_empty() => {
                self.fail(&[name], format!("{name} is a required field"))
            }
            Some(Value::String(text)) => return text.clone(),
            Some(_) => self.fail(&[name], format!("{name} must be a `string` type")),
        }
        String::new()
    }

    /// A required e-mail address; `None` only when an error was noted.
    pub(super) fn email(&mut self, fields: &Fields) -> Option<Email> {
        let errors = self.errors.len();
        let text = self.text(fields, "email");
        if self.errors.len() > errors {
            return None;
        }
        self.parse_email(&text)
    }

    fn parse_email(&mut self, text: &str) -> Option<Email> {
        Email::parse(text)
            .map_err(|_| self.fail(&["email"], "email must be a valid email"))
            .ok()
    }

    /// An optional boolean.
    pub(super) fn flag(&mut self, fields: &Fields, name: &str) -> Option<bool> {
        match fields.get(name) {
            None => None,
            Some(Value::Bool(flag)) => Some(*flag),
            Some(_) => {
                self.fail(&[name], format!("{name} must be a `boolean` type"));
                None
            }
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Error::Validation(Validation {
                message: None,
                errors: self.errors,
            }))
        }
    }
}

/// The body as an object.
pub(super) fn object(content: Content) -> Result<Fields> {
    match content {
        Content::Fields(fields) => Ok(fields),
        Content::Array(_) | Content::Scalar => {
            let mut checker = Checker::default();
            checker.fail(&[], "this must be a `object` type");
            checker.finish().map(|()| Fields::new())
        }
    }
}

/// Refuses every key but `allowed`, naming the others in the order of the body.
pub(super) fn only(content: Content, allowed: &[&str]) -> Result<Fields> {
    let unknown: Vec<String> = match &content {
        Content::Fields(fields) => fields
            .keys()
            .filter(|key| !allowed.contains(&key.as_str()))
            .cloned()
            .collect(),
        Content::Array(length) => (0..*length).map(|index| index.to_string()).collect(),
        Content::Scalar => Vec::new(),
    };
    if unknown.is_empty() {
        object(content)
    } else {
        Err(Error::validation(format!(
            "Invalid parameters: {}",
            unknown.join(", ")
        )))
    }
}

/// Identifier, password, and the id of the device.
pub(super) fn login(content: Content) -> Result<(String, Secret, Option<String>)> {
    let fields = object(content)?;
    let mut checker = Checker::default();
    let identifier = checker.text(&fields, "identifier");
    let password = checker.text(&fields, "password");
    checker.finish()?;
    Ok((identifier, Secret::from(password), device_id(&fields)?))
}

pub(super) fn registration(content: Content, config: &Config) -> Result<Registration> {
    let declared = config.profile_fields.iter();
    let declared: Vec<_> = declared
        .filter(|field| config.allows_on_registration(field))
        .collect();
    let mut allowed = vec!["username", "email", "password"];
    allowed.extend(declared.iter().map(|field| field.name.as_str()));
    let fields = only(content, &allowed)?;
    let mut checker = Checker::default();
    let email = checker.email(&fields);
    let username = checker.text(&fields, "username");
    let password = checker.text(&fields, "password");
    if password.len() > 72 {
        checker.fail(&["password"], "Password must be less than 73 bytes");
    }
    let profile = profile::values(&mut checker, &fields, declared, true);
    checker.finish()?;
    let email = email.ok_or_else(|| Error::internal("an address without an error"))?;
    Ok(Registration {
        username,
        email,
        password: Secret::from(password),
        profile,
    })
}

const USER_FIELDS: [&str; 7] = [
    "username",
    "email",
    "password",
    "role",
    "roles",
    "confirmed",
    "blocked",
];

/// The fields of a user, and those the application has declared.
fn user_fields(content: Content, declared: &[ProfileField]) -> Result<Fields> {
    let declared = declared.iter().map(|field| field.name.as_str());
    let allowed: Vec<_> = USER_FIELDS.into_iter().chain(declared).collect();
    only(content, &allowed)
}

pub(super) fn new_account(content: Content, declared: &[ProfileField]) -> Result<NewAccount> {
    let fields = user_fields(content, declared)?;
    let mut checker = Checker::default();
    let email = checker.email(&fields);
    let username = at_least_one(&mut checker, &fields, "username");
    let password = at_least_one(&mut checker, &fields, "password");
    let roles = roles(&mut checker, &fields);
    let confirmed = checker.flag(&fields, "confirmed");
    let blocked = checker.flag(&fields, "blocked");
    let profile = profile::values(&mut checker, &fields, declared, true);
    checker.finish()?;
    let email = email.ok_or_else(|| Error::internal("an address without an error"))?;
    Ok(NewAccount {
        username,
        email,
        password: Secret::from(password),
        roles,
        confirmed: confirmed.unwrap_or(false),
        blocked: blocked.unwrap_or(false),
        profile,
    })
}

/// As Strapi's administrator schema: an empty text breaks two rules.
fn at_least_one(checker: &mut Checker, fields: &Fields, name: &str) -> String {
    if fields.get(name).and_then(Value::as_str) == Some("") {
        checker.fail(&[name], format!("{name} must be at least 1 characters"));
    }
    checker.text(fields, name)
}

pub(super) fn user_change(content: Content, declared: &[ProfileField]) -> Result<UserChange> {
    let fields = user_fields(content, declared)?;
    let mut checker = Checker::default();
    let mut change = UserChange::default();
    if fields.contains_key("email") {
        change.email = checker.email(&fields);
    }
    if fields.contains_key("username") {
        change.username = Some(at_least_one(&mut checker, &fields, "username"));
    }
    match fields.get("password") {
        None => {}
        Some(Value::String(text)) if !text.is_empty() => {
            change.password = Some(Secret::from(text.as_str()))
        }
        Some(Value::String(_) | Value::Null) => return Err(Error::validation("password.notNull")),
        Some(_) => checker.fail(&["password"], "Password must be at least 1 character"),
    }
    change.roles = roles(&mut checker, &fields);
    change.confirmed = checker.flag(&fields, "confirmed");
    change.blocked = checker.flag(&fields, "blocked");
    change.profile = profile::values(&mut checker, &fields, declared, false);
    checker.finish()?;
    Ok(change)
}

/// A row id of a path: canonical decimal (`02` is no id).
pub(super) fn id(text: &str) -> Option<i32> {
    text.parse::<i32>()
        .ok()
        .filter(|id| *id > 0 && id.to_string() == text)
}
