//! What a start warns of.

use std::time::Duration;

use acceptance::{Kind, TestDatabase, config};
use users_permissions::{Config, JwtManagement, UsersPermissions};

use crate::captured;

const DAY: Duration = Duration::from_secs(86_400);
const LONG: &str = "tokens live longer than 30 days";
const NO_ROLE: &str = "the default role does not exist; registration will be refused";
const GENERATED: &str = "JWT_SECRET is not set: a secret was generated for development";

/// The lines that a start with this configuration adds to the log; nothing else starts meanwhile.
async fn said(change: impl FnOnce(&mut Config)) -> Vec<String> {
    captured::start();
    let database = TestDatabase::create(Kind::Sqlite);
    let mut config = config(&database);
    change(&mut config);
    let before = captured::text().len();
    let plugin = UsersPermissions::builder().config(config).build().await;
    plugin.map(drop).expect("it starts");
    let text = captured::text();
    text[before..].lines().map(str::to_owned).collect()
}

fn warnings(lines: &[String], text: &str) -> usize {
    let warnings = lines.iter().filter(|line| line.contains(" WARN "));
    warnings.filter(|line| line.contains(text)).count()
}

// One test, for the starts of several at once would be one log.
#[actix_web::test]
async fn long_lives_generated_secrets_and_a_default_role_that_is_none_are_warned_of() {
    for (days, management, expected) in [
        (30, JwtManagement::LegacySupport, 0),
        (31, JwtManagement::LegacySupport, 1),
        // Tokens of sessions live for minutes whatever this says.
        (31, JwtManagement::Refresh, 0),
    ] {
        let lines = said(|config| {
            config.jwt_expires_in = DAY * days;
            config.jwt_management = management;
        });
        assert_eq!(
            warnings(&lines.await, LONG),
            expected,
            "{days} {management:?}"
        );
    }
    for (role, expected) in [("public", 0), ("ghost", 1)] {
        let lines = said(|config| config.advanced_settings.default_role = role.to_owned()).await;
        assert_eq!(warnings(&lines, NO_ROLE), expected, "{role}: {lines:?}");
        let mut told = lines.iter().filter(|line| line.contains(NO_ROLE));
        assert!(
            told.all(|line| line.contains("default_role=ghost")),
            "{lines:?}"
        );
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    for expected in [1, 0] {
        let lines = said(|config| {
            config.signing_keys = None;
            config.secret_file = file.clone();
        });
        let lines = lines.await;
        assert_eq!(warnings(&lines, GENERATED), expected, "{lines:?}");
        let secret = std::fs::read_to_string(&file).unwrap();
        assert!(
            lines.iter().all(|line| !line.contains(&secret)),
            "it is told"
        );
    }
}
