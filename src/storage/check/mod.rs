//! `scrip check` and `scrip salvage`: what is wrong with a database, and what is whole of it in a new folder. Both look at
//! a copy, and change nothing of the database itself.

mod pages;
mod repair;
mod salvage;
mod spans;

use std::sync::Arc;

pub use salvage::{SalvageError, Salvaged, salvage};

use self::{pages::Pages, spans::Spans};
use super::{
    Address, Fault, Moment, OpenError, Row, RowId, Store,
    chain::{COPY, Ring, Still},
    engine::Purpose,
    parse::TABLES,
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
            count(&store, &mut checked, &mut tell).await;
            store.close().await;
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

/// Reads every row of every table.
async fn count(store: &Store, checked: &mut Checked, tell: &mut impl FnMut(Fault)) {
    let mut spans = Spans::default();
    for table in TABLES {
        let mut pages = Pages::new(store, table);
        while let Some(page) = pages.next(tell).await {
            checked.rows += page.len() as u64;
            for (id, row) in page {
                if let (RowId::Events(first), Row::Events(events)) = (id, row) {
                    spans.add(first, events.len(), tell);
                }
            }
        }
    }
    checked.events = spans.finish(tell);
}
