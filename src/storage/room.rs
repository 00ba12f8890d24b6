//! The room that is left on the disk, and how much of it is kept free. An engine that meets a full disk refuses every
//! change from then on, until it is opened again; so no batch is begun that could bring it there, and what was begun
//! (a batch, the tables that are written from memory, the log's next part) finds the room to end.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::Address;

/// What is kept free beside the memtables, in bytes: the engine writes up to 32 MiB of its log ahead, and as much
/// again is for a batch, for the manifest and for the blocks that a file system takes for itself.
const BESIDE: u64 = 64 * 1024 * 1024;
/// How many memtables there is room for: the one that is written to, and two that wait to be written out.
const MEMTABLES: u64 = 3;
/// The most that merging tables takes before it gives the old ones back, in bytes: it takes no more than they hold,
/// and the engine merges the first level (12 tables of 64 MiB, and 256 MiB below them) at once, of others less.
const MERGING: u64 = 1024 * 1024 * 1024;
/// By which part of the reserve more has to be free before changes are made again, so that this does not come and go
/// with every batch.
const MARGIN: u64 = 8;
/// No room is pretended.
const TRUE: u64 = u64::MAX;

/// The room on the disk that a database is on.
#[derive(Debug)]
pub struct Room {
    /// None where it is in memory.
    folder: Option<PathBuf>,
    /// What is kept free whatever there is to merge.
    least: u64,
    /// How much the database takes, as far as it was measured.
    taken: AtomicU64,
    full: AtomicBool,
    pretended: AtomicU64,
}

/// Too little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lack {
    /// How many bytes are free.
    pub free: u64,
    /// How many are kept free.
    pub reserve: u64,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: u64 = 1024 * 1024;
        let Self { free, reserve } = self;
        write!(f, "the disk is full: {} MiB are left, {} MiB are kept free", free / MIB, reserve / MIB)
    }
}

impl Room {
    /// The room for the database at an address.
    pub(super) fn new(address: &Address) -> Self {
        let least = BESIDE.saturating_add(address.memtable().saturating_mul(MEMTABLES));
        let folder = address.folder().cloned();
        let (full, pretended) = (AtomicBool::new(false), AtomicU64::new(TRUE));
        let room = Self { folder, least, taken: AtomicU64::new(0), full, pretended };
        room.measure();
        room
    }

    /// Measures how much the database takes, for what merging it would take. To be repeated as it grows; it reads the
    /// names of all files.
    pub fn measure(&self) {
        let taken = self.folder.as_deref().map_or(0, size);
        self.taken.store(taken, Ordering::Relaxed);
    }

    /// What is lacking for changes to be made; none where there is room, or where that cannot be told.
    #[must_use]
    pub fn lack(&self) -> Option<Lack> {
        let free = self.free()?;
        let reserve = reserve(self.least, self.taken.load(Ordering::Relaxed));
        let full = is_full(free, reserve, self.full.load(Ordering::Relaxed));
        self.full.store(full, Ordering::Relaxed);
        full.then_some(Lack { free, reserve })
    }

    /// Takes so many bytes for free, whatever the disk has; none tells the truth again. For tests of a full disk.
    pub fn pretend(&self, free: Option<u64>) {
        self.pretended.store(free.unwrap_or(TRUE), Ordering::Relaxed);
    }

    fn free(&self) -> Option<u64> {
        let pretended = self.pretended.load(Ordering::Relaxed);
        if pretended != TRUE {
            return Some(pretended);
        }
        // What root alone may use does not count.
        let found = rustix::fs::statvfs(self.folder.as_ref()?).ok()?;
        Some(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

/// How much is kept free for a database that takes so much.
fn reserve(least: u64, taken: u64) -> u64 {
    least.saturating_add(taken.min(MERGING))
}

/// The bytes in a folder; what cannot be read is left out.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(of).sum()
}

/// Whether so much room is too little, given whether it was so before.
fn is_full(free: u64, reserve: u64, was: bool) -> bool {
    free < reserve.saturating_add(if was { reserve / MARGIN } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back_with_some_room_more() {
        for (free, was, full) in [
            (799, false, true),
            (800, false, false),
            (800, true, true),
            (899, true, true),
            (900, true, false),
            (0, false, true),
        ] {
            assert_eq!(is_full(free, 800, was), full, "{free} of 800, {was} before");
        }
    }

    #[test]
    fn what_merging_takes_is_kept_free() {
        for (taken, kept) in [(0, 7), (100, 107), (MERGING, MERGING + 7), (u64::MAX, MERGING + 7)] {
            assert_eq!(reserve(7, taken), kept, "{taken}");
        }
    }

    #[test]
    fn the_room_of_a_folder_is_known_and_that_of_memory_is_not() {
        let folder = std::env::temp_dir().join("scrip-room-of-nothing");
        std::fs::create_dir_all(&folder).expect("a folder");
        let address = |text: &str| Address::parse(text).expect("an address");
        let disk = Room::new(&address(&format!("surrealkv://{}?max_memtable_size=1048576", folder.display())));
        assert!(disk.free().is_some_and(|free| free > 0));
        assert_eq!(disk.least, BESIDE + 3 * 1024 * 1024);
        let memory = Room::new(&address("mem://"));
        assert_eq!((memory.free(), memory.lack()), (None, None));
        memory.pretend(Some(0));
        assert_eq!(memory.lack(), Some(Lack { free: 0, reserve: memory.least }));
        memory.pretend(None);
        assert_eq!(memory.lack(), None);
    }
}
