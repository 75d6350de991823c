//! Strapi's permission tree: `{"api::article": {"controllers": {"article": {"find": {…}}}}}`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::acl::Catalog;
use crate::error::{Error, Result};

/// The tree of the whole catalog; `enabled` says what is on, by catalog position.
pub(super) fn render(catalog: &Catalog, enabled: impl Fn(usize) -> bool) -> Value {
    let mut tree = Map::new();
    for (position, action) in catalog.actions().iter().enumerate() {
        let Some((unit, controller, name)) = split(action.name()) else {
            continue;
        };
        let unit = tree
            .entry(unit)
            .or_insert_with(|| json!({ "controllers": {} }));
        if let Some(controllers) = unit.get_mut("controllers").and_then(Value::as_object_mut) {
            let controller = controllers.entry(controller).or_insert_with(|| json!({}));
            controller[name] = json!({ "enabled": enabled(position), "policy": "" });
        }
    }
    Value::Object(tree)
}

/// `api::article.article.find` → (`api::article`, `article`, `find`).
fn split(action: &str) -> Option<(&str, &str, &str)> {
    let (rest, name) = action.rsplit_once('.')?;
    let (unit, controller) = rest.rsplit_once('.')?;
    Some((unit, controller, name))
}

/// The actions a tree enables.
///
/// # Errors
/// For a tree of another shape, and for an action that is not in the catalog, enabled or not.
pub(super) fn parse(catalog: &Catalog, tree: &Value) -> Result<BTreeSet<String>> {
    let object = |value: &Value, path: &str| -> Result<Map<String, Value>> {
        match value {
            Value::Object(map) => Ok(map.clone()),
            _ => Err(Error::field(
                "permissions",
                format!("{path} must be a `object` type"),
            )),
        }
    };
    let mut enabled = BTreeSet::new();
    for (unit, value) in object(tree, "permissions")? {
        let unit_object = object(&value, &unit)?;
        let controllers = unit_object.get("controllers");
        let controllers = controllers.ok_or_else(|| {
            Error::field("permissions", format!("{unit} must have `controllers`"))
        })?;
        for (controller, value) in object(controllers, "controllers")? {
            for (name, value) in object(&value, &controller)? {
                let action = format!("{unit}.{controller}.{name}");
                if catalog.position(&action).is_none() {
                    return Err(Error::field(
                        "permissions",
                        format!("Unknown action {action}"),
                    ));
                }
                match object(&value, &action)?.get("enabled") {
                    Some(Value::Bool(true)) => {
                        enabled.insert(action);
                    }
                    None | Some(Value::Bool(false)) => {}
                    Some(_) => {
                        return Err(Error::field(
                            "permissions",
                            format!("{action} must have a boolean `enabled`"),
                        ));
                    }
                }
            }
        }
    }
    Ok(enabled)
}
