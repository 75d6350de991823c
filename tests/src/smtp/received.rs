//! Mails as they came in.

use std::time::Instant;

use mail_parser::MessageParser;

/// A mail as it came in.
#[derive(Debug, Clone)]
pub struct Received {
    /// What the client called itself.
    pub hello: String,
    /// Argument of `MAIL FROM`.
    pub mail_from: String,
    /// Arguments of `RCPT TO`.
    pub rcpt_to: Vec<String>,
    /// User and password, where the client signed in.
    pub login: Option<(String, String)>,
    /// The connection was encrypted.
    pub encrypted: bool,
    /// The message without dot-stuffing.
    pub raw: String,
    /// When it was complete.
    pub at: Instant,
}

impl Received {
    /// A header, decoded and unfolded; empty when there is none.
    pub fn header(&self, name: &str) -> String {
        let message = self.parse();
        let header = message
            .headers_raw()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        header
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    }

    /// Number of headers of this name.
    pub fn headers(&self, name: &str) -> usize {
        self.parse()
            .headers_raw()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .count()
    }

    /// The subject, decoded.
    pub fn subject(&self) -> String {
        self.parse().subject().unwrap_or_default().to_owned()
    }

    /// The text part, decoded.
    pub fn text(&self) -> String {
        self.parse()
            .body_text(0)
            .unwrap_or_default()
            .replace("\r\n", "\n")
    }

    /// The HTML part, decoded.
    pub fn html(&self) -> String {
        self.parse()
            .body_html(0)
            .unwrap_or_default()
            .replace("\r\n", "\n")
    }

    fn parse(&self) -> mail_parser::Message<'_> {
        MessageParser::default()
            .parse(self.raw.as_bytes())
            .expect("a message")
    }
}
