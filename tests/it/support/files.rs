//! The files of a folder, in memory: to be damaged, and made anew.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::new_folder;

/// Every file below a folder, by its path in it.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The files of a folder.
pub(crate) fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).expect("a file");
                found.insert(path.strip_prefix(folder).expect("below it").to_owned(), content);
            }
        }
    }
    found
}

/// A new folder with these files.
pub(crate) fn folder_of(files: &Files) -> TempDir {
    let folder = new_folder();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    folder
}

/// A copy of a folder, empty folders included.
pub(crate) fn copy_of(folder: &Path) -> TempDir {
    let copy = new_folder();
    copy_into(folder, copy.path());
    copy
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("what it is").is_dir() {
            fs::create_dir(&to).expect("a folder");
            copy_into(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}
