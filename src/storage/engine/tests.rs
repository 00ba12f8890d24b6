//! What SurrealDB expects of an engine, and what Scrip expects of its log.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use surrealdb_kvs::{Error, Key, KeyRange, Transactable, TransactionBuilder, TransactionType};
use surrealkv::CompactRangeOptions;
use tempfile::TempDir;

use super::{Engine, Purpose, Settings, Sync};

type Boxed = Box<dyn Transactable>;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

async fn open_with(folder: &Path, sync: Sync) -> Result<Engine, surrealkv::Error> {
    let settings = Settings { sync, memtable: 1024 * 1024, block_cache: 1024 * 1024, purpose: Purpose::Use };
    Engine::open(folder, settings).await
}

async fn open(folder: &Path) -> Engine {
    open_with(folder, Sync::Every).await.expect("an open engine")
}

async fn begin(engine: &Engine, kind: TransactionType) -> Boxed {
    engine.new_transaction(kind).await.expect("a transaction").0
}

async fn write(engine: &Engine) -> Boxed {
    begin(engine, TransactionType::Write).await
}

async fn read(engine: &Engine) -> Boxed {
    begin(engine, TransactionType::Read).await
}

fn key(text: &str) -> Key<'_> {
    Key::from(text.as_bytes())
}

async fn set(engine: &Engine, name: &str, value: &str) {
    let transaction = write(engine).await;
    transaction.set(key(name), value.into()).await.expect("set");
    transaction.commit().await.expect("committed");
}

async fn get(transaction: &Boxed, name: &str) -> Option<String> {
    let value = transaction.get(key(name), None).await.expect("an answer");
    value.map(|value| String::from_utf8(value).expect("text"))
}

/// What a key holds now.
async fn now(engine: &Engine, name: &str) -> Option<String> {
    get(&read(engine).await, name).await
}

#[tokio::test]
async fn a_transaction_reads_one_moment_and_what_it_wrote() {
    let folder = folder();
    let engine = open(folder.path()).await;
    set(&engine, "a", "1").await;
    let (reader, writer) = (read(&engine).await, write(&engine).await);
    writer.set(key("b"), "mine".into()).await.expect("set");
    set(&engine, "a", "2").await;
    assert_eq!(get(&reader, "a").await.as_deref(), Some("1"));
    assert_eq!((get(&writer, "a").await.as_deref(), get(&writer, "b").await.as_deref()), (Some("1"), Some("mine")));
    assert_eq!(get(&reader, "b").await, None);
    assert!(writer.exists(key("b"), None).await.expect("an answer"));
    writer.del(key("b")).await.expect("removed");
    assert_eq!(get(&writer, "b").await, None);
    writer.cancel().await.expect("cancelled");
    assert_eq!(now(&engine, "a").await.as_deref(), Some("2"));
    engine.close().await.expect("closed");
}

#[tokio::test]
async fn what_another_wrote_meanwhile_is_a_conflict() {
    let folder = folder();
    let engine = open(folder.path()).await;
    set(&engine, "a", "1").await;
    let lost = |result| assert!(matches!(result, Err(Error::TransactionConflict(_))), "{result:?}");
    let (one, two) = (write(&engine).await, write(&engine).await);
    for transaction in [&one, &two] {
        transaction.put(key("b"), "2".into()).await.expect("new");
    }
    one.commit().await.expect("the first one wins");
    lost(two.commit().await);
    // A key that was read so that it must not change.
    let (one, two) = (write(&engine).await, write(&engine).await);
    for transaction in [&one, &two] {
        assert!(transaction.getu(key("a")).await.expect("an answer").is_some());
        transaction
            .set(Key::from(if std::ptr::eq(transaction, &one) { &b"x"[..] } else { b"y" }), vec![1])
            .await
            .expect("set");
    }
    set(&engine, "c", "3").await;
    one.commit().await.expect("another reader is no conflict");
    two.commit().await.expect("another reader is no conflict");
    let three = write(&engine).await;
    three.getu(key("a")).await.expect("an answer");
    set(&engine, "a", "4").await;
    lost(three.commit().await);
    engine.close().await.expect("closed");
}

#[tokio::test]
async fn conditions_hold_or_nothing_changes() {
    let folder = folder();
    let engine = open(folder.path()).await;
    set(&engine, "a", "1").await;
    let transaction = write(&engine).await;
    let there = transaction.put(key("a"), "2".into()).await;
    assert!(matches!(there, Err(Error::TransactionKeyAlreadyExists)), "{there:?}");
    for expected in [None, Some(b"2".to_vec())] {
        let other = transaction.putc(key("a"), "3".into(), expected.clone()).await;
        assert!(matches!(other, Err(Error::TransactionConditionNotMet)), "{other:?}");
        let other = transaction.delc(key("a"), expected.as_deref()).await;
        assert!(matches!(other, Err(Error::TransactionConditionNotMet)), "{other:?}");
    }
    transaction.putc(key("a"), "3".into(), Some(b"1".to_vec())).await.expect("as expected");
    transaction.delc(key("a"), Some(b"3")).await.expect("as expected");
    transaction.putc(key("a"), "4".into(), None).await.expect("as expected");
    transaction.commit().await.expect("committed");
    assert_eq!(now(&engine, "a").await.as_deref(), Some("4"));
    engine.close().await.expect("closed");
}

