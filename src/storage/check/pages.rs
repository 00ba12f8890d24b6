//! Reads a whole table of a database that may be damaged: a row that cannot be read is told and passed over, and where
//! the engine fails, the table is read from its other end up to there.

use surrealdb_datastore::TransactionType;

use crate::{
    Fault, Row, RowId, StorageError, Store,
    codec::id_text,
    format,
    read::{RawRow, ReadFrom},
    record::{self, failed},
    tables::NAMES,
};

/// How many rows are read at once.
const PAGE: usize = 1_000;
/// Above every id.
const ABOVE: &[u8] = &[0xFF];

/// A table that is read page by page.
pub(crate) struct Pages<'a> {
    store: &'a Store,
    /// In which its rows are.
    format: u32,
    table: usize,
    /// What has not been read yet: from the first id on, below the second.
    bounds: [Vec<u8>; 2],
    /// Why the engine failed on the way from the start.
    failed: Option<StorageError>,
    done: bool,
    /// How many bytes its ids and records had up to now.
    pub(crate) bytes: u64,
}

/// The rows of a page that can be read.
pub(crate) type Page = Vec<(RowId, Row)>;

impl<'a> Pages<'a> {
    /// All of a table, by its number.
    pub(crate) fn new(store: &'a Store, format: u32, table: usize) -> Self {
        Self { store, format, table, bounds: [Vec::new(), ABOVE.to_vec()], failed: None, done: false, bytes: 0 }
    }

    /// The next rows; none after the last ones. Tells what cannot be read.
    pub(crate) async fn next(&mut self, tell: &mut impl FnMut(Fault)) -> Option<Page> {
        while !self.done {
            let from = ReadFrom::end_if(self.failed.is_some());
            match self.read(from).await {
                Ok(found) => return Some(self.page(&found, tell)),
                Err(error) if from == ReadFrom::End => {
                    self.done = true;
                    let [after, before] = &self.bounds;
                    tell(Fault::Unreadable {
                        table: self.name(),
                        // What is left begins one byte after the last id.
                        after: after.split_last().map(|(_, id)| id_text(id)),
                        before: (before.as_slice() != ABOVE).then(|| id_text(before)),
                        reason: self.failed.take().unwrap_or(error).to_string(),
                    });
                }
                Err(error) => self.failed = Some(error),
            }
        }
        None
    }

    /// The table's name.
    pub(crate) fn name(&self) -> &'static str {
        NAMES.get(self.table).copied().unwrap_or_default()
    }

    /// The next rows from either end, as many of them as the engine gives.
    async fn read(&mut self, from: ReadFrom) -> Result<Vec<RawRow>, StorageError> {
        let mut limit = PAGE;
        loop {
            match self.read_some(from, limit).await {
                Ok(found) => {
                    self.done = found.len() < limit;
                    return Ok(found);
                }
                Err(_) if limit > 1 => limit /= 10,
                Err(error) => return Err(error),
            }
        }
    }

    async fn read_some(&self, from: ReadFrom, limit: usize) -> Result<Vec<RawRow>, StorageError> {
        let transaction = self.store.datastore.transaction(TransactionType::Read).await.map_err(failed)?;
        let [start, end] = &self.bounds;
        let found = self.store.raw_rows(&transaction, self.table, (start, end), from, limit).await;
        record::end(&transaction).await;
        found
    }

    /// Takes what was read out of what is left.
    fn page(&mut self, found: &[RawRow], tell: &mut impl FnMut(Fault)) -> Page {
        let mut page = Vec::with_capacity(found.len());
        if let Some((last, _)) = found.last() {
            if self.failed.is_some() {
                self.bounds[1].clone_from(last);
            } else {
                self.bounds[0] = [last.as_slice(), &[0]].concat();
            }
        }
        for row in found {
            self.bytes += (row.0.len() + row.1.len()) as u64;
            match format::rows(self.format, self.table, row) {
                Ok(rows) => page.extend(rows),
                Err(error) => {
                    let reason = match error {
                        StorageError::Row { reason, .. } => reason.to_string(),
                        other => other.to_string(),
                    };
                    tell(Fault::Row { table: self.name(), id: id_text(&row.0), reason });
                }
            }
        }
        page
    }
}
