//! `fields=…`.

use serde_json::Value as Node;

use super::schema::{FieldRef, Found, Schema};
use super::{invalid_key, params};
use crate::error::Error;

const PARAM: &str = "fields";
const MAX_NAMES: usize = 100;

/// The chosen fields; `None` for `*`.
pub(super) fn parse(node: &Node, schema: &Schema) -> Result<Option<Vec<FieldRef>>, Error> {
    let names =
        params::items(node).ok_or_else(|| Error::validation("fields must be a list of names"))?;
    if names.len() > MAX_NAMES {
        return Err(Error::validation("The query names too many fields"));
    }
    if names.contains(&"*") {
        return Ok(None);
    }
    let mut fields = Vec::with_capacity(names.len());
    for name in names {
        match schema.find(name) {
            Found::Field(at, _) => fields.push(FieldRef::Own(at)),
            Found::Private | Found::Relation(..) => {
                return Err(invalid_key(PARAM, name, Some(name)));
            }
            Found::Unknown => return Err(invalid_key(PARAM, name, None)),
        }
    }
    Ok(Some(fields))
}
