//! What is salvaged where the engine does not open the files, or not with all of its tables.

use std::{
    fs,
    path::{Path, PathBuf},
};

use scrip::storage::{check, salvage};

use super::{Moment, mark_of, open, two_moments};
use crate::support::{
    Folder,
    audit::audit,
    disk,
    files::{Files, files, folder_of},
};

const MANIFEST: &str = "manifest/00000000000000000000.manifest";

/// A folder with these files and a mark, and what is told when it is salvaged.
async fn salvaged(files: &Files, mark: &[u8]) -> (Folder, PathBuf, Vec<String>) {
    let folder = folder_of(files);
    fs::write(mark_of(folder.path()), mark).expect("a mark");
    let new = folder.path().with_file_name("new");
    let mut told = Vec::new();
    salvage(&disk(folder.path()), &new, |fault| told.push(fault.to_string())).await.expect("a new folder");
    (folder, new, told)
}

/// A database that was stopped, and its files at an earlier moment.
async fn moments() -> (Moment, Files) {
    let (folder, [first, second]) = two_moments().await;
    let older = first.files;
    (second.closed(folder.path()), older)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_its_manifest_is_salvaged_whole() {
    let (whole, older) = moments().await;
    let manifest = Path::new(MANIFEST);
    for (put, said) in [(None, "does not open the files"), (Some(&older[manifest]), "are not in the manifest")] {
        let mut files = whole.files.clone();
        match put {
            Some(content) => files.insert(manifest.to_owned(), content.clone()),
            None => files.remove(manifest),
        };
        let (_folder, new, told) = salvaged(&files, &whole.mark).await;
        assert!(told.len() == 1 && told[0].contains(said), "{told:?}");
        let app = open(&new).await.expect("a start");
        assert!(audit(&app).await == whole.told);
        app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_any_of_its_tables_the_others_are_salvaged() {
    let (whole, _) = moments().await;
    let tables: Vec<_> = whole.files.keys().filter(|path| path.starts_with("sstables")).collect();
    assert!(tables.len() > 1, "{tables:?}");
    for table in tables {
        let mut cut = whole.files.clone();
        cut.get_mut(table).expect("the table").truncate(3_000);
        let mut removed = whole.files.clone();
        removed.remove(table);
        for damaged in [cut, removed] {
            let (folder, new, told) = salvaged(&damaged, &whole.mark).await;
            assert!(told.len() > 1 && told[0].contains("does not open the files"), "{told:?}");
            assert!(files(folder.path()) == damaged, "a salvage changes nothing");
            let found = check(&disk(&new), |_| {}).await.expect("an answer");
            assert!(found.rows > 20 && found.events < whole.told.events.len() as u64, "{found:?}");
        }
    }
}
