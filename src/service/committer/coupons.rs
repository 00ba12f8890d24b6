//! The actions on one coupon: claiming, unassigning, transferring, invalidating, taking that back, and recording that
//! time is over.

use std::sync::Arc;

use crate::{Changed, Claim, Extend, Invalidate, Reinstate, Transfer, Unassign};
use scrip_domain::{
    coupon::{Coupon, Holder},
    customer::Email,
    event::{Reason, Why},
    id::{CouponId, CustomerId},
    pool::Pool,
    rejection::{Input, Path, Refusal, Rejection},
    source::Source,
};
use scrip_plugins::Occasion;
use scrip_storage::{Dues, RowId};

use super::{
    attempt::Attempt,
    decide::at,
    found::Found,
    plugins::{Given, Setting, unfit},
    stop::Stop,
};

impl Attempt<'_> {
    /// Claims a coupon of a pool for a customer.
    pub(super) fn claim(&mut self, claim: &Claim, actor: &str) -> Result<Changed, Stop> {
        let (customer, why) = (claim.customer.clone(), claim.why.clone());
        let pool = self.lookups().pool(claim.pool, Input::PoolId)?;
        pool.check_open().map_err(at(Input::PoolId))?;
        self.supply().need_for_claim(&pool, &customer)?;
        self.books().room(&pool, &customer)?.map_err(at(Input::PoolId))?;
        self.check_claim(&pool, &customer)?;
        if let Some(code) = &claim.code {
            return self.claim_by_code(&pool, code, customer, why, actor);
        }
        while pool.aggregated
            && let Some(coupon) = self.lookups().held_to_renew(&customer, pool.id)?
        {
            let found = self.books().without_holds_that_are_over(coupon)?;
            if found.coupon.customer.is_none() {
                continue;
            }
            let terms = self.rows.terms(&found.coupon)?;
            let currency = self.rows.currency_for(&terms, &customer)?;
            let decision = found.coupon.clone().claim_again(&terms, currency, why, self.now())?;
            return self.books().finish(&found, decision, actor);
        }
        if pool.source == Source::Remote && self.rows.tally(pool.id).supply.returned == 0 {
            return self.claim_remote(&pool, customer, why, actor);
        }
        let found = self.supply().take(&pool)?;
        let terms = self.rows.terms(&found.coupon)?;
        let holder = Holder { currency: self.rows.currency_for(&terms, &customer)?, customer };
        let decision = found.coupon.clone().claim(&terms, holder, why, self.now())?;
        self.books().finish(&found, decision, actor)
    }

    /// Gives a customer a particular coupon, of those that exist before they are claimed.
    fn claim_by_code(
        &mut self,
        pool: &Arc<Pool>,
        code: &str,
        customer: CustomerId,
        why: Option<Why>,
        actor: &str,
    ) -> Result<Changed, Stop> {
        if !pool.has_stock() {
            let rejection =
                Rejection::PoolSourceMismatch { expected: "UPLOADED or BULK_GENERATED", found: pool.source.name() };
            return Err(rejection.at([Input::Code]).into());
        }
        let found = self.lookups().by_code(code, Some(pool.id), None)?.map_err(at(Input::Code))?;
        let terms = self.rows.terms(&found.coupon)?;
        let holder = Holder { currency: self.rows.currency_for(&terms, &customer)?, customer };
        let claimed = found.coupon.clone().claim(&terms, holder, why, self.now());
        let at_code = |refusal: Refusal| {
            if refusal.field.is_empty() {
                Refusal { field: Path::from_iter([Input::Code]), ..refusal }
            } else {
                refusal
            }
        };
        self.books().finish(&found, claimed.map_err(at_code)?, actor)
    }

    /// Asks the checks that want to know of claims.
    pub(super) fn check_claim(&mut self, pool: &Pool, customer: &CustomerId) -> Result<(), Stop> {
        if !pool.checks.iter().any(|check| check.at_claim) {
            return Ok(());
        }
        let Some(terms) = pool.terms.last() else { return Ok(()) };
        let id = CouponId { pool: pool.id, index: 0 };
        let unchosen = Coupon::unassigned(id, String::new(), pool.current_terms());
        let setting = Setting { occasion: Occasion::Claim, customer: Some(customer), basket: None, at: None };
        self.plugins().pass_checks(&unchosen, terms, setting)
    }

    /// Claims a code of a pool's source. Nobody asks it for a customer who cannot have it.
    fn claim_remote(
        &mut self,
        pool: &Arc<Pool>,
        customer: CustomerId,
        why: Option<Why>,
        actor: &str,
    ) -> Result<Changed, Stop> {
        let lost = || Stop::broken(format!("pool {:?} has no terms", pool.id));
        let terms = pool.terms.last().ok_or_else(lost)?;
        let currency = self.rows.currency_for(terms, &customer)?;
        terms.admits_customer(currency).map_err(at(Input::CustomerId))?;
        terms.restrictions.check_claim(self.now())?;
        let Given { plugin, code, expires_at } = self.plugins().code(pool, &customer)?;
        let found = self.supply().take_given(pool, code)?.map_err(|rejection| unfit(plugin, &rejection.to_string()))?;
        let mut decision = found.coupon.clone().claim(terms, Holder { currency, customer }, why, self.now())?;
        if expires_at.is_some() {
            decision.coupon.expires_at = terms.restrictions.not_after_end(expires_at);
        }
        self.books().finish(&found, decision, actor)
    }

    pub(super) fn unassign(&mut self, case: &Unassign, actor: &str) -> Result<Changed, Stop> {
        let found = self.lookups().find(&case.coupon)?;
        let decision = found.coupon.clone().unassign(self.now())?;
        self.books().finish(&found, decision.because(case.reason.as_ref().map(Reason::as_str)), actor)
    }

    pub(super) fn invalidate(&mut self, case: &Invalidate, actor: &str) -> Result<Changed, Stop> {
        let found = self.lookups().find(&case.coupon)?;
        let decision = found.coupon.clone().invalidate(self.now())?;
        self.books().finish(&found, decision.because(case.reason.as_ref().map(Reason::as_str)), actor)
    }

    pub(super) fn reinstate(&mut self, case: &Reinstate, actor: &str) -> Result<Changed, Stop> {
        let found = self.lookups().find(&case.coupon)?;
        let terms = self.rows.terms(&found.coupon)?;
        let void = self.rows.void_of(&found.coupon)?;
        let decision = found.coupon.clone().reinstate(&terms, void, self.now())?;
        self.books().finish(&found, decision.because(case.reason.as_ref().map(Reason::as_str)), actor)
    }

    pub(super) fn extend(&mut self, case: &Extend, actor: &str) -> Result<Changed, Stop> {
        let found = self.lookups().find(&case.coupon)?;
        let decision = found.coupon.clone().extend(case.until, self.now())?;
        self.books().finish(&found, decision.because(case.reason.as_ref().map(Reason::as_str)), actor)
    }

    pub(super) fn transfer(&mut self, case: &Transfer, actor: &str) -> Result<Changed, Stop> {
        let receiver = self.receiver(case.to.as_ref(), case.to_email.as_ref())?;
        let found = self.lookups().find(&case.coupon)?;
        let terms = self.rows.terms(&found.coupon)?;
        let decision = found.coupon.clone().transfer(&terms, receiver, self.now())?;
        self.books().finish(&found, decision.because(case.reason.as_ref().map(Reason::as_str)), actor)
    }

    /// The customer with this id, this e-mail address, or both, which then have to agree.
    fn receiver(&mut self, id: Option<&CustomerId>, email: Option<&Email>) -> Result<Holder, Stop> {
        let by_id = match id {
            None => None,
            Some(id) => {
                let unknown = || Rejection::CustomerNotFound { by: "id" }.at([Input::ToCustomerId]);
                Some(self.rows.customer(id)?.ok_or_else(unknown)?)
            }
        };
        let by_email = match email {
            None => None,
            Some(email) => {
                let unknown = || Rejection::CustomerNotFound { by: "e-mail" }.at([Input::ToCustomerEmail]);
                Some(self.lookups().customer_by_email(email)?.ok_or_else(unknown)?)
            }
        };
        let customer = match (by_id, by_email) {
            (None, None) => {
                let what = "a receiver (toCustomerId, toCustomerEmail or both)";
                return Err(Refusal::from(Rejection::Required { what }).into());
            }
            (Some(one), Some(other)) if one.id != other.id => {
                let reason = "toCustomerId and toCustomerEmail name different customers";
                return Err(Refusal::from(Rejection::CustomerMismatch { reason }).into());
            }
            (Some(customer), _) | (None, Some(customer)) => customer,
        };
        Ok(Holder { currency: customer.currency, customer: customer.id })
    }

    /// Records that the time of coupons is over; what is no longer due is only forgotten.
    pub(super) fn expire(&mut self, due: &[(i64, CouponId)]) -> Result<(), Stop> {
        let dues = due.iter().map(|due| RowId::of::<Dues>(*due));
        let mut last = None;
        let coupons = due.iter().flat_map(|(_, id)| self.rows.of_coupon_after(*id, &mut last));
        let rows: Vec<RowId> = coupons.chain(dues).collect();
        self.rows.need(rows)?;
        self.for_each(due, |attempt, due| attempt.expire_one(*due))
    }

    fn expire_one(&mut self, (end, id): (i64, CouponId)) -> Result<(), Stop> {
        if end > self.now().as_millisecond() {
            // It stays on the list.
            self.rows.working().registry.dues.came(end);
            return Ok(());
        }
        let coupon = self.rows.coupon(id)?;
        self.rows.remove::<Dues>((end, id));
        let Some(coupon) = coupon else { return Ok(()) };
        if let Ok(decision) = coupon.clone().expire(self.now()) {
            self.books().finish(&Found::stored(coupon), decision, "scrip")?;
        } else {
            // Its pool may have given it another end, which is noted with that.
            let updates = self.rows.pool_of(id)?.updates_so_far();
            self.books().keep_update(id, updates)?;
        }
        Ok(())
    }
}
