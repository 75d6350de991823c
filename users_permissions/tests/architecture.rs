//! Who may import whom, held by looking at the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn sources(room: &str) -> Vec<(PathBuf, String)> {
    fn walk(path: &Path, found: &mut Vec<(PathBuf, String)>) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).unwrap() {
                walk(&entry.unwrap().path(), found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.to_owned(), std::fs::read_to_string(path).unwrap()));
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for path in [root.join(room), root.join(format!("{room}.rs"))] {
        if path.exists() {
            walk(&path, &mut found);
        }
    }
    assert!(!found.is_empty(), "no sources in {room}");
    found
}

/// Fails when code of a room (comments aside) holds one of the words.
fn room_has_none_of(room: &str, words: &[&str]) {
    for (path, text) in sources(room) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = words.iter().find(|word| code.contains(**word)) {
                panic!(
                    "{}:{}: `{word}` has no place in `{room}`",
                    path.display(),
                    number + 1
                );
            }
        }
    }
}

#[test]
fn the_acl_decides_and_does_nothing_else() {
    room_has_none_of(
        "acl",
        &[
            "diesel",
            "actix",
            "async ",
            "SystemTime",
            "Instant",
            "Utc",
            "crate::store",
            "crate::services",
            "crate::http",
        ],
    );
}

#[test]
fn plain_data_knows_nobody() {
    for room in ["model", "error"] {
        room_has_none_of(
            room,
            &[
                "diesel",
                "actix",
                "crate::store",
                "crate::services",
                "crate::http",
            ],
        );
    }
    room_has_none_of(
        "config",
        &[
            "diesel",
            "actix",
            "crate::store",
            "crate::services",
            "crate::http",
            "crate::acl",
        ],
    );
}

#[test]
fn sql_is_in_the_store_only() {
    for room in [
        "acl", "config", "error", "http", "mail", "model", "plugin", "query", "services",
    ] {
        room_has_none_of(room, &["diesel::", "use diesel"]);
    }
}

#[test]
fn no_statement_is_put_together_from_text() {
    for (path, text) in sources("") {
        for word in ["sql_query(", "dsl::sql", "batch_execute("] {
            for (at, _) in text.match_indices(word) {
                let rest = &text[at + word.len()..];
                let call = rest.split(';').next().unwrap_or_default();
                let place = format!("{}: {word}{call}", path.display());
                assert!(!call.contains("format!"), "{place}");
                // Values are bound.
                let is_literal = call.trim_start().starts_with('"');
                assert!(is_literal || word != "sql_query(", "{place}");
            }
        }
    }
}

#[test]
fn html_is_in_the_pages_only_and_they_know_no_sql() {
    room_has_none_of("admin", &["diesel", "crate::store"]);
    for room in [
        "acl", "config", "http", "limits", "mail", "model", "services", "store",
    ] {
        room_has_none_of(room, &["askama", "crate::admin"]);
    }
    for room in [
        "acl", "config", "limits", "mail", "model", "services", "store",
    ] {
        room_has_none_of(room, &["actix_session"]);
    }
}

#[test]
fn the_store_and_the_services_know_no_http() {
    room_has_none_of(
        "store",
        &["actix", "crate::services", "crate::http", "crate::acl"],
    );
    room_has_none_of("services", &["actix", "crate::http"]);
}

#[test]
fn mails_know_no_database_and_no_requests() {
    room_has_none_of(
        "mail",
        &[
            "actix",
            "crate::store",
            "crate::services",
            "crate::http",
            "crate::acl",
        ],
    );
    for room in [
        "acl", "config", "http", "model", "plugin", "services", "store",
    ] {
        room_has_none_of(room, &["lettre", "html2text"]);
    }
}

#[test]
fn providers_are_asked_without_accounts_and_requests() {
    room_has_none_of(
        "oauth",
        &[
            "diesel",
            "actix",
            "reqwest",
            "crate::store",
            "crate::services",
            "crate::http",
            "crate::mail",
            "crate::acl",
        ],
    );
    for room in [
        "acl", "config", "http", "mail", "model", "plugin", "services", "store",
    ] {
        room_has_none_of(room, &["oauth2", "oauth1"]);
    }
}

#[test]
fn the_limits_count_and_do_nothing_else() {
    room_has_none_of(
        "limits",
        &[
            "diesel",
            "actix",
            "crate::store",
            "crate::services",
            "crate::http",
            "crate::model",
        ],
    );
}

#[test]
fn published_keys_are_read_by_the_one_client_and_know_nobody() {
    room_has_none_of(
        "published_keys",
        &[
            "diesel",
            "actix",
            "reqwest",
            "crate::store",
            "crate::services",
            "crate::oauth",
            "crate::http",
            "crate::acl",
            "crate::model",
        ],
    );
}

#[test]
fn one_client_asks_others_and_knows_nobody() {
    room_has_none_of(
        "outbound",
        &[
            "diesel",
            "actix",
            "crate::store",
            "crate::services",
            "crate::http",
            "crate::acl",
            "crate::model",
        ],
    );
    for room in [
        "acl", "config", "http", "mail", "model", "plugin", "services", "store",
    ] {
        room_has_none_of(room, &["reqwest"]);
    }
}

#[test]
fn the_present_is_told_by_the_clock_that_never_goes_back() {
    room_has_none_of("clock", &["crate::", "diesel", "actix"]);
    for room in [
        "acl",
        "admin",
        "config",
        "http",
        "model",
        "oauth",
        "plugin",
        "published_keys",
        "services",
        "store",
    ] {
        room_has_none_of(room, &["Utc::now", "SystemTime"]);
    }
}

#[test]
fn tokens_are_made_in_one_place() {
    for room in ["acl", "config", "http", "model", "plugin", "store"] {
        room_has_none_of(room, &["jsonwebtoken"]);
    }
}

#[test]
fn the_migrations_of_all_databases_have_the_same_steps() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let steps = |database: &str| {
        let mut names: Vec<_> = std::fs::read_dir(root.join(database))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(steps("sqlite"), steps("postgres"));
    assert_eq!(steps("sqlite"), steps("mysql"));
    // What stands before the first `_` is the version, and of two of one version diesel runs one.
    let version = |name: &std::ffi::OsString| {
        let name = name.to_string_lossy();
        name.split('_').next().map(str::to_owned)
    };
    let versions: BTreeSet<_> = steps("sqlite").iter().map(version).collect();
    assert_eq!(versions.len(), steps("sqlite").len());
}
