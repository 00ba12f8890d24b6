//! Comparing the model with what Scrip has: one coupon after a command, and everything at the end.

use scrip::domain::{
    coupon::Coupon,
    id::{CouponId, CustomerId},
    status::Status,
};

use super::{Model, Modelled, PEOPLE, POOLS};
use crate::{
    lifecycle::world::{instant, pool_id},
    support::{TestScrip, audit::Books, customer},
};

fn person(place: Option<usize>) -> Option<CustomerId> {
    place.map(|place| customer(PEOPLE[place].id))
}

/// A coupon is as the model has it.
pub(super) fn same(modelled: &Modelled, coupon: &Coupon) {
    let id = coupon.id;
    assert_eq!(coupon.status, modelled.status, "{id:?}'s status");
    assert_eq!(coupon.customer, person(modelled.owner), "{id:?}'s owner");
    assert_eq!(coupon.expires_at, modelled.ends.map(instant), "{id:?}'s end");
    let counts = (modelled.claims, modelled.usages, modelled.transfers);
    assert_eq!((coupon.claims, coupon.usages, coupon.transfers), counts, "{id:?}'s claims, usages and transfers");
    let balance = (!modelled.ledger.is_empty()).then_some(modelled.balance);
    assert_eq!(coupon.balance().map(|amount| amount.0), balance, "{id:?}'s balance");
    assert_eq!(coupon.claimed_at.is_some(), modelled.owner.is_some(), "{id:?} is claimed where it has an owner");
}

impl Model {
    /// The books are as the model has them: states, counts, ledgers, events.
    pub(in crate::lifecycle) fn agree(&self, app: &TestScrip, books: &Books) {
        assert_eq!(books.coupons.len(), self.coupons.len(), "as many coupons");
        for (place, modelled) in &self.coupons {
            let id = CouponId { pool: pool_id(place.0), index: place.1 };
            same(modelled, &books.coupons[&id]);
            let ledger: Vec<_> = modelled.ledger.iter().map(|line| (line.kind, line.cents, line.after)).collect();
            let found = books.ledgers.get(&id).into_iter().flatten();
            let found: Vec<_> = found.map(|entry| (entry.kind, entry.amount.0, entry.balance_after.0)).collect();
            assert_eq!(found, ledger, "{id:?}'s ledger");
            let events = modelled.events.iter();
            let events: Vec<_> = events.map(|told| (told.0, person(told.1), told.2, told.3)).collect();
            let found = books.events_of(id).into_iter().map(|event| &event.change);
            let found: Vec<_> =
                found.map(|change| (change.kind, change.customer.clone(), change.before, change.after)).collect();
            assert_eq!(found, events, "{id:?}'s events");
        }
        for place in 0..POOLS.len() {
            let counts = app.tally(pool_id(place)).expect("a tally").counts;
            for status in Status::ALL {
                let of_pool = self.coupons.range((place, 0)..(place + 1, 0));
                let number = of_pool.filter(|(_, coupon)| coupon.status == status).count();
                assert_eq!(counts.of(status), number as i64, "pool {place} counts {status:?}");
            }
        }
    }
}
