//! The mark: a small file beside a database's folder with the last batch that was told. It is written after the batch is
//! durable, so it is never ahead of the database; and by a [thread](super::marker) that nobody waits for, so it may be a
//! little behind.
//! A database that has less than its mark has lost something.
//!
//! Two slots are written in turn, each with a checksum, so that a write that a power cut tears leaves the other one.
//! What the file says survives a killed process at once, and a power cut after a second at most.
//!
//! It is locked for as long as the database is open: who holds it has the folder, and what is beside it, to itself.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{
    Link,
    digest::{Digest, checksum},
    fault::Moment,
};
use crate::folder::{Locked, beside, parent, sync};

/// The start of a slot, with the version of its layout.
const MAGIC: &[u8; 8] = b"scripmk1";
/// How long a slot is, and how far apart the two are: no sector or page holds both.
const SLOT: usize = 48;
const APART: u64 = 4_096;

/// A batch that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) number: u64,
    pub(super) at: i64,
    pub(super) digest: Digest,
}

impl Told {
    /// Its number and time, for people.
    pub(super) fn moment(&self) -> Moment {
        Moment { number: self.number, at: self.at }
    }

    fn encode(&self) -> [u8; SLOT] {
        let mut slot = [0; SLOT];
        slot[..8].copy_from_slice(MAGIC);
        slot[8..16].copy_from_slice(&self.number.to_le_bytes());
        slot[16..24].copy_from_slice(&self.at.to_le_bytes());
        slot[24..40].copy_from_slice(&self.digest.bytes());
        let sum = checksum(&slot[..40]);
        slot[40..].copy_from_slice(&sum.to_le_bytes());
        slot
    }

    /// What a slot says; none where it is damaged or was never written.
    fn decode(slot: &[u8]) -> Option<Self> {
        let part = |from: usize| slot.get(from..from + 8)?.try_into().ok();
        let sum = u64::from_le_bytes(part(40)?);
        if slot.get(..8)? != MAGIC || checksum(&slot[..40]) != sum {
            return None;
        }
        let digest = Digest::from_bytes(slot.get(24..40)?.try_into().ok()?);
        Some(Self { number: u64::from_le_bytes(part(8)?), at: i64::from_le_bytes(part(16)?), digest })
    }
}

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// There is none, or nothing was told yet.
    Nothing,
    /// Neither slot can be read.
    Damaged,
    /// The last batch told.
    Told(Told),
}

/// The mark of a database, locked.
#[derive(Debug)]
pub(crate) struct Mark {
    /// None where there is no file, and it was only looked for.
    file: Option<Locked>,
    /// The file's path.
    pub(super) path: PathBuf,
    /// What it said when it was opened.
    pub(super) says: Says,
    /// The slot that is written next: not the one with the last batch.
    slot: u64,
}

impl Mark {
    /// The mark of a folder, made where there is none. Fails with [`io::ErrorKind::WouldBlock`] where another process has
    /// the folder.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let path = path(folder);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let mark = Self::lock(file, path)?;
        if let (Some(Locked(file)), Says::Nothing) = (&mark.file, mark.says) {
            // Both slots get their place on the disk, so that no write finds it full.
            file.write_all_at(&[0; SLOT], 0)?;
            file.write_all_at(&[0; SLOT], APART)?;
            file.sync_all()?;
            sync(parent(&mark.path))?;
        }
        Ok(mark)
    }

    /// The mark of a folder as it is, which is not written.
    pub(crate) fn look(folder: &Path) -> io::Result<Self> {
        let path = path(folder);
        match File::open(&path) {
            Ok(file) => Self::lock(file, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self { file: None, path, says: Says::Nothing, slot: 0 })
            }
            Err(error) => Err(error),
        }
    }

    fn lock(file: File, path: PathBuf) -> io::Result<Self> {
        file.try_lock()?;
        let file = Locked(file);
        let (says, slot) = read(&file.0)?;
        Ok(Self { file: Some(file), path, says, slot })
    }

    fn file(&self) -> io::Result<&File> {
        self.file.as_ref().map(|file| &file.0).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Writes the last batch that was told. What is written outlives the process, and after [`Mark::sync`] a power cut.
    pub(super) fn write(&mut self, told: Told) -> io::Result<()> {
        // After a failure, the same slot again: the other one is still good.
        self.file()?.write_all_at(&told.encode(), self.slot * APART)?;
        self.slot = 1 - self.slot;
        Ok(())
    }

    /// Makes the mark of a new folder, on disk: a batch of another life was the last one told.
    pub(crate) fn make(folder: &Path, last: &Link) -> io::Result<()> {
        let mut mark = Self::open(folder)?;
        if last.number > 0 {
            mark.write(last.told())?;
        }
        mark.sync()
    }

    /// Has what was written put on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file()?.sync_data()
    }
}

