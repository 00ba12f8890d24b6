//! Backups that are taken while the gateway runs, by its settings.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use scrip::storage::{check_backup, restore};
use tokio::time::{sleep, timeout};

use super::{open, slow_to_back_up};
use crate::{
    edge::binary::{Gateway, scrip},
    support::{audit::audit, new_folder},
};

/// The names in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_are_kept_as_is_set() {
    let folder = new_folder();
    let backups = folder.path().join("backups");
    fs::create_dir(&backups).expect("a folder");
    let (unfinished, others) = ("scrip-2026-01-31T10-00-00Z.backup.part", "monthly.backup");
    for name in [unfinished, others] {
        fs::write(backups.join(name), "of before").expect("a file");
    }
    let settings = "[backup]\nfolder = 'backups'\nevery = '1s'\nkeep = 2\nrate = '50MB'\n";
    fs::write(folder.path().join("scrip.toml"), settings).expect("a file");
    let arguments = ["--config", "scrip.toml", "--listen", "127.0.0.1:0", "--database", "surrealkv://data"];
    let gateway = Gateway::start(scrip(folder.path(), &arguments)).await;
    let mut seen = BTreeSet::new();
    let four = async {
        while seen.len() < 4 {
            let found: Vec<String> = names(&backups).into_iter().filter(|name| name.ends_with("Z.backup")).collect();
            assert!(found.len() <= 3, "one more for a moment: {found:?}");
            seen.extend(found);
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(60), four).await.expect("four backups");
    gateway.stop().await;
    let left = names(&backups);
    assert!(left.contains(others) && !left.contains(unfinished), "{left:?}");
    let ours: Vec<_> = left.iter().filter(|name| name.as_str() != others).collect();
    assert!(ours.len() == 2 && ours.iter().all(|name| name.ends_with("Z.backup")), "{left:?}");
    for name in &ours {
        check_backup(&backups.join(name), |_, _| {}).expect("whole");
    }
    let new = folder.path().join("new");
    restore(&backups.join(ours[1]), &new, |_, _| {}).await.expect("a folder");
    let app = open(&new).await.expect("a start");
    audit(&app).await;
    app.close().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told_and_the_gateway_serves() {
    let folder = new_folder();
    fs::write(folder.path().join("backups"), "a file").expect("a file");
    let arguments = ["--listen", "127.0.0.1:0", "--database", "surrealkv://data", "--backup-folder", "backups"];
    let mut gateway = Gateway::start(scrip(folder.path(), &arguments)).await;
    if !gateway.said.contains("a planned backup failed") {
        gateway.wait_for("a planned backup failed").await;
    }
    let answer = reqwest::get(format!("{}/readyz", gateway.url)).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    gateway.stop().await;
}

#[tokio::test]
async fn one_that_is_read_slowly_keeps_no_planned_one_from_being_taken() {
    let folder = slow_to_back_up().await;
    let parent = folder.path().parent().expect("a parent");
    let plan = "[backup]\nfolder = 'backups'\nevery = '1s'\nkeep = 100\n";
    fs::write(parent.join("scrip.toml"), plan).expect("a file");
    let arguments = ["--config", "scrip.toml", "--listen", "127.0.0.1:0", "--database", "surrealkv://data"];
    let gateway = Gateway::start(scrip(parent, &arguments)).await;
    let (key, client) = (gateway.shown_key().expect("a key"), reqwest::Client::new());
    let ask = |path: &str| client.get(format!("{}{path}", gateway.url)).bearer_auth(&key).send();
    let slow = ask("/backup?rate=65536").await.expect("an answer");
    assert_eq!(slow.status(), 200);
    let taken = || names(&parent.join("backups")).iter().filter(|name| name.ends_with("Z.backup")).count();
    let before = taken();
    let two = async {
        while taken() < before + 2 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(60), two).await.expect("two backups");
    assert_eq!(ask("/backup").await.expect("an answer").status(), 409, "the slow one is still being taken");
    gateway.stop().await;
    assert!(slow.bytes().await.is_err());
}
