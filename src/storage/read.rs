//! Reading rows: some by their keys, or a page of a span of keys in either direction; each in a transaction of its own,
//! or all of what one answer needs in one, which sees what was confirmed before it and gives nothing that is not on disk.

use surrealdb_datastore::{Transaction, TransactionType};
use tokio::task::coop::consume_budget;

use super::{
    Row, RowId, Span, StorageError, Store, Table, Working, codec::id_bytes, format, pending::Writing, record::failed,
    runs,
};

/// How many rows count as one step of a task's turn, of which it has 128.
const ROWS_A_STEP: usize = 8;

/// A row as the engine has it: the bytes of its id, and those of its record.
pub(super) type RawRow = (Vec<u8>, Vec<u8>);

/// From which end a span is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFrom {
    /// From the first row on.
    Start,
    /// From the last row back.
    End,
}

impl ReadFrom {
    /// From the end, if this is so.
    #[must_use]
    pub fn end_if(end: bool) -> Self {
        if end { Self::End } else { Self::Start }
    }
}

/// All rows as they are at one moment: what is written later is not in it. What was being written at that moment is
/// waited for where a row of it is read.
pub struct View<'a> {
    store: &'a Store,
    transaction: Transaction,
    writing: Writing,
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

impl Store {
    /// A view of this moment. Dropping it ends it.
    pub fn view(&self) -> Working<'_, Result<View<'_>, StorageError>> {
        Box::pin(async {
            let transaction = self.datastore.transaction(TransactionType::Read).await.map_err(failed)?;
            // The transaction is fixed from here on, so nothing that begins later can be in it.
            Ok(View { store: self, transaction, writing: self.pending.now() })
        })
    }

    /// The documents with these keys, in their order; none where there is no such row.
    pub async fn get<T: Table>(&self, keys: &[T::Key]) -> Result<Vec<Option<T::Document>>, StorageError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.view().await?.get::<T>(keys).await
    }

    /// The document with this key.
    pub async fn get_one<T: Table>(&self, key: T::Key) -> Result<Option<T::Document>, StorageError> {
        self.view().await?.get_one::<T>(key).await
    }

    /// Whether there is a row with this key: of a large one that takes a small part of what reading it does.
    pub async fn has<T: Table>(&self, key: T::Key) -> Result<bool, StorageError> {
        self.view().await?.has(&T::id(key)).await
    }

    /// The rows with these ids, whatever their tables, in their order.
    pub fn rows<'a>(&'a self, ids: &'a [RowId]) -> Working<'a, Result<Vec<Option<Row>>, StorageError>> {
        Box::pin(async {
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            self.view().await?.rows(ids).await
        })
    }

    /// Up to `limit` rows of a span, in order or from its end.
    pub async fn scan<T: Table>(
        &self,
        span: &Span<T>,
        from: ReadFrom,
        limit: usize,
    ) -> Result<Vec<(T::Key, T::Document)>, StorageError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        self.view().await?.scan(span, from, limit).await
    }

    /// Rows of a table as the engine has them, from an id on.
    pub(super) async fn raw_rows(
        &self,
        transaction: &Transaction,
        table: usize,
        bounds: (&[u8], &[u8]),
        from: ReadFrom,
        limit: usize,
    ) -> Result<Vec<RawRow>, StorageError> {
        let place = self.place(transaction).await?;
        let (prefix, range) = (place.table(table).len(), place.range(table, bounds));
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let rows = match from {
            ReadFrom::Start => transaction.scan_raw(range, limit, 0, None).await,
            ReadFrom::End => transaction.scanr_raw(range, limit, 0, None).await,
        };
        let mut rows = rows.map_err(failed)?;
        for (key, _) in &mut rows {
            key.drain(..prefix.min(key.len()));
        }
        take_turns(rows.len()).await;
        Ok(rows)
    }
}

