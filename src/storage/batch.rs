//! One transaction's writes, and the one place that writes them. The batch is confirmed only when it
//! is durable.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use surrealdb_datastore::{Transaction, TransactionType};
use tokio::{sync::MutexGuard, task::coop::unconstrained};

use super::{
    Link, Row, RowId, StorageError, Store, Table, Unannounced, Working,
    counts::Changes,
    pending::Ids,
    record::{self, commit_failed, damaged, failed},
    tables::{Batches, Counted, RowCounts, TABLES},
    two::by_two,
};
use scrip_domain::clock::BatchTime;

/// From how many rows on two threads encode them, and put those into the transaction that are not looked for.
const MANY: usize = 512;

/// What a batch expects of a row that it writes.
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    /// That there is none: where there is one, the batch fails with [`StorageError::Exists`].
    New,
    /// That it is still this one: where somebody else has changed it since it was read, the batch fails with
    /// [`StorageError::Conflict`].
    Still(Row),
    /// Nothing. There is one, and whoever writes this is its only writer.
    Whatever,
}

/// Rows to be written together. A row is new, or replaces one that was read.
#[derive(Debug, Default)]
pub struct Batch {
    time: Option<BatchTime>,
    new: Vec<(RowId, Row)>,
    added: Vec<(RowId, Row)>,
    ensured: Vec<(RowId, Row)>,
    replaced: Vec<(RowId, Row)>,
    /// Each with the row that it replaces.
    changed: Vec<(RowId, Row, Row)>,
    removed: Vec<RowId>,
    records: Vec<(RowId, Vec<u8>)>,
}

impl Batch {
    /// An empty batch that was decided at a time. One without a time has that of the batch before it.
    #[must_use]
    pub fn at(time: BatchTime) -> Self {
        Self { time: Some(time), ..Self::default() }
    }

    /// Adds a row that must not exist yet; the whole batch fails with
    /// [`StorageError::Exists`] where it does.
    pub fn insert<T: Table>(&mut self, key: T::Key, document: T::Document) {
        self.new.push((RowId::of::<T>(key), Row::of::<T>(document)));
    }

    /// Adds a row of this table unless it exists, in which case it stays as it is. Saves reading it first.
    pub fn ensure<T: Table>(&mut self, key: T::Key, document: T::Document) {
        self.ensured.push((RowId::of::<T>(key), Row::of::<T>(document)));
    }

    /// Replaces a row that exists.
    pub fn replace<T: Table>(&mut self, key: T::Key, document: T::Document) {
        self.replaced.push((RowId::of::<T>(key), Row::of::<T>(document)));
    }

    /// Adds a row of any table.
    pub fn put(&mut self, id: RowId, row: Row, expected: Expect) {
        match expected {
            Expect::New => self.new.push((id, row)),
            Expect::Still(before) => self.changed.push((id, row, before)),
            Expect::Whatever => self.replaced.push((id, row)),
        }
    }

    /// Adds a row that is known not to exist: it is not looked for. Its key has the place of an event that is new in this
    /// batch; or it has no content, and was read as absent. Where it existed all the same, the count of rows would be wrong.
    pub fn add(&mut self, id: RowId, row: Row) {
        self.added.push((id, row));
    }

    /// The rows that it adds or replaces, but for those of [`Self::ensure`], after they are written.
    pub fn into_put(self) -> impl Iterator<Item = (RowId, Row)> {
        let changed = self.changed.into_iter().map(|(id, row, _)| (id, row));
        self.new.into_iter().chain(self.added).chain(self.replaced).chain(changed)
    }

    /// Puts a record as it is, whatever is there: how tests plant damage.
    #[doc(hidden)]
    pub fn put_record(&mut self, id: RowId, record: Vec<u8>) {
        self.records.push((id, record));
    }

    /// Removes a row that exists.
    pub fn remove(&mut self, id: RowId) {
        self.removed.push(id);
    }

