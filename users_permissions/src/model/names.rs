//! Canonical forms of what identifies people and things.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_security::{GeneralSecurityProfile, MixedScript};

/// Why a name was refused.
///
/// ```
/// use users_permissions::{Email, NameError, Username};
///
/// assert_eq!(Email::parse("ann"), Err(NameError::InvalidEmail));
/// assert_eq!(Username::parse("an", None), Err(NameError::UsernameTooShort));
/// assert_eq!(Username::parse("bob@example.com", None), Err(NameError::UsernameLikeEmail));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// Not one plain address (WHATWG HTML, valid e-mail address), or not ASCII.
    InvalidEmail,
    /// Fewer than three UTF-16 units, Strapi's measure.
    UsernameTooShort,
    /// More than 255 characters.
    UsernameTooLong,
    /// Spaces around it, control, bidi or zero-width characters, or scripts that are mixed.
    UsernameCharacters,
    /// An `@`, though it is not the user's own address.
    UsernameLikeEmail,
}

/// A canonical e-mail address: one ASCII addr-spec without quoting, lower case.
///
/// ```
/// use users_permissions::Email;
///
/// assert_eq!(Email::parse("Ann@Example.COM").unwrap().as_str(), "ann@example.com");
/// assert!(Email::parse("\"e@attacker.com\"@victim.com").is_err());
/// assert!(Email::parse(" ann@example.com").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Checks the grammar of the WHATWG HTML standard ("valid e-mail address"), narrowed to dots
    /// that stand between other characters, and lowers the case. Nothing is trimmed.
    ///
    /// # Errors
    /// [`NameError::InvalidEmail`].
    ///
    /// ```
    /// use users_permissions::Email;
    ///
    /// assert!(Email::parse("ann.lee+news@example.com").is_ok());
    /// for bad in ["ann", "ann@", " ann@example.com", "ann..lee@example.com", "zoë@example.com"] {
    ///     assert!(Email::parse(bad).is_err(), "{bad}");
    /// }
    /// ```
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (local, domain) = text.split_once('@').ok_or(NameError::InvalidEmail)?;
        let valid = text.len() <= 254
            && (1..=64).contains(&local.len())
            && local
                .split('.')
                .all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))
            && domain.split('.').all(is_domain_label);
        if valid {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NameError::InvalidEmail)
        }
    }

    /// The address, in lower case.
    ///
    /// ```
    /// # use users_permissions::Email;
    /// assert_eq!(Email::parse("Ann@Example.com")?.as_str(), "ann@example.com");
    /// # Ok::<(), users_permissions::NameError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

fn is_domain_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A user name in its stored form: NFKC, case kept.
///
/// ```
/// use users_permissions::Username;
///
/// assert_eq!(Username::parse("Zoë", None).unwrap().as_str(), "Zoë");
/// assert!(Username::parse(" admin", None).is_err());
/// assert!(Username::parse("adm\u{456}n", None).is_err(), "a Cyrillic letter among Latin ones");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(String);

impl Username {
    /// Normalises first and then validates, so that nothing changes after the checks.
    ///
    /// # Errors
    /// [`NameError`], for an `@` unless the name equals `own_email` whatever the case.
    ///
    /// ```
    /// use users_permissions::{Email, Username};
    ///
    /// let email = Email::parse("ann@example.com")?;
    /// assert!(Username::parse("ann@example.com", Some(&email)).is_ok());
    /// assert!(Username::parse("bob@example.com", Some(&email)).is_err());
    /// # Ok::<(), users_permissions::NameError>(())
    /// ```
    pub fn parse(text: &str, own_email: Option<&Email>) -> Result<Self, NameError> {
        let name: String = text.nfkc().collect();
        if name.encode_utf16().count() < 3 {
            return Err(NameError::UsernameTooShort);
        }
        if name.chars().count() > 255 {
            return Err(NameError::UsernameTooLong);
        }
        if name.contains('@') {
            return match own_email {
                Some(email) if name.eq_ignore_ascii_case(email.as_str()) => {
                    Ok(Self(email.as_str().to_owned()))
                }
                _ => Err(NameError::UsernameLikeEmail),
            };
        }
        let clean = name.trim() == name
            && name.chars().all(is_name_char)
            && name.as_str().is_single_script();
        if clean {
            Ok(Self(name))
        } else {
            Err(NameError::UsernameCharacters)
        }
    }

    /// The name, in Unicode's form NFKC.
    ///
    /// ```
    /// # use users_permissions::Username;
    /// assert_eq!(Username::parse("ﬁona", None)?.as_str(), "fiona");
    /// # Ok::<(), users_permissions::NameError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identifier characters of UTS 39, and the printable ASCII and spaces people put in names.
fn is_name_char(c: char) -> bool {
    matches!(c, ' '..='~') || (!c.is_control() && c.identifier_allowed())
}

/// What a name of other letters reads as in Latin ones, if it does: one of three Cyrillic letters may look like `ace`
/// (the skeleton of UTS 39).
#[cfg(any(feature = "admin", test))]
pub(crate) fn reads_as(name: &str) -> Option<String> {
    let latin: String = unicode_security::skeleton(name).collect();
    (!name.is_ascii() && latin.is_ascii()).then_some(latin)
}

/// A fresh `documentId`: 24 random characters `[a-z0-9]`, the first a letter.
///
/// ```
/// let id = users_permissions::new_document_id();
/// assert_eq!(id.len(), 24);
/// assert!(id.starts_with(|c: char| c.is_ascii_lowercase()));
/// ```
pub fn new_document_id() -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut id = String::with_capacity(24);
    for place in 0..24 {
        let choices = if place == 0 { 26 } else { ALPHABET.len() };
        let pick = rand::random_range(0..choices);
        id.extend(ALPHABET.get(pick).map(|byte| char::from(*byte)));
    }
    id
}

