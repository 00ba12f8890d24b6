//! A folder of files beside the database, which no backup has. An unfinished file has another name, so that none looks whole
//! that is not; what is a day old and not in use is removed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use crate::Failure;
use scrip_domain::rejection::{Refusal, Rejection};

/// How long a file is kept that is not in use.
pub(super) const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How many databases in memory this process has had.
static DATABASES: AtomicU64 = AtomicU64::new(0);

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Whether it goes with the process, as a database in memory does.
    passing: bool,
}

impl Folder {
    /// That of a kind of files, beside a database in a folder, or of one in memory.
    pub(crate) fn beside(database: Option<&PathBuf>, kind: &str) -> Self {
        match database {
            Some(folder) => Self { path: folder.with_extension(kind), passing: false },
            None => {
                let number = DATABASES.fetch_add(1, Ordering::Relaxed);
                let name = format!("scrip-{kind}-{}-{number}", std::process::id());
                Self { path: std::env::temp_dir().join(name), passing: true }
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file of a name.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The same as long as it is unfinished.
    pub(super) fn unfinished(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.part"))
    }

    /// How many bytes all files have.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        let mut bytes = 0;
        for entry in fs::read_dir(&self.path)? {
            match entry?.metadata() {
                Ok(about) => bytes += about.len(),
                // Another job has ended meanwhile, or the file was old.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes)
    }

    /// Removes what is a day old at an instant, but for those whose names begin with what is in use.
    pub(super) fn sweep(&self, now: SystemTime, in_use: &[String]) -> io::Result<()> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_used = in_use.iter().any(|id| name.starts_with(id.as_str()));
            let written = entry.metadata()?.modified()?;
            if !is_used && now.duration_since(written).is_ok_and(|age| age >= KEPT) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes that of a database that is gone.
    pub(crate) fn end(&self) {
        if self.passing {
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

/// Whether it is the disk that has no room.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// What went wrong with a file. A full disk is for whoever sent it to know.
pub(super) fn cannot(what: &str, error: io::Error) -> Failure {
    if is_full(&error) {
        let reason = "the disk has no room for the file: make room, and upload it again".to_owned();
        return Refusal::from(Rejection::DatabaseUnavailable { reason }).into();
    }
    Failure::because(format!("cannot {what}"), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_and_not_in_use_goes() {
        let base = tempfile::tempdir().expect("a folder");
        let folder = Folder::beside(Some(&base.path().join("data")), "files");
        folder.sweep(SystemTime::UNIX_EPOCH, &[]).expect("there is none yet");
        fs::create_dir_all(folder.path()).expect("a folder");
        let now = SystemTime::UNIX_EPOCH + KEPT * 10;
        for (name, age) in [("old", KEPT), ("old.part", KEPT), ("used", KEPT), ("used.json", KEPT), ("new", KEPT / 2)] {
            let file = fs::File::create(folder.file(name)).expect("a file");
            file.set_modified(now - age).expect("its time");
        }
        folder.sweep(now, &["used".to_owned()]).expect("swept");
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).expect("a folder").map(|one| one.expect("a file").file_name()).collect();
        left.sort();
        assert_eq!(left, ["new", "used", "used.json"]);
    }
}
