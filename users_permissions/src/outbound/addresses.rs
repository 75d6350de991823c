//! Which addresses the plugin connects to. Judged are addresses, right before the connection, and not
//! names: a name may mean another address the next time it is asked for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::config::{Config, Environment};

/// Who may be asked, and how.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    /// Any host, at any address, over plain http too.
    all: bool,
    /// Hosts for which the same holds.
    allowed: Vec<String>,
}

impl Reach {
    pub(super) fn new(config: &Config) -> Self {
        let allowed = config.allow_private_hosts.iter();
        Self {
            all: config.environment == Environment::Development,
            allowed: allowed.map(|host| plain(host)).collect(),
        }
    }

    /// May this host have a private address and speak plain http?
    pub(super) fn is_free(&self, host: &str) -> bool {
        self.all || self.allowed.contains(&plain(host))
    }

    /// Why the URL may not be asked, as far as it tells by itself.
    pub(super) fn fault(&self, url: &Url) -> Option<&'static str> {
        let Some(host) = url.host() else {
            return Some("the URL has no host");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Some("the URL carries credentials");
        }
        let is_free = self.is_free(url.host_str().unwrap_or_default());
        match url.scheme() {
            "https" => {}
            "http" if is_free => {}
            _ => return Some("only https is allowed"),
        }
        // Names are looked at when they are resolved.
        let address: IpAddr = match host {
            Host::Domain(_) => return None,
            Host::Ipv4(address) => address.into(),
            Host::Ipv6(address) => address.into(),
        };
        (!is_free && !is_public(address)).then_some("the address is not public")
    }
}

/// One spelling of a host: lower case, no dot at its end, no brackets.
fn plain(host: &str) -> String {
    let host = host.trim().trim_end_matches('.');
    let host = host.strip_prefix('[').unwrap_or(host);
    host.strip_suffix(']').unwrap_or(host).to_ascii_lowercase()
}

/// Is this the address of a host on the internet?
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Not one of the IANA registry of special addresses (RFC 6890).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _)
    );
    !special
}

/// Global unicast, and of what carries an IPv4 address only what carries a public one.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // Mapped, and translated (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            inner(high, low)
        }
        // 6to4.
        [0x2002, high, low, ..] => inner(high, low),
        // Protocol assignments with Teredo, and documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn production(allowed: &[&str]) -> Reach {
        let mut config = Config::new("sqlite://:memory:");
        config.environment = Environment::Production;
        config.allow_private_hosts = allowed.iter().map(|host| (*host).to_owned()).collect();
        Reach::new(&config)
    }

    fn fault(reach: &Reach, url: &str) -> Option<&'static str> {
        reach.fault(&Url::parse(url).unwrap())
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:169.254.169.254",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        let reach = production(&[]);
        for url in [
            "https://127.0.0.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://127.1/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "http://idp.example/",
            "ftp://idp.example/",
            "https://user@idp.example/",
            "https://user:word@idp.example/",
            "file:///etc/passwd",
        ] {
            assert!(fault(&reach, url).is_some(), "{url}");
        }
        assert_eq!(fault(&reach, "https://idp.example/keys"), None);
    }

    #[test]
    fn listed_hosts_and_development_are_free() {
        let reach = production(&["IdP.internal", "10.0.0.7", "[::1]"]);
        for url in [
            "http://idp.internal:8080/",
            "https://idp.internal./",
            "http://10.0.0.7/",
            "http://[::1]/",
        ] {
            assert_eq!(fault(&reach, url), None, "{url}");
        }
        assert!(fault(&reach, "http://10.0.0.8/").is_some());
        assert!(fault(&reach, "http://other.internal/").is_some());
        let development = Reach::new(&Config::new("sqlite://:memory:"));
        assert_eq!(fault(&development, "http://127.0.0.1:9/"), None);
        assert!(fault(&development, "file:///etc/passwd").is_some());
    }
}
