//! What the simulators are asked and what they answer.

use std::collections::HashMap;

use serde_json::Value;

/// A request that was made.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET` or `POST`.
    pub method: String,
    /// Host and path.
    pub place: String,
    /// Of the query and the form.
    pub fields: HashMap<String, String>,
    /// Headers by their names in lower case.
    pub headers: HashMap<String, String>,
}

impl Asked {
    /// A field, or nothing.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    pub(super) fn bearer(&self) -> bool {
        self.headers
            .get("authorization")
            .is_some_and(|value| value.starts_with("Bearer provider-token"))
    }
}

/// An answer.
pub struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) body: String,
    pub(super) location: Option<String>,
}

impl Reply {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self::text(status, "application/json", body.to_string())
    }

    pub(super) fn text(status: u16, kind: &'static str, body: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            body: body.into(),
            location: None,
        }
    }

    pub(super) fn redirect(to: String) -> Self {
        Self {
            location: Some(to),
            ..Self::text(302, "text/html", "")
        }
    }
}
