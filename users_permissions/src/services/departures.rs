//! People of issuers whose users were deleted. An issuer knows nothing of that and goes on to vouch for them: with
//! a token that it makes from then on they come anew, as anybody may; one that it has made before is nobody's.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::issuers::Attested;
use super::letters::digest;
use crate::error::Result;
use crate::model::UserId;
use crate::store::{self, DbConn};

/// Longer than tokens of issuers live.
const MEMORY: TimeDelta = TimeDelta::days(400);

/// Notes that whoever this user is at issuers goes now; in the transaction that deletes it, and before.
pub(super) fn note(conn: &mut DbConn, user: UserId) -> Result<()> {
    let identities = store::identities::of_user(conn, user)?;
    let people = identities.iter().map(|identity| &identity.person);
    let mut people: Vec<String> = people
        .filter(|person| !person.issuer.is_empty())
        .map(|person| name(&person.issuer, &person.subject))
        .collect();
    // A provider of social login and a trusted issuer may be the same service.
    people.sort_unstable();
    people.dedup();
    match people.is_empty() {
        true => Ok(()),
        false => Ok(store::departures::note(conn, &people, MEMORY)?),
    }
}

/// Was the token made before the user of its person was deleted? One that does not tell when it was made may
/// have been.
pub(super) fn is_outlived(conn: &mut DbConn, attested: &Attested) -> Result<bool> {
    let person = name(&attested.person.issuer, &attested.person.subject);
    let gone_at = store::departures::of(conn, &person)?;
    let made_at = attested.claims.get("iat").and_then(Value::as_f64);
    let leeway = attested.issuer.config.leeway.as_secs_f64();
    Ok(gone_at.is_some_and(|gone_at| may_precede(made_at, gone_at, leeway)))
}

/// All in seconds; `leeway`: so much may the issuer's clock be ahead.
fn may_precede(made_at: Option<f64>, gone_at: DateTime<Utc>, leeway: f64) -> bool {
    let gone_at = gone_at.timestamp_micros() as f64 / 1e6;
    made_at.is_none_or(|made_at| made_at <= gone_at + leeway)
}

/// Names a person without telling who it is.
fn name(issuer: &str, subject: &str) -> String {
    digest(&format!("{} {issuer} {subject}", issuer.len()))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{may_precede, name};

    #[test]
    fn a_token_of_the_very_moment_is_an_older_one() {
        let gone_at = DateTime::from_timestamp(1_000, 500_000_000).unwrap();
        for (made_at, leeway, expected) in [
            (Some(1_000.0), 0.0, true),
            (Some(1_000.5), 0.0, true),
            (Some(1_001.0), 0.0, false),
            (Some(1_060.5), 60.0, true),
            (Some(1_061.0), 60.0, false),
            (None, 0.0, true),
        ] {
            assert_eq!(
                may_precede(made_at, gone_at, leeway),
                expected,
                "{made_at:?}"
            );
        }
    }

    #[test]
    fn no_two_people_have_one_name() {
        let people = [
            ("a", "b c"),
            ("a b", "c"),
            ("", "a b c"),
            ("a", "b"),
            ("b", "a"),
        ];
        let names: std::collections::HashSet<_> =
            people.map(|(issuer, subject)| name(issuer, subject)).into();
        assert_eq!(names.len(), people.len());
        assert!(names.iter().all(|name| name.len() == 64));
    }
}
