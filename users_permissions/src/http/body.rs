//! Request bodies: JSON or a form, bounded, of any shape; [`input`](super::input) judges them.

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use indexmap::IndexMap;
use serde_json::Value;

use crate::error::Error;

/// Fields in the order of the body.
pub(super) type Fields = IndexMap<String, Value>;

/// Most that the account routes read.
pub(super) const SMALL: usize = 16 * 1024;
/// Most that the administrative routes read; permission trees are large.
pub(super) const LARGE: usize = 1024 * 1024;

/// A parsed body of at most `LIMIT` bytes.
#[derive(Debug)]
pub(super) struct Body<const LIMIT: usize>(pub(super) Content);

/// The top level of a body.
#[derive(Debug)]
pub(super) enum Content {
    /// An object, a form, or nothing at all.
    Fields(Fields),
    /// An array of this length.
    Array(usize),
    /// A lone string, number, boolean or null.
    Scalar,
}

impl<const LIMIT: usize> FromRequest for Body<LIMIT> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let declared = req
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let media_type = req
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(|value| {
                value
                    .split(';')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_ascii_lowercase()
            });
        let mut payload = payload.take();
        Box::pin(async move {
            if declared.is_some_and(|length| length > LIMIT) {
                return Err(Error::TooLarge);
            }
            let mut bytes = BytesMut::new();
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|_| Error::Syntax("the body ended early".to_owned()))?;
                if bytes.len() + chunk.len() > LIMIT {
                    return Err(Error::TooLarge);
                }
                bytes.extend_from_slice(&chunk);
            }
            parse(media_type.as_deref(), &bytes).map(Self)
        })
    }
}

/// Reads a body where a handler has something to do first.
pub(super) async fn read<const LIMIT: usize>(
    req: &HttpRequest,
    payload: web::Payload,
) -> Result<Content, Error> {
    let body = Body::<LIMIT>::from_request(req, &mut payload.into_inner()).await?;
    Ok(body.0)
}

fn parse(media_type: Option<&str>, bytes: &[u8]) -> Result<Content, Error> {
    if bytes.is_empty() {
        return Ok(Content::Fields(Fields::new()));
    }
    match media_type {
        None | Some("application/json") => json(bytes),
        Some("application/x-www-form-urlencoded") => Ok(Content::Fields(form(bytes))),
        Some(other) if other.ends_with("+json") => json(bytes),
        Some(_) => Err(Error::UnsupportedMediaType),
    }
}

fn json(bytes: &[u8]) -> Result<Content, Error> {
    // Parsed twice only where the top level is no object: the order of its keys is part of an answer.
    let syntax = |error: serde_json::Error| Error::Syntax(error.to_string());
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let content = if first == Some(&b'{') {
        Content::Fields(serde_json::from_slice::<Fields>(bytes).map_err(syntax)?)
    } else {
        match serde_json::from_slice(bytes).map_err(syntax)? {
            Value::Array(items) => {
                if items.iter().any(has_proto) {
                    return Err(forbidden_key());
                }
                Content::Array(items.len())
            }
            _ => Content::Scalar,
        }
    };
    match &content {
        Content::Fields(fields)
            if fields
                .iter()
                .any(|(key, value)| key == PROTO || has_proto(value)) =>
        {
            Err(forbidden_key())
        }
        _ => Ok(content),
    }
}

const PROTO: &str = "__proto__";

fn forbidden_key() -> Error {
    Error::Syntax("object contains forbidden prototype property".to_owned())
}

fn has_proto(value: &Value) -> bool {
    match value {
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| key == PROTO || has_proto(value)),
        Value::Array(items) => items.iter().any(has_proto),
        _ => false,
    }
}

/// Form fields as text. A bracketed or repeated key is no text: it becomes an object or an array,
/// which no rule for text accepts.
fn form(bytes: &[u8]) -> Fields {
    let mut fields = Fields::new();
    for (key, value) in url::form_urlencoded::parse(bytes) {
        match key.split_once('[') {
            Some((base, _)) => {
                fields.insert(base.to_owned(), Value::Object(serde_json::Map::new()));
            }
            None if fields.contains_key(key.as_ref()) => {
                fields.insert(key.into_owned(), Value::Array(Vec::new()));
            }
            None => {
                fields.insert(key.into_owned(), Value::String(value.into_owned()));
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(media_type: &str, text: &str) -> Fields {
        match parse(Some(media_type), text.as_bytes()).unwrap() {
            Content::Fields(fields) => fields,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_keep_their_order() {
        let keys: Vec<_> = fields("application/json", r#"{"z":1,"a":2,"m":3}"#)
            .into_keys()
            .collect();
        assert_eq!(keys, ["z", "a", "m"]);
    }

    #[test]
    fn nested_form_keys_are_no_text() {
        let form = fields(
            "application/x-www-form-urlencoded",
            "code[$ne]=x&email=a%40b.c&twice=1&twice=2",
        );
        assert!(form["code"].is_object() && form["twice"].is_array());
        assert_eq!(form["email"], "a@b.c");
    }

    #[test]
    fn hostile_json_is_refused() {
        let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
        for text in [
            "{",
            "{\"a\":}",
            "{\"__proto__\":{}}",
            "{\"a\":[{\"__proto__\":1}]}",
            "nul",
            &deep,
        ] {
            assert!(
                matches!(
                    parse(Some("application/json"), text.as_bytes()),
                    Err(Error::Syntax(_))
                ),
                "{text:.40}"
            );
        }
        assert!(matches!(
            parse(Some("text/xml"), b"<a/>"),
            Err(Error::UnsupportedMediaType)
        ));
    }
}
