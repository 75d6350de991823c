//! An issuer that fails while its keys are known: they go on, for as long as is configured, and no request
//! waits for it that does not need it.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use acceptance::{Answer, Kind, Server, on_every_database};
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, Header};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use users_permissions::{IssuerUsers, TrustedIssuer};

use crate::forge::sign_text;
use crate::issuer::{Issuer, Mode};

const FAULTS: [Mode; 7] = [
    Mode::Status(500),
    Mode::Html,
    Mode::NoKeys,
    Mode::Huge,
    Mode::Redirect,
    Mode::Stalled,
    Mode::Closed,
];
/// Keys are old after so long.
const AGE: Duration = Duration::from_millis(100);

fn linking(issuer: &Issuer) -> TrustedIssuer {
    let mut trusted = issuer.trusted();
    trusted.users = IssuerUsers::Link;
    trusted.key_age = AGE;
    trusted
}

async fn server(kind: Kind, trusted: TrustedIssuer) -> Server {
    Server::start_with(kind, |config| config.trusted_issuers = vec![trusted]).await
}

async fn me(server: &Server, token: &str) -> Answer {
    let caller = server.anonymous().with_token(token);
    caller.get("/api/users/me").await
}

/// A token that nobody has seen yet; each issuer has a person of its own.
fn fresh(issuer: &Issuer, kid: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    issuer.sign(
        kid,
        &issuer.header(kid),
        &claims(issuer, NEXT.fetch_add(1, Relaxed)),
    )
}

fn claims(issuer: &Issuer, number: u32) -> Value {
    let port = issuer.name().rsplit(':').next().unwrap();
    let mut claims = issuer.claims_of_user(&format!("ann{port}"));
    claims["jti"] = json!(number);
    claims
}

