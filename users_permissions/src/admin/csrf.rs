//! The token of forms: a secret of the session, masked anew on every page, so that compressed pages
//! tell nothing of it.

use aws_lc_rs::constant_time::verify_slices_are_equal;

const BYTES: usize = 16;

/// The secret in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Secret([u8; BYTES]);

impl Secret {
    pub(super) fn random() -> Self {
        Self(rand::random())
    }

    /// As it is kept in the session.
    pub(super) fn store(self) -> String {
        hex(&self.0)
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        unhex(text)?.try_into().ok().map(Self)
    }

    /// A token for one page.
    pub(super) fn token(self) -> String {
        let mask: [u8; BYTES] = rand::random();
        let mut token = mask.to_vec();
        token.extend(mask.iter().zip(self.0).map(|(mask, byte)| mask ^ byte));
        hex(&token)
    }

    /// Was the token made of this secret?
    pub(super) fn accepts(self, token: &str) -> bool {
        let Some(bytes) = unhex(token).filter(|bytes| bytes.len() == 2 * BYTES) else {
            return false;
        };
        let (mask, masked) = bytes.split_at(BYTES);
        let secret: Vec<u8> = mask
            .iter()
            .zip(masked)
            .map(|(mask, byte)| mask ^ byte)
            .collect();
        verify_slices_are_equal(&secret, &self.0).is_ok()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_accepted_by_their_secret_only() {
        let (one, other) = (Secret::random(), Secret::random());
        let (first, second) = (one.token(), one.token());
        assert_ne!(first, second);
        assert!(one.accepts(&first) && one.accepts(&second) && !other.accepts(&first));
        for bad in ["", "00", "zz", &first[..62], &"0".repeat(64)] {
            assert!(!one.accepts(bad), "{bad}");
        }
        assert_eq!(Secret::read(&one.store()), Some(one));
    }
}
