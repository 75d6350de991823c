//! Access tokens that anybody may verify, by the published key set.

use std::sync::LazyLock;

use acceptance::{Kind, SECRET, Server, TestDatabase, config, on_every_database};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rcgen::{KeyPair as Pair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use users_permissions::{Config, KeyPair, UsersPermissions};

use crate::forge::{base64, claims, now, payload, sign_text};
use crate::tokens_of::{by_sessions, me, refresh, sign_in};

/// Making one takes a while.
static RSA: LazyLock<Pair> = LazyLock::new(|| Pair::generate_for(&PKCS_RSA_SHA256).unwrap());
static EC: LazyLock<Pair> = LazyLock::new(|| Pair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap());
pub const ED: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEILOvxpJId2pwpSH9nSGnLAear+ZmvBQMIIm3+yYEM79t
-----END PRIVATE KEY-----";
const P384: &str = "-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDB2pPA80l6sH+LjmSRI
IlZXvSZNYcrguY0HlUL7Ie9+/QODc4jJLH74OT5XhFmarXWhZANiAAQAOteqJMDh
u32C22kqcKKkzawO/TC44m09cRdolp7CP5RyXODEkKSzuVe20lJSJCJKHASfyXgX
7ogq0E0EG7YCbuhq3wEBfZwTf6TczcgPx3z22GK/X2dXJw79DmdIOqM=
-----END PRIVATE KEY-----";

fn rsa(kid: &str) -> KeyPair {
    KeyPair::new(kid, RSA.serialize_pem())
}

fn ec(kid: &str) -> KeyPair {
    KeyPair::new(kid, EC.serialize_pem())
}

fn with(keys: Vec<KeyPair>) -> impl FnOnce(&mut Config) {
    move |config| config.jwt_keys = keys
}

async fn key_set(server: &Server) -> (Value, JwkSet) {
    let answer = server.anonymous().get("/.well-known/jwks.json").await;
    let body = answer.expect(200);
    assert_eq!(answer.headers["cache-control"], "public, max-age=300");
    assert_eq!(
        answer.headers["content-type"],
        "application/json; charset=utf-8"
    );
    let set = serde_json::from_value(body.clone()).unwrap();
    (body, set)
}

/// Verifies as another service would, with nothing but the key set.
fn verified(token: &str, set: &JwkSet) -> Value {
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let jwk = set.find(header.kid.as_deref().unwrap()).unwrap();
    let named = jwk.common.key_algorithm.unwrap().to_string();
    let mut validation = Validation::new(named.parse().unwrap());
    validation.set_audience(&["content-api"]);
    validation.set_issuer(&["users-permissions"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let key = DecodingKey::from_jwk(jwk).unwrap();
    jsonwebtoken::decode::<Value>(token, &key, &validation)
        .unwrap()
        .claims
}

#[actix_web::test]
async fn others_verify_by_the_key_set() {
    for (key, algorithm) in [
        (rsa("k1"), Algorithm::RS256),
        (ec("k1"), Algorithm::ES256),
        (KeyPair::new("k1", ED), Algorithm::EdDSA),
    ] {
        for sessions in [false, true] {
            let keys = vec![key.clone()];
            let server = Server::start_with(Kind::Sqlite, |config| {
                config.jwt_keys = keys;
                if sessions {
                    by_sessions(config);
                }
            })
            .await;
            let ann = server.register("ann").await;
            let token = ann.client.jwt.clone().unwrap();
            assert_eq!(jsonwebtoken::decode_header(&token).unwrap().alg, algorithm);
            let (body, set) = key_set(&server).await;
            let claims = verified(&token, &set);
            assert_eq!(claims["sub"], format!("up:{}", ann.id));
            assert_eq!(
                ann.client.get("/api/users/me").await.expect(200)["id"],
                ann.id
            );
            let public = body["keys"][0].as_object().unwrap();
            assert_eq!(
                (&public["use"], &public["kid"]),
                (&json!("sig"), &json!("k1"))
            );
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(!public.contains_key(private), "{private}");
            }
            if sessions {
                // Its token renews, and stays our own business.
                let pair = sign_in(&server, "ann").await;
                let alg = jsonwebtoken::decode_header(&pair.refresh).unwrap().alg;
                assert_eq!(alg, Algorithm::HS256);
                let renewed = refresh(&server, &pair.refresh).await.expect(200);
                verified(renewed["jwt"].as_str().unwrap(), &set);
            }
        }
    }
}

on_every_database! {
    async fn keys_are_rotated_without_signing_anybody_out(kind) {
        let database = TestDatabase::create(kind);
        let start = async |keys: Vec<KeyPair>| {
            let mut config = config(&database);
            with(keys)(&mut config);
            Server::with_config(config).await
        };
        let before = start(vec![]).await;
        let of_secret = before.register("ann").await.client.jwt.unwrap();
        let (body, _) = key_set(&before).await;
        assert_eq!(body, json!({ "keys": [] }));
        let old = start(vec![rsa("old")]).await;
        let of_old = old.register("bob").await.client.jwt.unwrap();
        // Of a retired key the public half is enough.
        let retired = KeyPair::new("old", RSA.public_key_pem());
        let both = start(vec![ec("new"), retired]).await;
        let of_new = both.register("eve").await.client.jwt.unwrap();
        assert_eq!(key_set(&both).await.1.keys.len(), 2);
        for token in [&of_secret, &of_old, &of_new] {
            me(&both, token).await.expect(200);
        }
        let new = start(vec![ec("new")]).await;
        me(&new, &of_new).await.expect(200);
        me(&new, &of_old).await.expect_bad_token();
        me(&old, &of_new).await.expect_bad_token();
        me(&before, &of_old).await.expect_bad_token();
    }
}

fn signed(header: &Header, claims: &Value, pem: &str) -> String {
    let key = match header.alg {
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
        Algorithm::EdDSA => EncodingKey::from_ed_pem(pem.as_bytes()),
        _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
    };
    jsonwebtoken::encode(header, claims, &key.unwrap()).unwrap()
}

fn header(alg: Algorithm, kid: &str) -> Header {
    let mut header = Header::new(alg);
    header.typ = Some("at+jwt".into());
    header.kid = Some(kid.into());
    header
}

#[actix_web::test]
async fn a_key_serves_one_algorithm_and_nobody_else_has_it() {
    let server = Server::start_with(Kind::Sqlite, with(vec![rsa("r"), ec("e")])).await;
    let ann = server.register("ann").await;
    let token = ann.client.jwt.clone().unwrap();
    let good = payload(&token);
    let by_rsa = |header: &Header, claims: &Value| signed(header, claims, &RSA.serialize_pem());
    me(&server, &by_rsa(&header(Algorithm::RS256, "r"), &good))
        .await
        .expect(200);
    let mut forged = Vec::new();
    // The public key as the secret of an HMAC, in every form somebody may have it.
    for public in [
        RSA.public_key_pem().into_bytes(),
        RSA.public_key_raw().to_vec(),
    ] {
        for name in ["r", "e"] {
            let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": name }).to_string();
            forged.push(sign_text(
                &header,
                &good.to_string(),
                &public,
                Algorithm::HS256,
            ));
        }
    }
    // Our own secret under the name of a pair, and with the pair's claims but not its `typ`.
    let by_secret = json!({ "alg": "HS256", "typ": "at+jwt", "kid": "r" }).to_string();
    forged.push(sign_text(
        &by_secret,
        &good.to_string(),
        SECRET.as_bytes(),
        Algorithm::HS256,
    ));
    // Another key's name, no name, another algorithm of the same family, another `typ`.
    forged.push(by_rsa(&header(Algorithm::RS256, "e"), &good));
    forged.push(by_rsa(&header(Algorithm::RS256, "../r"), &good));
    forged.push(by_rsa(&header(Algorithm::RS512, "r"), &good));
    forged.push(by_rsa(&header(Algorithm::PS256, "r"), &good));
    let mut nameless = header(Algorithm::RS256, "r");
    nameless.kid = None;
    forged.push(by_rsa(&nameless, &good));
    for typ in [None, Some("JWT"), Some("id_token+jwt")] {
        let mut header = header(Algorithm::RS256, "r");
        header.typ = typ.map(str::to_owned);
        forged.push(by_rsa(&header, &good));
    }
    // A stranger's key of the same name.
    let other = Pair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let stranger = header(Algorithm::ES256, "e");
    forged.push(signed(&stranger, &good, &other.serialize_pem()));
    let brought =
        json!({ "alg": "RS256", "typ": "at+jwt", "kid": "r", "jku": "https://evil.example" });
    let rest = token.split_once('.').unwrap().1;
    forged.push(format!("{}.{rest}", base64(brought.to_string().as_bytes())));
    for alg in ["none", "None", "", "RS256"] {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": "r" });
        let body = base64(good.to_string().as_bytes());
        forged.push(format!("{}.{body}.", base64(header.to_string().as_bytes())));
    }
    // Signed by the right key, and not for this.
    for (name, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("admin")),
        ("sub", json!("up:999")),
        ("exp", json!(now() - 1)),
        ("ver", json!(7)),
    ] {
        let mut claims = good.clone();
        claims[name] = value;
        forged.push(by_rsa(&header(Algorithm::RS256, "r"), &claims));
    }
    // What a secret of ours may sign has too few claims for a pair.
    forged.push(by_rsa(&header(Algorithm::RS256, "r"), &claims(ann.id)));
    for token in forged {
        assert_eq!(me(&server, &token).await.status, 401, "{token}");
    }
}

#[actix_web::test]
async fn unusable_keys_stop_the_start() {
    let public = || KeyPair::new("p", RSA.public_key_pem());
    for keys in [
        vec![KeyPair::new("a", "nonsense")],
        vec![KeyPair::new("a", "")],
        vec![KeyPair::new("a", P384)],
        vec![public()],
        vec![rsa("a"), KeyPair::new("b", ED.replace("MC4", "MC5"))],
    ] {
        let database = TestDatabase::create(Kind::Sqlite);
        let mut config = config(&database);
        config.jwt_keys = keys;
        let built = UsersPermissions::builder().config(config).build().await;
        let error = built.unwrap_err().to_string();
        assert!(error.starts_with("UP_JWT_KEYS"), "{error}");
        assert!(!error.contains("BEGIN"), "{error}");
    }
}

#[actix_web::test]
async fn another_issuer_is_another_world() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        config.jwt_keys = vec![ec("e")];
        config.jwt_issuer = "https://api.example".into();
    })
    .await;
    let ann = server.register("ann").await;
    let token = ann.client.jwt.clone().unwrap();
    assert_eq!(payload(&token)["iss"], "https://api.example");
    me(&server, &token).await.expect(200);
    let mut claims = payload(&token);
    claims["iss"] = json!("users-permissions");
    let forged = signed(&header(Algorithm::ES256, "e"), &claims, &EC.serialize_pem());
    me(&server, &forged).await.expect_bad_token();
}
