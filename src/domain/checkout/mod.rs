//! The checkout: which of the coupons presented with a basket may be used, why not, and what each is
//! worth. Every check is made and told, so that staff see all of them. Every discount is laid on the lines and the
//! shipping that it is for, exactly, and a coupon takes at most what is left of them; so nothing goes below zero. Gift
//! cards pay last. A coupon that takes nothing off is refused: it is not used up for nothing.

mod best;
mod flow;
mod ground;
mod laying;
mod worth;

pub use best::{Best, best};
pub use worth::{asked_amount, payable_by};

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    basket::Basket,
    combining::{Combining, Stacking, Together},
    coupon::Coupon,
    currency::exponent_of,
    decimal::Amount,
    id::{CustomerId, PoolId},
    limits::Room,
    period::Instant,
    rejection::{Refusal, Rejection},
    status::Status,
    terms::Terms,
};
use ground::Ground;
use worth::Taken;

/// The most coupons that one checkout may present.
pub const MAX_COUPONS: usize = 50;

/// One coupon as presented: what the code named, if it named one, and what was asked of it.
#[derive(Debug, Clone, Default)]
pub struct Presented {
    /// The code as typed.
    pub code: String,
    /// Why there is no such coupon, where that is more than that its code names none.
    pub missing: Option<Rejection>,
    /// The coupon and the terms it carries.
    pub found: Option<(Coupon, Arc<Terms>)>,
    /// Whether it could be assigned to the customer now, if nobody holds it; none where its pool does
    /// not allow that (all but uploaded codes, and those that are open to all).
    pub assignment: Option<Result<(), Rejection>>,
    /// How many coupons its pool would still assign to the customer, where that is limited.
    pub room: Option<Room>,
    /// Gift cards: how much is to be taken.
    pub amount: Option<String>,
    /// Gift cards: whether its pool has it pay for the shipping too.
    pub pays_shipping: bool,
    /// How it goes together with others.
    pub stacking: Stacking,
    /// What the pool's own checks came to.
    pub asked: Vec<Check>,
}

/// One check and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked: "status", "owner".
    pub name: String,
    /// Why it failed; none where it passed.
    pub refusal: Option<Refusal>,
    /// What staff should know of a check that passed.
    #[serde(default)]
    pub note: Option<String>,
}

/// What was decided of one coupon.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Every check that could be made, in order.
    pub checks: Vec<Check>,
    /// What it takes off, in minor units of the basket's currency.
    pub discount: Amount,
    /// Where it takes that: lines in their order, then the shipping. They sum up to the discount.
    pub allocations: Vec<Allocation>,
    /// Whether it passed all that does not depend on what other coupons take.
    pub admitted: bool,
}

/// What a coupon takes of a line, or of the shipping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(Option<u32>, Amount)", into = "(Option<u32>, Amount)")]
pub struct Allocation {
    /// The line, counted from 0; none for the shipping.
    pub line: Option<u32>,
    /// In minor units of the basket's currency, above zero.
    pub amount: Amount,
}

// In short: the largest checkout has fifty thousand.
impl From<(Option<u32>, Amount)> for Allocation {
    fn from((line, amount): (Option<u32>, Amount)) -> Self {
        Self { line, amount }
    }
}

impl From<Allocation> for (Option<u32>, Amount) {
    fn from(allocation: Allocation) -> Self {
        (allocation.line, allocation.amount)
    }
}

impl Verdict {
    /// All checks passed.
    #[must_use]
    pub fn redeemable(&self) -> bool {
        self.checks.iter().all(|check| check.refusal.is_none())
    }

    fn record(&mut self, name: &str, result: Result<(), Rejection>) {
        self.checks.push(Check { name: name.to_owned(), refusal: result.err().map(Refusal::from), note: None });
    }
}

