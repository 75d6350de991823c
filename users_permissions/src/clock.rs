//! Time that does not go back: what anybody was told to have ended stays ended, whatever is done to a clock. A clock
//! that is set back is not followed; the process goes on by the later time it had, until it is started anew.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

/// By this much two clocks of a network may go apart; steps back that are larger are told of.
const SLACK: i64 = 60 * SECOND;
const SECOND: i64 = 1_000_000;

/// What the clocks are compared with: it only goes on.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
/// With Linux both go at one pace. Elsewhere a process of many months may be ahead of a slower clock, by seconds
/// and never behind it.
static MACHINE: Held = Held::new("this machine", 0);
/// Goes at a pace of its own, on another machine: small differences are no steps. One for all databases of a
/// process, which are taken to tell one time.
#[cfg(any(feature = "postgres", feature = "mysql"))]
static DATABASE: Held = Held::new("the database", SLACK);

/// The present by the clock of this machine, cut to what every database stores.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(MACHINE.hold(told())).unwrap_or_default()
}

/// The same in seconds since the epoch.
#[inline]
pub(crate) fn unix_now() -> u64 {
    u64::try_from(MACHINE.hold_second(told(), running)).unwrap_or_default()
}

/// Are these seconds since the epoch over? A time is over when its end comes (RFC 7519, section 4.1.4).
#[inline]
pub(crate) const fn is_over(ends_at: u64, now: u64) -> bool {
    ends_at <= now
}

/// By the clock of this machine.
fn told() -> i64 {
    let told = SystemTime::now().duration_since(UNIX_EPOCH);
    told.map_or(0, micros)
}

/// Since this process asked first. Read after a clock was: a pause between the two makes that seem late, and
/// never early.
fn running() -> i64 {
    micros(STARTED.elapsed())
}

/// The present as the clock of the database tells it just now.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn of_database(told: DateTime<Utc>) -> DateTime<Utc> {
    let held = DATABASE.hold(told.timestamp_micros());
    DateTime::from_timestamp_micros(held).unwrap_or(told)
}

/// A clock and the latest time it has told. Times are microseconds.
struct Held {
    whose: &'static str,
    slack: i64,
    /// How far it was ahead of [`STARTED`] at most.
    ahead: AtomicI64,
    /// The latest second that anybody was told.
    latest: AtomicI64,
    is_behind: AtomicBool,
}

impl Held {
    const fn new(whose: &'static str, slack: i64) -> Self {
        Self {
            whose,
            slack,
            ahead: AtomicI64::new(i64::MIN),
            latest: AtomicI64::new(i64::MIN),
            is_behind: AtomicBool::new(false),
        }
    }

    fn hold(&self, told: i64) -> i64 {
        self.later(told, running())
    }

    /// In seconds. Compares with nothing, for what is asked with every request, where the clock is in the latest
    /// second that anybody was told: nobody has seen a later one.
    #[inline]
    fn hold_second(&self, told: i64, running: impl FnOnce() -> i64) -> i64 {
        let second = told / SECOND;
        // Whoever sees a second here sees, too, how far ahead of the machine it was.
        if second == self.latest.load(Ordering::Acquire) {
            return second;
        }
        self.later(told, running()) / SECOND
    }

    /// The later one of both times; remembers that it was told.
    fn later(&self, told: i64, running: i64) -> i64 {
        let held = self.compare(told, running);
        let second = held / SECOND;
        // All threads read it: it is written once a second.
        if self.latest.load(Ordering::Relaxed) < second {
            self.latest.fetch_max(second, Ordering::Release);
        }
        held
    }

    /// The time that is told, or the later one at which the clock would be had it not been set back.
    fn compare(&self, told: i64, running: i64) -> i64 {
        let ahead = told.saturating_sub(running);
        let most = self.ahead.load(Ordering::Relaxed);
        let behind = most.saturating_sub(ahead);
        self.tell(behind);
        if behind > self.slack {
            return running.saturating_add(most);
        }
        match behind {
            0 => {}
            ..0 => drop(self.ahead.fetch_max(ahead, Ordering::Relaxed)),
            _ => {
                // Unless another thread has just been told a later time.
                let order = Ordering::Relaxed;
                let _ = self.ahead.compare_exchange(most, ahead, order, order);
            }
        }
        told
    }

