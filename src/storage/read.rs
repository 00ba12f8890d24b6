//! Reading rows: some by their ids, or a page of a range of ids in either direction; each in a transaction of its own,
//! or all of what one answer needs in one, which sees what was confirmed before it and gives nothing that is not on disk.

use std::borrow::Cow;

use surrealdb_datastore::{
    Transaction, TransactionType,
    catalog::Record,
    key::schema::RecordKey,
    val::{RecordIdKey, Strand},
};
use surrealdb_kvs::{
    key::{KVKey, KVKeyDecode},
    value::KVValue,
};
use tokio::task::coop::consume_budget;

use super::{
    Row, RowId, StorageError, Store, Working,
    pending::Writing,
    record::{document, failed},
};

/// How many rows count as one step of a task's turn, of which it has 128.
const ROWS_A_STEP: usize = 8;

/// A row: its id's text, and its document.
type Document = (String, String);

/// The same of a row that may not be readable: its id's text where that is, and its document or why not.
pub(super) type RawRow = (Option<String>, Result<String, StorageError>);

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

    /// The rows with these ids, in their order; none where there is no such row.
    pub async fn get(&self, ids: &[RowId]) -> Result<Vec<Option<Row>>, StorageError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.view().await?.get(ids).await
    }

    /// The row with this id.
    pub async fn get_one(&self, id: RowId) -> Result<Option<Row>, StorageError> {
        self.view().await?.get_one(id).await
    }

    /// Up to `limit` rows of a table whose id's text is at least `start` and below `end`, in order
    /// or from the end, each as its id's text and its document.
    pub fn scan(
        &self,
        table: &'static str,
        start: String,
        end: String,
        reverse: bool,
        limit: usize,
    ) -> Working<'_, Result<Vec<Document>, StorageError>> {
        Box::pin(async move {
            if limit == 0 || start >= end {
                return Ok(Vec::new());
            }
            let mut view = self.view().await?;
            let rows = view.range(table, [&start, &end], reverse, limit).await?;
            let within = |id: &RowId| {
                let key = id.key();
                key.table == table && start <= key.text && key.text < end
            };
            view.writing.settled(|written| written.iter().any(within)).await;
            Ok(rows)
        })
    }

    /// Rows of a range, going on after one that cannot be read.
    pub(super) async fn raw_range(
        &self,
        transaction: &Transaction,
        table: &'static str,
        bounds: [&str; 2],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<RawRow>, StorageError> {
        let place = self.place(transaction).await?;
        let [start, end] = bounds.map(|text| RecordIdKey::String(Strand::from(text.to_owned())));
        let range = place.table(table).range_where(Cow::Owned(start)..Cow::Owned(end)).map_err(failed)?;
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let rows = if reverse {
            transaction.scanr_raw(range, limit, 0, None).await
        } else {
            transaction.scan_raw(range, limit, 0, None).await
        };
        let rows: Vec<RawRow> = rows.map_err(failed)?.iter().map(|(key, value)| row(key, value)).collect();
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

    /// The rows with these ids, in their order; none where there is no such row.
    pub fn get<'a>(&'a mut self, ids: &'a [RowId]) -> Working<'a, Result<Vec<Option<Row>>, StorageError>> {
        Box::pin(async {
            let rows = self.look_up(ids).await?;
            self.writing.settled(|written| ids.iter().any(|id| written.contains(id))).await;
            Ok(rows)
        })
    }

    /// The row with this id.
    pub async fn get_one(&mut self, id: RowId) -> Result<Option<Row>, StorageError> {
        Ok(self.get(std::slice::from_ref(&id)).await?.pop().flatten())
    }

    async fn look_up(&self, ids: &[RowId]) -> Result<Vec<Option<Row>>, StorageError> {
        let place = self.store.place(&self.transaction).await?;
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let key = place.key(id);
            let record = self.transaction.get_key(&key, None).await.map_err(failed)?;
            let row = record.map(|record| Row::decode(id, document(&key, &record)?));
            rows.push(row.transpose()?);
        }
        take_turns(rows.len()).await;
        Ok(rows)
    }

    async fn range(
        &self,
        table: &'static str,
        bounds: [&str; 2],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Document>, StorageError> {
        let rows = self.store.raw_range(&self.transaction, table, bounds, reverse, limit).await?;
        rows.into_iter().map(|(text, document)| document.map(|document| (text.unwrap_or_default(), document))).collect()
    }
}

/// Counts what was read against the turn of the task on its thread. The engine mostly answers from memory and never
/// waits, so whoever reads on and on would otherwise keep all other tasks from the thread.
async fn take_turns(rows: usize) {
    for _ in 0..=rows / ROWS_A_STEP {
        consume_budget().await;
    }
}

/// A row of the engine's bytes.
fn row(key: &[u8], value: &[u8]) -> RawRow {
    let key = match RecordKey::decode_key(key) {
        Ok(key) => key,
        Err(error) => return (None, Err(failed(error))),
    };
    let RecordIdKey::String(text) = &*key.id else {
        let reason = "expected a text as id".to_owned();
        return (None, Err(StorageError::Row { id: format!("{:?}", key.id), reason }));
    };
    let record = Record::kv_decode_value(value, key.value_context()).map_err(failed);
    (Some(text.to_string()), record.and_then(|record| document(&key, &record).map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    };

    use super::*;
    use crate::Address;

    #[tokio::test]
    async fn whoever_reads_on_and_on_leaves_others_their_turn() {
        const MANY: usize = 100_000;
        let store = Store::open(&Address::parse("mem://").expect("an address")).await.expect("a store");
        let enough = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&enough);
        let reader = tokio::spawn(async move {
            let mut reads = 0;
            while reads < MANY && !told.load(Relaxed) {
                store.get_one(RowId::Format).await.expect("a row");
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
