//! Tokens: HS256 in the form Strapi issues them (RFC 7519, RFC 8725), or signed by a key pair. What is signed and verified here is
//! the long-lived kind; [`session_tokens`](super::session_tokens) has those of sessions.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde_json::{Map, Value};

use super::KeyPairs;
use super::session_tokens::{AUDIENCE, subject};
use crate::clock::unix_now;
use crate::config::{Secret, SigningKeys};
use crate::error::{Error, Result};
use crate::model::{SessionId, UserId};

/// Longer ones are no tokens of ours.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Signs and verifies; the keys are built once.
pub(crate) struct Tokens {
    signing: EncodingKey,
    header: Header,
    verifying: Vec<(Option<String>, DecodingKey)>,
    validation: Validation,
    pairs: KeyPairs,
    pub(super) issuer: String,
    life: u64,
    of_sessions: bool,
}

/// What a token proves: who, of which version or session, until when.
#[derive(Debug, Clone)]
pub(crate) struct VerifiedToken {
    pub(crate) user_id: UserId,
    pub(crate) proof: Proof,
    /// Seconds since the epoch; refused from then on.
    pub(crate) expires_at: u64,
    pub(crate) claims: Arc<Map<String, Value>>,
}

/// What has to be as it was for a token to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The token version of the user.
    Version(i32),
    /// The session lives.
    Session(SessionId),
    /// A trusted issuer vouches for it.
    Attested,
}

#[derive(Serialize)]
struct Claims<'a> {
    id: UserId,
    iat: u64,
    exp: u64,
    ver: i32,
    #[serde(flatten)]
    origin: Option<Origin<'a>>,
}

/// What tells tokens that anybody may verify from those of others.
#[derive(Serialize)]
struct Origin<'a> {
    iss: &'a str,
    aud: &'static str,
    sub: String,
}

impl Tokens {
    /// `life` in seconds.
    pub(crate) fn new(keys: &SigningKeys, life: u64) -> Self {
        let key = keys.signing();
        let mut header = Header::new(Algorithm::HS256);
        header.kid = key.kid.clone();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        // A time there has to be. It is judged by a clock of ours, which remembers that it was asked.
        validation.validate_exp = false;
        validation.validate_nbf = true;
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp"]);
        let verifying = keys
            .all()
            .map(|key| {
                (
                    key.kid.clone(),
                    DecodingKey::from_secret(key.secret.expose().as_bytes()),
                )
            })
            .collect();
        Self {
            signing: EncodingKey::from_secret(key.secret.expose().as_bytes()),
            header,
            verifying,
            validation,
            pairs: KeyPairs::default(),
            issuer: "users-permissions".to_owned(),
            life,
            of_sessions: false,
        }
    }

    /// Access tokens are signed by these pairs, if there are any.
    pub(crate) fn issued_by(self, issuer: &str, pairs: KeyPairs) -> Self {
        Self {
            issuer: issuer.to_owned(),
            pairs,
            ..self
        }
    }

    /// Takes tokens of sessions only.
    pub(crate) fn of_sessions(self) -> Self {
        Self {
            of_sessions: true,
            ..self
        }
    }

    /// A token for the user, from now on.
    pub(crate) fn issue(&self, user_id: UserId, version: i32) -> Result<Secret> {
        let now = unix_now();
        let origin = self.pairs.sign_access().then(|| Origin {
            iss: &self.issuer,
            aud: AUDIENCE,
            sub: subject(user_id),
        });
        let claims = Claims {
            id: user_id,
            iat: now,
            exp: now + self.life,
            ver: version,
            origin,
        };
        self.sign_access(None, &claims)
    }

    /// The public keys that verify access tokens, as JSON.
    pub(crate) fn key_set(&self) -> &str {
        self.pairs.key_set()
    }

    /// By the key pair, where there is one, or else as [`sign_as`](Self::sign_as).
    pub(super) fn sign_access(&self, typ: Option<&str>, claims: &impl Serialize) -> Result<Secret> {
        match self.pairs.sign(claims) {
            Some(token) => token,
            None => self.sign_as(typ, claims),
        }
    }

    /// By the secret, as a token of this `typ`; none: as Strapi's.
    pub(super) fn sign_as(&self, typ: Option<&str>, claims: &impl Serialize) -> Result<Secret> {
        let mut header = self.header.clone();
        if let Some(typ) = typ {
            header.typ = Some(typ.to_owned());
        }
        jsonwebtoken::encode(&header, claims, &self.signing)
            .map(Secret::from)
            .map_err(Error::internal)
    }

