//! The keyed permutation of a domain beyond 2^128, up to 2^384: the network of [`super::feistel`] with halves of up to
//! 192 bits. It keeps the same invariant: both directions stay below the size, and each undoes the other.
//!
//! A half is longer than an AES block, so the round function is FF1's (NIST SP 800-38G, algorithm 7, steps 6.ii and
//! 6.iii): a CBC-MAC over two blocks, the half and the round, stretched by encrypting it once more with a counter mixed in. That
//! keeps the order as unpredictable over the whole space as it is in a small one; indices reach only its first 2^64
//! numbers, and those are spread over all of it.

use aes::cipher::{BlockEncrypt, KeyInit};
use aes::{Aes256, Block};

use super::feistel::ROUNDS;
use super::wide::Wide;

/// A permutation of the numbers below a size of 2^128 or more.
pub(super) struct WideFeistel {
    cipher: Aes256,
    size: Wide,
    left_bits: u32,
    right_bits: u32,
}

impl WideFeistel {
    /// The permutation that a cipher key selects.
    pub(super) fn new(key: [u8; 32], size: Wide) -> Self {
        let bits = size.wrapping_sub(Wide::ONE).bits();
        let right_bits = bits.div_ceil(2);
        Self { cipher: Aes256::new(&key.into()), size, left_bits: bits - right_bits, right_bits }
    }

    /// Where an index below the size goes.
    pub(super) fn forward(&self, index: Wide) -> Option<Wide> {
        self.walk(index, Self::encrypt)
    }

    /// Where it came from.
    pub(super) fn inverse(&self, value: Wide) -> Option<Wide> {
        self.walk(value, Self::decrypt)
    }

    fn walk(&self, number: Wide, step: impl Fn(&Self, Wide) -> Wide) -> Option<Wide> {
        if number >= self.size {
            return None;
        }
        let mut number = step(self, number);
        while number >= self.size {
            number = step(self, number);
        }
        Some(number)
    }

    fn encrypt(&self, number: Wide) -> Wide {
        let (mut left, mut right) = self.split(number);
        for round in 0..ROUNDS {
            (left, right) = (right, left.xor(self.round(round, right)));
        }
        self.join(left, right)
    }

    fn decrypt(&self, number: Wide) -> Wide {
        let (mut left, mut right) = self.split(number);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right.xor(self.round(round, left)), left);
        }
        self.join(left, right)
    }

    fn round(&self, round: u8, half: Wide) -> Wide {
        let [low, high, _] = half.blocks();
        let high = high | u128::from(round) << 64;
        let state = self.cipher_block(self.cipher_block(low) ^ high);
        let more = self.cipher_block(state ^ 1);
        let bits = if round.is_multiple_of(2) { self.left_bits } else { self.right_bits };
        Wide::from_blocks([state, more, 0]).low_bits(bits)
    }

    fn cipher_block(&self, block: u128) -> u128 {
        let mut block = Block::from(block.to_le_bytes());
        self.cipher.encrypt_block(&mut block);
        u128::from_le_bytes(block.into())
    }

    fn split(&self, number: Wide) -> (Wide, Wide) {
        (number.shifted_down(self.right_bits), number.low_bits(self.right_bits))
    }

    fn join(&self, left: Wide, right: Wide) -> Wide {
        left.shifted_up(self.right_bits).xor(right)
    }
}
