//! The query string as a tree, parsed by `serde_qs` within limits.

use serde_json::{Map, Value};

use crate::error::Error;

const MAX_BYTES: usize = 16 * 1024;
const MAX_PARAMS: usize = 1_000;
const MAX_DEPTH: usize = 20;
const BRACKETS: [(&str, &str); 4] = [("%5B", "["), ("%5b", "["), ("%5D", "]"), ("%5d", "]")];

/// The parameters of a query string.
#[derive(Debug)]
pub(crate) struct Params(Map<String, Value>);

impl Params {
    pub(crate) fn parse(query: &str) -> Result<Self, Error> {
        if query.len() > MAX_BYTES || query.split('&').count() > MAX_PARAMS {
            return Err(too_large());
        }
        // The library knows one of the spellings only; a filter in the other would be a name nobody asks for.
        let query = BRACKETS
            .iter()
            .fold(query.to_owned(), |query, (encoded, plain)| {
                query.replace(encoded, plain)
            });
        // Checked before the library sees it: its own limits shorten keys instead of refusing them.
        let too_deep = query.split('&').any(|param| {
            let key = param.split('=').next().unwrap_or_default();
            key.matches('[').count() > MAX_DEPTH
        });
        if too_deep {
            return Err(too_large());
        }
        let named: Vec<&str> = query.split('&').filter(|param| is_named(param)).collect();
        if named.is_empty() {
            return Ok(Self(Map::new()));
        }
        let config = serde_qs::Config::new()
            .max_depth(MAX_DEPTH)
            .use_form_encoding(true);
        match config.deserialize_str(&named.join("&")) {
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

fn too_large() -> Error {
    Error::validation("The query is too large")
}

/// Has the parameter a name? Numbers and nothing are none of ours, and the library would take the whole query for a
/// list because of one.
fn is_named(param: &str) -> bool {
    let name = param.trim_start_matches('[').split(['[', ']', '=']).next();
    let name = name.unwrap_or_default();
    !name.bytes().all(|byte| byte.is_ascii_digit())
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
        let plain = Params::parse("filters[username][$eq]=a%20b%5D&sort[0]=id").unwrap();
        for encoded in [
            "filters%5Busername%5D%5B%24eq%5D=a+b%5D&sort%5B0%5D=id",
            "filters%5busername%5d%5b%24eq%5d=a+b%5d&sort%5b0%5d=id",
            "filters%5busername%5D[%24eq%5d=a+b]&sort[0%5d=id",
        ] {
            assert_eq!(plain.0, Params::parse(encoded).unwrap().0, "{encoded}");
        }
        assert_eq!(plain.0["filters"]["username"]["$eq"], "a b]");
        // What is encoded twice is no bracket.
        let twice = Params::parse("filters%255busername%255d=x").unwrap();
        assert!(twice.get("filters").is_none(), "{twice:?}");
    }

    #[test]
    fn parameters_without_a_name_are_ignored() {
        let plain = Params::parse("sort=id").unwrap();
        for more in [
            "1700000000",
            "0",
            "7=x",
            "7[a]=x",
            "[7]=x",
            "%5b7%5d=x",
            "=x",
            "[]=x",
            "[",
            "",
        ] {
            for query in [format!("{more}&sort=id"), format!("sort=id&{more}")] {
                assert_eq!(plain.0, Params::parse(&query).unwrap().0, "{query}");
            }
            assert!(Params::parse(more).unwrap().0.is_empty(), "{more}");
        }
        assert_eq!(Params::parse("_q=7").unwrap().0["_q"], "7");
    }

    #[test]
    fn hostile_queries_are_refused_at_once() {
        let deep = format!("filters{}=1", "[a]".repeat(5_000));
        let encoded = format!("filters{}=1", "%5Ba%5D".repeat(21));
        let lower = format!("filters{}=1", "%5ba%5d".repeat(21));
        let many = "a=1&".repeat(2_000);
        for query in [
            deep.as_str(),
            &encoded,
            &lower,
            &many,
            "a[999999999]=1&a[2]=x",
            "a[b=1",
            "a=1&a[b]=2",
        ] {
            assert!(Params::parse(query).is_err(), "{query:.40}");
        }
    }
}