impl View<'_> {
    /// Ends when all that it shows is announced.
    pub(super) async fn announced(&mut self) {
        self.writing.settled(|_| true).await;
    }

    /// The transaction that it reads in.
    pub(super) fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// The documents with these keys, in their order; none where there is no such row.
    pub async fn get<T: Table>(&mut self, keys: &[T::Key]) -> Result<Vec<Option<T::Document>>, StorageError> {
        let ids: Vec<RowId> = keys.iter().map(|key| T::id(key.clone())).collect();
        let rows = self.rows(&ids).await?;
        Ok(rows.into_iter().map(|row| row.and_then(T::into_document)).collect())
    }

    /// The document with this key.
    pub async fn get_one<T: Table>(&mut self, key: T::Key) -> Result<Option<T::Document>, StorageError> {
        Ok(self.get::<T>(std::slice::from_ref(&key)).await?.pop().flatten())
    }

    /// Up to `limit` rows of a span, in order or from its end.
    pub async fn scan<T: Table>(
        &mut self,
        span: &Span<T>,
        from: ReadFrom,
        limit: usize,
    ) -> Result<Vec<(T::Key, T::Document)>, StorageError> {
        let page = self.page(T::NUMBER, span.bounds(), from, limit).await?;
        let mut rows = Vec::with_capacity(page.len());
        for (id, row) in page {
            // Every row of a page is of its table.
            rows.extend(T::key_of(&id).cloned().zip(T::into_document(row)));
        }
        Ok(rows)
    }

    /// The rows with these ids, whatever their tables, in their order. Boxed, so that the engine is not compiled again
    /// for each table.
    pub fn rows<'a>(&'a mut self, ids: &'a [RowId]) -> Working<'a, Result<Vec<Option<Row>>, StorageError>> {
        Box::pin(async move {
            let place = self.store.place(&self.transaction).await?;
            let rows = runs::rows(&self.transaction, place, ids).await?;
            self.writing.settled(|written| ids.iter().any(|id| written.contains(id))).await;
            Ok(rows)
        })
    }

    fn has<'a>(&'a mut self, id: &'a RowId) -> Working<'a, Result<bool, StorageError>> {
        Box::pin(async move {
            let place = self.store.place(&self.transaction).await?;
            let found = self.transaction.exists(place.key(id), None).await.map_err(|error| failed(error.into()))?;
            self.writing.settled(|written| written.contains(id)).await;
            Ok(found)
        })
    }

    /// A page of a table's rows.
    fn page<'a>(
        &'a mut self,
        table: usize,
        bounds: (&'a [u8], &'a [u8]),
        from: ReadFrom,
        limit: usize,
    ) -> Working<'a, Result<Vec<(RowId, Row)>, StorageError>> {
        Box::pin(async move {
            let raw = self.store.raw_rows(&self.transaction, table, bounds, from, limit).await?;
            let mut rows = Vec::with_capacity(raw.len());
            for row in &raw {
                rows.push(format::row(table, row)?);
            }
            let within = |id: &RowId| {
                id.table() == table && {
                    let mut bytes = Vec::with_capacity(64);
                    id_bytes(&id.parts(), &mut bytes);
                    bounds.0 <= bytes.as_slice() && bytes.as_slice() < bounds.1
                }
            };
            self.writing.settled(|written| written.iter().any(within)).await;
            Ok(rows)
        })
    }
}

/// Counts what was read against the turn of the task on its thread. The engine mostly answers from memory and never
/// waits, so whoever reads on and on would otherwise keep all other tasks from the thread.
pub(super) async fn take_turns(rows: usize) {
    for _ in 0..=rows / ROWS_A_STEP {
        consume_budget().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    };

    use super::*;
    use crate::{Address, tables::Programme};

    #[tokio::test]
    async fn whoever_reads_on_and_on_leaves_others_their_turn() {
        const MANY: usize = 100_000;
        let store = Store::open(&Address::parse("mem://").expect("an address")).await.expect("a store");
        let enough = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&enough);
        let reader = tokio::spawn(async move {
            let mut reads = 0;
            while reads < MANY && !told.load(Relaxed) {
                store.get_one::<Programme>(()).await.expect("a row");
                reads += 1;
            }
            reads
        });
        // The one thread is the reader's from here on, until it waits.
        tokio::task::yield_now().await;
        enough.store(true, Relaxed);
        assert!(reader.await.expect("an end") < MANY, "nobody else had a turn");
    }
}
