//! Which passwords are taken.

use super::{Hooks, NewPassword, Services};
use crate::config::{Config, PasswordPolicy, Secret};
use crate::error::{Error, FieldError, Result, Validation};

/// bcrypt reads no more; longer passwords are refused instead of cut.
const MAX_BYTES: usize = 72;
/// Guesses an attacker needs for the weakest password the recommended policy takes.
const MIN_GUESSES: u64 = 1_000_000;

/// Does the password pass bcrypt whole?
pub(crate) fn fits_bcrypt(password: &str) -> bool {
    password.len() <= MAX_BYTES
}

/// Text of the 72-byte rule.
pub(crate) const TOO_LONG: &str = "Password must be less than 73 bytes";

/// The rules of the configuration.
#[derive(Debug)]
pub(crate) struct PasswordRules {
    policy: PasswordPolicy,
    /// What the site is called, lower case.
    site: Vec<String>,
}

/// Shorter words are in too many passwords by chance.
const MIN_WORD: usize = 4;

impl PasswordRules {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            policy: config.password_policy,
            site: site_words(&config.public_url),
        }
    }

    /// Applies the rules to a new password.
    ///
    /// # Errors
    /// A validation error at `password`; the password is not in it.
    pub(crate) fn check(&self, password: &str, username: &str, email: &str) -> Result<()> {
        let refuse = |message: &str| Err(Error::field("password", message));
        if !fits_bcrypt(password) {
            return refuse(TOO_LONG);
        }
        let least = match self.policy {
            PasswordPolicy::Recommended => 8,
            PasswordPolicy::Strapi => 6,
        };
        if password.encode_utf16().count() < least {
            return refuse(&format!("password must be at least {least} characters"));
        }
        if self.policy == PasswordPolicy::Recommended {
            let local_part = email.split('@').next().unwrap_or_default();
            let name = username.to_lowercase();
            let contains = |word: &str| {
                word.chars().count() >= MIN_WORD && password.to_lowercase().contains(word)
            };
            if contains(&name) || contains(&local_part.to_lowercase()) {
                return refuse("password must not contain the user name or the e-mail address");
            }
            if self.site.iter().any(|word| contains(word)) {
                return refuse("password must not contain the name of the site");
            }
            let mut words = vec![username, email, local_part];
            words.extend(self.site.iter().map(String::as_str));
            if zxcvbn::zxcvbn(password, &words).guesses() < MIN_GUESSES {
                return refuse("password is too common");
            }
        }
        Ok(())
    }
}

/// The words of a host name that tell whose site it is: `example` of `https://www.example.com`.
fn site_words(public_url: &str) -> Vec<String> {
    let url = url::Url::parse(public_url).ok();
    let host = match url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(host)) => host.to_lowercase(),
        _ => return Vec::new(),
    };
    let mut labels: Vec<_> = host.split('.').collect();
    if labels.len() > 1 {
        labels.pop();
    }
    let words = labels.into_iter().filter(|label| label.len() >= MIN_WORD);
    words.map(str::to_owned).collect()
}

/// Asks the application about a password.
pub(super) async fn ask(
    hooks: &Hooks,
    password: &Secret,
    username: &str,
    email: &str,
) -> Result<()> {
    let Some(hook) = &hooks.password else {
        return Ok(());
    };
    let new = NewPassword {
        password: password.clone(),
        username: username.to_owned(),
        email: email.to_owned(),
    };
    match hook(new).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::field("password", "Password validation failed.")),
        Err(message) => Err(Error::field("password", message)),
    }
}

impl Services {
    /// Applies the configured rules to a new password and asks the application. Names are taken as
    /// they are: those of imported users may break rules of ours.
    pub(crate) async fn check_password(
        &self,
        password: &Secret,
        username: &str,
        email: &str,
    ) -> Result<()> {
        self.password_rules
            .check(password.expose(), username, email)?;
        ask(&self.hooks, password, username, email).await
    }
}

/// Turns the rule's error into Strapi's form on `/users`, which names no field.
pub(crate) fn without_field(error: Error) -> Error {
    match error {
        Error::Validation(Validation {
            errors,
            message: None,
        }) => match errors.as_slice() {
            [FieldError { message, .. }] => Error::application(message.clone()),
            _ => Error::Validation(Validation {
                errors,
                message: None,
            }),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(policy: PasswordPolicy, password: &str) -> Option<String> {
        let rules = PasswordRules {
            policy,
            site: site_words("https://www.bookshelf.example"),
        };
        rules
            .check(password, "annabel", "belle@example.com")
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn the_recommended_rules_refuse_weak_passwords() {
        for weak in [
            "short1",
            "password123",
            "12345678",
            "qwertyuiop",
            "annabel-2024-xK",
            "my-BELLE-4711-xx",
            "Bookshelf!42-zQ",
        ] {
            assert!(
                message(PasswordPolicy::Recommended, weak).is_some(),
                "{weak}"
            );
        }
        for good in [
            "correct horse battery",
            " leading space kept",
            "tr0ub4dor&3x",
        ] {
            assert_eq!(message(PasswordPolicy::Recommended, good), None, "{good}");
        }
    }

    #[test]
    fn passwords_that_everybody_tries_first_are_refused() {
        let common = "password password1 password123 passw0rd Passw0rd1 12345678 123456789 1234567890 qwerty123 \
            qwertyuiop 1q2w3e4r 1q2w3e4r5t 1qaz2wsx zaq12wsx iloveyou sunshine princess football baseball superman \
            trustno1 starwars whatever computer michelle jennifer internet maverick corvette mercedes samantha \
            steelers liverpool chocolate butterfly 11111111 88888888 123123123 987654321 abcd1234 abc12345 asdfghjkl \
            letmein1 welcome1 welcome123 admin123 administrator changeme p@ssw0rd P@ssw0rd1 qazwsxedc 12341234 \
            password! Summer2024 dragon123 monkey123 shadow123 master123 charlie1 liverpool1 ferrari1";
        for password in common.split_whitespace() {
            assert!(
                message(PasswordPolicy::Recommended, password).is_some(),
                "{password}"
            );
        }
    }

    #[test]
    fn a_host_tells_whose_site_it_is() {
        assert_eq!(site_words("https://api.example.com"), ["example"]);
        assert_eq!(site_words("http://localhost:1337"), ["localhost"]);
        assert!(site_words("http://127.0.0.1:1337").is_empty());
        assert!(site_words("http://[::1]").is_empty() && site_words("nonsense").is_empty());
    }

    #[test]
    fn strapis_rules_ask_for_six_characters_only() {
        assert_eq!(
            message(PasswordPolicy::Strapi, "12345").as_deref(),
            Some("password must be at least 6 characters")
        );
        assert_eq!(message(PasswordPolicy::Strapi, "123456"), None);
    }

    #[test]
    fn length_counts_bytes_on_both_sides_of_the_limit() {
        for policy in [PasswordPolicy::Strapi, PasswordPolicy::Recommended] {
            assert_eq!(message(policy, &"😀".repeat(19)).as_deref(), Some(TOO_LONG));
        }
        assert_eq!(message(PasswordPolicy::Strapi, &"€".repeat(24)), None);
        assert_eq!(
            message(
                PasswordPolicy::Recommended,
                "d8#kQ2!vLw9@zR5^mT7&xB1*nC4(pF6)gH3_jK0+sY-uE=aIoZ{yX}qW[rV]tU|dS;hG:bN,."
            )
            .as_deref(),
            Some(TOO_LONG)
        );
    }
}