/// The type of a role that was named only: lower case, accents removed, words joined by `_`;
/// a run of digits is a word of its own (lodash's `snakeCase` over the lowered name).
pub(crate) fn snake_case(name: &str) -> String {
    #[derive(PartialEq, Clone, Copy)]
    enum Kind {
        Letter,
        Digit,
        Gap,
    }
    let plain = name
        .nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase);
    let mut out = String::new();
    let mut last = Kind::Gap;
    for c in plain {
        let kind = match c {
            // lodash drops apostrophes instead of splitting at them.
            '\'' | '\u{2019}' => continue,
            _ if c.is_numeric() => Kind::Digit,
            _ if c.is_alphabetic() => Kind::Letter,
            _ => Kind::Gap,
        };
        if kind != Kind::Gap {
            if kind != last && !out.is_empty() {
                out.push('_');
            }
            out.push(c);
        }
        last = kind;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_letters_are_read_as_latin_ones() {
        for (name, latin) in [
            ("\u{430}\u{441}\u{435}", Some("ace")),
            ("\u{440}\u{430}\u{443}", Some("pay")),
            ("\u{430}\u{434}\u{430}\u{43c}", None),
            ("Zo\u{eb}", None),
            ("admin", None),
        ] {
            assert!(Username::parse(name, None).is_ok(), "{name}");
            assert_eq!(reads_as(name).as_deref(), latin, "{name}");
        }
    }

    #[test]
    fn only_single_plain_addresses_pass() {
        for good in ["a@b.c", "first.last+tag@sub.example.com", "admin@localhost"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        let bad = [
            "plain",
            "a@",
            "@example.com",
            "a b@example.com",
            " a@b.c",
            "a@b.c ",
            "a@b@c",
            "a,b@c.d",
            "a@b.c,d@e.f",
            "a;b@c.d",
            "<a@b.c>",
            "a@b.c\r\nBcc: x@y.z",
            "a@b..c",
            ".a@b.c",
            "a.@b.c",
            "a..b@c.d",
            "a@-b.c",
            "a@b-.c",
            "\"a\"@b.c",
            "v\u{131}ctim@x.io",
            "a\u{ff20}b.c",
            "a@evil\u{ff20}x.io",
            "a\u{ad}@b.c",
            "a@b.c\0",
            "a%0a@b c",
        ];
        for address in bad {
            assert!(Email::parse(address).is_err(), "{address:?}");
        }
    }

    #[test]
    fn canonical_forms_are_stable() {
        let email = Email::parse("Ann.B@Example.COM").unwrap();
        assert_eq!(Email::parse(email.as_str()).unwrap(), email);
        let name = Username::parse("ﬁona", None).unwrap();
        assert_eq!(name.as_str(), "fiona");
        assert_eq!(Username::parse(name.as_str(), None).unwrap(), name);
    }

    #[test]
    fn deceptive_names_are_refused() {
        let bad = [
            " admin",
            "admin ",
            "adm\u{456}n",
            "a\u{202e}bcd",
            "a\r\nbcd",
            "a\u{200b}bcd",
            "a\0bcd",
            "ab\u{feff}cd",
            "   ",
            "ann@x.io",
        ];
        for name in bad {
            assert!(Username::parse(name, None).is_err(), "{name:?}");
        }
        for good in [
            "ann",
            "Strapi user",
            "Zoë",
            "李小龙",
            "Анна",
            "o'neil",
            "user_1-2.3",
        ] {
            assert!(Username::parse(good, None).is_ok(), "{good}");
        }
    }

    #[test]
    fn ones_own_address_is_a_fine_name() {
        let email = Email::parse("ann@x.io").unwrap();
        assert_eq!(
            Username::parse("Ann@X.io", Some(&email)).unwrap().as_str(),
            "ann@x.io"
        );
        assert_eq!(
            Username::parse("bob@x.io", Some(&email)),
            Err(NameError::UsernameLikeEmail)
        );
    }

    #[test]
    fn types_are_derived_as_lodash_does() {
        let cases = [
            ("Rc Écrivain du  Soir", "rc_ecrivain_du_soir"),
            ("rcCamelCase-Name 2x", "rccamelcase_name_2_x"),
            ("Editor 79d8", "editor_79_d_8"),
            ("Pc Editor", "pc_editor"),
            ("  ", ""),
        ];
        for (name, role_type) in cases {
            assert_eq!(snake_case(name), role_type);
        }
    }
}
