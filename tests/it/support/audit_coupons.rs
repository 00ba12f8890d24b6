//! The audit of a pool: its counts, its lists by status and its rows agree, in both directions, and
//! each coupon is found by its code.

use std::collections::BTreeMap;

use scrip::{
    domain::{
        coupon::Coupon,
        id::{CouponId, PoolId},
        status::Status,
    },
    service::{CouponFilter, PageRequest, Session},
};

use super::audit::{all, all_backwards};

/// Pools above this are read forwards only, and by code in samples.
const SMALL: usize = 1_000;

/// All coupons of a pool, after it was audited.
pub(super) async fn pool(scrip: &Session, pool: PoolId) -> BTreeMap<CouponId, Coupon> {
    let coupons = list(scrip, pool, &[]).await;
    let tally = scrip.tally(pool).expect("a tally");
    let made = scrip.pool(pool).expect("an answer").expect("a pool");
    assert_eq!(coupons.len() as i64, tally.counts.total(), "{pool:?} lists as many coupons as it has");
    assert!(coupons.is_sorted_by(|one, next| one.id < next.id), "{pool:?} lists its coupons by place, each once");
    // A pool that makes codes at the claim may have passed some over.
    assert!(coupons.len() as u64 == tally.supply.size || !made.has_stock(), "{pool:?} has a coupon at every place");
    assert!(coupons.iter().all(|coupon| coupon.id.index < tally.supply.size && coupon.id.pool == pool));
    for status in Status::ALL {
        let expected: Vec<_> = coupons.iter().filter(|coupon| coupon.status == status).collect();
        assert_eq!(tally.counts.of(status), expected.len() as i64, "{pool:?} counts {status:?}");
        let listed = list(scrip, pool, &[status]).await;
        assert!(listed.iter().eq(expected), "{pool:?} lists its {status:?} coupons");
    }
    let usages: i64 = coupons.iter().map(|coupon| i64::from(coupon.usages)).sum();
    assert_eq!(tally.counts.usages, usages, "{pool:?} counts its usages");
    let claims: i64 = coupons.iter().map(|coupon| i64::from(coupon.claims)).sum();
    assert!(!tally.claims.exact || tally.claims.number == claims, "{pool:?} counts its claims");
    let returned = coupons.iter().filter(|coupon| coupon.status == Status::Unassigned && coupon.version > 0).count();
    assert_eq!(tally.supply.returned, returned as u64, "{pool:?} counts the coupons that came back");
    by_code(scrip, &coupons).await;
    coupons.into_iter().map(|coupon| (coupon.id, coupon)).collect()
}

/// A pool's coupons in some statuses.
async fn list(scrip: &Session, pool: PoolId, statuses: &[Status]) -> Vec<Coupon> {
    let filter = CouponFilter { statuses: statuses.to_vec(), ..CouponFilter::default() };
    let coupons = all(async |page| scrip.pool_coupons(pool, &filter, &page, scrip.now()).await).await;
    if coupons.len() <= SMALL {
        let backwards = all_backwards(async |page| scrip.pool_coupons(pool, &filter, &page, scrip.now()).await).await;
        assert!(backwards == coupons, "{pool:?} lists {statuses:?} in both directions alike");
    }
    coupons
}

/// Each coupon, or some of many, is found by its code and by its id.
async fn by_code(scrip: &Session, coupons: &[Coupon]) {
    let step = coupons.len() / SMALL + 1;
    for coupon in coupons.iter().step_by(step) {
        let after = coupon.id.index.checked_sub(1).map(|index| CouponId { index, ..coupon.id });
        let page = PageRequest { limit: 1, after, before: None, from_end: false };
        let found = scrip.coupons_by_code(&coupon.code, &page, scrip.now()).await.expect("an answer").items;
        assert!(found.iter().any(|(_, found)| found == coupon), "{:?} is found by {:?}", coupon.id, coupon.code);
        let read = scrip.coupons(&[coupon.id]).await.expect("an answer");
        assert!(read.iter().flatten().eq([coupon]), "{:?} is found by its id", coupon.id);
    }
}
