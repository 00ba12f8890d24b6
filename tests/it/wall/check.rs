//! `scrip check` and `scrip salvage`.

use std::{fs, path::Path, time::Duration};

use scrip::{
    domain::{
        id::{CouponId, EventId, PoolId},
        rejection::Code,
    },
    service::{EventFilter, PageRequest},
    storage::{
        Address, Batch, Batches, Checked, Coupons, Events, GoalError, ReadFrom, RowId, SalvageError, Salvaged, Span,
        check, salvage,
    },
};

use super::{beside, in_log, mark_of, open, tamper, two_moments, work};
use crate::{
    edge::binary::scrip,
    support::{
        Folder,
        audit::{Books, audit},
        disk, draft,
        files::{files, folder_of},
        new_folder,
    },
};

/// Checks a folder, which stays as it is; gives what was told.
async fn checked(folder: &Path) -> (Checked, Vec<String>) {
    let (before, around) = (files(folder), beside(folder));
    let mut told = Vec::new();
    let checked = check(&disk(folder), |fault| told.push(fault.to_string())).await.expect("an answer");
    assert!(files(folder) == before && beside(folder) == around, "a check changes nothing");
    assert_eq!(checked.faults, told.len() as u64);
    (checked, told)
}

/// Salvages a folder, which stays as it is; gives what was told.
async fn salvaged(folder: &Path, new: &Path) -> (Salvaged, Vec<String>) {
    let before = files(folder);
    let mut told = Vec::new();
    let salvaged = salvage(&disk(folder), new, |fault| told.push(fault.to_string())).await.expect("a new folder");
    assert!(files(folder) == before, "a salvage changes nothing");
    (salvaged, told)
}

