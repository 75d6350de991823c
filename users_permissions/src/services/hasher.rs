//! Hashing passwords, in a bounded pool.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::passwords::{TOO_LONG, fits_bcrypt};
use crate::config::Secret;
use crate::error::{Error, Result};

/// The lowest cost there is of bcrypt.
const MIN_COST: u32 = 4;
/// A stored hash of a higher cost would stop a thread for minutes.
const MAX_COST: u32 = 15;
/// Hashes that may wait per thread; at 60 ms each the last one waits some eight seconds.
const QUEUE_PER_THREAD: usize = 128;
/// Stands in for the password of a user who is not there.
const NOBODYS: &[u8] = b"no user has this password";

enum Job {
    Hash(Secret, oneshot::Sender<Result<String>>),
    Verify(Secret, Option<String>, oneshot::Sender<Result<bool>>),
}

/// Hashes on threads of its own, so that a storm of logins occupies none that answers requests.
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
        let dummy: Arc<str> = bcrypt::hash(NOBODYS, cost).map_err(Error::internal)?.into();
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
    check(usable, dummy, compare, pass_time)
}

/// Hashes nobody's password and forgets the outcome.
fn pass_time(cost: u32) {
    std::hint::black_box(bcrypt::bcrypt(cost, [0; 16], NOBODYS));
}

/// Says no in the time of a hash at the cost of `dummy`, whoever is asked for and however old the stored
/// hash is: a quicker no would tell that there is such a user. A yes tells that by itself.
fn check(
    stored: Option<&str>,
    dummy: &str,
    mut compare: impl FnMut(&str) -> Result<bool>,
    pass: impl FnMut(u32),
) -> Result<bool> {
    let configured = cost_of(dummy).unwrap_or_default();
    // A stored hash that cannot be read lets nobody in.
    let read = stored.and_then(|hash| Some((compare(hash).ok()?, cost_of(hash)?)));
    let compared = match read {
        Some((true, _)) => return Ok(true),
        Some((false, cost)) => cost,
        None => {
            compare(dummy)?;
            configured
        }
    };
    still_to_hash(compared, configured).for_each(pass);
    Ok(false)
}

/// Costs of the hashes that a wrong password is still put through after it was compared at a cost. Beside
/// its rounds every hash has a fixed price, so both are levelled: whatever the compared cost was, it is the
/// same number of rounds altogether, and the same number of hashes.
fn still_to_hash(compared: u32, configured: u32) -> impl Iterator<Item = u32> {
    // A step of cost doubles the rounds, so a check at 8 and hashes at 8 and 9 are one at 10.
    let steps = compared.min(configured)..configured;
    // Each hash among the steps is one of these the less, and its round is done by another of two rounds.
    let spare = configured.saturating_sub(MIN_COST);
    let taken = steps.end - steps.start;
    let fill = (0..2 * spare - taken).map(move |index| u32::from(index < taken));
    steps.chain(fill)
}

/// Cost of a `$2a$`, `$2b$`, `$2x$` or `$2y$` hash.
fn cost_of(hash: &str) -> Option<u32> {
    let parts: bcrypt::HashParts = hash.parse().ok()?;
    Some(parts.get_cost())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// Work of one check of a wrong password against a stored hash: hashes, and rounds of them all.
    fn work(stored: Option<&str>, dummy: &str) -> (usize, u64) {
        let costs = std::cell::RefCell::new(Vec::new());
        let compare = |hash: &str| {
            let outcome = bcrypt::verify("wrong", hash).map_err(Error::internal);
            // One that cannot be read is refused before any work.
            if outcome.is_ok() {
                costs.borrow_mut().push(cost_of(hash).unwrap());
            }
            outcome
        };
        assert!(!check(stored, dummy, compare, |cost| costs.borrow_mut().push(cost)).unwrap());
        let costs = costs.into_inner();
        (costs.len(), costs.iter().map(|cost| 1 << cost).sum())
    }

    #[test]
    fn a_wrong_password_is_as_much_work_however_old_the_hash_is() {
        for configured in [4, 5, 8] {
            let dummy = bcrypt::hash(NOBODYS, configured).unwrap();
            let nobody = work(None, &dummy);
            let fill = 2 * (configured - MIN_COST);
            assert_eq!(nobody.0, 1 + fill as usize);
            assert_eq!(nobody.1, (1 << configured) + u64::from(fill));
            for cost in 4..=configured {
                let stored = hash(&Secret::from("somebody's"), cost).unwrap();
                assert_eq!(work(Some(&stored), &dummy), nobody, "{cost}");
                let right = verify(&Secret::from("somebody's"), Some(&stored), &dummy);
                assert!(right.unwrap());
            }
            let too_cheap = dummy.replacen(&format!("{configured:02}"), "03", 1);
            for stored in [too_cheap.as_str(), "nonsense", ""] {
                assert_eq!(work(Some(stored), &dummy), nobody, "{stored}");
            }
            // Of a cost that was lowered nothing can be taken back.
            let costlier = hash(&Secret::from("somebody's"), configured + 1).unwrap();
            let (hashes, rounds) = work(Some(&costlier), &dummy);
            assert_eq!((hashes, rounds), (nobody.0, nobody.1 + (1 << configured)));
        }
    }

    /// What levels the hashes is small beside them.
    #[test]
    fn levelling_is_little_work() {
        let fill: u64 = still_to_hash(12, 12).map(|cost| 1 << cost).sum();
        assert!(fill <= 16, "{fill}");
    }
}
