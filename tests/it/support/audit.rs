//! The audit of the books: everything that is kept twice has to agree. Counts with rows, lists by
//! status with rows, ledgers with balances, events with states, customers' lists with owners. It reads
//! only what any caller can read.

use std::{collections::BTreeMap, sync::Arc};

use scrip::{
    domain::{
        coupon::Coupon,
        event::Event,
        gift_card::Entry,
        id::{CouponId, PoolId},
        pool::Pool,
    },
    service::{Failure, Page, PageRequest, PoolFilter, PoolOrder, Session},
};

use super::{audit_coupons, audit_customers, audit_events, audit_ledger};

/// All that is in the books.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Books {
    /// Every coupon, as it is recorded.
    pub(crate) coupons: BTreeMap<CouponId, Coupon>,
    /// The whole log.
    pub(crate) events: Vec<Event>,
    /// The ledger of every gift card that was ever issued.
    pub(crate) ledgers: BTreeMap<CouponId, Vec<Entry>>,
}

impl Books {
    /// The events of a coupon, oldest first.
    pub(crate) fn events_of(&self, coupon: CouponId) -> Vec<&Event> {
        self.events.iter().filter(|event| event.coupon == coupon).collect()
    }

    /// The events of every coupon that has some.
    pub(crate) fn events_by_coupon(&self) -> BTreeMap<CouponId, Vec<&Event>> {
        let mut by_coupon: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for event in &self.events {
            by_coupon.entry(event.coupon).or_default().push(event);
        }
        by_coupon
    }
}

/// Reads the books and panics where they do not agree. Nothing may be changing meanwhile.
pub(crate) async fn audit(scrip: &Session) -> Books {
    let pools: Vec<Arc<Pool>> = all(async |page| scrip.pools(&PoolFilter::default(), PoolOrder::Created, &page)).await;
    let pools: Vec<PoolId> = pools.iter().map(|pool| pool.id).collect();
    // Waits until expiries are recorded.
    for pool in &pools {
        scrip.tally_at(*pool, scrip.now()).await.expect("a tally");
    }
    let mut books = Books::default();
    for pool in &pools {
        books.coupons.extend(audit_coupons::pool(scrip, *pool).await);
    }
    books.events = audit_events::log(scrip).await;
    for coupon in books.coupons.values().filter(|coupon| coupon.account.is_some()) {
        books.ledgers.insert(coupon.id, audit_ledger::ledger(scrip, coupon).await);
    }
    audit_events::agree(scrip, &books).await;
    audit_customers::agree(scrip, &books).await;
    books
}

/// Every item of a list, read page by page from its start.
pub(crate) async fn all<T, C: Clone>(
    mut read: impl AsyncFnMut(PageRequest<C>) -> Result<Page<T, C>, Failure>,
) -> Vec<T> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let page = read(PageRequest { limit: 500, after, before: None, from_end: false }).await.expect("a page");
        let last = page.items.last().map(|(cursor, _)| cursor.clone());
        items.extend(page.items.into_iter().map(|(_, item)| item));
        after = page.resume.or(last);
        if !page.has_next {
            return items;
        }
    }
}

/// Every item of a list, read page by page from its end, and given in its order.
pub(crate) async fn all_backwards<T, C: Clone>(
    mut read: impl AsyncFnMut(PageRequest<C>) -> Result<Page<T, C>, Failure>,
) -> Vec<T> {
    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let page = read(PageRequest { limit: 499, after: None, before, from_end: true }).await.expect("a page");
        before = page.items.first().map(|(cursor, _)| cursor.clone());
        let more = page.has_previous;
        pages.push(page.items.into_iter().map(|(_, item)| item).collect::<Vec<_>>());
        if !more {
            return pages.into_iter().rev().flatten().collect();
        }
    }
}
