//! Digests of the rows of batches. They are there against accidents, not against people: who can write the folder can
//! write anything. So they are XXH3, which costs next to nothing.

use std::fmt;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// A digest of 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(u128);

impl Digest {
    /// That of nothing.
    pub(super) const NONE: Self = Self(0);

    /// The digest of some bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(xxh3_128(bytes))
    }

    /// Its bytes.
    pub(crate) fn bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// The digest with these bytes.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The checksum of some bytes.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}
