//! The rows of a table as the engine keeps them, page by page, whatever they are: the bytes of a row's id, as they follow
//! the table's in its key, and those of its value.

use surrealdb_datastore::Transaction;

use super::format::FRAME;
use crate::{
    StorageError,
    record::{Place, Rows, failed},
};

/// How many rows are read at once: at first of a table, and at most.
const FIRST: u32 = 64;
const MOST: u32 = 4_096;

/// A table that is read page by page.
pub(crate) struct RawPages {
    table: &'static str,
    /// The length of what comes before the id in a key.
    prefix: usize,
    /// What was not read yet; none where all was.
    rest: Option<Rows>,
    limit: u32,
}

/// Some rows, in the order of their ids.
pub(crate) struct RawPage {
    prefix: usize,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
}

impl RawPage {
    /// The rows, each as its id and value.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.rows.iter().map(|(key, value)| (key.get(self.prefix..).unwrap_or_default(), value.as_slice()))
    }
}

impl RawPages {
    /// All of a table.
    pub(crate) fn new(place: &Place, table: &'static str) -> Self {
        let prefix = place.prefix(table);
        Self { table, prefix: prefix.len(), rest: Some(Rows::of(prefix)), limit: FIRST }
    }

    /// The table.
    pub(crate) fn table(&self) -> &'static str {
        self.table
    }

    /// The next rows; none after the last ones.
    pub(crate) async fn next(&mut self, transaction: &Transaction) -> Result<Option<RawPage>, StorageError> {
        let Some(rest) = self.rest.take() else { return Ok(None) };
        let rows = transaction.scan_raw(rest.clone(), self.limit, 0, None).await.map_err(failed)?;
        let bytes: usize = rows.iter().map(|(key, value)| key.len() + value.len()).sum();
        match rows.last() {
            Some((last, _)) if rows.len() >= self.limit as usize => {
                self.rest = Some(rest.after(last));
                // As many as make a frame, however long they are.
                let room = FRAME / (bytes / rows.len()).max(1);
                self.limit = u32::try_from(room).unwrap_or(MOST).clamp(1, MOST);
            }
            _ => {}
        }
        Ok(Some(RawPage { prefix: self.prefix, rows }))
    }
}
