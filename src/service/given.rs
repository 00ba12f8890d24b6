//! How many coupons of a pool a customer has claimed from before the pool counted that, because it had no limit for it.
//! They are in the customer's history, which is read in the caller's own task, one turn of one such search at a time. What
//! was found is kept with the next claim.

use std::collections::HashSet;

use super::{Failure, Scrip, command::Whose, turn::away};
use scrip_domain::{coupon::Coupon, id::CouponId};
use scrip_storage::{Coupons, CustomerEvents, ReadFrom};

/// How many events of a customer are read at once, and how often until others have their turn.
const PART: usize = 500;
const PARTS: usize = 10;

impl Scrip {
    /// How many coupons of a pool a customer had claimed when the pool began to count that.
    pub(super) async fn count_given(&self, whose: &Whose) -> Result<u64, Failure> {
        let (customer, pool) = whose;
        let mut below = self.registry.pool(*pool).and_then(|pool| pool.claims_since).unwrap_or(u64::MAX);
        let (mut given, mut seen) = (0, HashSet::new());
        while below > 0 {
            let _turn = away(self.searches.acquire()).await.map_err(Failure::internal)?;
            for _ in 0..PARTS {
                let span = CustomerEvents::of(customer, self.registry.stream(), 0..below);
                let rows = self.store.scan(&span, ReadFrom::End, PART).await?;
                below = rows.last().filter(|_| rows.len() == PART).map_or(0, |((_, event), _)| event.sequence);
                let acquired = rows.into_iter().filter(|(_, happened)| happened.acquired);
                let ids = acquired.map(|(_, happened)| happened.coupon).filter(|id| id.pool == *pool);
                let ids: Vec<CouponId> = ids.filter(|id| seen.insert(*id)).collect();
                for coupon in self.store.get::<Coupons>(&ids).await?.into_iter().flatten() {
                    given += claims_of(&coupon, whose);
                }
                if below == 0 {
                    break;
                }
            }
        }
        Ok(given)
    }
}

/// For how many claims of a customer a coupon counts that the customer once came to hold.
fn claims_of(coupon: &Coupon, (customer, _): &Whose) -> u64 {
    if coupon.customer.as_ref() == Some(customer) {
        return if coupon.is_of_its_claimer() { coupon.claims.into() } else { 0 };
    }
    // It was handed on, and did not come back to the pool.
    let given_away = coupon.customer.is_some() && coupon.original_customer.as_ref() == Some(customer);
    u64::from(given_away && coupon.transfers > 0)
}
