//! `scrip check` and `scrip salvage`: what is wrong with a database, and what is whole of it in a new folder. Both look at
//! a copy, and change nothing of the database itself.

mod books;
mod books_holdings;
mod books_notices;
mod books_pool;
mod books_purchases;
mod pages;
mod renumber;
mod repair;
mod salvage;
mod spans;
mod transfer;

use std::{cell::Cell, sync::Arc};

pub(crate) use pages::Pages;
pub use renumber::BATCH_COMMANDS;
pub use salvage::{SalvageError, Salvaged, salvage};
pub(crate) use transfer::{Transferred, is_own, transfer};

use self::spans::Spans;
use super::{
    Address, Fault, Moment, OpenError, StorageError, Store,
    chain::{COPY, Ring, Still},
    engine::Purpose,
    format::FORMAT,
    tables::{Events, NAMES, RowCounts},
};

/// How large a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub name: &'static str,
    /// How many rows could be read.
    pub rows: u64,
    /// How many bytes its ids and records have, without what the engine adds and before it merges old ones away.
    pub bytes: u64,
}

/// What a check has looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Each table that has rows.
    pub tables: Vec<TableSize>,
    /// The time of the first event, in milliseconds since 1970.
    pub oldest_event: Option<i64>,
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
    let faults = Cell::new(0);
    let mut tell = |fault: Fault| {
        faults.set(faults.get() + 1);
        tell(&fault);
    };
    let still = Still::hold(address, false)?;
    let none = Moment { number: 0, at: 0 };
    let mut checked = Checked {
        tables: Vec::new(),
        oldest_event: None,
        rows: 0,
        events: 0,
        last: none,
        marked: still.is_marked(),
        faults: 0,
    };
    let survey = Arc::new(still.survey(address).await?);
    survey.faults.iter().cloned().for_each(&mut tell);
    let copy = still.copy(still.folder().join(COPY), &survey).await?;
    copy.damaged_tables().into_iter().for_each(&mut tell);
    match copy.open(&address.read_once(), Purpose::Look).await {
        Ok(store) => {
            let ring = ring(&store, &still).await;
            checked.last = ring.last().moment();
            ring.faults.into_iter().for_each(&mut tell);
            let counted = count(&store, &mut checked, &mut tell).await;
            let whole = faults.get() == 0;
            let audited = match counted {
                Ok(()) if whole => match check_counts(&store, &checked, &mut tell).await {
                    Ok(()) => audited(&store, &mut tell).await,
                    Err(error) => Err(error),
                },
                Ok(()) => audited(&store, &mut tell).await,
                Err(error) => Err(error),
            };
            store.close().await;
            audited?;
        }
        Err(OpenError::Damaged { reason, .. }) => tell(Fault::Unopened { reason: reason.to_string() }),
        Err(error) => return Err(error),
    }
    checked.faults = faults.get();
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

/// Holds the rows that were read against what is counted of them, where no earlier Scrip has written since.
async fn check_counts(store: &Store, checked: &Checked, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
    let Some(counted) = store.get_one::<RowCounts>(()).await?.filter(|counted| counted.batch == checked.last.number)
    else {
        return Ok(());
    };
    for (name, counted) in NAMES.iter().zip(counted.rows) {
        let found = checked.tables.iter().find(|table| table.name == *name).map_or(0, |table| table.rows);
        if counted != found {
            let what = format!("{counted} rows of {name} are counted, and there are {found}");
            tell(Fault::Books { what });
        }
    }
    Ok(())
}

/// Reads every row of every table.
async fn count(store: &Store, checked: &mut Checked, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
    let mut spans = Spans::default();
    let format = store.format().await?;
    for table in 0..NAMES.len() {
        let mut pages = Pages::new(store, format, table);
        let mut rows = 0;
        while let Some(page) = pages.next(tell).await {
            rows += page.len() as u64;
            for (id, row) in page {
                if let (Some(first), Some(events)) = (id.key::<Events>(), row.document::<Events>()) {
                    checked.oldest_event = checked.oldest_event.or(events.first().map(|event| event.at));
                    spans.add(*first, events.len(), tell);
                }
            }
        }
        checked.rows += rows;
        if rows > 0 {
            checked.tables.push(TableSize { name: pages.name(), rows, bytes: pages.bytes });
        }
    }
    checked.events = spans.finish(tell);
    Ok(())
}
