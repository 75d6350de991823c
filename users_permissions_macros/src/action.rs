//! The grammar of actions, `kind::name[.controller].action`; plain text, no tokens.

use crate::suggest::nearest;

/// What an error shows when nothing closer to the written action can be offered.
pub(crate) const EXAMPLE: &str = "api::article.find";

/// The column that stores actions takes no more.
const MAX_CHARS: usize = 255;

const KINDS: [&str; 2] = ["api", "plugin"];

/// The long form of a written action, `api::article.find` being short for
/// `api::article.article.find`.
///
/// # Errors
/// What is wrong and what to write instead.
pub(crate) fn long_form(written: &str) -> Result<String, String> {
    let Some((kind, rest)) = written.split_once("::") else {
        return Err(format!(
            "an action starts with its kind, `api::` or `plugin::`; write `{}`",
            with_kind(written)
        ));
    };
    if !KINDS.contains(&kind) {
        return Err(match nearest(kind, &KINDS) {
            Some(known) => {
                format!(
                    "unknown kind `{kind}`; write `{}`",
                    usable(format!("{known}::{rest}"))
                )
            }
            None => format!(
                "unknown kind `{kind}`, it is `api` or `plugin`; write `{}`",
                usable(format!("api::{rest}"))
            ),
        });
    }
    if rest.contains("::") {
        let dotted = format!("{kind}::{}", rest.replace("::", "."));
        return Err(format!(
            "`::` follows the kind only; write `{}`",
            usable(dotted)
        ));
    }
    let segments: Vec<&str> = rest.split('.').collect();
    if segments.len() > 1 && segments.iter().any(|segment| segment.is_empty()) {
        let filled: Vec<&str> = segments.into_iter().filter(|s| !s.is_empty()).collect();
        let hint = match filled.as_slice() {
            [name] => format!("{kind}::{name}.find"),
            _ => format!("{kind}::{}", filled.join(".")),
        };
        return Err(format!(
            "there is nothing between two dots; write `{}`",
            usable(hint)
        ));
    }
    let (name, controller, action) = match segments.as_slice() {
        [name] => {
            let hint = usable(format!("{kind}::{name}.find"));
            return Err(format!("`.action` is missing; write `{hint}`"));
        }
        [name, action] => (name, name, action),
        [name, controller, action] => (name, controller, action),
        [name, controller, .., action] => {
            return Err(format!(
                "too many segments, an action is `kind::name.controller.action`; write `{}`",
                usable(format!("{kind}::{name}.{controller}.{action}"))
            ));
        }
        [] => return Err(format!("there is no action; write `{EXAMPLE}`")),
    };
    let parts = [
        (Part::Name, name),
        (Part::Controller, controller),
        (Part::Action, action),
    ];
    for (part, text) in parts {
        if !part.accepts(text) {
            let repaired: Vec<String> = match segments.len() {
                2 => vec![Part::Name.repair(name), Part::Action.repair(action)],
                _ => parts.iter().map(|(part, text)| part.repair(text)).collect(),
            };
            return Err(format!(
                "`{text}` is not {}; write `{}`",
                part.grammar(),
                usable(format!("{kind}::{}", repaired.join(".")))
            ));
        }
    }
    let long = format!("{kind}::{name}.{controller}.{action}");
    match long.len() {
        0..=MAX_CHARS => Ok(long),
        len => Err(format!(
            "the action has {len} characters in its long form, {MAX_CHARS} are allowed; \
             write a shorter one like `{EXAMPLE}`"
        )),
    }
}

/// Offers `hint` when it is itself an action, so that no error recommends another error.
fn usable(hint: String) -> String {
    if long_form(&hint).is_ok() {
        hint
    } else {
        EXAMPLE.to_owned()
    }
}

/// Guesses the action behind a text without `::`: another separator, or no kind at all.
fn with_kind(written: &str) -> String {
    let separator = |c: char| !c.is_ascii_alphanumeric();
    match written.split_once(separator) {
        Some((kind, rest)) if KINDS.contains(&kind) => {
            usable(format!("{kind}::{}", rest.trim_start_matches(separator)))
        }
        _ if written.contains('.') => usable(format!("api::{written}")),
        _ => usable(format!("api::{written}.find")),
    }
}

/// The segments after the kind differ in the characters they may have.
#[derive(Clone, Copy)]
enum Part {
    Name,
    Controller,
    Action,
}

impl Part {
    fn accepts(self, text: &str) -> bool {
        text.starts_with(|c| self.starts(c)) && text.chars().all(|c| self.continues(c))
    }

