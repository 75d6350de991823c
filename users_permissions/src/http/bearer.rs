//! The `Authorization` header (RFC 6750, section 2.1), read as leniently as Strapi does.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};

/// What the header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bearer<'a> {
    /// No header, or another scheme: the caller is the public.
    Absent,
    /// The scheme is `Bearer` and what follows is not one token.
    Malformed,
    /// One token, unverified.
    Token(&'a str),
}

pub(super) fn bearer(headers: &HeaderMap) -> Bearer<'_> {
    match headers.get(AUTHORIZATION) {
        None => Bearer::Absent,
        Some(value) => parse(value.as_bytes()),
    }
}

fn parse(value: &[u8]) -> Bearer<'_> {
    const SCHEME: &[u8] = b"bearer";
    let value = value.trim_ascii();
    let Some((scheme, rest)) = value.split_at_checked(SCHEME.len()) else {
        return Bearer::Absent;
    };
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Bearer::Absent;
    }
    match rest.first() {
        None => return Bearer::Malformed,
        // A longer word that merely begins like ours.
        Some(byte) if !byte.is_ascii_whitespace() => return Bearer::Absent,
        Some(_) => {}
    }
    match std::str::from_utf8(rest.trim_ascii_start()) {
        Ok(token) if is_graphic(token) && !token.is_empty() => Bearer::Token(token),
        _ => Bearer::Malformed,
    }
}

/// Without a way out in between, so that many bytes are looked at in one step.
fn is_graphic(text: &str) -> bool {
    text.bytes()
        .fold(true, |all, byte| all & byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_in_every_spelling() {
        for value in [
            "Bearer a.b.c",
            "bearer a.b.c",
            "BEARER a.b.c",
            "Bearer  a.b.c",
            "Bearer\ta.b.c",
            " Bearer a.b.c ",
        ] {
            assert_eq!(parse(value.as_bytes()), Bearer::Token("a.b.c"), "{value:?}");
        }
    }

    #[test]
    fn other_schemes_are_no_token_and_broken_ones_are_not_the_public() {
        for value in ["", "a.b.c", "Basic Zm9v", "Token a.b.c", "Bearerx a.b.c"] {
            assert_eq!(parse(value.as_bytes()), Bearer::Absent, "{value:?}");
        }
        for value in [
            &b"Bearer"[..],
            b"Bearer ",
            b"Bearer a b",
            b"Bearer \xff\xfe",
            b"bearer a.b.c extra",
        ] {
            assert_eq!(parse(value), Bearer::Malformed, "{value:?}");
        }
    }
}
