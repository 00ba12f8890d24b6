//! What a customer holds of a pool is known whenever it is asked for: however many there are, whatever the pool was
//! before, and in a folder of a version that kept a hundred.

use scrip::{
    domain::{
        basket::BasketDraft,
        coupon::Coupon,
        id::PoolId,
        period::Instant,
        pool_draft::{PoolDraft, RestrictionsDraft},
        rejection::Code,
        status::Status,
    },
    service::{CheckoutOrder, CouponRef, PoolEdit, PoolUpdate, Presentation, Redeem},
    storage::{Batch, HeldAt, Holding, Holdings, Pools, ReadFrom, RowId, Span, Store, Whole, check},
};

use crate::support::{Backend, Client, Folder, TestScrip, customer, disk, draft, open, purchase};

async fn edit(app: &Client, pool: PoolId, edit: PoolEdit) {
    app.change(PoolUpdate { pool, edit: Box::new(edit) }).await.expect("an edit");
}

async fn aggregate(app: &Client, pool: PoolId, aggregated: bool) {
    edit(app, pool, PoolEdit { aggregated: Some(aggregated), ..PoolEdit::default() }).await;
}

/// Redeems the coupon of a generic code that somebody holds.
async fn redeem_by_code(app: &Client, code: &str, by: &str) -> Result<Coupon, Vec<Code>> {
    let coupon = CouponRef::Code { code: code.to_owned(), pool: None, customer: Some(customer(by)) };
    let case = Redeem { customer: Some(customer(by)), ..Redeem::of(coupon) };
    app.change(case).await.map(|changed| *changed.coupon)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_coupon_of_a_generic_code_is_redeemed_by_it() {
    const MANY: u64 = 700;
    let app = TestScrip::new(Backend::Memory).await;
    let pool = app.pool(draft::generic("WELCOME")).await.id;
    for _ in 0..MANY {
        app.claim(pool, "ann").await.expect("a coupon");
    }
    app.claim(pool, "ben").await.expect("a coupon");
    // All at once, so that many are decided in a batch.
    let all = (0..MANY).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { redeem_by_code(&app, "welcome", "ann").await.expect("one is left").id })
    });
    let mut redeemed = Vec::new();
    for one in all.collect::<Vec<_>>() {
        redeemed.push(one.await.expect("an end"));
    }
    redeemed.sort_unstable();
    redeemed.dedup();
    assert_eq!(redeemed.len() as u64, MANY, "each is redeemed once");
    assert_eq!(redeem_by_code(&app, "WELCOME", "ann").await.expect_err("none is left"), [Code::AlreadyRedeemed]);
    app.unredeem(redeemed[3]).await.expect("taken back");
    assert_eq!(redeem_by_code(&app, "WELCOME", "ann").await.expect("it is found").id, redeemed[3]);
    assert_eq!(redeem_by_code(&app, "WELCOME", "cem").await.expect_err("nothing"), [Code::NotClaimed]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aggregation_is_switched_off_and_on() {
    let app = TestScrip::new(Backend::Memory).await;
    let pool = app.stocked(PoolDraft { aggregated: true, ..draft::percentage() }, 10).await;
    let first = app.claim(pool, "ann").await.expect("a coupon").id;
    aggregate(&app, pool, false).await;
    let second = app.claim(pool, "ann").await.expect("a coupon").id;
    let third = app.claim(pool, "ann").await.expect("a coupon").id;
    app.transfer(third, "ben").await.expect_err("ben is not known");
    app.customer("ben", None, None).await;
    app.transfer(third, "ben").await.expect("ben has it");
    assert!(first < second && second < third);
    aggregate(&app, pool, true).await;
    for (by, expected) in [("ann", second), ("ben", third), ("ann", second)] {
        assert_eq!(app.claim(pool, by).await.expect("the same again").id, expected);
    }
    for _ in 0..3 {
        app.redeem(second).await.expect("redeemed once for each claim");
    }
    assert_eq!(app.claim(pool, "ann").await.expect("the other one").id, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_claimed_before_a_pool_was_aggregated_is_found() {
    // More than is searched at once, and what can be used is at the far end.
    const MANY: u64 = 1_300;
    let app = TestScrip::new(Backend::Memory).await;
    let pool = app.stocked(draft::percentage(), MANY + 5).await;
    let first = app.claim(pool, "ann").await.expect("a coupon").id;
    for _ in 1..MANY {
        let coupon = app.claim(pool, "ann").await.expect("a coupon").id;
        app.redeem(coupon).await.expect("redeemed");
    }
    aggregate(&app, pool, true).await;
    for claims in 2..5 {
        let again = app.claim(pool, "ann").await.expect("the same again");
        assert_eq!((again.id, again.claims), (first, claims));
    }
    for _ in 0..4 {
        app.redeem(first).await.expect("redeemed once for each claim");
    }
    let last = app.claim(pool, "ann").await.expect("the last, once more");
    assert_eq!((last.id.index, last.claims, last.usages), (MANY - 1, 2, 1));
    let new = app.claim(pool, "ben").await.expect("a coupon").id;
    assert_eq!(app.claim(pool, "ben").await.expect("the same again").id, new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_everyone_had_still_names_each_ones_coupon() {
    let app = TestScrip::new(Backend::Memory).await;
    app.customer("ben", None, None).await;
    let pool = app.pool(draft::generic("WELCOME")).await.id;
    let [one, two] = [app.claim(pool, "ann").await, app.claim(pool, "ann").await].map(|coupon| coupon.expect("one").id);
    let pattern = |pattern: &str| PoolEdit { pattern: Some(pattern.to_owned()), ..PoolEdit::default() };
    edit(&app, pool, pattern("GOODBYE")).await;
    let three = app.claim(pool, "ann").await.expect("a coupon").id;
    edit(&app, pool, pattern("MADE-####")).await;
    let made = app.claim(pool, "ann").await.expect("a coupon");
    assert!(made.code.starts_with("MADE-"));
    app.transfer(one, "ben").await.expect("ben has it");
    for (code, by, expected) in [("WELCOME", "ben", one), ("GOODBYE", "ann", three), ("WELCOME", "ann", two)] {
        assert_eq!(redeem_by_code(&app, code, by).await.expect("it is found").id, expected, "{code} of {by}");
    }
    edit(&app, pool, pattern("WELCOME")).await;
    let four = app.claim(pool, "ann").await.expect("a coupon").id;
    assert_eq!(redeem_by_code(&app, "WELCOME", "ann").await.expect("the new one").id, four);
}

/// Makes what is noted what a version before it kept: the places of the last hundred, and nothing in the pool.
async fn as_before(store: &Store, by: &str, pool: PoolId) -> Batch {
    let mut batch = Batch::default();
    let mut kept = store.get_one::<Pools>(pool).await.expect("readable").expect("a pool");
    kept.holdings_since = None;
    batch.replace::<Pools>(pool, kept);
    let rows = store.scan(&Span::<Holdings>::all(), ReadFrom::Start, 1_000).await.expect("readable");
    for (key, _) in rows {
        batch.remove(RowId::of::<Holdings>(key));
    }
    batch.insert::<Holdings>((customer(by), pool, None), Holding::Places((20..120).collect()));
    batch
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_before_gives_right_answers() {
    const MANY: u64 = 120;
    let app = TestScrip::new(Backend::Disk).await;
    let pool = app.pool(draft::generic("WELCOME")).await.id;
    for _ in 0..MANY {
        app.claim(pool, "ann").await.expect("a coupon");
    }
    let folder = app.close().await.expect("it is on disk");
    let store = Store::open(&disk(folder.path())).await.expect("the database");
    let batch = as_before(&store, "ann", pool).await;
    drop(store.commit(&batch).await.expect("written"));
    store.close().await;
    let app = open(folder.path()).await.expect("it opens");
    for place in (0..MANY).rev() {
        let coupon = redeem_by_code(&app, "WELCOME", "ann").await.expect("one is left");
        assert_eq!((coupon.id.index, coupon.status), (place, Status::Redeemed));
        if place == MANY / 2 {
            app.claim(pool, "ann").await.expect("a coupon");
            assert_eq!(redeem_by_code(&app, "WELCOME", "ann").await.expect("the new one").id.index, MANY);
        }
    }
    assert_eq!(redeem_by_code(&app, "WELCOME", "ann").await.expect_err("none is left"), [Code::AlreadyRedeemed]);
    app.close().await;
    let store = Store::open(&disk(folder.path())).await.expect("the database");
    let searched = store.get_one::<Holdings>((customer("ann"), pool, None)).await.expect("readable");
    assert_eq!(searched, Some(Holding::Whole(Whole { searched: Some(0), claims: None })), "it is searched once");
    let row = (customer("ann"), pool, Some(HeldAt { live: false, index: 7 }));
    assert_eq!(store.get_one::<Holdings>(row).await.expect("readable"), Some(Holding::Coupon(None)));
    store.close().await;
    let checked = check(&disk(folder.path()), |fault| panic!("{fault}")).await.expect("an answer");
    assert_eq!(checked.faults, 0);
}

/// Gives somebody so many events, of another pool.
async fn live_long(app: &Client, many: u64) {
    let other = app.stocked(draft::percentage(), many).await;
    let all = (0..many).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { app.claim(other, "ann").await.expect("a coupon").id })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.expect("an end");
    }
}

/// The coupon that a preview of a checkout finds by its code.
async fn previewed(app: &Client, by: &str, code: &str) -> Option<Coupon> {
    let basket = BasketDraft {
        currency: "EUR".to_owned(),
        store: None,
        shipping: None,
        lines: vec![("shoe".to_owned(), 1, "9.00".to_owned())],
    };
    let order = CheckoutOrder {
        transaction: purchase("t-1"),
        customer: customer(by),
        basket,
        coupons: vec![Presentation { code: code.to_owned(), amount: None }],
        at: None,
        expected_payable: None,
    };
    let agreed = app.checkout_preview(order).await.expect("an answer");
    agreed.record.coupons.into_iter().find_map(|one| one.coupon)
}

/// A folder of before in which somebody has a long history beside a few coupons of a pool.
async fn with_a_long_history(few: u64, many: u64) -> (Folder, PoolId) {
    let app = TestScrip::new(Backend::Disk).await;
    let pool = app.pool(draft::generic("WELCOME")).await.id;
    for _ in 0..few {
        app.claim(pool, "ann").await.expect("a coupon");
    }
    live_long(&app, many).await;
    let folder = app.close().await.expect("it is on disk");
    let store = Store::open(&disk(folder.path())).await.expect("the database");
    let batch = as_before(&store, "ann", pool).await;
    drop(store.commit(&batch).await.expect("written"));
    store.close().await;
    (folder, pool)
}

async fn searched(folder: &Folder, pool: PoolId) -> Option<Holding> {
    let store = Store::open(&disk(folder.path())).await.expect("the database");
    let searched = store.get_one::<Holdings>((customer("ann"), pool, None)).await.expect("readable");
    store.close().await;
    searched
}

/// Longer than what is searched in one turn.
const LONG: u64 = 6_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_ask_at_once_for_what_a_long_history_has_get_the_same() {
    const CLAIMS: u32 = 40;
    let app = TestScrip::new(Backend::Memory).await;
    let pool = app.stocked(draft::percentage(), 50).await;
    let first = app.claim(pool, "ann").await.expect("a coupon").id;
    live_long(&app, LONG).await;
    aggregate(&app, pool, true).await;
    let all = (0..CLAIMS).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { app.claim(pool, "ann").await.expect("the same again") })
    });
    let mut claims = Vec::new();
    for one in all.collect::<Vec<_>>() {
        let coupon = one.await.expect("an end");
        assert_eq!(coupon.id, first, "never a second one");
        claims.push(coupon.claims);
    }
    claims.sort_unstable();
    assert_eq!(claims, (2..CLAIMS + 2).collect::<Vec<_>>(), "each is one more use");
    let new = app.claim(pool, "ben").await.expect("a coupon").id;
    assert_ne!(new, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_history_is_searched_once_also_where_the_command_is_refused() {
    let (folder, pool) = with_a_long_history(0, LONG).await;
    let app = open(folder.path()).await.expect("it opens");
    assert_eq!(redeem_by_code(&app, "WELCOME", "ann").await.expect_err("nothing"), [Code::NotClaimed]);
    app.close().await;
    assert_eq!(searched(&folder, pool).await, Some(Holding::Whole(Whole { searched: Some(0), claims: None })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_only_looks_finds_what_a_long_history_has() {
    let (folder, pool) = with_a_long_history(2, LONG).await;
    let app = open(folder.path()).await.expect("it opens");
    let found = previewed(&app, "ann", "WELCOME").await;
    assert_eq!(found.map(|coupon| (coupon.id.index, coupon.status)), Some((1, Status::Claimed)));
    for place in [1, 0] {
        assert_eq!(redeem_by_code(&app, "WELCOME", "ann").await.expect("one is left").id.index, place);
    }
    assert_eq!(redeem_by_code(&app, "WELCOME", "ann").await.expect_err("none is left"), [Code::AlreadyRedeemed]);
    app.close().await;
    assert_eq!(searched(&folder, pool).await, Some(Holding::Whole(Whole { searched: Some(0), claims: None })));
    let checked = check(&disk(folder.path()), |fault| panic!("{fault}")).await.expect("an answer");
    assert_eq!(checked.faults, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_at_one_instant_is_decided_together() {
    const MANY: u64 = 1_200;
    let begin: Instant = "2026-03-01T10:00:00Z".parse().expect("an instant");
    let mut app = TestScrip::at(Backend::Disk, begin).await;
    let restrictions = RestrictionsDraft { expiration_period: Some("PT1H".to_owned()), ..RestrictionsDraft::default() };
    // Who holds what is noted, so that the end of each coupon is a row of its customer's, too.
    let draft = PoolDraft { aggregated: true, restrictions, ..draft::percentage() };
    let pool = app.stocked(draft, MANY).await;
    for number in 0..MANY {
        app.claim(pool, &format!("customer-{number}")).await.expect("a coupon");
    }
    // Nothing of it is in memory.
    app.reopen().await;
    let before = app.scrip().vitals().batches();
    app.clock().set("2026-03-01T11:00:00Z".parse().expect("an instant"));
    let expired = async || app.tally_at(pool, app.now()).await.expect("counts").counts.of(Status::Expired);
    while expired().await < i64::try_from(MANY).expect("a count") {}
    let after = app.scrip().vitals().batches();
    let (decided, written) = (after.0 - before.0, after.1 - before.1);
    assert!(decided <= 4 * written.max(1), "{decided} decisions of {written} batches");
}
