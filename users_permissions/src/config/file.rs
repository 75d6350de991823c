//! Settings out of a TOML file, for those who prefer one to variables.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use serde_json::{Map, Value};

use super::ConfigError;

/// Settings of the environment and, where that has none, of a TOML file. The file has the names of the variables in
/// lower case; what a variable holds as JSON is a table or a list of tables there, and what it holds as a comma list
/// a list of texts.
///
/// ```toml
/// public_url = "https://api.example.com"
/// up_cors_origins = ["https://app.example.com"]
///
/// [up_sessions]
/// maxPerUser = 5
/// ```
///
/// ```
/// use users_permissions::{Config, SettingsFile};
///
/// let file = SettingsFile::read("users_permissions.toml")?; // empty where there is none
/// let config = Config::from_lookup(|name| file.get(name))?;
/// file.check_names()?;
/// # drop(config);
/// # Ok::<(), users_permissions::ConfigError>(())
/// ```
#[derive(Default)]
pub struct SettingsFile {
    name: String,
    /// As variables hold them, by names in lower case.
    values: BTreeMap<String, String>,
    asked: RefCell<BTreeSet<String>>,
}

impl SettingsFile {
    /// Reads the file; one that does not exist holds nothing.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file: it cannot be read, or is no TOML.
    ///
    /// ```
    /// use users_permissions::SettingsFile;
    ///
    /// assert_eq!(SettingsFile::read("no-such-file.toml")?.get("up_nothing"), None);
    /// # Ok::<(), users_permissions::ConfigError>(())
    /// ```
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let name = path.as_ref().display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(name, &text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ConfigError::invalid(name, error.to_string())),
        }
    }

    fn parse(name: String, text: &str) -> Result<Self, ConfigError> {
        let table: Map<String, Value> = toml::from_str(text).map_err(|error| {
            // The parser's own words may repeat a secret.
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(1, |before| before.matches('\n').count() + 1);
            ConfigError::invalid(&name, format!("is no TOML at line {line}"))
        })?;
        let values = table.into_iter().map(|(key, value)| (key, plain(value)));
        Ok(Self {
            values: values.collect(),
            name,
            asked: RefCell::default(),
        })
    }

    /// The variable of this name, else what the file has under it; blank ones count as none.
    ///
    /// ```
    /// use users_permissions::SettingsFile;
    ///
    /// assert!(SettingsFile::default().get("PATH").is_some());
    /// ```
    pub fn get(&self, name: &str) -> Option<String> {
        let variable = std::env::var(name).ok();
        self.or_of_file(name, variable)
    }

    fn or_of_file(&self, name: &str, variable: Option<String>) -> Option<String> {
        let key = name.to_ascii_lowercase();
        let of_file = self.values.get(&key).cloned();
        self.asked.borrow_mut().insert(key);
        let is_said = |text: &String| !text.trim().is_empty();
        variable.filter(is_said).or(of_file.filter(is_said))
    }

    /// Everything that is in the file has been asked for; to be called when all settings were read.
    ///
    /// # Errors
    /// [`ConfigError`] with the name of a setting that there is none of.
    ///
    /// ```
    /// # use users_permissions::SettingsFile;
    /// assert!(SettingsFile::default().check_names().is_ok());
    /// ```
    pub fn check_names(&self) -> Result<(), ConfigError> {
        let asked = self.asked.borrow();
        match self.values.keys().find(|key| !asked.contains(*key)) {
            Some(key) => Err(ConfigError::invalid(
                &self.name,
                format!(
                    "there is no setting {key}; names are those of the variables in lower case"
                ),
            )),
            None => Ok(()),
        }
    }
}

/// Values are secrets as likely as not.
impl std::fmt::Debug for SettingsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.values.keys().collect();
        f.debug_struct("SettingsFile")
            .field("name", &self.name)
            .field("values", &names)
            .finish_non_exhaustive()
    }
}

/// As a variable holds it.
fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Array(parts) if parts.iter().all(Value::is_string) => {
            let texts: Vec<_> = parts.iter().filter_map(Value::as_str).collect();
            texts.join(",")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const FILE: &str = r#"
        database_url = "sqlite://other.db"
        up_bcrypt_cost = 12
        up_deny_unlisted = true
        up_cors_origins = ["https://a.example", "https://b.example"]
        jwt_secret = "canary"
        [up_sessions]
        maxPerUser = 5
        [[up_trusted_issuers]]
        issuer = "https://issuer.example"
        audience = ["api"]
    "#;

    fn config(file: &SettingsFile, variables: &[(&str, &str)]) -> Config {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name)?;
            Some(found.1.to_owned())
        };
        Config::from_lookup(|name| file.or_of_file(name, variable(name))).unwrap()
    }

    #[test]
    fn a_file_says_what_variables_do_not() {
        let file = SettingsFile::parse("x.toml".to_owned(), FILE).unwrap();
        let read = config(&file, &[("UP_BCRYPT_COST", "11"), ("DATABASE_URL", " ")]);
        assert_eq!(read.database_url.expose(), "sqlite://other.db");
        assert_eq!(read.bcrypt_cost, 11);
        assert!(read.deny_unlisted);
        assert_eq!(
            read.cors_origins,
            ["https://a.example", "https://b.example"]
        );
        assert_eq!(read.sessions.max_per_user, 5);
        assert_eq!(read.trusted_issuers.len(), 1);
        assert!(file.check_names().is_ok());
        assert!(!format!("{file:?}").contains("canary"));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_without_its_values() {
        for (text, told) in [
            (
                "jwt_secret = \"canary\"\nup_bcrypt_cost = canary",
                "is no TOML at line 2",
            ),
            ("up_bcript_cost = 10", "there is no setting up_bcript_cost"),
            ("UP_BCRYPT_COST = 10", "there is no setting UP_BCRYPT_COST"),
        ] {
            let file = SettingsFile::parse("x.toml".to_owned(), text);
            let error = file.and_then(|file| {
                config(&file, &[]);
                file.check_names()
            });
            let error = error.unwrap_err().to_string();
            assert!(
                error.starts_with("x.toml: ") && error.contains(told),
                "{error}"
            );
            assert!(!error.contains("canary"), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(SettingsFile::read(folder.path()).is_err());
        assert!(SettingsFile::read(folder.path().join("none")).is_ok());
    }
}
