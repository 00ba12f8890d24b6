//! A new folder that is filled with rows, with little memory and without a sync for each batch: nobody uses it yet, and it
//! is put on disk when it is complete.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{Address, Link, OpenError, Store, chain::Mark, folder::sync, open::boxed};

/// A database that is being filled.
pub(super) struct Filling {
    pub(super) store: Store,
    folder: PathBuf,
}

impl Filling {
    /// Makes an empty database in a new folder.
    pub(super) async fn begin(folder: &Path) -> Result<Self, OpenError> {
        let failed = |error: io::Error| lacking(folder, error);
        fs::create_dir(folder).map_err(failed)?;
        let address = Address::to_fill(folder);
        let store = boxed(|| Store::engine(&address)).await?;
        match boxed(|| Self::make_tables(&store, &address)).await {
            Ok(()) => Ok(Self { store, folder: folder.to_owned() }),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    async fn make_tables(store: &Store, address: &Address) -> Result<(), OpenError> {
        store.select().await?;
        store.current(address).await?;
        Ok(store.begin_counts().await?)
    }

    /// Closes it and puts it on disk, with a mark that says that its last batch was told.
    pub(super) async fn finish(self) -> Result<(), OpenError> {
        let last = self.store.last_batch();
        // Nothing of it was synced before: what is not written out now is lost.
        boxed(|| self.store.shut()).await?;
        on_disk(&self.folder, &last).map_err(|error| lacking(&self.folder, error))
    }

    /// Closes it as it is.
    pub(super) async fn abandon(self) {
        self.store.close().await;
    }
}

/// Has a folder on disk, with a mark that says that this batch was told.
pub(super) fn on_disk(folder: &Path, last: &Link) -> io::Result<()> {
    sync_all(folder)?;
    Mark::make(folder, last)
}

/// Has every file of a folder, and every name, on disk.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            File::open(&path)?.sync_all()?;
        }
    }
    sync(folder)
}

fn lacking(folder: &Path, error: io::Error) -> OpenError {
    OpenError::Folder { folder: folder.display().to_string(), reason: error.into() }
}
