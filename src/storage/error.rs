//! What can go wrong with the database, told apart by what is to be done about it.

use std::fmt;

use thiserror::Error;

/// What is behind an error: another one, or a text.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a read or a write failed. None of it is ever shown to a client.
#[derive(Debug, Error)]
pub enum StorageError {
    /// Another transaction won: decide again on fresh state.
    #[error("lost a race with another transaction: {0}")]
    Conflict(#[source] Cause),
    /// A row that should be new exists already: decide again on fresh state.
    #[error("a new row exists already: {0}")]
    Exists(#[source] Cause),
    /// The database failed, and nothing was written.
    #[error("the database failed: {0}")]
    Database(#[source] Cause),
    /// Nothing can be written at the moment, as on a full disk. Whether this batch was is settled when a later one is
    /// written: from then on it was not. Until then nobody may be told anything of it.
    #[error("the database cannot write: {0}")]
    Stuck(#[source] Cause),
    /// A commit failed, and whether it happened is not known before the next start. Nobody may be answered, and nothing
    /// more written.
    #[error("the database failed while it wrote, and only the next start can tell what is on disk: {0}")]
    Unknown(#[source] Cause),
    /// A row that cannot be read, or written.
    #[error("row {id} is damaged: {reason}")]
    Row {
        /// Where it is.
        id: String,
        /// Why.
        #[source]
        reason: Cause,
    },
}

/// What is told of an error, in words that fit where it is told, and the error.
#[derive(Debug, Error)]
#[error("{text}")]
pub(crate) struct Told {
    pub(crate) text: String,
    #[source]
    pub(crate) cause: Cause,
}

impl Told {
    /// Of an error, what was done about which it came, and then the error itself.
    pub(crate) fn at(what: impl fmt::Display, cause: impl Into<Cause>) -> Cause {
        let cause = cause.into();
        Self { text: format!("{what}: {cause}"), cause }.into()
    }
}

impl From<surrealdb::Error> for StorageError {
    fn from(error: surrealdb::Error) -> Self {
        let text = error.to_string();
        if text.contains("Transaction conflict") || text.contains("transaction conflict") {
            Self::Conflict(error.into())
        } else if error.is_already_exists() {
            Self::Exists(error.into())
        } else {
            Self::Database(error.into())
        }
    }
}

/// Why a database could not be opened, told to the operator.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The address is not one.
    #[error("database address {address:?} is invalid: {reason}")]
    Address {
        /// As given.
        address: String,
        /// What is wrong, and what is possible.
        reason: String,
    },
    /// Another process has the folder open.
    #[error(
        "database folder {folder} is in use by another process: stop that one, or name another folder with --database"
    )]
    InUse {
        /// The folder.
        folder: String,
    },
    /// The folder cannot be made or written.
    #[error("cannot use database folder {folder}: {reason}{}", advice(&reason.to_string()))]
    Folder {
        /// The folder.
        folder: String,
        /// The operating system's reason.
        #[source]
        reason: Cause,
    },
    /// An earlier Scrip wrote it, with an engine that this one does not have.
    #[error(
        "database folder {folder} was written by an earlier Scrip, and was not touched: bring it over with scrip upgrade --database '{address}'"
    )]
    Old {
        /// The folder.
        folder: String,
        /// The address.
        address: String,
    },
    /// An upgrade was interrupted while it put the new database in the place of the old one.
    #[error(
        "the upgrade of database folder {folder} was interrupted: finish it with scrip upgrade --database '{address}'"
    )]
    HalfUpgraded {
        /// The folder.
        folder: String,
        /// The address.
        address: String,
    },
    /// The folder is there, but cannot be read as a database.
    #[error(
        "database {address} cannot be opened, {}: {reason}. Put the right files back, if there are any. To see all that is wrong: scrip check --database '{address}'. To write what is whole into a new folder: scrip salvage NEW --database '{address}'",
        left(*opened)
    )]
    Damaged {
        /// The address.
        address: String,
        /// The database's reason.
        #[source]
        reason: Cause,
        /// Whether the engine had opened the folder itself.
        opened: bool,
    },
    /// The database can be read, but is not whole, or lacks what callers were told.
    #[error(
        "database {address} is refused, {}: {what}. Put the right files back, if there are any. To see all that is wrong: scrip check --database '{address}'. To write what is whole into a new folder: scrip salvage NEW --database '{address}'",
        left(*opened)
    )]
    Broken {
        /// The address.
        address: String,
        /// What is missing, since when.
        what: String,
        /// Whether the engine had opened the folder itself.
        opened: bool,
    },
    /// The data is of a later Scrip.
    #[error(
        "database {address} was written by a newer Scrip (its format is {found}, this one reads up to {known}): start that version"
    )]
    TooNew {
        /// The address.
        address: String,
        /// The data's format.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// Reading or writing failed while starting.
    #[error("preparing the database failed: {0}")]
    Storage(#[from] StorageError),
}

impl OpenError {
    /// The same, once the engine has opened the folder: it may have changed files.
    pub(super) fn of_the_opened(mut self) -> Self {
        if let Self::Damaged { opened, .. } | Self::Broken { opened, .. } = &mut self {
            *opened = true;
        }
        self
    }
}

/// What became of a folder that is refused.
fn left(opened: bool) -> &'static str {
    match opened {
        false => "and was left as it is",
        true => "and the engine had opened it before, so that files may have changed (keep a copy of it as it is now)",
    }
}

/// What to do about a reason of the operating system's.
fn advice(reason: &str) -> &'static str {
    let reason = reason.to_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|text| reason.contains(text));
    if says(&["no space left", "quota exceeded"]) {
        ": make room on its disk, or raise the quota; nothing is damaged"
    } else if says(&["file too large"]) {
        ": raise the limit on the size of files (ulimit -f); nothing is damaged"
    } else if says(&["too many open files"]) {
        ": raise the limit on open files (ulimit -n); nothing is damaged"
    } else {
        ""
    }
}

/// Whether a reason is one of the machine's, and says nothing of the database.
pub(super) fn is_of_the_machine(reason: &str) -> bool {
    let lower = reason.to_lowercase();
    !advice(reason).is_empty() || ["permission denied", "read-only file"].iter().any(|text| lower.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_of_the_machine_is_told_from_damage() {
        for (reason, expected) in [
            ("IO error: Too many open files (os error 24)", "ulimit -n"),
            ("No space left on device (os error 28)", "make room"),
            ("File too large (os error 27)", "ulimit -f"),
            ("Permission denied (os error 13)", "cannot use"),
        ] {
            assert!(is_of_the_machine(reason), "{reason}");
            let said = OpenError::Folder { folder: "data".to_owned(), reason: reason.into() }.to_string();
            assert!(said.contains(expected) && !said.contains("salvage"), "{said}");
        }
        assert!(!is_of_the_machine("block checksum mismatch"));
    }

    #[test]
    fn what_the_engine_has_opened_is_not_said_to_be_as_it_was() {
        let (address, reason) = ("surrealkv://data".to_owned(), "a block".to_owned());
        let error = OpenError::Damaged { address, reason: reason.into(), opened: false };
        assert!(error.to_string().contains("left as it is"), "{error}");
        let error = error.of_the_opened();
        assert!(!error.to_string().contains("left as it is"), "{error}");
    }
}
