//! The frames of the engine's log, which are the same in every version that Scrip reads. A segment is blocks, with zeros
//! where the next header does not fit; a record that is longer than the rest of its block is split into frames.

/// How long a block is, in bytes.
pub(crate) const BLOCK: usize = 32 * 1024;
/// A checksum of the kind and the content (4 bytes), the content's length (2), the kind (1).
pub(crate) const HEADER: usize = 7;

/// A whole record.
pub(crate) const FULL: u8 = 1;
/// The parts of a record that is split.
pub(crate) const FIRST: u8 = 2;
pub(crate) const MIDDLE: u8 = 3;
pub(crate) const LAST: u8 = 4;
/// How the records after it are compressed; by its content, and 0 is not at all. Its checksum is not kept.
pub(crate) const COMPRESSION: u8 = 9;

/// The checksum of a frame.
pub(crate) fn checksum(kind: u8, content: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&[kind]);
    sum.update(content);
    sum.finalize()
}
