//! A database that nobody has open, and a copy of it to look at. An engine that opens a folder may cut its log and delete
//! files, whatever is wrong with them; so what is not known to be whole is only ever opened as a copy.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Mark,
    fault::in_a_line,
    mark::{self, Says},
};
use crate::{
    Address, Fault, OpenError, Store,
    engine::Purpose,
    error::Told,
    files::{Survey, damaged_tables},
    folder::{self, Locked, remove},
    open::boxed,
};

/// The copy's name in the folder itself, which is on the same disk wherever it is mounted.
pub(crate) const COPY: &str = "copy";

/// A folder that nobody has open, for as long as this is held.
#[derive(Debug)]
pub(crate) struct Still {
    folder: PathBuf,
    mark: Mark,
    /// The engine's own lock: somebody may have removed the mark of a database that is open.
    _lock: Option<Locked>,
}

impl Still {
    /// Holds the folder of an address. It gets a mark where it has none and `makes` is set.
    pub(crate) fn hold(address: &Address, makes: bool) -> Result<Self, OpenError> {
        let Some(named) = address.folder() else {
            let reason = "it is not on disk: expected surrealkv://FOLDER".to_owned();
            return Err(OpenError::Address { address: address.text().to_owned(), reason });
        };
        let failed = |path: &Path, error: io::Error| match error.kind() {
            io::ErrorKind::WouldBlock => OpenError::InUse { folder: named.display().to_string() },
            _ => OpenError::Folder { folder: named.display().to_string(), reason: Told::at(path.display(), error) },
        };
        folder::refuse_others(address, named)?;
        let folder = named.canonicalize().map_err(|error| failed(named, error))?;
        let mark = if makes { Mark::open(&folder) } else { Mark::look(&folder) };
        let mark = mark.map_err(|error| failed(&mark::path(&folder), error))?;
        let lock = folder::lock(&folder).map_err(|error| failed(&folder, error))?;
        if mark.half {
            tracing::warn!(
                mark = %mark.path.display(),
                "one of the two entries of the mark is damaged: what was told last may be lacking there"
            );
        }
        Ok(Self { folder, mark, _lock: lock })
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The mark.
    pub(crate) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Lets the folder go, but not the mark.
    pub(super) fn into_mark(self) -> Mark {
        self.mark
    }

    /// Whether there is a mark that was written.
    pub(crate) fn is_marked(&self) -> bool {
        self.mark.says != Says::Nothing
    }

    /// Looks at its files, which the engine of an address would open.
    pub(crate) async fn survey(&self, address: &Address) -> Result<Survey, OpenError> {
        let (folder, promised) = (self.folder.clone(), address.syncs_every_batch());
        self.on_a_thread("its files cannot be looked at", move || Survey::of(&folder, promised)).await
    }

    /// Makes a copy of it under another name, without what a survey leaves out. What an earlier one of this name has left
    /// is removed.
    pub(crate) async fn copy(&self, to: PathBuf, survey: &Arc<Survey>) -> Result<Copied, OpenError> {
        let (folder, survey) = (self.folder.clone(), Arc::clone(survey));
        self.on_a_thread("it cannot be copied to be looked at", move || Copied::make(folder, to, &survey)).await
    }

    /// Makes a copy of it under another name, if its files are what they should be.
    pub(crate) async fn sound_copy(&self, address: &Address, to: PathBuf) -> Result<Copied, OpenError> {
        let survey = Arc::new(self.survey(address).await?);
        if survey.faults.is_empty() {
            self.copy(to, &survey).await
        } else {
            Err(OpenError::broken(address, &survey.faults))
        }
    }

    /// Does what reads and writes files for long.
    async fn on_a_thread<T: Send + 'static>(
        &self,
        failed: &str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, OpenError> {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| OpenError::Folder {
            folder: self.folder.display().to_string(),
            reason: Told::at(failed, error),
        })
    }
}