#[tokio::test]
async fn a_transaction_ends_once_and_keeps_to_its_kind() {
    let folder = folder();
    let engine = open(folder.path()).await;
    let reader = read(&engine).await;
    let refused = reader.set(key("a"), "1".into()).await;
    assert!(matches!(refused, Err(Error::TransactionReadonly)), "{refused:?}");
    let refused = reader.get(key("a"), Some(1)).await;
    assert!(matches!(refused, Err(Error::UnsupportedVersionedQueries)), "{refused:?}");
    let refused = reader.commit().await;
    assert!(matches!(refused, Err(Error::TransactionReadonly)), "{refused:?}");
    let writer = write(&engine).await;
    assert!(!writer.closed() && writer.writeable() && !reader.writeable());
    writer.commit().await.expect("nothing to commit");
    for ended in [reader, writer] {
        assert!(ended.closed());
        let results = [ended.cancel().await, ended.commit().await, ended.set(key("a"), "1".into()).await];
        assert!(results.iter().all(|result| matches!(result, Err(Error::TransactionFinished))), "{results:?}");
    }
    engine.close().await.expect("closed");
    let late = engine.new_transaction(TransactionType::Write).await.expect("a transaction").0;
    late.set(key("a"), "1".into()).await.expect("set");
    late.commit().await.expect_err("it is closed");
}

#[tokio::test]
async fn savepoints_undo_what_came_after_them() {
    let folder = folder();
    let engine = open(folder.path()).await;
    let transaction = write(&engine).await;
    let none = transaction.rollback_to_save_point().await;
    assert!(matches!(none, Err(Error::NoSavepoint)), "{none:?}");
    let set = |name: &'static str| transaction.set(key(name), name.into());
    set("a").await.expect("set");
    transaction.new_save_point().await.expect("a savepoint");
    set("b").await.expect("set");
    transaction.new_save_point().await.expect("a savepoint");
    set("c").await.expect("set");
    transaction.release_last_save_point().await.expect("released");
    assert!(get(&transaction, "c").await.is_some());
    transaction.rollback_to_save_point().await.expect("undone");
    assert_eq!((get(&transaction, "b").await, get(&transaction, "c").await), (None, None));
    set("d").await.expect("set");
    transaction.commit().await.expect("committed");
    assert!(now(&engine, "a").await.is_some() && now(&engine, "d").await.is_some());
    assert_eq!((now(&engine, "b").await, now(&engine, "c").await), (None, None));
    engine.close().await.expect("closed");
}

/// Pages are those of a sorted list, over tables, the memtable and what the transaction has written itself.
#[tokio::test]
async fn pages_come_in_order_from_either_end() {
    let folder = folder();
    let engine = open(folder.path()).await;
    let mut random = StdRng::seed_from_u64(7);
    let mut rows = BTreeMap::new();
    let mut own = write(&engine).await;
    for round in 0..20 {
        for _ in 0..150 {
            let name = random.random_range(0..900_u16).to_be_bytes().to_vec();
            if random.random_bool(0.3) {
                rows.remove(&name);
                own.del(Key::from(name)).await.expect("removed");
            } else {
                let value = vec![round; random.random_range(0..900)];
                rows.insert(name.clone(), value.clone());
                own.set(Key::from(name), value).await.expect("set");
            }
        }
        if round < 19 {
            own.commit().await.expect("committed");
            own = write(&engine).await;
        }
    }
    for _ in 0..300 {
        let bounds =
            [random.random_range(0..1_000_u16), random.random_range(0..1_000)].map(|n| n.to_be_bytes().to_vec());
        let (limit, skip) = (random.random_range(0..60), random.random_range(0..9));
        let range = || KeyRange { start: Key::from(bounds[0].clone()), end: Key::from(bounds[1].clone()) };
        let within = rows.iter().filter(|(name, _)| **name >= bounds[0] && **name < bounds[1]);
        let within: Vec<_> = within.map(|(name, value)| (name.clone(), value.clone())).collect();
        let page = |rows: &mut dyn Iterator<Item = &(Vec<u8>, Vec<u8>)>| {
            rows.skip(skip as usize).take(limit as usize).cloned().collect::<Vec<_>>()
        };
        let (forward, backward) = (page(&mut within.iter()), page(&mut within.iter().rev()));
        assert_eq!(own.scan(range(), limit, skip, None).await.expect("a page").values, forward);
        assert_eq!(own.scanr(range(), limit, skip, None).await.expect("a page").values, backward);
        let names = |rows: Vec<(Vec<u8>, Vec<u8>)>| rows.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(own.keys(range(), limit, skip, None).await.expect("a page").keys, names(forward));
        assert_eq!(own.keysr(range(), limit, skip, None).await.expect("a page").keys, names(backward));
        assert_eq!(own.count(range(), None).await.expect("a number"), within.len());
    }
    own.cancel().await.expect("cancelled");
    engine.close().await.expect("closed");
}