    /// Nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows it writes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.new.len()
            + self.added.len()
            + self.ensured.len()
            + self.replaced.len()
            + self.changed.len()
            + self.removed.len()
            + self.records.len()
    }

    /// The rows that it changes.
    pub fn rows(&self) -> impl Iterator<Item = &RowId> {
        let written = self.new.iter().chain(&self.added).chain(&self.ensured).chain(&self.replaced).map(|(id, _)| id);
        let changed = self.changed.iter().map(|(id, ..)| id);
        written.chain(changed).chain(&self.removed).chain(self.records.iter().map(|(id, _)| id))
    }
}

/// A batch that is in a transaction, and not written yet.
#[must_use = "it is written by its commit alone"]
pub struct Staged<'a> {
    store: &'a Store,
    transaction: Transaction,
    link: Link,
    changes: Changes,
    counted: Option<Counted>,
    unannounced: Unannounced<'a>,
    _writer: MutexGuard<'a, ()>,
}

impl<'a> Staged<'a> {
    /// Writes it, and returns when it is durable. Readers of its rows wait until what is returned is dropped: the caller
    /// first announces what follows from the batch.
    pub fn commit(self) -> Working<'a, Result<Unannounced<'a>, StorageError>> {
        Box::pin(async move {
            // The first of them is dropped last: the next writer's batch is not announced by the end of this one.
            let Self { _writer, unannounced, store, transaction, link, changes, counted } = self;
            transaction.commit().await.map_err(commit_failed)?;
            store.chain.written(link);
            store.counted(&changes, counted);
            Ok(unannounced)
        })
    }
}

impl Store {
    /// Writes a batch in one transaction, and returns when it is durable. Readers of its rows wait until what
    /// is returned is dropped: the caller first announces what follows from the batch.
    pub fn commit<'a: 'b, 'b>(&'a self, batch: &'b Batch) -> Working<'b, Result<Unannounced<'a>, StorageError>> {
        Box::pin(async move { self.stage(batch).await?.commit().await })
    }

    /// Puts a batch into a transaction, which its [commit](Staged::commit) writes: a caller that has something to do while
    /// the disk is waited for has its rows back by then. Nobody else writes until it is committed or dropped.
    pub fn stage<'a: 'b, 'b>(&'a self, batch: &'b Batch) -> Working<'b, Result<Staged<'a>, StorageError>> {
        Box::pin(async move {
            let rows: Ids = batch.rows().cloned().collect();
            // A batch that names a row twice would depend on the order of its writes.
            debug_assert_eq!(rows.len(), batch.len());
            let _writer = self.writer.lock().await;
            let unannounced = self.pending.begin(rows);
            let link = self.next_link(batch.time).await?;
            let transaction = self.datastore.transaction(TransactionType::Write).await.map_err(failed)?;
            match self.put_and_link(&transaction, batch, link).await {
                Ok((changes, counted)) => {
                    Ok(Staged { store: self, transaction, link, changes, counted, unannounced, _writer })
                }
                Err(error) => {
                    record::end(&transaction).await;
                    Err(error)
                }
            }
        })
    }

    /// Puts a batch's writes into a transaction, with its link in the chain of batches and how many rows there are then.
    async fn put_and_link(
        &self,
        transaction: &Transaction,
        batch: &Batch,
        link: Link,
    ) -> Result<(Changes, Option<Counted>), StorageError> {
        let changes = self.put(transaction, batch).await?;
        let counted = self.count(&changes, &link).await?;
        let mut own = vec![(RowId::of::<Batches>(link.place()), Row::of::<Batches>(link))];
        own.extend(counted.clone().map(|counted| (RowId::of::<RowCounts>(()), Row::of::<RowCounts>(counted))));
        let place = self.place(transaction).await?;
        for (id, row) in &own {
            transaction.set(place.key(id), bytes(id, row)?).await.map_err(failed)?;
        }
        Ok((changes, counted))
    }

    /// Puts a batch's writes into a transaction; gives by how many rows they change each table.
    pub(super) async fn put(&self, transaction: &Transaction, batch: &Batch) -> Result<Changes, StorageError> {
        let place = self.place(transaction).await?;
        let mut changes = [0; TABLES];
        let mut count = |id: &RowId, change: i64| {
            if let Some(rows) = changes.get_mut(id.table()) {
                *rows += change;
            }
        };
        let encode = |(id, row): &(RowId, Row)| Ok((place.key(id), bytes(id, row)?));
        // Each is looked for in the tables first: two threads that do that in turn wait for each other most of the time.
        for (key, record) in by_two(&batch.new, MANY, encode)? {
            transaction.put(key, record).await.map_err(failed)?;
        }
        let written: Vec<&(RowId, Row)> = batch.added.iter().chain(&batch.replaced).collect();
        // The engine takes one write at a time.
        let turn = Mutex::new(());
        by_two(&written, MANY, |row| {
            let (key, record) = encode(row)?;
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            at_once(transaction.set(key, record))
        })?;
        batch.new.iter().chain(&batch.added).for_each(|(id, _)| count(id, 1));
        for (id, row, before) in &batch.changed {
            let key = place.key(id);
            let found = transaction.get(key.as_borrowed(), None).await.map_err(failed)?;
            let found = found.map(|record| id.decode(&record)).transpose().map_err(|error| damaged(id, error))?;
            // Who changes it after this read loses: both write the same key.
            if found.as_ref() != Some(before) {
                return Err(StorageError::Conflict(format!("{id} is not what this batch was decided on").into()));
            }
            transaction.set(key, bytes(id, row)?).await.map_err(failed)?;
        }
        for (id, row) in &batch.ensured {
            let key = place.key(id);
            if transaction.get(key.as_borrowed(), None).await.map_err(failed)?.is_none() {
                transaction.put(key, bytes(id, row)?).await.map_err(failed)?;
                count(id, 1);
            }
        }
        for (id, record) in &batch.records {
            let key = place.key(id);
            count(id, i64::from(transaction.get(key.as_borrowed(), None).await.map_err(failed)?.is_none()));
            transaction.set(key, record.clone()).await.map_err(failed)?;
        }
        for id in &batch.removed {
            transaction.del(place.key(id)).await.map_err(failed)?;
            count(id, -1);
        }
        Ok(changes)
    }
}

