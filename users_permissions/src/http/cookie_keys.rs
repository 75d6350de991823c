//! Several keys for one cookie: what a former key has sealed is sealed by the present one before anybody
//! reads it, for the session middleware knows one key.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, CookieJar, Key};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use actix_web::middleware::Next;

use super::worker::Worker;
use crate::services::{CookieKeys, Services};

/// The key that seals.
pub(crate) fn present_key(keys: &CookieKeys) -> Key {
    match keys.all().first() {
        Some(bytes) => Key::from(bytes),
        // There always is one; without it nobody's cookie is read.
        None => Key::generate(),
    }
}

/// Passes a request on with its cookie under the present key.
pub(crate) async fn pass<B: MessageBody>(
    mut req: ServiceRequest,
    next: Next<B>,
    name: fn(&Services) -> &'static str,
    keys: fn(&Services) -> &CookieKeys,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let shared = Worker::of(req.request()).map(|worker| Arc::clone(&worker.shared));
    // Without the plugin's middleware the handler says so.
    if let Ok(shared) = shared {
        let services = &shared.services;
        if let Some((_, former @ [_, ..])) = keys(services).all().split_first() {
            let present = present_key(keys(services));
            renew(req.headers_mut(), name(services), &present, former);
        }
    }
    next.call(req).await
}

/// Seals the cookie of this name anew, where a former key opens it.
fn renew(headers: &mut HeaderMap, name: &str, present: &Key, former: &[[u8; 64]]) {
    let all: Vec<_> = headers.get_all(COOKIE).cloned().collect();
    let renewed: Option<Vec<_>> = all
        .iter()
        .map(|header| renewed(header, name, present, former))
        .collect();
    // A header that cannot be read is left to those who read it.
    let Some(renewed) = renewed.filter(|renewed| *renewed != all) else {
        return;
    };
    headers.remove(COOKIE);
    for header in renewed {
        headers.append(COOKIE, header);
    }
}

fn renewed(
    header: &HeaderValue,
    name: &str,
    present: &Key,
    former: &[[u8; 64]],
) -> Option<HeaderValue> {
    let parts = header.to_str().ok()?.split(';').map(str::trim);
    let parts: Vec<String> = parts
        .map(|part| sealed_anew(part, name, present, former).unwrap_or_else(|| part.to_owned()))
        .collect();
    HeaderValue::from_str(&parts.join("; ")).ok()
}

fn sealed_anew(part: &str, name: &str, present: &Key, former: &[[u8; 64]]) -> Option<String> {
    let cookie = Cookie::parse_encoded(part.to_owned()).ok()?;
    if cookie.name() != name || opened(&cookie, present).is_some() {
        return None;
    }
    let opened = former
        .iter()
        .find_map(|key| opened(&cookie, &Key::from(key)))?;
    let mut jar = CookieJar::new();
    jar.private_mut(present).add(opened);
    let sealed = jar.get(name)?;
    Some(sealed.encoded().stripped().to_string())
}

fn opened(cookie: &Cookie<'static>, key: &Key) -> Option<Cookie<'static>> {
    let mut jar = CookieJar::new();
    jar.add_original(cookie.clone());
    jar.private(key).get(cookie.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(name: &str, value: &str, key: &[u8; 64]) -> String {
        let mut jar = CookieJar::new();
        let cookie = Cookie::new(name.to_owned(), value.to_owned());
        jar.private_mut(&Key::from(key)).add(cookie);
        jar.get(name).unwrap().encoded().stripped().to_string()
    }

    fn read(header: &HeaderValue, name: &str, key: &[u8; 64]) -> Option<String> {
        let parts = header.to_str().unwrap().split("; ");
        let cookies = parts.map(|part| Cookie::parse_encoded(part.to_owned()).unwrap());
        let cookie = cookies.into_iter().find(|cookie| cookie.name() == name)?;
        opened(&cookie, &Key::from(key)).map(|cookie| cookie.value().to_owned())
    }

    #[test]
    fn what_a_former_key_has_sealed_is_read_by_the_present_one() {
        let (new, old, lost) = ([1; 64], [2; 64], [3; 64]);
        let text = format!("a=1; {}; b=2", sealed("up", "me & you", &old));
        let header = HeaderValue::from_str(&text).unwrap();
        let present = Key::from(&new);
        let found = renewed(&header, "up", &present, &[old]).unwrap();
        assert_eq!(read(&found, "up", &new).as_deref(), Some("me & you"));
        let text = found.to_str().unwrap();
        assert!(
            text.starts_with("a=1; up=") && text.ends_with("; b=2"),
            "{text}"
        );
        // What is present stays, and what nobody opens, and what is called otherwise.
        for header in [&found, &header] {
            assert_eq!(
                renewed(header, "other", &present, &[old]).as_ref(),
                Some(header)
            );
        }
        assert_eq!(renewed(&found, "up", &present, &[old]), Some(found));
        assert_eq!(renewed(&header, "up", &present, &[lost]), Some(header));
    }
}
