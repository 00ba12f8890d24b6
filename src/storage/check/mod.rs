//! `scrip check` and `scrip salvage`: what is wrong with a database, and what is whole of it in a new folder. Both look at
//! a copy, and change nothing of the database itself.

mod books;
mod books_pool;
mod pages;
mod repair;
mod salvage;
mod spans;
mod transfer;

use std::sync::Arc;

pub(crate) use pages::Pages;
pub use salvage::{SalvageError, Salvaged, salvage};
pub(crate) use transfer::{Transferred, transfer};

use self::spans::Spans;
use super::{
    Address, Fault, Moment, OpenError, StorageError, Store,
    chain::{COPY, Ring, Still},
    engine::Purpose,
    format::FORMAT,
    tables::{Events, NAMES},
};

/// What a check has looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// How many rows could be read.
    pub rows: u64,
    /// How many events are in the log.
    pub events: u64,
    /// The last batch.
    pub last: Moment,
    /// Whether there is a mark of what was told. Without one, nobody knows whether the end is missing.
    pub marked: bool,
    /// How many faults were told.
    pub faults: u64,
}

/// Checks the database at an address, which nobody has open, and tells each fault.
pub async fn check(address: &Address, mut tell: impl FnMut(&Fault)) -> Result<Checked, OpenError> {
    let mut faults = 0;
    let mut tell = |fault: Fault| {
        faults += 1;
        tell(&fault);
    };
    let still = Still::hold(address, false)?;
    let none = Moment { number: 0, at: 0 };
    let mut checked = Checked { rows: 0, events: 0, last: none, marked: still.is_marked(), faults: 0 };
    let survey = Arc::new(still.survey(address).await?);
    survey.faults.iter().cloned().for_each(&mut tell);
    let copy = still.copy(still.folder().join(COPY), &survey).await?;
    copy.damaged_tables().into_iter().for_each(&mut tell);
    match copy.open(address, Purpose::Look).await {
        Ok(store) => {
            let ring = ring(&store, &still).await;
            checked.last = ring.last().moment();
            ring.faults.into_iter().for_each(&mut tell);
            let counted = count(&store, &mut checked, &mut tell).await;
            let audited = match counted {
                Ok(()) => audited(&store, &mut tell).await,
                Err(error) => Err(error),
            };
            store.close().await;
            audited?;
        }
        Err(OpenError::Damaged { reason, .. }) => tell(Fault::Unopened { reason }),
        Err(error) => return Err(error),
    }
    checked.faults = faults;
    Ok(checked)
}

/// The chain of batches, with what is wrong with it.
async fn ring(store: &Store, still: &Still) -> Ring {
    // What the engine does not give is told with the table's other faults, when its rows are read.
    store.ring(still.mark()).await.unwrap_or_default()
}

/// Holds the books against each other, where all their rows can be read and are of this format.
async fn audited(store: &Store, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
    if store.format().await? != FORMAT {
        return Ok(());
    }
    match books::audit(store, tell).await {
        // It was told when the rows were counted.
        Err(StorageError::Row { .. } | StorageError::Database(_)) => Ok(()),
        other => other,
    }
}

/// Reads every row of every table.
async fn count(store: &Store, checked: &mut Checked, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
    let mut spans = Spans::default();
    let format = store.format().await?;
    for table in 0..NAMES.len() {
        let mut pages = Pages::new(store, format, table);
        while let Some(page) = pages.next(tell).await {
            checked.rows += page.len() as u64;
            for (id, row) in page {
                if let (Some(first), Some(events)) = (id.key::<Events>(), row.document::<Events>()) {
                    spans.add(*first, events.len(), tell);
                }
            }
        }
    }
    checked.events = spans.finish(tell);
    Ok(())
}
