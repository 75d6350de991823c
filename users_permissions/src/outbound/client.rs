//! The one HTTP client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, redirect, retry};
use tokio::sync::OnceCell;
use url::Url;

use super::addresses::{Reach, is_public};
use crate::config::{Config, ConfigError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// From the first packet to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BODY: usize = 256 * 1024;

/// Asks providers and issuers. Redirects are not followed; a connection serves one request, for the
/// threads that ask have runtimes of their own.
pub(crate) struct OutboundClient {
    reach: Arc<Reach>,
    authorities: Vec<Certificate>,
    /// Made for the first request, on a thread that may block: reading the system's certificates takes
    /// time, and many ask nobody.
    client: OnceCell<Client>,
}

/// What was answered, with any status.
#[derive(Debug)]
pub(crate) struct OutboundAnswer {
    pub(crate) status: u16,
    /// As sent, parameters included.
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer. Tells no URL and nothing of what was sent; for logs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("not asked: {0}")]
    Refused(&'static str),
    #[error("no answer in time")]
    TimedOut,
    #[error("the answer is too large")]
    TooLarge,
    #[error("the request failed: {0}")]
    Failed(String),
}

impl OutboundClient {
    /// # Errors
    /// [`ConfigError`] for certificates that cannot be read.
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let unreadable = |reason: String| ConfigError::invalid("SSL_CERT_FILE", reason);
        let authorities = match &config.extra_ca_file {
            None => Vec::new(),
            Some(path) => {
                let pem = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
                Certificate::from_pem_bundle(&pem)
                    .map_err(|_| unreadable("is no PEM file of certificates".to_owned()))?
            }
        };
        Ok(Self {
            reach: Arc::new(Reach::new(config)),
            authorities,
            client: OnceCell::new(),
        })
    }

    /// Why this URL will not be asked, as far as it tells by itself; for what is configured.
    pub(crate) fn fault(&self, url: &Url) -> Option<&'static str> {
        self.reach.fault(url)
    }

    pub(crate) async fn get(
        &self,
        url: &Url,
        headers: &[(&str, &str)],
    ) -> Result<OutboundAnswer, OutboundError> {
        let request = self.checked(url).await?.get(url.clone());
        send(request, headers).await
    }

    /// The fields as `application/x-www-form-urlencoded`.
    pub(crate) async fn post_form(
        &self,
        url: &Url,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Result<OutboundAnswer, OutboundError> {
        let request = self.checked(url).await?.post(url.clone()).form(fields);
        send(request, headers).await
    }

    async fn checked(&self, url: &Url) -> Result<&Client, OutboundError> {
        if let Some(fault) = self.reach.fault(url) {
            return Err(OutboundError::Refused(fault));
        }
        let make = async || {
            let builder = self.builder();
            let built = tokio::task::spawn_blocking(move || builder.build()).await;
            built
                .map_err(|_| OutboundError::Refused("the client could not be made"))?
                .map_err(failed)
        };
        self.client.get_or_try_init(make).await
    }

    fn builder(&self) -> ClientBuilder {
        Client::builder()
            .user_agent("users_permissions")
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            // A proxy would resolve names by itself.
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(0)
            .tls_certs_merge(self.authorities.iter().cloned())
            .dns_resolver(Resolver {
                reach: Arc::clone(&self.reach),
            })
    }
}

impl fmt::Debug for OutboundClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundClient")
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

async fn send(
    request: RequestBuilder,
    headers: &[(&str, &str)],
) -> Result<OutboundAnswer, OutboundError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok();
        let Some((name, mut value)) = name.zip(HeaderValue::from_str(value).ok()) else {
            return Err(OutboundError::Refused("a header holds control characters"));
        };
        value.set_sensitive(true);
        map.insert(name, value);
    }
    let mut response = request.headers(map).send().await.map_err(failed)?;
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type = content_type.map(str::to_owned);
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(OutboundError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(OutboundAnswer {
        status,
        content_type,
        body,
    })
}

fn failed(error: reqwest::Error) -> OutboundError {
    if error.is_timeout() {
        OutboundError::TimedOut
    } else {
        // URLs may hold codes.
        let error = error.without_url();
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| {
            error.source()
        });
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        OutboundError::Failed(causes.join(": "))
    }
}

