//! Reads a whole table of a database that may be damaged: a row that cannot be read is told and passed over, and where
//! the engine fails, the table is read from its other end up to there.

use surrealdb_datastore::TransactionType;

use crate::{
    Fault, Row, RowId, StorageError, Store,
    read::RawRow,
    record::{self, failed},
};

/// How many rows are read at once.
const PAGE: usize = 1_000;

/// A table that is read page by page.
pub(super) struct Pages<'a> {
    store: &'a Store,
    table: &'static str,
    /// What has not been read yet: from the first text on, below the second.
    bounds: [String; 2],
    /// Why the engine failed on the way from the start.
    failed: Option<StorageError>,
    done: bool,
}

/// The rows of a page that can be read.
pub(super) type Page = Vec<(RowId, Row)>;

impl<'a> Pages<'a> {
    /// All of a table.
    pub(super) fn new(store: &'a Store, table: &'static str) -> Self {
        Self { store, table, bounds: [String::new(), "\u{10FFFF}".to_owned()], failed: None, done: false }
    }

    /// The next rows; none after the last ones. Tells what cannot be read.
    pub(super) async fn next(&mut self, tell: &mut impl FnMut(Fault)) -> Option<Page> {
        while !self.done {
            let reverse = self.failed.is_some();
            match self.read(reverse).await {
                Ok(found) => return Some(self.page(found, tell)),
                Err(error) if reverse => {
                    self.done = true;
                    let [after, before] = &self.bounds;
                    let (after, before) = (after.trim_end_matches('\u{0}').to_owned(), before.clone());
                    tell(Fault::Unreadable {
                        table: self.table,
                        after: Some(after).filter(|text| !text.is_empty()),
                        before: Some(before).filter(|text| text != "\u{10FFFF}"),
                        reason: self.failed.take().unwrap_or(error).to_string(),
                    });
                }
                Err(error) => self.failed = Some(error),
            }
        }
        None
    }

    /// The next rows from either end, as many of them as the engine gives.
    async fn read(&mut self, reverse: bool) -> Result<Vec<RawRow>, StorageError> {
        let mut limit = PAGE;
        loop {
            match self.read_some(reverse, limit).await {
                Ok(found) => {
                    self.done = found.len() < limit;
                    return Ok(found);
                }
                Err(_) if limit > 1 => limit /= 10,
                Err(error) => return Err(error),
            }
        }
    }

    async fn read_some(&self, reverse: bool, limit: usize) -> Result<Vec<RawRow>, StorageError> {
        let transaction = self.store.datastore.transaction(TransactionType::Read).await.map_err(failed)?;
        let [start, end] = &self.bounds;
        let found = self.store.raw_range(&transaction, self.table, [start, end], reverse, limit).await;
        record::end(&transaction).await;
        found
    }

    /// Takes what was read out of what is left.
    fn page(&mut self, found: Vec<RawRow>, tell: &mut impl FnMut(Fault)) -> Page {
        let reverse = self.failed.is_some();
        let mut page = Vec::with_capacity(found.len());
        match found.iter().rev().find_map(|(text, _)| text.clone()) {
            Some(last) if reverse => self.bounds[1] = last,
            Some(last) => self.bounds[0] = format!("{last}\u{0}"),
            // Without an id there is no going on; each of these rows is told below.
            None => self.done = true,
        }
        for (text, document) in found {
            let text = text.unwrap_or_else(|| "?".to_owned());
            match document.and_then(|document| self.decode(&text, &document)) {
                Ok(row) => page.push(row),
                Err(StorageError::Row { reason, .. }) => tell(Fault::Row { table: self.table, id: text, reason }),
                Err(error) => tell(Fault::Row { table: self.table, id: text, reason: error.to_string() }),
            }
        }
        page
    }

    fn decode(&self, text: &str, document: &str) -> Result<(RowId, Row), StorageError> {
        let wrong = |reason: String| StorageError::Row { id: text.to_owned(), reason };
        let id = RowId::parse(self.table, text).ok_or_else(|| wrong("its id is none of this table".to_owned()))?;
        match Row::decode(&id, document) {
            Ok(row) => Ok((id, row)),
            Err(StorageError::Row { reason, .. }) => Err(wrong(reason)),
            Err(error) => Err(error),
        }
    }
}
