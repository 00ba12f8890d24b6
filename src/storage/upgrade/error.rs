//! Why a database could not be upgraded: text for the operator, who is told what to do. Nothing was lost in any of
//! these: the original is as it was.

use std::{io, path::Path};

use thiserror::Error;

use crate::{OpenError, StorageError};

/// What helps where the old engine's own folder is not sound.
const START_IT: &str = "To go on with what is left of it, keep a copy of the folder, start it once with the Scrip that wrote it, stop \
                        that (SIGTERM), and upgrade again";

/// Why a database could not be upgraded.
#[derive(Debug, Error)]
pub enum UpgradeError {
    /// There is no folder.
    #[error("a database in memory has nothing to upgrade: name one on disk with --database surrealkv://FOLDER")]
    InMemory,
    /// Another process has the folder open.
    #[error("database folder {folder} is in use by another process: stop that one")]
    InUse {
        /// The folder.
        folder: String,
    },
    /// The place of the original is taken.
    #[error("{path} is there already, from an earlier upgrade: move it away")]
    Occupied {
        /// The place.
        path: String,
    },
    /// Files could not be copied, renamed or read.
    #[error("cannot {action} {path}: {source}")]
    Files {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The log is damaged, and not by a write that was cut off at its end.
    #[error(
        "the database's log is damaged at byte {offset} of {segment}, and whole changes follow it, which the old engine drops. {START_IT}"
    )]
    Log {
        /// The file.
        segment: String,
        /// Where in it.
        offset: usize,
    },
    /// The old engine has marked changes as written to its tables that are not there.
    #[error(
        "{changes} changes are in a part of the database's log that the old engine has done with, and nowhere else: it has lost them. {START_IT}"
    )]
    Lost {
        /// How many.
        changes: u64,
    },
    /// The copy is not the original. A fault of the engine or the disk.
    #[error("the converted copy is not the original: entry {entry} {how}. The original is as it was")]
    Differs {
        /// Its key.
        entry: String,
        /// In which way.
        how: &'static str,
    },
    /// It lacks what it should have, or has rows that cannot be read.
    #[error(
        "the database is not whole, and was left as it was: {fault} ({more} more faults). To see all: scrip check. To go on with what is whole of it: scrip salvage, which writes the new format too"
    )]
    Broken {
        /// The first fault.
        fault: String,
        /// How many others there are.
        more: u64,
    },
    /// What was read back is not what was written. A fault of the engine or the disk.
    #[error("{written} rows were written in the new format and {found} read back. The original is as it was")]
    Rows {
        /// How many were written.
        written: u64,
        /// How many were read back.
        found: u64,
    },
    /// The database, or the new one, cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Reading the old rows or writing the new ones failed.
    #[error("the rows cannot be written in the new format, and the original is as it was: {0}")]
    Storage(#[from] StorageError),
    /// The original cannot be read.
    #[error("the database cannot be read, and was left as it was: {0}")]
    Read(#[from] ReadError),
    /// The copy cannot be converted or read.
    #[error("the copy of the database cannot be converted, and the original is as it was: {0}")]
    Engine(#[from] surrealkv::Error),
}

/// Why the original cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It does not hold what the old engine writes.
    #[error(transparent)]
    Format(#[from] surrealkv_compat_v1::Error),
    /// It holds what Scrip does not write.
    #[error("{0}")]
    Broken(String),
}

impl UpgradeError {
    /// A failure of the file system.
    pub(super) fn files(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Files { action, path: path.display().to_string(), source }
    }
}

impl From<surrealkv_compat_v1::Error> for UpgradeError {
    fn from(error: surrealkv_compat_v1::Error) -> Self {
        Self::Read(error.into())
    }
}
