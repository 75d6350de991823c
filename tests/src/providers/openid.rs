//! Providers of OpenID Connect.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::server::is_client;
use super::simulators::{Scenario, State};
use super::wire::{Asked, Reply};
use super::{Spec, invalid_grant, json as reply};

/// The key the providers sign with.
pub const PUBLIC_KEY_PEM: &str = include_str!("../../keys/provider.pem");
const STRANGER: &str = include_str!("../../keys/stranger.pem");
const MODULUS: &str = include_str!("../../keys/provider.n");
/// Names of the keys the providers sign with, one after the other. The second one is the stranger's: once it is
/// published, whoever holds it is the provider.
pub(super) const KEYS: [&str; 2] = ["key-1", "key-3"];
const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// What is wrong with an id token.
#[derive(Debug, Clone)]
pub enum Forgery {
    /// Nothing.
    None,
    /// It is not signed.
    Unsigned,
    /// It is signed with the public key as a secret.
    PublicKeyAsSecret,
    /// It is signed by somebody else, under the name of the provider's key.
    Stranger,
    /// It names a key that is not published.
    UnknownKey,
    /// A claim has this value; null: it is missing.
    Claim(&'static str, Value),
    /// These claims have these values.
    Claims(Vec<(&'static str, Value)>),
}

pub(super) const OPENID: Spec = Spec {
    name: "",
    display: "",
    authorize: "",
    token: "",
    basic: None,
    pkce: true,
    scope: "openid email profile",
    params: &[],
    denied: "access_denied",
    subdomain: "",
    issuer: None,
    introspection: None,
    has_flag: true,
    vouches: true,
    has_email: true,
    token_answer: |state, _| tokens(state, "", |_| {}),
    refusal: invalid_grant,
    resources: &[],
};

pub(super) fn specs() -> Vec<Spec> {
    vec![
        Spec {
            name: "google",
            display: "Google",
            authorize: "accounts.google.com/o/oauth2/v2/auth",
            token: "oauth2.googleapis.com/token",
            issuer: Some("https://accounts.google.com"),
            token_answer: |state, _| {
                tokens(state, "https://accounts.google.com", |claims| {
                    claims["azp"] = json!("client-id")
                })
            },
            resources: &[
                ("www.googleapis.com/oauth2/v3/certs", keys),
                ("openidconnect.googleapis.com/v1/userinfo", userinfo),
            ],
            ..OPENID
        },
        Spec {
            name: "auth0",
            display: "Auth0",
            authorize: "shop.eu.auth0.com/authorize",
            token: "shop.eu.auth0.com/oauth/token",
            subdomain: "shop.eu",
            issuer: Some("https://shop.eu.auth0.com/"),
            token_answer: |state, _| tokens(state, "https://shop.eu.auth0.com/", |_| {}),
            resources: &[
                ("shop.eu.auth0.com/.well-known/jwks.json", keys),
                ("shop.eu.auth0.com/userinfo", userinfo),
            ],
            ..OPENID
        },
        Spec {
            name: "keycloak",
            display: "Keycloak",
            authorize: "kc.example/realms/shop/protocol/openid-connect/auth",
            token: "kc.example/realms/shop/protocol/openid-connect/token",
            subdomain: "kc.example/realms/shop",
            issuer: Some("https://kc.example/realms/shop"),
            introspection: Some("kc.example/realms/shop/protocol/openid-connect/token/introspect"),
            token_answer: |state, _| {
                tokens(state, "https://kc.example/realms/shop", |claims| {
                    claims["azp"] = json!("client-id")
                })
            },
            resources: &[
                ("kc.example/realms/shop/protocol/openid-connect/certs", keys),
                (
                    "kc.example/realms/shop/protocol/openid-connect/userinfo",
                    userinfo,
                ),
            ],
            ..OPENID
        },
        Spec {
            name: "cognito",
            display: "AWS Cognito",
            authorize: "shop.auth.eu-central-1.amazoncognito.com/oauth2/authorize",
            token: "shop.auth.eu-central-1.amazoncognito.com/oauth2/token",
            subdomain: "shop.auth.eu-central-1.amazoncognito.com",
            issuer: Some(COGNITO),
            token_answer: |state, _| {
                tokens(state, COGNITO, |claims| {
                    claims["token_use"] = json!("id");
                    claims["cognito:username"] = claims["preferred_username"].take();
                })
            },
            resources: &[(
                "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_shop/.well-known/jwks.json",
                keys,
            )],
            ..OPENID
        },
        Spec {
            name: "linkedin",
            display: "LinkedIn",
            authorize: "www.linkedin.com/oauth/v2/authorization",
            token: "www.linkedin.com/oauth/v2/accessToken",
            pkce: false,
            denied: "user_cancelled_login",
            issuer: Some("https://www.linkedin.com/oauth"),
            // No nonce, and the name in parts.
            token_answer: |state, _| {
                tokens(state, "https://www.linkedin.com/oauth", |claims| {
                    if let Some(claims) = claims.as_object_mut() {
                        claims.remove("nonce");
                        claims.remove("preferred_username");
                    }
                })
            },
            resources: &[
                ("www.linkedin.com/oauth/openid/jwks", keys),
                ("api.linkedin.com/v2/userinfo", userinfo),
            ],
            ..OPENID
        },
        Spec {
            name: "microsoft",
            display: "Microsoft",
            authorize: "login.microsoftonline.com/common/oauth2/v2.0/authorize",
            token: "login.microsoftonline.com/common/oauth2/v2.0/token",
            subdomain: "common",
            issuer: Some(
                "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
            ),
            token_answer: |state, _| {
                let issuer = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
                tokens(state, &issuer, |claims| {
                    claims["tid"] = json!(TENANT);
                    claims["oid"] = claims["sub"].clone();
                    claims["xms_edov"] = claims["email_verified"].take();
                    claims["preferred_username"] = claims["email"].clone();
                })
            },
            resources: &[("login.microsoftonline.com/common/discovery/v2.0/keys", keys)],
            ..OPENID
        },
        Spec {
            name: "cas",
            vouches: false,
            display: "CAS",
            authorize: "sso.example:8443/cas/oidc/authorize",
            token: "sso.example:8443/cas/oidc/token",
            subdomain: "sso.example:8443/cas",
            issuer: Some("https://sso.example:8443/cas/oidc"),
            token_answer: |state, _| {
                tokens(state, "https://sso.example:8443/cas/oidc", |claims| {
                    if let Some(claims) = claims.as_object_mut() {
                        claims.retain(|name, _| {
                            !name.starts_with("email") && name != "preferred_username"
                        });
                    }
                })
            },
            resources: &[
                ("sso.example:8443/cas/oidc/jwks", keys),
                ("sso.example:8443/cas/oidc/profile", cas_profile),
            ],
            ..OPENID
        },
    ]
}

const COGNITO: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_shop";

/// Open to everybody.
pub(super) fn is_keys(place: &str) -> bool {
    ["jwks", "jwks.json", "certs", "keys", "openid-configuration"]
        .iter()
        .any(|end| place.ends_with(end))
}

pub(super) fn keys(state: &State, _: &Asked) -> Reply {
    let mut keys = vec![json!({ "kty": "unheard-of", "kid": "key-2" })];
    let published = KEYS.iter().filter(|name| state.published.contains(name));
    keys.extend(published.map(|name| {
        let key = Jwk::from_encoding_key(&pair(name), Algorithm::RS256).expect("a public key");
        let mut key = json!(key);
        key["kid"] = json!(name);
        key
    }));
    reply(json!({ "keys": keys }))
}

/// The key of this name.
fn pair(name: &str) -> EncodingKey {
    let pem = match name == KEYS[0] {
        true => PUBLIC_KEY_PEM,
        false => STRANGER,
    };
    EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key")
}

/// RFC 7662: what a client may know of a token.
pub(super) fn introspect(state: &State, spec: &Spec, asked: &Asked) -> Reply {
    if asked.method != "POST" || !is_client(spec, asked) {
        return Reply::json(401, json!({ "error": "invalid_client" }));
    }
    if !asked.field("token").starts_with("provider-token") {
        return reply(json!({ "active": false }));
    }
    let now = now();
    let mut answer = json!({
        "active": true, "client_id": "client-id", "iss": spec.issuer, "sub": state.person.subject, "aud": "account",
        "scope": "openid email", "token_type": "Bearer", "iat": now, "exp": now + 300,
    });
    if let Forgery::Claim(name, value) = &state.forgery {
        change_claim(&mut answer, name, value);
    }
    reply(answer)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

/// Null: the claim is missing.
fn change_claim(claims: &mut Value, name: &str, value: &Value) {
    match claims.as_object_mut() {
        Some(claims) if value.is_null() => drop(claims.remove(name)),
        _ => claims[name] = value.clone(),
    }
}

pub(super) fn userinfo(state: &State, _: &Asked) -> Reply {
    let mut claims =
        json!({ "sub": state.person.subject, "preferred_username": state.person.username });
    add_email(state, &mut claims);
    reply(claims)
}

fn add_email(state: &State, claims: &mut Value) {
    if state.scenario != Scenario::NoEmail {
        claims["email"] = json!(state.person.email);
        claims["email_verified"] = json!(state.scenario != Scenario::Unverified);
    }
}

fn cas_profile(state: &State, _: &Asked) -> Reply {
    let mut answer = json!({
        "id": state.person.subject, "sub": state.person.subject, "service": "https://api.example",
        "attributes": { "strapiusername": state.person.username },
    });
    if state.scenario != Scenario::NoEmail {
        answer["attributes"]["strapiemail"] = json!([state.person.email]);
    }
    if state.scenario == Scenario::Unverified {
        answer["email_verified"] = json!(false);
    }
    for (name, value) in &state.released {
        answer["attributes"][*name] = value.clone();
    }
    reply(answer)
}

pub(super) fn tokens(state: &State, issuer: &str, change: impl Fn(&mut Value)) -> Reply {
    let now = now();
    let mut claims = json!({
        "iss": issuer, "aud": "client-id", "sub": state.person.subject, "iat": now, "exp": now + 300,
        "nonce": state.nonce, "preferred_username": state.person.username,
    });
    add_email(state, &mut claims);
    change(&mut claims);
    let id_token = sign(claims, state);
    reply(json!({
        "access_token": "provider-token", "token_type": "Bearer", "expires_in": 300, "scope": "openid email profile",
        "id_token": id_token,
    }))
}

fn sign(mut claims: Value, state: &State) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(state.signing.to_owned());
    let mut key = pair(state.signing);
    match &state.forgery {
        Forgery::None => {}
        Forgery::Stranger => key = pair(KEYS[1]),
        Forgery::UnknownKey => header.kid = Some("key-of-nobody".to_owned()),
        Forgery::Claim(name, value) => change_claim(&mut claims, name, value),
        Forgery::Claims(all) => {
            for (name, value) in all {
                change_claim(&mut claims, name, value);
            }
        }
        Forgery::PublicKeyAsSecret => {
            header.alg = Algorithm::HS256;
            key = EncodingKey::from_secret(MODULUS.trim().as_bytes());
        }
        Forgery::Unsigned => {
            let token = jsonwebtoken::encode(&header, &claims, &key).expect("a token");
            let body = token.split('.').nth(1).expect("three parts");
            // {"alg":"none","typ":"JWT"}
            return format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
        }
    }
    jsonwebtoken::encode(&header, &claims, &key).expect("a token")
}

/// The S256 challenge of a code.
pub(super) fn challenge_of(verifier: &str) -> String {
    use sha2::Digest as _;
    base64(&sha2::Sha256::digest(verifier.as_bytes()), b"-_")
}

/// Without padding, with these two as the last digits.
pub(super) fn base64(bytes: &[u8], last: &[u8; 2]) -> String {
    const DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let digits = [&DIGITS[..], &last[..]].concat();
    let mut bits: Vec<bool> = Vec::new();
    for byte in bytes {
        bits.extend((0..8).rev().map(|place| byte >> place & 1 == 1));
    }
    let group = |bits: &[bool]| {
        (0..6).fold(0, |number, place| {
            number * 2 + usize::from(bits.get(place) == Some(&true))
        })
    };
    bits.chunks(6)
        .map(|bits| char::from(digits[group(bits)]))
        .collect()
}
