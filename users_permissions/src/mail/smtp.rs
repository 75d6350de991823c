//! The built-in mailer: SMTP over pooled connections, TLS checked by rustls.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::connections::{Connections, Route};
use super::message::{MailAddress, MailError, MailFuture, Mailer, OutgoingMail};
use crate::config::{Config, ConfigError, Environment, Secret};

/// Sends by SMTP.
#[derive(Debug)]
pub(crate) struct SmtpMailer {
    connections: Arc<Connections>,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protection {
    None,
    Opportunistic,
    Required,
    /// TLS from the first byte.
    Wrapper,
}

/// `SMTP_URL`, understood.
#[derive(Debug)]
struct Server {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<(String, Secret)>,
}

impl SmtpMailer {
    /// Understands the URL; nothing is connected yet. Needs the runtime that will send.
    pub(crate) fn new(config: &Config, url: &Secret) -> Result<Self, ConfigError> {
        let server = Server::parse(url, config.environment)?;
        let tls = server.tls(config.extra_ca_file.as_deref())?;
        let public_url = Url::parse(&config.public_url).ok();
        let hello = match public_url.as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => ClientId::Domain(name.to_owned()),
            _ => ClientId::default(),
        };
        let credentials = server
            .credentials
            .map(|(user, password)| Credentials::new(user, password.expose().to_owned()));
        let route = Route {
            host: server.host,
            port: server.port,
            timeout: config.mail.timeout,
            hello,
            tls,
            credentials,
        };
        let kept = config.mail.connections.max(1) as usize;
        Ok(Self {
            connections: Connections::new(route, kept),
        })
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, mail: &'a OutgoingMail) -> MailFuture<'a> {
        Box::pin(async move {
            let message = message(mail).map_err(MailError::Permanent)?;
            let sent = self.connections.send(&message).await;
            sent.map_err(|error| judge(&error))
        })
    }
}

/// Answers that concern the account at the mail server or its set-up, not the mail: these become right
/// again without the mail being touched.
const NOT_THE_MAILS_FAULT: [u16; 6] = [502, 503, 530, 534, 535, 538];

fn judge(error: &SmtpError) -> MailError {
    let text = error.to_string();
    let code = error.status().map(u16::from);
    if error.is_permanent() && !code.is_some_and(|code| NOT_THE_MAILS_FAULT.contains(&code)) {
        MailError::Permanent(text)
    } else {
        MailError::Temporary(text)
    }
}

impl Server {
    fn parse(url: &Secret, environment: Environment) -> Result<Self, ConfigError> {
        let invalid = |reason: &str| ConfigError::invalid("SMTP_URL", reason);
        let url = Url::parse(url.expose()).map_err(|_| {
            invalid("is no URL; write smtp://user:password@host:587?tls=required or smtps://…")
        })?;
        let host = url
            .host()
            .map(|host| match host {
                // Taken by the resolver and the certificate check without their brackets.
                Host::Ipv6(address) => address.to_string(),
                other => other.to_string(),
            })
            .filter(|host| !host.is_empty())
            .ok_or_else(|| invalid("names no host"))?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(invalid(
                "takes no path; percent-encode `/`, `?`, `#` and `@` in a password",
            ));
        }
        let mut protection = None;
        for (key, value) in url.query_pairs() {
            protection = match (key.as_ref(), value.as_ref()) {
                ("tls", "none") => Some(Protection::None),
                ("tls", "opportunistic") => Some(Protection::Opportunistic),
                ("tls", "required") => Some(Protection::Required),
                _ => {
                    return Err(invalid(
                        "takes only tls=required, tls=opportunistic or tls=none",
                    ));
                }
            };
        }
        let local = is_loopback(&host);
        let protection = match (url.scheme(), protection) {
            ("smtps", None | Some(Protection::Required)) => Protection::Wrapper,
            ("smtps", Some(_)) => {
                return Err(invalid("smtps:// is always encrypted; leave tls out"));
            }
            ("smtp", Some(protection)) => protection,
            ("smtp", None) if local => Protection::None,
            ("smtp", None) => Protection::Required,
            _ => return Err(invalid("must start with smtp:// or smtps://")),
        };
        let server = Self {
            port: url.port().unwrap_or(match protection {
                Protection::Wrapper => 465,
                Protection::None => 25,
                _ => 587,
            }),
            protection,
            credentials: credentials(&url)?,
            host,
        };
        server.check_exposure(local, environment)?;
        Ok(server)
    }

