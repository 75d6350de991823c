//! Which pages of front ends a login may return to (RFC 9700, section 4.1).

use std::fmt;
use std::sync::Arc;

use url::Url;

/// Where somebody asks to be sent, for
/// [`callback_validator`](crate::Builder::callback_validator): the URL, and the name of the provider.
type Ask = Arc<dyn Fn(&str, &str) -> Result<(), String> + Send + Sync>;

/// The rule: the application's, or that one of the listed URLs is meant.
#[derive(Clone, Default)]
pub(crate) struct CallbackRule(Option<Ask>);

impl CallbackRule {
    pub(crate) fn new(
        ask: impl Fn(&str, &str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(ask)))
    }

    /// May a login with the provider return to this URL? Its query is its own affair.
    pub(crate) fn allows(&self, provider: &str, listed: &[String], asked: &str) -> bool {
        let Some(asked_url) = parse(asked) else {
            return false;
        };
        match &self.0 {
            Some(ask) => ask(asked, provider).is_ok(),
            None => listed
                .iter()
                .any(|entry| is_same_page(entry, asked, &asked_url)),
        }
    }
}

impl fmt::Debug for CallbackRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallbackRule")
            .field(&self.0.is_some())
            .finish()
    }
}

/// Is this a URL that may be listed?
pub(crate) fn is_callback(text: &str) -> bool {
    parse(text).is_some()
}

/// Where parsers disagree, or a reader is deceived, there is no URL.
fn parse(text: &str) -> Option<Url> {
    let plain = text.len() <= 2_000
        && text
            .chars()
            .all(|c| c.is_ascii_graphic() && !"\"'<>\\`{}|^#".contains(c));
    let (scheme, rest) = text.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c));
    let harmful = matches!(
        scheme,
        "javascript" | "data" | "file" | "blob" | "vbscript" | "about" | "ws" | "wss" | "ftp"
    );
    if !plain || !is_scheme || harmful {
        return None;
    }
    let address = rest.split('?').next().unwrap_or_default();
    let (authority, path) = match address.split_once('/') {
        Some((authority, path)) => (authority, path),
        None => (address, ""),
    };
    let has_dots = path.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        segment == "." || segment == ".."
    });
    if authority.is_empty() || authority.contains(['@', '%']) || has_dots {
        return None;
    }
    let url = Url::parse(text).ok()?;
    // The parser must have read the host as it is written.
    let host = url.host_str()?;
    let written = authority
        .rsplit_once(':')
        .map_or(authority, |(host, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) {
                host
            } else {
                authority
            }
        });
    (host.eq_ignore_ascii_case(written)).then_some(url)
}

/// Scheme, host, port and path are equal; of other schemes than http(s) all that stands before the query.
fn is_same_page(entry: &str, asked: &str, asked_url: &Url) -> bool {
    let Some(url) = parse(entry) else {
        return false;
    };
    if !matches!(url.scheme(), "http" | "https") {
        let before_query = |text: &'_ str| text.split('?').next().map(str::to_owned);
        return before_query(entry) == before_query(asked);
    }
    url.scheme() == asked_url.scheme()
        && url.host_str() == asked_url.host_str()
        && url.port_or_known_default() == asked_url.port_or_known_default()
        && url.path() == asked_url.path()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(listed: &[&str], asked: &str) -> bool {
        let listed: Vec<_> = listed.iter().map(|entry| (*entry).to_owned()).collect();
        CallbackRule::default().allows("github", &listed, asked)
    }

    #[test]
    fn the_listed_page_with_any_query_is_allowed() {
        let listed = [
            "https://front.example/cb",
            "http://localhost:3000/connect",
            "myapp://login/done",
        ];
        for good in [
            "https://front.example/cb",
            "https://front.example/cb?mine=1&x=/../",
            "https://front.example:443/cb",
            "http://localhost:3000/connect",
            "myapp://login/done?x=1",
        ] {
            assert!(allows(&listed, good), "{good}");
        }
    }

    #[test]
    fn whatever_only_looks_like_it_is_refused() {
        for bad in [
            "https://front.example@evil/cb",
            "https://u:p@front.example/cb",
            "https://front.example.evil/cb",
            "https://evil/front.example/cb",
            "https:\\\\front.example\\cb",
            "//evil/cb",
            "/\\evil",
            "/cb",
            "cb",
            "",
            "http://front.example/cb",
            "https://front.example:8443/cb",
            "https://front.example./cb",
            "https://front%2eexample/cb",
            "https://front.example/%2e/cb",
            "https://front.example/x/%2e%2E/cb",
            "https://front.example/cb/../x",
            "https://front.example/./cb",
            "https://front.example/cb/",
            "https://front.example/CB",
            "https://front.example/cb#frag",
            "https:front.example/cb",
            "https:/front.example/cb",
            "https:///front.example/cb",
            "HTTPS://front.example/cb",
            "javascript://front.example/cb",
            "data://front.example/cb",
            "data:text/html,x",
            "otherapp://front.example/cb",
            "https://front.example/cb\t",
            "https://front.exa\r\nmple/cb",
            "https://front.example/\0cb",
            "https://frönt.example/cb",
            "https://xn--front-.example/cb",
            "https://xn--front.example-.com/cb",
            "https://[::1]/cb",
            "https://front.example/c%62",
        ] {
            assert!(!allows(&["https://front.example/cb"], bad), "{bad:?}");
        }
        for bad in [
            "evil://any/x",
            "javascript://z/x",
            "myapp://login/done/",
            "myapp://login/DONE",
            "myapp://other/done",
        ] {
            assert!(!allows(&["myapp://login/done"], bad), "{bad:?}");
        }
    }

    #[test]
    fn a_rule_of_the_application_sees_plain_urls_only() {
        let rule = CallbackRule::new(|url, provider| {
            match url.starts_with("https://my.example/") && provider == "github" {
                true => Ok(()),
                false => Err("no".to_owned()),
            }
        });
        assert!(rule.allows("github", &[], "https://my.example/any"));
        assert!(!rule.allows("google", &[], "https://my.example/any"));
        assert!(!rule.allows("github", &[], "https://my.example/any/../x"));
        assert!(!rule.allows("github", &[], "https://my.example/\\evil"));
    }
}
