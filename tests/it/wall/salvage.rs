//! What is salvaged where the engine does not open the files, or not with all of its tables.

use std::{
    fs,
    path::{Path, PathBuf},
};

use scrip::{
    domain::id::EventId,
    service::{CouponFilter, EventFilter, PageRequest},
    storage::{check, salvage},
};

use super::{Moment, in_log, mark_of, open, two_moments};
use crate::support::{
    Folder,
    audit::audit,
    customer, disk, draft,
    files::{Files, files, folder_of},
    new_folder,
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
        assert!(audit(&app).await == in_log(2, whole.told.clone()));
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

/// What was told of a database that has lost its end names nothing else in what is salvaged of it: no cursor goes on, and no
/// number is given again. What is salvaged can be salvaged again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_were_told_are_not_given_again() {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    let stock = app.stocked(draft::percentage(), 2_000).await;
    let made = app.pool(draft::generated(draft::percentage(), "MADE-$$$$$$")).await.id;
    let generic = app.pool(draft::generic("HELLO")).await.id;
    for pool in [stock, made, generic] {
        app.claim(pool, "ann").await.expect("a coupon");
    }
    app.close().await;
    let kept = files(folder.path());
    let app = open(folder.path()).await.expect("the database");
    let mut told = Vec::new();
    for pool in [stock, made, generic] {
        told.push(app.claim(pool, "ben").await.expect("a coupon"));
    }
    let lost_pool = app.stocked(draft::percentage(), 3).await;
    let cursor = *app.latest_event().expect("a place").borrow();
    app.close().await;
    let mark = fs::read(mark_of(folder.path())).expect("a mark");
    let (mut folder, mut new, listed) = salvaged(&kept, &mark).await;
    assert!(listed.len() == 1 && listed[0].contains("which were told, are missing at the end"), "{listed:?}");
    for stream in [2, 3] {
        let app = open(&new).await.expect("a start");
        assert_eq!(app.latest_event().expect("a place").borrow().stream, stream);
        for after in [cursor, EventId { sequence: 1, ..cursor }] {
            assert!(app.follow(EventFilter::default(), Some(after)).expect("an answer").is_err(), "{after:?}");
            let page = PageRequest { limit: 10, after: Some(after), before: None, from_end: false };
            assert!(app.events(&EventFilter::default(), &page).await.is_err(), "{after:?}");
            let held = app.customer_coupons(&customer("ann"), &CouponFilter::default(), &page, app.now()).await;
            assert!(held.is_err(), "{after:?}");
        }
        for (pool, before) in [stock, made, generic].into_iter().zip(&told) {
            let again = app.claim(pool, &format!("cleo-{stream}")).await.expect("a coupon");
            // A coupon of a stock has its number and its code before it is claimed.
            assert!(again.id.index > before.id.index || pool == stock, "{:?} after {:?}", again.id, before.id);
            assert!(again.code != before.code || pool != made);
            assert_ne!(before.id.pool, lost_pool);
            let was = app.coupons(&[before.id]).await.expect("an answer").pop().flatten();
            assert!(was.is_none_or(|coupon| coupon.code == before.code), "it names another coupon");
        }
        let pool = app.stocked(draft::percentage(), 3).await;
        assert!(pool.0 > lost_pool.0 + 60_000, "{pool:?}");
        audit(&app).await;
        app.close().await;
        let found = check(&disk(&new), |fault| panic!("{fault}")).await.expect("an answer");
        assert_eq!(found.faults, 0);
        (folder, new, _) = salvaged(&files(&new), &fs::read(new.with_file_name("new.mark")).expect("a mark")).await;
    }
    drop(folder);
}
