//! One transaction's writes, and the one place that writes them. The batch is confirmed only when it
//! is durable.

use std::collections::HashSet;

use surrealdb_datastore::{Transaction, TransactionType};

use super::{
    Row, RowId, StorageError, Store, Unannounced,
    record::{self, commit_failed, failed, record},
};

/// How often a batch is written again while the database keeps changing its log segment.
const MAX_REWRITES: u32 = 16;

/// Whether a batch's rows are written for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    /// New rows must not exist yet.
    First,
    /// They exist by now, and those that were ensured have their own content.
    Again,
}

/// Rows to be written together. A row is new, or replaces one that was read.
#[derive(Debug, Default)]
pub struct Batch {
    new: Vec<(RowId, Row)>,
    ensured: Vec<(RowId, Row)>,
    replaced: Vec<(RowId, Row)>,
    removed: Vec<RowId>,
}

impl Batch {
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

    /// Removes a row. Only for rows that are hints: a removal may be undone by a crash.
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

/// What a failed batch's readers are told: where it is not known what became of it, nothing at all, because the engine
/// may show rows that are not on disk.
pub(super) fn withheld(unannounced: Unannounced<'_>, error: StorageError) -> StorageError {
    if matches!(error, StorageError::Unknown(_)) {
        std::mem::forget(unannounced);
    }
    error
}

impl Store {
    /// Writes a batch in one transaction, and returns when it is durable. Readers of its rows wait until what
    /// is returned is dropped: the caller first announces what follows from the batch.
    pub async fn commit(&self, batch: &Batch) -> Result<Unannounced<'_>, StorageError> {
        let rows: HashSet<RowId> = batch.rows().cloned().collect();
        // A batch that names a row twice would depend on the order of its writes.
        debug_assert_eq!(rows.len(), batch.len());
        let mut guard = self.writer.lock().await;
        let unannounced = self.pending.begin(rows);
        if let Err(error) = self.write(batch, Time::First).await {
            return Err(withheld(unannounced, error));
        }
        let Some(guard) = guard.as_mut() else { return Ok(unannounced) };
        let mut attempt = 0;
        while guard.has_changed() {
            attempt += 1;
            if attempt > MAX_REWRITES {
                let reason = "the log segment changed with every write: raise max_memtable_size";
                return Err(StorageError::Database(reason.to_owned()));
            }
            if let Err(error) = self.write(batch, Time::Again).await {
                return Err(withheld(unannounced, error));
            }
        }
        Ok(unannounced)
    }

    /// Writes a batch in one transaction; confirmed means durable, but for the fault that the guard is for.
    pub(super) async fn write(&self, batch: &Batch, time: Time) -> Result<(), StorageError> {
        let transaction = self.datastore.transaction(TransactionType::Write).await.map_err(failed)?;
        if let Err(error) = self.fill(&transaction, batch, time).await {
            record::end(&transaction).await;
            return Err(error);
        }
        transaction.commit().await.map_err(commit_failed)
    }

    /// Puts a batch's writes into a transaction.
    pub(super) async fn fill(&self, transaction: &Transaction, batch: &Batch, time: Time) -> Result<(), StorageError> {
        let place = self.place(transaction).await?;
        for (id, row) in &batch.new {
            let key = place.key(id);
            let record = record(&key, row)?;
            match time {
                Time::First => transaction.put_key(&key, &record).await,
                Time::Again => transaction.set_key(&key, &record).await,
            }
            .map_err(failed)?;
        }
        for (id, row) in &batch.ensured {
            let key = place.key(id);
            let found = transaction.get_key(&key, None).await.map_err(failed)?;
            match (found, time) {
                (Some(_), Time::First) => continue,
                (Some(found), Time::Again) => transaction.set_key(&key, &found).await,
                (None, _) => transaction.put_key(&key, &record(&key, row)?).await,
            }
            .map_err(failed)?;
        }
        for (id, row) in &batch.replaced {
            let key = place.key(id);
            transaction.set_key(&key, &record(&key, row)?).await.map_err(failed)?;
        }
        for id in batch.removed.iter().filter(|_| time == Time::First) {
            transaction.del_key(&place.key(id)).await.map_err(failed)?;
        }
        Ok(())
    }
}
