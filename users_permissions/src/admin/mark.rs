//! The mark that stands for a provider: a sign of our own for what has an icon's plain name, and else its first
//! letter, on its colour where that is known. Nobody's logo is drawn.

/// Icons by name, as the path of an outline in a square of 24.
const SIGNS: [(&str, &str); 3] = [
    (
        "key",
        "M12 15a4 4 0 1 1-8 0a4 4 0 0 1 8 0M11 12l8-8M16 7l3 3",
    ),
    ("shield", "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z"),
    (
        "book",
        "M12 6c-2-2-5-2-8-1v13c3-1 6-1 8 1 2-2 5-2 8-1V5c-3-1-6-1-8 1zv13",
    ),
];

/// Icons that the style sheet has a colour for.
const COLOURED: [&str; 13] = [
    "aws",
    "discord",
    "facebook",
    "github",
    "google",
    "instagram",
    "linkedin",
    "patreon",
    "reddit",
    "twitch",
    "twitter",
    "vk",
    "windows",
];

/// What is drawn for a provider.
pub(super) struct Mark {
    /// The class of its colour, if it has one.
    pub(super) class: String,
    pub(super) sign: Option<&'static str>,
    pub(super) letter: char,
}

impl Mark {
    /// The mark of a provider with this icon and name.
    pub(super) fn new(icon: &str, display: &str) -> Self {
        let sign = SIGNS.iter().find(|(name, _)| *name == icon);
        Self {
            class: match COLOURED.contains(&icon) {
                true => format!(" i-{icon}"),
                false => String::new(),
            },
            sign: sign.map(|(_, path)| *path),
            letter: display.chars().next().unwrap_or('?'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_in_the_style_sheet_and_no_other_name_becomes_a_class() {
        let style = include_str!("assets/admin.css");
        for icon in COLOURED {
            assert_eq!(Mark::new(icon, "Name").class, format!(" i-{icon}"));
            assert!(style.contains(&format!(".i-{icon} {{")), "{icon}");
        }
        let own = Mark::new("card danger", "Éclair");
        assert_eq!((own.class.as_str(), own.letter), ("", 'É'));
        assert!(own.sign.is_none() && Mark::new("key", "Keycloak").sign.is_some());
    }
}
