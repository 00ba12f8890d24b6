//! Folders of earlier formats, and of the engine before this one: refused and left alone, and brought over whole by
//! `scrip upgrade`, whenever that is killed. The folders are of Scrips that wrote them (`fixtures/surrealkv-0.21`,
//! `fixtures/format-2`).

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use scrip::{
    domain::{
        id::{CouponId, PoolId},
        status::Status,
    },
    service::{Clock, CouponRef, Reinstate, Scrip},
    storage::{Address, OpenError, UpgradeError, Upgraded, check, upgrade},
};
use tokio::{io::AsyncReadExt, time::timeout};

use crate::{
    edge::binary::scrip,
    support::{
        Client, Folder, audit, customer, disk,
        files::{copy_into, files},
        new_folder,
    },
};

/// The folders of the old engine, each with how many events are in it.
const FOLDERS: [(&str, usize); 2] = [("stopped", 23), ("killed", 43)];
/// Those of this engine in the format before this one.
const OF_FORMAT_2: [(&str, usize); 2] = [("stopped", 34), ("killed", 54)];

/// A copy of an old folder, in a folder of its own.
fn old(name: &str) -> (Folder, PathBuf) {
    copy_of(&fixture("surrealkv-0.21").join(name))
}

/// A copy of a folder of format 2 with its mark, in a folder of its own.
fn of_format_2(name: &str) -> (Folder, PathBuf) {
    let from = fixture("format-2").join(name);
    let (folder, data) = copy_of(&from);
    fs::copy(beside(&from, ".mark"), beside(&data, ".mark")).expect("its mark");
    (folder, data)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
}

fn copy_of(from: &Path) -> (Folder, PathBuf) {
    let folder = new_folder();
    let data = folder.path().join("data");
    copy_into(from, &data);
    (folder, data)
}

fn beside(folder: &Path, suffix: &str) -> PathBuf {
    folder.with_file_name(format!("{}{suffix}", folder.file_name().expect("a name").display()))
}

async fn open(address: &Address) -> Result<Client, OpenError> {
    Ok(Client::new(Scrip::open(address, Clock::System, None).await?))
}

async fn upgraded(folder: &Path) -> Result<Upgraded, UpgradeError> {
    upgrade(&disk(folder), |_| {}).await
}

