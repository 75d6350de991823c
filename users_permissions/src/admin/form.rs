//! What a form or a query string says.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, BytesMut};
use futures_util::StreamExt as _;

use crate::error::{Error, Result};

/// Bytes of a form: a page of two thousand actions and several roles fits.
const LIMIT: usize = 512 * 1024;

/// Does what somebody looks for stand in one of these texts, whatever its case?
pub(super) fn finds(wanted: &str, texts: &[&str]) -> bool {
    let wanted = wanted.to_lowercase();
    texts
        .iter()
        .any(|text| text.to_lowercase().contains(&wanted))
}

/// Names and values in their order; a name may come several times.
#[derive(Debug, Clone, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads urlencoded text.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(bytes);
        Self(
            pairs
                .map(|(key, value)| (key.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Reads the body of a request.
    pub(super) async fn read(req: &HttpRequest, mut payload: web::Payload) -> Result<Self> {
        let media_type = req
            .headers()
            .get(CONTENT_TYPE)
            .map(|value| value.as_bytes());
        let is_form = |value: &[u8]| value.starts_with(b"application/x-www-form-urlencoded");
        if !media_type.is_some_and(is_form) {
            return Err(Error::UnsupportedMediaType);
        }
        let mut bytes = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Error::Syntax("the body ended early".to_owned()))?;
            if bytes.len() + chunk.len() > LIMIT {
                return Err(Error::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Self::parse(&bytes))
    }

    /// The first value of a name; empty without one.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// As [`text`](Self::text), without spaces around it; `None` when nothing is left.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        Some(self.text(name).trim()).filter(|text| !text.is_empty())
    }

    /// Every value of a name.
    pub(super) fn all<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Was a box ticked, or a button pressed?
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// A number; `None` for anything else.
    pub(super) fn number(&self, name: &str) -> Option<i32> {
        id(self.text(name))
    }
}

/// An id in its one spelling.
pub(super) fn id(text: &str) -> Option<i32> {
    let number: i32 = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}
