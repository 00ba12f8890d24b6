//! `scrip salvage`: writes what is whole of a damaged database into a new folder, and tells what is not. The old folder
//! stays as it is. The new one gets its name when it is complete, so that a salvage that was killed is just run again.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

use super::{pages::Pages, repair, ring, spans::Spans};
use crate::{
    Address, Batch, Fault, Moment, OpenError, Row, RowId, StorageError, Store,
    chain::{Copied, Mark, Still, mark_path},
    engine::Purpose,
    folder::{beside, parent, remove, sync},
    parse::TABLES,
};

/// What a salvage has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salvaged {
    /// How many rows.
    pub rows: u64,
    /// How many events of them.
    pub events: u64,
    /// The last batch of the old folder.
    pub last: Moment,
    /// How many faults were told.
    pub faults: u64,
}

/// Why a salvage failed. The old folder is as it was.
#[derive(Debug, Error)]
pub enum SalvageError {
    /// There is something under the new name.
    #[error("{0} exists: name a folder that does not")]
    Exists(PathBuf),
    /// Another salvage is writing it.
    #[error("{0} is being written by another process")]
    InUse(PathBuf),
    /// The new folder cannot be written.
    #[error("cannot write {place}: {error}")]
    Folder {
        /// Where.
        place: PathBuf,
        /// The operating system's reason.
        #[source]
        error: io::Error,
    },
    /// Nothing can be read, or the new database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Writing to the new database failed.
    #[error("writing the new database failed: {0}")]
    Storage(#[from] StorageError),
}

/// Writes what is whole in the database at an address to a new folder, and tells what is not.
pub async fn salvage(address: &Address, new: &Path, mut tell: impl FnMut(&Fault)) -> Result<Salvaged, SalvageError> {
    let mut faults = 0;
    let mut tell = |fault: Fault| {
        faults += 1;
        tell(&fault);
    };
    let still = Still::hold(address, false)?;
    let goal = Goal::prepare(new)?;
    let (_copy, old) = open(&still, address, &goal, &mut tell).await?;
    let to = match Store::open(&address.in_folder(&goal.unfinished)).await {
        Ok(to) => to,
        Err(error) => {
            old.close().await;
            return Err(error.into());
        }
    };
    let ring = ring(&old, &still).await;
    let mut salvaged = Salvaged { rows: 0, events: 0, last: ring.last().moment(), faults: 0 };
    ring.faults.into_iter().for_each(&mut tell);
    let written = copy(&old, &to, &mut salvaged, &mut tell).await;
    old.close().await;
    to.close().await;
    written?;
    goal.finish()?;
    salvaged.faults = faults;
    Ok(salvaged)
}

/// Opens a copy of the old database, beside the new one: it may be on a disk that cannot be written any more.
async fn open(
    still: &Still,
    address: &Address,
    goal: &Goal,
    tell: &mut impl FnMut(Fault),
) -> Result<(Copied, Store), SalvageError> {
    let failed = |error| SalvageError::Folder { place: goal.copy.clone(), error };
    let survey = Arc::new(still.survey(address).await?);
    survey.faults.iter().cloned().for_each(&mut *tell);
    let copy = still.copy(goal.copy.clone(), &survey).await?;
    let unlisted = repair::unlisted(copy.folder()).map_err(failed)?;
    match opened(&copy, address, Purpose::Look).await {
        Ok(store) => {
            if unlisted == 0 || ring(&store, still).await.faults.is_empty() {
                return Ok((copy, store));
            }
            store.close().await;
            tell(Fault::Unlisted { tables: unlisted });
        }
        Err(OpenError::Damaged { reason, .. }) => tell(Fault::Unopened { reason }),
        Err(error) => return Err(error.into()),
    }
    // The engine may have cut and deleted files of the first one.
    drop(copy);
    let copy = still.copy(goal.copy.clone(), &survey).await?;
    repair::list_all(copy.folder(), tell).map_err(failed)?;
    repair::complete(address, copy.folder()).await?;
    let store = opened(&copy, address, Purpose::Salvage).await?;
    Ok((copy, store))
}

/// Opens a copy and brings an older format to this one, which is what is written.
async fn opened(copy: &Copied, address: &Address, purpose: Purpose) -> Result<Store, OpenError> {
    let store = copy.open(address, purpose).await?;
    match store.migrate(address).await {
        Ok(()) => Ok(store),
        Err(error) => {
            store.close().await;
            Err(error)
        }
    }
}

/// Copies every row that can be read, but for those that the new database makes itself.
async fn copy(
    old: &Store,
    to: &Store,
    salvaged: &mut Salvaged,
    tell: &mut impl FnMut(Fault),
) -> Result<(), StorageError> {
    let mut spans = Spans::default();
    for table in TABLES {
        let mut pages = Pages::new(old, table);
        while let Some(page) = pages.next(tell).await {
            let mut batch = Batch::at(salvaged.last.at);
            for (id, row) in page {
                if let (RowId::Events(first), Row::Events(events)) = (&id, &row) {
                    spans.add(*first, events.len(), tell);
                }
                if !matches!(id, RowId::Format | RowId::Batch(_)) {
                    batch.insert(id, row);
                }
            }
            salvaged.rows += batch.len() as u64;
            if !batch.is_empty() {
                drop(to.commit(&batch).await?);
            }
        }
    }
    salvaged.events = spans.finish(tell);
    Ok(())
}

/// The new folder.
struct Goal {
    new: PathBuf,
    /// Its name until it is complete.
    unfinished: PathBuf,
    /// Where the old one is copied to.
    copy: PathBuf,
    /// Keeps a second salvage away.
    _mark: Mark,
}

impl Goal {
    /// Refuses what exists, and removes what a salvage that did not end has left.
    fn prepare(new: &Path) -> Result<Self, SalvageError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::WouldBlock => SalvageError::InUse(new.to_owned()),
            _ => SalvageError::Folder { place: new.to_owned(), error },
        };
        if new.symlink_metadata().is_ok() {
            return Err(SalvageError::Exists(new.to_owned()));
        }
        let name = new.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        fs::create_dir_all(parent(new)).map_err(failed)?;
        let new = parent(new).canonicalize().map_err(failed)?.join(name);
        let mark = Mark::open(&new).map_err(failed)?;
        let (unfinished, copy) = (beside(&new, ".salvaging"), beside(&new, ".salvaged-from"));
        remove(&unfinished).map_err(failed)?;
        let left = mark_path(&unfinished);
        for left in [beside(&left, ".new"), left] {
            match fs::remove_file(left) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        Ok(Self { new, unfinished, copy, _mark: mark })
    }

    /// Gives it its name: the mark first, because a database without its mark would start.
    fn finish(self) -> Result<(), SalvageError> {
        let renamed = fs::rename(mark_path(&self.unfinished), mark_path(&self.new))
            .and_then(|()| fs::rename(&self.unfinished, &self.new))
            .and_then(|()| sync(parent(&self.new)));
        renamed.map_err(|error| SalvageError::Folder { place: self.new, error })
    }
}
