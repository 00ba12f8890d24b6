//! `scrip salvage`: writes what is whole of a damaged database into a new folder, and tells what is not. The old folder
//! stays as it is. The new one gets its name when it is complete, so that a salvage that was killed is just run again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{
    Address, Batch, Fault, Moment, OpenError, Row, RowId, StorageError, Store,
    beside::{beside, remove, sync_name},
    check::Still,
    mark::{self, Mark},
    pages::Pages,
    parse::TABLES,
    spans::Spans,
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

/// Writes what is whole in a folder to a new one, and tells what is not.
pub async fn salvage(folder: &Path, new: &Path, mut tell: impl FnMut(&Fault)) -> Result<Salvaged, SalvageError> {
    let mut faults = 0;
    let mut tell = |fault: Fault| {
        faults += 1;
        tell(&fault);
    };
    let address = Address::of_folder(folder);
    let still = Still::of(&address, ".salvaged-from")?;
    let goal = Goal::prepare(new)?;
    let old = open(&still, &address, &mut tell).await?;
    let to = match Store::open(&Address::of_folder(&goal.unfinished)).await {
        Ok(to) => to,
        Err(error) => {
            old.close().await;
            return Err(error.into());
        }
    };
    let last = still.ring(&old, &mut tell).await.last().moment();
    let mut salvaged = Salvaged { rows: 0, events: 0, last, faults: 0 };
    let copied = copy(&old, &to, &mut salvaged, &mut tell).await;
    old.close().await;
    to.close().await;
    copied?;
    goal.finish()?;
    salvaged.faults = faults;
    Ok(salvaged)
}

/// Opens what is to be read; without its log where it does not open with it.
async fn open(still: &Still, address: &Address, tell: &mut impl FnMut(Fault)) -> Result<Store, OpenError> {
    let store = match still.open(address).await {
        Err(OpenError::Damaged { reason, .. }) => {
            let log = still.copy().join("wal");
            let failed =
                |error: io::Error| OpenError::Folder { folder: log.display().to_string(), reason: error.to_string() };
            remove(&log).and_then(|()| fs::create_dir(&log)).map_err(failed)?;
            let store = still.open(address).await?;
            tell(Fault::Log { reason });
            store
        }
        other => other?,
    };
    let ready = async {
        store.select().await?;
        // Brings an older format to this one, which is what is written; the copy is ours to change.
        store.migrate(address).await
    };
    match ready.await {
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
    /// Keeps a second salvage away.
    _mark: Mark,
}

impl Goal {
    /// Refuses what exists, and removes what a salvage that did not end has left.
    fn prepare(new: &Path) -> Result<Self, SalvageError> {
        let failed = |error| SalvageError::Folder { place: new.to_owned(), error };
        if new.symlink_metadata().is_ok() {
            return Err(SalvageError::Exists(new.to_owned()));
        }
        let name = new.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        let parent = new.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(failed)?;
        let new = parent.canonicalize().map_err(failed)?.join(name);
        let mark = Mark::open(&new).map_err(failed)?.ok_or_else(|| SalvageError::InUse(new.clone()))?;
        let unfinished = beside(&new, ".salvaging");
        remove(&unfinished).map_err(failed)?;
        match fs::remove_file(mark::path(&unfinished)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        Ok(Self { new, unfinished, _mark: mark })
    }

    /// Gives it its name: the mark first, because a database without its mark would start.
    fn finish(self) -> Result<(), SalvageError> {
        let renamed = fs::rename(mark::path(&self.unfinished), mark::path(&self.new))
            .and_then(|()| fs::rename(&self.unfinished, &self.new))
            .and_then(|()| sync_name(&self.new));
        renamed.map_err(|error| SalvageError::Folder { place: self.new, error })
    }
}
