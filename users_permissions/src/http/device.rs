//! Where a request comes from, as far as it says so.

use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use serde_json::Value;

use super::body::Fields;
use super::refresh_cookie;
use crate::config::{Config, JwtManagement};
use crate::error::{Error, Result};
use crate::model::Device;

/// Longest device id that is kept.
const MAX_ID: usize = 128;
/// Asks for the refresh token in a cookie; Strapi's name, and the one value it minds.
const COOKIE_HEADER: &str = "x-strapi-refresh-cookie";

/// The device of a request that signs in.
///
/// # Errors
/// Forbidden, as [`wants_cookie`] says.
pub(super) fn device(req: &HttpRequest, config: &Config, id: Option<String>) -> Result<Device> {
    let agent = req.headers().get(USER_AGENT);
    Ok(Device {
        id,
        name: agent.and_then(|agent| name(agent.to_str().ok()?)),
        in_cookie: wants_cookie(req, config)?,
    })
}

/// Is the refresh token to be kept from scripts? There are none without sessions.
///
/// # Errors
/// Forbidden where somebody else's page asks: it may not give its visitors a session, not even its own.
pub(super) fn wants_cookie(req: &HttpRequest, config: &Config) -> Result<bool> {
    let asked = req.headers().get(COOKIE_HEADER);
    let has_sessions = config.jwt_management == JwtManagement::Refresh;
    let wants = config.sessions.http_only || asked.is_some_and(|value| value == "httpOnly");
    if !(has_sessions && wants) {
        return Ok(false);
    }
    refresh_cookie::check_origin(req, config)?;
    Ok(true)
}

/// The `deviceId` of a body; one that is no text is ignored, as Strapi does.
pub(super) fn device_id(fields: &Fields) -> Result<Option<String>> {
    let Some(Value::String(id)) = fields.get("deviceId") else {
        return Ok(None);
    };
    if id.chars().count() > MAX_ID {
        let message = format!("deviceId must be at most {MAX_ID} characters");
        return Err(Error::field("deviceId", message));
    }
    if id.chars().any(char::is_control) {
        return Err(Error::field(
            "deviceId",
            "deviceId contains characters that are not allowed",
        ));
    }
    Ok(Some(id.clone()).filter(|id| !id.is_empty()))
}

/// What stands in a user agent, and what it is called; the first that is found, since browsers name those
/// they descend from as well.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("PostmanRuntime/", "Postman"),
    ("curl/", "curl"),
];
const SYSTEMS: [(&str, &str); 8] = [
    ("Windows", "Windows"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// `Firefox on Linux`; for display only, so that a handful of names will do, and nothing of what was sent
/// is repeated.
fn name(agent: &str) -> Option<String> {
    let find = |names: &[(&str, &'static str)]| {
        let mut names = names.iter();
        names.find_map(|(mark, name)| agent.contains(mark).then_some(*name))
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(name), None) | (None, Some(name)) => Some(name.to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_called_by_browser_and_system() {
        for (agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                Some("Firefox on Linux"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                Some("Edge on Windows"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                Some("Safari on iOS"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
                Some("Chrome on Android"),
            ),
            ("curl/8.5.0", Some("curl")),
            ("<script>alert(1)</script>", None),
            ("", None),
        ] {
            assert_eq!(name(agent).as_deref(), expected, "{agent}");
        }
    }

    #[test]
    fn device_ids_are_short_texts() {
        let read = |value: Value| device_id(&Fields::from_iter([("deviceId".to_owned(), value)]));
        assert_eq!(read("é".repeat(128).into()).unwrap(), Some("é".repeat(128)));
        assert_eq!(read("".into()).unwrap(), None);
        for ignored in [Value::from(5), Value::Null, Value::Array(Vec::new())] {
            assert_eq!(read(ignored).unwrap(), None);
        }
        for bad in ["x".repeat(129), "a\0b".to_owned(), "a\nb".to_owned()] {
            assert!(read(bad.into()).is_err());
        }
    }
}
