//! Certificates of the tests' own, and what speaks TLS in front of a server that does not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A server's side of TLS, with a certificate that names `host` and was made by itself; and that, as PEM.
pub(crate) fn server_of(host: &str) -> (Arc<ServerConfig>, String) {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a usable certificate");
    (Arc::new(tls), made.cert.pem())
}

/// Speaks TLS in front of a server; stops when dropped.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    certificate: String,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl TlsFront {
    /// In front of the server of this URL (`http://127.0.0.1:port`), with a certificate that names `host`.
    pub async fn start(host: &str, behind: &str) -> Self {
        let (tls, certificate) = server_of(host);
        let behind = behind.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let acceptor = TlsAcceptor::from(tls);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(pass(stream, acceptor.clone(), behind.clone()));
            }
        });
        Self {
            address,
            certificate,
            connections,
            task,
        }
    }

    /// `https://localhost:port`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// The certificate as PEM, for clients that shall trust it.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// How many have connected so far, whether they have trusted it or not.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whoever does not trust the certificate hangs up before anything is said.
async fn pass(stream: TcpStream, acceptor: TlsAcceptor, behind: String) {
    let Ok(mut open) = acceptor.accept(stream).await else {
        return;
    };
    let mut plain = TcpStream::connect(behind).await.expect("the server");
    drop(tokio::io::copy_bidirectional(&mut open, &mut plain).await);
}
