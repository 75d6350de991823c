//! Where in HTML a value of a template stands.

/// Follows whether the text has come into a tag, a style sheet, a script or a comment.
#[derive(Debug, Default)]
pub(super) struct Markup {
    in_tag: bool,
    /// Opened and not closed yet, of each of [`RAW`].
    raw: [usize; 3],
}

/// What is no text though it stands between tags.
const RAW: [(&str, &str); 3] = [
    ("<style", "</style"),
    ("<script", "</script"),
    ("<!--", "-->"),
];

impl Markup {
    /// Reads on.
    pub(super) fn follow(&mut self, plain: &str) {
        // Wrong in favour of caution: a `<` that opens no tag counts as one.
        if let Some(last) = plain.rfind(['<', '>']) {
            self.in_tag = plain.get(last..).is_some_and(|rest| rest.starts_with('<'));
        }
        let lower = plain.to_ascii_lowercase();
        for ((open, close), depth) in RAW.iter().zip(&mut self.raw) {
            *depth =
                (*depth + lower.matches(open).count()).saturating_sub(lower.matches(close).count());
        }
    }

    /// Is this a place for text?
    pub(super) fn is_text(&self) -> bool {
        !self.in_tag && self.raw == [0; 3]
    }
}

#[cfg(test)]
mod tests {
    use super::Markup;

    #[test]
    fn only_text_between_tags_is_text() {
        for (html, is_text) in [
            ("", true),
            ("<p>", true),
            ("<p", false),
            ("<a href=\"", false),
            ("<a href=\"x\">y</a>", true),
            ("<style>", false),
            ("<STYLE>p{}</style>", true),
            ("<script>a > b", false),
            ("<!-- a <b> ", false),
            ("<!-- a --><b>", true),
        ] {
            let mut markup = Markup::default();
            markup.follow(html);
            assert_eq!(markup.is_text(), is_text, "{html}");
        }
    }
}
