//! The folder of a database: whose it is, found out before anything in it is touched; and that it is on disk itself,
//! not only what is in it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{Address, OpenError};

/// What a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing, or a database that this engine makes or reads.
    Ours,
    /// A database of SurrealKV 0.21, or one that is half converted.
    Old,
    /// The files of something else, which the engine would convert on its own.
    Foreign,
}

/// Whose files are in a folder.
pub(super) fn content(folder: &Path) -> Content {
    if surrealkv_compat_v1::is_lsmv1_dir(folder) || folder.join("MIGRATING").exists() {
        Content::Old
    } else if ["CURRENT", "MIGRATING_ROCKSDB", "indxdb_dump.bin"].iter().any(|name| folder.join(name).exists()) {
        Content::Foreign
    } else {
        Content::Ours
    }
}

/// A database's folder and those that an upgrade makes beside it. Each is there only in some states of the upgrade, so
/// that whatever moment it is killed at, what is there says where it was.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The database.
    pub(super) folder: PathBuf,
    /// A copy that is not complete.
    pub(super) unfinished: PathBuf,
    /// What is written of it in a new format, and is not complete.
    pub(super) rewritten: PathBuf,
    /// A copy that is complete and was compared.
    pub(super) finished: PathBuf,
    /// The database as it was.
    pub(super) before: PathBuf,
}

impl Places {
    /// The places of a database; links are followed, so that they are on its disk.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let folder = resolved(folder)?;
        let (unfinished, finished) = (beside(&folder, ".upgrading"), beside(&folder, ".upgraded"));
        let (rewritten, before) = (beside(&folder, ".rewriting"), beside(&folder, ".before-upgrade"));
        Ok(Self { folder, unfinished, rewritten, finished, before })
    }

    /// Whether the old database was moved away and the new one is not in its place yet.
    pub(super) fn is_between(&self) -> bool {
        !self.folder.exists() && self.before.exists() && self.finished.exists()
    }
}

fn resolved(folder: &Path) -> io::Result<PathBuf> {
    if let Ok(path) = folder.canonicalize() {
        return Ok(path);
    }
    // It is not there, as in the middle of an upgrade: a link to it is followed by hand.
    let folder = match fs::read_link(folder) {
        Ok(target) => parent(folder).join(target),
        Err(_) => folder.to_owned(),
    };
    let name = folder.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(parent(&folder).canonicalize()?.join(name))
}

/// Refuses a folder that is not this engine's, and makes one that is not there.
pub(super) fn prepare(address: &Address, folder: &Path) -> Result<(), OpenError> {
    refuse_others(address, folder)?;
    make(folder).map_err(|error| OpenError::Folder { folder: folder.display().to_string(), reason: error.into() })
}

/// Refuses a folder that is not this engine's.
pub(super) fn refuse_others(address: &Address, folder: &Path) -> Result<(), OpenError> {
    let text = || folder.display().to_string();
    // An error only says that there is nothing beside it.
    if Places::of(folder).is_ok_and(|places| places.is_between()) {
        return Err(OpenError::HalfUpgraded { folder: text(), address: address.text().to_owned() });
    }
    match content(folder) {
        Content::Ours => Ok(()),
        Content::Old => Err(OpenError::Old { folder: text(), address: address.text().to_owned() }),
        Content::Foreign => {
            let reason = "it holds the files of another database: name an empty folder with --database";
            Err(OpenError::Folder { folder: text(), reason: reason.into() })
        }
    }
}

/// Makes a folder, on disk. The engine syncs what it makes below it.
fn make(folder: &Path) -> io::Result<()> {
    let missing = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
    let missing: Vec<&Path> = missing.collect();
    fs::create_dir_all(folder)?;
    missing.into_iter().try_for_each(|made| sync(parent(made)))
}

/// What is beside a folder under its name with this ending.
pub(super) fn beside(folder: &Path, ending: &str) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    folder.with_file_name(name)
}

/// Removes a folder with all that is in it, if there is one.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Whether there is nothing in a folder.
pub(super) fn is_empty(folder: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(folder)?.next().is_none())
}

/// The engine's own lock of a folder, where it has made one. Fails with [`io::ErrorKind::WouldBlock`] where a process has
/// the folder open.
pub(super) fn lock(folder: &Path) -> io::Result<Option<Locked>> {
    match File::open(folder.join("LOCK")) {
        Ok(file) => {
            file.try_lock()?;
            Ok(Some(Locked(file)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file that is locked until this is dropped.
#[derive(Debug)]
pub(super) struct Locked(pub(super) File);

impl Drop for Locked {
    fn drop(&mut self) {
        // By word, because a process that is being started may hold the same open file for a moment.
        drop(self.0.unlock());
    }
}

/// The folder that a path is in.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Has the names in a folder written to disk.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
