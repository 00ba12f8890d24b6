//! The file of a backup: what it begins with, its frames, and how they are checked.
//!
//! | part | bytes |
//! | --- | --- |
//! | `scripbak` | 8 |
//! | the version of this layout, little-endian as every number | 4 |
//! | frames: the [header](Header) as JSON, any number of frames of rows, the [end](End) as JSON | |
//!
//! A frame is its head (kind, 1 byte; length as stored, 4; length of its content, 4; checksum, 8), its content in zstd,
//! and another checksum (8). Each checksum is the XXH3 of the bytes before it with the checksum before as its seed, so that
//! none can be changed, left out, moved, or come from another backup. The end has the number of rows of each table and a
//! digest of all bytes before it, and nothing follows it.
//!
//! The content of a frame of rows: the length of the table's name (1), the name, and for each row the lengths of its id (4)
//! and value (4), and both as the engine keeps them.

use std::{collections::BTreeMap, io};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

use crate::{Digest, Moment, tables::NAMES};

/// How a backup begins.
pub(super) const MAGIC: [u8; 8] = *b"scripbak";
/// The version of the layout.
pub(super) const VERSION: u32 = 1;
/// The length of a frame's head, without its checksum.
pub(super) const HEAD: usize = 9;
/// The length of a checksum.
pub(super) const SUM: usize = 8;
/// The longest frame, and the longest content of one: no file makes its reader take more memory.
pub(super) const MOST: u32 = 64 * 1024 * 1024;
/// How many bytes of rows a frame has, unless a single row is longer.
pub(super) const FRAME: usize = 1024 * 1024;
/// The fastest level of zstd that makes the rows a fifth.
const LEVEL: i32 = 1;

/// All tables, in the order in which a backup has them: that of their keys, so that an engine which takes them one after
/// the other has nothing to merge.
pub(super) fn tables() -> Vec<&'static str> {
    let mut tables = NAMES.to_vec();
    tables.sort_unstable();
    tables
}

/// What a backup is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The program's version.
    pub scrip: String,
    /// The format of the data.
    pub format: u32,
    /// When it was begun, in milliseconds since 1970.
    pub taken: i64,
    /// The number of the last batch that is in it.
    pub batch: u64,
    /// The time of that batch, in milliseconds since 1970.
    pub at: i64,
}

impl Header {
    /// The last batch that is in it.
    #[must_use]
    pub fn last(&self) -> Moment {
        Moment { number: self.batch, at: self.at }
    }
}

/// What a backup ends with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// How many rows there are of each table.
    pub(super) rows: BTreeMap<String, u64>,
    /// The digest of all bytes before this frame.
    pub(super) digest: Digest,
}

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The header.
    Header,
    /// Rows of one table.
    Rows,
    /// The end.
    End,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Header, Self::Rows, Self::End];

    fn byte(self) -> u8 {
        self as u8
    }

    pub(super) fn parse(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }
}

/// The checksums up to a place in a backup.
pub(super) struct Sums {
    last: u64,
    all: Xxh3,
}

impl Sums {
    /// Those of what a backup begins with.
    pub(super) fn new(beginning: &[u8]) -> Self {
        let mut all = Xxh3::new();
        all.update(beginning);
        Self { last: xxh3_64(beginning), all }
    }

    /// The checksum that follows some bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) -> [u8; SUM] {
        self.last = xxh3_64_with_seed(bytes, self.last);
        let sum = self.last.to_le_bytes();
        self.all.update(bytes);
        self.all.update(&sum);
        sum
    }

    /// The digest of all bytes so far.
    pub(super) fn digest(&self) -> Digest {
        Digest::from_bytes(self.all.digest128().to_le_bytes())
    }
}

/// Makes a backup's bytes.
pub(super) struct Encoder {
    sums: Sums,
    zstd: zstd::bulk::Compressor<'static>,
    rows: BTreeMap<String, u64>,
}

impl Encoder {
    /// Begins a backup, and gives its first bytes.
    pub(super) fn begin(header: &Header) -> io::Result<(Self, Vec<u8>)> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        let zstd = zstd::bulk::Compressor::new(LEVEL)?;
        let mut encoder = Self { sums: Sums::new(&bytes), zstd, rows: BTreeMap::new() };
        bytes.extend(encoder.frame(Kind::Header, &serde_json::to_vec(header)?)?);
        Ok((encoder, bytes))
    }

    /// The frame of some rows.
    pub(super) fn rows(&mut self, rows: &Rows) -> io::Result<Vec<u8>> {
        *self.rows.entry(rows.table.to_owned()).or_default() += rows.number;
        self.frame(Kind::Rows, &rows.content)
    }

    /// The last frame.
    pub(super) fn end(mut self) -> io::Result<Vec<u8>> {
        let end = End { rows: std::mem::take(&mut self.rows), digest: self.sums.digest() };
        self.frame(Kind::End, &serde_json::to_vec(&end)?)
    }

    fn frame(&mut self, kind: Kind, content: &[u8]) -> io::Result<Vec<u8>> {
        let length = |bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= MOST);
            length.ok_or_else(|| io::Error::other(format!("a frame of {} bytes is too long for a backup", bytes.len())))
        };
        let stored = self.zstd.compress(content)?;
        let mut frame = Vec::with_capacity(HEAD + SUM + stored.len() + SUM);
        frame.push(kind.byte());
        frame.extend_from_slice(&length(&stored)?.to_le_bytes());
        frame.extend_from_slice(&length(content)?.to_le_bytes());
        let sum = self.sums.add(&frame);
        frame.extend_from_slice(&sum);
        frame.extend_from_slice(&stored);
        frame.extend_from_slice(&self.sums.add(&stored));
        Ok(frame)
    }
}

/// Rows of one table, as a frame holds them.
#[derive(Debug)]
pub(super) struct Rows {
    table: &'static str,
    content: Vec<u8>,
    number: u64,
}

impl Rows {
    /// None yet of a table.
    pub(super) fn new(table: &'static str) -> Self {
        let mut rows = Self { table, content: Vec::new(), number: 0 };
        rows.clear();
        rows
    }

    /// Adds a row: its id and its value.
    pub(super) fn add(&mut self, id: &[u8], value: &[u8]) {
        row_parts(id, value).iter().for_each(|part| self.content.extend_from_slice(part));
        self.number += 1;
    }

    /// How many there are.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// How many bytes they are.
    pub(super) fn len(&self) -> usize {
        self.content.len()
    }

    /// Forgets them.
    pub(super) fn clear(&mut self) {
        self.content.clear();
        self.content.push(u8::try_from(self.table.len()).unwrap_or(u8::MAX));
        self.content.extend_from_slice(self.table.as_bytes());
        self.number = 0;
    }
}

/// The bytes of a row in a frame.
pub(super) fn row_parts<'a>(id: &'a [u8], value: &'a [u8]) -> [Part<'a>; 4] {
    // What is longer than a frame may be is refused when the frame is made.
    let length = |part: &[u8]| Part::Length(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
    [length(id), length(value), Part::Bytes(id), Part::Bytes(value)]
}

/// A part of a row.
pub(super) enum Part<'a> {
    /// How long another part is.
    Length([u8; 4]),
    /// An id or a value.
    Bytes(&'a [u8]),
}

impl std::ops::Deref for Part<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Length(length) => length,
            Self::Bytes(bytes) => bytes,
        }
    }
}
