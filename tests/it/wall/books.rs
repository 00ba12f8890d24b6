//! What `scrip check` holds against each other: each row that does not fit the others is told, with its id.

use std::fs;

use scrip::{
    domain::{
        coupon::Held,
        decimal::Amount,
        id::{CouponId, CustomerId, EntryId, EventId, PoolId},
        pool_draft::PoolDraft,
        presence::NodeId,
        status::Status,
        update::Scope,
    },
    service::{Apply, BulkAction, BulkDraft, CouponFilter, CouponRef, PoolEdit, PoolUpdate, Reinstate},
    storage::{
        Batch, Coupons, CustomerEvents, Dues, Events, Happened, HeldAt, Holding, Holdings, Ledger, Nodes, Pools, RowId,
        Store, Table, Tallies, TransactionEvents, check,
    },
};

use super::{mark_of, open, tamper, work};
use crate::support::{
    Folder, disk, draft,
    files::{files, folder_of},
    new_folder,
};

const POOL: PoolId = PoolId(1);
const CLAIMED: CouponId = CouponId { pool: POOL, index: 1 };
const CARD: CouponId = CouponId { pool: PoolId(2), index: 0 };
const EXPIRING: CouponId = CouponId { pool: PoolId(3), index: 0 };
const NOTED: CouponId = CouponId { pool: PoolId(4), index: 0 };
/// The second coupon's claim, after the first one's claim and redemption.
const CLAIM: EventId = EventId { stream: 1, sequence: 3 };

/// A pool with 12 coupons of 40 claimed and 4 of them redeemed, one with a gift card that was paid with, and one with a
/// coupon that will expire, and one that notes what customers hold.
async fn filled() -> Folder {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    work(&app, "ann").await;
    let mut restrictions = draft::percentage().restrictions;
    restrictions.expiration_period = Some("P1M".to_owned());
    let pool = app.stocked(PoolDraft { restrictions, ..draft::percentage() }, 2).await;
    assert_eq!(app.claim(pool, "ann").await.expect("a coupon").id, EXPIRING);
    let pool = app.pool(draft::generic("EVERYONE")).await.id;
    assert_eq!(app.claim(pool, "ann").await.expect("a coupon").id, NOTED);
    app.close().await;
    folder
}

/// A row with a change.
async fn changed<T: Table>(store: &Store, key: T::Key, change: impl FnOnce(&mut T::Document)) -> Batch {
    let mut row = store.get_one::<T>(key.clone()).await.expect("readable").expect("a row");
    change(&mut row);
    let mut batch = Batch::default();
    batch.replace::<T>(key, row);
    batch
}

fn inserted<T: Table>(key: T::Key, document: T::Document) -> Batch {
    let mut batch = Batch::default();
    batch.insert::<T>(key, document);
    batch
}

fn removed<T: Table>(key: T::Key) -> Batch {
    let mut batch = Batch::default();
    batch.remove(RowId::of::<T>(key));
    batch
}

fn ann(sequence: u64) -> (CustomerId, EventId) {
    (CustomerId::kept("ann-1".to_owned()), EventId { sequence, ..CLAIM })
}

fn held(customer: &str, live: bool, index: u64) -> (CustomerId, PoolId, Option<HeldAt>) {
    (CustomerId::kept(customer.to_owned()), NOTED.pool, Some(HeldAt { live, index }))
}

