//! The room that is left on the disk, and how much of it is kept free, so that what was begun finds the room to end: a
//! batch, the tables that are written from memory, the log's next part.

use std::{fmt, path::PathBuf};

use super::Address;

/// The room on the disk that a database is on.
#[derive(Debug)]
pub struct Room {
    /// None where it is in memory.
    folder: Option<PathBuf>,
    reserve: u64,
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
    #[must_use]
    pub fn new(address: &Address) -> Self {
        Self { folder: address.folder().cloned(), reserve: address.reserve() }
    }

    /// What is lacking for changes to be made; none where there is room, or where that cannot be told. It asks the file
    /// system, which may take long where a disk does not answer.
    #[must_use]
    pub fn lack(&self) -> Option<Lack> {
        lack(self.free()?, self.reserve)
    }

    fn free(&self) -> Option<u64> {
        let found = rustix::fs::statvfs(self.folder.as_deref()?).ok()?;
        // What root alone may use does not count.
        Some(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

fn lack(free: u64, reserve: u64) -> Option<Lack> {
    (free < reserve).then_some(Lack { free, reserve })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_kept_free() {
        for (free, lacks) in [(0, true), (799, true), (800, false), (u64::MAX, false)] {
            assert_eq!(lack(free, 800).is_some(), lacks, "{free}");
        }
    }

    #[test]
    fn the_room_of_a_folder_is_known_and_that_of_memory_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let room = |text: &str| Room::new(&Address::parse(text).expect("an address"));
        let with = |reserve: u64| room(&format!("surrealkv://{}?reserve={reserve}", folder.path().display()));
        assert_eq!(with(0).lack(), None);
        let lack = with(u64::MAX).lack().expect("nothing has so much room");
        assert!(lack.free > 0 && lack.reserve == u64::MAX, "{lack}");
        assert_eq!(room("mem://").lack(), None);
    }
}
