//! Rows are counted as batches write them, whoever wrote the folder before.

use std::path::Path;

use surrealdb_datastore::TransactionType;

use super::*;
use crate::{Address, Batch, Emails, RowId, check};
use scrip_domain::id::CustomerId;

fn address(folder: &Path) -> Address {
    Address::parse(&format!("surrealkv://{}/data", folder.display())).expect("an address")
}

async fn open(folder: &Path) -> Arc<Store> {
    Arc::new(Store::open(&address(folder)).await.expect("a database"))
}

/// Writes addresses with these numbers.
async fn write(store: &Store, numbers: std::ops::Range<u32>) {
    let mut batch = Batch::default();
    for number in numbers {
        batch.insert::<Emails>(number.to_string(), CustomerId::kept("ann".to_owned()));
    }
    drop(store.commit(&batch).await.expect("written"));
}

/// How many addresses and batches are counted.
fn counted(store: &Store) -> Option<[u64; 2]> {
    store.row_counts().map(|rows| [Emails::NUMBER, Batches::NUMBER].map(|table| rows[table]))
}

/// Writes the counts as they are not written by a batch.
async fn put(store: &Store, counted: Option<&Counted>) {
    let transaction = store.datastore.transaction(TransactionType::Write).await.expect("a transaction");
    let id = RowId::of::<RowCounts>(());
    let key = store.place(&transaction).await.expect("a place").key(&id);
    match counted {
        Some(counted) => {
            let record = id.encode(&crate::Row::of::<RowCounts>(counted.clone())).expect("a record");
            transaction.set(key, record).await.expect("written");
        }
        None => transaction.del(key).await.expect("removed"),
    }
    transaction.commit().await.expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_batch_is_counted_and_a_start_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    assert_eq!(counted(&store), Some([0, 0]));
    write(&store, 0..10).await;
    let mut batch = Batch::default();
    let ann = || CustomerId::kept("ann".to_owned());
    batch.ensure::<Emails>("1".to_owned(), ann());
    batch.ensure::<Emails>("new".to_owned(), ann());
    batch.replace::<Emails>("2".to_owned(), ann());
    batch.remove(RowId::of::<Emails>("3".to_owned()));
    batch.remove(RowId::of::<Emails>("4".to_owned()));
    drop(store.commit(&batch).await.expect("written"));
    assert_eq!(counted(&store), Some([9, 2]));
    // One that fails changes nothing, and what became of it is asked before the next.
    let mut failing = Batch::default();
    failing.insert::<Emails>("5".to_owned(), ann());
    assert!(store.commit(&failing).await.is_err());
    write(&store, 20..30).await;
    assert_eq!(counted(&store), Some([19, 3]));
    store.close().await;
    let store = open(folder.path()).await;
    assert_eq!(counted(&store), Some([19, 3]));
    store.close().await;
    let checked = check(&address(folder.path()), |fault| panic!("{fault}")).await.expect("checked");
    assert_eq!(checked.tables.iter().find(|table| table.name == "email").map(|table| table.rows), Some(19));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_never_counted_is_counted_beside_the_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    write(&store, 0..5_000).await;
    put(&store, None).await;
    store.close().await;
    let store = open(folder.path()).await;
    assert_eq!(counted(&store), None);
    let counting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.count_rows(CancellationToken::new()).await }
    });
    for number in 0..200 {
        write(&store, 10_000 + number..10_001 + number).await;
    }
    counting.await.expect("no panic").expect("counted");
    assert_eq!(counted(&store), Some([5_200, 201]));
    write(&store, 20_000..20_001).await;
    assert_eq!(counted(&store), Some([5_201, 202]));
    store.close().await;
    let store = open(folder.path()).await;
    assert_eq!(counted(&store), Some([5_201, 202]));
    store.close().await;
    check(&address(folder.path()), |fault| panic!("{fault}")).await.expect("checked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting_ends_where_it_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    write(&store, 0..10).await;
    put(&store, None).await;
    store.close().await;
    let store = open(folder.path()).await;
    let stop = CancellationToken::new();
    stop.cancel();
    store.count_rows(stop).await.expect("an end");
    assert_eq!(counted(&store), None);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_of_another_batch_are_not_believed_and_wrong_ones_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    write(&store, 0..10).await;
    let right = store.get_one::<RowCounts>(()).await.expect("readable").expect("a row");
    let mut wrong = right.clone();
    wrong.rows[Emails::NUMBER] += 1;
    put(&store, Some(&wrong)).await;
    store.close().await;
    let mut told = Vec::new();
    check(&address(folder.path()), |fault| told.push(fault.to_string())).await.expect("checked");
    assert_eq!(told, ["11 rows of email are counted, and there are 10"]);
    let store = open(folder.path()).await;
    put(&store, Some(&Counted { batch: right.batch + 1, ..wrong })).await;
    store.close().await;
    check(&address(folder.path()), |fault| panic!("{fault}")).await.expect("checked");
    let store = open(folder.path()).await;
    assert_eq!(counted(&store), None);
    store.close().await;
}
