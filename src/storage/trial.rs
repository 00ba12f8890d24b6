//! A start is a trial. Opening a folder, the engine replays its log, and may cut, rename and delete files; whether what
//! comes of it has all that was told is known only afterwards. So the files as they were found are kept beside the
//! folder until it is known: under a second name where the engine never writes a file again, and else as the originals,
//! of which the engine gets copies. A start that is refused puts them back; one that is killed is undone by the next.
//!
//! FOLDER.found holds the files as they were found, complete whenever it is there, and is there only while nothing has
//! been told since: it is gone from the disk before the database is used. FOLDER.keeping and FOLDER.tried are on their
//! way in and out, and hold nothing that is not elsewhere.
//!
//! Whoever holds the [mark](super::mark) may call this.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    thread::JoinHandle,
};

use super::beside::{beside, is_empty, is_final, remove, sync, sync_name, tree};

/// The folders of a trial.
#[derive(Debug, Clone)]
struct Places {
    folder: PathBuf,
    found: PathBuf,
    keeping: PathBuf,
    tried: PathBuf,
}

impl Places {
    fn of(folder: &Path) -> Self {
        let place = |ending| beside(folder, ending);
        let (found, keeping, tried) = (place(".found"), place(".keeping"), place(".tried"));
        Self { folder: folder.to_owned(), found, keeping, tried }
    }

    /// Puts the files back as they were found, if a start has left them.
    fn restore(&self) -> io::Result<bool> {
        if !self.found.exists() {
            return Ok(false);
        }
        // Each step may be the last one before a crash: what was found is always under one of its two names.
        if self.folder.exists() {
            remove(&self.tried)?;
            fs::rename(&self.folder, &self.tried)?;
        }
        fs::rename(&self.found, &self.folder)?;
        sync_name(&self.folder)?;
        remove(&self.tried)?;
        Ok(true)
    }

    /// Gives all files a second name in FOLDER.found.
    fn keep(&self, files: &[PathBuf], folders: &[PathBuf]) -> io::Result<()> {
        for inside in folders {
            fs::create_dir(self.keeping.join(inside))?;
        }
        for file in files {
            fs::hard_link(self.folder.join(file), self.keeping.join(file))?;
        }
        for inside in folders {
            sync(&self.keeping.join(inside))?;
        }
        fs::rename(&self.keeping, &self.found)?;
        sync_name(&self.found)
    }

    /// Puts copies into the folder in the place of the files that the engine may write.
    fn replace(&self, files: &[PathBuf]) -> io::Result<Vec<File>> {
        let mut copies = Vec::new();
        for file in files.iter().filter(|file| !is_final(file)) {
            let path = self.folder.join(file);
            let copy = beside(&self.folder, ".copying");
            fs::copy(&path, &copy)?;
            copies.push(File::open(&copy)?);
            fs::rename(&copy, &path)?;
        }
        Ok(copies)
    }
}

/// Undoes what a start that did not end has left. True where there was something.
pub(super) fn recover(folder: &Path) -> io::Result<bool> {
    let places = Places::of(folder);
    let restored = places.restore()?;
    // Only while there is a folder: without one, what was tried may be all there is.
    if places.folder.exists() {
        remove(&places.tried)?;
    }
    remove(&places.keeping)?;
    drop(fs::remove_file(beside(folder, ".copying")));
    Ok(restored)
}

/// A start whose outcome is not known.
#[derive(Debug)]
pub(super) struct Trial {
    places: Places,
    /// Writes the copies to disk meanwhile.
    syncing: JoinHandle<io::Result<()>>,
}

