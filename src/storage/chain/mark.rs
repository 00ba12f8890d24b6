//! The mark: a small file beside a database's folder with the last batch that was told. It is written after the batch is
//! durable, so it is never ahead of the database; and by a [thread](super::marker) that nobody waits for, so it may be a
//! little behind.
//! A database that has less than its mark has lost something.
//!
//! Two slots are written in turn, each with a checksum, so that a write that a power cut tears leaves the other one.
//! What the file says survives a killed process at once, and a power cut after a second at most.
//!
//! A new one is written whole before it has its name. So a mark without a whole slot has lost what it said, and one
//! with a single whole slot may have lost the last batch.
//!
//! It is locked for as long as the database is open: who holds it has the folder, and what is beside it, to itself.

use std::{
    fs::{File, OpenOptions, metadata, remove_file, rename},
    io,
    os::unix::fs::{FileExt, MetadataExt},
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
/// What follows a mark's name until it says something.
const NEW: &str = ".new";

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
    /// There is none.
    Nothing,
    /// The file is there, and nothing was ever written to it, or all of it is lost.
    Blank,
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
    /// One of the two slots cannot be read: it may be the one with the last batch.
    pub(super) half: bool,
    /// The slot that is written next: not the one with the last batch.
    slot: u64,
    /// Where the file is until it says something: nobody ever finds a mark that says nothing.
    unnamed: Option<PathBuf>,
}

impl Mark {
    /// The mark of a folder. Where there is none, it gets its name when it [says](Mark::say) something. Fails with
    /// [`io::ErrorKind::WouldBlock`] where another process has the folder.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let path = path(folder);
        loop {
            match OpenOptions::new().read(true).write(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => refuse_link(&path)?,
                file => return Self::lock(file?, path),
            }
            let new = beside(&path, NEW);
            let file = make(&new)?;
            // Another start may have given it its name meanwhile, or a start that was refused has removed it.
            if is_at(&file.0, &new)? && !path.try_exists()? {
                let unnamed = Some(new);
                return Ok(Self { file: Some(file), path, says: Says::Nothing, half: false, slot: 0, unnamed });
            }
        }
    }

    /// The mark of a folder as it is, which is not written.
    pub(crate) fn look(folder: &Path) -> io::Result<Self> {
        let path = path(folder);
        match File::open(&path) {
            Ok(file) => Self::lock(file, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                refuse_link(&path)?;
                Ok(Self { file: None, path, says: Says::Nothing, half: false, slot: 0, unnamed: None })
            }
            Err(error) => Err(error),
        }
    }

    fn lock(file: File, path: PathBuf) -> io::Result<Self> {
        file.try_lock()?;
        let file = Locked(file);
        let (says, half, slot) = read(&file.0)?;
        Ok(Self { file: Some(file), path, says, half, slot, unnamed: None })
    }

    fn file(&self) -> io::Result<&File> {
        self.file.as_ref().map(|file| &file.0).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Has a mark that says nothing yet say this, on the disk, and gives it its name.
    pub(super) fn say(&mut self, told: Told) -> io::Result<()> {
        fill(self.file()?, told)?;
        if let Some(unnamed) = &self.unnamed {
            rename(unnamed, &self.path)?;
            sync(parent(&self.path))?;
        }
        self.unnamed = None;
        self.says = Says::Told(told);
        Ok(())
    }

    /// Whether the file is still where it was opened.
    pub(super) fn is_in_place(&self) -> io::Result<bool> {
        is_at(self.file()?, &self.path)
    }

    /// Makes the file again, with the batch that was told last, in the place of whatever is there.
    pub(super) fn make_again(&mut self) -> io::Result<()> {
        let Says::Told(told) = self.says else { return Ok(()) };
        let new = beside(&self.path, NEW);
        let file = make(&new)?;
        fill(&file.0, told)?;
        rename(&new, &self.path)?;
        sync(parent(&self.path))?;
        (self.file, self.slot) = (Some(file), 0);
        Ok(())
    }

    /// Writes the last batch that was told. What is written outlives the process, and after [`Mark::sync`] a power cut.
    pub(super) fn write(&mut self, told: Told) -> io::Result<()> {
        self.says = Says::Told(told);
        // After a failure, the same slot again: the other one is still good.
        self.file()?.write_all_at(&told.encode(), self.slot * APART)?;
        self.slot = 1 - self.slot;
        Ok(())
    }

    /// Makes the mark of a new folder, on disk: a batch of another life was the last one told.
    pub(crate) fn make(folder: &Path, last: &Link) -> io::Result<()> {
        Self::open(folder)?.say(last.told())
    }

    /// Has what was written put on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file()?.sync_data()
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        // Whose start was refused.
        if let Some(unnamed) = &self.unnamed {
            drop(remove_file(unnamed));
        }
    }
}

/// A link that leads nowhere is a mark that is somewhere else, and not there at the moment.
fn refuse_link(path: &Path) -> io::Result<()> {
    match path.is_symlink() {
        true => Err(io::Error::other("it is a symbolic link that leads nowhere: bring back what it leads to")),
        false => Ok(()),
    }
}

/// Makes a mark under another name, locked.
fn make(path: &Path) -> io::Result<Locked> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    file.try_lock()?;
    Ok(Locked(file))
}

/// Writes both slots of a mark, on the disk: no later write finds it full.
fn fill(file: &File, told: Told) -> io::Result<()> {
    file.write_all_at(&told.encode(), 0)?;
    file.write_all_at(&told.encode(), APART)?;
    file.sync_all()
}

/// Whether a file that is open is the one with this name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match metadata(path) {
        Ok(named) => file.metadata().map(|open| (open.dev(), open.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Where the mark of a folder is.
pub(crate) fn path(folder: &Path) -> PathBuf {
    beside(folder, ".mark")
}

/// What a file says, whether only half of it can be read, and the slot that is written next.
fn read(file: &File) -> io::Result<(Says, bool, u64)> {
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
        (None, None) if bytes.iter().all(|byte| *byte == 0) => (Says::Blank, false, 0),
        (None, None) => (Says::Damaged, false, 0),
        (Some(told), None) => (Says::Told(told), true, 1),
        (None, Some(told)) => (Says::Told(told), true, 0),
        (Some(one), Some(other)) if one.number > other.number => (Says::Told(one), false, 1),
        (Some(_), Some(told)) => (Says::Told(told), false, 0),
    })
}

#[cfg(test)]
#[path = "mark_tests.rs"]
mod tests;
