//! The keyed permutation of a domain of up to 2^128: a Feistel network of AES-256 over the next power of two, walked
//! until it falls inside. It keeps one invariant: both directions stay below the size, and each undoes the other.
//!
//! The network is that of FF1 (NIST SP 800-38G) with exclusive-or for its addition, since its halves are bits: rounds
//! alternate between the two halves, which differ by one bit where the width is odd. Walking a cycle of the larger
//! permutation until it comes back into the domain is Black and Rogaway's (2002); it takes less than two steps on average.

use aes::cipher::{BlockEncrypt, KeyInit};
use aes::{Aes256, Block};

/// Two rounds more than FF1 has; even, so that the halves end where they began.
pub(super) const ROUNDS: u8 = 12;
/// Below the million that SP 800-38G asks of a domain, known attacks weaken with every round: these cost nothing.
pub(super) const SMALL_ROUNDS: u8 = 24;
const SMALL: u128 = 1_000_000;

/// How many numbers the cipher works on at once.
const LANES: usize = 8;

/// A permutation of the numbers below a size of 2 or more.
pub(super) struct Feistel {
    cipher: Aes256,
    size: u128,
    left_mask: u64,
    right_mask: u64,
    right_bits: u32,
    rounds: u8,
}

impl Feistel {
    /// The permutation that a cipher key selects.
    pub(super) fn new(key: [u8; 32], size: u128) -> Self {
        let bits = (128 - size.saturating_sub(1).leading_zeros()).max(2);
        let right_bits = bits.div_ceil(2);
        Self {
            cipher: Aes256::new(&key.into()),
            size,
            left_mask: mask(bits - right_bits),
            right_mask: mask(right_bits),
            right_bits,
            rounds: if size < SMALL { SMALL_ROUNDS } else { ROUNDS },
        }
    }

    /// Where an index below the size goes.
    pub(super) fn forward(&self, index: u128) -> Option<u128> {
        self.walk(index, Self::encrypt)
    }

    /// Where it came from.
    pub(super) fn inverse(&self, value: u128) -> Option<u128> {
        self.walk(value, Self::decrypt)
    }

    /// Replaces each number, all below the size, by where it goes; those outside after a step walk on together.
    pub(super) fn forward_all(&self, numbers: &mut [u128]) {
        for chunk in numbers.chunks_mut(LANES) {
            self.encrypt_lanes(chunk);
        }
        let mut outside: Vec<usize> = (0..numbers.len()).filter(|index| numbers[*index] >= self.size).collect();
        while !outside.is_empty() {
            for group in outside.chunks(LANES) {
                let mut lanes = [0; LANES];
                for (lane, index) in lanes.iter_mut().zip(group) {
                    *lane = numbers[*index];
                }
                self.encrypt_lanes(&mut lanes[..group.len()]);
                for (lane, index) in lanes.iter().zip(group) {
                    numbers[*index] = *lane;
                }
            }
            outside.retain(|index| numbers[*index] >= self.size);
        }
    }

    fn walk(&self, number: u128, step: impl Fn(&Self, u128) -> u128) -> Option<u128> {
        if number >= self.size {
            return None;
        }
        let mut number = step(self, number);
        while number >= self.size {
            number = step(self, number);
        }
        Some(number)
    }

    fn encrypt(&self, number: u128) -> u128 {
        let (mut left, mut right) = self.split(number);
        for round in 0..self.rounds {
            let mask = if round.is_multiple_of(2) { self.left_mask } else { self.right_mask };
            (left, right) = (right, left ^ (self.round(round, right) & mask));
        }
        self.join(left, right)
    }

    fn decrypt(&self, number: u128) -> u128 {
        let (mut left, mut right) = self.split(number);
        for round in (0..self.rounds).rev() {
            let mask = if round.is_multiple_of(2) { self.left_mask } else { self.right_mask };
            (left, right) = (right ^ (self.round(round, left) & mask), left);
        }
        self.join(left, right)
    }

    /// What `encrypt` does, for up to [`LANES`] numbers at once: the processor overlaps their blocks.
    fn encrypt_lanes(&self, numbers: &mut [u128]) {
        let mut left = [0; LANES];
        let mut right = [0; LANES];
        for (lane, number) in numbers.iter().enumerate() {
            (left[lane], right[lane]) = self.split(*number);
        }
        let mut blocks = [Block::default(); LANES];
        for round in 0..self.rounds {
            let mask = if round.is_multiple_of(2) { self.left_mask } else { self.right_mask };
            for (block, half) in blocks.iter_mut().zip(right) {
                *block = round_block(round, half);
            }
            self.cipher.encrypt_blocks(&mut blocks);
            for lane in 0..LANES {
                let next = left[lane] ^ (low_half(&blocks[lane]) & mask);
                (left[lane], right[lane]) = (right[lane], next);
            }
        }
        for (lane, number) in numbers.iter_mut().enumerate() {
            *number = self.join(left[lane], right[lane]);
        }
    }

    fn round(&self, round: u8, half: u64) -> u64 {
        let mut block = round_block(round, half);
        self.cipher.encrypt_block(&mut block);
        low_half(&block)
    }

    fn split(&self, number: u128) -> (u64, u64) {
        ((number >> self.right_bits) as u64, number as u64 & self.right_mask)
    }

    fn join(&self, left: u64, right: u64) -> u128 {
        u128::from(left) << self.right_bits | u128::from(right)
    }
}

/// The round function's input: the half, and the round's number, which keeps the rounds apart.
fn round_block(round: u8, half: u64) -> Block {
    Block::from((u128::from(round) << 64 | u128::from(half)).to_le_bytes())
}

fn low_half(block: &Block) -> u64 {
    u128::from_le_bytes((*block).into()) as u64
}

fn mask(bits: u32) -> u64 {
    u64::MAX.checked_shr(64 - bits).unwrap_or(0)
}
