//! Files of rows, as people's programs write them: what they are in, what parts their cells, and their records, one after
//! the other, in bounded memory whatever the file holds. Pure: bytes in, rows out.

mod columns;
mod delimiter;
mod encoding;
mod facts;
mod kind;
mod records;
#[cfg(test)]
mod tests;

pub use columns::{ColumnRef, MappingDraft};
pub(crate) use columns::{Mapping, map_columns};
pub use encoding::Encoding;
pub(crate) use encoding::{Sniffer, transcode};
pub use facts::FileFacts;
pub(crate) use facts::facts;
pub(crate) use kind::no_text;
pub(crate) use records::{Read, Record, Records};

/// What parts the cells of a row.
pub const DELIMITERS: [char; 3] = [',', ';', '\t'];
