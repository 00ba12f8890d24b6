//! A start is tried on a copy before the engine opens the folder: only once the copy was found to have all that was told.
//! So one that is refused, or killed, has changed nothing.

use super::{COPY, Fault, Link, Mark, Ring, Still, fault::in_a_line, mark::Says, marker::Marker};
use crate::{
    Address, OpenError, Store,
    engine::Purpose,
    folder,
    open::{boxed, open_failed},
    tables::Batches,
};

/// A database that was found to have all that was told.
pub(crate) struct Start {
    mark: Mark,
    last: Link,
}

impl Start {
    /// Refuses the database at an address if it is not whole, or lacks what was told. To be called before the engine opens
    /// the folder.
    pub(crate) async fn check(address: &Address) -> Result<Self, OpenError> {
        let still = Still::hold(address, true)?;
        let ring = Self::look(address, &still).await?;
        if !ring.faults.is_empty() {
            return Err(OpenError::broken(address, &ring.faults));
        }
        let last = ring.last();
        let mark = still.into_mark();
        if mark.says == Says::Nothing && last.number > 0 && address.syncs_every_batch() {
            tracing::warn!(
                mark = %mark.path.display(), last = %last.moment(),
                "the database has no mark of what was told: whether its end is missing cannot be known; a new one is made"
            );
        }
        Ok(Self { mark, last })
    }

    /// The chain of batches, as a copy has it.
    async fn look(address: &Address, still: &Still) -> Result<Ring, OpenError> {
        let place = still.folder().join(COPY);
        let failed = |error: std::io::Error| OpenError::Folder {
            folder: place.display().to_string(),
            reason: error.to_string(),
        };
        folder::remove(&place).map_err(failed)?;
        if folder::is_empty(still.folder()).map_err(failed)? {
            let mut ring = Ring::default();
            ring.compare(still.mark());
            return Ok(ring);
        }
        let copy = still.copy(place).await?;
        let store = boxed(|| copy.open(address, Purpose::Look)).await?;
        let ring = match store.refuse_others(address).await {
            Ok(_) => store.ring(still.mark()).await.map_err(|error| open_failed(address, error.to_string())),
            Err(error) => Err(error),
        };
        store.close().await;
        ring
    }

    /// The engine has opened the folder: the chain goes on after its last batch, and the mark follows it.
    pub(crate) async fn begin(self, address: &Address, store: &Store) -> Result<(), OpenError> {
        let last = store.get_one::<Batches>(self.last.place()).await?.unwrap_or(Link::NONE);
        // The engine gave all of it when it opened the copy, and nobody has had the folder since.
        if last != self.last {
            return Err(OpenError::broken(address, &[Fault::Changed { was: self.last.moment(), is: last.moment() }]));
        }
        // Where a confirmed batch is not on disk, a mark would be ahead of the database after a power cut.
        let marker = Marker::start(self.mark, address.syncs_every_batch())
            .map_err(|error| OpenError::Folder { folder: address.text().to_owned(), reason: error.to_string() })?;
        store.chain.begin(last, marker);
        Ok(())
    }
}

impl OpenError {
    /// The refusal of a database with faults.
    pub(crate) fn broken(address: &Address, faults: &[Fault]) -> Self {
        Self::Broken { address: address.text().to_owned(), what: in_a_line(faults) }
    }
}