/// A folder as a killed process leaves it, with twenty commits in its log, and the log's newest file.
async fn killed(sync: Sync) -> (TempDir, PathBuf) {
    let folder = folder();
    let engine = open_with(folder.path(), sync).await.expect("an open engine");
    for number in 0..20 {
        set(&engine, &format!("{number:02}"), &"x".repeat(100)).await;
    }
    engine.tree().abandon();
    let logs = fs::read_dir(folder.path().join("wal")).expect("logs").map(|entry| entry.expect("an entry").path());
    let newest = logs.max().expect("a log");
    (folder, newest)
}

/// How many of the twenty are there, all of them up to the first that is not.
async fn kept(folder: &Path) -> Result<usize, surrealkv::Error> {
    let engine = open_with(folder, Sync::Every).await?;
    let all = read(&engine).await;
    let range = KeyRange { start: key("00"), end: key("99") };
    let names = all.keys(range, 99, 0, None).await.expect("a page").keys;
    assert!(names.iter().enumerate().all(|(place, name)| *name == format!("{place:02}").into_bytes()));
    engine.close().await?;
    Ok(names.len())
}

#[tokio::test]
async fn a_killed_process_loses_nothing() {
    for sync in [Sync::Every, Sync::Never, Sync::Interval(Duration::from_millis(1))] {
        let (folder, _) = killed(sync).await;
        assert_eq!(kept(folder.path()).await.expect("it opens"), 20, "{sync:?}");
        assert_eq!(kept(folder.path()).await.expect("it opens again"), 20, "{sync:?}");
    }
}

#[tokio::test]
async fn a_torn_end_of_the_log_is_passed_over_and_other_damage_is_refused() {
    let (folder, log) = killed(Sync::Every).await;
    let whole = fs::read(&log).expect("the log");
    // Cut anywhere in its last record, it ends with the one before.
    for cut in [1, 5, 50, 100] {
        let (folder, log) = killed(Sync::Every).await;
        fs::write(&log, &whole[..whole.len() - cut]).expect("the log");
        assert_eq!(kept(folder.path()).await.expect("it opens"), 19, "cut by {cut}");
    }
    for place in (0..whole.len() * 3 / 4).step_by(17) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0xA5;
        fs::write(&log, &damaged).expect("the log");
        let opened = kept(folder.path()).await;
        assert!(opened.is_err(), "a byte changed at {place} of {}: {opened:?}", whole.len());
    }
    fs::write(&log, &whole).expect("the log");
    assert_eq!(kept(folder.path()).await.expect("it opens"), 20, "a refusal changes nothing");
}

/// Every row of a table that is packed, or an error where a byte of it has changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_byte_in_a_packed_table_is_never_read() {
    const ROWS: usize = 2_000;
    let (folder, value) = (folder(), "pack me ".repeat(100));
    let engine = open(folder.path()).await;
    for batch in 0..20 {
        let transaction = write(&engine).await;
        for row in 0..ROWS / 20 {
            transaction.set(key(&format!("{batch:02}-{row:03}")), value.as_str().into()).await.expect("set");
        }
        transaction.commit().await.expect("committed");
    }
    let tree = Arc::clone(engine.tree());
    let merged = tokio::task::spawn_blocking(move || tree.compact_range(None, None, &CompactRangeOptions::default()));
    merged.await.expect("an end").expect("merged");
    engine.close().await.expect("closed");
    let tables = fs::read_dir(folder.path().join("sstables")).expect("tables");
    let tables: Vec<PathBuf> = tables.map(|entry| entry.expect("an entry").path()).collect();
    let [table] = tables.as_slice() else { panic!("expected one table, found {tables:?}") };
    let whole = fs::read(table).expect("a table");
    assert!(whole.len() < ROWS * value.len() / 4, "{} bytes are not packed", whole.len());
    let read_all = async |folder: &Path| {
        let engine = open_with(folder, Sync::Every).await.map_err(|error| error.to_string())?;
        let all = read(&engine).await;
        let range = KeyRange { start: key("00"), end: key("99") };
        let rows = all.scan(range, u32::MAX, 0, None).await.map_err(|error| error.to_string());
        engine.close().await.map_err(|error| error.to_string())?;
        rows.map(|rows| rows.values)
    };
    let right = read_all(folder.path()).await.expect("rows");
    assert!(right.len() == ROWS && right.iter().all(|(_, found)| *found == value.as_bytes()));
    let mut refused = 0;
    for place in (0..whole.len()).step_by(whole.len() / 150) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0xA5;
        fs::write(table, &damaged).expect("a table");
        match read_all(folder.path()).await {
            Ok(rows) => assert!(rows == right, "a byte changed at {place} of {} is read", whole.len()),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 100, "only {refused} were refused");
    fs::write(table, &whole).expect("a table");
    assert_eq!(read_all(folder.path()).await.expect("rows"), right, "a refusal changes nothing");
}
