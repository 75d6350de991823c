//! One conversation with a client.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{Encryption, Mode, Received, Shared};

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One conversation; an error of the connection ends it.
pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut session = Session {
        shared,
        encrypted: false,
        hello: String::new(),
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
    hello: String,
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
                "EHLO" => self.greet(&line),
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
                    self.take(&from, &to, raw).await
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

    fn greet(&mut self, line: &str) -> String {
        let (_, name) = line.split_once(' ').unwrap_or_default();
        self.hello = name.to_owned();
        if self.shared.encryption == Encryption::StartTls && !self.encrypted {
            "250-sink\r\n250 STARTTLS".to_owned()
        } else {
            "250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN".to_owned()
        }
    }

    /// Writes a whole mail down, and answers what its sender is told.
    async fn take(&self, from: &str, to: &[String], raw: String) -> String {
        let mode = self.mode();
        if let Mode::RefuseData(code) = mode {
            return format!("{code} not today");
        }
        let mail = Received {
            hello: self.hello.clone(),
            mail_from: from.to_owned(),
            rcpt_to: to.to_vec(),
            login: self.login.clone(),
            encrypted: self.encrypted,
            raw,
            at: Instant::now(),
        };
        self.shared.mails.send_modify(|mails| mails.push(mail));
        match mode {
            Mode::StallAfterData => std::future::pending().await,
            Mode::AnswerLate(after) => tokio::time::sleep(after).await,
            _ => {}
        }
        "250 queued".to_owned()
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