/// Decides a checkout: a verdict for each presented coupon, in the order presented.
#[must_use]
pub fn decide(
    basket: &Basket,
    customer: &CustomerId,
    presented: &[Presented],
    rules: Combining,
    now: Instant,
) -> Vec<Verdict> {
    let terms = presented.iter().filter_map(|one| one.found.as_ref().map(|(_, terms)| terms));
    let mut ground = Ground::new(basket, terms);
    let mut verdicts = Vec::with_capacity(presented.len());
    for (place, one) in presented.iter().enumerate() {
        let mut verdict = check(&ground, customer, one, presented.get(..place).unwrap_or_default(), now);
        verdict.admitted = verdict.redeemable();
        verdicts.push(verdict);
    }
    // What is refused changes nothing of what the others take.
    if verdicts.iter().any(|verdict| !verdict.admitted) {
        let admitted = presented.iter().zip(&verdicts).filter(|(_, verdict)| verdict.admitted);
        ground = Ground::new(basket, admitted.filter_map(|(one, _)| one.found.as_ref().map(|(_, terms)| terms)));
    }
    let mut together = Together::new(rules);
    let mut assigned: HashMap<Option<PoolId>, u64> = HashMap::new();
    let mut takings = Vec::new();
    let mut takers = Vec::new();
    for place in taking_order(presented) {
        let (Some(one), Some(verdict)) = (presented.get(place), verdicts.get_mut(place)) else { continue };
        if !verdict.admitted {
            continue;
        }
        verdict.record("combination", together.admits(&one.stacking));
        let pool = one.found.as_ref().map(|(coupon, _)| coupon.id.pool);
        if let Some(room) = &one.room {
            let given = assigned.get(&pool).copied().unwrap_or_default();
            verdict.record("limits", if given < room.left { Ok(()) } else { Err(room.full.clone()) });
        }
        if !verdict.redeemable() {
            continue;
        }
        if let Some(taken) = discount(&mut ground, one, rules, verdict, now) {
            together.add(&one.code, &one.stacking);
            *assigned.entry(pool).or_insert(0) += u64::from(one.room.is_some());
            verdict.discount = taken.amount;
            takings.extend(taken.lines.inspect(|_| takers.push(place)));
            if taken.shipping.is_positive() {
                verdict.allocations.push(Allocation { line: None, amount: taken.shipping });
            }
        }
    }
    for (place, laid) in takers.into_iter().zip(ground.laid(&takings)) {
        if let Some(verdict) = verdicts.get_mut(place) {
            // The lines before the shipping.
            verdict.allocations.splice(..0, laid);
        }
    }
    verdicts
}

/// In which order coupons are taken: gift cards last, by the order of their pools, then as they were presented.
fn taking_order(presented: &[Presented]) -> Vec<usize> {
    let is_card = |one: &Presented| one.found.as_ref().is_some_and(|(_, terms)| terms.card_value().is_some());
    let mut places: Vec<usize> = (0..presented.len()).collect();
    places.sort_by_key(|place| presented.get(*place).map(|one| (is_card(one), one.stacking.order)));
    places
}

/// Takes a coupon's discount off what is left, and tells where it takes nothing.
fn discount(
    ground: &mut Ground<'_>,
    one: &Presented,
    rules: Combining,
    verdict: &mut Verdict,
    now: Instant,
) -> Option<Taken> {
    let (coupon, terms) = one.found.as_ref()?;
    let taken = if terms.card_value().is_some() {
        worth::pay(ground, (coupon, terms), one.amount.as_deref(), one.pays_shipping, now)
    } else if one.amount.is_some() {
        let subject = format!("type {}", terms.value.kind().name());
        verdict.record("amount", Err(Rejection::FieldNotApplicable { subject }));
        return None;
    } else {
        worth::take(ground, terms, rules.percentages_of).map_err(Refusal::from)
    };
    let name = if terms.card_value().is_some() { "gift card" } else { "discount" };
    let (taken, refusal) = match taken {
        Ok(taken) => (Some(taken), None),
        Err(refusal) => (None, Some(refusal)),
    };
    verdict.checks.push(Check { name: name.to_owned(), refusal, note: None });
    taken
}

