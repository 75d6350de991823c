//! The template language of mails: text and `<%= NAME %>`, nothing else. What is validated is what is
//! rendered, one tree for both.

use std::fmt;

use super::markup::Markup;
use crate::model::MailKind;

/// Where a template stands; decides which names it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The subject: one line of plain text that mail servers log, so codes have no place in it.
    Subject,
    /// The message: HTML.
    Message,
}

/// A name a template may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    Url,
    ServerUrl,
    AdminUrl,
    Username,
    Email,
    Code,
    Provider,
}

impl Variable {
    const ALL: [Self; 7] = [
        Self::Url,
        Self::ServerUrl,
        Self::AdminUrl,
        Self::Username,
        Self::Email,
        Self::Code,
        Self::Provider,
    ];

    /// A character of private use that stands for it while HTML becomes text.
    fn mark(self) -> char {
        char::from_u32(FIRST_MARK + self as u32).unwrap_or_default()
    }

    fn marked(mark: char) -> Option<Self> {
        let is_private = PRIVATE_USE.contains(&mark);
        Self::ALL
            .into_iter()
            .find(|variable| is_private && variable.mark() == mark)
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "URL" => Self::Url,
            "SERVER_URL" => Self::ServerUrl,
            "ADMIN_URL" => Self::AdminUrl,
            "USER" | "USER.username" => Self::Username,
            "USER.email" => Self::Email,
            // Each mail has one code; Strapi calls it by another name in each.
            "CODE" | "TOKEN" => Self::Code,
            "PROVIDER" => Self::Provider,
            _ => return None,
        })
    }

    /// Has this kind of mail a value for it?
    fn is_known_to(self, kind: MailKind) -> bool {
        match self {
            Self::Code => kind.carries_code(),
            Self::Provider => kind == MailKind::ProviderLinked,
            _ => true,
        }
    }

    /// May somebody who registers choose the value?
    fn is_of_a_stranger(self) -> bool {
        matches!(self, Self::Username | Self::Email)
    }
}

/// What the names stand for in one mail.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) url: &'a str,
    pub(crate) server_url: &'a str,
    pub(crate) admin_url: &'a str,
    pub(crate) username: &'a str,
    pub(crate) email: &'a str,
    pub(crate) code: &'a str,
    pub(crate) provider: &'a str,
}

impl<'a> Values<'a> {
    fn get(&self, variable: Variable) -> &'a str {
        match variable {
            Variable::Url => self.url,
            Variable::ServerUrl => self.server_url,
            Variable::AdminUrl => self.admin_url,
            Variable::Username => self.username,
            Variable::Email => self.email,
            Variable::Code => self.code,
            Variable::Provider => self.provider,
        }
    }
}

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateError {
    line: usize,
    column: usize,
    reason: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            reason,
        } = self;
        write!(f, "line {line} column {column}: {reason}")
    }
}

impl std::error::Error for TemplateError {}

/// A template that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Variable),
}

/// Characters that no template may hold, since they stand for variables.
const PRIVATE_USE: std::ops::RangeInclusive<char> = '\u{e000}'..='\u{f8ff}';
const FIRST_MARK: u32 = 0xe000;
const OPEN: &str = "<%";
const CLOSE: &str = "%>";
/// Beginnings of other template languages: refused, so that nobody believes they mean something.
const FOREIGN: [&str; 3] = ["${", "{{", "#{"];

impl Template {
    /// Reads a template of a kind of mail.
    pub(crate) fn parse(kind: MailKind, place: Place, text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut at = 0;
        let mut markup = Markup::default();
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let end = rest.find(OPEN).unwrap_or(rest.len());
            let plain = rest.get(..end).unwrap_or_default();
            check_plain(text, at, plain, place)?;
            markup.follow(plain);
            if !plain.is_empty() {
                pieces.push(Piece::Text(plain.to_owned()));
            }
            let Some(tag) = rest.get(end..).filter(|tag| !tag.is_empty()) else {
                break;
            };
            let fail = |reason: String| Err(error(text, at + end, reason));
            let Some((name, length)) = value_tag(tag) else {
                return fail("only <%= NAME %> may be written between <% and %>".to_owned());
            };
            let Some(variable) = Variable::named(name) else {
                return fail(format!("unknown variable `{}`", shown(name)));
            };
            if !variable.is_known_to(kind)
                || (variable == Variable::Code && place == Place::Subject)
            {
                return fail(format!("`{}` has no value here", shown(name)));
            }
            if place == Place::Message && !markup.is_text() && variable.is_of_a_stranger() {
                return fail(format!(
                    "`{}` must not stand in a tag, style sheet, script or comment",
                    shown(name)
                ));
            }
            pieces.push(Piece::Value(variable));
            markup.pass_value();
            at += end + length;
        }
        Ok(Self(pieces))
    }

    /// The template of the text part, made from this one of HTML. Values come into the text as they
    /// are, and no parser of HTML ever sees them (nor what it logs).
    pub(crate) fn text(&self) -> Result<Self, TemplateError> {
        let mut html = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => html.push_str(text),
                Piece::Value(variable) => html.push(variable.mark()),
            }
        }
        let text =
            super::text::from_html(&html).map_err(|reason| error("", 0, reason.to_string()))?;
        let mut pieces = vec![Piece::Text(String::new())];
        for c in text.chars() {
            match (Variable::marked(c), pieces.last_mut()) {
                (Some(variable), _) => pieces.push(Piece::Value(variable)),
                (None, Some(Piece::Text(text))) => text.push(c),
                (None, _) => pieces.push(Piece::Text(c.to_string())),
            }
        }
        Ok(Self(pieces))
    }

    /// The template with its values as they are, for plain text.
    pub(crate) fn plain(&self, values: &Values<'_>) -> String {
        self.render(values, |out, value| out.push_str(value))
    }

    /// The template with its values escaped, for HTML text and quoted attributes.
    pub(crate) fn html(&self, values: &Values<'_>) -> String {
        self.render(values, escape)
    }

    fn render(&self, values: &Values<'_>, mut write: impl FnMut(&mut String, &str)) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(variable) => write(&mut out, values.get(*variable)),
            }
        }
        out
    }
}

