//! The second wall, which trusts no engine. Batches form a chain: each writes one more row in its transaction, with its
//! number, its time, and the digest of the row before. What is lost from the middle leaves a gap or a broken link,
//! whatever the engine says; what is lost from the end is told by the [mark] beside the folder. A [start] that finds
//! less than all refuses, and leaves every file as it is.
//!
//! The rows are kept in a ring, so that they do not grow for ever: a batch overwrites the row of the one [`RING`]
//! numbers before it.

mod digest;
mod fault;
mod mark;
mod marker;
mod ring;
mod start;
mod still;

pub use digest::Digest;
pub use fault::{Fault, Moment};
pub(super) use {
    mark::{Mark, path as mark_path},
    ring::Ring,
    start::Start,
    still::{COPY, Copied, Still, naming_tables},
};

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use self::{mark::Told, marker::Marker};
use super::{StorageError, Store, tables::Batches};
use scrip_domain::clock::{BatchTime, Reading};

/// How many batches the ring holds. A lost log segment or memtable leaves a gap somewhere before what is newer, which is
/// at most two more memtables, or 48 MiB of smaller ones. A batch of the smallest claim puts 1.3 kB into them: two of 64 MiB
/// hold 103,000, and where nothing is set they have 16 MiB.
pub(super) const RING: u64 = 131_072;

/// The row of one batch. Its own digest is not stored: it follows from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Counted from 1 without gaps.
    pub number: u64,
    /// When it was decided; never before the time of the batch before.
    pub time: BatchTime,
    /// The digest of the row of the batch before.
    pub before: Digest,
    /// Drawn by each start. Two histories that went on from the same batch differ by it.
    pub run: u64,
}

/// What the clocks of no machine say.
const NO_READING: Reading = Reading { wall: 0, steady: 0, boot: 0 };

impl Link {
    /// What the first batch follows.
    const NONE: Self = Self {
        number: 0,
        time: BatchTime { at: 0, reading: NO_READING, period: 0, period_began: NO_READING },
        before: Digest::NONE,
        run: 0,
    };

    /// The digest of it: of its number, its time, the batch before and the run. What the clocks said is not part of it,
    /// which earlier formats kept elsewhere.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&self.number.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.time.at.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.before.bytes());
        bytes[32..].copy_from_slice(&self.run.to_le_bytes());
        Digest::of(&bytes)
    }

    /// The batch after it. Time does not go back along the chain, whatever the clock does.
    fn next(&self, time: Option<BatchTime>, run: u64) -> Self {
        let mut time = time.unwrap_or(self.time);
        time.at = time.at.max(self.time.at);
        Self { number: self.number + 1, time, before: self.digest(), run }
    }

    /// Its place in the ring.
    pub(super) fn place(&self) -> u32 {
        place(self.number)
    }

    /// What the mark says when it is the last one told.
    fn told(&self) -> Told {
        Told { number: self.number, at: self.time.at, digest: self.digest() }
    }

    /// Its number and time, for people.
    pub(super) fn moment(&self) -> Moment {
        Moment { number: self.number, at: self.time.at }
    }
}

/// Where the row of the batch with a number is.
fn place(number: u64) -> u32 {
    u32::try_from(number % RING).unwrap_or_default()
}

/// The end of the chain of an open database.
pub(super) struct Chain {
    head: Mutex<Head>,
    run: u64,
    /// Told of every batch that is durable. A database in memory has none.
    marker: OnceLock<Marker>,
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
        let head = Mutex::new(Head { link: Link::NONE, doubtful: false });
        // Seeded by the operating system, anew for each.
        Self { head, run: RandomState::new().hash_one(0), marker: OnceLock::new() }
    }
}

impl Chain {
    fn head(&self) -> MutexGuard<'_, Head> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch is durable.
    pub(super) fn written(&self, link: Link) {
        *self.head() = Head { link, doubtful: false };
        if let Some(marker) = self.marker.get() {
            marker.tell(link.told());
        }
    }

    /// Goes on after a batch that is in the database, and has a mark told of it and of those that follow.
    fn begin(&self, link: Link, marker: Marker) {
        // A database has one mark; a second one would only be dropped.
        drop(self.marker.set(marker));
        self.written(link);
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

    /// The link of the batch that is written next. From here on until [`Chain::written`], it is not known what becomes of
    /// it: should it fail, the database is asked before the one after it.
    pub(super) async fn next_link(&self, time: Option<BatchTime>) -> Result<Link, StorageError> {
        let Head { mut link, doubtful } = *self.chain.head();
        if doubtful && let Some(found) = self.get_one::<Batches>(place(link.number + 1)).await? {
            // Otherwise it is one of the round before.
            if found.number == link.number + 1 {
                link = found;
            }
        }
        *self.chain.head() = Head { link, doubtful: true };
        Ok(link.next(time, self.chain.run))
    }
}
