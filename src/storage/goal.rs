//! A new database's folder, which gets its name when it is complete: whoever makes one may be killed at any moment, and
//! is just run again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{
    chain::{Mark, mark_path},
    folder::{beside, parent, remove, sync},
};

/// Why there can be no new folder under a name.
#[derive(Debug, Error)]
pub enum GoalError {
    /// There is something under its name.
    #[error("{0} exists: name a folder that does not")]
    Exists(PathBuf),
    /// Another process is making it.
    #[error("{0} is being written by another process")]
    InUse(PathBuf),
    /// It cannot be written.
    #[error("cannot write {place}: {error}")]
    Folder {
        /// Where.
        place: PathBuf,
        /// The operating system's reason.
        #[source]
        error: io::Error,
    },
}

/// The new folder.
#[derive(Debug)]
pub(super) struct Goal {
    new: PathBuf,
    /// Its name until it is complete.
    pub(super) unfinished: PathBuf,
    /// Keeps others away who would make it too.
    _mark: Mark,
}

impl Goal {
    /// Refuses what exists, and removes what one that did not end has left under the name with this ending.
    pub(super) fn prepare(new: &Path, ending: &str) -> Result<Self, GoalError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::WouldBlock => GoalError::InUse(new.to_owned()),
            _ => GoalError::Folder { place: new.to_owned(), error },
        };
        if new.symlink_metadata().is_ok() {
            return Err(GoalError::Exists(new.to_owned()));
        }
        let name = new.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        fs::create_dir_all(parent(new)).map_err(failed)?;
        let new = parent(new).canonicalize().map_err(failed)?.join(name);
        let mark = Mark::open(&new).map_err(failed)?;
        let goal = Self { unfinished: beside(&new, ending), new, _mark: mark };
        goal.clear().map_err(failed)?;
        Ok(goal)
    }

    /// Gives it up, and removes what there is of it. What cannot be removed is so by the next that is made.
    pub(super) fn abandon(self) {
        drop(self.clear());
    }

    /// Removes what there is of it.
    fn clear(&self) -> io::Result<()> {
        remove(&self.unfinished)?;
        let left = mark_path(&self.unfinished);
        for left in [beside(&left, ".new"), left] {
            match fs::remove_file(left) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// What is beside it under its name with this ending.
    pub(super) fn beside(&self, ending: &str) -> PathBuf {
        beside(&self.new, ending)
    }

    /// Gives it its name: the mark first, because a database without its mark would start.
    pub(super) fn finish(self) -> Result<(), GoalError> {
        let renamed = fs::rename(mark_path(&self.unfinished), mark_path(&self.new))
            .and_then(|()| fs::rename(&self.unfinished, &self.new))
            .and_then(|()| sync(parent(&self.new)));
        renamed.map_err(|error| GoalError::Folder { place: self.new, error })
    }
}
