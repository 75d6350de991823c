//! Passwords: rules, hashing in a bounded pool.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::{Hooks, NewPassword, Services};
use crate::config::{Config, PasswordPolicy, Secret};
use crate::error::{Error, Field, FieldError, Result, Validation};

/// bcrypt reads no more; longer passwords are refused instead of cut.
const MAX_BYTES: usize = 72;
/// A stored hash of a higher cost would stop a thread for minutes.
const MAX_COST: u32 = 15;
/// Hashes that may wait per thread; at 60 ms each the last one waits some eight seconds.
const QUEUE_PER_THREAD: usize = 128;
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

/// Turns the rule's error into Strapi's form on `/users`, which answers no field.
pub(crate) fn without_path(error: Error) -> Error {
    match error {
        Error::Validation(Validation {
            errors,
            message: None,
        }) => match errors.as_slice() {
            [FieldError { message, .. }] => Error::refused(Field::Password, message.clone()),
            _ => Error::Validation(Validation {
                errors,
                message: None,
            }),
        },
        other => other,
    }
}

enum Job {
    Hash(Secret, oneshot::Sender<Result<String>>),
    Verify(Secret, Option<String>, oneshot::Sender<Result<bool>>),
}

/// Hashes on threads of its own, so that a storm of logins leaves cores to everybody else.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    queue: SyncSender<Job>,
    cost: u32,
}

impl Hasher {
    /// Starts the threads; blocks for one hash, the one unknown users are compared with.
    pub(crate) fn start(threads: usize, cost: u32) -> Result<Self> {
        let threads = threads.max(1);
        let (queue, jobs) = sync_channel(threads * QUEUE_PER_THREAD);
        let jobs = Arc::new(Mutex::new(jobs));
        let dummy: Arc<str> = hash(&Secret::from("no user has this password"), cost)?.into();
        for index in 0..threads {
            let (jobs, dummy) = (Arc::clone(&jobs), Arc::clone(&dummy));
            std::thread::Builder::new()
                .name(format!("up-hash-{index}"))
                .spawn(move || work(&jobs, &dummy, cost))
                .map_err(Error::internal)?;
        }
        Ok(Self { queue, cost })
    }

