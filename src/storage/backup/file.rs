//! Writes a backup to its file: under another name until all of it is there, was read again, and is on disk.

use std::{
    fs::{self, File, Permissions},
    io::{self, BufReader, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{
    error::{BackupError, BackupFault},
    format::Header,
    read::Reader,
};
use crate::folder::{Locked, beside, parent, sync};

/// The end of the name of a backup that is being written.
pub(super) const UNFINISHED: &str = ".part";
/// Who may read and write it: it holds the secrets that codes follow from, and the hashes of keys.
const OWNER_ALONE: u32 = 0o600;
/// How many bytes are read at once.
const BUFFER: usize = 256 * 1024;

/// What a backup that is whole has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backed {
    /// What it is of.
    pub header: Header,
    /// How many rows.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// A backup's file that is being written. It gets its name when it is complete; dropped before, it is removed.
#[derive(Debug)]
pub struct BackupFile {
    path: PathBuf,
    unfinished: PathBuf,
    file: Option<Locked>,
}

impl BackupFile {
    /// Begins a file, which must not exist. What an earlier one of this name has left is overwritten.
    pub fn create(path: &Path) -> Result<Self, BackupError> {
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(path.to_owned()));
        }
        let unfinished = beside(path, UNFINISHED);
        let failed = |error| BackupError::Write { place: unfinished.clone(), error };
        if path.file_name().is_none() {
            return Err(BackupError::Write { place: path.to_owned(), error: io::ErrorKind::IsADirectory.into() });
        }
        let mut options = File::options();
        let file =
            options.write(true).create(true).truncate(false).mode(OWNER_ALONE).open(&unfinished).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(BackupError::InUse(path.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Another process may have finished, and given the name to what was opened here, before it let it go.
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(path.to_owned()));
        }
        file.set_permissions(Permissions::from_mode(OWNER_ALONE)).and_then(|()| file.set_len(0)).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file: Some(Locked(file)), unfinished })
    }

    /// Adds bytes of the backup.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.file().and_then(|mut file| file.write_all(bytes)).map_err(|error| self.failed(error))
    }

    /// Gives the file its name, once what is in it was read again and is on disk.
    pub fn finish(mut self) -> Result<Backed, BackupError> {
        self.file().and_then(File::sync_all).map_err(|error| self.failed(error))?;
        let backed = check_backup(&self.unfinished, |_, _| {})?;
        if self.path.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(self.path.clone()));
        }
        let renamed = fs::rename(&self.unfinished, &self.path).and_then(|()| sync(parent(&self.path)));
        renamed.map_err(|error| self.failed(error))?;
        self.file = None;
        Ok(backed)
    }

    fn file(&self) -> io::Result<&File> {
        self.file.as_ref().map(|file| &file.0).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn failed(&self, error: io::Error) -> BackupError {
        BackupError::Write { place: self.unfinished.clone(), error }
    }
}

impl Drop for BackupFile {
    fn drop(&mut self) {
        // A disk that is full of it gets its room back. What cannot be removed is overwritten by the next.
        if self.file.is_some() {
            drop(fs::remove_file(&self.unfinished));
        }
    }
}

/// Reads a whole backup, and tells how far it is in rows and bytes. It is right in every byte, or an error.
pub fn check_backup(path: &Path, mut tell: impl FnMut(u64, u64)) -> Result<Backed, BackupError> {
    let failed = |fault| BackupError::Fault { file: path.to_owned(), fault };
    let mut reader = open(path)?;
    let mut rows = 0;
    while let Some(frame) = reader.next().map_err(failed)? {
        rows += frame.rows().count() as u64;
        tell(rows, reader.at());
    }
    Ok(Backed { header: reader.header().clone(), rows, bytes: reader.at() })
}

/// Begins to read the backup in a file.
pub(super) fn open(path: &Path) -> Result<Reader<BufReader<File>>, BackupError> {
    let failed = |fault| BackupError::Fault { file: path.to_owned(), fault };
    let file = File::open(path).map_err(|error| failed(BackupFault::Unreadable(error)))?;
    Reader::open(BufReader::with_capacity(BUFFER, file)).map_err(failed)
}
