//! What customers hold of pools against the coupons that say who holds them.

use std::collections::{HashMap, HashSet};

use super::{
    Fault,
    books::{Rows, named},
};
use crate::{
    Span, StorageError, Store,
    tables::{Coupons, HeldAt, Holding, Holdings, Pools, Whole},
};
use scrip_domain::{
    coupon::Coupon,
    id::{CouponId, PoolId},
};

/// From which event on it is noted for each pool, where it is.
pub(super) struct Held {
    since: HashMap<PoolId, u64>,
    /// Pools that count from the first how many each customer has claimed.
    counting: HashSet<PoolId>,
}

impl Held {
    /// Reads which pools note it.
    pub(super) async fn read(store: &Store) -> Result<Self, StorageError> {
        let (mut since, mut counting) = (HashMap::new(), HashSet::new());
        let mut pools = Rows::of(store, Span::<Pools>::all());
        while let Some((id, pool)) = pools.next().await? {
            since.extend(pool.holdings_since.map(|from| (id, from)));
            if pool.claims_since == Some(0) {
                counting.insert(id);
            }
        }
        Ok(Self { since, counting })
    }

    /// A coupon that somebody came to hold since is noted.
    pub(super) async fn check(
        &self,
        store: &Store,
        coupon: &Coupon,
        say: &mut impl FnMut(String),
    ) -> Result<(), StorageError> {
        let (Some(customer), Some(acquired)) = (&coupon.customer, coupon.acquired) else { return Ok(()) };
        if self.since.get(&coupon.id.pool).is_none_or(|since| acquired.sequence < *since) {
            return Ok(());
        }
        let key = (customer.clone(), coupon.id.pool, Some(HeldAt::of(coupon)));
        if store.get_one::<Holdings>(key).await?.is_none_or(|found| found != Holding::of(coupon)) {
            say(format!("is not noted among what customer {:?} holds as it is", customer.as_str()));
        }
        Ok(())
    }

    /// A coupon that somebody has claimed is counted among what its pool has given to them.
    pub(super) async fn check_count(
        &self,
        store: &Store,
        coupon: &Coupon,
        say: &mut impl FnMut(String),
    ) -> Result<(), StorageError> {
        let Some(customer) = coupon.customer.as_ref().filter(|_| coupon.is_of_its_claimer()) else { return Ok(()) };
        if !self.counting.contains(&coupon.id.pool) {
            return Ok(());
        }
        let counted = match store.get_one::<Holdings>((customer.clone(), coupon.id.pool, None)).await? {
            Some(Holding::Whole(Whole { claims: Some(claims), .. })) => claims,
            _ => 0,
        };
        if counted < u64::from(coupon.claims) {
            let claims = coupon.claims;
            say(format!(
                "was claimed {claims} times by customer {:?}, and {counted} claims are counted",
                customer.as_str()
            ));
        }
        Ok(())
    }

    /// Whatever is noted is so.
    pub(super) async fn check_rows(&self, store: &Store, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
        let mut rows = Rows::of(store, Span::<Holdings>::all());
        while let Some(((customer, pool, at), holding)) = rows.next().await? {
            let Some(at) = at else { continue };
            let id = CouponId { pool, index: at.index };
            let coupon = store.get_one::<Coupons>(id).await?;
            let is_so = |coupon: &Coupon| {
                coupon.customer.as_ref() == Some(&customer)
                    && HeldAt::of(coupon) == at
                    && Holding::of(coupon) == holding
            };
            if !coupon.is_some_and(|coupon| is_so(&coupon)) {
                let what =
                    format!("{} is noted as what customer {:?} holds and is not so", named(id), customer.as_str());
                tell(Fault::Books { what });
            }
        }
        Ok(())
    }
}