impl Trial {
    /// Keeps the files as they are; none where there are none, or where the disk cannot give a file two names.
    pub(super) fn begin(folder: &Path) -> io::Result<Option<Self>> {
        if recover(folder)? {
            tracing::warn!(folder = %folder.display(), "the last start did not end: its files are as it found them again");
        }
        if is_empty(folder)? {
            return Ok(None);
        }
        let places = Places::of(folder);
        let (files, folders) = tree(folder)?;
        if let Err(error) = places.keep(&files, &folders) {
            remove(&places.keeping)?;
            tracing::warn!(
                %error, folder = %folder.display(),
                "the files cannot be kept as they are found, so that a start that is refused may have changed them: \
                 the folder and the one that it is in should be on one disk with hard links"
            );
            return Ok(None);
        }
        let copies = match places.replace(&files) {
            Ok(copies) => copies,
            Err(error) => {
                // As on a full disk: it is tried again when there is room.
                places.restore()?;
                return Err(error);
            }
        };
        let folders: Vec<PathBuf> = folders.iter().map(|inside| folder.join(inside)).collect();
        let syncing = std::thread::Builder::new().name("trial".to_owned()).spawn(move || {
            // What the log holds is told from now on, so it has to be on disk, wherever it was before.
            copies.iter().try_for_each(File::sync_all)?;
            folders.iter().try_for_each(|folder| match sync(folder) {
                // The engine may have removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            })
        })?;
        Ok(Some(Self { places, syncing }))
    }

    /// The start is good: what was found is not needed any more.
    pub(super) fn keep(self) -> io::Result<()> {
        self.syncing.join().map_err(|_| io::Error::other("the thread that syncs ended badly"))??;
        remove(&self.places.tried)?;
        fs::rename(&self.places.found, &self.places.tried)?;
        // Before anything is told: nobody may ever take it for what was found again.
        sync_name(&self.places.found)?;
        remove(&self.places.tried)
    }

    /// The start is refused: the files are put back.
    pub(super) fn undo(self) -> io::Result<()> {
        // Its own result does not matter any more, but it may not go on in the folder.
        drop(self.syncing.join());
        self.places.restore().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Files = BTreeMap<PathBuf, String>;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
    }

    fn read(folder: &Path) -> Files {
        let (files, _) = tree(folder).expect("a folder");
        let text = |path: &PathBuf| fs::read_to_string(folder.join(path)).expect("a file");
        files.into_iter().map(|path| (path.clone(), text(&path))).collect()
    }

    /// A parent with a database's folder in it, and the files of that.
    fn filled() -> (tempfile::TempDir, PathBuf, Files) {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("data");
        write(&folder, &[("wal/1.wal", "log"), ("sstables/1.sst", "table"), ("manifest", "first")]);
        let files = read(&folder);
        (parent, folder, files)
    }

    /// What an engine may do to a folder.
    fn engine(folder: &Path) {
        use std::io::Write;
        let mut log = File::options().append(true).open(folder.join("wal/1.wal")).expect("a log");
        log.write_all(b", longer").expect("written");
        fs::write(folder.join("manifest"), "second").expect("written");
        fs::remove_file(folder.join("sstables/1.sst")).expect("removed");
        write(folder, &[("sstables/2.sst", "another table")]);
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }

    #[test]
    fn a_refused_start_leaves_every_file_as_it_was() {
        let (parent, folder, before) = filled();
        for _ in 0..2 {
            let trial = Trial::begin(&folder).expect("begun").expect("a trial");
            assert_eq!(read(&folder), before);
            engine(&folder);
            trial.undo().expect("undone");
            assert_eq!(read(&folder), before);
            assert_eq!(names(parent.path()), ["data"]);
        }
    }

    #[test]
    fn a_good_start_keeps_what_the_engine_did() {
        let (parent, folder, before) = filled();
        let trial = Trial::begin(&folder).expect("begun").expect("a trial");
        engine(&folder);
        let after = read(&folder);
        trial.keep().expect("kept");
        assert_eq!(read(&folder), after);
        assert_ne!(after, before);
        assert_eq!(names(parent.path()), ["data"]);
    }

    #[test]
    fn a_killed_start_is_undone_by_the_next() {
        let (parent, folder, before) = filled();
        drop(Trial::begin(&folder).expect("begun").expect("a trial"));
        engine(&folder);
        // Killed between its two renames.
        let moved = parent.path().join("data.tried");
        for killed in [false, true] {
            if killed {
                fs::rename(&folder, &moved).expect("moved");
            }
            drop(Trial::begin(&folder).expect("begun").expect("a trial"));
            assert_eq!(read(&folder), before);
            engine(&folder);
        }
        assert!(recover(&folder).expect("recovered"));
        assert_eq!((read(&folder), names(parent.path())), (before, vec!["data".to_owned()]));
        assert!(!recover(&folder).expect("recovered"));
    }

    #[test]
    fn half_of_what_is_kept_is_not_taken_for_all() {
        let (parent, folder, before) = filled();
        write(parent.path(), &[("data.keeping/manifest", "half"), ("data.copying", "half")]);
        let trial = Trial::begin(&folder).expect("begun").expect("a trial");
        assert_eq!(read(&folder), before);
        trial.keep().expect("kept");
        assert_eq!((read(&folder), names(parent.path())), (before, vec!["data".to_owned()]));
    }

    #[test]
    fn an_empty_folder_has_nothing_to_keep() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("data");
        assert!(Trial::begin(&folder).expect("begun").is_none());
        fs::create_dir(&folder).expect("a folder");
        assert!(Trial::begin(&folder).expect("begun").is_none());
    }
}
