//! Scrip's rows in SurrealDB. Everything is kept as documents under ids that carry uniqueness and
//! order; one writer at a time puts a whole [`Batch`] into one transaction; what it confirmed and what
//! is read is on disk. All that depends on the database's version and its faults stays in this module.

mod address;
mod batch;
mod engine;
mod error;
mod folder;
mod key;
mod migrate;
mod open;
mod pending;
mod read;
mod record;
mod room;
mod row;
mod upgrade;

pub use address::Address;
pub use batch::Batch;
pub use error::{OpenError, StorageError};
pub use key::Key;
pub use open::Store;
pub use pending::Unannounced;
pub use read::View;
pub use room::{Lack, Room};
pub use row::{CODES_IN_ROW, CodeRow, Dated, Row, RowId, StoredAnswer, StoredEntry, Tally};
pub use upgrade::{UpgradeError, Upgraded, upgrade};
