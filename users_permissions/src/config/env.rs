//! Reads the configuration from variables.

use std::net::IpAddr;
use std::str::FromStr;

use serde::de::DeserializeOwned;

use super::{
    Config, ConfigError, Environment, FirstAdmin, IpNet, JwtManagement, KeyPair, PasswordPolicy,
    Secret, SigningKeys, parse_span,
};
use crate::model::AdvancedSettings;

pub(super) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let get = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
    let mut config =
        Config::new(get("DATABASE_URL").unwrap_or_else(|| "sqlite://example_app.db".to_owned()));
    if let Some(environment) = get("APP_ENV") {
        config.environment = match environment.as_str() {
            "development" => Environment::Development,
            "production" => Environment::Production,
            _ => {
                return Err(ConfigError::invalid(
                    "APP_ENV",
                    "must be development or production",
                ));
            }
        };
    }
    match get("PUBLIC_URL") {
        Some(url) => config.public_url = url,
        None if config.environment == Environment::Production => {
            return Err(ConfigError::invalid(
                "PUBLIC_URL",
                "is required in production; links are never built from a request",
            ));
        }
        None => {}
    }
    config.signing_keys = get("JWT_SECRET")
        .map(|text| SigningKeys::parse(&text))
        .transpose()?;
    if let Some(keys) = get("UP_JWT_KEYS") {
        config.jwt_keys = KeyPair::parse_list(&keys, |path| std::fs::read_to_string(path))?;
    }
    set(get, "UP_JWT_ISSUER", &mut config.jwt_issuer)?;
    json(get, "UP_TRUSTED_ISSUERS", &mut config.trusted_issuers)?;
    if let Some(span) = get("UP_JWT_EXPIRES_IN") {
        config.jwt_expires_in = parse_span(&span)
            .map_err(|error| ConfigError::invalid("UP_JWT_EXPIRES_IN", error.to_string()))?;
    }
    if let Some(path) = get("UP_JWT_SECRET_FILE") {
        config.secret_file = path.into();
    }
    if let Some(mode) = get("UP_JWT_MANAGEMENT") {
        config.jwt_management = match mode.as_str() {
            "legacy-support" => JwtManagement::LegacySupport,
            "refresh" | "jwt-refresh-token" => JwtManagement::Refresh,
            _ => {
                return Err(ConfigError::invalid(
                    "UP_JWT_MANAGEMENT",
                    "must be legacy-support or refresh",
                ));
            }
        };
    }
    json(get, "UP_SESSIONS", &mut config.sessions)?;
    config.cors_origins = list(get("UP_CORS_ORIGINS"));
    config.register_allowed_fields = list(get("UP_REGISTER_ALLOWED_FIELDS"));
    set(get, "UP_BCRYPT_COST", &mut config.bcrypt_cost)?;
    set(get, "UP_HASH_THREADS", &mut config.hash_threads)?;
    set(get, "UP_POOL_SIZE", &mut config.pool_size)?;
    if let Some(span) = get("UP_SYNC_INTERVAL_MS") {
        let millis = span.parse().ok().filter(|millis| *millis > 0);
        let millis = millis.ok_or_else(|| {
            ConfigError::invalid("UP_SYNC_INTERVAL_MS", "must be a number of milliseconds")
        })?;
        config.sync_interval = std::time::Duration::from_millis(millis);
    }
    set(get, "UP_INITIAL_GRANTS", &mut config.initial_grants)?;
    set(get, "UP_DENY_UNLISTED", &mut config.deny_unlisted)?;
    if let Some(policy) = get("UP_PASSWORD_POLICY") {
        config.password_policy = match policy.as_str() {
            "recommended" => PasswordPolicy::Recommended,
            "strapi" => PasswordPolicy::Strapi,
            _ => {
                return Err(ConfigError::invalid(
                    "UP_PASSWORD_POLICY",
                    "must be recommended or strapi",
                ));
            }
        };
    }
    json::<AdvancedSettings>(get, "UP_ADVANCED_SETTINGS", &mut config.advanced_settings)?;
    json(get, "UP_RATELIMIT", &mut config.ratelimit)?;
    json(get, "UP_CODE_TTL", &mut config.code_life)?;
    if let Some(list) = get("UP_TRUSTED_PROXIES") {
        config.trusted_proxies = networks(&list)?;
    }
    config.redis_url = get("REDIS_URL").map(Secret::from);
    config.encryption_key = get("UP_ENCRYPTION_KEY").map(Secret::from);
    let app_keys = list(get("APP_KEYS")).into_iter();
    config.app_keys = app_keys.map(Secret::from).collect();
    json(get, "UP_ADMIN_SESSION", &mut config.admin_session)?;
    config.extra_ca_file = get("SSL_CERT_FILE").map(Into::into);
    config.allow_private_hosts = list(get("UP_ALLOW_PRIVATE_HOSTS"));
    if let Some(text) = get("UP_PROVIDERS") {
        // The parser's own words may repeat a secret.
        config.providers = serde_json::from_str(&text).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            ConfigError::invalid(
                "UP_PROVIDERS",
                format!("is no JSON of providers at {place}"),
            )
        })?;
    }
    json(get, "UP_MAIL", &mut config.mail)?;
    config.mail.smtp_url = get("SMTP_URL").map(Secret::from);
    if let Some(from) = get("MAIL_FROM") {
        config.mail.from = from;
    }
    config.first_admin = first_admin(
        get("UP_ADMIN_EMAIL"),
        get("UP_ADMIN_USERNAME"),
        get("UP_ADMIN_PASSWORD"),
    )?;
    Ok(config.tidy())
}

