//! Tokens as an attacker (or a Strapi with our secret) would write them.

use acceptance::SECRET;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

/// Seconds since the epoch.
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64
}

/// Unpadded base64url.
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let mut word = [0; 3];
        word[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        for place in 0..=chunk.len() {
            out.push(char::from(
                LETTERS[(bits >> (18 - 6 * place)) as usize & 63],
            ));
        }
    }
    out
}

/// Signs header and payload, whatever they are, with HMAC.
pub fn sign_text(header: &str, payload: &str, secret: &[u8], algorithm: Algorithm) -> String {
    let message = format!(
        "{}.{}",
        base64(header.as_bytes()),
        base64(payload.as_bytes())
    );
    let signature = crypto::sign(
        message.as_bytes(),
        &EncodingKey::from_secret(secret),
        algorithm,
    )
    .unwrap();
    format!("{message}.{signature}")
}

/// Signs with the server's secret, as HS256, under any header.
pub fn with_header(header: &Value, payload: &Value) -> String {
    sign_text(
        &header.to_string(),
        &payload.to_string(),
        SECRET.as_bytes(),
        Algorithm::HS256,
    )
}

/// A token of these claims that the server would have signed itself.
pub fn token(claims: &Value) -> String {
    with_header(&json!({ "alg": "HS256", "typ": "JWT" }), claims)
}

/// The same, of a session.
pub fn session_token(claims: &Value) -> String {
    with_header(&json!({ "alg": "HS256", "typ": "at+jwt" }), claims)
}

/// A refresh token of these claims that the server would have signed itself.
pub fn refresh_token(claims: &Value) -> String {
    with_header(&json!({ "alg": "HS256", "typ": "up-refresh+jwt" }), claims)
}

/// Claims of a good token for this user.
pub fn claims(id: i64) -> Value {
    json!({ "id": id, "iat": now(), "exp": now() + 600 })
}

#[test]
fn base64_is_that_of_the_rfc() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg"),
        ("fo", "Zm8"),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg"),
        ("\u{fb}\u{ff}", "w7vDvw"),
    ] {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
}

/// The claims of a token.
pub fn payload(token: &str) -> Value {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let text = token.split('.').nth(1).unwrap();
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let value = |byte: &u8| LETTERS.iter().position(|letter| letter == byte).unwrap();
        let bits =
            chunk.iter().fold(0, |bits, byte| bits << 6 | value(byte)) << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&(bits as u32).to_be_bytes()[1..chunk.len()]);
    }
    serde_json::from_slice(&bytes).unwrap()
}
