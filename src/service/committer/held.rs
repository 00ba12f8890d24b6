//! Which of the coupons that a customer holds of a pool is meant, where a claim or a code means one of several.

use std::{ops::Range, sync::Arc};

use super::{
    found::Found,
    holdings::{ALL, Wanted, goes_on},
    lookups::{AtTill, Lookups},
    stop::Stop,
};
use crate::{HoldingsFound, command::Whose};
use scrip_domain::{
    coupon::Coupon,
    id::{CouponId, CustomerId, PoolId},
    period::Instant,
    pool::Pool,
    presence::path,
    rejection::{Input, Rejection},
    status::Status,
};
use scrip_storage::{Coupons, Customers, HeldAt, Holdings, Nodes, Purchases, RowId};

/// How many of a customer's coupons of one generic code are passed over because other checkouts hold them.
const PASSED_OVER: usize = 8;

impl Lookups<'_, '_> {
    /// The coupon of a generic code that a customer holds. At the till, the code presented once more means another that can
    /// be used, and one that is open to all means a new one where there is none; of those that can be used and were taken
    /// before, the same again, which is refused there.
    pub(super) fn generic(
        &mut self,
        pool: &Arc<Pool>,
        code: &str,
        customer: Option<&CustomerId>,
        till: Option<&AtTill<'_>>,
    ) -> Result<Option<Found>, Stop> {
        let Some(customer) = customer else {
            let (what, why) = ("a customerId", "every customer has a coupon with this code");
            return Err(Rejection::RequiredBecause { what, why }.at([Input::Coupon, Input::CustomerId]).into());
        };
        let (now, places) = (self.rows.now(), pool.places_of_generic(code));
        let Some(till) = till else { return self.generic_held(customer, pool.id, &places, &[]) };
        let held = self.generic_free(customer, pool.id, &places, till);
        let next = CouponId { pool: pool.id, index: self.rows.tally(pool.id).supply.size };
        if matches!(held, Err(Stop::Missing)) && pool.is_open_code(code) {
            // Who holds none gets the next.
            let whole = RowId::of::<Holdings>((customer.clone(), pool.id, None));
            let nodes = path(next.index).map(|(node, _)| RowId::of::<Nodes>((pool.id, node)));
            let used = till.is_checkout().then(|| RowId::of::<Purchases>((till.transaction.to_owned(), Some(next))));
            drop(self.rows.need(nodes.chain([RowId::of::<Customers>(customer.clone()), whole]).chain(used)));
        }
        let held = held?;
        if held.as_ref().is_some_and(|found| found.coupon.status_at(now).is_live()) {
            return Ok(held);
        }
        let again = till.taken.iter().any(|coupon| coupon.pool == pool.id);
        if pool.is_open_code(code) && (!again || till.taken.contains(&next)) {
            let coupon = Coupon::unassigned(next, pool.generic_code().unwrap_or(code).to_owned(), pool.current_terms());
            return Ok(Some(Found { open: true, ..Found::unstored(coupon) }));
        }
        if again { self.generic_held(customer, pool.id, &places, &[]) } else { Ok(held) }
    }

    /// The coupon of a generic code that a customer holds and that the checkout has not taken yet: one of which other
    /// checkouts do not hold all, else one that they do.
    fn generic_free(
        &mut self,
        customer: &CustomerId,
        pool: PoolId,
        places: &[Range<u64>],
        till: &AtTill<'_>,
    ) -> Result<Option<Found>, Stop> {
        let now = self.rows.now();
        let Some(first) = self.generic_held(customer, pool, places, till.taken)? else { return Ok(None) };
        let mut without = till.taken.to_vec();
        let mut one = Some(Found::stored(first.coupon.clone()));
        for _ in 0..PASSED_OVER {
            let Some(found) = one.filter(|found| found.coupon.status_at(now).is_live()) else { break };
            if found.coupon.clone().for_checkout(till.transaction).has_something_free(now) {
                return Ok(Some(found));
            }
            without.push(found.coupon.id);
            one = self.generic_held(customer, pool, places, &without)?;
        }
        Ok(Some(first))
    }

