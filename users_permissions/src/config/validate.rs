//! What no type can check: ranges, URLs, names, and in production the strength of secrets.

use url::Url;

use super::strength::check_strength;
use super::{Config, ConfigError, Environment};
use crate::model::{ADMINISTRATOR, is_page_url};

impl Config {
    /// Names the first thing that cannot be used.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        self.check_profile_fields()?;
        self.check_issuers()?;
        if !(4..=15).contains(&self.bcrypt_cost) {
            return Err(ConfigError::invalid(
                "UP_BCRYPT_COST",
                "must be between 4 and 15",
            ));
        }
        self.check_public_url()?;
        self.ratelimit.validate()?;
        self.code_life.validate()?;
        self.sessions.validate(self.environment)?;
        if cfg!(not(feature = "redis")) && self.redis_url.is_some() {
            return Err(ConfigError::invalid(
                "REDIS_URL",
                "needs a build with the feature `redis`",
            ));
        }
        self.mail.validate()?;
        self.admin_session.validate()?;
        self.check_advanced_settings()?;
        match self.environment {
            Environment::Development => Ok(()),
            Environment::Production => self.check_for_production(),
        }
    }

    fn check_for_production(&self) -> Result<(), ConfigError> {
        if let Some(key) = &self.encryption_key {
            check_strength("UP_ENCRYPTION_KEY", key)?;
        }
        for key in &self.app_keys {
            check_strength("APP_KEYS", key)?;
        }
        if self.bcrypt_cost < 10 {
            return Err(ConfigError::invalid(
                "UP_BCRYPT_COST",
                "must be at least 10 in production",
            ));
        }
        let keys = self.signing_keys.as_ref().ok_or_else(|| {
            ConfigError::invalid(
                "JWT_SECRET",
                "is required in production; set it to at least 32 random bytes, e.g. from `openssl rand -base64 48`",
            )
        })?;
        for key in keys.all() {
            check_strength("JWT_SECRET", &key.secret)?;
        }
        Ok(())
    }

    /// As a change of them is checked; whether the role exists is seen, and warned of, at the start.
    fn check_advanced_settings(&self) -> Result<(), ConfigError> {
        let refuse = |reason: &str| Err(ConfigError::invalid("UP_ADVANCED_SETTINGS", reason));
        let settings = &self.advanced_settings;
        let pages = [
            &settings.email_reset_password,
            &settings.email_confirmation_redirection,
        ];
        if pages.into_iter().flatten().any(|page| !is_page_url(page)) {
            return refuse("its pages must be http:// or https:// URLs without a user name");
        }
        if settings.default_role == ADMINISTRATOR {
            return refuse("its default_role must not be the administrator role");
        }
        Ok(())
    }

    /// Links are made by writing a path behind it.
    fn check_public_url(&self) -> Result<(), ConfigError> {
        let refuse = |reason: &str| Err(ConfigError::invalid("PUBLIC_URL", reason));
        let url = self.public_url.as_str();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return refuse("must start with http:// or https://");
        }
        if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return refuse("must be one URL, without spaces");
        }
        let Ok(url) = Url::parse(url) else {
            return refuse("is no URL");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("must not hold a user name or a password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("must end with the host or a path, without `?` and `#`");
        }
        Ok(())
    }

    fn check_profile_fields(&self) -> Result<(), ConfigError> {
        let names: Vec<&str> = self
            .profile_fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        for (place, field) in self.profile_fields.iter().enumerate() {
            let twice = names.iter().take(place).any(|name| *name == field.name);
            let fault = field.name_fault().or(twice.then_some("is declared twice"));
            if let Some(fault) = fault {
                return Err(ConfigError::invalid(
                    format!("profile field `{}`", field.name),
                    fault,
                ));
            }
        }
        let allowed = &self.register_allowed_fields;
        match allowed.iter().find(|name| !names.contains(&name.as_str())) {
            Some(unknown) => Err(ConfigError::invalid(
                "UP_REGISTER_ALLOWED_FIELDS",
                format!("`{unknown}` is no profile field of the application"),
            )),
            None => Ok(()),
        }
    }
}
