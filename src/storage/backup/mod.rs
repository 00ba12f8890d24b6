//! Backups: all rows as they are at one moment, in one file that trusts no engine. What is in it are the bytes of the
//! rows themselves, with checksums over every byte of the file, so that it is either whole or refused; and the ring of
//! batches, so that a database that was restored goes on with its chain.

mod error;
mod file;
mod format;
mod pages;
mod read;
mod restore;
mod source;
mod take;

pub(crate) use pages::RawPages;

pub use error::{BackupError, BackupFault};
pub use file::{Backed, BackupFile, check_backup};
pub use format::Header;
pub use restore::{RestoreStep, restore};
pub use source::Source;
pub use take::{Backup, BackupOptions};