fn set<T: FromStr>(
    get: impl Fn(&str) -> Option<String>,
    name: &str,
    place: &mut T,
) -> Result<(), ConfigError> {
    if let Some(text) = get(name) {
        *place = text
            .parse()
            .map_err(|_| ConfigError::invalid(name, "cannot be read; see the settings table"))?;
    }
    Ok(())
}

fn json<T: DeserializeOwned>(
    get: impl Fn(&str) -> Option<String>,
    name: &str,
    place: &mut T,
) -> Result<(), ConfigError> {
    if let Some(text) = get(name) {
        *place = serde_json::from_str(&text)
            .map_err(|error| ConfigError::invalid(name, error.to_string()))?;
    }
    Ok(())
}

/// The parts of a comma list.
fn list(text: Option<String>) -> Vec<String> {
    let text = text.unwrap_or_default();
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A comma list of networks; a lone address is a network of one.
fn networks(list: &str) -> Result<Vec<IpNet>, ConfigError> {
    let parts = list
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let networks = parts.map(|part| {
        let alone = || part.parse::<IpAddr>().map(IpNet::from);
        part.parse::<IpNet>().or_else(|_| alone()).map_err(|_| {
            ConfigError::invalid(
                "UP_TRUSTED_PROXIES",
                "must be a comma list of networks such as 10.0.0.0/8,::1",
            )
        })
    });
    networks.collect()
}

fn first_admin(
    email: Option<String>,
    username: Option<String>,
    password: Option<String>,
) -> Result<Option<FirstAdmin>, ConfigError> {
    match (email, username, password) {
        (None, None, None) => Ok(None),
        (Some(email), username, Some(password)) => Ok(Some(FirstAdmin {
            username: username.unwrap_or_else(|| "admin".to_owned()),
            email,
            password: Secret::from(password),
        })),
        _ => Err(ConfigError::invalid(
            "UP_ADMIN_EMAIL",
            "the first administrator needs both UP_ADMIN_EMAIL and UP_ADMIN_PASSWORD",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        read(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_those_of_the_readme() {
        let config = config(&[]).unwrap();
        assert_eq!(config.database_url.expose(), "sqlite://example_app.db");
        assert_eq!(config.jwt_expires_in.as_secs(), 2_592_000);
        assert!(config.initial_grants);
    }

    #[test]
    fn errors_name_the_variable_and_hide_the_value() {
        let error = config(&[("UP_BCRYPT_COST", "s3cret")])
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("UP_BCRYPT_COST") && !error.contains("s3cret"),
            "{error}"
        );
        assert!(config(&[("UP_ADMIN_EMAIL", "a@b.c")]).is_err());
        assert!(config(&[("APP_ENV", "staging")]).is_err());
    }

    #[test]
    fn limits_are_read_as_strapi_writes_them() {
        let limits = config(&[
            (
                "UP_RATELIMIT",
                r#"{"enabled":true,"interval":1000,"max":3}"#,
            ),
            ("UP_CODE_TTL", r#"{"reset":60}"#),
            ("UP_TRUSTED_PROXIES", "10.0.0.0/8, ::1,192.0.2.1"),
        ])
        .unwrap();
        assert_eq!(
            (limits.ratelimit.max, limits.ratelimit.interval.as_millis()),
            (3, 1000)
        );
        assert_eq!(limits.code_life.reset.as_secs(), 60);
        assert_eq!(limits.code_life.confirmation.as_secs(), 259_200);
        assert_eq!(limits.trusted_proxies.len(), 3);
        assert!(
            !config(&[("UP_RATELIMIT", r#"{"enabled":false}"#)])
                .unwrap()
                .ratelimit
                .enabled
        );
        for (name, bad) in [
            ("UP_TRUSTED_PROXIES", "proxy.internal"),
            ("UP_RATELIMIT", r#"{"per_minute":3}"#),
            ("UP_RATELIMIT", "ten"),
            ("UP_CODE_TTL", r#"{"reset":-1}"#),
        ] {
            let error = config(&[(name, bad)]).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        for zero in [r#"{"max":0}"#, r#"{"interval":0}"#] {
            assert!(
                config(&[("UP_RATELIMIT", zero)])
                    .unwrap()
                    .validate()
                    .is_err()
            );
        }
    }

    #[test]
    fn mails_are_tuned_without_losing_the_server() {
        let read = config(&[
            ("UP_MAIL", r#"{"lease":9000,"timeout":8000,"attempts":3}"#),
            ("SMTP_URL", "smtp://mail.example"),
        ])
        .unwrap();
        let mail = &read.mail;
        assert_eq!((mail.lease.as_secs(), mail.timeout.as_secs()), (9, 8));
        assert_eq!((mail.attempts, mail.first_pause.as_secs()), (3, 5));
        assert!(mail.smtp_url.is_some() && mail.from == "no-reply@localhost");
        assert!(read.validate().is_ok());
        for bad in [
            r#"{"smtp_url":"smtp://x"}"#,
            r#"{"lease":1}"#,
            r#"{"poll_interval":0}"#,
            r#"{"attempts":0}"#,
            r#"{"timeout":0}"#,
            "{",
        ] {
            let error = config(&[("UP_MAIL", bad)]).and_then(|config| config.validate());
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("UP_MAIL"), "{error}");
        }
    }

    #[test]
    fn links_can_be_made_of_the_public_url() {
        for (written, used) in [
            ("https://api.example.com", "https://api.example.com"),
            (" http://localhost:1337// ", "http://localhost:1337"),
            ("https://example.com/shop/", "https://example.com/shop"),
        ] {
            let config = config(&[("PUBLIC_URL", written)]).unwrap();
            assert_eq!(config.public_url, used);
            config.validate().unwrap();
        }
        for bad in [
            "example.com",
            "ftp://example.com",
            "http://",
            "https://example.com?x=1",
            "https://example.com/#top",
            "https://me:c4nary@example.com",
            "https://me@example.com",
            "https://exa mple.com",
            "https://example.com/a\nb",
        ] {
            let error = config(&[("PUBLIC_URL", bad)]).unwrap().validate();
            let error = error.expect_err(bad).to_string();
            assert!(
                error.starts_with("PUBLIC_URL: ") && !error.contains("c4nary"),
                "{error}"
            );
        }
    }

    #[test]
    fn production_needs_a_public_url_and_a_strong_secret() {
        assert!(config(&[("APP_ENV", "production")]).is_err());
        let without_secret = config(&[
            ("APP_ENV", "production"),
            ("PUBLIC_URL", "https://x.example"),
        ])
        .unwrap();
        let error = without_secret.validate().unwrap_err().to_string();
        assert!(
            error.starts_with("JWT_SECRET") && !error.contains('\n'),
            "{error}"
        );
    }
}
