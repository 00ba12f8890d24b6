//! How many rows each table has: counted with every batch and kept in its transaction, so that it is exact and nobody reads
//! the rows to know. A folder that an earlier Scrip has written to is counted once, beside the work, after its start.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Link, StorageError, Store, Table, View,
    backup::RawPages,
    chain::RING,
    tables::{Batches, Counted, Formats, NAMES, RowCounts, TABLES},
};

/// How long the counting rests at most after a page: what takes long on a busy machine is not work alone.
const LONGEST_REST: Duration = Duration::from_millis(20);

/// By how many rows a batch changes each table.
pub(super) type Changes = [i64; TABLES];

/// What is known.
#[derive(Debug, Default)]
enum Known {
    /// Nothing.
    #[default]
    Nothing,
    /// Rows are being counted as they were at a moment; by how many they have changed since.
    Counting(Box<Changes>),
    /// All of it.
    All(Box<Counted>),
}

/// The counts of an open database.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    known: Known,
    /// A batch was begun, and what became of it is not known.
    doubtful: bool,
}

impl Counts {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many rows the tables have; none where that is not known (yet).
    fn rows(&self) -> Option<[u64; TABLES]> {
        match &self.lock().known {
            Known::All(counted) => Some(counted.rows),
            Known::Nothing | Known::Counting(_) => None,
        }
    }

    /// The counts with a batch, to be written with it; none where nothing is known.
    fn with(&self, changes: &Changes, link: &Link) -> Option<Counted> {
        let mut state = self.lock();
        state.doubtful = true;
        let Known::All(counted) = &state.known else { return None };
        Some(counted.with(changes, link))
    }

    /// A batch is durable.
    fn written(&self, changes: &Changes, counted: Option<Counted>) {
        let mut state = self.lock();
        state.doubtful = false;
        match (&mut state.known, counted) {
            (_, Some(counted)) => state.known = Known::All(Box::new(counted)),
            (Known::Counting(since), None) => {
                since.iter_mut().zip(changes).for_each(|(all, change)| *all += change);
            }
            _ => {}
        }
    }
}

impl Counted {
    /// These after a batch.
    fn with(&self, changes: &Changes, link: &Link) -> Self {
        let mut rows = self.rows;
        for (rows, change) in rows.iter_mut().zip(changes) {
            *rows = rows.saturating_add_signed(*change);
        }
        // A batch writes these itself: the first two are one row, the last a ring of them.
        for (table, own) in [(Formats::NUMBER, 1), (RowCounts::NUMBER, 1), (Batches::NUMBER, link.number.min(RING))] {
            if let Some(rows) = rows.get_mut(table) {
                *rows = own;
            }
        }
        Self { batch: link.number, rows }
    }
}

impl Store {
    /// Takes over what was counted up to the last batch.
    pub(super) async fn begin_counts(&self) -> Result<(), StorageError> {
        let last = self.last_batch().number;
        let known = match last {
            0 => Known::All(Box::new(Counted { batch: 0, rows: [0; TABLES] })),
            _ => self.kept_counts(last).await?.map_or(Known::Nothing, |counted| Known::All(Box::new(counted))),
        };
        *self.counts.lock() = State { known, doubtful: false };
        Ok(())
    }

    /// The counts of a batch, if they are those that are kept.
    async fn kept_counts(&self, batch: u64) -> Result<Option<Counted>, StorageError> {
        match self.get_one::<RowCounts>(()).await {
            Ok(counted) => Ok(counted.filter(|counted| counted.batch == batch)),
            // Of a later version, with tables that are not known here: they are counted anew. `scrip check` tells it.
            Err(StorageError::Row { id, reason }) => {
                tracing::warn!(id, %reason, "the rows are counted anew");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The counts to be written with a batch.
    pub(super) async fn count(&self, changes: &Changes, link: &Link) -> Result<Option<Counted>, StorageError> {
        if self.counts.lock().doubtful {
            let kept = self.kept_counts(link.number - 1).await?;
            self.counts.lock().known = kept.map_or(Known::Nothing, |counted| Known::All(Box::new(counted)));
        }
        Ok(self.counts.with(changes, link))
    }

    /// A batch is durable.
    pub(super) fn counted(&self, changes: &Changes, counted: Option<Counted>) {
        self.counts.written(changes, counted);
    }

    /// How many rows each table has, by its number; none where an earlier Scrip has written to the folder, until they are
    /// counted.
    pub(super) fn row_counts(&self) -> Option<[u64; TABLES]> {
        self.counts.rows()
    }

    /// Counts the rows if that was never done, beside the work and with as much rest; ends early where it is stopped.
    pub async fn count_rows(self: &Arc<Self>, stop: CancellationToken) -> Result<(), StorageError> {
        if self.counts.rows().is_some() {
            return Ok(());
        }
        let store = Arc::clone(self);
        let runtime = tokio::runtime::Handle::current();
        // The engine reads in the middle of a task.
        let counting = tokio::task::spawn_blocking(move || runtime.block_on(store.count_all(&stop)));
        counting.await.unwrap_or_else(|error| Err(StorageError::Database(error.into())))
    }

    async fn count_all(&self, stop: &CancellationToken) -> Result<(), StorageError> {
        let view = {
            // Between two batches.
            let _writer = self.writer.lock().await;
            self.counts.lock().known = Known::Counting(Box::new([0; TABLES]));
            self.view().await?
        };
        let Some(mut rows) = self.count_view(&view, stop).await? else { return Ok(()) };
        // No batch is between its writes and its counts.
        let _writer = self.writer.lock().await;
        let mut state = self.counts.lock();
        // Where what became of a batch was not known meanwhile, the next start counts.
        if let (Known::Counting(since), false) = (&state.known, state.doubtful) {
            rows.iter_mut().zip(since.iter()).for_each(|(rows, change)| *rows = rows.saturating_add_signed(*change));
            let batch = self.last_batch().number;
            // Each batch since has written its own, which are not among its changes.
            if let Some(batches) = rows.get_mut(Batches::NUMBER) {
                *batches = batch.min(RING);
            }
            state.known = Known::All(Box::new(Counted { batch, rows }));
        }
        Ok(())
    }

    /// Counts the rows that a view shows; none where it is stopped.
    async fn count_view(
        &self,
        view: &View<'_>,
        stop: &CancellationToken,
    ) -> Result<Option<[u64; TABLES]>, StorageError> {
        let place = self.place(view.transaction()).await?;
        let mut counted = [0; TABLES];
        for (name, rows) in NAMES.iter().zip(&mut counted) {
            let mut pages = RawPages::new(place, name);
            loop {
                let begun = Instant::now();
                let Some(page) = pages.next(view.transaction()).await? else { break };
                *rows += page.rows().count() as u64;
                let rest = begun.elapsed().min(LONGEST_REST);
                if stop.run_until_cancelled(tokio::time::sleep(rest)).await.is_none() {
                    return Ok(None);
                }
            }
        }
        Ok(Some(counted))
    }
}

#[cfg(test)]
#[path = "counts_tests.rs"]
mod tests;
