//! Folders are copied, renamed and removed so that a power cut leaves either what was there or what was asked for.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use super::UpgradeError;
use crate::folder::{self, parent, sync};

/// Copies a folder with all that is in it, onto disk. The lock is not copied: it is the original's.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), UpgradeError> {
    let copied = |entry: io::Result<fs::DirEntry>| {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        if name == "LOCK" {
            return Ok(());
        }
        let target = to.join(&name);
        if path.is_dir() {
            return copy(&path, &target).map_err(io::Error::other);
        }
        fs::copy(&path, &target)?;
        File::open(&target)?.sync_all()
    };
    let whole = || {
        fs::create_dir(to)?;
        fs::read_dir(from)?.try_for_each(copied)?;
        sync(to)
    };
    whole().map_err(|error| UpgradeError::files("copy to", to, error))
}

/// Gives a folder its new name, on disk.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), UpgradeError> {
    let renamed = fs::rename(from, to).and_then(|()| sync(parent(to)));
    renamed.map_err(|error| UpgradeError::files("rename to", to, error))
}

/// Removes a folder, if it is there.
pub(super) fn remove(folder: &Path) -> Result<(), UpgradeError> {
    folder::remove(folder).map_err(|error| UpgradeError::files("remove", folder, error))
}
