//! The text part of a mail, made from its HTML.

use html2text::render::{TaggedLine, TextDecorator};

/// No line is broken: links must stay whole, and mail programs wrap by themselves.
const WIDTH: usize = 100_000;

/// The HTML as plain text, links written out behind their words: `words <https://…>`.
pub(super) fn from_html(html: &str) -> Result<String, html2text::Error> {
    let text = html2text::config::with_decorator(Plain::default())
        .raw_mode(true)
        .no_table_borders()
        .string_from_read(html.as_bytes(), WIDTH)?;
    Ok(text.trim().to_owned())
}

/// Writes nothing but links.
#[derive(Debug, Clone, Default)]
struct Plain {
    link: String,
}

impl TextDecorator for Plain {
    type Annotation = ();

    fn decorate_link_start(&mut self, url: &str) -> (String, ()) {
        self.link = url.to_owned();
        (String::new(), ())
    }

    fn decorate_link_end(&mut self) -> String {
        format!(" <{}>", self.link)
    }

    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_em_end(&self) -> String {
        String::new()
    }

    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_strong_end(&self) -> String {
        String::new()
    }

    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }

    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_code_end(&self) -> String {
        String::new()
    }

    fn decorate_preformat_first(&self) {}

    fn decorate_preformat_cont(&self) {}

    fn decorate_image(&mut self, _: &str, title: &str) -> (String, ()) {
        (title.to_owned(), ())
    }

    fn header_prefix(&self, _: usize) -> String {
        String::new()
    }

    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }

    fn unordered_item_prefix(&self) -> String {
        "- ".to_owned()
    }

    fn ordered_item_prefix(&self, number: i64) -> String {
        format!("{number}. ")
    }

    fn finalise(&mut self, _: Vec<String>) -> Vec<TaggedLine<()>> {
        Vec::new()
    }

    fn make_subblock_decorator(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::from_html;

    #[test]
    fn links_are_written_out_and_stay_whole() {
        let url = format!("https://app.example/reset?code={}", "a".repeat(200));
        let text = from_html(&format!(
            "<p>Hi,</p><p><a href=\"{url}\">Choose</a> one.</p>"
        ))
        .unwrap();
        assert_eq!(text, format!("Hi,\n\nChoose <{url}> one."));
    }

    #[test]
    fn tables_and_rules_stay_small() {
        let text = from_html(
            "<style>p{color:red}</style><table><tr><td>one</td><td>two</td></tr></table><hr><ul><li>x</ul><script>y()</script><!-- z -->",
        )
        .unwrap();
        assert_eq!(text, "one\ntwo\n- x");
    }

    #[test]
    fn escaped_text_comes_back_as_it_was() {
        let text =
            from_html("<p>&lt;a href=//evil&gt;Pay&lt;/a&gt; &amp; &#39;x&#39;</p>").unwrap();
        assert_eq!(text, "<a href=//evil>Pay</a> & 'x'");
    }
}