    /// A password and codes must not cross a network in the clear.
    fn check_exposure(&self, local: bool, environment: Environment) -> Result<(), ConfigError> {
        let encrypted = matches!(self.protection, Protection::Required | Protection::Wrapper);
        if encrypted || local {
            return Ok(());
        }
        if self.credentials.is_some() && environment == Environment::Production {
            return Err(ConfigError::invalid(
                "SMTP_URL",
                "would send a password without encryption; use tls=required or smtps://",
            ));
        }
        tracing::warn!(
            "mails, and the codes in them, may cross the network without encryption; use tls=required in SMTP_URL"
        );
        Ok(())
    }

    fn tls(&self, extra: Option<&Path>) -> Result<Tls, ConfigError> {
        if self.protection == Protection::None {
            return Ok(Tls::None);
        }
        let mut parameters = TlsParameters::builder(self.host.clone());
        if let Some(path) = extra {
            let unusable =
                |_| ConfigError::invalid("SSL_CERT_FILE", "cannot be read as PEM certificates");
            let pem = std::fs::read(path).map_err(|_| unusable(()))?;
            let certificates = Certificate::from_pem(&pem).map_err(|_| unusable(()))?;
            parameters = parameters.add_root_certificate(certificates);
        }
        let parameters = parameters.build().map_err(|error| {
            ConfigError::invalid("SMTP_URL", format!("TLS cannot be used: {error}"))
        })?;
        Ok(match self.protection {
            Protection::Opportunistic => Tls::Opportunistic(parameters),
            Protection::Wrapper => Tls::Wrapper(parameters),
            Protection::Required | Protection::None => Tls::Required(parameters),
        })
    }
}

