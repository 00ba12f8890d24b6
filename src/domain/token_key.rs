//! What customer tokens are sealed with. A database has two such keys: the one that new tokens get, and the one before
//! it, whose tokens are good until they end. A key is replaced long after the last token of the one before has ended.

use std::fmt;

use super::{
    period::Instant,
    seal::{IdSecret, Seal},
};

/// How long a token is good at most, in minutes.
pub const MAX_TOKEN_MINUTES: i64 = 24 * 60;
/// How old a key becomes, in milliseconds: a week.
const LIFE: i64 = 7 * 24 * 60 * 60 * 1_000;

/// 256 secret bits that tokens are sealed with. Nothing prints them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenSecret([u8; 32]);

impl TokenSecret {
    /// Takes its bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(..)")
    }
}

/// A key that tokens are sealed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenKey {
    /// Its number, which its tokens tell: each is one above the one before.
    pub number: u32,
    /// When it was made.
    pub made_at: Instant,
    /// What it is.
    pub secret: TokenSecret,
}

impl TokenKey {
    /// Seals the bytes of a token.
    #[must_use]
    pub fn close(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.seal().close(bytes)
    }

    /// The bytes of a token; none where it was not sealed with this key.
    #[must_use]
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        self.seal().open(sealed)
    }

    fn seal(&self) -> Seal {
        Seal::new(&IdSecret::new(self.secret.0))
    }
}

/// The keys of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenKeys {
    /// The one that new tokens get.
    pub current: TokenKey,
    /// The one before.
    pub before: Option<TokenKey>,
}

impl TokenKeys {
    /// The keys after those that there are, with another secret: the same where the current one is young.
    #[must_use]
    pub fn renewed(keys: Option<Self>, secret: TokenSecret, now: Instant) -> Self {
        match keys {
            Some(keys) if !keys.is_due(now) => keys,
            Some(Self { current, .. }) => {
                let number = current.number.wrapping_add(1);
                Self { current: TokenKey { number, made_at: now, secret }, before: Some(current) }
            }
            None => Self { current: TokenKey { number: 1, made_at: now, secret }, before: None },
        }
    }

    /// Whether the current one is to be replaced.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        now.as_millisecond().saturating_sub(self.current.made_at.as_millisecond()) >= LIFE
    }

    /// The key with this number.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Option<&TokenKey> {
        [Some(&self.current), self.before.as_ref()].into_iter().flatten().find(|key| key.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::instant_of;

    fn at(millis: i64) -> Instant {
        instant_of(millis).expect("an instant")
    }

    #[test]
    fn a_key_is_replaced_when_it_is_old_and_the_one_before_stays() {
        let secret = |byte| TokenSecret::new([byte; 32]);
        let first = TokenKeys::renewed(None, secret(1), at(0));
        assert_eq!(TokenKeys::renewed(Some(first), secret(2), at(LIFE - 1)), first);
        let second = TokenKeys::renewed(Some(first), secret(2), at(LIFE));
        assert_eq!((second.current.number, second.before), (2, Some(first.current)));
        let third = TokenKeys::renewed(Some(second), secret(3), at(2 * LIFE));
        assert_eq!((third.current.number, third.before), (3, Some(second.current)));
        assert_eq!(third.numbered(2), Some(&second.current));
        assert_eq!(third.numbered(1), None, "its tokens ended long ago");
    }

    #[test]
    fn a_token_of_another_key_or_a_changed_one_does_not_open() {
        let keys = TokenKeys::renewed(None, TokenSecret::new([1; 32]), at(0));
        let other = TokenKeys::renewed(None, TokenSecret::new([2; 32]), at(0));
        let sealed = keys.current.close(b"somebody".to_vec());
        assert_eq!(keys.current.open(&sealed).as_deref(), Some(b"somebody".as_slice()));
        assert_eq!(other.current.open(&sealed), None);
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(keys.current.open(&changed), None, "byte {place}");
        }
        assert_eq!(format!("{keys:?}").matches("TokenSecret(..)").count(), 1);
    }
}