    /// Once for each time that the clock is set back.
    fn tell(&self, behind: i64) {
        let is_behind = behind > SLACK;
        if self.is_behind.load(Ordering::Relaxed) == is_behind {
            return;
        }
        self.is_behind.store(is_behind, Ordering::Relaxed);
        if is_behind {
            let (whose, seconds) = (self.whose, behind / SECOND);
            tracing::warn!(target: "users_permissions::security", seconds, "the clock of {whose} was set back and is not followed; if the later time was wrong, restart this process");
        }
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    fn the_database_has_a_clock_of_its_own() {
        let told = Utc::now() + chrono::TimeDelta::days(3);
        let told = DateTime::from_timestamp_micros(told.timestamp_micros()).unwrap();
        assert_eq!(of_database(told), told);
        assert!(now() < told - chrono::TimeDelta::days(2));
        let held = of_database(told - chrono::TimeDelta::days(1)) - told;
        assert!((0..5).contains(&held.num_seconds()), "{held}");
    }

    #[test]
    fn a_time_is_over_when_its_end_comes() {
        assert!(!is_over(1_000, 999) && is_over(1_000, 1_000) && is_over(1_000, 1_001));
    }

    #[test]
    fn the_present_never_goes_back() {
        let mut last = now();
        for _ in 0..1_000 {
            let next = now();
            assert!(last <= next, "{last} {next}");
            last = next;
        }
        let difference = Utc::now() - last;
        assert!(difference.num_seconds().abs() < 5, "{difference}");
        assert_eq!(last.timestamp_subsec_nanos() % 1_000, 0);
        assert!(unix_now().abs_diff(last.timestamp() as u64) < 5);
    }

    #[test]
    fn a_clock_that_is_set_back_is_not_followed_and_one_that_is_put_forward_is() {
        let clock = Held::new("a test", 0);
        assert_eq!(clock.later(1_000 * SECOND, 0), 1_000 * SECOND);
        // An hour back, a moment later: it goes on as before.
        assert_eq!(clock.later(-2_599 * SECOND, SECOND), 1_001 * SECOND);
        assert!(clock.is_behind.load(Ordering::Relaxed));
        assert_eq!(clock.later(-2_590 * SECOND, 10 * SECOND), 1_010 * SECOND);
        assert_eq!(clock.later(1_011 * SECOND - 1, 11 * SECOND), 1_011 * SECOND);
        assert!(!clock.is_behind.load(Ordering::Relaxed));
        // A day forward, and back to where it was.
        let day = 86_400 * SECOND;
        assert_eq!(clock.later(day, 12 * SECOND), day);
        assert_eq!(clock.later(1_013 * SECOND, 13 * SECOND), day + SECOND);
        // Nothing overflows.
        assert!(clock.later(i64::MIN, i64::MAX) > day);
        assert_eq!(clock.later(i64::MAX, 0), i64::MAX);
        assert_eq!(clock.later(0, i64::MAX), i64::MAX);
    }

    #[test]
    fn within_the_latest_second_nothing_is_compared() {
        let clock = Held::new("a test", 0);
        let unasked = || unreachable!("nothing to compare");
        assert_eq!(clock.hold_second(1_000 * SECOND, || 0), 1_000);
        assert_eq!(clock.hold_second(1_001 * SECOND - 1, unasked), 1_000);
        // A later one, told in whole or in seconds, is the latest from then on.
        assert_eq!(clock.hold_second(1_001 * SECOND, || SECOND), 1_001);
        assert_eq!(clock.later(1_002 * SECOND, 2 * SECOND), 1_002 * SECOND);
        assert_eq!(clock.hold_second(1_002 * SECOND + 7, unasked), 1_002);
        // Set back to a second that was told, and on until it comes where it was: never back.
        for (told, running, held) in [(1_001, 3, 1_003), (1_002, 4, 1_004), (1_003, 5, 1_005)] {
            assert_eq!(
                clock.hold_second(told * SECOND + 5, || running * SECOND),
                held
            );
        }
        // Forward at once; and what nobody has asked about counts with the next second.
        assert_eq!(clock.hold_second(5_000 * SECOND, || 6 * SECOND), 5_000);
        assert_eq!(clock.hold_second(5_000 * SECOND + 9, unasked), 5_000);
        assert_eq!(clock.hold_second(5_001 * SECOND, || 66 * SECOND), 5_060);
    }

    #[test]
    fn a_clock_that_is_merely_slower_is_followed() {
        let clock = Held::new("a test", SLACK);
        assert_eq!(clock.later(1_000 * SECOND, 0), 1_000 * SECOND);
        // Half a minute lost in each hour, on and on.
        for hour in 1..100 {
            let told = 1_000 * SECOND + hour * 3_570 * SECOND;
            assert_eq!(clock.later(told, hour * 3_600 * SECOND), told);
            assert!(!clock.is_behind.load(Ordering::Relaxed));
        }
        let (told, running) = (1_000 * SECOND + 99 * 3_570 * SECOND, 99 * 3_600 * SECOND);
        assert_eq!(clock.later(told - SLACK - 1, running), told);
        assert_eq!(clock.later(told - SLACK, running), told - SLACK);
    }
}
