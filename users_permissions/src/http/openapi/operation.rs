//! Completes one operation by what the catalog and the routes know of it.

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Object, RefOr, Required, Response, Type};

use super::answers;
use super::own::{self, SCHEME};
use super::paths::parameters;
use crate::acl::CatalogAction;

/// Action an operation belongs to.
const ACTION: &str = "x-action";
/// Action a caller's role has to hold; operations open to everyone have none.
const REQUIRED: &str = "x-required-permission";

/// Adds what the author of a handler need not write.
///
/// The rule of security: an open action has none; a listed one may be granted to the public at any time,
/// so it lists both no scheme and the token. What the author wrote stays.
pub(super) fn complete(operation: &mut Operation, action: &CatalogAction, path: &str) {
    describe(operation, action);
    add_parameters(operation, path);
    let extensions = operation.extensions.get_or_insert_default();
    extensions.insert(ACTION.to_owned(), action.name().into());
    if !action.is_open() {
        extensions.insert(REQUIRED.to_owned(), action.name().into());
        for status in answers::OF_THE_CHECK {
            if let Some(answer) = answers::shared(status) {
                let answers = &mut operation.responses.responses;
                answers.entry(status.to_owned()).or_insert(answer);
            }
        }
    }
    operation.security.get_or_insert_with(|| {
        if action.is_open() {
            Vec::new()
        } else {
            let token = SecurityRequirement::new(SCHEME, Vec::<String>::new());
            vec![SecurityRequirement::default(), token]
        }
    });
}

/// An operation of a handler that nobody described: its answers are its own.
pub(super) fn bare() -> Operation {
    let mut operation = Operation::new();
    let answer = RefOr::T(Response::new("What the handler answers."));
    operation
        .responses
        .responses
        .insert("default".to_owned(), answer);
    operation
}

fn describe(operation: &mut Operation, action: &CatalogAction) {
    let filled = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let (first, rest) = match action.description().split_once("\n\n") {
        Some((first, rest)) => (first, rest),
        None => (action.description(), ""),
    };
    if !filled(&operation.summary) {
        operation.summary = Some(
            if first.is_empty() {
                action.name()
            } else {
                first
            }
            .to_owned(),
        );
        if !filled(&operation.description) {
            operation.description = Some(rest.to_owned());
        }
    }
    let who = if action.is_open() {
        format!("Open to everyone (`{}`).", action.name())
    } else {
        format!("Needs the permission `{}`.", action.name())
    };
    let description = operation.description.get_or_insert_default();
    if !description.trim().is_empty() {
        description.push_str("\n\n");
    }
    description.push_str(&who);
    // utoipa names modules where the author names no tag.
    let tags = operation.tags.take().unwrap_or_default();
    let chosen = !own::is_own(action) && tags.iter().any(|tag| tag != "crate");
    operation.tags = Some(if chosen { tags } else { vec![tag(action)] });
}

/// Parameters of the path that nobody described, those of the scopes among them.
fn add_parameters(operation: &mut Operation, path: &str) {
    let described = operation.parameters.get_or_insert_default();
    for name in parameters(path) {
        let known = described.iter().any(|parameter| match parameter {
            RefOr::T(parameter) => parameter.name == name,
            RefOr::Ref(_) => false,
        });
        if !known {
            let parameter = ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(Object::with_type(Type::String)))
                .build();
            described.push(RefOr::T(parameter));
        }
    }
    if described.is_empty() {
        operation.parameters = None;
    }
}

/// Unit and controller: `article`, `users-permissions.role`.
fn tag(action: &CatalogAction) -> String {
    let (unit, controller, _) = parts(action.name());
    if unit == controller {
        unit.to_owned()
    } else {
        format!("{unit}.{controller}")
    }
}

/// The name of an action's function, which `#[utoipa::path]` takes for an id; they repeat.
pub(super) fn function<'a>(action: &CatalogAction) -> &'a str {
    action.handler().rsplit("::").next().unwrap_or_default()
}

/// The id the author chose, else one made of the action, and of the route where the action has several.
pub(super) fn operation_id(
    chosen: Option<String>,
    action: &CatalogAction,
    (method, path): (&str, &str),
    single: bool,
) -> String {
    if let Some(chosen) = chosen.filter(|id| !own::is_own(action) && id != function(action)) {
        return chosen;
    }
    let (unit, controller, name) = parts(action.name());
    let mut id = String::new();
    push_words(&mut id, unit);
    if controller != unit {
        push_words(&mut id, controller);
    }
    push_words(&mut id, name);
    if !single {
        push_words(&mut id, &method.to_lowercase());
        push_words(&mut id, path);
    }
    id
}

/// `api::article.article.find` → (`article`, `article`, `find`).
fn parts(action: &str) -> (&str, &str, &str) {
    let rest = action.split_once("::").map_or(action, |(_, rest)| rest);
    let (rest, name) = rest.rsplit_once('.').unwrap_or(("", rest));
    let (unit, controller) = rest.rsplit_once('.').unwrap_or((rest, rest));
    (unit, controller, name)
}

fn push_words(id: &mut String, text: &str) {
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if !id.is_empty() => id.push(first.to_ascii_uppercase()),
            Some(first) => id.push(first.to_ascii_lowercase()),
            None => continue,
        }
        id.push_str(letters.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_words_of_the_action() {
        let mut id = String::new();
        for part in [
            "users-permissions",
            "auth",
            "callback",
            "get",
            "/api/auth/{provider}/callback",
        ] {
            push_words(&mut id, part);
        }
        assert_eq!(id, "usersPermissionsAuthCallbackGetApiAuthProviderCallback");
        assert_eq!(
            parts("api::article.article.find"),
            ("article", "article", "find")
        );
        assert_eq!(
            parts("plugin::users-permissions.role.findOne"),
            ("users-permissions", "role", "findOne")
        );
    }
}
