//! The `Authorization` header (RFC 6750, section 2.1), read as leniently as Strapi does.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};

/// What stands for the token after the scheme, as it came; `None` without the header or with another
/// scheme: the caller is the public.
#[inline]
pub(super) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    // Without a token: to compare the few names there are is cheaper than to hash one.
    if !headers.keys().any(|name| *name == AUTHORIZATION) {
        return None;
    }
    parse(headers.get(AUTHORIZATION)?.as_bytes())
}

fn parse(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer";
    // As clients write it: nothing to trim, no case to fold.
    if let Some(token @ [first, .., last]) = value.strip_prefix(b"Bearer ")
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return Some(token);
    }
    let (scheme, rest) = value.trim_ascii().split_at_checked(SCHEME.len())?;
    // A longer word that merely begins like ours is another scheme.
    let is_ours = scheme.eq_ignore_ascii_case(SCHEME)
        && rest.first().is_none_or(|byte| byte.is_ascii_whitespace());
    is_ours.then(|| rest.trim_ascii_start())
}

/// The token, if it is one. A token that was verified before need not be looked at again.
pub(super) fn read(token: &[u8]) -> Option<&str> {
    let is_token = !token.is_empty() && token.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(token).ok().filter(|_| is_token)
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
            "Bearer a.b.c ",
            "Bearer\ta.b.c",
            " Bearer a.b.c ",
        ] {
            let token = parse(value.as_bytes()).and_then(read);
            assert_eq!(token, Some("a.b.c"), "{value:?}");
        }
    }

    #[test]
    fn other_schemes_are_no_token_and_broken_ones_are_not_the_public() {
        for value in ["", "a.b.c", "Basic Zm9v", "Token a.b.c", "Bearerx a.b.c"] {
            assert_eq!(parse(value.as_bytes()), None, "{value:?}");
        }
        for value in [
            &b"Bearer"[..],
            b"Bearer ",
            b"Bearer a b",
            b"Bearer \xff\xfe",
            b"bearer a.b.c extra",
        ] {
            assert_eq!(parse(value).map(read), Some(None), "{value:?}");
        }
    }
}
