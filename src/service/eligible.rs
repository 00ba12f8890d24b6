//! Which of the coupons that a customer holds fit a basket. What the customer holds is read outside of the decision, from
//! the end of the history on and bounded: the coupons that can be used first, then others that can be told why not.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{Caller, CheckoutRecord, CouponFilter, Failure, PageRequest, Scrip, Sight, prepare::Prepared};
use scrip_domain::{
    basket::BasketDraft,
    decimal::Amount,
    id::{CouponId, CustomerId, EventId},
    status::Status,
};
use scrip_storage::Working;

/// The most coupons of a customer that are looked at.
pub const MAX_ELIGIBLE: usize = 100;
/// How often the history is read on where a part of it has too few.
const PARTS: usize = 5;

/// A question which of a customer's coupons fit a basket.
#[derive(Debug, Clone)]
pub struct EligibleOrder {
    /// Whose.
    pub customer: CustomerId,
    /// What is to be bought.
    pub basket: BasketDraft,
    /// What the customer was found to hold.
    pub coupons: Vec<CouponId>,
    /// Whether those are all that can be used.
    pub whole: bool,
}

/// Which of a customer's coupons fit a basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EligibleRecord {
    /// Each decided as if it was presented alone.
    pub alone: CheckoutRecord,
    /// The codes of the best set, in the order in which they are taken.
    pub best: Vec<String>,
    /// What it takes off, in the basket's minor units.
    pub discount: Amount,
    /// Whether it is certain that none is better.
    pub exact: bool,
}

impl Scrip {
    /// Tells which coupons of a customer fit a basket, and the best of them together; changes nothing.
    pub(super) fn eligible_coupons<'a>(
        &'a self,
        caller: &'a Caller,
        customer: CustomerId,
        basket: BasketDraft,
    ) -> Working<'a, Result<Box<EligibleRecord>, Failure>> {
        Box::pin(async move {
            let sight = Sight::of(&self.registry, &caller.groups);
            let live = [Status::Claimed, Status::PartiallyRedeemed];
            let (mut coupons, whole) = self.held_last(&customer, &sight, &live, MAX_ELIGIBLE).await?;
            let known: HashSet<CouponId> = coupons.iter().copied().collect();
            let (all, _) = self.held_last(&customer, &sight, &[], MAX_ELIGIBLE).await?;
            coupons.extend(all.into_iter().filter(|coupon| !known.contains(coupon)));
            coupons.truncate(MAX_ELIGIBLE);
            let order = EligibleOrder { customer, basket, coupons, whole };
            self.rehearse(caller, Box::new(order), Prepared::default()).await
        })
    }

    /// The coupons in some statuses that a customer came to hold last, and whether they are all.
    async fn held_last(
        &self,
        customer: &CustomerId,
        sight: &Sight,
        statuses: &[Status],
        most: usize,
    ) -> Result<(Vec<CouponId>, bool), Failure> {
        let filter = CouponFilter { statuses: statuses.to_vec(), sight: sight.clone(), ..CouponFilter::default() };
        let (mut found, mut before): (Vec<CouponId>, Option<EventId>) = (Vec::new(), None);
        for _ in 0..PARTS {
            let page = PageRequest { limit: most - found.len(), after: None, before, from_end: true };
            let page = self.customer_coupons(customer, &filter, &page, self.now()).await?;
            found.extend(page.items.iter().rev().map(|(_, coupon)| coupon.id));
            match page.resume {
                Some(resume) if found.len() < most => before = Some(resume),
                _ => return Ok((found, !page.has_previous)),
            }
        }
        Ok((found, false))
    }
}
