//! What is wrong with a form, field by field.

use super::visit::words;
use crate::error::{Error, Field};

/// What is said above a form whose fields say the rest.
const ABOVE: &str = "Nothing was saved: look at the fields that are marked.";

/// The faults of a form that is shown again.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// What belongs to no field of the form.
    banner: Option<String>,
    /// Fields and what is wrong with them, in the order of the form.
    fields: Vec<(String, String)>,
}

impl Faults {
    /// Sorts an error to the fields of a form, which are named in their order. `place` knows what the form
    /// calls what an error names: the last part of a path, or the name of a field.
    pub(super) fn of<'a>(
        error: &'a Error,
        known: &[&str],
        place: impl Fn(&'a str) -> &'a str,
    ) -> Self {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut rest: Vec<String> = Vec::new();
        let mut sort = |name: &'a str, message: &str| {
            let field = place(name);
            match known.contains(&field) {
                true => found.push((field.to_owned(), message.to_owned())),
                false => rest.push(message.to_owned()),
            }
        };
        match error {
            Error::Validation(validation) if !validation.errors.is_empty() => {
                for error in &validation.errors {
                    let path = error.path.last().map_or("", String::as_str);
                    sort(path, &error.message);
                }
            }
            Error::Application(refusal) => {
                sort(refusal.field.map_or("", Field::name), &refusal.message);
            }
            other => rest.push(words(other)),
        }
        found.sort_by_key(|(field, _)| known.iter().position(|known| known == field));
        if rest.is_empty() && !found.is_empty() {
            rest.push(ABOVE.to_owned());
        }
        Self {
            banner: Some(rest.join("; ")).filter(|text| !text.is_empty()),
            fields: found,
        }
    }

    pub(super) fn any(&self) -> bool {
        self.banner.is_some() || !self.fields.is_empty()
    }

    /// Is there a field to look at?
    pub(super) fn is_placed(&self) -> bool {
        !self.fields.is_empty()
    }

    pub(super) fn banner(&self) -> Option<&str> {
        self.banner.as_deref()
    }

    /// What is wrong with a field.
    pub(super) fn at(&self, field: &str) -> Option<&str> {
        let mut faults = self.fields.iter();
        let found = faults.find(|(name, _)| name == field);
        found.map(|(_, message)| message.as_str())
    }

    /// Is it the first field with a fault?
    pub(super) fn is_first(&self, field: &str) -> bool {
        self.fields.first().is_some_and(|(name, _)| name == field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_in_the_order_of_the_form() {
        let fault = |name: &str| crate::error::FieldError {
            path: vec!["body".to_owned(), name.to_owned()],
            message: format!("{name} is wrong"),
        };
        let error = Error::Validation(crate::error::Validation {
            message: None,
            errors: ["b", "nowhere", "a"].map(fault).to_vec(),
        });
        let faults = Faults::of(&error, &["a", "b"], |name| name);
        assert_eq!(faults.banner(), Some("nowhere is wrong"));
        assert_eq!(faults.at("b"), Some("b is wrong"));
        assert!(faults.is_first("a") && !faults.is_first("b"));
    }

    #[test]
    fn a_refusal_stands_at_its_field_however_it_is_worded() {
        fn place(name: &str) -> &str {
            match name {
                "roles" => "role",
                name => name,
            }
        }
        for (error, field) in [
            (Error::refused(Field::Email, "username is wrong"), "email"),
            (Error::refused(Field::Roles, "email is wrong"), "role"),
        ] {
            let faults = Faults::of(&error, &["username", "email", "role"], place);
            assert_eq!(faults.at(field), Some(error.to_string().as_str()));
            assert_eq!(faults.banner(), Some(ABOVE));
        }
        let error = Error::application("email and username are wrong");
        let faults = Faults::of(&error, &["username", "email"], place);
        assert_eq!(faults.banner(), Some("email and username are wrong"));
        assert_eq!((faults.at("username"), faults.at("email")), (None, None));
    }
}
