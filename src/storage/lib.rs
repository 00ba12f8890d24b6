//! Scrip's rows in SurrealDB. Everything is kept as documents under ids that carry uniqueness and
//! order; one writer at a time puts a whole [`Batch`] into one transaction; what it confirmed and what
//! is read is on disk. All that depends on the database's version and its faults stays in this module.

mod address;
mod batch;
mod beside;
mod chain;
mod check;
mod digest;
mod entry;
mod error;
mod fault;
mod guard;
mod key;
mod mark;
mod marker;
mod migrate;
mod open;
mod pages;
mod parse;
mod pending;
mod read;
mod record;
mod ring;
mod row;
mod salvage;
mod spans;
mod trial;
mod wall;

pub use address::Address;
pub use batch::Batch;
pub use chain::Link;
pub use check::{Checked, check};
pub use digest::Digest;
pub use entry::StoredEntry;
pub use error::{OpenError, StorageError};
pub use fault::{Fault, Moment};
pub use key::Key;
pub use open::Store;
pub use pending::Unannounced;
pub use row::{CODES_IN_ROW, CodeRow, Dated, Row, RowId, StoredAnswer, Tally};
pub use salvage::{SalvageError, Salvaged, salvage};
