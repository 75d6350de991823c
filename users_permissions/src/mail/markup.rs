//! Where in HTML a value of a template stands.

/// Follows whether the text has come into a tag, a style sheet, a script or a comment, as browsers read it:
/// what stands in quotes neither ends nor opens anything.
#[derive(Debug, Default)]
pub(super) struct Markup {
    state: State,
    /// Of the present tag, as far as it was read.
    name: String,
    /// The last of all `<` and `>` was a `<`.
    opened: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// Behind `<`.
    Opening,
    /// Behind `</`.
    Closing,
    Name,
    BeforeAttribute,
    Attribute,
    AfterAttribute,
    BeforeValue,
    Unquoted,
    Quoted(char),
    /// Behind `<!`, and a `-` perhaps.
    Declaration {
        dash: bool,
    },
    /// What the next `>` ends.
    Other,
    /// Behind so many `-`; two end it.
    Comment(u8),
    /// Behind `--!` in a comment.
    AlmostEnded,
    /// In an element that its end tag alone ends, and so many characters of that.
    Raw(&'static str, usize),
}

/// Elements in which no tag is one, and how their end begins.
const RAW: [(&str, &str); 2] = [("style", "</style"), ("script", "</script")];

impl Markup {
    /// Reads on.
    pub(super) fn follow(&mut self, plain: &str) {
        for c in plain.chars() {
            self.state = self.after(c.to_ascii_lowercase());
            if matches!(c, '<' | '>') {
                self.opened = c == '<';
            }
        }
    }

    /// Passes a value, which reads like a letter: what could end or open something is escaped in it.
    pub(super) fn pass_value(&mut self) {
        self.follow("x");
    }

    /// Is this a place for text? Wrong in favour of caution: a `<` that opens no tag counts as one.
    pub(super) fn is_text(&self) -> bool {
        self.state == State::Text && !self.opened
    }

    fn after(&mut self, c: char) -> State {
        match (self.state, c) {
            (State::Text, '<') => State::Opening,
            (State::Text, _) => State::Text,
            (State::Opening, '/') => State::Closing,
            (State::Opening, '!') => State::Declaration { dash: false },
            (State::Opening, '?') => State::Other,
            (State::Opening, '<') => State::Opening,
            (State::Opening, 'a'..='z') => self.begin_name(c),
            (State::Opening, _) => State::Text,
            // The slash makes it the name of nothing that is raw.
            (State::Closing, 'a'..='z') => self.begin_name('/'),
            (State::Closing, '>') => State::Text,
            (State::Closing, _) => State::Other,
            (State::Other, '>') => State::Text,
            (State::Other, _) => State::Other,
            (State::Declaration { .. } | State::Comment(_) | State::AlmostEnded, _) => {
                comment_after(self.state, c)
            }
            (State::Raw(end, read), _) => raw_after(end, read, c),
            _ => self.tag_after(c),
        }
    }

    fn begin_name(&mut self, c: char) -> State {
        self.name.clear();
        self.name.push(c);
        State::Name
    }

    fn tag_after(&mut self, c: char) -> State {
        match (self.state, c) {
            (State::Quoted(quote), c) if c == quote => State::BeforeAttribute,
            (State::Quoted(_), _) => self.state,
            (_, '>') => self.content(),
            (State::BeforeValue, '"' | '\'') => State::Quoted(c),
            (State::BeforeValue, c) if c.is_ascii_whitespace() => State::BeforeValue,
            (State::BeforeValue, _) => State::Unquoted,
            (State::Unquoted, c) if !c.is_ascii_whitespace() => State::Unquoted,
            (State::Attribute | State::AfterAttribute, '=') => State::BeforeValue,
            (State::Attribute | State::AfterAttribute, c) if c.is_ascii_whitespace() => {
                State::AfterAttribute
            }
            (_, '/') => State::BeforeAttribute,
            (_, c) if c.is_ascii_whitespace() => State::BeforeAttribute,
            (State::Name, _) => {
                self.name.push(c);
                State::Name
            }
            // A quote here is a part of the name, and opens nothing.
            _ => State::Attribute,
        }
    }