/// The checks that need no other coupon's discount.
fn check(ground: &Ground<'_>, customer: &CustomerId, one: &Presented, before: &[Presented], now: Instant) -> Verdict {
    let mut verdict = Verdict::default();
    let Some((coupon, terms)) = &one.found else {
        let unknown = Rejection::NotFound { what: "coupon", by: "code" };
        verdict.record("existence", Err(one.missing.clone().unwrap_or(unknown)));
        return verdict;
    };
    verdict.record("existence", Ok(()));
    let again = before.iter().any(|other| other.found.as_ref().is_some_and(|(c, _)| c.id == coupon.id));
    let twice = Rejection::Duplicate { what: "this coupon in this checkout".to_owned() };
    verdict.record("presented once", if again { Err(twice) } else { Ok(()) });
    let status = coupon.status_at(now);
    let usable = status.is_live() || (status == Status::Unassigned && one.assignment.is_some());
    let expired = status == Status::Expired;
    let status_result = if usable || expired { Ok(()) } else { Err(status.refusal(coupon.expires_at)) };
    verdict.record("status", status_result);
    if let Some(assignment) = one.assignment.clone().filter(|_| status == Status::Unassigned) {
        verdict.record("assignment", assignment);
    }
    if terms.card_value().is_none() && status.is_live() {
        verdict.record("held", coupon.check_use_left(now));
    }
    let owned = coupon.customer.as_ref().is_none_or(|owner| owner == customer);
    verdict.record("owner", if owned { Ok(()) } else { Err(Rejection::NotOwner) });
    verdict.record("expiry", if expired { Err(status.refusal(coupon.expires_at)) } else { Ok(()) });
    let window = terms.restrictions.check_begun(now);
    let open = if status == Status::Unassigned { terms.restrictions.check_claim(now) } else { Ok(()) };
    verdict.record("validity", window.and(open));
    check_basket(ground.basket(), terms, ground.price(terms), &mut verdict);
    verdict.checks.extend(one.asked.iter().cloned());
    verdict
}

/// The checks of a coupon's terms against a basket.
fn check_basket(basket: &Basket, terms: &Terms, eligible: Option<Amount>, verdict: &mut Verdict) {
    let restrictions = &terms.restrictions;
    verdict.record("currency", check_currency(basket, terms));
    let worth = eligible.unwrap_or(Amount::ZERO);
    verdict.record("purchase minimum", check_minimum(basket, terms, worth));
    let here = restrictions.stores.is_empty()
        || basket.store.as_ref().is_some_and(|store| restrictions.stores.binary_search(store).is_ok());
    verdict.record("store", if here { Ok(()) } else { Err(Rejection::StoreNotAllowed) });
    verdict.record("products", eligible.map(drop).ok_or(Rejection::ProductNotEligible));
}

/// The refusals of a basket by a coupon's terms, for a redemption outside a checkout.
#[must_use]
pub fn basket_refusals(basket: &Basket, terms: &Terms) -> Vec<Refusal> {
    let mut verdict = Verdict::default();
    check_basket(basket, terms, basket.eligible(&terms.restrictions.products), &mut verdict);
    verdict.checks.into_iter().filter_map(|check| check.refusal).collect()
}

fn check_currency(basket: &Basket, terms: &Terms) -> Result<(), Rejection> {
    match terms.currency {
        Some(expected) if expected != basket.currency => {
            Err(Rejection::CurrencyMismatch { expected: expected.to_string(), found: basket.currency.to_string() })
        }
        Some(_) | None => Ok(()),
    }
}

/// Compares in the finer of both units, so that nothing is lost.
fn check_minimum(basket: &Basket, terms: &Terms, eligible: Amount) -> Result<(), Rejection> {
    let Some(minimum) = terms.restrictions.purchase_minimum else { return Ok(()) };
    let (mine, theirs) = (terms.exponent(), basket.currency.exponent());
    let finer = mine.max(theirs);
    if eligible.rescaled(theirs, finer) >= minimum.rescaled(mine, finer) {
        return Ok(());
    }
    Err(Rejection::PurchaseMinimumNotMet { minimum: minimum.text(mine), eligible: eligible.text(theirs) })
}

/// The decimals of a gift card's amounts, and of the basket that it pays: the amount that a card pays
/// in its own minor units.
#[must_use]
pub fn card_amount(discount: Amount, basket: &Basket, terms: &Terms) -> Amount {
    discount.rescaled(basket.currency.exponent(), exponent_of(terms.currency))
}

#[cfg(test)]
mod combining_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod round;
#[cfg(test)]
mod tests;
