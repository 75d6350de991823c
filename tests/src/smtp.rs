//! A mail server that writes everything down, and misbehaves on demand.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::tls;

/// What the server does with the next connections and mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Takes every mail.
    Accept,
    /// Takes connections and says nothing.
    Stall,
    /// Takes the mail and does not say so.
    StallAfterData,
    /// Answers this code to every recipient.
    Refuse(u16),
    /// Hangs up in the middle of the mail.
    DropInData,
}

/// How connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// After `STARTTLS`, which is offered.
    StartTls,
    /// From the first byte.
    Implicit,
}

/// A mail as it came in.
#[derive(Debug, Clone)]
pub struct Received {
    /// Argument of `MAIL FROM`.
    pub mail_from: String,
    /// Arguments of `RCPT TO`.
    pub rcpt_to: Vec<String>,
    /// User and password, where the client signed in.
    pub login: Option<(String, String)>,
    /// The connection was encrypted.
    pub encrypted: bool,
    /// The message without dot-stuffing.
    pub raw: String,
    /// When it was complete.
    pub at: Instant,
}

impl Received {
    /// A header, decoded and unfolded; empty when there is none.
    pub fn header(&self, name: &str) -> String {
        let message = self.parse();
        let header = message
            .headers_raw()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        header
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    }

    /// Number of headers of this name.
    pub fn headers(&self, name: &str) -> usize {
        self.parse()
            .headers_raw()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .count()
    }

    /// The subject, decoded.
    pub fn subject(&self) -> String {
        self.parse().subject().unwrap_or_default().to_owned()
    }

    /// The text part, decoded.
    pub fn text(&self) -> String {
        self.parse()
            .body_text(0)
            .unwrap_or_default()
            .replace("\r\n", "\n")
    }

    /// The HTML part, decoded.
    pub fn html(&self) -> String {
        self.parse()
            .body_html(0)
            .unwrap_or_default()
            .replace("\r\n", "\n")
    }

    fn parse(&self) -> mail_parser::Message<'_> {
        MessageParser::default()
            .parse(self.raw.as_bytes())
            .expect("a message")
    }
}

