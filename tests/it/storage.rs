//! The database's folder: what is in it stays, whatever happens to the process, and what cannot be
//! opened is refused in clear words and left as it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::Path,
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use scrip::{
    domain::{id::CustomerId, rejection::Code},
    service::{Clock, Scrip},
    storage::{Address, Batch, Emails, Formats, OpenError, ReadFrom, RowId, Span, Store},
};
use tokio::time::{sleep, timeout};

use crate::support::{
    Backend, Client, Folder, TestScrip, audit, customer, disk, draft,
    files::{Files, files, folder_of},
    new_folder,
    process::{TestChild, tell},
};

/// The variable that makes a process hold a database.
const HOLD: &str = "SCRIP_HOLD";

async fn open(address: &Address) -> Result<Client, OpenError> {
    Ok(Client::new(Scrip::open(address, Clock::System, None).await?))
}

/// A folder with a little of everything in it.
async fn filled() -> Folder {
    images().await.0
}

/// The same, and its files as they were while the database was open: what a power cut leaves.
async fn images() -> (Folder, Files) {
    let app = TestScrip::new(Backend::Disk).await;
    let coupons = app.stocked(draft::percentage(), 300).await;
    let cards = app.stocked(draft::gift_card("50.00"), 3).await;
    let coupon = app.claim(coupons, "ann").await.expect("a coupon").id;
    let card = app.claim(cards, "ann").await.expect("a card").id;
    app.claim(coupons, "ben").await.expect("a coupon");
    app.transfer(coupon, "ben").await.expect("a transfer");
    app.redeem(coupon).await.expect("a redemption");
    app.pay(card, "12.50").await.expect("a payment");
    app.reverse(card, 1, Some("2.50")).await.expect("a reversal");
    let crashed = files(app.folder());
    (app.close().await.expect("a folder"), crashed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_everything() {
    let mut app = TestScrip::new(Backend::Disk).await;
    let pool = app.stocked(draft::percentage(), 130).await;
    let cards = app.stocked(draft::gift_card("50.00"), 1).await;
    for customer in ["ann", "ben", "cleo"] {
        app.claim(pool, customer).await.expect("a coupon");
    }
    let card = app.claim(cards, "ann").await.expect("a card").id;
    app.reopen().await;
    let first = app.claim(pool, "dora").await.expect("a coupon");
    assert_eq!(first.id.index, 3, "claims go on where they were");
    app.unassign(first.id).await.expect("unassigned");
    app.pay(card, "20.00").await.expect("a payment");
    app.reopen().await;
    assert_eq!(app.claim(pool, "emil").await.expect("a coupon").id, first.id, "what came back is given out again");
    assert_eq!(app.pay(card, "40.00").await, Err(vec![Code::InsufficientBalance]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_in_use_by_another_process_is_refused() {
    let folder = filled().await;
    let address = disk(folder.path());
    let mut holder = TestChild::start("storage::holder", &[(HOLD, address.text())]);
    assert_eq!(holder.line().as_deref(), Some("held"));
    let refused = open(&address).await.err();
    assert!(matches!(refused, Some(OpenError::InUse { .. })), "{refused:?}");
    // Also where somebody has removed the file whose lock says so first.
    fs::remove_file(folder.path().with_file_name("data.mark")).expect("a mark");
    let refused = open(&address).await.err();
    assert!(matches!(refused, Some(OpenError::InUse { .. })), "{refused:?}");
    holder.finish();
    open(&address).await.expect("it is free again").close().await;
}

/// The other process of the test above: holds a database until its input ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holder() {
    let Ok(address) = std::env::var(HOLD) else { return };
    let app = open(&Address::parse(&address).expect("an address")).await.expect("an open database");
    tell("held");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("the end of the input");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_make_a_database_at_once_make_one() {
    for _ in 0..5 {
        let folder = new_folder();
        let address = disk(folder.path());
        let (one, other) = tokio::join!(open(&address), open(&address));
        let mut opened = 0;
        for app in [one, other] {
            match app {
                Ok(app) => {
                    opened += 1;
                    app.stocked(draft::percentage(), 1).await;
                    app.close().await;
                }
                Err(error) => assert!(matches!(error, OpenError::InUse { .. }), "{error}"),
            }
        }
        assert_eq!(opened, 1, "one of two has it");
        let app = open(&address).await.expect("an open database");
        let coupons = |pool| app.tally(scrip::domain::id::PoolId(pool)).expect("a tally").counts.total();
        assert_eq!([coupons(1), coupons(2)], [1, 0]);
        app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_a_newer_scrip_is_refused_and_left_alone() {
    let folder = filled().await;
    let address = disk(folder.path());
    write_format(&address, 3, 99).await;
    let before = files(folder.path());
    for _ in 0..2 {
        let refused = open(&address).await.err();
        assert!(matches!(refused, Some(OpenError::TooNew { found: 99, .. })), "{refused:?}");
    }
    assert!(files(folder.path()) == before, "nothing was changed");
}

/// Replaces the format, as a later version would.
async fn write_format(address: &Address, from: u32, to: u32) {
    let store = Store::open(address).await.expect("an open store");
    assert_eq!(store.get_one::<Formats>(()).await.expect("a row"), Some(from));
    let mut batch = Batch::default();
    batch.replace::<Formats>((), to);
    drop(store.commit(&batch).await.expect("a commit"));
    store.close().await;
}

/// Damage to one file.
type Damage = fn(&mut Vec<u8>);

const DAMAGES: &[(&str, Damage)] = &[
    ("emptied", Vec::clear),
    ("cut in half", |content| content.truncate(content.len() / 2)),
    ("garbled at its start", |content| content.iter_mut().take(64).for_each(|byte| *byte ^= 0xA5)),
    ("garbled in its middle", |content| {
        let middle = content.len() / 2;
        content.iter_mut().skip(middle).take(64).for_each(|byte| *byte ^= 0xA5);
    }),
    ("garbled at its end", |content| content.iter_mut().rev().take(64).for_each(|byte| *byte ^= 0xA5)),
    ("of noise", |content| {
        content.iter_mut().enumerate().for_each(|(place, byte)| *byte = (place * 131 % 251) as u8);
    }),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_folder_is_refused_in_clear_words() {
    let whole = files(filled().await.path());
    for path in whole.keys().filter(|path| !path.ends_with("LOCK")) {
        for (name, damage) in DAMAGES {
            let what = format!("{} {name}", path.display());
            match open_damaged(&whole, path, *damage).await.1 {
                Ok(_) => panic!("{what} was opened"),
                Err(OpenError::Damaged { .. } | OpenError::Broken { .. }) => {}
                Err(error) => panic!("{what}: {error}"),
            }
        }
    }
}

/// Damage that whole records follow is refused. At the log's end it cannot be told from a write that a power cut has
/// torn, where there is no mark: what is left is whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_is_refused_or_ends_where_the_damage_begins() {
    let (_, crashed) = images().await;
    let log = crashed.keys().find(|path| path.starts_with("wal")).expect("a log");
    for (name, damage) in DAMAGES {
        let (_folder, opened) = open_damaged(&crashed, log, *damage).await;
        match opened {
            Ok(app) => {
                let followed = ["garbled at its start", "garbled in its middle"].contains(name);
                assert!(!followed, "the log {name} was opened");
                audit::audit(&app).await;
                app.close().await;
            }
            Err(OpenError::Damaged { .. } | OpenError::Broken { .. }) => {}
            Err(error) => panic!("the log {name}: {error}"),
        }
    }
}

/// Opens a copy of a folder in which one file is damaged. A panic would fail the test.
async fn open_damaged(whole: &Files, path: &Path, damage: Damage) -> (Folder, Result<Client, OpenError>) {
    let mut damaged = whole.clone();
    damage(damaged.get_mut(path).expect("the file"));
    let folder = folder_of(&damaged);
    let opened = open(&disk(folder.path())).await;
    (folder, opened)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_folder_is_refused() {
    let folder = new_folder();
    let file = folder.path().join("file");
    fs::write(&file, "text").expect("a file");
    let below = file.join("scrip");
    for path in [&file, &below] {
        let refused = open(&disk(path)).await.err();
        assert!(matches!(refused, Some(OpenError::Folder { .. })), "{refused:?}");
    }
    assert_eq!(fs::read_to_string(&file).expect("the file"), "text");
}

/// Pages of ranges are what a sorted list gives, from either end, however many rows a range has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_a_range_is_that_of_a_sorted_list() {
    let store = Store::open(&Address::parse("mem://").expect("an address")).await.expect("a database");
    let rows = random_rows(&store, 1).await;
    ranges_are_those_of(&store, &rows).await;
}

/// So they are where rows are spread over the log and many files, replaced and removed in later ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_a_range_is_the_same_on_disk() {
    let folder = new_folder();
    let address = format!("surrealkv://{}?max_memtable_size=1048576&sync=never", folder.path().display());
    let store = Store::open(&Address::parse(&address).expect("an address")).await.expect("a database");
    let rows = random_rows(&store, 16).await;
    let tables = || fs::read_dir(folder.path().join("sstables")).expect("a folder").count();
    // They are written in the background.
    timeout(Duration::from_secs(60), async {
        while tables() < 2 {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the rows are in several files");
    ranges_are_those_of(&store, &rows).await;
    store.close().await;
}

/// Writes random rows in some rounds, the later ones over and beside those of the earlier; gives what is there then.
async fn random_rows(store: &Store, rounds: u32) -> BTreeMap<String, CustomerId> {
    let mut random = StdRng::seed_from_u64(7);
    let mut rows = BTreeMap::new();
    for round in 0..rounds {
        let mut texts = BTreeSet::new();
        while texts.len() < 700 {
            let length = random.random_range(1..6);
            // Few characters, so that there are dense parts, and some at the ends of Unicode.
            let any = |_| *['a', 'b', '\u{D7FF}', '\u{E000}', '\u{10FFFF}'].choose(&mut random).expect("one");
            texts.insert((0..length).map(any).collect::<String>());
        }
        let mut batch = Batch::default();
        for text in texts {
            let row = customer(&format!("{text}{round}{}", "-".repeat(100)));
            match rows.contains_key(&text) {
                true if random.random_bool(0.3) => {
                    rows.remove(&text);
                    batch.remove(RowId::of::<Emails>(text));
                    continue;
                }
                true => batch.replace::<Emails>(text.clone(), row.clone()),
                false => batch.insert::<Emails>(text.clone(), row.clone()),
            }
            rows.insert(text, row);
        }
        drop(store.commit(&batch).await.expect("rows"));
    }
    rows
}

/// Reads random ranges of these rows, and all of them by their ids.
async fn ranges_are_those_of(store: &Store, rows: &BTreeMap<String, CustomerId>) {
    let mut random = StdRng::seed_from_u64(8);
    let keys: Vec<String> = rows.keys().cloned().collect();
    let any = |random: &mut StdRng| match random.random_range(0..4) {
        0 => None,
        1 => Some("\u{10FFFF}\u{10FFFF}".to_owned()),
        _ => Some(keys.choose(random).expect("a key").clone()),
    };
    for _ in 0..200 {
        let (after, before) = (any(&mut random), any(&mut random));
        let limit = *[1, 2, 40, 1_000].choose(&mut random).expect("a limit");
        let is_within = |key: &&String| {
            after.as_ref().is_none_or(|after| *key > after) && before.as_ref().is_none_or(|before| *key < before)
        };
        let within: Vec<_> = keys.iter().filter(is_within).cloned().collect();
        let span = Span::<Emails>::all().between(after.as_ref(), before.as_ref());
        for from in [ReadFrom::Start, ReadFrom::End] {
            let found = store.scan(&span, from, limit).await.expect("rows");
            let found: Vec<_> = found.into_iter().map(|(text, _)| text).collect();
            let expected: Vec<_> = match from {
                ReadFrom::Start => within.iter().take(limit).cloned().collect(),
                ReadFrom::End => within.iter().rev().take(limit).cloned().collect(),
            };
            assert_eq!(found, expected, "{after:?}..{before:?} limit {limit} {from:?}");
        }
    }
    let mut texts: Vec<String> = ["a", "nobody", "b", "a"].map(str::to_owned).to_vec();
    texts.extend(rows.keys().cloned());
    let found = store.get::<Emails>(&texts).await.expect("rows");
    let expected = texts.iter().map(|text| rows.get(text).cloned());
    assert!(found.into_iter().eq(expected), "rows come in the order of their ids");
}
