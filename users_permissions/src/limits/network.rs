//! Whose request it is, as far as the network tells.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// The client's network: an IPv4 address, or the /64 of an IPv6 address, of which everybody has many.
///
/// The peer is the client, unless it is a trusted proxy: then it is the last hop of `forwarded`, the
/// parts of `X-Forwarded-For` in their order, that is no trusted proxy. What stands before that hop was
/// written by the client and says nothing. A local socket has no peer address and counts as loopback.
pub(crate) fn client_network<'a>(
    peer: Option<IpAddr>,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[IpNet],
) -> IpAddr {
    network_of(client_address(peer, forwarded, trusted))
}

/// The client's address, found as [`client_network`] tells.
pub(crate) fn client_address<'a>(
    peer: Option<IpAddr>,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[IpNet],
) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer
        .unwrap_or(IpAddr::V6(Ipv6Addr::LOCALHOST))
        .to_canonical();
    let mut hops = forwarded.rev();
    while is_trusted(&client) {
        match hops.next().and_then(hop) {
            Some(address) => client = address,
            // The proxy itself asks, or wrote what nobody can read.
            None => break,
        }
    }
    client
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = text
        .parse::<std::net::SocketAddr>()
        .map(|address| address.ip());
    address
        .or_else(|_| bare.parse())
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &str, trusted: &str) -> String {
        let trusted: Vec<IpNet> = trusted
            .split_whitespace()
            .map(|text| text.parse().unwrap())
            .collect();
        client_network(peer.parse().ok(), forwarded.split(','), &trusted).to_string()
    }

    #[test]
    fn the_peer_counts_unless_it_is_a_trusted_proxy() {
        assert_eq!(client("192.0.2.1", "203.0.113.9", ""), "192.0.2.1");
        assert_eq!(
            client("192.0.2.1", "203.0.113.9", "10.0.0.0/8"),
            "192.0.2.1"
        );
        assert_eq!(
            client("10.1.2.3", "203.0.113.9", "10.0.0.0/8"),
            "203.0.113.9"
        );
    }

    #[test]
    fn the_rightmost_untrusted_hop_counts() {
        let trusted = "10.0.0.0/8 2001:db8:ffff::/48";
        assert_eq!(client("10.0.0.1", "1.1.1.1, 2.2.2.2", trusted), "2.2.2.2");
        assert_eq!(
            client("10.0.0.1", "1.1.1.1, 2.2.2.2, 10.0.0.2", trusted),
            "2.2.2.2"
        );
        assert_eq!(
            client("2001:db8:ffff::1", "9.9.9.9,2.2.2.2:4711", trusted),
            "2.2.2.2"
        );
        assert_eq!(client("::ffff:10.0.0.1", "2.2.2.2", trusted), "2.2.2.2");
        // Nothing to go by: the last proxy itself.
        for unreadable in ["", "unknown", "2.2.2.2, unknown", "2.2.2.2,"] {
            assert_eq!(client("10.0.0.1", unreadable, trusted), "10.0.0.1");
        }
        assert_eq!(client("10.0.0.1", "10.0.0.3,10.0.0.2", trusted), "10.0.0.3");
    }

    #[test]
    fn addresses_of_one_client_are_one_network() {
        for same in ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"] {
            assert_eq!(client(same, "", ""), "2001:db8:1:2::");
        }
        assert_eq!(client("2001:db8:1:3::1", "", ""), "2001:db8:1:3::");
        assert_eq!(client("::ffff:192.0.2.1", "", ""), "192.0.2.1");
        assert_eq!(
            client("10.0.0.1", "[2001:db8:1:2::7]:80", "10.0.0.0/8"),
            "2001:db8:1:2::"
        );
        assert_eq!(client("no peer", "", ""), "::");
    }
}
