//! A keyed bijection of the numbers below a size, by which a series orders its space. It keeps one invariant: for one
//! key and one size the order never changes, in any version, because codes that were handed out follow from it.

use std::fmt;

use num_bigint::BigUint;

use super::feistel::Feistel;
use super::key::SeriesKey;
use super::shuffle::Shuffle;
use super::wide::Wide;
use super::wide_feistel::WideFeistel;

/// The largest size that is shuffled as a table: 16 kB, made in a tenth of a millisecond. Above it the halves of a
/// Feistel network have 6 bits or more; below it they would soon be too short to mix anything.
const LARGEST_SHUFFLE: u16 = 4_096;

enum Method {
    Shuffle(Shuffle),
    Feistel(Feistel),
    Wide(WideFeistel),
}

/// A bijection of the numbers below a size, which nobody without the key can tell from a random one.
pub struct Permutation {
    method: Method,
}

impl Permutation {
    /// The permutation of the numbers below `size` that a key selects; none for the size 0, or from 2^384 on, which
    /// no code space reaches.
    #[must_use]
    pub fn new(key: &SeriesKey, size: &BigUint) -> Option<Self> {
        let cipher_key = key.permutation_key(&size.to_bytes_le());
        let wide = Wide::from_big(size).filter(|wide| *wide != Wide::ZERO)?;
        let method = match wide.to_u128() {
            Some(size) => match u16::try_from(size).ok().filter(|size| *size <= LARGEST_SHUFFLE) {
                Some(small) => Method::Shuffle(Shuffle::new(cipher_key, small)),
                None => Method::Feistel(Feistel::new(cipher_key, size)),
            },
            None => Method::Wide(WideFeistel::new(cipher_key, wide)),
        };
        Some(Self { method })
    }

    /// Where an index goes; none from the size on.
    #[must_use]
    pub fn forward(&self, index: &BigUint) -> Option<BigUint> {
        self.forward_wide(Wide::from_big(index)?).map(Wide::to_big)
    }

    /// The index that goes to a value; none from the size on.
    #[must_use]
    pub fn inverse(&self, value: &BigUint) -> Option<BigUint> {
        self.inverse_wide(Wide::from_big(value)?).map(Wide::to_big)
    }

    pub(super) fn forward_wide(&self, index: Wide) -> Option<Wide> {
        match &self.method {
            Method::Shuffle(shuffle) => shuffle.forward(index.to_u128()?).map(Wide::from),
            Method::Feistel(feistel) => feistel.forward(index.to_u128()?).map(Wide::from),
            Method::Wide(feistel) => feistel.forward(index),
        }
    }

    pub(super) fn inverse_wide(&self, value: Wide) -> Option<Wide> {
        match &self.method {
            Method::Shuffle(shuffle) => shuffle.inverse(value.to_u128()?).map(Wide::from),
            Method::Feistel(feistel) => feistel.inverse(value.to_u128()?).map(Wide::from),
            Method::Wide(feistel) => feistel.inverse(value),
        }
    }

    /// The Feistel network that permutes many numbers at once, where this size is permuted by it.
    pub(super) fn in_lanes(&self) -> Option<&Feistel> {
        match &self.method {
            Method::Feistel(feistel) => Some(feistel),
            Method::Shuffle(_) | Method::Wide(_) => None,
        }
    }
}

impl fmt::Debug for Permutation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Permutation(..)")
    }
}
