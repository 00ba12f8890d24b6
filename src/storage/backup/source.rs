//! The database of a stopped gateway, as what a backup is taken of: a copy of its folder, which stays as it is. One that
//! is not whole, or lacks what was told, is refused: a backup of it would pass for all of it.

use std::sync::Arc;

use super::take::{Backup, BackupOptions};
use crate::{
    Address, OpenError, Store,
    chain::{COPY, Copied, Still},
    engine::Purpose,
    open::open_failed,
};

/// A database that nobody has open.
#[derive(Debug)]
pub struct Source {
    store: Arc<Store>,
    // Removed before the folder is let go.
    _copy: Copied,
    _still: Still,
}

impl Source {
    /// Opens the database at an address to be read.
    pub async fn open(address: &Address) -> Result<Self, OpenError> {
        let still = Still::hold(address, false)?;
        let copy = still.sound_copy(address, still.folder().join(COPY)).await?;
        let store = copy.open(&address.read_once(), Purpose::Look).await?;
        if let Err(error) = store.current(address).await {
            store.close().await;
            return Err(error);
        }
        let refused = match store.ring(still.mark()).await {
            Ok(ring) if ring.faults.is_empty() => {
                store.chain.written(ring.last());
                None
            }
            Ok(ring) => Some(OpenError::broken(address, &ring.faults)),
            Err(error) => Some(open_failed(address, error)),
        };
        match refused {
            None => Ok(Self { store: Arc::new(store), _copy: copy, _still: still }),
            Some(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    /// Takes a backup of it.
    #[must_use]
    pub fn backup(&self, options: BackupOptions) -> Backup {
        self.store.backup(options)
    }

    /// Lets it go.
    pub async fn close(self) {
        self.store.close().await;
    }
}
