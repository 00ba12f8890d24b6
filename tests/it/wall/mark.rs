//! The mark of what was told: absent, damaged, of another database; and the chain of batches.

use std::fs;

use scrip::{
    domain::clock::BatchTime,
    storage::{Batch, Batches, Emails, Link, RowId, Store},
};

use super::{beside, mark_of, open, start, tamper, two_moments, work};
use crate::support::{customer, disk, files::folder_of, new_folder};

/// A mark as it is where the disk has given it its place and nothing else.
const BLANK: [u8; 8_192] = [0; 8_192];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_mark_a_database_starts_and_gets_a_new_one() {
    let (folder, [_, second]) = two_moments().await;
    assert!(start(&second.files, None, &second.told).await.is_none());
    fs::remove_file(mark_of(folder.path())).expect("removed");
    open(folder.path()).await.expect("a start").close().await;
    assert!(fs::read(mark_of(folder.path())).expect("a mark").iter().any(|byte| *byte != 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_mark_is_told_as_such() {
    let (_folder, [_, second]) = two_moments().await;
    let mut half = second.mark.clone();
    half[9] ^= 1;
    assert!(start(&second.files, Some(&half), &second.told).await.is_none(), "the other entry is whole");
    let mut damaged = half;
    damaged[4_105] ^= 1;
    for mark in [&damaged[..], b"something else", b"", &BLANK] {
        let error = start(&second.files, Some(mark), &second.told).await.expect("it is refused");
        let said = error.to_string();
        assert!(said.contains("data.mark cannot be read") && said.contains("remove the file"), "{said}");
    }
}

/// A power cut tears the entry that is being written, and the log's end with it: what the other entry says is believed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_that_is_half_damaged_tells_what_its_other_entry_says() {
    let (_folder, [_, second]) = two_moments().await;
    let log = second.files.keys().rfind(|path| path.starts_with("wal")).expect("a log").clone();
    let mut files = second.files.clone();
    let content = files.get_mut(&log).expect("the log");
    let end = content.iter().rposition(|byte| *byte != 0).expect("a record");
    content.truncate(end - 20);
    let mut refused = 0;
    for entry in [0, 4_096] {
        let mut half = second.mark.clone();
        half[entry + 9] ^= 1;
        let folder = folder_of(&files);
        fs::write(mark_of(folder.path()), half).expect("a mark");
        match open(folder.path()).await {
            Ok(app) => app.close().await,
            Err(error) => {
                assert!(error.to_string().contains("are missing at the end"), "{error}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1, "where the entry with the last batch is whole");
}

/// A first start of an earlier Scrip that was killed leaves a mark that says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blank_mark_without_a_database_is_no_loss() {
    for blank in [&b""[..], &BLANK] {
        let folder = new_folder();
        fs::write(mark_of(folder.path()), blank).expect("a mark");
        open(folder.path()).await.expect("a new database").close().await;
        assert!(fs::read(mark_of(folder.path())).expect("a mark").iter().any(|byte| *byte != 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_is_refused_leaves_no_mark() {
    let (_folder, [_, second]) = two_moments().await;
    let mut files = second.files.clone();
    files.insert("wal/foo".into(), Vec::new());
    let folder = folder_of(&files);
    open(folder.path()).await.err().expect("it is refused");
    assert_eq!(beside(folder.path()), ["data"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_that_is_removed_while_it_is_in_use_is_made_again() {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    work(&app, "ann").await;
    fs::remove_file(mark_of(folder.path())).expect("removed");
    app.close().await;
    let app = open(folder.path()).await.expect("a start");
    app.close().await;
    assert_eq!(beside(folder.path()), ["data", "data.mark"]);
    assert!(fs::read(mark_of(folder.path())).expect("a mark").len() > 4_096);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mark_of_another_database_does_not_fit() {
    let (_folder, [_, second]) = two_moments().await;
    let (_other, [_, other]) = two_moments().await;
    let error = start(&second.files, Some(&other.mark), &second.told).await.expect("it is refused");
    assert!(error.to_string().contains("another in the database"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_are_numbered_and_their_time_does_not_go_back() {
    let folder = new_folder();
    let store = Store::open(&disk(folder.path())).await.expect("an open store");
    let mut last = store.last_batch();
    assert_eq!((last.number, last.time.at), (0, 0));
    let none = last.time;
    let time = |at| BatchTime { at, ..none };
    for (number, (at, expected)) in [(1_000, 1_000), (2_000, 2_000), (500, 2_000), (3_000, 3_000)].iter().enumerate() {
        let mut batch = Batch::at(time(*at));
        batch.insert::<Emails>(format!("{number}"), customer("ann"));
        drop(store.commit(&batch).await.expect("written"));
        let next = store.last_batch();
        assert_eq!((next.number, next.time.at, next.before), (last.number + 1, *expected, last.digest()));
        last = next;
    }
    // One that fails takes no number.
    let mut batch = Batch::at(time(4_000));
    batch.insert::<Emails>("0".to_owned(), customer("ann"));
    assert!(store.commit(&batch).await.is_err());
    let mut batch = Batch::at(time(5_000));
    batch.insert::<Emails>("another".to_owned(), customer("ann"));
    drop(store.commit(&batch).await.expect("written"));
    assert_eq!(store.last_batch().before, last.digest());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_or_a_broken_link_is_refused() {
    for (changed, expected) in
        [(false, "batches 5 to 5 are missing between batch 4"), (true, "does not follow the one before it")]
    {
        let folder = new_folder();
        let app = open(folder.path()).await.expect("a new database");
        work(&app, "ann").await;
        app.close().await;
        tamper(folder.path(), async |store| {
            let mut batch = Batch::default();
            match store.get_one::<Batches>(5).await.expect("an answer") {
                Some(link) if changed => {
                    let time = BatchTime { at: link.time.at + 1, ..link.time };
                    batch.replace::<Batches>(5, Link { time, ..link });
                }
                _ => batch.remove(RowId::of::<Batches>(5)),
            }
            batch
        })
        .await;
        for _ in 0..2 {
            let said = open(folder.path()).await.err().expect("it is refused").to_string();
            assert!(said.contains(expected), "{said}");
        }
    }
}

/// Nothing is promised there, so a power cut may take the end away, and the mark would be ahead of what is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_stays_where_commits_are_not_synced() {
    let folder = new_folder();
    open(folder.path()).await.expect("a new database").close().await;
    let before = fs::read(mark_of(folder.path())).expect("a mark");
    let address = format!("surrealkv://{}?sync=never", folder.path().display());
    let store = Store::open(&scrip::storage::Address::parse(&address).expect("an address")).await.expect("a store");
    let mut batch = Batch::default();
    batch.insert::<Emails>("ann".to_owned(), customer("ann"));
    drop(store.commit(&batch).await.expect("written"));
    store.close().await;
    assert_eq!(fs::read(mark_of(folder.path())).expect("a mark"), before);
}
