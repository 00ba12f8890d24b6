//! `scrip check`: whether a database is whole. It works on a copy beside the folder, because an engine that opens a
//! folder may change it; only the files that are never written again are shared with the copy.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    Address, Fault, Moment, OpenError, Row, RowId, Store,
    beside::{Copied, Locked, beside, lock, resolved},
    mark::Mark,
    pages::Pages,
    parse::TABLES,
    ring::Ring,
    spans::Spans,
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
    let still = Still::of(address, ".checking")?;
    let mut checked =
        Checked { rows: 0, events: 0, last: Moment { number: 0, at: 0 }, marked: still.marked(), faults: 0 };
    match still.open(address).await {
        Ok(store) => {
            let looked = look(&store, address, &still, &mut checked, &mut tell).await;
            store.close().await;
            looked?;
        }
        Err(OpenError::Damaged { reason, .. }) => tell(Fault::Unopened { reason }),
        Err(error) => return Err(error),
    }
    checked.faults = faults;
    Ok(checked)
}

async fn look(
    store: &Store,
    address: &Address,
    still: &Still,
    checked: &mut Checked,
    tell: &mut impl FnMut(Fault),
) -> Result<(), OpenError> {
    store.select().await?;
    store.refuse_newer(address).await?;
    checked.last = still.ring(store, tell).await.last().moment();
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
    Ok(())
}

/// A folder that nobody has open, and a copy of it to work on.
pub(super) struct Still {
    /// The mark; held, so that nobody opens the folder meanwhile.
    mark: Option<Mark>,
    /// The engine's own lock, for the same.
    _lock: Option<Locked>,
    copy: Copied,
}

impl Still {
    /// The folder of an address, with a copy beside it under its name with this ending.
    pub(super) fn of(address: &Address, ending: &str) -> Result<Self, OpenError> {
        let Some(folder) = address.folder() else {
            let reason = "it is not on disk: expected surrealkv://FOLDER".to_owned();
            return Err(OpenError::Address { address: address.text().to_owned(), reason });
        };
        let text = || folder.display().to_string();
        let failed = |error: std::io::Error| OpenError::Folder { folder: text(), reason: error.to_string() };
        // A start that was killed between two renames has left it under its other name.
        let path = resolved(folder).or_else(|error| match found(folder) {
            Some(_) => Ok(folder.clone()),
            None => Err(failed(error)),
        })?;
        let mark = match Mark::look(&path).map_err(failed)? {
            Some(None) => return Err(OpenError::InUse { folder: text() }),
            Some(mark) => mark,
            None => None,
        };
        let lock = match lock(&path) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(OpenError::InUse { folder: text() }),
            lock => lock.map_err(failed)?,
        };
        // What a start that did not end has found is the database; what it made of that is not.
        let source = found(&path).unwrap_or_else(|| path.clone());
        let copy = Copied::make(&source, beside(&path, ending)).map_err(failed)?;
        Ok(Self { mark, _lock: lock, copy })
    }

    /// Whether there is a mark that was written.
    fn marked(&self) -> bool {
        self.mark.as_ref().is_some_and(|mark| mark.says != super::mark::Says::Nothing)
    }

    /// Opens the copy, as it is.
    pub(super) async fn open(&self, address: &Address) -> Result<Store, OpenError> {
        Store::engine(&address.with_folder(&self.copy.0)).await
    }

    /// The copy.
    pub(super) fn copy(&self) -> &Path {
        &self.copy.0
    }

    /// The chain of batches, with what is wrong with it.
    pub(super) async fn ring(&self, store: &Store, tell: &mut impl FnMut(Fault)) -> Ring {
        let mut ring = match store.ring().await {
            Ok(ring) => ring,
            // Told with the table's other faults, when its rows are read.
            Err(_) => return Ring::default(),
        };
        if let Some(mark) = &self.mark {
            ring.compare(mark);
        }
        ring.faults.drain(..).for_each(tell);
        ring
    }
}

/// The files as a start found them that did not end.
fn found(folder: &Path) -> Option<PathBuf> {
    Some(beside(folder, ".found")).filter(|found| found.exists())
}