/// A copy of a database's folder, which is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Copied {
    folder: PathBuf,
    /// What it is a copy of.
    original: PathBuf,
}

impl Copied {
    /// Makes the copy. Files that the engine never writes again are shared with it where the disk can do that.
    fn make(original: PathBuf, to: PathBuf, survey: &Survey) -> io::Result<Self> {
        remove(&to)?;
        let copy = Self { folder: to, original };
        copy_files(&copy.original, &copy.folder, Path::new(""), survey)?;
        Ok(copy)
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Tells which of its tables are damaged.
    pub(crate) fn damaged_tables(&self) -> Vec<Fault> {
        table_faults(&self.folder)
    }

    /// Opens it, as the database of an address.
    pub(crate) async fn open(&self, address: &Address, purpose: Purpose) -> Result<Store, OpenError> {
        let address_of_copy = address.for_copy(&self.folder, purpose);
        let store = boxed(|| Store::engine(&address_of_copy)).await.map_err(|error| self.told(error))?;
        match boxed(|| store.readable(address)).await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(self.told(error))
            }
        }
    }

    /// An error of the copy, told of the original.
    fn told(&self, error: OpenError) -> OpenError {
        let (copy, original) = (self.folder.display().to_string(), self.original.display().to_string());
        match error {
            // The error itself names the copy, which is gone when this is told.
            OpenError::Damaged { address, reason, opened } => {
                let text = reason.to_string().replace(&copy, &original).trim_end_matches('.').to_owned();
                OpenError::Damaged { address, opened, reason: text.into() }
            }
            other => other,
        }
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "a copy of the database could not be removed");
        }
    }
}

/// Copies what is at a place in a folder, given its path there. Links are followed, for those who look at what is there
/// although a start refuses it.
fn copy_files(from: &Path, to: &Path, place: &Path, survey: &Survey) -> io::Result<()> {
    // Listed before it is made, because it may be in what it is a copy of.
    let entries = fs::read_dir(from.join(place))?.collect::<io::Result<Vec<_>>>()?;
    fs::create_dir(to.join(place))?;
    for entry in entries {
        let (path, place) = (entry.path(), place.join(entry.file_name()));
        let is_link = entry.file_type()?.is_symlink();
        let metadata = match fs::metadata(&path) {
            // It leads nowhere, or to itself.
            Err(_) if is_link => continue,
            metadata => metadata?,
        };
        if entry.file_name() == "LOCK" || !survey.takes(&place) {
            continue;
        }
        if metadata.is_dir() {
            // The engine has no folders in folders: such a link could lead round in a circle.
            if !is_link || place.components().count() == 1 {
                copy_files(from, to, &place, survey)?;
            }
        } else if !(is_final(&path) && !is_link && fs::hard_link(&path, to.join(&place)).is_ok()) {
            fs::copy(&path, to.join(&place))?;
        }
    }
    Ok(())
}

/// Whether the engine never writes a file again once it has its name. Another name for it is as good as a copy.
fn is_final(file: &Path) -> bool {
    file.extension() == Some(OsStr::new("sst"))
}

/// The damaged tables of a folder.
fn table_faults(folder: &Path) -> Vec<Fault> {
    // Where they cannot be read, what opens the folder tells why.
    let damaged = damaged_tables(folder).unwrap_or_default();
    let told = |(file, reason): (PathBuf, String)| Fault::Table { file: file.display().to_string(), reason };
    damaged.into_iter().map(told).collect()
}

/// A refusal with the names of the damaged tables of its folder: the engine names no files.
pub(crate) fn naming_tables(error: OpenError, folder: &Path) -> OpenError {
    match error {
        OpenError::Damaged { address, reason, opened } => {
            let tables = table_faults(folder);
            let reason = if tables.is_empty() {
                reason
            } else {
                Told { text: format!("{reason}: {}", in_a_line(&tables)), cause: reason }.into()
            };
            OpenError::Damaged { address, reason, opened }
        }
        other => other,
    }
}