/// Calls until the issuer has been asked once more.
async fn until_asked(server: &Server, issuer: &Issuer, token: &str) {
    let before = issuer.readings();
    for _ in 0..800 {
        me(server, token).await.expect(200);
        if issuer.readings() > before {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never asked");
}

/// Calls until a token is good.
async fn until_good(server: &Server, token: impl Fn() -> String) {
    for _ in 0..800 {
        if me(server, &token()).await.status == 200 {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never good");
}

async fn goes_on(server: &Server, issuer: &Issuer, fault: Mode) {
    let old = fresh(issuer, "k1");
    let id = me(server, &old).await.expect(200)["id"].clone();
    issuer.answer(fault);
    until_asked(server, issuer, &old).await;
    // Who is remembered and who is not, at once: nobody waits for the issuer.
    let begun = Instant::now();
    for token in [&old, &fresh(issuer, "k1")] {
        assert_eq!(me(server, token).await.expect(200)["id"], id, "{fault:?}");
    }
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(4), "{fault:?}: {waited:?}");
    // Of others nothing is believed.
    let stranger = Issuer::start().await;
    let forged = stranger.sign("k1", &stranger.header("k1"), &claims(issuer, 0));
    me(server, &forged).await.expect_bad_token();
    // A key that nobody has read is none, however long the issuer keeps one waiting.
    issuer.make("k2");
    me(server, &fresh(issuer, "k2")).await.expect_bad_token();
    me(server, &old).await.expect(200);
    issuer.publish(&["k1", "k2"]);
    issuer.answer(Mode::Good);
    until_good(server, || fresh(issuer, "k2")).await;
    assert_eq!(me(server, &fresh(issuer, "k1")).await.expect(200)["id"], id);
}

#[actix_web::test]
async fn a_token_that_names_no_key_has_them_read_again() {
    let issuer = Issuer::start().await;
    let mut header = issuer.header("k1");
    header.kid = None;
    let token = |kid: &str, number| issuer.sign(kid, &header, &claims(&issuer, number));
    for (pause, is_read) in [(Duration::ZERO, true), (Duration::from_secs(3_600), false)] {
        issuer.publish(&["k1"]);
        let mut trusted = linking(&issuer);
        (trusted.key_age, trusted.unknown_key_pause) = (Duration::from_secs(600), pause);
        let server = server(Kind::Sqlite, trusted).await;
        me(&server, &token("k1", 1)).await.expect(200);
        issuer.make("k2");
        issuer.publish(&["k2"]);
        let before = issuer.readings();
        let answer = me(&server, &token("k2", 2)).await;
        match is_read {
            true => drop(answer.expect(200)),
            false => answer.expect_bad_token(),
        }
        assert_eq!(issuer.readings() - before, u32::from(is_read));
    }
}

on_every_database! {
    async fn known_keys_go_on_whatever_the_issuer_answers(kind) {
        let mut issuers = Vec::new();
        for _ in FAULTS {
            issuers.push(Issuer::start().await);
        }
        let server = Server::start_with(kind, |config| config.trusted_issuers = issuers.iter().map(linking).collect()).await;
        let all = issuers.iter().zip(FAULTS);
        join_all(all.map(|(issuer, fault)| goes_on(&server, issuer, fault))).await;
    }

    async fn keys_that_cannot_be_read_again_are_dropped_in_the_end(kind) {
        let issuer = Issuer::start().await;
        let mut trusted = linking(&issuer);
        trusted.key_limit = Duration::from_secs(2);
        let server = server(kind, trusted).await;
        let old = fresh(&issuer, "k1");
        me(&server, &old).await.expect(200);
        issuer.answer(Mode::Status(500));
        let failing = Instant::now();
        let mut seen = 0;
        let ended = loop {
            let answer = me(&server, &old).await;
            if answer.status != 200 {
                break answer;
            }
            seen += 1;
            assert!(failing.elapsed() < Duration::from_secs(30), "they are believed for ever");
            actix_web::rt::time::sleep(Duration::from_millis(25)).await;
        };
        assert!(seen > 1 && failing.elapsed() > Duration::from_secs(1), "{seen} {:?}", failing.elapsed());
        // Nobody is taken for the public, nor told that a good token is bad; remembered or not.
        for answer in [ended, me(&server, &old).await, me(&server, &fresh(&issuer, "k1")).await] {
            answer.expect_error(503, "ServiceUnavailableError", "Service Unavailable");
            assert!(answer.headers.contains_key("retry-after"));
        }
        // Our own tokens have nothing to do with it.
        server.register("bob").await.client.get("/api/users/me").await.expect(200);
        issuer.answer(Mode::Good);
        until_good(&server, || old.clone()).await;
    }

    // What everybody knows of an RSA key is no secret.
    async fn a_public_rsa_key_signs_nothing(kind) {
        let issuer = Issuer::start().await;
        let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let signing = jsonwebtoken::EncodingKey::from_rsa_pem(rsa.serialize_pem().as_bytes()).unwrap();
        let mut jwk = json!(jsonwebtoken::jwk::Jwk::from_encoding_key(&signing, Algorithm::RS256).unwrap());
        jwk["kid"] = json!("rsa");
        issuer.publish_as_it_is(vec![jwk.clone()]);
        let server = server(kind, linking(&issuer)).await;
        let claims = issuer.claims_of_user("ann");
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some("rsa".into());
        let good = jsonwebtoken::encode(&header, &claims, &signing).unwrap();
        me(&server, &good).await.expect(200);
        let before = server.database().dump();
        let pem = rsa.public_key_pem();
        let der = rsa.public_key_raw().to_vec();
        let text = |name: &str| jwk[name].as_str().unwrap().as_bytes().to_vec();
        let secrets = [
            pem.clone().into_bytes(), pem.trim().as_bytes().to_vec(), pem.replace('\n', "\r\n").into_bytes(), der,
            jwk.to_string().into_bytes(), text("n"), text("kid"),
        ];
        for secret in &secrets {
            for (name, algorithm) in [("HS256", Algorithm::HS256), ("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)] {
                for kid in [json!("rsa"), Value::Null] {
                    let header = json!({ "alg": name, "typ": "JWT", "kid": kid }).to_string();
                    let forged = sign_text(&header, &claims.to_string(), secret, algorithm);
                    me(&server, &forged).await.expect_bad_token();
                    // Nor under the name of another algorithm of its kind.
                    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": kid }).to_string();
                    let forged = sign_text(&header, &claims.to_string(), secret, algorithm);
                    me(&server, &forged).await.expect_bad_token();
                }
            }
        }
        assert_eq!(server.database().dump(), before);
        me(&server, &good).await.expect(200);
    }
}
