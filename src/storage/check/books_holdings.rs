//! What customers hold of pools against the coupons that say who holds them.

use std::collections::HashMap;

use super::{
    Fault,
    books::{Rows, named},
};
use crate::{
    Span, StorageError, Store,
    tables::{Coupons, HeldAt, Holding, Holdings, Pools},
};
use scrip_domain::{
    coupon::Coupon,
    id::{CouponId, PoolId},
};

/// From which event on it is noted for each pool, where it is.
pub(super) struct Held {
    since: HashMap<PoolId, u64>,
}

impl Held {
    /// Reads which pools note it.
    pub(super) async fn read(store: &Store) -> Result<Self, StorageError> {
        let mut since = HashMap::new();
        let mut pools = Rows::of(store, Span::<Pools>::all());
        while let Some((id, pool)) = pools.next().await? {
            since.extend(pool.holdings_since.map(|from| (id, from)));
        }
        Ok(Self { since })
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
