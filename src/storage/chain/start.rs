//! A start is tried on a copy before the engine opens the folder: only once the copy was found to have all that was told.
//! So one that is refused, or killed, has changed nothing.

use std::{io, sync::Arc};

use super::{COPY, Fault, Link, Mark, Ring, Still, fault::in_a_line, mark::Says, marker::Marker, still::naming_tables};
use crate::{
    Address, OpenError, Store,
    engine::Purpose,
    error::Told,
    folder,
    open::{boxed, open_failed},
    tables::Batches,
    waiting::Waiting,
};

/// A database that was found to have all that was told.
pub(crate) struct Start {
    mark: Mark,
    last: Link,
}

impl Start {
    /// Refuses the database at an address if it is not whole, or lacks what was told. To be called before the engine opens
    /// the folder.
    pub(crate) async fn check(address: &Address, waiting: &Waiting) -> Result<Self, OpenError> {
        waiting.step("taking hold of its folder and its mark");
        let still = Still::hold(address, true)?;
        let ring = Self::look(address, &still, waiting).await?;
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
    async fn look(address: &Address, still: &Still, waiting: &Waiting) -> Result<Ring, OpenError> {
        let place = still.folder().join(COPY);
        let failed = |error: io::Error| OpenError::Folder { folder: place.display().to_string(), reason: error.into() };
        folder::remove(&place).map_err(failed)?;
        if folder::is_empty(still.folder()).map_err(failed)? {
            let mut ring = Ring::default();
            // A first start of an earlier Scrip that was killed leaves a blank one.
            if still.mark().says != Says::Blank {
                ring.compare(still.mark());
            }
            return Ok(ring);
        }
        waiting.step("looking at its files");
        let survey = Arc::new(still.survey(address).await?);
        if !survey.faults.is_empty() {
            return Err(OpenError::broken(address, &survey.faults));
        }
        waiting.step("making a copy of it to try the start on");
        let copy = still.copy(place, &survey).await?;
        waiting.step("opening the copy");
        let opened = boxed(|| copy.open(address, Purpose::Look)).await;
        let store = opened.map_err(|error| naming_tables(error, copy.folder()))?;
        let ring = match store.refuse_others(address).await {
            Ok(_) => store.ring(still.mark()).await.map_err(|error| open_failed(address, error)),
            Err(error) => Err(error),
        };
        store.close().await;
        ring
    }

    /// The engine has opened the folder: the chain goes on after its last batch, and the mark follows it.
    pub(crate) async fn begin(mut self, address: &Address, store: &Store) -> Result<(), OpenError> {
        let last = store.get_one::<Batches>(self.last.place()).await?.unwrap_or(Link::NONE);
        // The engine gave all of it when it opened the copy, and nobody has had the folder since.
        if last != self.last {
            return Err(OpenError::broken(address, &[Fault::Changed { was: self.last.moment(), is: last.moment() }]));
        }
        // Where a confirmed batch is not on disk, a mark would be ahead of the database after a power cut.
        let promised = address.syncs_every_batch();
        if matches!(self.mark.says, Says::Nothing | Says::Blank) {
            let told = if promised { last } else { Link::NONE };
            self.mark.say(told.told()).map_err(|error| self.unwritten(error))?;
        }
        let failed = |error: io::Error| OpenError::Folder { folder: address.text().to_owned(), reason: error.into() };
        let marker = Marker::start(self.mark, promised).map_err(failed)?;
        store.chain.begin(last, marker);
        Ok(())
    }

    /// The mark cannot be written.
    fn unwritten(&self, error: io::Error) -> OpenError {
        let folder = folder::parent(&self.mark.path).display().to_string();
        OpenError::Folder { folder, reason: Told::at(self.mark.path.display(), error) }
    }
}

impl OpenError {
    /// The refusal of a database with faults.
    pub(crate) fn broken(address: &Address, faults: &[Fault]) -> Self {
        Self::Broken { address: address.text().to_owned(), what: in_a_line(faults), opened: false }
    }
}
