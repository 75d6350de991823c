//! `[subdomain]` in the URLs of a provider: what may stand there.

/// What `[subdomain]` in URLs may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subdomain {
    /// Labels in front of a fixed domain.
    Labels,
    /// A host, maybe with a port and a path.
    Host,
    /// A name in a path.
    Name,
    /// A tenant of Microsoft's, by its id; or those names that stand for several.
    Tenant,
}

/// What stands for the setting in URLs.
pub(super) const PLACEHOLDER: &str = "[subdomain]";

impl Subdomain {
    /// What fits at every place where these URLs hold it.
    pub(super) fn of<'a>(urls: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut kinds = urls.into_iter().flat_map(Self::places);
        let first = kinds.next()?;
        // Labels alone fit everywhere.
        let is_same = kinds.all(|kind| kind == first);
        Some(if is_same { first } else { Self::Labels })
    }

    /// What fits at each place where this URL holds it.
    fn places(url: &str) -> impl Iterator<Item = Self> {
        url.match_indices(PLACEHOLDER).map(|(at, _)| {
            let (before, rest) = (&url[..at], &url[at + PLACEHOLDER.len()..]);
            let is_path = before
                .split_once("://")
                .is_some_and(|(_, before)| before.contains(['/', '?', '#']));
            match (is_path, before.ends_with("://")) {
                (true, _) => Self::Name,
                (false, true) if rest.is_empty() || rest.starts_with('/') => Self::Host,
                (false, _) => Self::Labels,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_subdomain_may_be_follows_from_its_places() {
        let of = |urls: &[&str]| Subdomain::of(urls.iter().copied());
        assert_eq!(of(&["https://id.example/a", ""]), None);
        assert_eq!(
            of(&["https://[subdomain]/a", "https://[subdomain]"]),
            Some(Subdomain::Host)
        );
        for labels in [
            "https://[subdomain].id.example/a",
            "https://id-[subdomain].example/a",
            "https://id.[subdomain].example/a",
            "https://[subdomain]:8443/a",
            "https://[subdomain]@id.example/a",
            "https://[subdomain]?a",
            "[subdomain]/a",
        ] {
            assert_eq!(of(&[labels]), Some(Subdomain::Labels), "{labels}");
        }
        for name in [
            "https://id.example/[subdomain]/a",
            "https://id.example?t=[subdomain]",
        ] {
            assert_eq!(of(&[name]), Some(Subdomain::Name), "{name}");
        }
        // What fits in all places.
        assert_eq!(
            of(&["https://[subdomain]/[subdomain]"]),
            Some(Subdomain::Labels)
        );
        assert_eq!(
            of(&["https://[subdomain]/a", "https://id.example/[subdomain]/a"]),
            Some(Subdomain::Labels)
        );
    }
}
