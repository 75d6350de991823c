//! HTTP as bytes, for requests no client would send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection to a server.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Connects to `host:port`.
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a timeout");
        Self { stream }
    }

    /// Writes bytes. A server that has closed already is no error.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        drop(self.stream.write_all(bytes.as_ref()));
        self
    }

    /// Tells the server that nothing more will come.
    pub fn shut(&mut self) -> &mut Self {
        drop(self.stream.shutdown(std::net::Shutdown::Write));
        self
    }

    /// Breaks the connection off, as a network does.
    pub fn reset(self) {
        self.stream.set_nonblocking(true).expect("a socket");
        let stream = tokio::net::TcpStream::from_std(self.stream).expect("a stream");
        stream.set_zero_linger().expect("a socket option");
    }

    /// Reads until the headers of an answer have ended; what was read so far.
    pub fn read_head(&mut self) -> String {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && matches!(self.stream.read(&mut byte), Ok(1)) {
            head.extend_from_slice(&byte);
        }
        String::from_utf8_lossy(&head).into_owned()
    }

    /// Reads until the server closes the connection, or has been silent for long: what was read, and
    /// whether it closed.
    pub fn read_to_end(&mut self) -> (String, bool) {
        let mut bytes = Vec::new();
        let closed = match self.stream.read_to_end(&mut bytes) {
            Ok(_) => true,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        };
        (String::from_utf8_lossy(&bytes).into_owned(), closed)
    }
}
