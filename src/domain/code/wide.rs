//! A whole number of 384 bits, for spaces beyond 128: the largest, 62 characters in 64 places, has 62^64 < 2^382 codes.
//! It keeps one invariant: it is plain data of a fixed size, so tables of it are one block of memory.

use std::cmp::Ordering;

use num_bigint::BigUint;

const LIMBS: usize = 6;

/// An unsigned number below 2^384.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wide([u64; LIMBS]);

impl Wide {
    pub(super) const ZERO: Self = Self([0; LIMBS]);
    pub(super) const ONE: Self = Self([1, 0, 0, 0, 0, 0]);

    /// The number as 128 bits, where it fits.
    pub(super) fn to_u128(self) -> Option<u128> {
        let [low, high, rest @ ..] = self.0;
        (rest == [0; LIMBS - 2]).then_some(u128::from(high) << 64 | u128::from(low))
    }

    /// The number that a big one is, where it fits.
    pub(super) fn from_big(number: &BigUint) -> Option<Self> {
        let digits = number.to_u64_digits();
        let mut limbs = [0; LIMBS];
        limbs.get_mut(..digits.len())?.copy_from_slice(&digits);
        Some(Self(limbs))
    }

    /// The number as a big one.
    pub(super) fn to_big(self) -> BigUint {
        let bytes: Vec<u8> = self.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        BigUint::from_bytes_le(&bytes)
    }

    /// The sum modulo 2^384.
    pub(super) fn wrapping_add(self, other: Self) -> Self {
        let mut carry = false;
        let mut sum = self.0;
        for (limb, more) in sum.iter_mut().zip(other.0) {
            let (half, over) = limb.overflowing_add(more);
            let (whole, over_again) = half.overflowing_add(u64::from(carry));
            (*limb, carry) = (whole, over | over_again);
        }
        Self(sum)
    }

    /// The difference modulo 2^384.
    pub(super) fn wrapping_sub(self, other: Self) -> Self {
        let mut borrow = false;
        let mut difference = self.0;
        for (limb, less) in difference.iter_mut().zip(other.0) {
            let (half, under) = limb.overflowing_sub(less);
            let (whole, under_again) = half.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (whole, under | under_again);
        }
        Self(difference)
    }

    /// How many bits the number needs.
    pub(super) fn bits(self) -> u32 {
        let top = self.0.iter().rposition(|limb| *limb != 0);
        top.map_or(0, |index| 64 * index as u32 + 64 - self.0[index].leading_zeros())
    }

    /// The number shifted down by `bits`, which is below 384.
    pub(super) fn shifted_down(self, bits: u32) -> Self {
        let (limbs, bits) = ((bits / 64) as usize, bits % 64);
        let limb = |index: usize| self.0.get(index).copied().unwrap_or(0);
        Self(std::array::from_fn(|index| {
            let pair = u128::from(limb(index + limbs + 1)) << 64 | u128::from(limb(index + limbs));
            (pair >> bits) as u64
        }))
    }

    /// The number shifted up by `bits`, which is below 384; what goes past the top is lost.
    pub(super) fn shifted_up(self, bits: u32) -> Self {
        let (limbs, bits) = ((bits / 64) as usize, bits % 64);
        let limb = |index: usize| index.checked_sub(limbs).map_or(0, |from| self.0[from]);
        Self(std::array::from_fn(|index| {
            let below = index.checked_sub(1).map_or(0, limb);
            let pair = u128::from(limb(index)) << 64 | u128::from(below);
            ((pair << bits) >> 64) as u64
        }))
    }

    /// The lowest `bits` of the number.
    pub(super) fn low_bits(self, bits: u32) -> Self {
        Self(std::array::from_fn(|index| match bits.saturating_sub(64 * index as u32) {
            0 => 0,
            some @ 1..64 => self.0[index] & ((1 << some) - 1),
            _ => self.0[index],
        }))
    }

    /// The bits that differ.
    pub(super) fn xor(self, other: Self) -> Self {
        Self(std::array::from_fn(|index| self.0[index] ^ other.0[index]))
    }

    /// Three blocks of 128 bits, the lowest first.
    pub(super) fn blocks(self) -> [u128; 3] {
        std::array::from_fn(|index| u128::from(self.0[2 * index + 1]) << 64 | u128::from(self.0[2 * index]))
    }

    /// The number of which these are the blocks, the lowest first.
    pub(super) fn from_blocks(blocks: [u128; 3]) -> Self {
        Self(std::array::from_fn(|index| (blocks[index / 2] >> (64 * (index % 2))) as u64))
    }
}

impl From<u128> for Wide {
    fn from(number: u128) -> Self {
        Self::from_blocks([number, 0, 0])
    }
}

impl Ord for Wide {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn it_computes_what_a_big_number_computes(a: [u64; 6], b: [u64; 6], bits in 0_u32..384) {
            let (a, b) = (Wide(a), Wide(b));
            let (big_a, big_b) = (a.to_big(), b.to_big());
            let modulus = BigUint::from(1_u8) << 384;
            prop_assert_eq!(a.wrapping_add(b).to_big(), (&big_a + &big_b) % &modulus);
            prop_assert_eq!(a.wrapping_sub(b).to_big(), (&big_a + &modulus - &big_b) % &modulus);
            prop_assert_eq!(a.cmp(&b), big_a.cmp(&big_b));
            prop_assert_eq!(a.shifted_down(bits).to_big(), &big_a >> bits);
            prop_assert_eq!(a.shifted_up(bits).to_big(), (&big_a << bits) % &modulus);
            prop_assert_eq!(a.low_bits(bits).to_big(), &big_a % (BigUint::from(1_u8) << bits));
            prop_assert_eq!(a.xor(b).to_big(), &big_a ^ &big_b);
            prop_assert_eq!(u64::from(a.shifted_down(bits).bits()), (&big_a >> bits).bits());
            prop_assert_eq!(Wide::from_big(&big_a), Some(a));
            prop_assert_eq!(Wide::from_blocks(a.blocks()), a);
        }

        #[test]
        fn what_fits_128_bits_comes_back(number: u128) {
            prop_assert_eq!(Wide::from(number).to_u128(), Some(number));
            prop_assert_eq!(Wide::from(number).wrapping_add(Wide::ONE).to_u128(), number.checked_add(1));
        }
    }
}
