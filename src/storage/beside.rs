//! Files and folders beside a database's folder, on the same disk: NAME.mark beside NAME.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// A database's folder itself, where links are followed, so that what is beside it is on its disk.
pub(super) fn resolved(folder: &Path) -> io::Result<PathBuf> {
    let folder = folder.canonicalize()?;
    if folder.file_name().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is the root folder: name one below it"));
    }
    Ok(folder)
}

/// The engine's own lock of a folder, where it has made one; fails with [`io::ErrorKind::WouldBlock`] where a process has
/// the folder open. The mark's lock is not enough: somebody may have removed the mark.
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

/// What is beside a folder under its name with this ending.
pub(super) fn beside(folder: &Path, ending: &str) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    folder.with_file_name(name)
}

/// Has the names in a folder written to disk.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Has the name of a file or folder written to disk.
pub(super) fn sync_name(path: &Path) -> io::Result<()> {
    sync(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Removes a folder with all that is in it, if there is one.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Whether there is nothing in a folder, or no folder.
pub(super) fn is_empty(folder: &Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether a file is never written again once it has its name. Such a file needs no copy: another name is enough.
pub(super) fn is_final(file: &Path) -> bool {
    file.extension() == Some(OsStr::new("sst"))
}

/// All files below a folder, and all folders, each after the one that it is in. Paths are relative to it.
pub(super) fn tree(folder: &Path) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    let mut next = 0;
    while let Some(inside) = folders.get(next).cloned() {
        for entry in fs::read_dir(folder.join(&inside))? {
            let entry = entry?;
            let path = inside.join(entry.file_name());
            if entry.file_type()?.is_dir() { folders.push(path) } else { files.push(path) }
        }
        next += 1;
    }
    Ok((files, folders))
}

/// A copy of a database's folder, made without changing it; removed when it is dropped.
#[derive(Debug)]
pub(super) struct Copied(pub(super) PathBuf);

impl Copied {
    /// Makes a copy of a folder; what an earlier one of this name has left is removed.
    pub(super) fn make(folder: &Path, to: PathBuf) -> io::Result<Self> {
        remove(&to)?;
        let (files, folders) = tree(folder)?;
        let copy = Self(to);
        for inside in folders {
            fs::create_dir(copy.0.join(inside))?;
        }
        for file in files {
            let (from, to) = (folder.join(&file), copy.0.join(&file));
            if !is_final(&file) || fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to)?;
            }
        }
        Ok(copy)
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "a copy of the database could not be removed");
        }
    }
}