/// Where the mark of a folder is.
pub(crate) fn path(folder: &Path) -> PathBuf {
    beside(folder, ".mark")
}

/// What a file says, and the slot that is written next.
fn read(file: &File) -> io::Result<(Says, u64)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        match file.read_at(&mut chunk, bytes.len() as u64) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let slot = |number: u64| {
        let start = usize::try_from(number * APART).ok()?;
        bytes.get(start..start + SLOT).and_then(Told::decode)
    };
    Ok(match (slot(0), slot(1)) {
        (None, None) if bytes.iter().all(|byte| *byte == 0) => (Says::Nothing, 0),
        (None, None) => (Says::Damaged, 0),
        (Some(told), None) => (Says::Told(told), 1),
        (Some(one), Some(other)) if one.number > other.number => (Says::Told(one), 1),
        (_, Some(told)) => (Says::Told(told), 0),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::chain::marker::Marker;

    fn told(number: u64) -> Told {
        Told { number, at: 1_764_307_214_000, digest: Digest::of(&number.to_le_bytes()) }
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    /// Opens the mark of a folder, tells it of batches, ends it, and gives what it says then.
    fn says_after(folder: &Path, numbers: &[u64]) -> Says {
        let marker = Marker::start(Mark::open(folder).expect("a mark"), true).expect("a thread");
        for number in numbers {
            marker.tell(told(*number));
        }
        marker.end();
        says(folder)
    }

    fn says(folder: &Path) -> Says {
        Mark::look(folder).expect("readable").says
    }

    #[test]
    fn the_last_batch_told_is_what_it_says() {
        let parent = folder();
        let folder = parent.path().join("data");
        assert_eq!(says(&folder), Says::Nothing);
        assert!(!path(&folder).exists(), "to look makes none");
        assert_eq!(says_after(&folder, &[]), Says::Nothing);
        for numbers in [&[1][..], &[2, 3, 4], &[5], &[], &[6, 7]] {
            let last = says_after(&folder, numbers);
            if let Some(number) = numbers.last() {
                assert_eq!(last, Says::Told(told(*number)));
            }
        }
        assert_eq!(says(&folder), Says::Told(told(7)));
    }

    #[test]
    fn it_is_held_by_one() {
        let parent = folder();
        let folder = parent.path().join("data");
        let held = Mark::open(&folder).expect("a mark");
        for other in [Mark::open(&folder), Mark::look(&folder)] {
            assert_eq!(other.err().map(|error| error.kind()), Some(io::ErrorKind::WouldBlock));
        }
        drop(held);
        assert!(Mark::open(&folder).is_ok());
    }

    #[test]
    fn damage_to_one_slot_leaves_the_other() {
        let parent = folder();
        let folder = parent.path().join("data");
        says_after(&folder, &[8]);
        says_after(&folder, &[9]);
        let whole = fs::read(path(&folder)).expect("a mark");
        let mut seen = [false; 2];
        for place in (0..SLOT).flat_map(|place| [place, place + 4_096]) {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[place] ^= 1 << bit;
                fs::write(path(&folder), &damaged).expect("written");
                match says(&folder) {
                    Says::Told(left) => {
                        assert!([told(8), told(9)].contains(&left), "{left:?}");
                        seen[usize::from(left == told(9))] = true;
                    }
                    other => panic!("one slot is damaged, and it says {other:?}"),
                }
            }
        }
        assert_eq!(seen, [true; 2]);
        let mut damaged = whole.clone();
        damaged[0] ^= 1;
        damaged[4_096] ^= 1;
        fs::write(path(&folder), &damaged).expect("written");
        assert_eq!(says(&folder), Says::Damaged);
        fs::write(path(&folder), &whole[..20]).expect("written");
        assert_eq!(says(&folder), Says::Damaged);
        // It is written over with the next batch.
        assert_eq!(says_after(&folder, &[10]), Says::Told(told(10)));
    }
}
