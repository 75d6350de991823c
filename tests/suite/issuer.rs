//! An identity service of the tests' own: discovery, a key set, and tokens of every kind.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acceptance::Answer;
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};
use users_permissions::TrustedIssuer;

use crate::forge::now;

/// For whom its tokens are.
pub const AUDIENCE: &str = "https://api.example";

/// What it answers in the place of its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Good,
    Status(u16),
    Html,
    NoKeys,
    Huge,
    Redirect,
    /// Its configuration is somebody else's.
    Foreign,
    /// It takes the request and never answers.
    Stalled,
    /// It promises more than it sends.
    Closed,
}

/// Asks until the answer has this status.
pub async fn until(status: u16, ask: impl AsyncFn() -> Answer) {
    for _ in 0..200 {
        if ask().await.status == status {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never {status}");
}

struct Key {
    kid: String,
    pair: KeyPair,
}

struct State {
    base: String,
    published: Mutex<Vec<Value>>,
    mode: Mutex<Mode>,
    readings: AtomicU32,
}

pub struct Issuer {
    state: Arc<State>,
    keys: Mutex<Vec<Arc<Key>>>,
    handle: ServerHandle,
}

async fn configuration(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let _ = req;
    let mode = *state.mode.lock().unwrap();
    let issuer = match mode {
        Mode::Foreign => "https://evil.example",
        _ => &state.base,
    };
    let jwks_uri = format!("{}/keys", state.base);
    HttpResponse::Ok().json(json!({ "issuer": issuer, "jwks_uri": jwks_uri }))
}

async fn keys(state: web::Data<State>) -> HttpResponse {
    state.readings.fetch_add(1, SeqCst);
    let mode = *state.mode.lock().unwrap();
    let published = state.published.lock().unwrap().clone();
    match mode {
        Mode::Good | Mode::Foreign => HttpResponse::Ok().json(json!({ "keys": published })),
        Mode::Status(status) => HttpResponse::build(status.try_into().unwrap()).finish(),
        Mode::Html => HttpResponse::Ok().body("<html>sorry</html>"),
        Mode::NoKeys => HttpResponse::Ok().json(json!({ "keys": [] })),
        Mode::Stalled => std::future::pending().await,
        Mode::Closed => {
            let ended = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
            let parts = [Ok(web::Bytes::from_static(b"{\"keys\":")), ended];
            HttpResponse::Ok().streaming(futures_util::stream::iter(parts))
        }
        Mode::Huge => HttpResponse::Ok().body("x".repeat(10 << 20)),
        Mode::Redirect => HttpResponse::Found()
            .insert_header(("location", format!("{}/elsewhere", state.base)))
            .finish(),
    }
}

/// What nobody may be led to.
async fn elsewhere(state: web::Data<State>) -> HttpResponse {
    state.readings.fetch_add(1_000, SeqCst);
    HttpResponse::Ok().json(json!({ "keys": state.published.lock().unwrap().clone() }))
}

impl Issuer {
    /// With one key, `k1`.
    pub async fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let state = Arc::new(State {
            base: format!("http://{}", listener.local_addr().unwrap()),
            published: Mutex::default(),
            mode: Mutex::new(Mode::Good),
            readings: AtomicU32::new(0),
        });
        let data = web::Data::from(Arc::clone(&state));
        let app = move || {
            App::new()
                .app_data(data.clone())
                .route(
                    "/.well-known/openid-configuration",
                    web::get().to(configuration),
                )
                .route("/keys", web::get().to(keys))
                .route("/elsewhere", web::get().to(elsewhere))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        actix_web::rt::task::yield_now().await;
        let issuer = Self {
            state,
            keys: Mutex::default(),
            handle,
        };
        issuer.make("k1");
        issuer.publish(&["k1"]);
        issuer
    }

    /// `iss`.
    pub fn name(&self) -> &str {
        &self.state.base
    }

    /// As the plugin is told of it.
    pub fn trusted(&self) -> TrustedIssuer {
        TrustedIssuer::new(self.name(), [AUDIENCE])
    }

    /// Makes a key that is not published yet.
    pub fn make(&self, kid: &str) {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let kid = kid.to_owned();
        self.keys.lock().unwrap().push(Arc::new(Key { kid, pair }));
    }

    /// Publishes these keys and no others.
    pub fn publish(&self, kids: &[&str]) {
        let published = kids.iter().map(|kid| self.public(kid)).collect();
        *self.state.published.lock().unwrap() = published;
    }

    /// Publishes these values and no others.
    pub fn publish_as_it_is(&self, keys: Vec<Value>) {
        *self.state.published.lock().unwrap() = keys;
    }

    pub fn answer(&self, mode: Mode) {
        *self.state.mode.lock().unwrap() = mode;
    }

    /// How often its keys were asked for.
    pub fn readings(&self) -> u32 {
        self.state.readings.load(SeqCst)
    }

    fn key(&self, kid: &str) -> Arc<Key> {
        let keys = self.keys.lock().unwrap();
        Arc::clone(keys.iter().rfind(|key| key.kid == kid).unwrap())
    }

    fn encoding(&self, kid: &str) -> EncodingKey {
        EncodingKey::from_ec_pem(self.key(kid).pair.serialize_pem().as_bytes()).unwrap()
    }

    /// The public key as bytes somebody might sign with.
    pub fn public_pem(&self, kid: &str) -> String {
        self.key(kid).pair.public_key_pem()
    }

    fn public(&self, kid: &str) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.encoding(kid), Algorithm::ES256).unwrap();
        jwk.common.key_id = Some(kid.to_owned());
        json!(jwk)
    }

    /// Claims of a good token.
    pub fn claims(&self, subject: &str) -> Value {
        json!({
            "iss": self.name(), "aud": AUDIENCE, "sub": subject, "azp": "spa",
            "iat": now(), "exp": now() + 600,
        })
    }

    /// The claims with an address that is proven.
    pub fn claims_of_user(&self, name: &str) -> Value {
        let mut claims = self.claims(&format!("id-of-{name}"));
        claims["email"] = json!(format!("{name}@example.com"));
        claims["email_verified"] = json!(true);
        claims["preferred_username"] = json!(name);
        claims
    }

    pub fn header(&self, kid: &str) -> Header {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("at+jwt".into());
        header.kid = Some(kid.into());
        header
    }

    pub fn sign(&self, kid: &str, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.encoding(kid)).unwrap()
    }

    /// A token of these claims by key `k1`.
    pub fn token(&self, claims: &Value) -> String {
        self.sign("k1", &self.header("k1"), claims)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}
