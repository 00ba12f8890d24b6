//! What pools' updates say of their coupons ([`scrip_domain::update`]) holds at once; here it comes into the coupons' rows,
//! with an event each, in the background. Where it stops in the middle, it begins with the pool again: a coupon that has
//! kept an update is passed over.

use super::{Caller, Failure, KeepUpdates, Scrip};
use scrip_domain::{
    id::{CouponId, PoolId},
    pool::Pool,
};
use scrip_storage::{Coupons, ReadFrom};

/// How many coupons are read at once, and written with one command at most.
const PART: usize = 512;

impl Scrip {
    /// Has the coupons of all pools keep what their updates say.
    pub(super) async fn keep_updates(&self) -> Result<(), Failure> {
        while let Some(pool) = self.registry.pool_with_updates() {
            self.keep_updates_of(pool).await?;
        }
        Ok(())
    }

    async fn keep_updates_of(&self, id: PoolId) -> Result<(), Failure> {
        let Some(pool) = self.registry.pool(id) else { return Ok(()) };
        let (size, updates) = (self.registry.tally(id).supply.size, pool.updates_so_far());
        let mut from = 0;
        loop {
            let rows = self.store.scan(&Coupons::of(id, from..size), ReadFrom::Start, PART).await?;
            let last = rows.last().map(|(id, _)| id.index);
            let is_last = rows.len() < PART;
            let coupons: Vec<CouponId> =
                rows.into_iter().filter(|(_, row)| is_meant(&pool, row)).map(|(id, _)| id).collect();
            if is_last || !coupons.is_empty() {
                let case = KeepUpdates { coupons, done: is_last.then_some((id, updates)) };
                self.change(&Caller::scrip(), None, case).await?;
            }
            match last.filter(|_| !is_last) {
                Some(last) => from = last + 1,
                None => return Ok(()),
            }
        }
    }
}

/// Whether a pool's updates make another coupon of a row.
fn is_meant(pool: &Pool, row: &scrip_domain::coupon::Coupon) -> bool {
    row.updates < pool.updates_so_far() && pool.taken_over(row.clone()).update_of(row).is_some()
}