    /// Where the end of a tag leads.
    fn content(&mut self) -> State {
        let name = std::mem::take(&mut self.name);
        let raw = RAW.iter().find(|(known, _)| *known == name);
        raw.map_or(State::Text, |&(_, end)| State::Raw(end, 0))
    }
}

fn comment_after(state: State, c: char) -> State {
    match (state, c) {
        (State::Declaration { dash: false }, '-') => State::Declaration { dash: true },
        // `<!-->` is over at once.
        (State::Declaration { dash: true }, '-') => State::Comment(2),
        (State::Declaration { .. } | State::Comment(2) | State::AlmostEnded, '>') => State::Text,
        (State::Declaration { .. }, _) => State::Other,
        (State::Comment(2), '!') => State::AlmostEnded,
        (State::Comment(dashes), '-') => State::Comment((dashes + 1).min(2)),
        (_, '-') => State::Comment(1),
        _ => State::Comment(0),
    }
}

fn raw_after(end: &'static str, read: usize, c: char) -> State {
    let next = end.as_bytes().get(read).copied().map(char::from);
    match next {
        Some(next) if next == c => State::Raw(end, read + 1),
        None if c == '>' => State::Text,
        None if c == '/' || c.is_ascii_whitespace() => State::BeforeAttribute,
        _ => State::Raw(end, usize::from(c == '<')),
    }
}

#[cfg(test)]
mod tests {
    use super::Markup;

    /// Whether text stands behind this, in which `@` stands for a value.
    fn is_text(html: &str) -> bool {
        let mut markup = Markup::default();
        for (place, plain) in html.split('@').enumerate() {
            if place > 0 {
                markup.pass_value();
            }
            markup.follow(plain);
        }
        markup.is_text()
    }

    #[test]
    fn only_text_between_tags_is_text() {
        for html in [
            "",
            "<p>",
            "<a href=\"x\">y</a>",
            "<STYLE>p{}</style>",
            "<!-- a --><b>",
            "<br/>",
            "<!doctype html>",
            "<p class=>",
            "<a href=@>",
            "@<a href=\"@\" title='@'>@",
        ] {
            assert!(is_text(html), "{html}");
        }
        for html in [
            "<",
            "<p",
            "</p",
            "<p ",
            "<a href=\"",
            "<a href=",
            "<a href=@ title=",
            "<style>",
            "<STYLE type=\"text/css\">",
            "<style/>",
            "<script>a > b",
            "<script></scripts>",
            "<!-- a <b> ",
            "1 < 2",
            "<@ ",
        ] {
            assert!(!is_text(html), "{html}");
        }
    }

    #[test]
    fn what_is_quoted_ends_and_opens_nothing() {
        for html in [
            "<a title=\"next >\">",
            "<a title='\"'>",
            "<a title=\"<!--\">",
            "<a title=\"<style>\">",
            // Quotes that open nothing.
            "<a title=x\">",
            "<a \">",
            "it's",
            "<!-- \" --> ",
            "<style>p:after{content:\"'</style>",
        ] {
            assert!(is_text(html), "{html}");
        }
        for html in [
            "<a title=\"next >\" href=\"",
            "<a title='next >' href=",
            "<a title = \"next >\" href=\"",
            "<a title=\"next >",
            "<a title=\"</style>\"><style>",
            "<a \"><i title=\">",
            "<a title=x\"><i title=\">",
            "</p title=\">",
            "<br/title='>",
            "<a title='>@",
        ] {
            assert!(!is_text(html), "{html}");
        }
    }

    #[test]
    fn what_is_over_is_over_before_the_next_begins() {
        for html in [
            "<!-->",
            "<!--->",
            "<!-- --!>",
            "<!-- <!-- -->",
            "--> <p>",
            "<style></style ><p>",
        ] {
            assert!(is_text(html), "{html}");
        }
        for html in [
            "--> <!-- ",
            "<!-- -- >",
            "<!-- --@>",
            "</style><style>",
            "<style></style x=\">",
            "<style></style</style ",
        ] {
            assert!(!is_text(html), "{html}");
        }
    }
}