    /// Checks signature and claims; `None` for anything but a token we (or a Strapi with our secret)
    /// issued and that is alive.
    pub(crate) fn verify(&self, token: &str) -> Option<VerifiedToken> {
        if self.of_sessions {
            return self.verify_access(token);
        }
        let is_right = |typ: Option<&str>| typ.is_none_or(is_plain);
        let (claims, of_pair) = self.decode_access(token, is_right)?;
        let integer = |name: &str| claims.get(name).and_then(Value::as_i64);
        let user_id = UserId::try_from(integer("id")?).ok().filter(|id| *id > 0)?;
        if of_pair && !self.are_of_here(&claims, user_id) {
            return None;
        }
        let expires_at = u64::try_from(integer("exp")?).ok()?;
        let version = match claims.get("ver") {
            // Tokens of a Strapi carry none.
            None => 0,
            Some(version) => i32::try_from(version.as_i64()?).ok()?,
        };
        if claims.get("iat").is_some_and(|iat| !iat.is_number()) {
            return None;
        }
        Some(VerifiedToken {
            user_id,
            proof: Proof::Version(version),
            expires_at,
            claims: Arc::new(claims),
        })
    }

    /// Issuer, audience and subject, as tokens have them that anybody may verify.
    pub(super) fn are_of_here(&self, claims: &Map<String, Value>, user: UserId) -> bool {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        text("iss") == Some(self.issuer.as_str())
            && text("aud") == Some(AUDIENCE)
            && text("sub") == Some(subject(user).as_str())
    }

    /// The claims of a token that is signed by a key pair of ours, or by a secret as one of the right `typ`, and
    /// is not over, and by which of the two.
    pub(super) fn decode_access(
        &self,
        token: &str,
        is_right: impl Fn(Option<&str>) -> bool,
    ) -> Option<(Map<String, Value>, bool)> {
        let header = header(token)?;
        let of_pair = header.alg != Algorithm::HS256;
        let claims = match of_pair {
            true => self.pairs.decode(&header, token, &self.validation),
            false => self.decode_secret(token, is_right),
        };
        let claims = claims.filter(|claims| !are_over(claims, unix_now()))?;
        Some((claims, of_pair))
    }

