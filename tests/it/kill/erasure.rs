//! An erasure whose process is killed in a row with SIGKILL, wherever it is. The books agree after each kill; in the end
//! nothing of the customer is left, and coupons, ledgers, counts and the events' numbers are what they were.

use std::{collections::BTreeMap, path::Path, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};
use scrip::{
    domain::{
        event::EventType,
        gift_card::Entry,
        id::{CouponId, EventId, PoolId},
        period::Instant,
        status::Status,
    },
    storage::{Erasures, ReadFrom, Span, Store, Tally},
};

use super::number;
use crate::{
    erasure::{dump, whole},
    support::{
        Client, audit, code, customer, disk, draft,
        files::copy_of,
        new_folder, open,
        process::{TestChild, kill, tell},
    },
};

const TEST: &str = "kill::erasure::erasure_victim";
/// The folder of the database.
const FOLDER: &str = "SCRIP_ERASURE_VICTIM";
/// Who is erased. Nothing else in the database has this name in it.
const ZOE: &str = "zoe-4711";
/// How many coupons she has redeemed, held as gift cards, and got from somebody or given away.
const PLAIN: u64 = 800;
const CARDS: u64 = 60;
const PASSED: u64 = 60;
/// How many purchases she made.
const PURCHASES: u64 = 60;
/// How many kills there are, unless more are asked for.
const KILLS: u64 = 8;
/// How long a process works at most until it is killed.
const LONGEST: u64 = 250;

/// What an erasure leaves as it is.
#[derive(Debug, PartialEq)]
struct Left {
    coupons: Vec<(CouponId, String, Status, u64, u32)>,
    events: Vec<(EventId, Instant, EventType, CouponId, Status, Status)>,
    ledgers: BTreeMap<CouponId, Vec<Entry>>,
    counts: Vec<Tally>,
}

#[test]
fn an_erasure_goes_on_where_a_kill_has_left_it() {
    let seed = number("SCRIP_KILL_SEED").unwrap_or(7);
    let kills = number("SCRIP_KILL_ROUNDS").unwrap_or(KILLS);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = new_folder();
    let before = runtime.block_on(async {
        prepare(folder.path()).await;
        left(folder.path()).await
    });
    assert!(runtime.block_on(dump(&disk(folder.path()))).contains(ZOE));
    let variables = [(FOLDER, folder.path().to_str().expect("text"))];
    let mut random = StdRng::seed_from_u64(seed);
    let (mut done, mut in_the_middle) = (0, 0);
    while done < kills {
        let mut child = TestChild::start(TEST, &variables);
        assert_eq!(child.line().as_deref(), Some("opened"));
        let time = Duration::from_millis(random.random_range(0..LONGEST));
        if child.line_within(time).is_some() {
            // Nothing is left to be killed.
            break;
        }
        kill(child.id());
        child.wait();
        done += 1;
        let copy = copy_of(folder.path());
        runtime.block_on(whole(&disk(copy.path())));
        in_the_middle += u64::from(runtime.block_on(is_begun(copy.path())));
    }
    println!("SCRIP_KILL_SEED={seed}: {done} kills, {in_the_middle} of them in the middle");
    assert!(in_the_middle > 0, "no kill came in the middle");
    let mut child = TestChild::start(TEST, &variables);
    assert_eq!(child.line().as_deref(), Some("opened"));
    assert_eq!(child.line().as_deref(), Some("done"));
    child.finish();
    let found = runtime.block_on(left(folder.path()));
    assert!(found == before, "the books are not what they were before {done} kills");
    let rows = runtime.block_on(dump(&disk(folder.path())));
    let line = rows.lines().find(|line| line.contains(ZOE)).unwrap_or_default();
    assert!(line.is_empty(), "something is left in {}", line.split(':').next().unwrap_or_default());
    runtime.block_on(whole(&disk(folder.path())));
}

#[test]
fn erasure_victim() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let app = open(Path::new(&folder)).await.expect("the database opens after a kill");
        tell("opened");
        // Whoever asks again is told that nobody is known, once nothing is left.
        while app.erase_customer(customer(ZOE), true).await.is_ok() {
            tokio::task::yield_now().await;
        }
        tell("done");
        app.close().await;
    });
}

/// What a customer leaves behind in every table.
async fn prepare(folder: &Path) {
    let app = open(folder).await.expect("a database");
    app.customer(ZOE, Some("zoe.q@example.com"), None).await;
    app.customer("ben", None, None).await;
    let plain = app.stocked(draft::percentage(), PLAIN + PURCHASES).await;
    let cards = app.stocked(draft::gift_card("50"), CARDS).await;
    let passed = app.stocked(draft::uploaded(scrip::domain::terms::CouponType::Amount, "5"), PASSED).await;
    for _ in 0..PLAIN {
        let coupon = app.claim(plain, ZOE).await.expect("a claim");
        app.redeem(coupon.id).await.expect("a redemption");
    }
    for _ in 0..CARDS {
        let card = app.claim(cards, ZOE).await.expect("a claim");
        app.pay(card.id, "12.34").await.expect("a payment");
    }
    for number in 0..PASSED {
        let (from, to) = if number % 2 == 0 { (ZOE, "ben") } else { ("ben", ZOE) };
        let coupon = app.claim(passed, from).await.expect("a claim");
        app.transfer(coupon.id, to).await.expect("a transfer");
    }
    for number in 0..PURCHASES {
        let coupon = app.claim(plain, ZOE).await.expect("a claim");
        app.bought(&format!("t-{number}"), ZOE, &[code(coupon.id)], &format!("buy {number}")).await;
    }
    app.close().await;
}

/// Whether an erasure was begun, and is not at its end.
async fn is_begun(folder: &Path) -> bool {
    let store = Store::open(&disk(folder)).await.expect("a database");
    let rows = store.scan::<Erasures>(&Span::all(), ReadFrom::Start, 1).await.expect("rows");
    store.close().await;
    !rows.is_empty()
}

/// What there is, after its books were audited.
async fn left(folder: &Path) -> Left {
    let app: Client = open(folder).await.expect("a database");
    let books = audit::audit(&app).await;
    let events = books.events.iter();
    let left = Left {
        coupons: books
            .coupons
            .values()
            .map(|one| (one.id, one.code.clone(), one.status, one.version, one.usages))
            .collect(),
        events: events
            .map(|one| (one.id, one.at, one.change.kind, one.coupon, one.change.before, one.change.after))
            .collect(),
        counts: [1, 2, 3].map(|pool| app.tally(PoolId(pool)).expect("a tally")).to_vec(),
        ledgers: books.ledgers,
    };
    app.close().await;
    left
}
