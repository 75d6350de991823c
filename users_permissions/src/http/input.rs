//! From fields to typed inputs, with Strapi's messages. Values never appear in a message.

use serde_json::Value;

use super::body::{Content, Fields};
use crate::config::Secret;
use crate::error::{Error, FieldError, Result, Validation};
use crate::model::{Email, RoleRef};
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

pub(super) fn login(content: Content) -> Result<(String, Secret)> {
    let fields = object(content)?;
    let mut checker = Checker::default();
    let identifier = checker.text(&fields, "identifier");
    let password = checker.text(&fields, "password");
    checker.finish()?;
    Ok((identifier, Secret::from(password)))
}

pub(super) fn registration(content: Content) -> Result<Registration> {
    let fields = only(content, &["username", "email", "password"])?;
    let mut checker = Checker::default();
    let email = checker.email(&fields);
    let username = checker.text(&fields, "username");
    let password = checker.text(&fields, "password");
    if password.len() > 72 {
        checker.fail(&["password"], "Password must be less than 73 bytes");
    }
    checker.finish()?;
    let email = email.ok_or_else(|| Error::internal("an address without an error"))?;
    Ok(Registration {
        username,
        email,
        password: Secret::from(password),
    })
}

const USER_FIELDS: [&str; 6] = [
    "username",
    "email",
    "password",
    "role",
    "confirmed",
    "blocked",
];

pub(super) fn new_account(content: Content) -> Result<NewAccount> {
    let fields = only(content, &USER_FIELDS)?;
    let mut checker = Checker::default();
    let email = checker.email(&fields);
    let username = at_least_one(&mut checker, &fields, "username");
    let password = at_least_one(&mut checker, &fields, "password");
    let role = role(&mut checker, &fields);
    let confirmed = checker.flag(&fields, "confirmed");
    let blocked = checker.flag(&fields, "blocked");
    checker.finish()?;
    let email = email.ok_or_else(|| Error::internal("an address without an error"))?;
    Ok(NewAccount {
        username,
        email,
        password: Secret::from(password),
        role,
        confirmed: confirmed.unwrap_or(false),
        blocked: blocked.unwrap_or(false),
    })
}

/// As Strapi's administrator schema: an empty text breaks two rules.
fn at_least_one(checker: &mut Checker, fields: &Fields, name: &str) -> String {
    if fields.get(name).and_then(Value::as_str) == Some("") {
        checker.fail(&[name], format!("{name} must be at least 1 characters"));
    }
    checker.text(fields, name)
}

pub(super) fn user_change(content: Content) -> Result<UserChange> {
    let fields = only(content, &USER_FIELDS)?;
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
    change.role = role(&mut checker, &fields);
    change.confirmed = checker.flag(&fields, "confirmed");
    change.blocked = checker.flag(&fields, "blocked");
    checker.finish()?;
    Ok(change)
}

/// `role` as an id, a documentId, or `{connect: […]}` / `{set: […]}`.
fn role(checker: &mut Checker, fields: &Fields) -> Option<RoleRef> {
    let value = fields.get("role")?;
    let role = match value {
        Value::Object(map) => match map.get("connect").or_else(|| map.get("set")) {
            Some(Value::Array(entries)) => match entries.last() {
                Some(entry) => {
                    let role = relation(entry);
                    if role.is_none() {
                        let index = (entries.len() - 1).to_string();
                        checker.fail(
                            &["role", "connect", &index],
                            "Relation entry must include an id or documentId",
                        );
                    }
                    return role;
                }
                None => {
                    checker.fail(&["role", "connect"], "Users must have a role");
                    return None;
                }
            },
            Some(entry) => relation(entry),
            None if map.contains_key("disconnect") => {
                checker.fail(&["role", "disconnect"], "Cannot remove role");
                return None;
            }
            None => None,
        },
        Value::Null => {
            checker.fail(&["role"], "role must be a `object` type");
            return None;
        }
        other => relation(other),
    };
    if role.is_none() {
        checker.fail(&["role"], "role must be a `strapiID` type");
    }
    role
}

fn relation(value: &Value) -> Option<RoleRef> {
    match value {
        Value::Number(number) => number
            .as_i64()
            .and_then(|id| i32::try_from(id).ok())
            .map(RoleRef::Id),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().ok().map(RoleRef::Id)
        }
        Value::String(text)
            if text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            Some(RoleRef::Document(text.clone()))
        }
        Value::Object(map) => map
            .get("id")
            .or_else(|| map.get("documentId"))
            .filter(|id| !id.is_object())
            .and_then(relation),
        _ => None,
    }
}

/// A row id of a path: canonical decimal (`02` is no id).
pub(super) fn id(text: &str) -> Option<i32> {
    text.parse::<i32>()
        .ok()
        .filter(|id| *id > 0 && id.to_string() == text)
}
