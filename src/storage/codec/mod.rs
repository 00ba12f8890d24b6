//! The engine's own form of records and their ids, written and read straight from and to documents. What is written is,
//! byte for byte, what SurrealDB stores for the same values, so that its own tools read it; its trees of values would
//! take twice the time. The tests hold both against the engine.

mod id;
mod mark;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use serde::{Deserialize, Serialize, de, ser};

pub(crate) use id::{Part, Parts, PartsReader, id_bytes, id_text, part_prefix, text_prefix};
pub(crate) use mark::{At, Link};

/// The revision of values, arrays, objects and records that is written and read.
const REVISION: u8 = 2;
/// From how many entries on an array or object begins with a table of where they are.
const INDEXED_FROM: usize = 8;
/// The name of the type that is kept as a datetime ([`At`]).
const DATETIME: &str = "$datetime";
/// The name of the type that is kept as a link to a record ([`Link`]).
const LINK: &str = "$link";

/// The tags of the engine's values: what they are, and how their length is told.
mod kind {
    pub(super) const NONE: u8 = 0;
    pub(super) const NULL: u8 = 1;
    pub(super) const BOOL: u8 = 2;
    pub(super) const NUMBER: u8 = 3;
    pub(super) const STRING: u8 = 4;
    pub(super) const DATETIME: u8 = 6;
    pub(super) const ARRAY: u8 = 8;
    pub(super) const OBJECT: u8 = 10;
    pub(super) const BYTES: u8 = 12;
    pub(super) const RECORD: u8 = 14;
    /// The part of a tag that tells what it is.
    pub(super) const MASK: u8 = 0b1_1111;
    /// As long as its kind says.
    pub(super) const FIXED: u8 = 1 << 5;
    /// Its length stands before it.
    pub(super) const VARYING: u8 = 2 << 5;
    /// A number that is whole.
    pub(super) const INT: u8 = 0;
    /// A number in floating point.
    pub(super) const FLOAT: u8 = 1;
}

/// Where the two fields of a record are: none for what it is, then its value.
const HEAD: [u8; 9] = [8, 0, 0, 0, 9, 0, 0, 0, 0];

/// Why a document cannot be written, or bytes are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodecError(String);

impl CodecError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CodecError {}

impl ser::Error for CodecError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self(reason.to_string())
    }
}

impl de::Error for CodecError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self(reason.to_string())
    }
}

/// The bytes of the record with an id and a document, which has fields.
pub(crate) fn encode<T: Serialize>(table: &str, parts: &Parts<'_>, document: &T) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(&[REVISION, 0, 0, 0, 0]);
    out.extend_from_slice(&HEAD);
    write::record(document, &Link::to(table, parts), &mut out)?;
    let length = u32::try_from(out.len() - 5).map_err(|_| CodecError::new("a record of 4 GiB"))?;
    if let Some(place) = out.get_mut(1..5) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    Ok(out)
}

/// The document in the bytes of a record.
pub(crate) fn decode<'de, T: Deserialize<'de>>(record: &'de [u8]) -> Result<T, CodecError> {
    let mut bytes = read::Bytes(record);
    bytes.expect(REVISION, "a record of another revision")?;
    let mut bytes = bytes.sized()?;
    if bytes.take(HEAD.len())? != HEAD {
        return Err(CodecError::new("a record of another kind"));
    }
    read::value(bytes.0)
}
