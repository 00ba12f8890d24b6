//! Scrip's rows in SurrealDB. Everything is kept as documents under ids that carry uniqueness and
//! order; one writer at a time puts a whole [`Batch`] into one transaction; what it confirmed and what
//! is read is on disk. All that depends on the database's version and its faults stays in this module.

mod address;
mod audit;
mod backup;
mod batch;
mod chain;
mod check;
mod codec;
mod counts;
mod engine;
mod error;
mod files;
mod fill;
mod folder;
mod format;
mod goal;
mod open;
mod pending;
mod read;
mod record;
mod room;
mod runs;
mod scrub;
mod size;
mod sql;
mod table;
mod tables;
mod two;
mod upgrade;
mod waiting;

use std::pin::Pin;

pub use address::Address;
pub use audit::AuditFound;
pub use backup::{
    Backed, Backup, BackupError, BackupFault, BackupFile, BackupOptions, Header, RestoreStep, Source, check_backup,
    restore,
};
pub use batch::{Batch, Expect, Staged};
pub use chain::{Digest, Fault, Link, Moment};
pub use check::{BATCH_COMMANDS, Checked, SalvageError, Salvaged, TableSize, check, salvage};
pub use error::{OpenError, StorageError};
pub use goal::GoalError;
pub use open::Store;
pub use pending::Unannounced;
pub use read::{ReadFrom, View};
pub use room::{Lack, Room};
pub use size::{DatabaseSize, TableEstimate};
pub use sql::{SqlError, ask};
pub use table::{Span, Table};
pub use tables::*;
pub use upgrade::{UpgradeError, Upgraded, upgrade};

/// What storage is asked for, while it is done. Boxed, because a future is compiled in every crate that waits for it:
/// the database's own code would be compiled again in each of Scrip's crates, and with every change of them.
pub type Working<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