#[expect(clippy::too_many_lines, reason = "one table")]
/// Each row that is changed, and what is told for it.
async fn changes(store: &Store) -> Vec<(Batch, &'static str)> {
    let entry = |coupon, number| EntryId { coupon, number };
    let paid = store.get_one::<Ledger>(entry(CARD, 1)).await.expect("readable").expect("a payment");
    let node = |level, place| (POOL, NodeId { level, place });
    let first = store.get_one::<Nodes>(node(0, 0)).await.expect("readable").expect("a node");
    let [next, alone] = [CouponId { index: 1, ..CARD }, CouponId { pool: PoolId(9), index: 0 }];
    let expires = store.get_one::<Coupons>(EXPIRING).await.expect("readable").expect("a coupon").expires_at;
    let due = (expires.expect("an end").as_millisecond(), EXPIRING);
    vec![
        (
            changed::<Tallies>(store, POOL, |tally| tally.counts.add(Status::Claimed, 1)).await,
            "pool 1 counts 9 CLAIMED coupons and has 8",
        ),
        (
            changed::<Tallies>(store, POOL, |tally| tally.counts.add(Status::Unassigned, 1)).await,
            "pool 1 counts 29 unassigned coupons of 40",
        ),
        (changed::<Tallies>(store, POOL, |tally| tally.counts.usages += 1).await, "pool 1 counts 5 usages and has 4"),
        (removed::<Tallies>(POOL), "pool 1 has coupons and no counts"),
        (removed::<Nodes>(node(0, 0)), "pool 1 lists coupons 0 to 63 by another status"),
        (removed::<Nodes>(node(1, 0)), "pool 1 has lists whose level 1 is another at 0"),
        (inserted::<Nodes>(node(0, 5), first), "pool 1 has 2 groups in its lists, and its coupons make 1"),
        (
            changed::<Coupons>(store, CLAIMED, |coupon| coupon.status = Status::Redeemed).await,
            "coupon:[1, 1] is REDEEMED and its events lead to CLAIMED",
        ),
        (
            changed::<Coupons>(store, CARD, |coupon| coupon.history.recent.reverse()).await,
            "coupon:[2, 0] has a history that is not in order",
        ),
        (
            changed::<Coupons>(store, CLAIMED, |coupon| coupon.history.leaves = 1).await,
            "coupon:[1, 1] has lost part 0 of its history",
        ),
        (
            changed::<Coupons>(store, CLAIMED, |coupon| coupon.history.recent[0].sequence = 1).await,
            "coupon:[1, 1] has event 1 of another coupon",
        ),
        (removed::<Events>(EventId { sequence: 1, ..CLAIM }), "coupon:[1, 0] has event 1, which is not in the log"),
        (
            changed::<Events>(store, CLAIM, |events| events[0].change.before = Status::Redeemed).await,
            "coupon:[1, 1] is UNASSIGNED before event 3, which says REDEEMED",
        ),
        (
            changed::<Coupons>(store, CARD, |coupon| {
                coupon.account.as_mut().expect("a gift card").balance = Amount(1);
            })
            .await,
            "coupon:[2, 0] has a balance of 1 minor units and a ledger that sums up to 3750",
        ),
        (
            changed::<Ledger>(store, entry(CARD, 1), |entry| entry.amount = Amount(-1)).await,
            "coupon:[2, 0] has a ledger that does not sum up at entry 1",
        ),
        (removed::<Ledger>(entry(CARD, 1)), "coupon:[2, 0] has 1 ledger entries and counts 2"),
        (
            inserted::<Ledger>(entry(next, 0), paid.clone()),
            "coupon:[3, 0] comes after a ledger entry of coupon:[2, 1], which has no coupon",
        ),
        (inserted::<Ledger>(entry(alone, 0), paid), "a ledger entry of coupon:[9, 0] has no coupon"),
        (removed::<Dues>(due), "and not in the list of those that are"),
        (
            changed::<Coupons>(store, CLAIMED, |coupon| {
                let until = coupon.claimed_at.expect("it is claimed");
                coupon.holds.push(Held { transaction: "T".to_owned(), until, amount: None, assigned: false });
            })
            .await,
            "and not in the list of those that are",
        ),
        (
            inserted::<TransactionEvents>(("T".to_owned(), CLAIM), CLAIMED),
            "0 events name purchases, and their lists have 1",
        ),
        (removed::<Coupons>(CLAIMED), "the log has 20 events, and the coupons have 19 in all"),
        (removed::<CustomerEvents>(ann(CLAIM.sequence)), "event 3 is not in the history of customer \"ann-1\""),
        (
            inserted::<CustomerEvents>(ann(99), Happened { coupon: CLAIMED, acquired: false }),
            "20 events are of customers, and their histories have 21",
        ),
        (
            removed::<Holdings>(held("ann", true, 0)),
            "coupon:[4, 0] is not noted among what customer \"ann\" holds as it is",
        ),
        (
            inserted::<Holdings>(held("ann", false, 0), Holding::Coupon(None)),
            "coupon:[4, 0] is noted as what customer \"ann\" holds and is not so",
        ),
        (
            inserted::<Holdings>(held("ben", true, 7), Holding::Coupon(None)),
            "coupon:[4, 7] is noted as what customer \"ben\" holds and is not so",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_does_not_fit_the_rest_is_told() {
    let folder = filled().await;
    let (whole, mark) = (files(folder.path()), fs::read(mark_of(folder.path())).expect("a mark"));
    let store = Store::open(&disk(folder.path())).await.expect("the database");
    let changes = changes(&store).await;
    store.close().await;
    let untouched = check(&disk(folder.path()), |fault| panic!("{fault}")).await.expect("an answer");
    assert_eq!(untouched.faults, 0);
    for (batch, expected) in changes {
        let folder = folder_of(&whole);
        fs::write(mark_of(folder.path()), &mark).expect("a mark");
        tamper(folder.path(), async |_| batch).await;
        let mut told = Vec::new();
        let checked = check(&disk(folder.path()), |fault| told.push(fault.to_string())).await.expect("an answer");
        assert_eq!(checked.faults, told.len() as u64);
        assert!(told.iter().any(|fault| fault.contains(expected)), "{told:?} lacks {expected}");
    }
}

/// Coupons of which nothing but their pool's row tells: that they were withdrawn, and that they carry new terms.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_pool_says_of_its_coupons_fits_them() {
    let folder = new_folder();
    let app = open(folder.path()).await.expect("a new database");
    let pool = app.stocked(draft::percentage(), 100).await;
    app.claim(pool, "ann").await.expect("a coupon");
    let bulk = BulkDraft {
        action: BulkAction::Invalidate,
        coupons: None,
        codes: None,
        filter: Some(CouponFilter { statuses: vec![Status::Unassigned], ..CouponFilter::default() }),
        customers: None,
        upload: None,
        pool: Some(pool),
        to: None,
        reason: None,
        dry_run: false,
    };
    let job = app.start_bulk(None, bulk).await.expect("a job");
    app.job_ended(job.id).await;
    app.change(Reinstate { coupon: CouponRef::Id(CouponId { pool, index: 50 }), reason: None })
        .await
        .expect("it lives");
    app.add(pool, 5).await;
    let apply = Some(Apply { scope: Scope::All, matching: false });
    let edit = Box::new(PoolEdit { value: Some(Some("20".to_owned())), apply, ..PoolEdit::default() });
    let edited = app.change(PoolUpdate { pool, edit }).await.expect("an edit");
    assert_eq!((edited.reached.total(), edited.reached.of(Status::Invalid)), (105, 98));
    app.job_ended(edited.job.expect("a job").id).await;
    app.close().await;
    let whole = check(&disk(folder.path()), |fault| panic!("{fault}")).await.expect("an answer");
    assert_eq!(whole.faults, 0);
    let store = Store::open(&disk(folder.path())).await.expect("the database");
    let batch = changed::<Pools>(&store, pool, |pool| pool.withdrawn[0].left -= 1).await;
    store.close().await;
    tamper(folder.path(), async |_| batch).await;
    let mut told = Vec::new();
    check(&disk(folder.path()), |fault| told.push(fault.to_string())).await.expect("an answer");
    let expected = [
        "pool 1 has 97 withdrawn coupons without a row at 99 places, and 1 rows there",
        "pool 1 counts 98 INVALID coupons and has 97",
    ];
    assert_eq!(told, expected);
}