    /// Hashes a password that has passed the rules.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String> {
        let (answer, result) = oneshot::channel();
        self.send(Job::Hash(password, answer))?;
        result.await.map_err(Error::internal)?
    }

    /// Compares a password; without a stored hash it takes as long and says no.
    pub(crate) async fn verify(&self, password: Secret, stored: Option<String>) -> Result<bool> {
        let (answer, result) = oneshot::channel();
        self.send(Job::Verify(password, stored, answer))?;
        result.await.map_err(Error::internal)?
    }

    /// Was this hash made at a lower cost than the configured one?
    pub(crate) fn is_outdated(&self, stored: &str) -> bool {
        cost_of(stored).is_some_and(|cost| cost < self.cost)
    }

    fn send(&self, job: Job) -> Result<()> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Error::unavailable("too many passwords wait to be hashed"),
            TrySendError::Disconnected(_) => Error::internal("the hashing threads are gone"),
        })
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, dummy: &str, cost: u32) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            // A client that went away is not worth a hash; nobody is left to take the answer.
            Ok(Job::Hash(password, answer)) if !answer.is_closed() => {
                drop(answer.send(hash(&password, cost)))
            }
            Ok(Job::Verify(password, stored, answer)) if !answer.is_closed() => {
                drop(answer.send(verify(&password, stored.as_deref(), dummy)));
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

pub(crate) fn hash(password: &Secret, cost: u32) -> Result<String> {
    if !fits_bcrypt(password.expose()) {
        return Err(Error::field("password", TOO_LONG));
    }
    bcrypt::hash(password.expose(), cost).map_err(Error::internal)
}

fn verify(password: &Secret, stored: Option<&str>, dummy: &str) -> Result<bool> {
    let password = password.expose();
    let usable = stored
        .filter(|hash| fits_bcrypt(password) && cost_of(hash).is_some_and(|cost| cost <= MAX_COST));
    let compare = |hash: &str| bcrypt::verify(password, hash).map_err(Error::internal);
    check(usable, dummy, compare)
}

/// Says no in the time of a hash at the cost of `dummy`, whoever is asked for and however old the stored
/// hash is: a quicker no would tell that there is such a user. A yes tells that by itself.
fn check(
    stored: Option<&str>,
    dummy: &str,
    mut compare: impl FnMut(&str) -> Result<bool>,
) -> Result<bool> {
    // A stored hash that cannot be read lets nobody in.
    let read = stored.and_then(|hash| Some((compare(hash).ok()?, cost_of(hash)?)));
    let compared = match read {
        Some((true, _)) => return Ok(true),
        Some((false, cost)) => Some(cost),
        None => None,
    };
    for cost in still_to_hash(compared, cost_of(dummy).unwrap_or_default()) {
        compare(&at_cost(dummy, cost))?;
    }
    Ok(false)
}

/// Costs of the hashes that a wrong password still has to be put through, after it was compared at a cost
/// or not at all. A step of cost doubles the work, so a check at 8 and hashes at 8 and 9 are one at 10.
fn still_to_hash(compared: Option<u32>, configured: u32) -> Range<u32> {
    match compared {
        Some(cost) => cost..configured,
        None => configured..configured + 1,
    }
}

/// A hash as if it had been made at another cost.
fn at_cost(hash: &str, cost: u32) -> String {
    let rest = hash.get("$2b$00".len()..).unwrap_or_default();
    format!("$2b${cost:02}{rest}")
}

/// Cost of a `$2a$`, `$2b$`, `$2x$` or `$2y$` hash.
fn cost_of(hash: &str) -> Option<u32> {
    let parts: bcrypt::HashParts = hash.parse().ok()?;
    Some(parts.get_cost())
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

    #[test]
    fn the_whole_password_counts() {
        let stored = hash(&Secret::from("abc\0def"), 4).unwrap();
        let check =
            |password: &str| verify(&Secret::from(password), Some(&stored), &stored).unwrap();
        assert!(check("abc\0def"));
        assert!(!check("abc\0xyz") && !check("abc"));
        let long = "a".repeat(72);
        let stored = hash(&Secret::from(long.as_str()), 4).unwrap();
        assert!(verify(&Secret::from(long.as_str()), Some(&stored), &stored).unwrap());
        assert!(!verify(&Secret::from(format!("{long}junk")), Some(&stored), &stored).unwrap());
        assert!(hash(&Secret::from("a".repeat(73)), 4).is_err());
    }

    #[test]
    fn imported_hashes_verify_within_a_cost_limit() {
        let stored = hash(&Secret::from("imported"), 4).unwrap();
        for version in ["$2a$", "$2b$", "$2y$"] {
            let imported = stored.replacen("$2b$", version, 1);
            assert!(
                verify(&Secret::from("imported"), Some(&imported), &stored).unwrap(),
                "{version}"
            );
        }
        let costly = stored.replacen("$04$", "$31$", 1);
        assert!(!verify(&Secret::from("imported"), Some(&costly), &stored).unwrap());
        assert!(!verify(&Secret::from("imported"), Some("nonsense"), &stored).unwrap());
        let cheap = stored.replacen("$04$", "$03$", 1);
        assert!(!verify(&Secret::from("imported"), Some(&cheap), &stored).unwrap());
    }

    /// Work of one check of a wrong password against a stored hash, in rounds of bcrypt.
    fn work(stored: Option<&str>, dummy: &str) -> u64 {
        let mut work = 0;
        let compare = |hash: &str| {
            let outcome = bcrypt::verify("wrong", hash).map_err(Error::internal);
            // One that cannot be read is refused before any work.
            work += outcome.as_ref().map_or(0, |_| 1 << cost_of(hash).unwrap());
            outcome
        };
        assert!(!check(stored, dummy, compare).unwrap());
        work
    }

    #[test]
    fn a_wrong_password_is_as_much_work_however_old_the_hash_is() {
        let dummy = hash(&Secret::from("no user has this password"), 7).unwrap();
        let nobody = work(None, &dummy);
        assert_eq!(nobody, 1 << 7);
        for cost in 4..=7 {
            let stored = hash(&Secret::from("somebody's"), cost).unwrap();
            assert_eq!(work(Some(&stored), &dummy), nobody, "{cost}");
            let right = verify(&Secret::from("somebody's"), Some(&stored), &dummy);
            assert!(right.unwrap());
        }
        let unreadable = dummy.replacen("$07$", "$03$", 1);
        for stored in [unreadable.as_str(), "nonsense", ""] {
            assert_eq!(work(Some(stored), &dummy), nobody, "{stored}");
        }
        // Of a cost that was lowered nothing can be taken back.
        let costlier = hash(&Secret::from("somebody's"), 8).unwrap();
        assert_eq!(work(Some(&costlier), &dummy), 1 << 8);
    }
}
