//! Profile fields in bodies and answers.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::{Map, Value};

use super::body::Fields;
use super::input::Checker;
use crate::model::{ProfileChange, ProfileField, ProfileKind, ProfileValue, User};
use crate::query::is_kept;

/// The values a body has for the declared fields. `null` takes a value away; of new users, the required
/// ones are demanded.
pub(super) fn values<'a>(
    checker: &mut Checker,
    fields: &Fields,
    declared: impl IntoIterator<Item = &'a ProfileField>,
    new_user: bool,
) -> ProfileChange {
    let mut change = ProfileChange::new();
    for field in declared {
        let name = field.name.as_str();
        let value = match fields.get(name) {
            None if !new_user => continue,
            None | Some(Value::Null) => None,
            Some(value) => match parse(field, value) {
                Ok(value) => Some(value),
                Err(message) => {
                    checker.fail(&[name], format!("{name} {message}"));
                    continue;
                }
            },
        };
        let empty = matches!(&value, Some(ProfileValue::Text(text)) if text.is_empty());
        if field.required && (value.is_none() || empty) {
            checker.fail(&[name], format!("{name} is a required field"));
        } else if fields.contains_key(name) {
            change.insert(name.to_owned(), value);
        }
    }
    change
}

pub(crate) fn parse(field: &ProfileField, value: &Value) -> Result<ProfileValue, String> {
    match (field.kind, value) {
        (ProfileKind::Text, Value::String(text)) => {
            if text.chars().count() > field.max_length {
                Err(format!("must be at most {} characters", field.max_length))
            } else if text.chars().any(char::is_control) {
                Err("contains characters that are not allowed".to_owned())
            } else {
                Ok(ProfileValue::Text(text.clone()))
            }
        }
        (ProfileKind::Text, _) => Err("must be a `string` type".to_owned()),
        (ProfileKind::Integer, value) => {
            let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
            number
                .map(ProfileValue::Integer)
                .ok_or_else(|| "must be a 32-bit integer".to_owned())
        }
        (ProfileKind::Boolean, Value::Bool(flag)) => Ok(ProfileValue::Boolean(*flag)),
        (ProfileKind::Boolean, _) => Err("must be a `boolean` type".to_owned()),
        (ProfileKind::Time, value) => value
            .as_str()
            .and_then(time)
            .map(ProfileValue::Time)
            .ok_or_else(|| "must be a time in ISO 8601".to_owned()),
    }
}

/// To the microsecond, as every database keeps it.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    is_kept(&time).then(|| time.trunc_subsecs(6))
}

/// What an answer tells of a user's profile: every field that is not private.
pub(super) fn shown(user: &User, declared: &[ProfileField]) -> Map<String, Value> {
    let public = declared.iter().filter(|field| !field.private);
    let entry = |field: &ProfileField| {
        let value = user.profile.get(&field.name);
        let value = value.and_then(|value| serde_json::to_value(value).ok());
        (field.name.clone(), value.unwrap_or(Value::Null))
    };
    public.map(entry).collect()
}
