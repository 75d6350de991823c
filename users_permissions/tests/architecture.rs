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

/// Calls that hand text to a database as SQL: what is called, and the code from the text on.
fn statements(code: &str) -> Vec<(&'static str, &str)> {
    let mut found = Vec::new();
    for word in ["sql_query", "sql", "batch_execute", "push_sql"] {
        for (at, _) in code.match_indices(word) {
            let (before, rest) = (&code[..at], &code[at + word.len()..]);
            if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let arguments = match rest.strip_prefix("::<") {
                Some(typed) => typed.split_once(">(").map(|(_, arguments)| arguments),
                None => rest.strip_prefix('('),
            };
            let Some(arguments) = arguments else { continue };
            // Methods called by their path are given the connection first.
            let is_method = ["batch_execute", "push_sql"].contains(&word);
            let text = match is_method && before.ends_with("::") {
                true => arguments.split_once(',').map_or("", |(_, text)| text),
                false => arguments,
            };
            found.push((word, text.trim_start()));
        }
    }
    found
}

/// Is the first argument one literal or one constant, and nothing else?
fn is_constant(arguments: &str) -> bool {
    let rest = match arguments.strip_prefix('"') {
        Some(text) => {
            let mut is_escaped = false;
            let end = text.find(|c: char| {
                let is_end = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                is_end
            });
            end.map_or("", |end| &text[end + 1..])
        }
        None => arguments.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_'),
    };
    rest.len() < arguments.len() && rest.trim_start().starts_with([')', ','])
}

/// Values are bound.
#[test]
fn no_statement_is_put_together_from_text() {
    // It chooses between two literals.
    let allowed = [("store/reach.rs", "if value {")];
    for (path, text) in sources("") {
        let code: Vec<_> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        for (word, arguments) in statements(&code.join("\n")) {
            let is_allowed = allowed
                .iter()
                .any(|(file, start)| path.ends_with(file) && arguments.starts_with(start));
            let start: String = arguments.chars().take(60).collect();
            assert!(
                is_allowed || is_constant(arguments),
                "{}: {word}({start}",
                path.display()
            );
        }
    }
}

#[test]
fn text_that_is_no_constant_is_found() {
    for (code, is_fine) in [
        (r#"diesel::sql_query("SELECT \"a\", $1").bind(a)"#, true),
        ("sql_query(LOCK)", true),
        (r#"dsl::sql::<Nullable<Text>>("NULL")"#, true),
        (r#"conn.batch_execute("SELECT 1")"#, true),
        (
            r#"SimpleConnection::batch_execute(&mut conn, "SELECT 1")"#,
            true,
        ),
        (r#"out.push_sql(" LIKE ")"#, true),
        ("sql_query(text)", false),
        (r#"sql_query(format!("SELECT {a}"))"#, false),
        (r#"sql_query("SELECT ".to_owned() + a)"#, false),
        ("dsl::sql(&text)", false),
        ("sql::<Bool>(&text)", false),
        ("conn.batch_execute(&text)", false),
        ("SimpleConnection::batch_execute(&mut conn, &text)", false),
        ("out.push_sql(self.name)", false),
    ] {
        let found = statements(code);
        assert_eq!(found.len(), 1, "{code}");
        assert_eq!(is_constant(found[0].1), is_fine, "{code}");
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
