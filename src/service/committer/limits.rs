//! How many coupons pools have given. Both counts are kept with every claim, so that a limit is held against two numbers
//! however many there are: that of the pool in its tally, that of a customer beside what the customer holds of the pool.
//! The latter only in pools that have such a limit. One that had claims before gets it: those of a customer are counted
//! once, in the customer's history and outside of the committer ([`crate::given`]).

use crate::command::Whose;
use scrip_domain::{
    coupon::Coupon,
    id::CustomerId,
    limits::{Limits, Room},
    pool::Pool,
    rejection::Rejection,
};
use scrip_storage::Whole;

use super::{books::Books, stop::Stop};

impl Books<'_, '_> {
    /// How many coupons a pool still gives to a customer, where that is limited; or the refusal, where none.
    pub(super) fn room(&mut self, pool: &Pool, customer: &CustomerId) -> Result<Result<Option<Room>, Rejection>, Stop> {
        let limits = pool.till.limits;
        if limits == Limits::default() {
            return Ok(Ok(None));
        }
        let given = u64::try_from(self.rows.tally(pool.id).claims.number).unwrap_or_default();
        let to_customer = match limits.per_customer {
            Some(_) => self.given_to(pool, customer)?,
            None => 0,
        };
        Ok(limits.room(given, to_customer))
    }

    /// How many coupons a pool has given to a customer.
    fn given_to(&mut self, pool: &Pool, customer: &CustomerId) -> Result<u64, Stop> {
        let whose: Whose = (customer.clone(), pool.id);
        if let Some(claims) = self.whole(&whose)?.claims {
            return Ok(claims);
        }
        if pool.claims_since == Some(0) {
            return Ok(0);
        }
        let counted = self.asker.prepared.given.get(&whose).copied();
        counted.ok_or_else(|| Stop::Counts(Box::new(whose)))
    }

    /// Counts what a change of a coupon has its pool give, or get back.
    pub(super) fn note_given(&mut self, before: Option<&Coupon>, coupon: &Coupon) -> Result<(), Stop> {
        let claims = before.map_or(0, |before| before.claims);
        if coupon.claims == claims {
            return Ok(());
        }
        let mut tally = self.rows.tally(coupon.id.pool);
        tally.claims.number += i64::from(coupon.claims) - i64::from(claims);
        self.rows.set_tally(coupon.id.pool, tally);
        let pool = self.rows.pool_of(coupon.id)?;
        if pool.claims_since.is_none() {
            return Ok(());
        }
        if coupon.claims > claims {
            let Some(customer) = &coupon.customer else { return Ok(()) };
            let given = self.given_to(&pool, customer)?.saturating_add(u64::from(coupon.claims - claims));
            return self.put_given(&(customer.clone(), pool.id), given);
        }
        // What was handed on does not come back to whom it was given.
        let Some(customer) = before.filter(|before| before.is_of_its_claimer()).and_then(|c| c.customer.clone()) else {
            return Ok(());
        };
        let whose = (customer, pool.id);
        match self.whole(&whose)?.claims {
            Some(given) => self.put_given(&whose, given.saturating_sub(u64::from(claims - coupon.claims))),
            // It is counted when it is asked for, without this one.
            None => Ok(()),
        }
    }

    fn put_given(&mut self, whose: &Whose, given: u64) -> Result<(), Stop> {
        let whole = Whole { claims: Some(given), ..self.whole(whose)? };
        self.put_whole(whose, whole);
        Ok(())
    }
}
