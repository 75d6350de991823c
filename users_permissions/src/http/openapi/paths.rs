//! Path patterns: those of actix, which may hold regular expressions, and those of OpenAPI.

use utoipa::openapi::path::{Operation, PathItem};

/// `/files/{tail:.*}` and `/files/{tail}*` as OpenAPI writes them: `/files/{tail}`.
pub(super) fn template(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let (mut depth, mut in_name, mut closed) = (0usize, false, false);
    for c in pattern.chars() {
        let after_parameter = std::mem::take(&mut closed);
        match c {
            '{' => {
                if depth == 0 {
                    out.push(c);
                    in_name = true;
                }
                depth += 1;
            }
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    out.push(c);
                    closed = true;
                }
            }
            ':' if depth == 1 => in_name = false,
            '*' if depth == 0 && after_parameter => {}
            _ if depth == 0 || (depth == 1 && in_name) => out.push(c),
            _ => {}
        }
    }
    out
}

/// Names of the parameters of a template.
pub(super) fn parameters(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// The methods OpenAPI has a place for.
pub(super) const METHODS: [&str; 8] = [
    "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE",
];

/// The place of a method in a path item.
pub(super) fn slot<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Option<Operation>> {
    Some(match method {
        "GET" => &mut item.get,
        "PUT" => &mut item.put,
        "POST" => &mut item.post,
        "DELETE" => &mut item.delete,
        "OPTIONS" => &mut item.options,
        "HEAD" => &mut item.head,
        "PATCH" => &mut item.patch,
        "TRACE" => &mut item.trace,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_expressions_are_left_out() {
        assert_eq!(
            template("/api/{id}/{slug:[a-z]{2}:x}/x"),
            "/api/{id}/{slug}/x"
        );
        assert_eq!(template("/files/{tail}*"), "/files/{tail}");
        assert_eq!(template("/a*b"), "/a*b");
    }

    #[test]
    fn parameters_are_named_in_order() {
        let names: Vec<_> = parameters("/{tenant}/users/{id}").collect();
        assert_eq!(names, ["tenant", "id"]);
        assert_eq!(parameters("/users").count(), 0);
    }
}