/// The name in a tag that begins the text, and the tag's length.
fn value_tag(tag: &str) -> Option<(&str, usize)> {
    let inner = tag.strip_prefix(OPEN)?.strip_prefix('=')?;
    let (name, _) = inner.split_once(CLOSE)?;
    Some((name.trim(), OPEN.len() + 1 + name.len() + CLOSE.len()))
}

fn check_plain(text: &str, at: usize, plain: &str, place: Place) -> Result<(), TemplateError> {
    let foreign = FOREIGN.iter().chain([&CLOSE]);
    let found = foreign.filter_map(|mark| Some((plain.find(mark)?, mark)));
    if let Some((offset, mark)) = found.min() {
        return Err(error(
            text,
            at + offset,
            format!("`{mark}` means nothing here"),
        ));
    }
    let control = |c: char| {
        let allowed = place == Place::Message && "\r\n\t".contains(c);
        (c.is_control() && !allowed) || PRIVATE_USE.contains(&c)
    };
    match plain.find(control) {
        Some(offset) => Err(error(
            text,
            at + offset,
            "a character that is not allowed".to_owned(),
        )),
        None => Ok(()),
    }
}

fn error(text: &str, at: usize, reason: String) -> TemplateError {
    let before = text.get(..at).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    TemplateError {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        reason,
    }
}

/// A name fit to be repeated in an error.
fn shown(name: &str) -> String {
    name.chars()
        .take(40)
        .map(|c| if c.is_ascii_graphic() { c } else { '?' })
        .collect()
}

/// Appends a value with what HTML would take for its own replaced; fit for text and quoted attributes.
pub(crate) fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'static> = Values {
        url: "https://app.example/reset",
        server_url: "https://api.example",
        admin_url: "https://api.example/admin",
        username: "<b>&amp;\u{e005}</b>",
        email: "ann@x.io",
        code: "c0de",
        provider: "google",
    };

    fn parse(text: &str) -> Result<Template, String> {
        let parsed = Template::parse(MailKind::ResetPassword, Place::Message, text);
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn one_tree_makes_both_parts() {
        let html = "<p>Hi <%= USER.username %>,</p>\n<p><a href=\"<%=URL%>?code=<%=  TOKEN %>\">go</a> & <%= USER.email %></p>";
        let template = parse(html).unwrap();
        assert_eq!(
            template.html(&VALUES),
            "<p>Hi &lt;b&gt;&amp;amp;\u{e005}&lt;/b&gt;,</p>\n<p><a href=\"https://app.example/reset?code=c0de\">go</a> & ann@x.io</p>"
        );
        let text = template.text().unwrap().plain(&VALUES);
        assert_eq!(
            text,
            "Hi <b>&amp;\u{e005}</b>,\n\ngo <https://app.example/reset?code=c0de> & ann@x.io"
        );
    }

    #[test]
    fn text_without_tags_is_itself() {
        for text in [
            "",
            "plain",
            "a < b % c > d",
            "100 %",
            "$5 {x} <%= URL %> = <p>",
        ] {
            let template = parse(text).unwrap();
            assert_eq!(
                template.plain(&VALUES),
                text.replace("<%= URL %>", VALUES.url)
            );
        }
    }

    #[test]
    fn hostile_templates_never_pass_and_places_are_always_told() {
        let pieces = [
            "<%",
            "%>",
            "<%=",
            " URL ",
            "USER.password",
            "${",
            "{{",
            "#{",
            "\n",
            "<a ",
            ">",
            "ä",
            "\u{e001}",
        ];
        let mut seen = 0;
        // Every word of four pieces.
        for word in 0..pieces.len().pow(4) {
            let text: String = (0..4u32)
                .filter_map(|place| pieces.get(word / pieces.len().pow(place) % pieces.len()))
                .copied()
                .collect();
            match parse(&text) {
                Ok(template) => {
                    let out = template.html(&VALUES);
                    assert!(
                        !out.contains("<%") && !out.contains("${") && !out.contains("{{"),
                        "{text}"
                    );
                }
                Err(error) => {
                    seen += 1;
                    assert!(error.starts_with("line "), "{error}");
                }
            }
        }
        assert!(seen > 10_000, "{seen}");
    }
}