/// Resolves names to the addresses that may be connected to.
struct Resolver {
    reach: Arc<Reach>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_free = self.reach.is_free(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let fit: Vec<_> = found
                .filter(|address| is_free || is_public(address.ip()))
                .collect();
            if fit.is_empty() {
                return Err("the name has no public address".into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::net::TcpListener;

    fn client(environment: Environment) -> OutboundClient {
        let mut config = Config::new("sqlite://:memory:");
        config.environment = environment;
        OutboundClient::new(&config).unwrap()
    }

    fn ask<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(future)
    }

    /// A server of one answer; answers its URL.
    fn serving(answer: impl FnOnce(String) -> Vec<u8> + Send + 'static) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            while !seen.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
                let read = stream.read(&mut buffer).unwrap();
                seen.extend_from_slice(&buffer[..read]);
            }
            let answer = answer(String::from_utf8_lossy(&seen).into_owned());
            // The client hangs up on what is too large.
            let _ = stream.write_all(&answer);
        });
        Url::parse(&url).unwrap()
    }

    #[test]
    fn answers_are_passed_on_with_any_status() {
        let url = serving(|request| {
            assert!(request.contains("authorization: Bearer x"), "{request}");
            b"HTTP/1.1 503 Busy\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nno".to_vec()
        });
        let client = client(Environment::Development);
        let answer = ask(client.get(&url, &[("authorization", "Bearer x")])).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (503, &b"no"[..]));
        assert_eq!(answer.content_type.as_deref(), Some("text/html"));
    }

    #[test]
    fn fields_are_sent_as_a_form() {
        let url = serving(|request| {
            assert!(request.starts_with("POST /keys"), "{request}");
            assert!(request.contains("application/x-www-form-urlencoded"));
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()
        });
        let client = client(Environment::Development);
        let answer = ask(client.post_form(&url, &[("code", "a&b")], &[])).unwrap();
        assert_eq!((answer.status, answer.content_type), (200, None));
    }

    #[test]
    fn the_first_request_does_not_make_the_client_on_its_own_thread() {
        use futures_util::FutureExt as _;
        let client = client(Environment::Development);
        let url = Url::parse("http://127.0.0.1:1/").unwrap();
        ask(async {
            assert!(client.checked(&url).now_or_never().is_none());
            assert!(client.checked(&url).await.is_ok());
            // From then on it is there.
            assert!(client.checked(&url).now_or_never().is_some());
        });
    }

    #[test]
    fn redirects_are_answers() {
        let url = serving(|_| {
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
                .to_vec()
        });
        let client = client(Environment::Development);
        assert_eq!(ask(client.get(&url, &[])).unwrap().status, 302);
    }

    #[test]
    fn large_answers_are_left() {
        let body = "x".repeat(MAX_BODY + 1);
        let sized = format!("content-length: {}\r\n\r\n{body}", body.len());
        for rest in [sized, format!("connection: close\r\n\r\n{body}")] {
            let url = serving(move |_| format!("HTTP/1.1 200 OK\r\n{rest}").into_bytes());
            let client = client(Environment::Development);
            let answer = ask(client.get(&url, &[]));
            assert!(matches!(answer, Err(OutboundError::TooLarge)), "{answer:?}");
        }
    }

    #[test]
    fn production_connects_to_nothing_private() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = client(Environment::Production);
        for host in ["localhost", "localhost.", "127.0.0.1", "[::ffff:127.0.0.1]"] {
            let url = Url::parse(&format!("https://{host}:{port}/keys")).unwrap();
            assert!(ask(client.get(&url, &[])).is_err(), "{host}");
            assert!(ask(client.post_form(&url, &[], &[])).is_err(), "{host}");
        }
        let refused = listener.accept().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn broken_headers_and_certificates_are_errors() {
        let client = client(Environment::Development);
        let url = Url::parse("http://127.0.0.1:1/").unwrap();
        let answer = ask(client.get(&url, &[("authorization", "a\r\nx: y")]));
        assert!(matches!(answer, Err(OutboundError::Refused(_))));
        let mut config = Config::new("sqlite://:memory:");
        config.extra_ca_file = Some("/nonexistent".into());
        let error = OutboundClient::new(&config).unwrap_err().to_string();
        assert!(error.starts_with("SSL_CERT_FILE"), "{error}");
    }
}
