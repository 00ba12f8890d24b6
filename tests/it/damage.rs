//! Damage: a byte flipped at many places of each kind of file, a file cut, emptied or removed, a file of another
//! moment among the others. Whatever it is, a start never lacks what was told: it is refused, or a read fails, or all
//! of it is there. `SCRIP_DAMAGE_PLACES` raises the number of places in a file.

mod harm;
mod start;

use std::{io::Read, path::Path};

use scrip::{
    domain::{
        coupon::Coupon,
        id::{CouponId, PoolId},
    },
    service::{Answer, Clock, Command, Scrip},
    storage::Address,
};

use crate::support::{
    Client, draft,
    files::{Files, files},
    new_folder,
    process::{TestChild, kill, tell},
    redeem,
};
use harm::{damages, mixtures};
use start::try_start;

/// The test that makes the data, and the variables that make it one.
const TEST: &str = "damage::maker";
const ADDRESS: &str = "SCRIP_DAMAGE_MAKER";
/// The pool that coupons are claimed of, and the gift card that pays.
const POOL: PoolId = PoolId(1);
const CARD: CouponId = CouponId { pool: PoolId(2), index: 0 };
/// The database's folder in the one that is damaged.
const DATABASE: &str = "scrip";
/// How many coupons are claimed before the first moment, and before the last.
const FIRST: usize = 500;
const LAST: usize = 1_500;
/// How many more are claimed after that and not told: what is beside the database may follow it with some delay.
const UNTOLD: usize = 20;
/// What is told after those.
const DONE: &str = "done";

/// A folder at some moment, with what is kept beside the database, and the coupons that had been told.
struct Moment {
    files: Files,
    told: Vec<Coupon>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_start_lacks_what_was_told() {
    let (early, killed) = run(false);
    let (_, closed) = run(true);
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, moment) in [("killed", &killed), ("closed", &closed)] {
        assert_eq!(try_start(&moment.files, &moment.told).await, Ok(()), "the {name} folder without damage");
        for (what, damaged) in damages(&moment.files) {
            count += 1;
            if let Err(lacks) = try_start(&damaged, &moment.told).await {
                wrong.push(format!("{name}, {what}: {lacks}"));
            }
        }
    }
    for (what, mixed) in mixtures(&early.files, &killed.files) {
        count += 1;
        if let Err(lacks) = try_start(&mixed, &killed.told).await {
            wrong.push(format!("{what}: {lacks}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} damages were passed over: {wrong:#?}", wrong.len());
}

/// Has a process make the data, with the smallest memtable so that there is every kind of file; gives the folder at
/// an early moment and at the last one, after which the process was killed or has closed the database.
fn run(close: bool) -> (Moment, Moment) {
    let folder = new_folder();
    let mut child = TestChild::start(TEST, &[(ADDRESS, &address(folder.path()))]);
    let mut told = Vec::new();
    let mut hear = |child: &mut TestChild, number: usize| {
        while told.len() < number {
            told.push(serde_json::from_str(&child.line().expect("a coupon")).expect("a coupon"));
        }
        told.clone()
    };
    let early = hear(&mut child, FIRST);
    // What is read while the process goes on is of a moment only for each file, which is all that is asked of it.
    let early = Moment { files: files_now(folder.path()), told: early };
    let told = hear(&mut child, LAST);
    assert_eq!(child.line().as_deref(), Some(DONE));
    if close {
        child.finish();
    } else {
        kill(child.id());
        while child.line().is_some() {}
    }
    (early, Moment { files: files(folder.path()), told })
}

/// The files of a folder in use, without those that are gone before they are read.
fn files_now(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(content) = std::fs::read(&path) {
                found.insert(path.strip_prefix(folder).expect("below it").to_owned(), content);
            }
        }
    }
    found
}

fn address(folder: &Path) -> String {
    format!("surrealkv://{}?max_memtable_size=1048576", folder.join(DATABASE).display())
}

/// The process of the test above: claims and payments, each of which it tells, until its input ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn maker() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let address = Address::parse(&address).expect("an address");
    let app = Client::new(Scrip::open(&address, Clock::System, None).await.expect("a new database"));
    let pool = app.stocked(draft::percentage(), (LAST + UNTOLD) as u64).await;
    let cards = app.stocked(draft::gift_card("1000.00"), 1).await;
    let card = app.claim(cards, "ann").await.expect("a card").id;
    assert_eq!((pool, card), (POOL, CARD));
    for number in 0..LAST {
        match app.ask(Some(key(number)), command(number)).await {
            Ok(Answer::Coupon(coupon, _)) => tell(&serde_json::to_string(&coupon).expect("a coupon")),
            other => panic!("expected a coupon, found {other:?}"),
        }
    }
    for number in 0..UNTOLD {
        app.claim(pool, &format!("untold-{number}")).await.expect("a coupon");
    }
    tell(DONE);
    std::io::stdin().read_to_end(&mut Vec::new()).expect("the end of the input");
    app.close().await;
}

/// What is asked with a key.
fn command(number: usize) -> Command {
    match number % 3 {
        0 => redeem(CARD, Some("0.01")),
        _ => Command::Claim(POOL, format!("customer-{number}"), None),
    }
}

fn key(number: usize) -> String {
    format!("key-{number}")
}
