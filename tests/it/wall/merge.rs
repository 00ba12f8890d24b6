//! Damage in tables that the engine would merge as soon as it opens them.

use std::fs;

use scrip::{
    domain::{customer::Customer, id::CustomerId},
    storage::{Address, Batch, Checked, Customers, Store, check, salvage},
};

use crate::support::{Folder, new_folder};

/// How many tables a database has: the engine merges from four on.
const TABLES: u64 = 4;
/// How many rows a table has.
const ROWS: u64 = 3_000;

/// A database with tables that are due for merging, each closed before the next one.
async fn unmerged() -> Folder {
    let folder = new_folder();
    for table in 0..TABLES {
        let store = Store::open(&address(&folder)).await.expect("a database");
        let mut batch = Batch::default();
        for row in 0..ROWS {
            let id = CustomerId::parse(&format!("{row:04}-{table}-{}", "x".repeat(40))).expect("a customer's id");
            batch.insert::<Customers>(id.clone(), Box::new(Customer::unknown(id)));
        }
        drop(store.commit(&batch).await.expect("written"));
        store.close().await;
    }
    folder
}

fn address(folder: &Folder) -> Address {
    Address::parse(&format!("surrealkv://{}", folder.path().display())).expect("an address")
}

fn tables(folder: &Folder) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder.path().join("sstables")).expect("tables");
    let mut tables: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    tables.sort();
    tables
}

/// A merge that meets a damaged block stops the engine: the rest could not be read either, now and then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_in_a_table_that_is_due_for_merging_takes_only_its_own_rows() {
    let folder = unmerged().await;
    let tables = tables(&folder);
    assert!(tables.len() >= 4, "{tables:?}");
    let mut content = fs::read(&tables[1]).expect("a table");
    let place = content.len() / 2;
    content[place] ^= 1;
    // Not in place: the tables of copies may be the same files.
    fs::remove_file(&tables[1]).expect("removed");
    fs::write(&tables[1], &content).expect("written");
    for round in 0..10 {
        let mut told = Vec::new();
        let Checked { rows, .. } =
            check(&address(&folder), |fault| told.push(fault.to_string())).await.expect("an answer");
        assert!(rows > ROWS, "{rows} rows in round {round}: {told:?}");
        let name = tables[1].file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(told[0].contains(&format!("table file sstables/{name} cannot be read")), "{told:?}");
        assert!(told[1].starts_with("customer rows between"), "{told:?}");
        let new = folder.path().with_file_name(format!("new-{round}"));
        let saved = salvage(&address(&folder), &new, |_| {}).await.expect("a new folder");
        assert!(saved.rows > ROWS, "{saved:?}");
    }
}

/// The engine names a block, and not the file that it is in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_names_the_table_that_is_damaged() {
    let folder = unmerged().await;
    let first = &tables(&folder)[0];
    let mut content = fs::read(first).expect("a table");
    // Where SurrealDB keeps what it reads first.
    content[10] ^= 1;
    fs::write(first, content).expect("written");
    let said = Store::open(&address(&folder)).await.expect_err("it is refused").to_string();
    let name = first.file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(said.contains(&format!("table file sstables/{name}")) && said.contains("left as it is"), "{said}");
}
