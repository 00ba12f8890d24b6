//! What is damaged: a folder with every kind of file, at an early and at a late moment, made by a process that tells
//! each coupon. At both moments part of what was told is in tables, and the last of it in the log alone.

use std::{fs, io::Read, path::Path, time::Duration};

use scrip::{
    domain::{
        coupon::Coupon,
        id::{CouponId, PoolId},
    },
    service::{Answer, Claim, Clock, Command, Scrip},
    storage::Address,
};
use tokio::time::sleep;

use super::harm::DATABASE;
use crate::support::{
    Client, customer, draft,
    files::{Files, files},
    new_folder,
    process::{TestChild, kill, tell},
    redeem,
};

/// The test that makes the data, and the variable that makes it one.
const TEST: &str = "damage::maker::maker";
const ADDRESS: &str = "SCRIP_DAMAGE_MAKER";
/// The pool that coupons are claimed of, and the gift card that pays.
pub(super) const POOL: PoolId = PoolId(1);
const CARD: CouponId = CouponId { pool: PoolId(2), index: 0 };
/// How many coupons there are.
const STOCK: u64 = 20_000;
/// How many answers are told after a memtable was written: they are in the log alone.
const IN_THE_LOG: usize = 100;
/// What is beside the database may follow it with some delay.
const DELAY: Duration = Duration::from_secs(1);
/// What is told at each of the two moments.
const MOMENT: &str = "moment";

/// A folder at some moment, with what is beside the database, and the coupons that had been told.
pub(super) struct Moment {
    pub(super) files: Files,
    pub(super) told: Vec<Coupon>,
}

/// The address of the database in a folder, with the smallest memtable, so that there is every kind of file.
pub(super) fn address(folder: &Path) -> Address {
    let text = format!("surrealkv://{}?max_memtable_size=1048576", folder.join(DATABASE).display());
    Address::parse(&text).expect("an address")
}

/// Has a process make the data; gives the folder at an early moment and at a late one, after which the process was
/// killed or has closed the database.
pub(super) async fn run(close: bool) -> (Moment, Moment) {
    tokio::task::spawn_blocking(move || {
        let folder = new_folder();
        let mut child = TestChild::start(TEST, &[(ADDRESS, address(folder.path()).text())]);
        let mut told = Vec::new();
        hear(&mut child, &mut told);
        let early = Moment { files: files(folder.path()), told: told.clone() };
        child.go_on();
        hear(&mut child, &mut told);
        if close {
            child.finish();
        } else {
            kill(child.id());
            while child.line().is_some() {}
        }
        (early, Moment { files: files(folder.path()), told })
    })
    .await
    .expect("a folder")
}

/// Hears coupons until the process has come to a moment.
fn hear(child: &mut TestChild, told: &mut Vec<Coupon>) {
    loop {
        match child.line().expect("a coupon") {
            line if line == MOMENT => return,
            line => told.push(serde_json::from_str(&line).expect("a coupon")),
        }
    }
}

/// The process: claims and payments, each of which it tells, until its input ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn maker() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let address = Address::parse(&address).expect("an address");
    let manifest = address.folder().expect("a folder").join("manifest/00000000000000000000.manifest");
    let manifest = || fs::read(&manifest).expect("a manifest");
    let app = Client::new(Scrip::open(&address, Clock::System, None).await.expect("a new database"));
    // Made in bulk they have no rows: there is one table at the early moment and two at the late one, too few to merge.
    let pool = app.pool(draft::bulk(draft::percentage(), "DAMAGE-$$$$$$")).await.id;
    app.generate(pool, STOCK).await.expect("codes");
    let cards = app.stocked(draft::gift_card("1000.00"), 1).await;
    let card = app.claim(cards, "ann").await.expect("a card").id;
    assert_eq!((pool, card), (POOL, CARD));
    let mut number = 0;
    loop {
        // It changes when a memtable was written.
        let before = manifest();
        let mut left = IN_THE_LOG;
        while left > 0 {
            match app.ask(Some(key(number)), command(number)).await {
                Ok(Answer::Coupon(coupon, _)) => tell(&serde_json::to_string(&coupon).expect("a coupon")),
                other => panic!("expected a coupon, found {other:?}"),
            }
            number += 1;
            left -= usize::from(manifest() != before);
        }
        sleep(DELAY).await;
        tell(MOMENT);
        // A byte says that it is to go on.
        if std::io::stdin().read(&mut [0]).expect("the input") == 0 {
            break;
        }
    }
    app.close().await;
}

/// What is asked with a key.
pub(super) fn command(number: usize) -> Command {
    match number % 3 {
        0 => redeem(CARD, Some("0.01")).into(),
        _ => Claim::of(POOL, customer(&format!("customer-{number}"))).into(),
    }
}

pub(super) fn key(number: usize) -> String {
    format!("key-{number}")
}
