//! The cookie that keeps a refresh token from scripts, and who may use it: a browser sends it by itself,
//! so it is not told by the cookie that the application's own pages are asking.

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HOST, HeaderMap, HeaderValue, ORIGIN, SET_COOKIE};
use cookie::time::OffsetDateTime;
use cookie::{Cookie, Expiration};
use url::Url;

use crate::config::{Config, SameSite, Secret};
use crate::error::{Error, Result};

const FETCH_SITE: &str = "sec-fetch-site";

/// The refresh token of the request's cookie. Of two by this name one is somebody else's, from a neighbouring
/// domain or for another path, and nothing tells which: they are none.
pub(super) fn read(req: &HttpRequest, config: &Config) -> Option<Secret> {
    let name = config.sessions.cookie.name.as_str();
    let headers = req.headers().get_all(COOKIE);
    let mut found = headers
        .filter_map(|header| header.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(std::result::Result::ok)
        .filter(|cookie| cookie.name() == name && !cookie.value().is_empty());
    match (found.next(), found.next()) {
        (Some(one), None) => Some(Secret::from(one.value())),
        _ => None,
    }
}

/// Sets the cookie; it lasts as long as the browser is open, or as the token works.
pub(super) fn set(headers: &mut HeaderMap, config: &Config, token: &Secret) {
    write(headers, config, token.expose(), None);
}

/// Takes the cookie back.
pub(super) fn clear(headers: &mut HeaderMap, config: &Config) {
    write(headers, config, "", Some(OffsetDateTime::UNIX_EPOCH));
}

fn write(headers: &mut HeaderMap, config: &Config, value: &str, end: Option<OffsetDateTime>) {
    let options = &config.sessions.cookie;
    let mut cookie = Cookie::build((options.name.as_str(), value))
        .path(options.path.as_str())
        .http_only(true)
        .same_site(match options.same_site {
            SameSite::Strict => cookie::SameSite::Strict,
            SameSite::Lax => cookie::SameSite::Lax,
            SameSite::None => cookie::SameSite::None,
        })
        .secure(options.is_secure(config.environment));
    if let Some(domain) = &options.domain {
        cookie = cookie.domain(domain.as_str());
    }
    if let Some(end) = end {
        cookie = cookie.expires(Expiration::DateTime(end));
    }
    // Of characters that the configuration was checked for, and a token.
    if let Ok(value) = HeaderValue::from_str(&cookie.build().to_string()) {
        headers.append(SET_COOKIE, value);
    }
}

/// Refuses a request that a browser sends for a page of somebody else's. What is not sent says nothing: no
/// browser leaves out both.
pub(super) fn check_origin(req: &HttpRequest, config: &Config) -> Result<()> {
    let text = |name: &str| {
        let value = req.headers().get(name);
        value.map(|value| value.to_str().unwrap_or("unreadable"))
    };
    let (origin, site) = (text(ORIGIN.as_str()), text(FETCH_SITE));
    let host = text(HOST.as_str());
    let allowed = match (origin, site) {
        (Some(origin), _) => is_allowed(origin, host, config),
        (None, Some(site)) => matches!(site, "same-origin" | "none"),
        (None, None) => true,
    };
    if allowed {
        return Ok(());
    }
    tracing::warn!(target: "users_permissions::security", "a session cookie was sent or asked for by a foreign origin");
    Err(Error::Forbidden)
}

/// Is this one of the configured origins, or that of the application itself?
fn is_allowed(origin: &str, host: Option<&str>, config: &Config) -> bool {
    let trimmed = |url: &str| url.trim_end_matches('/').to_ascii_lowercase();
    if config.cors_origins.iter().any(|one| trimmed(one) == origin) {
        return true;
    }
    let Ok(public) = Url::parse(&config.public_url) else {
        return false;
    };
    if public.origin().ascii_serialization() == origin {
        return true;
    }
    // Under another name, or on another port, than the one links are built with.
    host.is_some_and(|host| {
        origin == format!("{}://{}", public.scheme(), host.to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn config() -> Config {
        let mut config = Config::new("sqlite://:memory:");
        config.public_url = "https://api.example.com/base".to_owned();
        config.cors_origins = vec!["https://app.example".to_owned()];
        config
    }

    #[test]
    fn pages_of_others_may_not_use_the_cookie() {
        let allowed = |headers: &[(&'static str, &str)]| {
            let mut req = TestRequest::default().insert_header(("host", "10.0.0.1:8080"));
            for header in headers {
                req = req.append_header(*header);
            }
            check_origin(&req.to_http_request(), &config()).is_ok()
        };
        for good in [
            &[][..],
            &[
                ("origin", "https://app.example"),
                ("sec-fetch-site", "cross-site"),
            ],
            &[
                ("origin", "https://api.example.com"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[("origin", "https://10.0.0.1:8080")],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(allowed(good), "{good:?}");
        }
        for bad in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "")],
            &[("origin", "https://app.example.evil")],
            &[("origin", "https://app.example:444")],
            &[("origin", "http://app.example")],
            &[("origin", "https://app.example/")],
            &[("origin", "http://api.example.com")],
            &[("origin", "http://10.0.0.1:8080")],
            &[
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "")],
        ] {
            assert!(!allowed(bad), "{bad:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let read = |text: &str| {
            let req = TestRequest::default().insert_header(("cookie", text));
            read(&req.to_http_request(), &config()).map(|token| token.expose().to_owned())
        };
        assert_eq!(
            read("a=b; strapi_up_refresh=x.y.z; c=d").as_deref(),
            Some("x.y.z")
        );
        for none in [
            "",
            "a=b",
            "strapi_up_refresh=",
            "Strapi_up_refresh=x",
            "strapi_up_refresh=x; strapi_up_refresh=y",
            "xstrapi_up_refresh=x",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
