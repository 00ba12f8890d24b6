//! Coupons as an actor has them: with their codes or without, and for a customer only what is the customer's own.

use std::{borrow::Cow, sync::Arc};

use super::{Action, Session};
use crate::{CouponFilter, Export, Failure, Page, PageRequest, Sight};
use scrip_domain::{
    coupon::Coupon,
    event::EventType,
    gift_card::Entry,
    id::{CouponId, CustomerId, EntryId, EventId, PoolId},
    period::Instant,
    pool::Pool,
    rejection::{Input, Rejection},
};

impl Session {
    /// Whether the actor sees whole codes.
    #[must_use]
    pub fn sees_codes(&self) -> bool {
        self.0.rights().allow(Action::SeeCodes)
    }

    /// Which pools exist for the actor.
    pub(super) fn sight(&self) -> Sight {
        Sight::of(&self.0.open_to_all().registry, &self.0.groups())
    }

    /// Whether a pool exists for the actor.
    #[must_use]
    pub fn sees(&self, pool: PoolId) -> bool {
        self.sight().sees(pool)
    }

    /// Whether a coupon exists for the actor: its pool does, and to a customer it belongs.
    fn exists(&self, coupon: &Coupon) -> bool {
        self.may_hold(coupon) && self.sees(coupon.id.pool)
    }

    /// A code as the actor may see it.
    #[must_use]
    pub fn code<'a>(&self, code: &'a str) -> Cow<'a, str> {
        if self.sees_codes() { Cow::Borrowed(code) } else { Cow::Owned(masked(code)) }
    }

    /// Refuses to look for codes by how they begin, letter by letter, for whoever may not see them.
    pub(super) fn check_prefix(&self, filter: &CouponFilter) -> Result<(), Failure> {
        if filter.prefix.is_some() { self.demand(Action::SeeCodes) } else { Ok(()) }
    }

    /// The coupons with these ids, in their order; none where there is no such coupon.
    pub async fn coupons(&self, ids: &[CouponId]) -> Result<Vec<Option<Coupon>>, Failure> {
        let mut found = self.0.may(Action::ReadCoupons)?.coupons(ids).await?;
        for coupon in &mut found {
            if coupon.as_ref().is_some_and(|coupon| !self.exists(coupon)) {
                *coupon = None;
            }
        }
        Ok(found)
    }

    /// The pool of a coupon, for what a coupon tells of itself: its kind, terms and currency.
    pub fn pool_of(&self, coupon: CouponId) -> Result<Option<Arc<Pool>>, Failure> {
        Ok(self.sight().seen(self.0.may(Action::ReadCoupons)?.registry.pool(coupon.pool)))
    }

    /// A page of the coupons with this code: one, or, of a generic code, those of all customers.
    pub async fn coupons_by_code(
        &self,
        code: &str,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        let scrip = self.0.may(Action::ReadCoupons)?;
        match self.own() {
            Some(own) => self.look_up_own(own, code, page, now).await,
            None if self.sees_codes() => scrip.coupons_by_code(code, &self.0.groups(), page, now).await,
            None => {
                self.take_guess()?;
                let found = scrip.coupons_by_code(code, &self.0.groups(), page, now).await?;
                if !found.items.is_empty() {
                    self.give_guess_back();
                }
                Ok(found)
            }
        }
    }

    /// A page of a pool's coupons by their place, with their statuses at an instant.
    pub async fn pool_coupons(
        &self,
        pool: PoolId,
        filter: &CouponFilter,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        self.check_prefix(filter)?;
        self.demand(Action::ReadPools)?;
        let scrip = self.0.may(Action::ReadCoupons)?;
        if !self.sees(pool) {
            return Ok(Page::empty());
        }
        scrip.pool_coupons(pool, filter, page, now).await
    }

    /// A page of a pool's coupons in the order in which they were claimed, or last redeemed.
    pub async fn coupons_in_time(
        &self,
        pool: PoolId,
        by: EventType,
        filter: &CouponFilter,
        page: &PageRequest<EventId>,
        now: Instant,
    ) -> Result<Page<Coupon, EventId>, Failure> {
        self.check_prefix(filter)?;
        self.demand(Action::ReadPools)?;
        let scrip = self.0.may(Action::ReadCoupons)?;
        if !self.sees(pool) {
            return Ok(Page::empty());
        }
        scrip.coupons_in_time(pool, by, filter, page, now).await
    }

    /// A page of the coupons that a customer holds, in the order in which they came to be held.
    pub async fn customer_coupons(
        &self,
        customer: &CustomerId,
        filter: &CouponFilter,
        page: &PageRequest<EventId>,
        now: Instant,
    ) -> Result<Page<Coupon, EventId>, Failure> {
        self.check_prefix(filter)?;
        if !self.may_know(customer) {
            return self.0.may(Action::ReadCoupons).map(|_| Page::empty());
        }
        let filter = CouponFilter { sight: self.sight(), ..filter.clone() };
        self.0.may(Action::ReadCoupons)?.customer_coupons(customer, &filter, page, now).await
    }

    /// The same of the customer whom a filter names.
    pub async fn held_coupons(
        &self,
        filter: &CouponFilter,
        page: &PageRequest<EventId>,
        now: Instant,
    ) -> Result<Page<Coupon, EventId>, Failure> {
        match &filter.customer {
            Some(customer) => self.customer_coupons(customer, filter, page, now).await,
            None => Ok(Page::empty()),
        }
    }

    /// A page of a gift card's ledger.
    pub async fn ledger(&self, coupon: &Coupon, page: &PageRequest<u32>) -> Result<Page<Entry, u32>, Failure> {
        let scrip = self.0.may(Action::ReadCoupons)?;
        if self.exists(coupon) { scrip.ledger(coupon, page).await } else { Ok(Page::empty()) }
    }

    /// The ledger entries with these ids, in their order.
    pub async fn entries(&self, ids: &[EntryId]) -> Result<Vec<Option<Entry>>, Failure> {
        let mut found = self.0.may(Action::ReadCoupons)?.entries(ids).await?;
        if self.own().is_some() || !self.sight().is_whole() {
            let coupons: Vec<CouponId> = ids.iter().map(|id| id.coupon).collect();
            for (entry, coupon) in found.iter_mut().zip(self.coupons(&coupons).await?) {
                entry.take_if(|_| coupon.is_none());
            }
        }
        Ok(found)
    }

    /// Begins to read the coupons of a pool that a filter admits, to write them to a file.
    pub async fn export(&self, pool: &Arc<Pool>, filter: CouponFilter) -> Result<Export, Failure> {
        self.check_prefix(&filter)?;
        let scrip = self.0.may(Action::ExportCoupons)?;
        if !self.sees(pool.id) {
            return Err(Rejection::NotFound { what: "pool", by: "id" }.at([Input::Pool]).into());
        }
        let export = scrip.export(pool, filter).await?;
        Ok(export.masked(!self.sees_codes()))
    }
}

/// How many of a code's last characters anybody sees who may read coupons.
const SHOWN: usize = 4;

/// A code by its last characters. Of a short one not even those are told: it would be most of it.
pub(crate) fn masked(code: &str) -> String {
    let length = code.chars().count();
    let shown = if length >= 3 * SHOWN { SHOWN } else { 0 };
    std::iter::repeat_n('*', SHOWN).chain(code.chars().skip(length - shown)).collect()
}