    fn starts(self, c: char) -> bool {
        match self {
            Self::Name => c.is_ascii_lowercase(),
            Self::Controller | Self::Action => c.is_ascii_alphabetic(),
        }
    }

    fn continues(self, c: char) -> bool {
        match self {
            Self::Name | Self::Controller => {
                self.starts(c) || c.is_ascii_digit() || "-_".contains(c)
            }
            Self::Action => self.starts(c) || c.is_ascii_digit() || c == '_',
        }
    }

    fn grammar(self) -> &'static str {
        match self {
            Self::Name => {
                "a name, which is made of lower-case letters, digits, `-` and `_` \
                 and starts with a letter"
            }
            Self::Controller => {
                "a controller, which is made of letters, digits, `-` and `_` \
                 and starts with a letter"
            }
            Self::Action => {
                "an action name, which is made of letters, digits and `_` and starts with a letter"
            }
        }
    }

    /// The nearest text without the characters that are not allowed here.
    fn repair(self, text: &str) -> String {
        let (filler, text) = match self {
            Self::Name => ('-', text.to_ascii_lowercase()),
            Self::Controller => ('-', text.to_owned()),
            Self::Action => ('_', text.to_owned()),
        };
        let replaced = text
            .trim()
            .replace(|c| !self.continues(c), filler.encode_utf8(&mut [0; 4]));
        let repaired = replaced
            .trim_start_matches(|c| !self.starts(c))
            .trim_end_matches(filler);
        repaired.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_name_the_controller_after_the_api() {
        assert_eq!(
            long_form("api::article.find").unwrap(),
            "api::article.article.find"
        );
        assert_eq!(
            long_form("plugin::upload.destroy").unwrap(),
            "plugin::upload.upload.destroy"
        );
    }

    #[test]
    fn long_forms_stay_as_they_are() {
        for action in [
            "api::article.article.find",
            "api::blog-post.blog_post.findOne",
            "api::a1.Comment.find_2",
            "plugin::users-permissions.auth.callback",
            "plugin::users-permissions.contentManagerUser.find",
        ] {
            assert_eq!(long_form(action).unwrap(), action);
        }
    }

    #[test]
    fn every_error_ends_in_something_that_would_work() {
        for (written, hint) in [
            ("", EXAMPLE),
            ("find", "api::find.find"),
            ("article.find", "api::article.find"),
            ("api.article.find", "api::article.find"),
            ("api:article.find", "api::article.find"),
            ("plugin/upload.find", "plugin::upload.find"),
            ("apis::article.find", "api::article.find"),
            ("API::article.find", "api::article.find"),
            ("plugins::upload.find", "plugin::upload.find"),
            ("content::article.find", "api::article.find"),
            ("::article.find", "api::article.find"),
            ("api::", EXAMPLE),
            ("api::article", "api::article.find"),
            ("api::article.", "api::article.find"),
            ("api::.find", "api::find.find"),
            ("api::article..find", "api::article.find"),
            ("api::...", EXAMPLE),
            ("api::article::article.find", "api::article.article.find"),
            ("api::article.article.v1.find", "api::article.article.find"),
            ("api::Article.find", "api::article.find"),
            ("api::my article.find", "api::my-article.find"),
            ("api::2nd.find", "api::nd.find"),
            ("api::article.1st.find", "api::article.st.find"),
            ("api::article.find-one", "api::article.find_one"),
            ("api::article.find all!", "api::article.find_all"),
            ("api::été.find", "api::t.find"),
            ("api::article.*", EXAMPLE),
        ] {
            let error = long_form(written).unwrap_err();
            assert!(
                error.ends_with(&format!("write `{hint}`")),
                "{written:?}: {error}"
            );
            assert!(long_form(hint).is_ok(), "{hint}");
        }
    }

    #[test]
    fn errors_tell_which_rule_was_broken() {
        for (written, rule) in [
            ("article.find", "starts with its kind"),
            ("apis::article.find", "unknown kind `apis`"),
            ("api::article", "`.action` is missing"),
            ("api::a.b.c.d", "too many segments"),
            ("api::Article.find", "`Article` is not a name"),
            ("api::article.b*d.find", "`b*d` is not a controller"),
            ("api::article.find-one", "`find-one` is not an action name"),
        ] {
            let error = long_form(written).unwrap_err();
            assert!(error.contains(rule), "{written:?}: {error}");
        }
    }

    #[test]
    fn the_long_form_fits_its_column() {
        let name = "n".repeat(122);
        assert_eq!(long_form(&format!("api::{name}.find")).unwrap().len(), 255);
        let error = long_form(&format!("api::{name}n.find")).unwrap_err();
        assert!(error.contains("257 characters"), "{error}");
    }
}