/// A running mail server; stops when dropped.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    certificate: String,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    mode: Mutex<Mode>,
    mails: watch::Sender<Vec<Received>>,
    connections: watch::Sender<usize>,
    encryption: Encryption,
    tls: Arc<ServerConfig>,
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpSink {
    /// A server without encryption that takes everything.
    pub async fn start() -> Self {
        Self::start_with(Encryption::None, "localhost").await
    }

    /// A server whose certificate, made by itself, names `host`.
    pub async fn start_with(encryption: Encryption, host: &str) -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"), encryption, host).await
    }

    /// As [`start_with`](Self::start_with), at an address.
    pub async fn start_at(address: SocketAddr, encryption: Encryption, host: &str) -> Self {
        let (tls, certificate) = tls::server_of(host);
        let shared = Arc::new(Shared {
            mode: Mutex::new(Mode::Accept),
            mails: watch::Sender::default(),
            connections: watch::Sender::default(),
            encryption,
            tls,
        });
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.connections.send_modify(|count| *count += 1);
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            address,
            shared,
            certificate,
            task,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `smtp://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The certificate as PEM, for clients that shall trust it.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Changes what it does.
    pub fn set_mode(&self, mode: Mode) {
        *self
            .shared
            .mode
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// The mails so far.
    pub fn mails(&self) -> Vec<Received> {
        self.shared.mails.borrow().clone()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// Waits until so many mails have come, and answers all of them.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut mails = self.shared.mails.subscribe();
        let arrived = mails.wait_for(|mails| mails.len() >= count);
        let arrived = tokio::time::timeout(Duration::from_secs(20), arrived).await;
        arrived
            .expect("mails in time")
            .expect("a running server")
            .clone()
    }

    /// Waits until so many connections were made.
    pub async fn wait_for_connections(&self, count: usize) {
        let mut connections = self.shared.connections.subscribe();
        let made = connections.wait_for(|made| *made >= count);
        let made = tokio::time::timeout(Duration::from_secs(20), made).await;
        made.expect("connections in time")
            .expect("a running server");
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One conversation; an error of the connection ends it.
async fn serve(stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut session = Session {
        shared,
        encrypted: false,
        login: None,
    };
    let acceptor = TlsAcceptor::from(Arc::clone(&session.shared.tls));
    if session.shared.encryption == Encryption::Implicit {
        session.encrypted = true;
        let mut stream = BufReader::new(acceptor.accept(stream).await?);
        return session.talk(&mut stream, true).await.map(drop);
    }
    let mut plain = BufReader::new(stream);
    if session.talk(&mut plain, true).await? {
        session.encrypted = true;
        let mut stream = BufReader::new(acceptor.accept(plain.into_inner()).await?);
        session.talk(&mut stream, false).await?;
    }
    Ok(())
}

struct Session {
    shared: Arc<Shared>,
    encrypted: bool,
    login: Option<(String, String)>,
}

impl Session {
    fn mode(&self) -> Mode {
        *self
            .shared
            .mode
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Talks until the end, or until the client wants encryption (true).
    async fn talk<S: Stream>(
        &mut self,
        stream: &mut BufReader<S>,
        greet: bool,
    ) -> std::io::Result<bool> {
        if self.mode() == Mode::Stall {
            std::future::pending::<()>().await;
        }
        if greet {
            stream.write_all(b"220 sink ESMTP\r\n").await?;
        }
        let (mut from, mut to) = (String::new(), Vec::new());
        while let Some(line) = line(stream).await? {
            let verb = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" if self.shared.encryption == Encryption::StartTls && !self.encrypted => {
                    "250-sink\r\n250 STARTTLS".to_owned()
                }
                "EHLO" => "250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN".to_owned(),
                "STARTTLS" => {
                    stream.write_all(b"220 go ahead\r\n").await?;
                    return Ok(true);
                }
                "AUTH" => self.sign_in(stream, &line).await?,
                "MAIL" => {
                    from = argument(&line);
                    to.clear();
                    "250 ok".to_owned()
                }
                "RCPT" => match self.mode() {
                    Mode::Refuse(code) => format!("{code} not today"),
                    _ => {
                        to.push(argument(&line));
                        "250 ok".to_owned()
                    }
                },
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let Some(raw) = self.read_mail(stream).await? else {
                        return Ok(false);
                    };
                    let mail = Received {
                        mail_from: from.clone(),
                        rcpt_to: to.clone(),
                        login: self.login.clone(),
                        encrypted: self.encrypted,
                        raw,
                        at: Instant::now(),
                    };
                    self.shared.mails.send_modify(|mails| mails.push(mail));
                    if self.mode() == Mode::StallAfterData {
                        std::future::pending::<()>().await;
                    }
                    "250 queued".to_owned()
                }
                "RSET" | "NOOP" => "250 ok".to_owned(),
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(false);
                }
                _ => "500 what?".to_owned(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(false)
    }

    async fn sign_in<S: Stream>(
        &mut self,
        stream: &mut BufReader<S>,
        command: &str,
    ) -> std::io::Result<String> {
        let mut words = command.split(' ').skip(1);
        let (mechanism, initial) = (words.next().unwrap_or_default(), words.next());
        let (user, password) = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let text = base64(initial.unwrap_or_default());
                let mut parts = text.split('\0').skip(1).map(str::to_owned);
                (
                    parts.next().unwrap_or_default(),
                    parts.next().unwrap_or_default(),
                )
            }
            "LOGIN" => {
                let mut answers = Vec::new();
                for question in ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"] {
                    stream
                        .write_all(format!("334 {question}\r\n").as_bytes())
                        .await?;
                    answers.push(base64(&line(stream).await?.unwrap_or_default()));
                }
                (answers.remove(0), answers.remove(0))
            }
            _ => return Ok("504 unknown".to_owned()),
        };
        if password == "wrong" {
            return Ok("535 no".to_owned());
        }
        self.login = Some((user, password));
        Ok("235 welcome".to_owned())
    }

    /// The message up to the lone dot; `None` when the server hung up on purpose.
    async fn read_mail<S: Stream>(
        &self,
        stream: &mut BufReader<S>,
    ) -> std::io::Result<Option<String>> {
        let mut raw = String::new();
        while let Some(line) = line(stream).await? {
            if line == "." {
                return Ok(Some(raw));
            }
            if self.mode() == Mode::DropInData {
                return Ok(None);
            }
            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
            raw.push_str("\r\n");
        }
        Ok(None)
    }
}

async fn line<S: Stream>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if stream.read_until(b'\n', &mut bytes).await? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.strip_suffix("\r\n").unwrap_or(&text).to_owned()))
}

/// What stands between `<` and `>`.
fn argument(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap_or_default();
    rest.rsplit_once('>').unwrap_or_default().0.to_owned()
}

fn base64(text: &str) -> String {
    let decoded = mail_parser::decoders::base64::base64_decode(text.trim().as_bytes());
    String::from_utf8(decoded.unwrap_or_default()).unwrap_or_default()
}