/// Opens an upgraded folder: its books are right, and all of its events are there.
async fn is_whole(folder: &Path, events: usize) {
    let app = open(&disk(folder)).await.expect("an open database");
    let books = audit::audit(&app).await;
    assert_eq!(books.events.len(), events);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_version_invalidated_comes_back() {
    for (name, _) in OF_FORMAT_2 {
        let (_folder, data) = of_format_2(name);
        upgraded(&data).await.expect("an upgraded folder");
        let app = open(&disk(&data)).await.expect("an open database");
        let books = audit::audit(&app).await;
        let invalid = books.coupons.values().filter(|coupon| coupon.status == Status::Invalid);
        let mut back = 0;
        for coupon in invalid {
            let back_again = app.change(Reinstate { coupon: CouponRef::Id(coupon.id), reason: None }).await;
            let after = back_again.expect("it comes back").coupon;
            let told = books.events_of(coupon.id).last().expect("its events").change.clone();
            let is_over = coupon.expires_at.is_some_and(|end| end <= app.now());
            assert_eq!(after.status, if is_over { Status::Expired } else { told.before });
            back += 1;
        }
        assert!(back > 0, "the folder has coupons that were invalidated");
        audit::audit(&app).await;
        app.close().await;
        check(&disk(&data), |fault| panic!("{fault}")).await.expect("it can be checked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_folder_is_refused_and_left_alone() {
    for (name, _) in FOLDERS {
        let (_folder, data) = old(name);
        let before = files(&data);
        let refused = open(&disk(&data)).await.err().expect("a refusal");
        assert!(matches!(refused, OpenError::Old { .. }), "{refused}");
        let command = format!("scrip upgrade --database 'surrealkv://{}'", data.display());
        assert!(refused.to_string().contains(&command), "{refused}");
        let unchecked = check(&disk(&data), |_| {}).await;
        assert!(matches!(unchecked, Err(OpenError::Old { .. })), "{unchecked:?}");
        assert!(files(&data) == before, "nothing in it was changed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgraded_folder_has_everything_and_the_original_is_kept() {
    for (name, events) in FOLDERS {
        let (folder, data) = old(name);
        let before = files(&data);
        let done = upgraded(&data).await.expect("an upgrade");
        let original = beside(&data, ".before-upgrade");
        let canonical = original.canonicalize().expect("the original");
        assert!(
            matches!(&done, Upgraded::Done { entries: Some(100..), original } if *original == canonical),
            "{done:?}"
        );
        assert!(files(&original) == before, "the original was not changed");
        is_whole(&data, events).await;
        let names = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(names, 3, "nothing else is left beside it but its mark");
        assert!(!data.join("_surrealkv_v0_backup").exists(), "the engine's own copy is gone");
        // A second time there is nothing to do, and an old database that takes its place is not mixed up with the first.
        assert_eq!(upgraded(&data).await.expect("an answer"), Upgraded::Nothing);
        fs::remove_dir_all(&data).expect("removed");
        copy_into(&original, &data);
        let refused = upgraded(&data).await.expect_err("a refusal");
        assert!(matches!(refused, UpgradeError::Occupied { .. }), "{refused}");
    }
}

/// Wherever it was killed, what is there says what is left to be done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_goes_on_from_whatever_is_there() {
    let (_done_folder, done) = old("killed");
    upgraded(&done).await.expect("an upgrade");
    let events = FOLDERS[1].1;
    // While it copied or converted.
    let (_folder, data) = old("killed");
    copy_into(&data.join("sstables"), &beside(&data, ".upgrading"));
    upgraded(&data).await.expect("an upgrade");
    is_whole(&data, events).await;
    // Before it moved the original away: the old version may have been started since.
    let (_folder, data) = old("killed");
    copy_into(&data.join("sstables"), &beside(&data, ".upgraded"));
    upgraded(&data).await.expect("an upgrade");
    is_whole(&data, events).await;
    // Between the two steps at its end: no Scrip makes a new database there.
    let (_folder, data) = old("killed");
    fs::rename(&data, beside(&data, ".before-upgrade")).expect("moved");
    copy_into(&done, &beside(&data, ".upgraded"));
    let refused = open(&disk(&data)).await.err().expect("a refusal");
    assert!(matches!(refused, OpenError::HalfUpgraded { .. }), "{refused}");
    assert!(!data.exists());
    let finished = upgraded(&data).await.expect("an upgrade");
    assert!(matches!(finished, Upgraded::Done { entries: None, .. }), "{finished:?}");
    is_whole(&data, events).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_is_killed_again_and_again_comes_to_its_end() {
    killed_again_and_again(old("killed"), FOLDERS[1].1).await;
    killed_again_and_again(of_format_2("killed"), OF_FORMAT_2[1].1).await;
}

async fn killed_again_and_again((folder, data): (Folder, PathBuf), events: usize) {
    let before = files(&data);
    let address = format!("surrealkv://{}", data.display());
    let mut kills = 0;
    loop {
        let mut child = scrip(folder.path(), &["upgrade", "--database", &address]).spawn().expect("the binary");
        // A little longer every time, until it is long enough.
        if let Ok(status) = timeout(Duration::from_millis(5 + 6 * kills), child.wait()).await {
            let mut said = String::new();
            child.stderr.take().expect("stderr").read_to_string(&mut said).await.expect("text");
            assert!(status.expect("an end").success(), "after {kills} kills: {said}");
            break;
        }
        child.kill().await.expect("killed");
        kills += 1;
    }
    assert!(kills > 2, "it was killed {kills} times");
    is_whole(&data, events).await;
    let original = beside(&data, ".before-upgrade");
    assert!(files(&original) == before, "the original was not changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_cut_off_is_brought_over_and_any_other_damage_is_refused() {
    let log = Path::new("wal/00000000000000000002.wal");
    let (_folder, data) = old("killed");
    let whole = fs::read(data.join(log)).expect("the log");
    // A write that a kill has cut off: nobody was told of it.
    fs::write(data.join(log), &whole[..whole.len() - 9]).expect("the log");
    upgraded(&data).await.expect("an upgrade");
    let app = open(&disk(&data)).await.expect("an open database");
    let events = audit::audit(&app).await.events.len();
    assert!((FOLDERS[1].1 - 2..FOLDERS[1].1).contains(&events), "{events}");
    app.close().await;
    // What was written behind it by a later start is dropped by the old engine: that is not for us to do.
    let damages: [(&str, Vec<u8>); 3] = [
        ("cut in the middle and gone on with", [&whole[..9_000], &whole].concat()),
        ("with a changed byte", {
            let mut log = whole.clone();
            log[whole.len() / 2] ^= 1;
            log
        }),
        ("with the rest of a header", [&whole[..], &[1, 2, 3], &whole].concat()),
    ];
    for (what, content) in damages {
        let (folder, data) = old("killed");
        fs::write(data.join(log), content).expect("the log");
        let before = files(&data);
        let refused = upgraded(&data).await.expect_err(what);
        assert!(matches!(refused, UpgradeError::Log { .. }), "{what}: {refused}");
        assert!(files(&data) == before, "a log {what}: nothing was changed");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing was left beside it");
    }
}

/// The old engine marks a segment as done with when its first half is in a table: the rest is lost with the next crash.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_old_engine_has_lost_is_told() {
    let (_folder, data) = old("killed");
    // The manifest says from which segment on changes are in the log alone: a version (2 bytes), a number (8), this.
    let manifest = data.join("manifest/00000000000000000000.manifest");
    let mut content = fs::read(&manifest).expect("the manifest");
    content[10..18].copy_from_slice(&3_u64.to_be_bytes());
    fs::write(&manifest, content).expect("the manifest");
    let refused = upgraded(&data).await.expect_err("a refusal");
    assert!(matches!(refused, UpgradeError::Lost { changes: 20.. }), "{refused}");
    assert!(matches!(open(&disk(&data)).await.err(), Some(OpenError::Old { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_an_older_format_is_refused_and_left_alone() {
    for (name, events) in OF_FORMAT_2 {
        let (_folder, data) = of_format_2(name);
        let before = files(&data);
        let refused = open(&disk(&data)).await.err().expect("a refusal");
        let command = format!("scrip upgrade --database 'surrealkv://{}'", data.display());
        assert!(refused.to_string().contains(&command), "{refused}");
        let checked = check(&disk(&data), |fault| panic!("{fault}")).await.expect("it can be checked");
        assert_eq!(checked.events, events as u64);
        assert!(files(&data) == before, "nothing in it was changed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_an_older_format_is_rewritten_whole() {
    for (name, events) in OF_FORMAT_2 {
        let (folder, data) = of_format_2(name);
        let before = files(&data);
        let done = upgraded(&data).await.expect("an upgrade");
        assert!(matches!(&done, Upgraded::Done { entries: Some(200..), .. }), "{done:?}");
        assert!(files(&beside(&data, ".before-upgrade")) == before, "the original was not changed");
        let left: BTreeSet<_> =
            fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
        let expected = ["data", "data.mark", "data.before-upgrade", "data.before-upgrade.mark"].map(OsString::from);
        assert_eq!(left, BTreeSet::from(expected));
        is_whole(&data, events).await;
        has_what_it_had(&data).await;
        assert_eq!(upgraded(&data).await.expect("an answer"), Upgraded::Nothing);
        let checked = check(&disk(&data), |fault| panic!("{fault}")).await.expect("it can be checked");
        assert!(checked.marked && checked.events == events as u64 + 1, "{checked:?}");
    }
}

/// What the fixture made, as it is read now.
async fn has_what_it_had(data: &Path) {
    let app = open(&disk(data)).await.expect("an open database");
    let ann = app.customers(&[customer("ann")]).await.expect("an answer").pop().flatten().expect("a customer");
    assert_eq!(ann.email.as_ref().map(|email| email.as_str()), Some("Ann@Example.com"));
    let attributes = serde_json::json!({ "tier": "gold", "points": 12, "large": u64::MAX, "\u{0}": [null, 1.5] });
    assert_eq!(ann.attributes, attributes);
    let pool = app.scrip().operator().pool(PoolId(1)).expect("an answer").expect("a pool");
    assert_eq!((pool.terms.len(), pool.terms[1].restrictions.stores.len()), (2, 2));
    assert!(app.settings().expect("settings").auto_redeem);
    let card = app.coupons(&[CouponId { pool: PoolId(2), index: 0 }]).await.expect("coupons").pop().flatten();
    assert_eq!(card.expect("a card").account.map(|account| account.balance.0), Some(3_750));
    // Its codes go on where they were.
    let next = app.tally(PoolId(3)).expect("a tally").supply.size;
    assert_eq!(app.claim(PoolId(3), "new").await.expect("a coupon").id.index, next);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_an_older_format_that_is_not_whole_is_not_rewritten() {
    let (folder, data) = of_format_2("killed");
    let log = data.join("wal/00000000000000000005.wal");
    let whole = fs::read(&log).expect("the log");
    fs::write(&log, &whole[..whole.len() / 2]).expect("the log");
    let before = files(&data);
    let refused = upgraded(&data).await.expect_err("a refusal");
    assert!(matches!(refused, UpgradeError::Broken { .. }), "{refused}");
    assert!(files(&data) == before, "nothing was changed");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing was left beside it");
}
