//! The files of a folder as values, so that a test can put other ones in their place; and copies of folders.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{Folder, new_folder};

/// Files, by their path in a folder.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Every file below a folder, by its path in it.
pub(crate) fn files(folder: &Path) -> Files {
    let mut found = BTreeMap::new();
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

/// The names of a folder and of all that is beside it.
pub(crate) fn beside(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.parent().expect("a parent")).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

/// A new folder with these files.
pub(crate) fn folder_of(files: &Files) -> Folder {
    let folder = new_folder();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    folder
}

/// A copy of a folder.
pub(crate) fn copy_of(folder: &Path) -> Folder {
    let copy = new_folder();
    copy_into(folder, copy.path());
    copy
}

/// Copies what is in a folder into another one, empty folders included.
pub(crate) fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("what it is").is_dir() {
            copy_into(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}
