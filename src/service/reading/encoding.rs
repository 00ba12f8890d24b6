//! What a file's text is in. All of it is looked at: a file whose first megabyte is ASCII may be anything after it.

use std::io::{self, Read, Write};

use encoding_rs::{CoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::{Deserialize, Serialize};

/// What a text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8, with a byte order mark or without.
    Utf8,
    /// UTF-16, the lower byte first.
    Utf16Le,
    /// UTF-16, the higher byte first.
    Utf16Be,
    /// Windows-1252, which Western spreadsheets write.
    Windows1252,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Utf8, Self::Utf16Le, Self::Utf16Be, Self::Windows1252];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// The encoding with this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name().eq_ignore_ascii_case(name.trim()))
    }
}

/// The bytes that UTF-8 may begin with.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// Looks at a file's bytes as they come.
#[derive(Debug, Default)]
pub(crate) struct Sniffer {
    /// The first bytes.
    head: Vec<u8>,
    /// The bytes of a character that is not whole yet.
    cut: Vec<u8>,
    not_utf8: bool,
    /// NUL bytes at even places, and at odd ones.
    nuls: [u64; 2],
    bytes: u64,
}

/// How many bytes the head has.
const HEAD: usize = 512;

impl Sniffer {
    /// Looks at the next bytes.
    pub(crate) fn look(&mut self, bytes: &[u8]) {
        let missing = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        if memchr::memchr(0, bytes).is_some() {
            for (place, _) in (self.bytes..).zip(bytes).filter(|(_, byte)| **byte == 0) {
                self.nuls[(place % 2) as usize] += 1;
            }
        }
        self.bytes += bytes.len() as u64;
        if !self.not_utf8 {
            self.look_for_utf8(bytes);
        }
    }

    fn look_for_utf8(&mut self, mut bytes: &[u8]) {
        // A character has four bytes at most.
        while !self.cut.is_empty() {
            let Some((byte, rest)) = bytes.split_first() else { return };
            self.cut.push(*byte);
            bytes = rest;
            match std::str::from_utf8(&self.cut) {
                Ok(_) => self.cut.clear(),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    self.not_utf8 = true;
                    return;
                }
            }
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            match error.error_len() {
                None => self.cut = bytes[error.valid_up_to()..].to_vec(),
                Some(_) => self.not_utf8 = true,
            }
        }
    }

    /// The first bytes.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// How many bytes there were.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the text is in.
    pub(crate) fn encoding(&self) -> Encoding {
        let of_all = |nuls: u64| nuls * 5 > self.bytes;
        match self.head.as_slice() {
            [0xff, 0xfe, ..] => Encoding::Utf16Le,
            [0xfe, 0xff, ..] => Encoding::Utf16Be,
            // Most of what is in UTF-16 is of the first 256 characters, whose other byte is zero.
            _ if of_all(self.nuls[1]) && self.nuls[0] < self.nuls[1] / 10 => Encoding::Utf16Le,
            _ if of_all(self.nuls[0]) && self.nuls[1] < self.nuls[0] / 10 => Encoding::Utf16Be,
            _ if self.not_utf8 || !self.cut.is_empty() => Encoding::Windows1252,
            _ => Encoding::Utf8,
        }
    }

    /// Whether it has bytes that no text in its encoding has.
    pub(crate) fn has_nuls(&self) -> bool {
        matches!(self.encoding(), Encoding::Utf8 | Encoding::Windows1252) && self.nuls[0] + self.nuls[1] > 0
    }
}

/// Writes a text in UTF-8. What is no character of its encoding becomes U+FFFD.
pub(crate) fn transcode(from: &mut impl Read, encoding: Encoding, to: &mut impl Write) -> io::Result<()> {
    let mut decoder = match encoding {
        Encoding::Utf8 => return io::copy(from, to).map(drop),
        Encoding::Utf16Le => UTF_16LE.new_decoder_with_bom_removal(),
        Encoding::Utf16Be => UTF_16BE.new_decoder_with_bom_removal(),
        Encoding::Windows1252 => WINDOWS_1252.new_decoder_without_bom_handling(),
    };
    let (mut raw, mut text) = (vec![0; 64 * 1024], vec![0; 128 * 1024]);
    loop {
        let length = from.read(&mut raw)?;
        let (mut rest, last) = (&raw[..length], length == 0);
        loop {
            let (result, read, written, _) = decoder.decode_to_utf8(rest, &mut text, last);
            to.write_all(&text[..written])?;
            rest = &rest[read..];
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        if last {
            return Ok(());
        }
    }
}
