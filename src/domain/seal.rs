//! Sealing a few bytes, so that they can be given away: whoever lacks the secret learns nothing from a sealed text but
//! whether it is the same as another, and makes none that opens. The same bytes are always sealed the same.
//!
//! It is the construction of SIV (Rogaway and Shrimpton 2006, RFC 5297): a keyed tag of the bytes, and the bytes under a
//! key stream that begins at the tag. The tag is a CBC-MAC of AES-256 with the length first, which makes it sound for
//! bytes of any length. Unlike the permutations of codes (`code/feistel.rs`), it fits what is of no fixed size, and what
//! was never sealed does not open.

use std::fmt;

use aes::cipher::{BlockEncrypt, KeyInit};
use aes::{Aes256, Block};
use sha2::{Digest, Sha256};

/// How many bytes of its tag a sealed text has: enough that nobody finds one that opens by trying.
const TAG: usize = 8;

/// The 256-bit secret of a database that its ids are sealed with. It is drawn from the operating system once, and kept by
/// the database for ever. Nothing prints it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdSecret([u8; 32]);

impl IdSecret {
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

    /// The key of one of the ciphers: neither says anything of the other.
    fn key(&self, of: &str) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(b"scrip ids 1\0");
        digest.update(self.0);
        digest.update(of);
        digest.finalize().into()
    }
}

impl fmt::Debug for IdSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdSecret(..)")
    }
}

/// What seals and opens.
pub(super) struct Seal {
    tag: Aes256,
    stream: Aes256,
}

impl Seal {
    pub(super) fn new(secret: &IdSecret) -> Self {
        Self { tag: Aes256::new(&secret.key("tag").into()), stream: Aes256::new(&secret.key("stream").into()) }
    }

    /// Seals bytes.
    pub(super) fn close(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let tag = self.tag(&bytes);
        self.mask(tag, &mut bytes);
        let mut sealed = tag.to_vec();
        sealed.append(&mut bytes);
        sealed
    }

    /// The bytes that were sealed; none where these never were.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (tag, rest) = sealed.split_first_chunk::<TAG>()?;
        let mut bytes = rest.to_vec();
        self.mask(*tag, &mut bytes);
        (self.tag(&bytes) == *tag).then_some(bytes)
    }

    fn tag(&self, bytes: &[u8]) -> [u8; TAG] {
        let mut state = encrypt(&self.tag, (bytes.len() as u128).to_le_bytes());
        for chunk in bytes.chunks(state.len()) {
            mix(&mut state, chunk);
            state = encrypt(&self.tag, state);
        }
        let mut tag = [0; TAG];
        tag.copy_from_slice(&state[..TAG]);
        tag
    }

    /// Puts the key stream of a tag over bytes, or takes it off.
    fn mask(&self, tag: [u8; TAG], bytes: &mut [u8]) {
        for (number, chunk) in (0_u64..).zip(bytes.chunks_mut(16)) {
            let mut block = [0; 16];
            block[..TAG].copy_from_slice(&tag);
            block[TAG..].copy_from_slice(&number.to_le_bytes());
            mix(chunk, &encrypt(&self.stream, block));
        }
    }
}

fn encrypt(cipher: &Aes256, block: [u8; 16]) -> [u8; 16] {
    let mut block = Block::from(block);
    cipher.encrypt_block(&mut block);
    block.into()
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(..)")
    }
}

fn mix(into: &mut [u8], other: &[u8]) {
    into.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_length_come_back() {
        let seal = Seal::new(&IdSecret::new([1; 32]));
        for length in 0..70 {
            let bytes: Vec<u8> = (0..length).collect();
            let sealed = seal.close(bytes.clone());
            assert_eq!(sealed.len(), bytes.len() + TAG);
            assert_eq!(sealed, seal.close(bytes.clone()), "always the same");
            assert_eq!(seal.open(&sealed), Some(bytes));
        }
        assert_eq!(seal.open(&[0; TAG - 1]), None);
    }

    #[test]
    fn one_bit_changes_all_of_it() {
        let seal = Seal::new(&IdSecret::new([1; 32]));
        let sealed = seal.close(vec![0; 13]);
        for bit in 0..13 * 8 {
            let mut bytes = vec![0; 13];
            bytes[bit / 8] = 1 << (bit % 8);
            let other = seal.close(bytes);
            let differ: u32 = sealed.iter().zip(&other).map(|(one, other)| (one ^ other).count_ones()).sum();
            assert!((45..125).contains(&differ), "{differ} of 168 bits differ");
        }
    }

    #[test]
    fn a_secret_does_not_print() {
        let secret = IdSecret::new([1; 32]);
        assert_eq!(format!("{secret:?} {:?}", Seal::new(&secret)), "IdSecret(..) Seal(..)");
    }
}
