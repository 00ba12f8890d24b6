//! One transaction's writes, and the one place that writes them. The batch is confirmed only when it
//! is durable.

use std::collections::HashSet;

use surrealdb_datastore::{Transaction, TransactionType};

use super::{
    Link, Row, RowId, StorageError, Store, Unannounced, Working,
    record::{self, commit_failed, failed, record},
};

/// Rows to be written together. A row is new, or replaces one that was read.
#[derive(Debug, Default)]
pub struct Batch {
    at: i64,
    new: Vec<(RowId, Row)>,
    ensured: Vec<(RowId, Row)>,
    replaced: Vec<(RowId, Row)>,
    removed: Vec<RowId>,
}

impl Batch {
    /// An empty batch that was decided at a time, in milliseconds since 1970. One without a time has that of the batch
    /// before it.
    #[must_use]
    pub fn at(millis: i64) -> Self {
        Self { at: millis, ..Self::default() }
    }

    /// Adds a row that must not exist yet; the whole batch fails with
    /// [`StorageError::Exists`] where it does.
    pub fn insert(&mut self, id: RowId, row: Row) {
        self.new.push((id, row));
    }

    /// Adds a row of this table unless it exists, in which case it stays as it is. Saves reading it first.
    pub fn ensure(&mut self, id: RowId, row: Row) {
        self.ensured.push((id, row));
    }

    /// Replaces a row that exists.
    pub fn replace(&mut self, id: RowId, row: Row) {
        self.replaced.push((id, row));
    }

    /// Removes a row.
    pub fn remove(&mut self, id: RowId) {
        self.removed.push(id);
    }

    /// Nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.ensured.is_empty() && self.replaced.is_empty() && self.removed.is_empty()
    }

    /// How many rows it writes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.new.len() + self.ensured.len() + self.replaced.len() + self.removed.len()
    }

    /// The rows that it changes.
    fn rows(&self) -> impl Iterator<Item = &RowId> {
        let written = self.new.iter().chain(&self.ensured).chain(&self.replaced).map(|(id, _)| id);
        written.chain(&self.removed)
    }
}

impl Store {
    /// Writes a batch in one transaction, and returns when it is durable. Readers of its rows wait until what
    /// is returned is dropped: the caller first announces what follows from the batch.
    pub fn commit<'a: 'b, 'b>(&'a self, batch: &'b Batch) -> Working<'b, Result<Unannounced<'a>, StorageError>> {
        Box::pin(self.write(batch))
    }

    async fn write(&self, batch: &Batch) -> Result<Unannounced<'_>, StorageError> {
        let rows: HashSet<RowId> = batch.rows().cloned().collect();
        // A batch that names a row twice would depend on the order of its writes.
        debug_assert_eq!(rows.len(), batch.len());
        let _writer = self.writer.lock().await;
        let unannounced = self.pending.begin(rows);
        let link = self.next_link(batch.at).await?;
        let transaction = self.datastore.transaction(TransactionType::Write).await.map_err(failed)?;
        if let Err(error) = self.fill_and_link(&transaction, batch, link).await {
            record::end(&transaction).await;
            return Err(error);
        }
        transaction.commit().await.map_err(commit_failed)?;
        self.chain.written(link);
        Ok(unannounced)
    }

    /// Puts a batch's writes into a transaction, with its link in the chain of batches.
    async fn fill_and_link(&self, transaction: &Transaction, batch: &Batch, link: Link) -> Result<(), StorageError> {
        self.fill(transaction, batch).await?;
        let key = self.place(transaction).await?.key(&link.id());
        transaction.set_key(&key, &record(&key, &Row::Batch(link))?).await.map_err(failed)
    }

    /// Puts a batch's writes into a transaction.
    pub(super) async fn fill(&self, transaction: &Transaction, batch: &Batch) -> Result<(), StorageError> {
        let place = self.place(transaction).await?;
        for (id, row) in &batch.new {
            let key = place.key(id);
            transaction.put_key(&key, &record(&key, row)?).await.map_err(failed)?;
        }
        for (id, row) in &batch.ensured {
            let key = place.key(id);
            if transaction.get_key(&key, None).await.map_err(failed)?.is_none() {
                transaction.put_key(&key, &record(&key, row)?).await.map_err(failed)?;
            }
        }
        for (id, row) in &batch.replaced {
            let key = place.key(id);
            transaction.set_key(&key, &record(&key, row)?).await.map_err(failed)?;
        }
        for id in &batch.removed {
            transaction.del_key(&place.key(id)).await.map_err(failed)?;
        }
        Ok(())
    }
}
