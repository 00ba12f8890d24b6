//! Files that the engine would take for its own: an older log segment under a newer number, links, strange names.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use scrip::storage::{OpenError, check, salvage};

use super::{Moment, beside, in_log, mark_of, open, start, two_moments};
use crate::support::{
    audit::audit,
    disk,
    files::{Files, files, folder_of},
};

/// What is told of these files, and that what is salvaged of them is all that was told before.
async fn told(files: &Files, moment: &Moment) -> Vec<String> {
    let folder = folder_of(files);
    fs::write(mark_of(folder.path()), &moment.mark).expect("a mark");
    checked_and_salvaged(folder.path(), moment).await
}

async fn checked_and_salvaged(folder: &Path, moment: &Moment) -> Vec<String> {
    let mut told = Vec::new();
    check(&disk(folder), |fault| told.push(fault.to_string())).await.expect("an answer");
    let new = folder.with_file_name("new");
    let mut listed = Vec::new();
    salvage(&disk(folder), &new, |fault| listed.push(fault.to_string())).await.expect("a new folder");
    assert_eq!(listed, told);
    let app = open(&new).await.expect("a start");
    assert!(audit(&app).await == in_log(2, moment.told.clone()), "a salvage lacks what was told");
    app.close().await;
    told
}

/// The number of the last segment of a log, and what is in it.
fn last_segment(files: &Files) -> (u64, &[u8]) {
    let mut segments = files.iter().filter(|(path, _)| path.extension().is_some_and(|ending| ending == "wal"));
    let (path, content) = segments.next_back().expect("a log");
    (path.file_stem().and_then(|name| name.to_str()).expect("text").parse().expect("a number"), content)
}

fn segment(number: u64) -> PathBuf {
    format!("wal/{number:020}.wal").into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_log_segment_under_a_newer_number_is_refused() {
    let (folder, [first, second]) = two_moments().await;
    let closed = Moment { files: Files::new(), mark: second.mark.clone(), told: second.told.clone() };
    let closed = closed.closed(folder.path());
    let ((_, older), (last, newest)) = (last_segment(&first.files), last_segment(&second.files));
    for (image, number, content) in [
        (&second, last + 1, older),
        (&second, last + 54, older),
        (&second, 1 << 40, older),
        (&second, last + 1, newest),
        // After a clean stop there is no log: only the tables say what it follows.
        (&closed, last + 1, older),
        (&closed, last + 54, older),
    ] {
        let mut files = image.files.clone();
        files.insert(segment(number), content.to_vec());
        let name = segment(number).display().to_string();
        let error = image.start_on(&files).await.expect("it is refused").to_string();
        assert!(error.contains(&name) && error.contains("does not follow"), "{error}");
        let told = told(&files, image).await;
        assert!(told.len() == 1 && told[0].contains(&name), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_log_segment_is_what_a_crash_leaves() {
    let (_folder, [_, second]) = two_moments().await;
    let (last, _) = last_segment(&second.files);
    for empty in [0, 100_000] {
        let mut files = second.files.clone();
        files.insert(segment(last + 1), vec![0; empty]);
        assert!(second.start_on(&files).await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_none_of_the_databases_is_named() {
    let (_folder, [_, second]) = two_moments().await;
    let highest = "wal/18446744073709551615.wal";
    for name in [highest, "wal/foo", "wal/.DS_Store", "wal/45.wal", "wal/00000000000000000045.wal.bak"] {
        let mut files = second.files.clone();
        files.insert(name.into(), b"something".to_vec());
        let error = second.start_on(&files).await.expect("it is refused").to_string();
        assert!(error.contains(&format!("{name} is no file of the database")), "{error}");
        let told = told(&files, &second).await;
        assert!(told.len() == 1 && told[0].contains(name), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_in_the_folder_is_refused_before_anything_is_opened() {
    let (_folder, [_, second]) = two_moments().await;
    let (last, _) = last_segment(&second.files);
    let table = second.files.keys().find(|path| path.starts_with("sstables")).expect("a table");
    for linked in [&segment(last), table, Path::new("wal"), Path::new("sstables"), Path::new("manifest")] {
        let folder = folder_of(&second.files);
        fs::write(mark_of(folder.path()), &second.mark).expect("a mark");
        let (path, moved) = (folder.path().join(linked), folder.path().with_file_name("moved"));
        fs::rename(&path, &moved).expect("moved");
        symlink(&moved, &path).expect("a link");
        let before = files(folder.path());
        let error = open(folder.path()).await.err().expect("it is refused");
        assert!(matches!(error, OpenError::Broken { opened: false, .. }), "{error}");
        let expected = format!("{} is a symbolic link", linked.display());
        assert!(error.to_string().contains(&expected), "{error}");
        assert!(files(folder.path()) == before, "it has changed a file");
        assert_eq!(beside(folder.path()), ["data", "data.mark", "moved"]);
        let told = checked_and_salvaged(folder.path(), &second).await;
        assert!(told.len() == 1 && told[0].contains(&expected), "{told:?}");
    }
    // The whole folder may be somewhere else.
    let folder = folder_of(&second.files);
    fs::write(mark_of(folder.path()), &second.mark).expect("a mark");
    let link = folder.path().with_file_name("link");
    symlink(folder.path(), &link).expect("a link");
    open(&link).await.expect("a start").close().await;
    assert!(start(&second.files, Some(&second.mark), &second.told).await.is_none());
}