fn credentials(url: &Url) -> Result<Option<(String, Secret)>, ConfigError> {
    let decode = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().ok()?;
        (!text.chars().any(char::is_control)).then(|| text.into_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => decode(user)
            .zip(decode(password))
            .map(|(user, password)| Some((user, Secret::from(password))))
            .ok_or_else(|| ConfigError::invalid("SMTP_URL", "user or password is no text")),
        _ => Err(ConfigError::invalid(
            "SMTP_URL",
            "needs both user and password, or neither",
        )),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The mail in the form of RFC 5322. What becomes a header is encoded; what could break out of one is
/// refused.
fn message(mail: &OutgoingMail) -> Result<Message, String> {
    let headers = [&mail.message_id, &mail.from.name, &mail.subject, &mail.to];
    if headers
        .iter()
        .any(|value| value.chars().any(char::is_control))
    {
        return Err("a header holds a control character".to_owned());
    }
    let address = |text: &str| {
        text.parse::<Address>()
            .map_err(|_| "an address is malformed".to_owned())
    };
    let MailAddress { name, email } = &mail.from;
    let name = Some(name.clone()).filter(|name| !name.is_empty());
    let mut builder = Message::builder()
        .message_id(Some(mail.message_id.clone()))
        .date_now()
        .from(Mailbox::new(name, address(email)?))
        .to(Mailbox::new(None, address(&mail.to)?))
        .subject(&mail.subject)
        // Nobody's holiday notice shall answer.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(Mailbox::new(None, address(reply_to)?));
    }
    let text = mail.text.clone();
    let message = match &mail.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html.clone())),
        None => builder.singlepart(SinglePart::plain(text)),
    };
    message.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str, environment: Environment) -> Result<Server, String> {
        Server::parse(&Secret::from(url), environment).map_err(|error| error.to_string())
    }

    #[test]
    fn urls_are_understood() {
        let cases = [
            (
                "smtp://mail.example.com",
                "mail.example.com",
                587,
                Protection::Required,
            ),
            (
                "smtp://mail.example.com:2525?tls=opportunistic",
                "mail.example.com",
                2525,
                Protection::Opportunistic,
            ),
            (
                "smtp://mail.example.com?tls=none",
                "mail.example.com",
                25,
                Protection::None,
            ),
            (
                "smtps://mail.example.com",
                "mail.example.com",
                465,
                Protection::Wrapper,
            ),
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, Protection::None),
            ("smtp://[::1]:1025/", "::1", 1025, Protection::None),
            (
                "smtp://localhost?tls=required",
                "localhost",
                587,
                Protection::Required,
            ),
        ];
        for (url, host, port, protection) in cases {
            let server = parse(url, Environment::Production).unwrap();
            assert_eq!(
                (server.host.as_str(), server.port, server.protection),
                (host, port, protection),
                "{url}"
            );
            assert!(server.credentials.is_none());
        }
        let server = parse(
            "smtp://me%40x.io:p%2F%3A%25w@mail.example.com",
            Environment::Production,
        )
        .unwrap();
        let (user, password) = server.credentials.unwrap();
        assert_eq!((user.as_str(), password.expose()), ("me@x.io", "p/:%w"));
    }

    #[test]
    fn what_is_refused_is_not_repeated() {
        for url in [
            "c4nary",
            "http://u:c4nary@mail.example.com",
            "smtp://u:c4nary@mail.example.com?tls=maybe",
            "smtp://u:c4nary@mail.example.com?ssl=1",
            "smtp://u:c4nary@mail.example.com/path",
            "smtps://u:c4nary@mail.example.com?tls=none",
            "smtp://c4nary@mail.example.com",
            "smtp://:c4nary@mail.example.com",
            "smtp://u:c4nary%0d%0a@mail.example.com",
            "smtp://u:c4nary@mail.example.com?tls=none",
            "smtp://u:c4nary@mail.example.com?tls=opportunistic",
            "smtp://",
        ] {
            let error = parse(url, Environment::Production)
                .map(drop)
                .expect_err(url);
            assert!(
                error.starts_with("SMTP_URL: ") && !error.contains("c4nary"),
                "{error}"
            );
        }
        assert!(
            parse(
                "smtp://u:p@mail.example.com?tls=none",
                Environment::Development
            )
            .is_ok()
        );
    }

    #[test]
    fn nothing_breaks_out_of_a_header() {
        let mail = |name: &str, subject: &str, to: &str| OutgoingMail {
            message_id: "<1@x.io>".into(),
            from: MailAddress::new(name, "no-reply@x.io"),
            reply_to: None,
            to: to.into(),
            subject: subject.into(),
            text: ".\r\nMAIL FROM:<e@evil.io>".into(),
            html: None,
        };
        let message =
            |mail| message(&mail).map(|message| String::from_utf8(message.formatted()).unwrap());
        assert!(
            message(mail("Ünser Café", "Grüße, \"x\"", "ann@x.io"))
                .unwrap()
                .is_ascii()
        );
        for broken in [
            mail("a\r\nBcc: e@evil.io", "s", "ann@x.io"),
            mail("a", "s\r\nBcc: e@evil.io", "ann@x.io"),
            mail("a", "s\nBcc: e@evil.io", "ann@x.io"),
            mail("a", "s", "ann@x.io\r\nRCPT TO:<e@evil.io>"),
            mail("a", "s", "ann@x.io, e@evil.io"),
            mail("a", "s", "ann@x.io> <e@evil.io"),
        ] {
            assert!(message(broken).is_err());
        }
    }
}
