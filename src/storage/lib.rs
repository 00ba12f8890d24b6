//! Scrip's rows in SurrealDB. Everything is kept as documents under ids that carry uniqueness and
//! order; one writer at a time puts a whole [`Batch`] into one transaction; what it confirmed and what
//! is read is on disk. All that depends on the database's version and its faults stays in this module.

mod address;
mod batch;
mod chain;
mod check;
mod engine;
mod entry;
mod error;
mod files;
mod folder;
mod key;
mod migrate;
mod open;
mod parse;
mod pending;
mod read;
mod record;
mod room;
mod row;
mod scrub;
mod upgrade;
mod waiting;

use std::pin::Pin;

pub use address::Address;
pub use batch::Batch;
pub use chain::{Digest, Fault, Link, Moment};
pub use check::{Checked, SalvageError, Salvaged, check, salvage};
pub use entry::StoredEntry;
pub use error::{OpenError, StorageError};
pub use key::Key;
pub use open::Store;
pub use pending::Unannounced;
pub use read::View;
pub use room::{Lack, Room};
pub use row::{CODES_IN_ROW, CodeRow, Dated, Row, RowId, StoredAnswer, Tally};
pub use upgrade::{UpgradeError, Upgraded, upgrade};

/// What storage is asked for, while it is done. Boxed, because a future is compiled in every crate that waits for it:
/// the database's own code would be compiled again in each of Scrip's crates, and with every change of them.
pub type Working<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
