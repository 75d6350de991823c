//! How long what waits in the database waits.

use std::time::Duration;

use chrono::TimeDelta;

use crate::config::MailConfig;

/// Shortest wait, where much waits for the same moment.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);

/// How long a claim lasts.
pub(super) fn lease(config: &MailConfig) -> TimeDelta {
    delta(config.lease)
}

/// How long to wait after so many attempts: the pause doubles with each; a fifth more or less, so that
/// what failed together comes back one by one.
pub(super) fn next_attempt(config: &MailConfig, attempts: u32) -> TimeDelta {
    let doubled = 2u32.saturating_pow(attempts.saturating_sub(1).min(31));
    let pause = config
        .first_pause
        .saturating_mul(doubled)
        .min(config.longest_pause);
    delta(pause.mul_f64(rand::random_range(0.8..1.2)))
}

/// How long to wait for what is due in `next`; never longer than between two looks without a reason.
pub(super) fn until(config: &MailConfig, next: Option<TimeDelta>) -> Duration {
    let wait = next.and_then(|next| next.to_std().ok());
    let wait = match next {
        None => config.poll_interval,
        Some(_) => wait.unwrap_or_default().max(SHORTEST_WAIT),
    };
    wait.min(config.poll_interval)
}

/// The name of a claim nobody else has.
pub(super) fn new_claim() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn delta(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
}
