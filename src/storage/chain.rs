//! The chain of batches. Every batch writes one more row in its transaction: its number, its time, and the digest of the
//! row before. What is lost from the middle leaves a gap or a broken link, whatever the engine says; what is lost from
//! the end is told by the [mark](super::mark).
//!
//! The rows are kept in a ring, so that they do not grow for ever: a batch overwrites the row of the one
//! [`RING`] numbers before it.

use std::sync::{
    Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize};
use surrealdb_datastore::Transaction;

use super::{
    Row, RowId, StorageError, Store,
    digest::Digest,
    fault::Moment,
    mark::Told,
    marker::Marker,
    record::{failed, record},
};

/// How many batches the ring holds. A lost log segment or memtable leaves a gap somewhere before what is newer, which is
/// at most two more memtables. A batch of the smallest claim puts 1.3 kB into them: two of 64 MiB hold 103,000.
pub(super) const RING: u64 = 131_072;

/// The row of one batch. Its own digest is not stored: it follows from the rest, so none of it can change unnoticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Fields", into = "Fields")]
pub struct Link {
    /// Counted from 1 without gaps.
    pub number: u64,
    /// When it was decided, in milliseconds since 1970; never before the time of the batch before.
    pub at: i64,
    /// The digest of the row of the batch before.
    pub before: Digest,
    /// A hash of what the batch wrote, by which two batches with the same number and time differ.
    pub contents: u64,
}

/// The row as it is stored: without names, because there is one for every batch.
type Fields = (u64, i64, Digest, u64);

impl From<Fields> for Link {
    fn from((number, at, before, contents): Fields) -> Self {
        Self { number, at, before, contents }
    }
}

impl From<Link> for Fields {
    fn from(link: Link) -> Self {
        (link.number, link.at, link.before, link.contents)
    }
}

impl Link {
    /// What the first batch follows.
    pub(super) fn start() -> Self {
        Self { number: 0, at: 0, before: Digest::from_bytes([0; 16]), contents: 0 }
    }

    /// The digest of all of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&self.number.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.at.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.before.bytes());
        bytes[32..].copy_from_slice(&self.contents.to_le_bytes());
        Digest::of(&bytes)
    }

    /// The batch after it. Time does not go back along the chain, whatever the clock does.
    pub(super) fn next(&self, at: i64, contents: u64) -> Self {
        Self { number: self.number + 1, at: at.max(self.at), before: self.digest(), contents }
    }

    /// Its place in the ring.
    pub(super) fn id(&self) -> RowId {
        place(self.number)
    }

    /// What the mark says when it is the last one told.
    pub(super) fn told(&self) -> Told {
        Told { number: self.number, at: self.at, digest: self.digest() }
    }

    /// Its number and time, for people.
    pub(super) fn moment(&self) -> Moment {
        Moment { number: self.number, at: self.at }
    }
}

/// Where the row of the batch with a number is.
pub(super) fn place(number: u64) -> RowId {
    RowId::Batch(u32::try_from(number % RING).unwrap_or_default())
}

/// The end of the chain of an open database.
pub(super) struct Chain {
    head: Mutex<Head>,
    /// Told of every batch that is durable; there is none in memory.
    marker: OnceLock<Marker>,
    /// Whether a batch that is confirmed is on disk.
    promised: AtomicBool,
}

/// The last batch.
#[derive(Clone, Copy)]
struct Head {
    link: Link,
    /// Whether the one after it may have been written, because what became of a write is not known.
    doubtful: bool,
}

impl Default for Chain {
    fn default() -> Self {
        let head = Mutex::new(Head { link: Link::start(), doubtful: false });
        Self { head, marker: OnceLock::new(), promised: AtomicBool::new(false) }
    }
}

impl Chain {
    fn head(&self) -> MutexGuard<'_, Head> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on after a batch that is in the database.
    pub(super) fn begin(&self, link: Link) {
        *self.head() = Head { link, doubtful: false };
    }

    /// To be called before a write: until [`Chain::written`], it is not known what became of it.
    pub(super) fn doubt(&self) {
        self.head().doubtful = true;
    }

    /// A batch is durable.
    pub(super) fn written(&self, link: Link) {
        self.begin(link);
        if let Some(marker) = self.marker.get().filter(|_| self.promised.load(Ordering::Relaxed)) {
            marker.tell(link.told());
        }
    }

    /// Has a mark told of what is durable, beginning with what is in the database; where nothing is promised, it stays
    /// as it is, and is only held.
    pub(super) fn mark_with(&self, marker: Marker, promised: bool) {
        if promised {
            marker.tell(self.head().link.told());
        }
        self.promised.store(promised, Ordering::Relaxed);
        // A database has one mark; a second one would only be dropped.
        drop(self.marker.set(marker));
    }

    /// Has the mark written a last time, and lets it go.
    pub(super) fn end(&self) {
        if let Some(marker) = self.marker.get() {
            marker.end();
        }
    }
}

impl Store {
    /// The last batch that is durable.
    #[must_use]
    pub fn last_batch(&self) -> Link {
        self.chain.head().link
    }

    /// The batch that the next one follows. After a write whose outcome is not known, the database is asked.
    pub(super) async fn head(&self) -> Result<Link, StorageError> {
        let Head { link, doubtful } = *self.chain.head();
        if !doubtful {
            return Ok(link);
        }
        let next = link.number + 1;
        match self.get_one(place(next)).await? {
            Some(Row::Batch(found)) if found.number == next => Ok(found),
            _ => Ok(link),
        }
    }

    /// Puts the row of a batch into its transaction.
    pub(super) async fn link(&self, transaction: &Transaction, link: Link) -> Result<(), StorageError> {
        let key = self.place(transaction).await?.key(&link.id());
        transaction.set_key(&key, &record(&key, &Row::Batch(link))?).await.map_err(failed)
    }
}
