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
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{
    beside::{Locked, beside, sync_name},
    chain::Link,
    digest::{Digest, checksum},
    fault::Moment,
};

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
    /// There is none, or it is blank.
    Nothing,
    /// Neither slot can be read.
    Damaged,
    /// The last batch told.
    Told(Told),
}

/// The mark of a database, locked.
#[derive(Debug)]
pub(super) struct Mark {
    file: Locked,
    /// The file's path.
    pub(super) path: PathBuf,
    /// What it said when it was opened.
    pub(super) says: Says,
    /// The slot that is written next: not the one with the last batch.
    slot: u64,
}

impl Mark {
    /// The mark of a folder, made where there is none; none where another process has the folder.
    pub(super) fn open(folder: &Path) -> io::Result<Option<Self>> {
        let path = path(folder);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let mut mark = Self::lock(file, path)?;
        if let Some(mark) = mark.as_mut().filter(|mark| mark.says == Says::Nothing) {
            // Both slots get their place on the disk, so that no write finds it full; and the file says from now on that
            // nothing was told, which is something else than having no mark.
            mark.file.0.write_all_at(&[0; SLOT], APART)?;
            mark.write(Link::start().told())?;
            mark.file.0.sync_all()?;
            sync_name(&mark.path)?;
        }
        Ok(mark)
    }

    /// The mark of a folder as it is, which is not written; the outer none where there is none.
    pub(super) fn look(folder: &Path) -> io::Result<Option<Option<Self>>> {
        let path = path(folder);
        match File::open(&path) {
            Ok(file) => Self::lock(file, path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn lock(file: File, path: PathBuf) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let file = Locked(file);
        let (says, slot) = read(&file.0)?;
        Ok(Some(Self { file, path, says, slot }))
    }

    /// Writes the last batch that was told. What is written outlives the process, and after [`Mark::sync`] a power cut.
    pub(super) fn write(&mut self, told: Told) -> io::Result<()> {
        // After a failure, the same slot again: the other one is still good.
        self.file.0.write_all_at(&told.encode(), self.slot * APART)?;
        self.slot = 1 - self.slot;
        Ok(())
    }

    /// Has what was written put on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.0.sync_data()
    }
}

/// Where the mark of a folder is.
pub(super) fn path(folder: &Path) -> PathBuf {
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
    use crate::marker::Marker;

    fn told(number: u64) -> Told {
        Told { number, at: 1_764_307_214_000, digest: Digest::of(&number.to_le_bytes()) }
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    /// Opens the mark of a folder, tells it of batches, ends it, and gives what it says then.
    fn says_after(folder: &Path, numbers: &[u64]) -> Says {
        let mark = Mark::open(folder).expect("a mark").expect("not in use");
        let marker = Marker::start(mark).expect("a thread");
        for number in numbers {
            marker.tell(told(*number));
        }
        marker.end();
        says(folder)
    }

    fn says(folder: &Path) -> Says {
        Mark::look(folder).expect("readable").expect("a mark").expect("not in use").says
    }

    #[test]
    fn the_last_batch_told_is_what_it_says() {
        let parent = folder();
        let folder = parent.path().join("data");
        assert!(Mark::look(&folder).expect("an answer").is_none());
        assert_eq!(Mark::open(&folder).expect("a mark").expect("not in use").says, Says::Nothing);
        assert_eq!(says_after(&folder, &[]), Says::Told(Link::start().told()));
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
        let held = Mark::open(&folder).expect("a mark").expect("not in use");
        assert!(Mark::open(&folder).expect("an answer").is_none());
        assert!(Mark::look(&folder).expect("an answer").expect("a mark").is_none());
        drop(held);
        assert!(Mark::open(&folder).expect("an answer").is_some());
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