    /// The coupon of a generic code that a customer holds and that is not among those that were taken. Where a hold was
    /// all that it was the customer's for, and is over, it is not any more.
    fn generic_held(
        &mut self,
        customer: &CustomerId,
        pool: PoolId,
        places: &[Range<u64>],
        taken: &[CouponId],
    ) -> Result<Option<Found>, Stop> {
        while let Some(coupon) = self.held_but(customer, pool, places, taken)? {
            let found = self.books().without_holds_that_are_over(coupon)?;
            if found.coupon.customer.is_some() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The coupon of a pool, at places in these ranges, that is meant by what a customer holds: the last of those that can
    /// be used, else the last. Some are left out.
    pub(super) fn held_but(
        &mut self,
        customer: &CustomerId,
        pool: PoolId,
        places: &[Range<u64>],
        without: &[CouponId],
    ) -> Result<Option<Coupon>, Stop> {
        self.held_that(customer, pool, places, &|coupon| !without.contains(&coupon.id))
    }

    /// The coupon of an aggregated pool that a customer gets once more: the last that can be used, else the last. One that
    /// was invalidated is not given again.
    pub(super) fn held_to_renew(&mut self, customer: &CustomerId, pool: PoolId) -> Result<Option<Coupon>, Stop> {
        self.held_that(customer, pool, std::slice::from_ref(&ALL), &|coupon| coupon.status != Status::Invalid)
    }

    /// What is held that fits: the last of those that can be used, else the last.
    fn held_that(
        &mut self,
        customer: &CustomerId,
        pool: PoolId,
        places: &[Range<u64>],
        fits: &dyn Fn(&Coupon) -> bool,
    ) -> Result<Option<Coupon>, Stop> {
        let now = self.rows.now();
        let whose = (customer.clone(), pool);
        loop {
            let usable = |ends| goes_on(ends, now);
            let mut best = None;
            for range in places {
                let found = self.last_noted(&whose, true, range, usable, fits)?;
                best = later(best, found.filter(|coupon| coupon.status_at(now).is_live()));
            }
            if best.is_some() {
                return Ok(best);
            }
            if !self.search_further(&whose)? {
                break;
            }
        }
        let mut best = None;
        for range in places {
            for live in [true, false] {
                best = later(best, self.last_noted(&whose, live, range, |_| true, fits)?);
            }
        }
        Ok(best)
    }

    /// Notes what a claim of an aggregated pool will ask, so that it is read with the rest.
    pub(super) fn need_held(&mut self, customer: &CustomerId, pool: PoolId) {
        for live in [true, false] {
            let key = ((customer.clone(), pool), live, ALL);
            if !self.rows.working().loaded_holdings.has_noted(&key) {
                self.rows.want(Wanted::Noted(key.0, live, key.2, u64::MAX));
            }
        }
    }

    /// The last coupon of one side that is noted in a range of places and fits.
    fn last_noted(
        &mut self,
        whose: &Whose,
        live: bool,
        places: &Range<u64>,
        admits: impl Fn(Option<Instant>) -> bool,
        fits: &dyn Fn(&Coupon) -> bool,
    ) -> Result<Option<Coupon>, Stop> {
        let key = (whose.clone(), live, places.clone());
        let mut below = places.end;
        loop {
            let index = match self.rows.working().noted_below(self.rows.held(), &key, below, &admits) {
                Ok(None) => return Ok(None),
                Ok(Some(index)) => index,
                Err(from) => {
                    self.rows.want(Wanted::Noted(key.0, live, key.2, from));
                    return Err(Stop::Missing);
                }
            };
            let id = CouponId { pool: whose.1, index };
            if !self.rows.is_loaded(&RowId::of::<Coupons>(id)) {
                // Where it is noted now, and where it will be.
                let noted = |live| RowId::of::<Holdings>((whose.0.clone(), whose.1, Some(HeldAt { live, index })));
                drop(self.rows.need([true, false].map(noted)));
            }
            let coupon = self.rows.coupon(id)?;
            let is_meant = |coupon: &Coupon| coupon.customer.as_ref() == Some(&whose.0) && fits(coupon);
            if let Some(coupon) = coupon.filter(is_meant) {
                return Ok(Some(coupon));
            }
            below = index;
        }
    }

    /// Searches the history of a customer, where something of it was not searched yet, and notes what is found; whether
    /// there was something. A long one is searched outside of the committer.
    fn search_further(&mut self, whose: &Whose) -> Result<bool, Stop> {
        let pool = self.rows.find_pool(whose.1).ok_or_else(|| Stop::broken(format!("no pool {:?}", whose.1)))?;
        if pool.holdings_since == Some(0) {
            return Ok(false);
        }
        let (below, first) = match self.books().whole(whose)?.searched {
            Some(from) => (from, false),
            None => (pool.holdings_since.unwrap_or(u64::MAX), true),
        };
        if below == 0 {
            return Ok(false);
        }
        let Some(found) = self.rows.working().loaded_holdings.found(whose, below) else {
            self.rows.want(Wanted::History(whose.clone(), below));
            return Err(Stop::Missing);
        };
        let Some(found) = found else { return Err(Stop::Searches(Box::new(whose.clone()))) };
        let (mut ids, from) = (found.coupons.clone(), found.from);
        if first {
            // What this batch did before the pool began to note it is in no history yet.
            ids.extend(self.rows.working().acquired_in_batch(whose));
        }
        self.books().begin_holdings(&pool)?;
        self.books().note_found(whose, &ids, from)?;
        Ok(true)
    }

    /// Notes from now on what customers hold of a pool.
    pub(super) fn holdings_begin(&mut self, pool: PoolId) -> Result<(), Stop> {
        let pool = self.pool(pool, Input::PoolId)?;
        self.books().begin_holdings(&pool)?;
        Ok(())
    }

    /// Notes what was found outside of the committer, unless another search has noted that part.
    pub(super) fn holdings_found(&mut self, found: &HoldingsFound) -> Result<(), Stop> {
        let whose = (found.customer.clone(), found.pool);
        let since = self.pool(found.pool, Input::PoolId)?.holdings_since;
        let searched = self.books().whole(&whose)?.searched.or(since);
        if searched == Some(found.below) {
            self.books().note_found(&whose, &found.coupons, found.from)?;
        }
        Ok(())
    }
}

/// The one of two coupons that has the later place.
fn later(one: Option<Coupon>, other: Option<Coupon>) -> Option<Coupon> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.id.index > one.id.index { other } else { one }),
        (one, other) => one.or(other),
    }
}
