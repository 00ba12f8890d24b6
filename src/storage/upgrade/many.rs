//! An upgrade of many rows: a folder of format 2 whose coupons are written again and again under other places.
//! `SCRIP_UPGRADE_ROWS=1000000 cargo test --workspace --lib upgrade::many -- --nocapture` is the one that is measured.

use std::{
    fs, io,
    path::Path,
    sync::Mutex,
    time::{Duration, Instant},
};

use serde::Serialize;
use surrealdb_datastore::TransactionType;

use super::{Upgraded, upgrade};
use crate::{
    Address, Coupons, ReadFrom, Store, Table,
    codec::{Part, Parts, encode},
    format::texts_of_before,
};
use scrip_domain::id::PoolId;

/// How many rows a batch has.
const BATCH: u64 = 5_000;

#[derive(Serialize)]
struct Record {
    doc: String,
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy(&entry.path(), &to)? } else { fs::copy(entry.path(), to).map(drop)? }
    }
    Ok(())
}

/// Writes a coupon of a folder of format 2 under so many more places of its pool.
async fn fill(address: &Address, rows: u64) -> u32 {
    let store = Store::engine(address).await.expect("an engine");
    store.select().await.expect("its database");
    let transaction = store.datastore.transaction(TransactionType::Read).await.expect("a transaction");
    let bounds = (&[][..], &[0xFF][..]);
    let found = store.raw_rows(&transaction, Coupons::NUMBER, bounds, ReadFrom::Start, 1).await.expect("rows");
    let (id, record) = found.first().expect("a coupon");
    let (id, doc) = texts_of_before(id, record).expect("a row of format 2");
    let (pool, _) = id.split_at(8);
    drop(transaction.cancel().await);
    for first in (0..rows).step_by(usize::try_from(BATCH).expect("a number")) {
        let transaction = store.datastore.transaction(TransactionType::Write).await.expect("a transaction");
        let place = store.place(&transaction).await.expect("a place");
        for index in first..rows.min(first + BATCH) {
            let id = format!("{pool}{:016x}", 1_000_000 + index);
            let parts = Parts::alone(Part::Text(&id));
            let record = encode(Coupons::NAME, &parts, &Record { doc: doc.clone() }).expect("a record");
            transaction.set(place.key_of(Coupons::NUMBER, &parts), record).await.expect("written");
        }
        transaction.commit().await.expect("written");
    }
    store.close().await;
    u32::from_str_radix(pool, 16).expect("a pool")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rows_are_brought_over() {
    let rows = std::env::var("SCRIP_UPGRADE_ROWS").map_or(20_000, |rows| rows.parse().expect("a number"));
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/it/fixtures/format-2");
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    copy(&from.join("stopped"), &data).expect("a folder of format 2");
    fs::copy(from.join("stopped.mark"), folder.path().join("data.mark")).expect("its mark");
    let address = Address::parse(&format!("surrealkv://{}", data.display())).expect("an address");
    let pool = fill(&address, rows).await;
    let (begun, told) = (Instant::now(), Mutex::new(Vec::new()));
    let done = upgrade(&address, |line| told.lock().expect("lines").push((begun.elapsed(), line.to_owned()))).await;
    assert!(matches!(done, Ok(Upgraded::Done { .. })), "{done:?}");
    let store = Store::open(&address).await.expect("a database of this format");
    let (mut found, mut next) = (0, 1_000_000);
    loop {
        let span = Coupons::of(PoolId(pool), next..u64::MAX >> 1);
        let page = store.scan(&span, ReadFrom::Start, 10_000).await.expect("rows");
        let Some((last, _)) = page.last() else { break };
        (found, next) = (found + page.len() as u64, last.index + 1);
    }
    assert_eq!(found, rows);
    store.close().await;
    let lines = told.into_inner().expect("lines");
    let progress = lines.iter().filter(|(_, line)| line.contains("rows written")).count() as u64;
    assert!(progress >= rows / 100_000, "{lines:?}");
    let seconds = lines.last().map_or(Duration::ZERO, |(at, _)| *at).as_secs_f64();
    println!("{rows} rows and more were brought over in {seconds:.1} s");
}
