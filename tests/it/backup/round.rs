//! What is restored is what was there.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use scrip::{
    domain::{global_id::GlobalId, id::PoolId},
    storage::check_backup,
};

use super::{backed_up, beside, bytes, open, restored, work, worked};
use crate::support::{audit::audit, draft, files::files, new_folder};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_database_is_restored_as_it_was() {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    work(&app, "A").await;
    let told = audit(&app).await;
    let pool = GlobalId::Pool(PoolId(1));
    let id = app.ids().encode(&pool);
    let file = folder.path().with_file_name("file");
    fs::write(&file, bytes(app.backup(None).expect("an answer").expect("no other")).await).expect("a file");
    app.close().await;
    let again = open(&restored(&file).await).await.expect("a start");
    assert!(audit(&again).await == told);
    assert_eq!(again.ids().encode(&pool), id, "what clients have kept names what it did");
    // It goes on: with its own codes, its own events and its own chain.
    work(&again, "B").await;
    let more = audit(&again).await;
    again.close().await;
    let again = open(&file.with_file_name("restored")).await.expect("a start");
    assert!(audit(&again).await == more);
    again.close().await;
    assert_eq!(beside(folder.path()), ["data", "data.mark", "file", "restored", "restored.mark"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_folder_is_restored_and_stays_as_it_is() {
    let folder = worked().await;
    let (before, mark) = (files(folder.path()), fs::read(folder.path().with_file_name("data.mark")).expect("a mark"));
    let (file, backed) = backed_up(folder.path()).await;
    assert!(files(folder.path()) == before, "a backup changes nothing");
    assert_eq!(fs::read(folder.path().with_file_name("data.mark")).expect("a mark"), mark);
    assert_eq!(check_backup(&file, |_, _| {}).expect("whole"), backed);
    assert!(backed.rows > 100 && backed.header.batch > 20, "{backed:?}");
    let original = open(folder.path()).await.expect("a start");
    let told = audit(&original).await;
    original.close().await;
    let again = open(&restored(&file).await).await.expect("a start");
    assert!(audit(&again).await == told);
    again.close().await;
    // What was restored gives the same backup again.
    let (second, twice) = {
        let moved = new_folder();
        let new = file.with_file_name("restored");
        fs::remove_dir(moved.path()).expect("an empty folder");
        scrip::storage::restore(&file, moved.path(), |_, _| {}).await.expect("a folder");
        assert!(new.exists());
        (backed_up(moved.path()).await.1, backed)
    };
    assert_eq!(second, twice);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_claims_is_of_one_moment() {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    work(&app, "A").await;
    let pool = app.stocked(draft::percentage(), 20_000).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..8 {
        let (app, stop) = (app.clone(), Arc::clone(&stop));
        callers.spawn(async move {
            let mut claims = 0;
            while !stop.load(Relaxed) {
                let coupon = app.claim(pool, &format!("{caller}-{claims}")).await.expect("a coupon").id;
                if claims % 3 == 0 {
                    app.redeem(coupon).await.expect("a redemption");
                }
                claims += 1;
            }
            claims
        });
    }
    let mut found = Vec::new();
    for _ in 0..3 {
        let before = app.latest_event().expect("a place").borrow().sequence;
        let backup = bytes(app.backup(None).expect("an answer").expect("no other")).await;
        found.push((before, backup, app.latest_event().expect("a place").borrow().sequence));
    }
    stop.store(true, Relaxed);
    let claims: usize = callers.join_all().await.into_iter().sum();
    assert!(claims > 100, "{claims} claims");
    let all = audit(&app).await;
    app.close().await;
    for (number, (before, backup, after)) in found.into_iter().enumerate() {
        let other = new_folder();
        let file = other.path().with_file_name("file");
        fs::write(&file, backup).expect("a file");
        let again = open(&restored(&file).await).await.expect("a start");
        // The audit holds its coupons, events, lists and counts against each other.
        let books = audit(&again).await;
        let events = books.events.len();
        assert!(books.events[..] == all.events[..events], "backup {number}: it has the events up to one moment");
        let last = books.events.last().expect("events").id.sequence;
        assert!(before <= last && last <= after, "backup {number}: {before} <= {last} <= {after}");
        again.close().await;
    }
}
