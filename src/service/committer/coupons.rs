//! The actions on one coupon: finding it by what the caller names, claiming, unassigning,
//! transferring, invalidating, and recording that time is over.

use std::sync::Arc;

use crate::{
    domain::{
        coupon::{Coupon, Decision, Holder},
        customer::Email,
        gift_card::EntryKind,
        id::{CouponId, CustomerId, PoolId},
        period::Instant,
        pool::{Pool, Source, fold_code},
        pool_draft::check_code,
        presence::{NodeId, Statuses, next},
        rejection::{Refusal, Rejection},
        status::Status,
    },
    service::{Answer, CouponRef},
    storage::{Row, RowId},
};

use super::{
    attempt::{Attempt, Stop},
    decide::at,
};

/// How many codes of an uploaded pool are kept in one row.
pub(super) const CODES_IN_ROW: u64 = 64;

/// A coupon as it was found.
pub(super) struct Found {
    pub(super) coupon: Coupon,
    /// Whether it has a row. One that has none is unassigned.
    pub(super) stored: bool,
}

impl Found {
    fn before(&self) -> Option<&Coupon> {
        self.stored.then_some(&self.coupon)
    }
}

impl Attempt<'_> {
    /// The coupon that a caller means; refused below `coupon` where there is none.
    pub(super) fn find(&mut self, named: &CouponRef) -> Result<Found, Stop> {
        match named {
            CouponRef::Id(id) => {
                let missing = || Rejection::NotFound { what: "coupon", by: "id" }.at(["coupon", "id"]);
                self.by_id(*id)?.ok_or_else(|| missing().into())
            }
            CouponRef::Code { code, pool, customer } => self.find_code(code, *pool, customer.as_ref()),
        }
    }

    fn find_code(&mut self, code: &str, pool: Option<PoolId>, customer: Option<&CustomerId>) -> Result<Found, Stop> {
        let found = self.by_code(code, pool, customer)?;
        found.ok_or_else(|| Rejection::NotFound { what: "coupon", by: "code" }.at(["coupon", "code"]).into())
    }

    /// The coupon with this id; none where the pool has no such place.
    pub(super) fn by_id(&mut self, id: CouponId) -> Result<Option<Found>, Stop> {
        if id.index >= self.tally(id.pool).supply.size {
            return Ok(None);
        }
        if let Some(coupon) = self.coupon(id)? {
            return Ok(Some(Found { coupon, stored: true }));
        }
        Ok(Some(Found { coupon: self.untouched(id)?, stored: false }))
    }

    /// A coupon of an uploaded pool that has no row.
    fn untouched(&mut self, id: CouponId) -> Result<Coupon, Stop> {
        let terms = self.pool_of(id)?.terms_at(id.index);
        let place = usize::try_from(id.index % CODES_IN_ROW).unwrap_or_default();
        let code = match self.row(&RowId::Codes(id.pool, id.index / CODES_IN_ROW))? {
            Some(Row::Codes(codes)) => codes.get(place).cloned(),
            _ => None,
        };
        let code = code.ok_or_else(|| Stop::Broken(format!("coupon {id:?} has no code")))?;
        Ok(Coupon::unassigned(id, code, terms))
    }

    /// The coupon with this code. Of a generic code, the one that the customer holds: one that can
    /// still be used before others, else the latest.
    pub(super) fn by_code(
        &mut self,
        code: &str,
        pool: Option<PoolId>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Found>, Stop> {
        let Ok(code) = check_code(code) else { return Ok(None) };
        let named = match self.row(&RowId::Code(fold_code(&code)))? {
            Some(Row::Code(row)) => row.named.clone(),
            _ => return Ok(None),
        };
        for (written, owner, index) in named {
            let wanted = pool.is_none_or(|pool| pool == owner);
            let owner = self.pool(owner, "coupon")?;
            if !wanted || !owner.same_code(&written, &code) {
                continue;
            }
            if let Some(index) = index {
                return self.by_id(CouponId { pool: owner.id, index });
            }
            let Some(customer) = customer else {
                let what = "a customerId, because every customer has a coupon with this code";
                return Err(Rejection::Required { what }.at(["coupon", "customerId"]).into());
            };
            let mut held = self.held(customer, owner.id)?;
            held.retain(|coupon| owner.same_code(&coupon.code, &code));
            return Ok(latest_usable(held, self.now()).map(|coupon| Found { coupon, stored: true }));
        }
        Ok(None)
    }

    /// Claims a coupon of a pool for a customer.
    pub(super) fn claim(
        &mut self,
        pool: PoolId,
        customer: &str,
        reason: Option<String>,
        actor: &str,
    ) -> Result<Answer, Stop> {
        let customer = CustomerId::parse(customer).map_err(at("customerId"))?;
        let pool = self.pool(pool, "poolId")?;
        pool.check_open().map_err(at("poolId"))?;
        self.need_for_claim(&pool, &customer)?;
        if pool.aggregated
            && let Some(coupon) = latest_usable(self.held(&customer, pool.id)?, self.now())
        {
            let decision = coupon.clone().claim_again(reason, self.now())?;
            return self.finish(&Found { coupon, stored: true }, decision, actor);
        }
        let found = self.take(&pool)?;
        let terms = self.terms(&found.coupon)?;
        let holder = Holder { currency: self.currency_for(&terms, &customer)?, customer };
        let decision = found.coupon.clone().claim(&terms, holder, reason, self.now())?;
        self.finish(&found, decision, actor)
    }

    /// What a claim will read, noted at once. The rows of the next few coupons are the same for all
    /// claims of a batch.
    fn need_for_claim(&mut self, pool: &Pool, customer: &CustomerId) -> Result<(), Stop> {
        let from = self.tally(pool.id).supply.next;
        let mut rows = Vec::new();
        if pool.currency.is_some() {
            rows.push(RowId::Customer(customer.clone()));
        }
        for index in [from, from + CODES_IN_ROW] {
            rows.push(RowId::Presence(pool.id, NodeId { level: 0, place: index / 64 }));
            rows.push(RowId::Presence(pool.id, NodeId { level: 1, place: index / 64 / 64 }));
            if pool.source == Source::Uploaded {
                rows.push(RowId::Codes(pool.id, index / CODES_IN_ROW));
            }
        }
        if pool.aggregated || pool.generic_code.is_some() {
            rows.push(RowId::Holding(customer.clone(), pool.id));
        }
        self.need(rows)
    }

    /// The coupon that the next claim gets: one that came back, else the next that nobody touched.
    fn take(&mut self, pool: &Arc<Pool>) -> Result<Found, Stop> {
        let mut tally = self.tally(pool.id);
        if let Some(code) = &pool.generic_code {
            let id = CouponId { pool: pool.id, index: tally.supply.size };
            tally.supply.size += 1;
            tally.supply.next = tally.supply.size;
            // It is counted as unassigned for the moment of its claim, like a code of a list.
            tally.counts.add(Status::Unassigned, 1);
            self.change.tallies.insert(pool.id, tally);
            return Ok(Found { coupon: Coupon::unassigned(id, code.clone(), pool.current_terms()), stored: false });
        }
        if tally.supply.returned > 0 {
            let unassigned = Statuses::of(&[Status::Unassigned]);
            let index = next(0, unassigned, |place| self.node(pool.id, place))?;
            let found = index.map(|index| self.by_id(CouponId { pool: pool.id, index })).transpose()?.flatten();
            return found.ok_or_else(|| Stop::Broken(format!("pool {:?} has lost a returned coupon", pool.id)));
        }
        let any = Statuses::of(&Status::ALL);
        let mut index = tally.supply.next;
        while index < tally.supply.size {
            let node = self.node(pool.id, NodeId { level: 0, place: index / 64 })?.unwrap_or_default();
            let free = !node.children(any) & (u64::MAX << (index % 64));
            if free != 0 {
                index = index / 64 * 64 + u64::from(free.trailing_zeros());
                break;
            }
            index = (index / 64 + 1) * 64;
        }
        if index >= tally.supply.size {
            return Err(Rejection::PoolExhausted.at(["poolId"]).into());
        }
        tally.supply.next = index + 1;
        self.change.tallies.insert(pool.id, tally);
        let id = CouponId { pool: pool.id, index };
        Ok(Found { coupon: self.untouched(id)?, stored: false })
    }

    /// Takes a decision of one coupon over and answers with it.
    pub(super) fn finish(&mut self, found: &Found, decision: Decision, actor: &str) -> Result<Answer, Stop> {
        // Where a redemption voids what is left, it is the redemption that the answer names.
        let made = decision.entries.iter().rfind(|entry| entry.kind != EntryKind::Void).map(|entry| entry.id);
        let counted = Some(found.coupon.status);
        let coupon = self.record(found.before(), counted, decision, actor)?;
        Ok(Answer::Coupon(Box::new(coupon), made))
    }

    pub(super) fn unassign(&mut self, named: &CouponRef, actor: &str) -> Result<Answer, Stop> {
        let found = self.find(named)?;
        let decision = found.coupon.clone().unassign(self.now())?;
        self.finish(&found, decision, actor)
    }

    pub(super) fn invalidate(&mut self, named: &CouponRef, actor: &str) -> Result<Answer, Stop> {
        let found = self.find(named)?;
        let decision = found.coupon.clone().invalidate(self.now())?;
        self.finish(&found, decision, actor)
    }

    pub(super) fn transfer(
        &mut self,
        named: &CouponRef,
        id: Option<&str>,
        email: Option<&str>,
        actor: &str,
    ) -> Result<Answer, Stop> {
        let receiver = self.receiver(id, email)?;
        let found = self.find(named)?;
        let terms = self.terms(&found.coupon)?;
        let decision = found.coupon.clone().transfer(&terms, receiver, self.now())?;
        self.finish(&found, decision, actor)
    }

    /// The customer with this id, this e-mail address, or both, which then have to agree.
    fn receiver(&mut self, id: Option<&str>, email: Option<&str>) -> Result<Holder, Stop> {
        let by_id = match id {
            None => None,
            Some(id) => {
                let id = CustomerId::parse(id).map_err(at("toCustomerId"))?;
                let unknown = || Rejection::CustomerNotFound { by: "id" }.at(["toCustomerId"]);
                Some(self.customer(&id)?.ok_or_else(unknown)?)
            }
        };
        let by_email = match email {
            None => None,
            Some(email) => {
                let email = Email::parse(email).map_err(at("toCustomerEmail"))?;
                let unknown = || Rejection::CustomerNotFound { by: "e-mail" }.at(["toCustomerEmail"]);
                Some(self.customer_by_email(&email)?.ok_or_else(unknown)?)
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
    pub(super) fn expire(&mut self, due: &[(i64, CouponId)]) -> Result<Answer, Stop> {
        self.need(due.iter().flat_map(|(end, id)| [RowId::Coupon(*id), RowId::Due(*end, *id)]))?;
        for (end, id) in due {
            if *end > self.now().as_millisecond() {
                continue;
            }
            let coupon = self.coupon(*id)?;
            self.remove(RowId::Due(*end, *id));
            let Some(coupon) = coupon else { continue };
            if let Ok(decision) = coupon.clone().expire(self.now()) {
                self.finish(&Found { coupon, stored: true }, decision, "scrip")?;
            }
        }
        Ok(Answer::Done)
    }
}

/// Of a customer's coupons, oldest first, the one that is meant where one is: the latest that can
/// still be used, else the latest.
fn latest_usable(mut held: Vec<Coupon>, now: Instant) -> Option<Coupon> {
    let live = held.iter().rposition(|coupon| coupon.status_at(now).is_live());
    let place = live.or(held.len().checked_sub(1))?;
    Some(held.swap_remove(place))
}
