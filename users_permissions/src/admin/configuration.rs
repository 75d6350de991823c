//! What the program was started with, as far as it tells how settings work out. No secret is in it, and of a
//! URL that may hold one the host alone.

use std::time::Duration;

use url::Url;

use crate::config::{
    AdminSession, CodeLife, Config, Environment, JwtManagement, MailConfig, PasswordPolicy,
    RateLimit,
};
use crate::services::Delivery;

/// A value, and the variables that it comes from.
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) variables: &'static str,
}

fn fact(label: &'static str, value: impl Into<String>, variables: &'static str) -> Fact {
    Fact {
        label,
        value: value.into(),
        variables,
    }
}

/// What an administrator may want to know, in the order it is shown.
pub(super) fn facts(config: &Config, delivery: Delivery) -> Vec<Fact> {
    let environment = match config.environment {
        Environment::Development => "development",
        Environment::Production => "production",
    };
    let shared = config.redis_url.is_some();
    vec![
        fact("Environment", environment, "APP_ENV"),
        fact("Base of links", config.public_url.as_str(), "PUBLIC_URL"),
        tokens(config),
        fact(
            "Limits",
            limits(&config.ratelimit, shared),
            "UP_RATELIMIT, REDIS_URL",
        ),
        fact(
            "Passwords",
            passwords(config.password_policy),
            "UP_PASSWORD_POLICY",
        ),
        fact("Mailed codes", codes(&config.code_life), "UP_CODE_TTL"),
        fact("Mails", mails(&config.mail, delivery), "SMTP_URL"),
        fact(
            "Sign-in to these pages",
            sign_in(&config.admin_session),
            "UP_ADMIN_SESSION",
        ),
    ]
}

fn tokens(config: &Config) -> Fact {
    const LABEL: &str = "Tokens";
    match config.jwt_management {
        JwtManagement::LegacySupport => {
            let life = span(config.jwt_expires_in);
            fact(
                LABEL,
                format!("long-lived: {life}"),
                "UP_JWT_MANAGEMENT, UP_JWT_EXPIRES_IN",
            )
        }
        JwtManagement::Refresh => {
            let sessions = &config.sessions;
            let value = format!(
                "sessions: {} for an access token; a session ends after {}, or {} without use; {} for a user",
                span(sessions.access_token_lifespan),
                span(sessions.max_refresh_token_lifespan),
                span(sessions.idle_refresh_token_lifespan),
                sessions.max_per_user
            );
            fact(LABEL, value, "UP_JWT_MANAGEMENT, UP_SESSIONS")
        }
    }
}

fn limits(limits: &RateLimit, shared: bool) -> String {
    if !limits.enabled {
        return "off".to_owned();
    }
    let counted = match shared {
        true => "in Redis, for all instances",
        false => "in each instance",
    };
    format!(
        "in {}: {} tries of a network or an account per route, {} mails that strangers cause; counted {counted}",
        span(limits.interval),
        limits.max,
        limits.mails
    )
}

fn passwords(policy: PasswordPolicy) -> &'static str {
    match policy {
        PasswordPolicy::Recommended => {
            "8 characters to 72 bytes, not guessable, without user name, e-mail address or name of the site"
        }
        PasswordPolicy::Strapi => "6 characters to 72 bytes",
    }
}

fn codes(life: &CodeLife) -> String {
    format!(
        "for a new password {}, for an address {}",
        span(life.reset),
        span(life.confirmation)
    )
}

/// The host alone: user name and password stand in the same URL.
fn mails(config: &MailConfig, delivery: Delivery) -> String {
    let server = config.smtp_url.as_ref().map(|url| {
        let url = Url::parse(url.expose()).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        format!("by {host}")
    });
    match delivery {
        Delivery::Sent => server.unwrap_or_else(|| "by the application’s own mailer".to_owned()),
        Delivery::Kept => "kept for developers: there is no mail server".to_owned(),
        Delivery::None => "none are sent: there is no mail server".to_owned(),
    }
}

fn sign_in(times: &AdminSession) -> String {
    format!(
        "ends after {}, or {} without use; a password counts {} before grave steps",
        span(times.absolute),
        span(times.idle),
        span(times.recent)
    )
}

/// A span of time in the largest unit that divides it.
fn span(span: Duration) -> String {
    let millis = span.as_millis();
    let units = [
        (86_400_000, "day"),
        (3_600_000, "hour"),
        (60_000, "minute"),
        (1_000, "second"),
    ];
    let fits = |(length, _): &(u128, &str)| millis >= *length && millis.is_multiple_of(*length);
    match units.into_iter().find(fits) {
        Some((length, unit)) => {
            let count = millis / length;
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {unit}{plural}")
        }
        None => format!("{millis} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_units_of_their_own() {
        for (millis, told) in [
            (30 * 86_400_000, "30 days"),
            (86_400_000, "1 day"),
            (5_400_000, "90 minutes"),
            (3_600_000, "1 hour"),
            (61_000, "61 seconds"),
            (1_500, "1500 ms"),
            (0, "0 ms"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), told);
        }
    }

    #[test]
    fn of_the_mail_server_the_host_alone_is_told() {
        let of = |url: &str| MailConfig {
            smtp_url: Some(url.into()),
            ..MailConfig::default()
        };
        let told = mails(
            &of("smtps://c4nary:p4ssw0rd@mail.example:465?tls=required"),
            Delivery::Sent,
        );
        assert_eq!(told, "by mail.example");
        let told = mails(&MailConfig::default(), Delivery::Sent);
        assert_eq!(told, "by the application’s own mailer");
    }
}
