//! A caller as a trusted issuer vouches for it.

use serde_json::{Map, Value};

use super::{ADMINISTRATOR, Role};

/// What the token of a trusted issuer tells of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// Types or names of roles, as the token has them; those that do not exist count for nothing.
    pub(crate) named_roles: Vec<String>,
    /// Types of roles that the configuration gives for what the token has.
    pub(crate) given_roles: Vec<String>,
    /// Type of the role of whoever has none by then and is no user.
    pub(crate) default_role: String,
    pub(crate) permissions: Vec<String>,
    /// Positions in the catalog of what the permissions grant.
    pub(crate) actions: Vec<usize>,
    pub(crate) organisation: Option<String>,
}

impl Person {
    /// Does the token give this role? The administrator's is for the configuration alone to give.
    pub(crate) fn has(&self, role: &Role) -> bool {
        let is_high = role.role_type == ADMINISTRATOR;
        let mut named = self.named_roles.iter();
        self.given_roles.contains(&role.role_type)
            || !is_high && named.any(|name| *name == role.role_type || *name == role.name)
    }
}

/// The claim of this name, or at this dotted path.
pub(crate) fn claim_at<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    // Names may hold dots themselves: https://example.com/roles.
    if let Some(found) = claims.get(path) {
        return Some(found);
    }
    let mut parts = path.split('.');
    let first = claims.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// All that a path leads to, in lists as well: `roles.key` to each `key` of `[{"key": "editor"}]`.
fn claims_at<'a>(claims: &'a Map<String, Value>, path: &str) -> Vec<&'a Value> {
    if let Some(found) = claims.get(path) {
        return vec![found];
    }
    let mut parts = path.split('.');
    let first = parts.next().and_then(|first| claims.get(first));
    parts.fold(Vec::from_iter(first), |found, part| {
        let items = found.into_iter().flat_map(|value| match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        });
        items.filter_map(|item| item.get(part)).collect()
    })
}

/// The texts of a claim: one, several in a list, or several between spaces, as in `scope`
/// (RFC 8693, section 4.2).
pub(crate) fn claim_texts(claims: &Map<String, Value>, path: &str) -> Vec<String> {
    claims_at(claims, path)
        .into_iter()
        .flat_map(texts)
        .collect()
}

/// The roles a claim may name: its texts and, as names of roles hold spaces, the whole of what may be several.
pub(crate) fn claim_roles(claims: &Map<String, Value>, path: &str) -> Vec<String> {
    let names = claims_at(claims, path).into_iter().flat_map(|value| {
        let mut names = texts(value);
        if let Value::String(whole) = value
            && names.len() > 1
        {
            names.push(whole.clone());
        }
        names
    });
    names.collect()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_names_one_role_or_several() {
        let roles = |value: Value| {
            let claims = json!({ "roles": value });
            claim_roles(claims.as_object().unwrap(), "roles")
        };
        assert_eq!(roles(json!("editor")), ["editor"]);
        assert_eq!(
            roles(json!("Content editors")),
            ["Content", "editors", "Content editors"]
        );
        assert_eq!(roles(json!(["a b", "c"])), ["a b", "c"]);
        for nothing in [json!(""), json!(" "), json!(7), json!({ "a": "b" })] {
            assert!(roles(nothing.clone()).is_empty(), "{nothing}");
        }
        assert!(claim_roles(&Map::new(), "roles").is_empty());
    }

    #[test]
    fn claims_are_found_by_name_or_path() {
        let claims = json!({
            "scope": "a b", "https://x.example/roles": ["c"],
            "realm_access": { "roles": ["d", 1, "e"] },
            // As Kinde has them, and one level deeper.
            "roles": [{ "id": "1", "key": "f" }, { "id": "2", "key": "g h" }, "key", { "id": "3" }],
            "teams": [{ "roles": [{ "key": "i" }] }, { "roles": [{ "key": ["j"] }] }],
        });
        let claims = claims.as_object().unwrap();
        let texts = |path| claim_texts(claims, path);
        assert_eq!(texts("scope"), ["a", "b"]);
        assert_eq!(texts("https://x.example/roles"), ["c"]);
        assert_eq!(texts("realm_access.roles"), ["d", "e"]);
        assert_eq!(texts("roles.key"), ["f", "g", "h"]);
        assert_eq!(claim_roles(claims, "roles.key"), ["f", "g", "h", "g h"]);
        assert_eq!(texts("teams.roles.key"), ["i", "j"]);
        for absent in [
            "",
            ".",
            "roles.0",
            "roles.name",
            "realm_access.groups",
            "scope.a",
            "realm_access",
        ] {
            assert!(texts(absent).is_empty(), "{absent}");
        }
    }
}
