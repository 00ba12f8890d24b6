//! A file that is not a whole backup, and a database that is not whole: each is refused, and nothing is changed.

use std::{fs, path::Path};

use scrip::storage::{BackupError, BackupOptions, OpenError, Source, check_backup, restore};

use super::{backed_up, beside, bytes, open, worked};
use crate::support::{
    disk,
    files::{files, folder_of},
    new_folder,
};

/// What is said of a file that holds these bytes; none where it is a whole backup.
fn said_of(file: &Path, content: &[u8]) -> Option<String> {
    fs::write(file, content).expect("a file");
    check_backup(file, |_, _| {}).err().map(|error| error.to_string())
}

/// A small backup.
async fn small() -> Vec<u8> {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    app.customer("ann", None, None).await;
    let backup = bytes(app.backup(None).expect("an answer").expect("no other")).await;
    app.close().await;
    backup
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_cut_or_changed_anywhere_is_refused() {
    let folder = new_folder();
    let file = folder.path().join("file");
    let whole = small().await;
    assert_eq!(said_of(&file, &whole), None);
    for length in 0..whole.len() {
        let said = said_of(&file, &whole[..length]).unwrap_or_else(|| panic!("cut after {length} bytes"));
        let expected =
            if length == 0 { "not a backup".to_owned() } else { format!("after {length} bytes: it was cut") };
        assert!(said.contains(&expected), "cut after {length} bytes: {said}");
    }
    for place in 0..whole.len() {
        for bit in [place % 8, (place + 5) % 8] {
            let mut changed = whole.clone();
            changed[place] ^= 1 << bit;
            assert!(said_of(&file, &changed).is_some(), "bit {bit} of byte {place}");
        }
    }
    let said = said_of(&file, &[&whole[..], b"\n"].concat()).expect("one byte more");
    assert!(said.contains("something follows"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_backup_is_not_restored() {
    let folder = new_folder();
    let (file, new) = (folder.path().join("file"), folder.path().join("new"));
    let whole = small().await;
    let mut later = whole.clone();
    later[8] += 1;
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let zip = b"PK\x03\x04\x14\x00\x00\x00\x08\x00 and so on, as zip archives begin";
    let gz = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03 and so on, as gzip files begin";
    let random: Vec<u8> = (0..5_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    for (content, says) in [
        (&b""[..], "not a backup of Scrip"),
        (zip, "not a backup of Scrip"),
        (gz, "not a backup of Scrip"),
        (&random, "not a backup of Scrip"),
        (b"scripmk1 is what a mark begins with", "not a backup of Scrip"),
        (&later, "a later Scrip has made it (its version is 2"),
        (&whole[..whole.len() - 1], "ends too early"),
        (&changed, "damaged near byte"),
    ] {
        fs::write(&file, content).expect("a file");
        let refused = restore(&file, &new, |_, _| {}).await.expect_err("it is of no use").to_string();
        assert!(refused.contains(says) && refused.contains("file"), "{refused}");
        assert_eq!(beside(&new), ["file"], "{refused}");
    }
    let absent = restore(&folder.path().join("absent"), &new, |_, _| {}).await.expect_err("it is not there");
    assert!(absent.to_string().contains("No such file"), "{absent}");
    fs::write(&file, &whole).expect("a file");
    for exists in [folder.path(), &file] {
        let refused = restore(&file, exists, |_, _| {}).await.expect_err("it exists");
        assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    }
    assert_eq!(beside(&new), ["file"]);
    restore(&file, &new, |_, _| {}).await.expect("a folder");
    assert_eq!(beside(&new), ["file", "new", "new.mark"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_whole_gives_no_backup_or_all_of_it() {
    let folder = worked().await;
    let (file, backed) = backed_up(folder.path()).await;
    let mark = fs::read(folder.path().with_file_name("data.mark")).expect("a mark");
    let whole = (fs::read(file).expect("a backup"), files(folder.path()));
    let (mut refused, mut given) = (0, 0);
    for (path, content) in whole.1.iter().filter(|(_, content)| !content.is_empty()) {
        for place in (0..content.len()).step_by((content.len() / 24).max(1)) {
            let mut damaged = whole.1.clone();
            damaged.get_mut(path).expect("a file")[place] ^= 0x10;
            let other = folder_of(&damaged);
            fs::write(other.path().with_file_name("data.mark"), &mark).expect("a mark");
            let to = other.path().with_file_name("file");
            let source = match Source::open(&disk(other.path())).await {
                Ok(source) => source,
                Err(error) => {
                    assert!(matches!(error, OpenError::Damaged { .. } | OpenError::Broken { .. }), "{error}");
                    refused += 1;
                    continue;
                }
            };
            let written = source.backup(BackupOptions::default()).write_to(&to, |_, _| {}).await;
            source.close().await;
            match written {
                Ok(found) => {
                    assert_eq!(found, backed, "{} at {place}", path.display());
                    assert!(fs::read(&to).expect("a backup") == whole.0, "{} at {place}", path.display());
                    given += 1;
                }
                Err(error) => {
                    assert!(matches!(error, BackupError::Storage(_)), "{error}");
                    assert!(!beside(other.path()).iter().any(|name| name.starts_with("file")), "{error}");
                    refused += 1;
                }
            }
            assert!(files(other.path()) == damaged, "a backup changes nothing");
        }
    }
    println!("{refused} refused, {given} whole all the same");
    assert!(refused > 20, "{refused} refused, {given} whole all the same");
}
