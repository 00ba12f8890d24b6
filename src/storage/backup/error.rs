//! Why a backup could not be made, read or restored, in words for the operator.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::{OpenError, StorageError, goal::GoalError};

/// What is wrong with a backup's file.
#[derive(Debug, Error)]
pub enum BackupFault {
    /// It is something else.
    #[error("it is not a backup of Scrip")]
    Foreign,
    /// A later Scrip has made it.
    #[error("a later Scrip has made it (its {what} is {found}, this one reads up to {known}): use that version")]
    Later {
        /// Of what.
        what: &'static str,
        /// The file's version.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// It ends before its end.
    #[error("it ends too early, after {at} bytes: it was cut off")]
    Cut {
        /// How long it is.
        at: u64,
    },
    /// It is not what was written.
    #[error("it is damaged near byte {at}: {reason}")]
    Damaged {
        /// Where.
        at: u64,
        /// What was found.
        reason: String,
    },
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] io::Error),
}

/// Why a backup or a restore failed. What was there before is as it was.
#[derive(Debug, Error)]
pub enum BackupError {
    /// There is something under the new name.
    #[error("{0} exists: name one that does not")]
    Exists(PathBuf),
    /// Another process is writing it.
    #[error("{0} is being written by another process")]
    InUse(PathBuf),
    /// It cannot be written.
    #[error("cannot write {place}: {error}")]
    Write {
        /// Where.
        place: PathBuf,
        /// The operating system's reason.
        #[source]
        error: io::Error,
    },
    /// The backup is of no use.
    #[error("backup {file} cannot be used: {fault}")]
    Fault {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        fault: BackupFault,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be read, or the new one not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What came from elsewhere ended early.
    #[error("the backup ended early: {0}")]
    Ended(String),
    /// The new database is not what the backup has.
    #[error("what was written to {place} is not what the backup has: {reason}")]
    Differs {
        /// Where.
        place: PathBuf,
        /// What is not the same.
        reason: String,
    },
}

impl From<GoalError> for BackupError {
    fn from(error: GoalError) -> Self {
        match error {
            GoalError::Exists(path) => Self::Exists(path),
            GoalError::InUse(path) => Self::InUse(path),
            GoalError::Folder { place, error } => Self::Write { place, error },
        }
    }
}
