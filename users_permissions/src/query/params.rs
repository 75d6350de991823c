//! The query string as a tree, parsed by `serde_qs` within limits.

use serde_json::{Map, Value};

use crate::error::Error;

const MAX_BYTES: usize = 16 * 1024;
const MAX_PARAMS: usize = 1_000;
const MAX_DEPTH: usize = 20;

/// The parameters of a query string.
#[derive(Debug)]
pub(crate) struct Params(Map<String, Value>);

impl Params {
    pub(crate) fn parse(query: &str) -> Result<Self, Error> {
        // Checked before the library sees it: its own limits shorten keys instead of refusing them.
        let too_deep = query.split('&').any(|param| {
            let key = param.split('=').next().unwrap_or_default();
            key.matches('[').count() + key.matches("%5B").count() + key.matches("%5b").count()
                > MAX_DEPTH
        });
        if query.len() > MAX_BYTES || query.split('&').count() > MAX_PARAMS || too_deep {
            return Err(Error::validation("The query is too large"));
        }
        if query.is_empty() {
            return Ok(Self(Map::new()));
        }
        let config = serde_qs::Config::new()
            .max_depth(MAX_DEPTH)
            .use_form_encoding(true);
        match config.deserialize_str(query) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            _ => Err(Error::validation("Malformed query string")),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A parameter that has to be plain text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::validation(format!("{name} must be a `string` type"))),
        }
    }
}

/// The items of a list, however it was written: `a`, `a,b`, `[0]=a&[1]=b`.
pub(super) fn items(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .collect(),
        ),
        // A bare `key[]`, which is how clients write an empty list, arrives as a list of one null.
        Value::Array(values) => values
            .iter()
            .filter(|value| !value.is_null())
            .map(Value::as_str)
            .collect(),
        Value::Null => Some(Vec::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_brackets_are_one() {
        let plain = Params::parse("filters[username][$eq]=a%20b&sort[0]=id").unwrap();
        let encoded = Params::parse("filters%5Busername%5D%5B%24eq%5D=a+b&sort%5B0%5D=id").unwrap();
        assert_eq!(plain.0, encoded.0);
        assert_eq!(plain.0["filters"]["username"]["$eq"], "a b");
    }

    #[test]
    fn hostile_queries_are_refused_at_once() {
        let deep = format!("filters{}=1", "[a]".repeat(5_000));
        let encoded = format!("filters{}=1", "%5Ba%5D".repeat(21));
        let many = "a=1&".repeat(2_000);
        for query in [
            deep.as_str(),
            &encoded,
            &many,
            "a[999999999]=1&a[2]=x",
            "a[b=1",
            "a=1&a[b]=2",
        ] {
            assert!(Params::parse(query).is_err(), "{query:.40}");
        }
    }
}
