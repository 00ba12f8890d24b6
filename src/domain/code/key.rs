//! The secret of a series. It keeps one invariant: a key's bytes never reach a log, because nothing prints them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{Digest, Sha256};

/// The 256-bit secret from which the order of a series' codes follows. It is drawn from the operating system by the
/// caller, once for each series, and kept by the caller.
#[derive(Clone, PartialEq, Eq)]
pub struct SeriesKey([u8; 32]);

impl SeriesKey {
    /// Takes the bytes of a key.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The cipher key of one permutation: every domain of a key gets one of its own, so that what is learned of one
    /// order says nothing about another. The size stands last, where its varying length is unambiguous.
    pub(super) fn permutation_key(&self, size: &[u8]) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(b"scrip series permutation 1\0");
        digest.update(self.0);
        digest.update(size);
        digest.finalize().into()
    }
}

/// As it is stored: 64 hexadecimal digits.
impl Serialize for SeriesKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for SeriesKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // The text is left out of the error: it is the secret.
        let damaged = || D::Error::custom("expected a key of 64 hexadecimal digits");
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| damaged())?;
        Ok(Self(bytes.try_into().map_err(|_| damaged())?))
    }
}

impl fmt::Debug for SeriesKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SeriesKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_print() {
        assert_eq!(format!("{:?}", SeriesKey::new([7; 32])), "SeriesKey(..)");
    }

    #[test]
    fn each_size_has_its_own_cipher_key() {
        let key = SeriesKey::new([7; 32]);
        assert_ne!(key.permutation_key(&[1]), key.permutation_key(&[2]));
        assert_ne!(key.permutation_key(&[1]), SeriesKey::new([8; 32]).permutation_key(&[1]));
    }
}
