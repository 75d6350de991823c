//! Strapi's notations of relations, for `role` and `roles`.

use serde_json::Value;

use super::body::Fields;
use super::input::Checker;
use crate::model::{RoleRef, RolesChange};

const NO_ID: &str = "Relation entry must include an id or documentId";

/// What a body says of a user's roles.
pub(super) fn roles(checker: &mut Checker, fields: &Fields) -> RolesChange<RoleRef> {
    let primary = role(checker, fields);
    let Some(value) = fields.get("roles") else {
        return RolesChange {
            primary,
            ..RolesChange::default()
        };
    };
    let mut change = match value {
        Value::Array(_) => RolesChange {
            all: Some(list(checker, value, &["roles"])),
            ..RolesChange::default()
        },
        Value::Object(map)
            if map
                .keys()
                .all(|key| ["set", "connect", "disconnect"].contains(&key.as_str())) =>
        {
            let mut part = |key: &str| {
                map.get(key)
                    .map(|entries| list(checker, entries, &["roles", key]))
            };
            RolesChange {
                primary: None,
                all: part("set"),
                added: part("connect").unwrap_or_default(),
                removed: part("disconnect").unwrap_or_default(),
            }
        }
        _ => {
            checker.fail(&["roles"], "roles must be a `array` type");
            RolesChange::default()
        }
    };
    if change.all.as_ref().is_some_and(Vec::is_empty) && change.added.is_empty() {
        checker.fail(&["roles"], "Users must have a role");
    }
    change.primary = primary;
    change
}

/// The entries of a list, or the only one.
fn list(checker: &mut Checker, value: &Value, path: &[&str]) -> Vec<RoleRef> {
    let entries = match value {
        Value::Array(entries) => entries.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut roles = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        match reference(entry) {
            Some(role) => roles.push(role),
            None => checker.fail(&[path, &[&index.to_string()]].concat(), NO_ID),
        }
    }
    roles
}

/// `role` as an id, a documentId, or `{connect: […]}` / `{set: […]}`.
fn role(checker: &mut Checker, fields: &Fields) -> Option<RoleRef> {
    let value = fields.get("role")?;
    let role = match value {
        Value::Object(map) => match map.get("connect").or_else(|| map.get("set")) {
            Some(Value::Array(entries)) => match entries.last() {
                Some(entry) => {
                    let role = reference(entry);
                    if role.is_none() {
                        let index = (entries.len() - 1).to_string();
                        checker.fail(&["role", "connect", &index], NO_ID);
                    }
                    return role;
                }
                None => {
                    checker.fail(&["role", "connect"], "Users must have a role");
                    return None;
                }
            },
            Some(entry) => reference(entry),
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
        other => reference(other),
    };
    if role.is_none() {
        checker.fail(&["role"], "role must be a `strapiID` type");
    }
    role
}

fn reference(value: &Value) -> Option<RoleRef> {
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
            .and_then(reference),
        _ => None,
    }
}