/// A database that was closed, and its books.
async fn filled() -> (Folder, Books) {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    work(&app, "ann").await;
    work(&app, "ben").await;
    let books = audit(&app).await;
    app.close().await;
    (folder, books)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_database_has_no_faults_and_is_salvaged_whole() {
    let (folder, books) = filled().await;
    let (found, told) = checked(folder.path()).await;
    assert_eq!(told, Vec::<String>::new());
    assert!(found.marked && found.last.number > 20, "{found:?}");
    assert_eq!(found.events, books.events.len() as u64);
    let new = folder.path().with_file_name("new");
    let (saved, told) = salvaged(folder.path(), &new).await;
    assert_eq!(told, Vec::<String>::new());
    assert_eq!((saved.events, saved.last), (found.events, found.last));
    assert_eq!(beside(folder.path()), ["data", "data.mark", "new", "new.mark"]);
    let app = open(&new).await.expect("a start");
    assert!(audit(&app).await == in_log(2, books));
    app.close().await;
    assert_eq!(checked(&new).await.1, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_leaves_is_checked_as_it_is() {
    let (_folder, [first, second]) = two_moments().await;
    let crashed = folder_of(&second.files);
    fs::write(mark_of(crashed.path()), &second.mark).expect("a mark");
    let (found, told) = checked(crashed.path()).await;
    assert_eq!((told, found.events), (Vec::new(), second.told.events.len() as u64));
    // An older copy under the same mark, which is salvaged as far as it goes.
    let older = folder_of(&first.files);
    fs::write(mark_of(older.path()), &second.mark).expect("a mark");
    let (found, told) = checked(older.path()).await;
    assert_eq!((told.len(), found.events), (1, first.told.events.len() as u64));
    assert!(told[0].contains("which were told, are missing at the end"), "{told:?}");
    let new = older.path().with_file_name("new");
    assert_eq!(salvaged(older.path(), &new).await.1, told);
    let app = open(&new).await.expect("a start");
    assert!(audit(&app).await == in_log(2, first.told));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_wrong_is_told_with_its_id() {
    let (folder, books) = filled().await;
    let coupon = RowId::of::<Coupons>(CouponId { pool: PoolId(1), index: 0 });
    let mut batch = Batch::default();
    batch.put_record(coupon, b"nothing".to_vec());
    batch.remove(RowId::of::<Batches>(4));
    batch.remove(RowId::of::<Events>(EventId { stream: 1, sequence: 3 }));
    tamper(folder.path(), async |_| batch).await;
    let (found, told) = checked(folder.path()).await;
    assert_eq!(found.events, books.events.len() as u64 - 1);
    assert_eq!(told.len(), 3, "{told:?}");
    for (fault, expected) in told.iter().zip([
        "batches 4 to 4 are missing between batch 3".to_owned(),
        "coupon:[1, 0] cannot be read: ".to_owned(),
        "events 3 to 3 of stream 1 are missing".to_owned(),
    ]) {
        assert!(fault.starts_with(&expected), "{fault} is not {expected}");
    }
    let new = folder.path().with_file_name("new");
    let (saved, listed) = salvaged(folder.path(), &new).await;
    assert_eq!((listed, saved.faults), (told, 3));
    let app = open(&new).await.expect("a start");
    let customer = app.claim(PoolId(1), "cleo").await.expect("the rest is there").customer;
    assert_eq!(customer.expect("a customer").as_str(), "cleo");
    app.close().await;
    // What was lost is lost, but from now on it is a whole chain; the books say what lacks it.
    let (_, told) = checked(&new).await;
    assert_eq!(told[0], "events 3 to 3 of stream 2 are missing");
    for what in ["coupon:[1, 1] has event 3, which is not in the log", "pool 1 counts 4 REDEEMED coupons and has 3"] {
        assert!(told.iter().any(|fault| fault == what), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_lost_is_not_given_again_while_a_row_names_it() {
    // More than a page of the log.
    const LOST: usize = 70;
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    let pool = app.stocked(draft::percentage(), 200).await;
    for _ in 0..LOST + 20 {
        app.claim(pool, "ann").await.expect("a coupon");
    }
    let last = *app.latest_event().expect("a place").borrow();
    app.close().await;
    tamper(folder.path(), async |store| {
        let rows = store.scan::<Events>(&Span::all(), ReadFrom::End, LOST).await.expect("readable");
        let mut batch = Batch::default();
        rows.into_iter().for_each(|(event, _)| batch.remove(RowId::of::<Events>(event)));
        batch
    })
    .await;
    let new = folder.path().with_file_name("new");
    salvaged(folder.path(), &new).await;
    let app = open(&new).await.expect("a start");
    let latest = || *app.latest_event().expect("a place").borrow();
    assert_eq!(latest(), EventId { stream: 2, ..last });
    // Whoever reads the log from its end finds what is left of it, and whoever follows it what comes.
    let page = PageRequest { limit: 10, after: None, before: None, from_end: true };
    let events = app.events(&EventFilter::default(), &page).await.expect("a page");
    assert!(events.items.len() == 10 && events.has_previous, "{} events", events.items.len());
    let mut follower = app.follow(EventFilter::default(), None).expect("an answer").expect("a place");
    tokio::time::sleep(Duration::from_millis(100)).await;
    app.claim(pool, "ann").await.expect("a coupon");
    let next = EventId { stream: 2, sequence: last.sequence + 1 };
    assert_eq!((latest(), follower.next().await.expect("an event")[0].id), (next, next));
    let tasks = app.tasks().expect("an answer");
    assert!(tasks.iter().all(|task| task.failures == 0), "{tasks:?}");
    drop(follower);
    app.close().await;
    // The log lacks them, and nothing is counted twice.
    let (_, told) = checked(&new).await;
    assert!(told[0].starts_with("events ") && told[0].ends_with(" of stream 2 are missing"), "{told:?}");
    assert!(!told.iter().any(|fault| fault.contains("are counted")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_salvage_is_run_again_and_writes_over_nothing() {
    let (folder, books) = filled().await;
    let new = folder.path().with_file_name("new");
    // What a salvage that was killed leaves.
    let unfinished = folder.path().with_file_name("new.salvaging");
    for left in [&unfinished, &folder.path().with_file_name("new.salvaged-from")] {
        fs::create_dir(left).expect("a folder");
        fs::write(left.join("half"), "half").expect("a file");
    }
    fs::write(folder.path().with_file_name("new.salvaging.mark"), "half").expect("a file");
    fs::write(folder.path().with_file_name("new.mark"), "").expect("a file");
    assert_eq!(salvaged(folder.path(), &new).await.1, Vec::<String>::new());
    assert_eq!(beside(folder.path()), ["data", "data.mark", "new", "new.mark"]);
    let again = salvage(&disk(folder.path()), &new, |_| {}).await;
    assert!(matches!(again, Err(SalvageError::Goal(GoalError::Exists(_)))), "{again:?}");
    let app = open(&new).await.expect("a start");
    assert!(audit(&app).await == in_log(2, books));
    // Neither touches what is in use.
    for address in [disk(&new), Address::parse("mem://").expect("an address"), disk(folder.path().join("none"))] {
        assert!(check(&address, |_| {}).await.is_err(), "{}", address.text());
    }
    assert!(salvage(&disk(&new), &folder.path().with_file_name("other"), |_| {}).await.is_err());
    assert_eq!(app.pay(CouponId { pool: PoolId(2), index: 0 }, "1000.00").await, Err(vec![Code::InsufficientBalance]));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_say_it() {
    let (folder, _) = filled().await;
    let parent = folder.path().parent().expect("a parent");
    let run = async |arguments: &[&str]| {
        let output = scrip(parent, arguments).output().await.expect("the binary");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let check = ["check", "--database", "surrealkv://data"];
    let (code, said) = run(&check).await;
    assert!(code == Some(0) && said.contains("all is well"), "{said}");
    assert!(said.contains("\n  coupon: 26 rows, ") && said.contains("the oldest event is of 20"), "{said}");
    let mut batch = Batch::default();
    batch.remove(RowId::of::<Batches>(4));
    tamper(folder.path(), async |_| batch).await;
    let (code, said) = run(&check).await;
    assert!(code == Some(1) && said.contains("batches 4 to 4 are missing"), "{said}");
    let (code, said) = run(&["salvage", "new", "--database", "surrealkv://data"]).await;
    assert!(code == Some(0) && said.contains("batches 4 to 4 are missing"), "{said}");
    let (code, said) = run(&["check", "--database", "surrealkv://new"]).await;
    assert!(code == Some(0) && said.contains("all is well"), "{said}");
    let (code, _) = run(&["salvage", "new", "--database", "surrealkv://data"]).await;
    assert_eq!(code, Some(1));
}