    /// The claims of a token that has the right `typ`, is signed by one of our secrets, and is not before its
    /// time. Whether it is over is for others to judge, by one clock or another.
    pub(super) fn decode_secret(
        &self,
        token: &str,
        is_right: impl Fn(Option<&str>) -> bool,
    ) -> Option<Map<String, Value>> {
        let header = header(token)?;
        if header.alg != Algorithm::HS256 || !is_right(header.typ.as_deref()) {
            return None;
        }
        let mut keys = self
            .verifying
            .iter()
            .filter(|(kid, _)| header.kid.is_none() || *kid == header.kid);
        keys.find_map(|(_, key)| {
            jsonwebtoken::decode::<Map<String, Value>>(token, key, &self.validation)
                .ok()
                .map(|data| data.claims)
        })
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens")
            .field("keys", &self.verifying.len())
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}

/// Are these claims over at this time?
fn are_over(claims: &Map<String, Value>, now: u64) -> bool {
    let ends = claims.get("exp").and_then(Value::as_f64);
    ends.is_none_or(|ends| ends <= now as f64)
}

/// The `typ` of tokens that say by their claims what they are for.
fn is_plain(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("JWT")
}

/// The header of a token whose key is for us alone to choose: none that brings one along, and none with
/// something that must be understood and is not.
pub(super) fn header(token: &str) -> Option<Header> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    let foreign = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.crit.is_some()
        || header.enc.is_some()
        || header.zip.is_some();
    (!foreign).then_some(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KeyPair;
    use serde_json::json;

    const SECRET: &str = "unit-test-secret-unit-test-secret";
    /// The example of RFC 8410, section 10.3.
    const PAIR: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----";
    const US: &str = "https://us.example";

    fn with_pair(name: &str) -> Tokens {
        let pairs = KeyPairs::new(&[KeyPair::new("a", PAIR)]).unwrap();
        tokens().issued_by(name, pairs)
    }

    /// A token with this header, whatever that says.
    fn with_header(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| sign(value, |_| {}).split('.').nth(1).unwrap().to_owned();
        let message = format!("{}.{}", part(header), part(claims));
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
        format!("{message}.{}", signature.unwrap())
    }

    fn tokens() -> Tokens {
        Tokens::new(&SigningKeys::parse(SECRET).unwrap(), 600)
    }

    fn sign(claims: &Value, change: impl Fn(&mut Header)) -> String {
        let mut header = Header::new(Algorithm::HS256);
        change(&mut header);
        jsonwebtoken::encode(
            &header,
            claims,
            &EncodingKey::from_secret(SECRET.as_bytes()),
        )
        .unwrap()
    }

    fn plain(claims: Value) -> Option<VerifiedToken> {
        tokens().verify(&sign(&claims, |_| {}))
    }

    #[test]
    fn own_tokens_and_strapis_verify() {
        let tokens = tokens();
        let verified = tokens.verify(tokens.issue(7, 3).unwrap().expose()).unwrap();
        assert_eq!((verified.user_id, verified.proof), (7, Proof::Version(3)));
        assert!(!verified.claims.contains_key("iss"), "as Strapi's are");
        let now = unix_now();
        assert!(verified.expires_at.abs_diff(now + 600) <= 2);
        let strapi = plain(json!({"id": 7, "iat": now, "exp": now + 60})).unwrap();
        assert_eq!((strapi.user_id, strapi.proof), (7, Proof::Version(0)));
    }

    #[test]
    fn claims_are_over_when_their_end_comes() {
        let at = |exp: Value| are_over(json!({ "exp": exp }).as_object().unwrap(), 1_000);
        assert!(at(json!(999)) && at(json!(1_000)) && at(json!(null)));
        assert!(!at(json!(1_001)) && !at(json!(1_000.5)));
    }

    #[test]
    fn claims_of_a_wrong_type_or_out_of_time_are_refused() {
        let later = unix_now() + 60;
        let bad = [
            json!({"exp": later}),
            json!({"id": 1}),
            json!({"id": 1, "exp": later.to_string()}),
            json!({"id": 1, "exp": null}),
            json!({"id": 1, "exp": []}),
            json!({"id": 1, "exp": -1}),
            json!({"id": 1, "exp": unix_now() - 1}),
            json!({"id": 1, "exp": later, "nbf": later}),
            json!({"id": 1, "exp": later, "nbf": later.to_string()}),
            json!({"id": 1, "exp": later, "ver": "0"}),
            json!({"id": 1, "exp": later, "ver": 0.5}),
            json!({"id": "1 ", "exp": later}),
            json!({"id": 1.0, "exp": later}),
            json!({"id": [1], "exp": later}),
            json!({"id": {"$gt": 0}, "exp": later}),
            json!({"id": "1 or 1=1", "exp": later}),
            json!({"id": -1, "exp": later}),
            json!({"id": 0, "exp": later}),
            json!({"id": 1, "exp": later, "iat": "0"}),
            json!({"id": 4_294_967_297u64, "exp": later}),
            json!({"userId": "1", "type": "access", "exp": later}),
        ];
        for claims in bad {
            assert!(plain(claims.clone()).is_none(), "{claims}");
        }
    }

    #[test]
    fn headers_cannot_choose_key_or_algorithm() {
        let claims = json!({"id": 1, "exp": unix_now() + 60});
        let bad: [fn(&mut Header); 5] = [
            |header| header.jku = Some("https://evil.example/jwks".into()),
            |header| header.x5u = Some("https://evil.example/cert".into()),
            |header| header.kid = Some("../../dev/null".into()),
            |header| header.crit = Some(vec!["b64".into()]),
            |header| header.typ = Some("up-refresh+jwt".into()),
        ];
        for change in bad {
            assert!(tokens().verify(&sign(&claims, change)).is_none());
        }
        let plain = json!({"alg": "HS256", "typ": "JWT"});
        assert!(tokens().verify(&with_header(&plain, &claims)).is_some());
        for (name, value) in [
            ("jku", json!("https://evil.example/jwks")),
            ("jwk", json!({"kty": "oct", "k": "AAAA"})),
            ("x5u", json!("https://evil.example/cert")),
            ("x5c", json!(["AAAA"])),
            ("crit", json!(["b64"])),
            ("enc", json!("A128GCM")),
            ("zip", json!("DEF")),
        ] {
            let mut header = plain.clone();
            header[name] = value;
            let token = with_header(&header, &claims);
            assert!(jsonwebtoken::decode_header(&token).is_ok(), "{name}");
            assert!(tokens().verify(&token).is_none(), "{name}");
        }
        let good = sign(&claims, |_| {});
        let mut parts = good.split('.');
        let (header, body) = (parts.next().unwrap(), parts.next().unwrap());
        for token in [
            format!("{header}.{body}."),
            format!("{header}.{body}"),
            format!("{good}.x.y"),
            format!("{good}x"),
            String::new(),
        ] {
            assert!(tokens().verify(&token).is_none(), "{token}");
        }
    }

    #[test]
    fn a_token_is_no_longer_than_eight_kibibytes() {
        let of_length = |length: usize| {
            let pads = (0..length).rev().map(|pad| {
                let claims = json!({"id": 1, "exp": unix_now() + 60, "pad": "x".repeat(pad)});
                sign(&claims, |_| {})
            });
            let mut tokens = pads.skip(length / 4);
            tokens.find(|token| token.len() <= length).unwrap()
        };
        let fits = of_length(MAX_TOKEN_BYTES);
        assert_eq!(fits.len(), MAX_TOKEN_BYTES);
        assert!(tokens().verify(&fits).is_some());
        let too_long = of_length(MAX_TOKEN_BYTES + 1);
        assert_eq!(too_long.len(), MAX_TOKEN_BYTES + 1);
        assert!(tokens().verify(&too_long).is_none());
    }

    #[test]
    fn tokens_of_a_key_pair_say_whose_they_are() {
        let ours = with_pair(US);
        let verified = ours.verify(ours.issue(7, 2).unwrap().expose()).unwrap();
        assert_eq!((verified.user_id, verified.proof), (7, Proof::Version(2)));
        assert!(ours.key_set().contains("\"kid\":\"a\"") && tokens().key_set().is_empty());
        let good =
            json!({"id": 7, "exp": unix_now() + 60, "iss": US, "aud": AUDIENCE, "sub": "up:7"});
        let verify = |claims: &Value| {
            let token = ours.pairs.sign(claims).unwrap().unwrap();
            ours.verify(token.expose()).is_some()
        };
        assert!(verify(&good));
        for (name, value) in [
            ("iss", "https://other.example"),
            ("aud", "admin"),
            ("sub", "up:8"),
        ] {
            let mut claims = good.clone();
            claims[name] = json!(value);
            assert!(!verify(&claims), "{name}");
        }
        // The secret still signs what Strapi would, and the key pair of one is not that of another.
        assert!(
            ours.verify(tokens().issue(7, 0).unwrap().expose())
                .is_some()
        );
        assert!(
            tokens()
                .verify(ours.issue(7, 0).unwrap().expose())
                .is_none()
        );
        assert!(
            with_pair("https://other.example")
                .verify(ours.issue(7, 0).unwrap().expose())
                .is_none()
        );
    }

    #[test]
    fn a_key_pair_verifies_what_its_name_and_kind_fit_to() {
        let claims =
            json!({"id": 7, "exp": unix_now() + 60, "iss": US, "aud": AUDIENCE, "sub": "up:7"});
        let verify = |change: &dyn Fn(&mut Header)| {
            let mut header = Header::new(Algorithm::EdDSA);
            (header.typ, header.kid) = (Some("at+jwt".into()), Some("a".into()));
            change(&mut header);
            let key = EncodingKey::from_ed_pem(PAIR.as_bytes()).unwrap();
            let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
            with_pair(US).verify(&token).is_some()
        };
        assert!(verify(&|_| {}) && verify(&|header| header.typ = Some("AT+JWT".into())));
        assert!(!verify(&|header| header.typ = Some("JWT".into())));
        assert!(!verify(&|header| header.typ = None));
        assert!(!verify(&|header| header.kid = Some("b".into())));
        assert!(!verify(&|header| header.kid = None));
    }

    #[test]
    fn secrets_are_not_printed() {
        let text = format!("{:?}", with_pair(US));
        assert!(
            text.contains("life: 600") && !text.contains(SECRET),
            "{text}"
        );
    }

    #[test]
    fn every_configured_key_verifies_and_the_first_signs() {
        let old = Tokens::new(
            &SigningKeys::parse("a:old-secret-old-secret-old-secret-old").unwrap(),
            60,
        );
        let both = SigningKeys::parse(
            "b:new-secret-new-secret-new-secret-new,a:old-secret-old-secret-old-secret-old",
        )
        .unwrap();
        let both = Tokens::new(&both, 60);
        let new = Tokens::new(
            &SigningKeys::parse("b:new-secret-new-secret-new-secret-new").unwrap(),
            60,
        );
        let (of_old, of_both) = (old.issue(1, 0).unwrap(), both.issue(1, 0).unwrap());
        assert!(both.verify(of_old.expose()).is_some() && both.verify(of_both.expose()).is_some());
        assert!(new.verify(of_both.expose()).is_some() && new.verify(of_old.expose()).is_none());
    }
}
