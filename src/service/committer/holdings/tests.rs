//! What customers hold, in small: what is read for a batch, and what is noted of a search.

use std::sync::Arc;

use super::*;
use crate::{
    Answer, Caller, Claim, Clock, Command, CouponRef, HoldingsFound, PoolCreate, Redeem, Scrip, Transfer,
    patterns::new_pool,
};
use scrip_domain::{
    id::{CustomerId, PoolId},
    pool_codes::CodesDraft,
    source::Source,
    status::Status,
};
use scrip_storage::Address;

/// A Scrip with two pools whose codes everyone has, the first and the second.
async fn scrip() -> Arc<Scrip> {
    let address = Address::parse("mem://").expect("an address");
    let scrip = Scrip::open(&address, Clock::System, None).await.expect("a database");
    for pattern in ["FIRST", "SECOND"] {
        let codes = CodesDraft { pattern: pattern.to_owned(), ..CodesDraft::default() };
        ask(&scrip, PoolCreate(Box::new(new_pool(codes, Source::Generated)))).await;
    }
    scrip
}

const FIRST: PoolId = PoolId(1);
const SECOND: PoolId = PoolId(2);

async fn ask(scrip: &Scrip, command: impl Into<Command>) -> Answer {
    scrip.submit(&Caller::scrip(), None, command).await.expect("an answer")
}

fn to_ben(coupon: CouponId) -> Transfer {
    let to = Some(whose("ben", FIRST).0);
    Transfer { coupon: CouponRef::Id(coupon), to, to_email: None, reason: None }
}

async fn claim(scrip: &Scrip, pool: PoolId, customer: &str) -> CouponId {
    match ask(scrip, Claim::of(pool, whose(customer, pool).0)).await {
        Answer::Coupon(coupon, _) => coupon.id,
        other => panic!("expected a coupon, found {other:?}"),
    }
}

fn whose(customer: &str, pool: PoolId) -> Whose {
    (CustomerId::parse(customer).expect("an id"), pool)
}

/// How far a batch searches the history of a customer from its end, for the first pool's coupons, and which of them it
/// finds; none where it does not.
async fn load(loaded: &mut Loaded, scrip: &Scrip, customer: &str) -> Option<(u64, Vec<u64>)> {
    let mut view = scrip.store.view().await.expect("a view");
    let key = (whose(customer, FIRST), u64::MAX);
    let wanted = Wanted::History(key.0.clone(), key.1);
    loaded.load(&mut view, scrip.registry.stream(), wanted, scrip.now()).await.expect("read");
    let found = loaded.found.get(&key).expect("it was wanted").as_ref();
    found.map(|found| (found.from, found.coupons.iter().map(|coupon| coupon.index).collect()))
}

#[tokio::test]
async fn what_the_committer_searches_is_bounded() {
    let scrip = scrip().await;
    let first = claim(&scrip, FIRST, "long").await.index;
    for _ in 0..EVENTS {
        claim(&scrip, SECOND, "long").await;
    }
    let short = claim(&scrip, FIRST, "short").await.index;
    for _ in 1..EVENTS {
        claim(&scrip, SECOND, "short").await;
    }
    claim(&scrip, SECOND, "none").await;
    let mut loaded = Loaded::default();
    assert_eq!(load(&mut loaded, &scrip, "none").await, Some((0, Vec::new())));
    assert_eq!(load(&mut loaded, &scrip, "nobody").await, Some((0, Vec::new())));
    assert_eq!(load(&mut loaded, &scrip, "long").await, None, "its coupon is further back than is looked");
    let (from, found) = load(&mut loaded, &scrip, "short").await.expect("it is found");
    assert!(from > 0 && found == [short], "as far as the first that can be used: {from} {found:?}");
    for _ in 0..BATCH_EVENTS / EVENTS {
        load(&mut loaded, &scrip, "long").await;
    }
    assert_eq!(loaded.events, BATCH_EVENTS, "no more for a batch");
    assert_eq!(load(&mut loaded, &scrip, "none").await, None, "it is searched outside");
    // Outside there is no bound but the history's length.
    let mut found = Found::below(u64::MAX);
    while !found.is_enough() {
        let mut view = scrip.store.view().await.expect("a view");
        let (stream, now) = (scrip.registry.stream(), scrip.now());
        found.read_part(&mut view, stream, &whose("long", FIRST), 50, now).await.expect("read");
    }
    assert_eq!(found.coupons, [CouponId { pool: FIRST, index: first }]);
}

#[tokio::test]
async fn only_what_is_held_is_found_and_what_can_be_used_is_enough() {
    let scrip = scrip().await;
    let [used, given, kept] =
        [claim(&scrip, FIRST, "ann").await, claim(&scrip, FIRST, "ann").await, claim(&scrip, FIRST, "ann").await];
    claim(&scrip, SECOND, "ben").await;
    ask(&scrip, to_ben(given)).await;
    let redeem = |coupon| Redeem::of(CouponRef::Id(coupon));
    ask(&scrip, redeem(used)).await;
    let found = async |customer: &str| {
        let mut found = Found::below(u64::MAX);
        let mut view = scrip.store.view().await.expect("a view");
        let (stream, now) = (scrip.registry.stream(), scrip.now());
        found.read_part(&mut view, stream, &whose(customer, FIRST), 3, now).await.expect("read");
        (found.coupons.clone(), found.is_enough())
    };
    // The last three events of hers: the redemption, the transfer, and the claim of the one that she has.
    assert_eq!(found("ann").await, (vec![kept], true));
    assert_eq!(found("ben").await, (vec![given], true));
    ask(&scrip, redeem(kept)).await;
    assert_eq!(found("ann").await, (Vec::new(), false), "nothing in this part, and there is more");
}

#[tokio::test]
async fn what_was_found_is_noted_once_and_as_it_is_by_then() {
    let scrip = scrip().await;
    let coupons = [claim(&scrip, FIRST, "ann").await, claim(&scrip, FIRST, "ann").await];
    claim(&scrip, SECOND, "ben").await;
    let (ann, _) = whose("ann", FIRST);
    let note = async |below: u64, from: u64, coupons: &[CouponId]| {
        let (customer, coupons) = (ann.clone(), coupons.to_vec());
        let found = HoldingsFound { customer, pool: FIRST, coupons, below, from };
        ask(&scrip, Box::new(found)).await;
        scrip.store.get_one::<Holdings>((ann.clone(), FIRST, None)).await.expect("readable")
    };
    // The pool notes what is held from its first event on: nothing is below it.
    let since = scrip.registry.pool(FIRST).and_then(|pool| pool.holdings_since).expect("it is noted");
    assert_eq!(since, 0);
    assert_eq!(note(5, 3, &coupons).await, None, "another part than the next is not noted");
    assert_eq!(note(0, 0, &coupons).await, Some(Holding::Whole(Whole { searched: Some(0), claims: None })));
    ask(&scrip, to_ben(coupons[0])).await;
    assert_eq!(note(0, 0, &coupons).await, Some(Holding::Whole(Whole { searched: Some(0), claims: None })));
    let held = scrip.store.scan(&Holdings::of(&ann, FIRST, true, ALL), ReadFrom::Start, 9).await.expect("readable");
    let places: Vec<_> = held.into_iter().map(|((_, _, at), _)| at.map(|at| at.index)).collect();
    assert_eq!(places, [Some(coupons[1].index)], "what was given away meanwhile is not hers");
    let coupon = scrip.coupons(&coupons).await.expect("coupons").remove(0).expect("a coupon");
    assert_eq!((coupon.status, coupon.customer), (Status::Claimed, Some(whose("ben", FIRST).0)));
}
