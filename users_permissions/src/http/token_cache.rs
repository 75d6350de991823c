//! The tokens a worker has verified.

use std::hash::{BuildHasher, Hasher};

use quick_cache::unsync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, UnitWeighter};

pub(super) type TokenCache<T> = Cache<Box<[u8]>, T, UnitWeighter, BySignature>;

pub(super) fn token_cache<T>(capacity: usize) -> TokenCache<T> {
    Cache::with(
        capacity,
        capacity as u64,
        UnitWeighter,
        BySignature::default(),
        DefaultLifecycle::default(),
    )
}

/// Hashes the end of a token alone. It is the end of a signature, which differs wherever anything before it
/// does; whole tokens are compared after.
#[derive(Clone, Debug, Default)]
pub(super) struct BySignature(DefaultHashBuilder);

impl BuildHasher for BySignature {
    type Hasher = TailHasher<<DefaultHashBuilder as BuildHasher>::Hasher>;

    fn build_hasher(&self) -> Self::Hasher {
        TailHasher(self.0.build_hasher())
    }
}

pub(super) struct TailHasher<H>(H);

impl<H: Hasher> Hasher for TailHasher<H> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        const TAIL: usize = 16;
        match bytes.last_chunk::<TAIL>() {
            Some(tail) => self.0.write_u128(u128::from_ne_bytes(*tail)),
            None => self.0.write(bytes),
        }
    }

    #[inline]
    fn write_usize(&mut self, length: usize) {
        self.0.write_usize(length);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_one_signature_are_told_apart() {
        let mut tokens = token_cache(64);
        let token = |claims: &str| format!("header.{claims}.0123456789abcdef").into_bytes();
        let short = |text: &str| text.as_bytes().to_vec();
        for (id, known) in [
            token("ann"),
            token("ben"),
            short("a"),
            short("b"),
            short(""),
        ]
        .into_iter()
        .enumerate()
        {
            tokens.insert(known.clone().into_boxed_slice(), id);
            assert_eq!(tokens.get(known.as_slice()), Some(&id));
        }
        assert_eq!(tokens.get(token("ann").as_slice()), Some(&0));
        assert_eq!(tokens.get(token("eve").as_slice()), None);
        assert_eq!(tokens.get(&b"0123456789abcdef"[..]), None);
        assert_eq!(tokens.get(&b"c"[..]), None);
    }

    #[test]
    fn the_end_of_a_token_decides_its_hash() {
        let hash = BySignature::default();
        let of = |token: &str| hash.hash_one(token.as_bytes());
        assert_eq!(of("ann.0123456789abcdef"), of("ben.0123456789abcdef"));
        assert_ne!(of("ann.0123456789abcdef"), of("ann.0123456789abcdeg"));
        assert_ne!(of("ann.0123456789abcdef"), of("ann.X123456789abcdef"));
        assert_ne!(of("a"), of("b"));
    }
}
