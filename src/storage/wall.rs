//! The second wall, which trusts no engine: a start compares what the engine gives with the [chain](super::chain) of
//! batches and with the [mark](super::mark) of what was told, and refuses a database that lacks any of it. The files of
//! a refused start are left as they were found (see [`super::trial`]).

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    Address, OpenError, StorageError, Store,
    beside::{is_empty, lock, resolved},
    chain::Link,
    fault::{Fault, in_a_line},
    mark::{Mark, Says},
    marker::Marker,
    ring::Ring,
    trial::Trial,
};

/// A start between the engine and the use of what it gives.
pub(super) struct Wall {
    mark: Mark,
    trial: Option<Trial>,
}

impl Wall {
    /// To be called before the engine opens the folder.
    pub(super) fn begin(address: &Address, folder: &Path) -> Result<Self, OpenError> {
        let failed = |path: &Path, error: std::io::Error| OpenError::Folder {
            folder: folder.display().to_string(),
            reason: format!("{}: {error}", path.display()),
        };
        let folder = resolved(folder).map_err(|error| failed(folder, error))?;
        let path = super::mark::path(&folder);
        let mark = Mark::open(&folder).map_err(|error| failed(&path, error))?;
        let in_use = || OpenError::InUse { folder: folder.display().to_string() };
        let mark = mark.ok_or_else(in_use)?;
        let _lock = match lock(&folder) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(in_use()),
            lock => lock.map_err(|error| failed(&folder, error))?,
        };
        let trial = Trial::begin(&folder).map_err(|error| failed(&folder, error))?;
        let wall = Self { mark, trial };
        // Before an engine makes a new database where one was told of.
        if is_empty(&folder).map_err(|error| failed(&folder, error))? {
            wall.judge(address, Ring::default())?;
        }
        Ok(wall)
    }

    /// Refuses a database that is not whole, or lacks what was told.
    pub(super) async fn hold(&self, address: &Address, store: &Store) -> Result<(), OpenError> {
        let damaged =
            |error: StorageError| OpenError::Damaged { address: address.text().to_owned(), reason: error.to_string() };
        let last = self.judge(address, store.ring().await.map_err(damaged)?)?;
        store.chain.begin(last);
        Ok(())
    }

    fn judge(&self, address: &Address, mut ring: Ring) -> Result<Link, OpenError> {
        let last = ring.last();
        ring.compare(&self.mark);
        if let (Says::Nothing, 1..) = (self.mark.says, last.number) {
            // It was removed, or the folder was copied without it. The database is whole as far as it shows by itself.
            tracing::warn!(
                mark = %self.mark.path.display(), last = %last.moment(),
                "the database has no mark of what was told: whether its end is missing cannot be known; a new one is made"
            );
        }
        if ring.faults.is_empty() { Ok(last) } else { Err(OpenError::broken(address, &ring.faults)) }
    }

    /// The database has all: its files are those from now on, and its mark follows it.
    pub(super) fn pass(self, address: &Address, store: &Store) -> Result<(), OpenError> {
        let failed = |error: std::io::Error| OpenError::Folder {
            folder: address.folder().map(|folder| folder.display().to_string()).unwrap_or_default(),
            reason: error.to_string(),
        };
        if let Some(trial) = self.trial {
            trial.keep().map_err(failed)?;
        }
        // Where a confirmed batch is not on disk, a mark would be ahead of the database after a power cut.
        let promised = address.syncs_every_batch();
        store.chain.mark_with(Marker::start(self.mark).map_err(failed)?, promised);
        Ok(())
    }

    /// The start is refused: to be called when the engine has let the folder go.
    pub(super) fn refuse(self) {
        if let Some(Err(error)) = self.trial.map(Trial::undo) {
            tracing::warn!(%error, "the files could not be put back as they were found: the next start does it");
        }
    }
}

impl OpenError {
    /// The refusal of a database with faults.
    pub(super) fn broken(address: &Address, faults: &[Fault]) -> Self {
        let folder = address.folder().map(PathBuf::as_path).unwrap_or(Path::new("")).display().to_string();
        Self::Broken { folder, what: in_a_line(faults) }
    }
}