/// Has the engine take a write of its one caller: it waits for nothing before the commit. That in memory has a lock that
/// would wait for another caller, and for a task's turn to end.
fn at_once(write: impl Future<Output = anyhow::Result<()>>) -> Result<(), StorageError> {
    match pin!(unconstrained(write)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(taken) => taken.map_err(failed),
        Poll::Pending => Err(StorageError::Database("the engine waited before the commit".to_owned().into())),
    }
}

/// A row's record.
fn bytes(id: &RowId, row: &Row) -> Result<Vec<u8>, StorageError> {
    id.encode(row).map_err(|error| damaged(id, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Emails};
    use scrip_domain::id::CustomerId;

    /// However many rows a batch has, either engine takes it at once: by one thread and by two.
    #[tokio::test]
    async fn a_batch_may_have_many_rows() {
        let folder = tempfile::tempdir().expect("a folder");
        let on_disk = format!("surrealkv://{}", folder.path().join("db").display());
        for address in ["mem://", &on_disk] {
            let store = Store::open(&Address::parse(address).expect("an address")).await.expect("a store");
            for many in [MANY - 1, MANY, 10 * MANY] {
                let key = |number: usize| format!("{many}-{number}");
                let mut batch = Batch::default();
                for number in 0..many {
                    let (id, row) = (RowId::of::<Emails>(key(number)), CustomerId::kept("ann".to_owned()));
                    let expected = if number % 2 == 0 { Expect::New } else { Expect::Whatever };
                    batch.put(id, Row::of::<Emails>(row), expected);
                }
                drop(store.commit(&batch).await.expect("written"));
                let found = store.get::<Emails>(&(0..many).map(key).collect::<Vec<_>>()).await.expect("rows");
                assert_eq!(found.iter().flatten().count(), many, "{address}");
                // One that is there fails all of them.
                let mut again = Batch::default();
                (0..many)
                    .for_each(|number| again.insert::<Emails>(key(many + number), CustomerId::kept("ann".to_owned())));
                again.insert::<Emails>(key(many / 2), CustomerId::kept("ann".to_owned()));
                assert!(matches!(store.commit(&again).await.map(drop), Err(StorageError::Exists(_))), "{address}");
                assert!(store.get_one::<Emails>(key(many)).await.expect("an answer").is_none(), "nothing of it");
            }
        }
    }
}
